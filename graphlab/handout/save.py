"""Handouts to files: .pdf, .html, .md, .tex, .typ; the last three with their figures beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from graphlab.base.files import write_file
from graphlab.errors import ExportError, MissingDependencyError, UsageError
from graphlab.export import to_picture
from graphlab.export.letters import spelled
from graphlab.export.paper import absent_letters, typst_fonts
from graphlab.export.theme import SANS
from graphlab.handout.content import KOREAN, Figure, Handout
from graphlab.handout.typeset.html import to_html
from graphlab.handout.typeset.latex import to_latex
from graphlab.handout.typeset.markdown import to_markdown
from graphlab.handout.typeset.typst import to_typst
from graphlab.messages import did_you_mean, in_language, tr

FONTS = ("Libertinus Serif", "New Computer Modern Math", "DejaVu Sans")  # the first two come with typst
FIGURE_FONTS = "Arimo,Helvetica,Arial,Liberation Sans,Nimbus Sans,Libertinus Serif"  # none wider than a figure's boxes
_Drawn = tuple[dict[str, bytes], list[str]]  # each figure's picture by its name, and what there is to say
Saved = tuple[list[Path], list[str]]  # what was written, and what there is to say of it


def save(page: Handout, path: str | Path) -> Saved:
    """Write the handout in the format that the path's ending names, whole or not at all.

    Raises UsageError for another ending, MissingDependencyError for a .pdf without the typst package.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        hint, known = did_you_mean(path.suffix, _WRITERS), ", ".join(_WRITERS)
        text = "'{path}': a handout's name ends in one of {known}{hint}"
        raise UsageError(tr(text, path=path, known=known, hint=hint))
    with in_language(page.lang):
        return writer(page, path)


def fonts(page: Handout) -> tuple[str, ...]:
    """The fonts of a page's texts, in the order in which a letter is looked for."""
    return (*FONTS, *KOREAN)


def _pictures(page: Handout, fmt: str) -> _Drawn:
    """Each figure's picture by its name."""
    found: dict[str, bytes] = {}
    said: list[str] = []
    for block in page.blocks:
        if isinstance(block, Figure):
            found[block.name], notes = to_picture(block.diagram, fmt, page.theme)
            said += notes
    return found, list(dict.fromkeys(said))


def _typst_pictures(page: Handout) -> _Drawn:
    """Figures in fonts that are no wider than the boxes drawn for them."""
    pictures, said = _pictures(page, "svg")
    return {name: svg.replace(SANS.encode(), FIGURE_FONTS.encode()) for name, svg in pictures.items()}, said


def _html(page: Handout, path: Path) -> Saved:
    pictures, said = _pictures(page, "svg")
    write_file(path, to_html(page, {name: svg.decode() for name, svg in pictures.items()}, page.lang).encode())
    return [path], said


def _source(
    page: Handout, path: Path, fmt: str, source: Callable[[Handout, str], str], drawn: _Drawn | None = None
) -> Saved:
    """A source, and its figures beside it."""
    pictures, said = drawn or _pictures(page, fmt)
    beside = {name: path.with_name(f"{path.stem}-{name}.{fmt}") for name in pictures}
    for name, picture in pictures.items():
        write_file(beside[name], picture)
    write_file(path, source(page, path.stem + "-{name}." + fmt).encode())
    return [path, *beside.values()], said


def _markdown(page: Handout, path: Path) -> Saved:
    return _source(page, path, "svg", to_markdown)


def _latex(page: Handout, path: Path) -> Saved:
    return _source(page, path, "pdf", to_latex)


def _typst(page: Handout, path: Path) -> Saved:
    def source(handout: Handout, figure: str) -> str:
        return to_typst(handout, figure, fonts(handout), handout.lang)

    return _source(page, path, "svg", source, _typst_pictures(page))


def _pdf(page: Handout, path: Path) -> Saved:
    """Typeset in a folder of its own, where nothing else can be read."""
    try:
        import typst
    except ImportError:
        text = "a .pdf handout needs the typst package: pip install 'typst>=0.14,<0.16'; .html needs nothing"
        raise MissingDependencyError(tr(text)) from None
    absent, helped = absent_letters(page)
    page = spelled(page, absent)
    pictures, said = _pictures(page, "pdf")
    if absent:
        text = "no font here has {letters}; a code point such as [U+1F600] stands in its place"
        said.append(tr(text, letters=" ".join(sorted(absent))))
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in pictures.items():
            (Path(folder) / f"{name}.pdf").write_bytes(picture)
        source = Path(folder) / "handout.typ"
        text = to_typst(page, "{name}.pdf", fonts(page), page.lang)
        source.write_text(text, encoding="utf-8")
        try:
            made = typst.compile(str(source), format="pdf", root=folder, timestamp=0, font_paths=typst_fonts(helped))
        except (RuntimeError, TypeError, ValueError) as error:
            raise ExportError(tr("typst could not set the page: {why}", why=str(error)[:300])) from None
    write_file(path, bytes(made))
    return [path], said


_WRITERS: Mapping[str, Callable[[Handout, Path], Saved]] = {
    ".pdf": _pdf,
    ".html": _html,
    ".md": _markdown,
    ".tex": _latex,
    ".typ": _typst,
}
EXTENSIONS = tuple(_WRITERS)
