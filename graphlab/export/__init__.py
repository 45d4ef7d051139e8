"""Diagram → files. A new format is a function and a line in EXPORTERS."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from graphlab.base.files import check_target, write_file
from graphlab.diagram import Diagram
from graphlab.errors import UsageError
from graphlab.export.graphviz.dot import to_dot
from graphlab.export.picture import EngineStatus, engine_status, to_picture
from graphlab.export.text import to_text
from graphlab.export.theme import THEMES, Theme
from graphlab.layout.layered import to_svg
from graphlab.messages import did_you_mean, tr

__all__ = [
    "EXPORTERS", "THEMES", "EngineStatus", "Theme", "engine_status", "export", "extension_of", "render", "to_dot",
    "to_picture", "to_svg", "to_text",
]  # fmt: skip

Exporter = Callable[[Diagram, str, "str | None"], tuple[bytes, list[str]]]  # diagram, theme, engine → bytes, warnings


def _dot(diagram: Diagram, theme: str, engine: str | None) -> tuple[bytes, list[str]]:
    return to_dot(diagram, theme).encode(), []


def _text(diagram: Diagram, theme: str, engine: str | None) -> tuple[bytes, list[str]]:
    return to_text(diagram).encode(), []


def _picture(fmt: str, diagram: Diagram, theme: str, engine: str | None) -> tuple[bytes, list[str]]:
    return to_picture(diagram, fmt, theme, engine)


EXPORTERS: Mapping[str, Exporter] = {
    ".dot": _dot,
    ".gv": _dot,
    ".svg": partial(_picture, "svg"),
    ".png": partial(_picture, "png"),
    ".pdf": partial(_picture, "pdf"),
    ".txt": _text,
}


def extension_of(path: str | os.PathLike[str]) -> str:
    """A path's extension, if there is an exporter for it.

    >>> extension_of("forward.SVG")
    '.svg'

    Raises: UsageError for any other.
    """
    extension = Path(path).suffix.lower()
    if extension not in EXPORTERS:
        what = f"'{extension}'" if extension else tr("a file without an extension")
        hint, known = did_you_mean(extension, EXPORTERS), ", ".join(EXPORTERS)
        text = "'{path}': cannot write {what}{hint}; a picture's name ends in one of {known}"
        raise UsageError(tr(text, path=path, what=what, hint=hint, known=known))
    return extension


def render(
    diagram: Diagram, extension: str, theme: str = "light", engine: str | None = None
) -> tuple[bytes, list[str]]:
    """The bytes of a file with this extension, and warnings."""
    return EXPORTERS[extension_of(f"picture{extension}")](diagram, theme, engine)


def export(
    diagram: Diagram, path: str | os.PathLike[str], theme: str = "light", engine: str | None = None
) -> list[str]:
    """Writes the picture in the format that the path's extension names, whole or not at all; returns warnings.

    Raises: UsageError for an unknown extension or a path that cannot be written, ExportError where the picture cannot
    be made, MissingDependencyError where the format needs a layout engine.
    """
    extension = extension_of(path)
    check_target(path)
    content, warnings = EXPORTERS[extension](diagram, theme, engine)
    write_file(path, content)
    return warnings
