"""SVG → PNG and PDF, by typst, in fonts that are installed with graphlab: the same picture on every machine."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from graphlab.errors import ExportError, MissingDependencyError
from graphlab.export.letters import doubtful, missing
from graphlab.export.theme import MONO, SANS
from graphlab.messages import tr

PNG_DPI, PNG_SIDE, PNG_LEAST = 144, 8640, 60  # pixels a side at most; one that shrank to less shows nothing any more
PDF_SIDE = 14_400.0  # points: what a PDF reader takes at most
SAID = 8  # letters that a warning names

_PACKAGED = {"fontpkg_arimo": "files", "pylopdf_fonts_ko": "."}  # Arimo is as wide as Helvetica and Arial
_OURS = {SANS: "Arimo", MONO: "DejaVu Sans Mono"}  # the latter comes with typst, as do mathematical signs
_SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
_FAMILY = re.compile(r'font-family="([^"]*)"')
_SAID = re.compile(r">([^<]+)<(?!/title>)")
_BOLD = re.compile(r'(<(?:text|tspan)[^>]*font-weight="bold"[^>]*>)([^<]+)')
_KOREAN = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+")
_PAGE = """#set page(width: {width}pt, height: {height}pt, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: {width}pt, height: {height}pt)
"""


def packaged_fonts() -> list[Path]:
    """The font files that are installed with graphlab; those inside typst are not among them."""
    folders = (Path(str(files(name))) / inside for name, inside in _PACKAGED.items())
    return sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".ttf", ".otf"))


@cache
def typst_fonts(system: bool) -> Any:
    """All fonts for typst; system: those of this machine too."""
    import typst

    return typst.Fonts(include_system_fonts=system, font_paths=[str(path.parent) for path in packaged_fonts()])


def absent_letters(part: Any) -> tuple[set[str], bool]:
    """The letters of a text, a page or a picture that no font here has; whether fonts of this machine help with others."""
    left = missing(doubtful(part), ((str(path), 0) for path in packaged_fonts()))
    if not left:
        return left, False
    absent = missing(left, ((str(font.path), font.index) for font in typst_fonts(True).fonts() if font.path))
    return absent, absent != left


def to_paper(svg: str, fmt: str) -> tuple[bytes, list[str]]:
    """An SVG of ours as png or pdf, and what there is to say: letters that no font has, a PNG scaled down.

    Raises: ExportError for a picture too long for a PNG, MissingDependencyError without typst.
    """
    try:
        import typst
    except ImportError:
        text = "{fmt} needs the typst package: pip install 'typst>=0.14,<0.16'; .svg needs nothing"
        raise MissingDependencyError(tr(text, fmt=fmt.upper())) from None
    absent, helped = absent_letters(tuple(html.unescape(text) for text in _SAID.findall(svg)))
    others = any(family not in _OURS for family in _FAMILY.findall(svg))
    notes = []
    if absent:
        text = "no font here has {letters}: an empty box stands in its place in the {fmt}"
        notes.append(tr(text, letters=listed(absent), fmt=fmt.upper()))
    width, height = picture_size(svg)
    longer, shorter = max(width, height), min(width, height)
    shrunk = min(1.0, (PDF_SIDE if fmt == "pdf" else PNG_SIDE * 72 / PNG_DPI) / longer)
    if fmt == "png" and shrunk < 1:
        pixels = {"width": round(width * shrunk * PNG_DPI / 72), "height": round(height * shrunk * PNG_DPI / 72)}
        if shorter * shrunk * PNG_DPI / 72 < PNG_LEAST:
            text = "too long for a PNG (it would shrink to {width}×{height} pixels): write an .svg, or use --max-nodes"
            raise ExportError(tr(text, **pixels))
        text = "the PNG was scaled down to {width}×{height} pixels: an .svg keeps every text legible"
        notes.append(tr(text, **pixels))
    page = _PAGE.format(width=f"{width * shrunk:.4f}", height=f"{height * shrunk:.4f}")
    try:
        made = typst.compile(
            page.encode(), format=fmt, ppi=float(PNG_DPI), timestamp=0, sys_inputs={"svg": _in_our_fonts(svg)},
            font_paths=typst_fonts(helped or others),
        )  # fmt: skip
    except (RuntimeError, TypeError, ValueError) as error:
        why = str(error)[:300]
        raise ExportError(tr("typst could not make the {fmt}: {why}", fmt=fmt.upper(), why=why)) from None
    return bytes(made), notes


def picture_size(svg: str) -> tuple[float, float]:
    """Width and height in points."""
    found = _SIZE.search(svg)
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def listed(letters: set[str]) -> str:
    """Letters with their code points, the first few of them.

    >>> listed({"\U0001f600", "か"})
    "'か' (U+304B), '😀' (U+1F600)"
    """
    said = [f"'{letter}' (U+{ord(letter):04X})" for letter in sorted(letters)]
    return ", ".join(said[:SAID]) + (", …" if len(said) > SAID else "")


def _in_our_fonts(svg: str) -> str:
    """With the fonts that we bring. The Korean one has no bold cut, so bold letters are drawn with a stroke."""
    svg = _FAMILY.sub(lambda found: f'font-family="{_OURS.get(found[1], found[1] + ",Arimo")}"', svg)
    return _BOLD.sub(_thickened, svg)


def _thickened(match: re.Match[str]) -> str:
    opening, text = match.groups()
    fill = re.search(r'fill="([^"]+)"', opening)
    size = re.search(r'font-size="([\d.]+)"', opening)
    width = 0.035 * (float(size[1]) if size else 10.0)
    stroke = f'<tspan stroke="{fill[1] if fill else "#000000"}" stroke-width="{width:.2f}">'
    return opening + _KOREAN.sub(lambda found: f"{stroke}{found[0]}</tspan>", text)
