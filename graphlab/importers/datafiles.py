"""Arrays from .npz, .npy and .csv files in the model's folder or below it; never pickled objects."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphlab.base import arrayfile
from graphlab.errors import DataError, MemoryLimitError
from graphlab.importers.table import read_table
from graphlab.messages import did_you_mean, tr

SUFFIXES = (".npz", ".npy", ".csv")
_ROWS = re.compile(r"\s*(-?\d{0,18})\s*:\s*(-?\d{0,18})\s*")


def find(folder: str | os.PathLike[str], name: str) -> Path:
    """The data file of this name. Raises DataError unless it is a file in the folder or below it, links followed."""
    root = Path(folder)
    path = root / name
    if Path(name).is_absolute() or ".." in Path(name).parts or not _is_below(path, root):
        message = tr(
            "the file '{name}' is outside the model's folder; copy it there and name it relative to the model",
            name=name,
        )
        raise DataError(message)
    if path.suffix.lower() not in SUFFIXES:
        listed = ", ".join(SUFFIXES)
        raise DataError(
            tr("'{name}' is not a data file that can be read; those are {listed}", name=name, listed=listed)
        )
    if not path.is_file():
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        hint = did_you_mean(path.name, beside)
        raise DataError(
            tr(
                "there is no file '{name}' in the model's folder{hint}; put it there, or correct `file`",
                name=name,
                hint=hint,
            )
        )
    return path


def _is_below(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links, a name that no file can have
        return False


def read(path: Path, key: str | Sequence[str] | None = None, whole: bool = False) -> Any:
    """The array in a data file; of a .csv nested lists. whole: a .csv holds whole numbers.

    key: which array of an .npz, which columns of a .csv. Raises DataError for what is no array of numbers.
    """
    try:
        match path.suffix.lower():
            case ".npz":
                return _read_npz(path, key)
            case ".npy":
                if key is not None:
                    raise DataError(tr("a .npy file holds one array, so it takes no key; leave `key` out"))
                with path.open("rb") as stream:
                    return arrayfile.read_array(stream, path.name, path.stat().st_size)
            case _:
                return read_table(path, key, whole)
    except arrayfile.UNREADABLE as error:
        text = "'{name}' cannot be read: {error}; save it again (numpy.save, numpy.savez, or a .csv)"
        raise DataError(tr(text, name=path.name, error=str(error).rstrip("."))) from None
    except MemoryError:
        raise MemoryLimitError(tr("'{name}' is too large for this machine's memory", name=path.name)) from None


def _read_npz(path: Path, key: str | Sequence[str] | None) -> np.ndarray:
    with arrayfile.opened(path) as archive:
        names = archive.names
        listed = ", ".join(names) or tr("none")
        if key is None and len(names) == 1:
            key = names[0]
        if not isinstance(key, str):
            message = tr(
                "'{name}' holds several arrays; say which one with `key`: {listed}", name=path.name, listed=listed
            )
            raise DataError(message)
        if key not in names:
            hint = did_you_mean(key, names)
            message = tr(
                "'{name}' holds no array '{key}'{hint}; it has: {listed}",
                name=path.name,
                key=key,
                hint=hint,
                listed=listed,
            )
            raise DataError(message)
        return archive.array(key)


def take_rows(array: Any, rows: str) -> Any:
    """The rows "a:b" of an array or a list. Raises DataError where there are none such."""
    match = _ROWS.fullmatch(rows)
    if match is None:
        raise DataError(tr('rows are written "a:b", such as "0:32", not \'{rows}\'', rows=rows))
    count = len(array) if np.ndim(array) else 0
    start, stop = (int(text) if text else None for text in match.groups())
    ends = [n for n in (start, stop) if n is not None]
    if any(abs(n) > count for n in ends):
        raise DataError(tr("rows {rows} do not exist: the data has {count} rows", rows=rows, count=count))
    taken = array[start:stop]
    if not len(taken):
        raise DataError(tr("rows {rows} are none at all; the first must be before the second", rows=rows))
    return taken
