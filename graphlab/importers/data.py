"""Arrays from .npz, .npy and .csv files in the model's folder or below it; never pickled objects."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphlab import arrayfile
from graphlab.errors import DataError, MemoryLimitError
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
                return _read_csv(path, key, whole)
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


def _read_csv(path: Path, key: str | Sequence[str] | None, whole: bool) -> list[Any]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        try:
            lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        except (csv.Error, UnicodeDecodeError) as error:
            message = tr("'{name}' is not a table of numbers: {error}", name=path.name, error=error)
            raise DataError(message) from None
    header: list[str] | None = None
    if lines and not all(_is_number(cell) for cell in lines[0][1]):
        header = [cell.strip() for cell in lines.pop(0)[1]]
    if not lines:
        raise DataError(tr("'{name}' has no row of numbers", name=path.name))
    width = len(lines[0][1])
    columns = _columns(path.name, header, key, width)
    return [_row(path.name, at, row, width, columns, whole) for at, row in lines]


def _columns(name: str, header: list[str] | None, key: str | Sequence[str] | None, width: int) -> int | list[int]:
    """Which columns are meant: one as a vector, several as a matrix."""
    if key is None:
        return list(range(width))
    if header is None:
        message = tr(
            "'{name}' has no row of column names, so `key` picks nothing; add one, or leave `key` out", name=name
        )
        raise DataError(message)
    wanted = [key] if isinstance(key, str) else list(key)
    for column in wanted:
        if column not in header:
            hint, listed = did_you_mean(column, header), ", ".join(header)
            message = tr("'{name}' has no column '{key}'{hint}; it has: {listed}",
                         name=name, key=column, hint=hint, listed=listed)  # fmt: skip
            raise DataError(message)
    found = [header.index(column) for column in wanted]
    return found[0] if isinstance(key, str) else found


def _row(name: str, line: int, row: list[str], width: int, columns: int | list[int], whole: bool) -> Any:
    if len(row) != width:
        message = tr("'{name}', line {line}: {got} numbers, but the rows above have {want}",
                     name=name, line=line, got=len(row), want=width)  # fmt: skip
        raise DataError(message)

    def cell(i: int) -> int | float:
        text = row[i].strip()
        if whole and re.fullmatch(r"[-+]?\d{1,18}", text):
            return int(text)
        if not _is_number(text):
            message = tr("'{name}', line {line}, column {column}: '{text}' is not a number",
                         name=name, line=line, column=i + 1, text=text)  # fmt: skip
            raise DataError(message)
        return float(text)

    return cell(columns) if isinstance(columns, int) else [cell(i) for i in columns]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


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
