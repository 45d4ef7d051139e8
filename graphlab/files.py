"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from graphlab.errors import ExportError
from graphlab.messages import tr


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write to a temporary name in the same folder, then rename. Raises ExportError, leaving nothing behind."""
    path = Path(path)
    temporary = ""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, tr("it is a folder"))
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise ExportError(tr("cannot write '{path}': {reason}", path=path, reason=error.strerror or error)) from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
