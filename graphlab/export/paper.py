"""SVG → PNG and PDF, by typst, in fonts that are installed with graphlab: the same picture on every machine."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
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
_MOVED = re.compile(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)")
_SVG = "{http://www.w3.org/2000/svg}"
_STYLE = {  # what a text inherits from what it stands in
    "font-family": SANS, "font-size": "10", "font-weight": "normal", "font-style": "normal", "fill": "#000000",
    "text-anchor": "start", "text-decoration": "none",
}  # fmt: skip
_KOREAN = re.compile("([\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+)")
# Texts are set by typst, which looks for each letter in one font after the other. The Korean one has no bold cut: its
# bold letters are drawn with a stroke.
_PAGE = r"""#set page(width: {width}pt, height: {height}pt, margin: 0pt)
#set text(top-edge: "baseline", bottom-edge: "baseline", hyphenate: false, ligatures: false, kerning: true)
#place(image(bytes(sys.inputs.svg), format: "svg", width: {width}pt, height: {height}pt))
#for line in json(bytes(sys.inputs.lines)) {{
  let wide = 100000pt
  let runs = line.runs.map(run => {{
    let said = text(
      run.text, font: (run.font, "Arimo", "Noto Sans KR"), size: run.size * 1pt, fill: rgb(run.fill),
      weight: run.weight, style: run.style, stroke: if run.stroked {{ 0.035em + rgb(run.fill) }},
    )
    if run.underlined {{ underline(said) }} else {{ said }}
  }})
  let left = line.x * 1pt - if line.middle {{ wide / 2 }} else {{ 0pt }}
  place(dx: left, dy: line.y * 1pt, box(width: wide, align(if line.middle {{ center }} else {{ start }}, runs.join())))
}}
"""


def packaged_fonts() -> list[Path]:
    """The font files that are installed with graphlab; those inside typst are not among them."""
    there = ((name, inside) for name, inside in _PACKAGED.items() if find_spec(name))
    folders = (Path(str(files(name))) / inside for name, inside in there)
    return sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".ttf", ".otf"))


@cache
def typst_fonts(system: bool) -> Any:
    """All fonts for typst; system: those of this machine too."""
    import typst

    return typst.Fonts(include_system_fonts=system, font_paths=[str(path.parent) for path in packaged_fonts()])


def absent_letters(part: Any) -> tuple[set[str], bool]:
    """The letters of texts, a page or a picture that no font here has; whether this machine's help with others."""
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
    drawing, lines = _texts_apart(svg)
    runs = [run for line in lines for run in line["runs"]]
    absent, helped = absent_letters(tuple(run["text"] for run in runs))
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
    for line in lines:
        line["x"], line["y"] = line["x"] * shrunk, line["y"] * shrunk
    for run in runs:
        run["size"] *= shrunk
    page = _PAGE.format(width=f"{width * shrunk:.4f}", height=f"{height * shrunk:.4f}")
    others = any(run["font"] not in _OURS.values() for run in runs)
    inputs = {"svg": drawing, "lines": json.dumps(lines)}
    try:
        made = typst.compile(
            page.encode(), format="pdf" if fmt == "pdf" else "png", ppi=float(PNG_DPI), timestamp=0, sys_inputs=inputs,
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


def _texts_apart(svg: str) -> tuple[str, list[dict[str, Any]]]:
    """The drawing without its texts, and the texts: lines of runs, each with its place, font and ink."""
    root = ET.fromstring(svg)
    lines: list[dict[str, Any]] = []
    waiting = [(root, _STYLE, 0.0, 0.0)]
    while waiting:
        element, style, x, y = waiting.pop()
        style = style | {key: value for key, value in element.attrib.items() if key in _STYLE}
        if moved := _MOVED.search(element.get("transform", "")):
            x, y = x + float(moved[1]), y + float(moved[2])
        for child in list(element):
            if child.tag == f"{_SVG}text":
                lines.append(_line(child, style, x, y))
            if child.tag in (f"{_SVG}text", f"{_SVG}title"):
                element.remove(child)
            else:
                waiting.append((child, style, x, y))
    ET.register_namespace("", _SVG[1:-1])
    return ET.tostring(root, encoding="unicode"), lines


def _line(element: ET.Element, around: dict[str, str], x: float, y: float) -> dict[str, Any]:
    style = around | {key: value for key, value in element.attrib.items() if key in _STYLE}
    runs = _runs(element.text, style)
    for part in element:
        runs += _runs(part.text, style | part.attrib) + _runs(part.tail, style)
    return {
        "x": x + float(element.get("x", "0")), "y": y + float(element.get("y", "0")),
        "middle": style["text-anchor"] == "middle", "runs": runs,
    }  # fmt: skip


def _runs(text: str | None, style: dict[str, str]) -> list[dict[str, Any]]:
    """A text in one style, its Korean parts apart where it is bold."""
    bold, family = style["font-weight"] == "bold", style["font-family"]
    run = {
        "font": _OURS.get(family, family.split(",")[0]), "size": float(style["font-size"]), "fill": style["fill"],
        "weight": "bold" if bold else "regular", "style": style["font-style"],
        "underlined": style["text-decoration"] == "underline",
    }  # fmt: skip
    parts = _KOREAN.split(text or "") if bold else [text or ""]
    return [run | {"text": part, "stroked": k % 2 == 1} for k, part in enumerate(parts) if part]
