"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from graphlab.errors import UsageError
from graphlab.messages import tr


def check_target(path: str | os.PathLike[str]) -> None:
    """Finds out before the drawing, which may take a minute, what would stop the writing after it."""
    path = Path(path)
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
    path = Path(path)
    check_target(path)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device is written to by its own name, not replaced:
            path.write_bytes(content)  # what a link such as /dev/stdout leads to may have none
            return
        target = Path(os.path.realpath(path))
        check_target(target)
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
