"""Arrays in .npy and .npz files: headers are judged before anything is allocated, pickled objects are refused."""

from __future__ import annotations

import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from graphlab.errors import DataError, MemoryLimitError
from graphlab.messages import tr

MAX_BYTES = 4 * 10**9  # of one array
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes
# what zipfile, zlib and numpy raise for a file that is damaged, encrypted or of a version to come
UNREADABLE = (
    OSError, EOFError, ValueError, LookupError, ArithmeticError, TypeError, RuntimeError, SyntaxError,
    tokenize.TokenError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class Archive:
    """An open .npz."""

    def __init__(self, file: zipfile.ZipFile, name: str) -> None:
        self.file = file
        self.name = name
        self.names = [n.removesuffix(".npy") for n in file.namelist() if n.endswith(".npy")]

    def array(self, key: str) -> np.ndarray:
        """The array of this name. Raises DataError, MemoryLimitError or one of UNREADABLE."""
        info = self.file.getinfo(f"{key}.npy")
        if info.compress_type not in _COMPRESSIONS:
            raise ValueError(tr("'{name}' is packed in a way that numpy does not use", name=key))
        with self.file.open(info) as stream:
            return read_array(stream, self.name, info.file_size)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An .npz to read from."""
    with zipfile.ZipFile(path) as file:
        yield Archive(file, path.name)


def read_array(stream: IO[bytes], name: str, available: int) -> np.ndarray:
    """One array. available: how many bytes there are, its header among them."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DataError(tr("'{name}' is not an array of plain numbers", name=name))
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote, or nobody
        shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        message = tr(
            "'{name}' holds pickled objects, which could run code, so it is not read; save it as numbers", name=name
        )
        raise DataError(message)
    if dtype.kind not in "fiub":
        message = tr("'{name}' holds {dtype}, not real numbers; save it as numbers", name=name, dtype=dtype)
        raise DataError(message)
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_BYTES or any(n < 0 for n in shape):
        message = tr("'{name}' says it holds {shape} numbers, over {limit} bytes; take a part of it",
                     name=name, shape=shape, limit=MAX_BYTES)  # fmt: skip
        raise MemoryLimitError(message)
    body = stream.read(min(size, available))
    if len(body) < size:
        raise DataError(tr("'{name}' is cut short: it has {got} of {want} bytes", name=name, got=len(body), want=size))
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")
