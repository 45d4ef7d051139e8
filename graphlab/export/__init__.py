"""Diagram → files. A new format is a function and a line in EXPORTERS."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from graphlab.diagram import Diagram
from graphlab.errors import UsageError
from graphlab.export.dot import to_dot
from graphlab.export.layered import to_svg
from graphlab.export.picture import EngineStatus, engine_status, to_picture
from graphlab.export.text import to_text
from graphlab.export.theme import THEMES, Theme
from graphlab.messages import did_you_mean, tr

__all__ = [
    "EXPORTERS", "THEMES", "EngineStatus", "Theme", "engine_status", "export", "extension_of", "render", "to_dot",
    "to_picture", "to_svg", "to_text", "write_file",
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
    _check_target(Path(path))
    content, warnings = EXPORTERS[extension](diagram, theme, engine)
    write_file(path, content)
    return warnings


def _check_target(path: Path) -> None:
    """Finds out before the drawing, which may take a minute, what would stop the writing after it."""
    if path.is_dir():
        example = path / "forward.svg"
        raise UsageError(tr("'{path}' is a folder: name a file in it, such as {example}", path=path, example=example))
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(tr("'{path}': there is no folder '{folder}'; make it first", path=path, folder=folder))
    if not os.access(path if path.exists() and not path.is_file() else folder, os.W_OK):
        raise UsageError(
            tr("'{path}': the folder '{folder}' is not writable; choose another", path=path, folder=folder)
        )


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file at once: it is complete, or as it was. A link keeps pointing, a file keeps its permissions.

    Raises: UsageError where it cannot be written.
    """
    target = Path(os.path.realpath(path))
    _check_target(target)
    try:
        if target.exists() and not target.is_file():  # a pipe or a device is written to, not replaced
            target.write_bytes(content)
            return
        _replace(target, content)
    except OSError as error:
        raise UsageError(tr("'{path}' cannot be written: {why}", path=path, why=error.strerror or error)) from None


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name[:60]}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if target.exists():
            os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
