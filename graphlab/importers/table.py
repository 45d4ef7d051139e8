"""Tables in text files: .csv with commas, semicolons or tabs, with a row of names or without."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphlab.errors import DataError
from graphlab.messages import did_you_mean, tr

SEPARATORS = (",", ";", "\t")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
Line = tuple[int, list[str]]  # its number in the file, and its cells


def text_of(path: Path) -> str:
    """The file's text. Raises DataError unless it is UTF-8, OSError where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        message = tr("'{name}' is not UTF-8 text; save it as UTF-8 (in a spreadsheet: CSV UTF-8)", name=path.name)
        raise DataError(message) from None


def lines_of(text: str, separator: str, name: str) -> list[Line]:
    """The rows that are not empty. Raises DataError for broken quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(tr("'{name}' is not a table of numbers: {error}", name=name, error=error)) from None


def read_table(path: Path, key: str | Sequence[str] | None, whole: bool) -> list[Any]:
    """The numbers of a .csv as nested lists; whole: whole numbers stay whole.

    The separator is the first of comma, semicolon and tab under which all rows have as many cells as the first and all
    but the first are numbers; beside semicolons and tabs 1,5 is 1.5. Raises DataError, with line and column.
    """
    text = text_of(path)
    table = _table(path.name, text)
    columns = table.columns(key)
    return [table.row(at, row, columns, whole) for at, row in table.lines]


def _table(name: str, text: str) -> _Table:
    """The table as the separator that fits has it; as the most frequent one does where none fits."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    there = [separator for separator in SEPARATORS if separator == "," or separator in first]
    tables = []
    for separator in there:
        tables.append(_Table.of(name, text, separator))
        if tables[-1].fits():
            tables[-1].check_points()
            return tables[-1]
    table = max(tables, key=lambda t: (first.count(t.separator), -there.index(t.separator)))
    table.check()
    return table


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows under one separator. header: the names of the columns; None where the first row is numbers."""

    name: str
    separator: str
    header: list[str] | None
    lines: list[Line]

    @classmethod
    def of(cls, name: str, text: str, separator: str) -> _Table:
        lines = lines_of(text, separator, name)
        header = None
        if lines and any(cell.strip() and _number(cell, separator) is None for cell in lines[0][1]):
            header = [cell.strip() for cell in lines.pop(0)[1]]
        return cls(name, separator, header, lines)

    @property
    def width(self) -> int:
        return len(self.header or self.lines[0][1])

    def fits(self) -> bool:
        """Whether all is as it should be; a first row of numbers that another separator parts is no row of names."""
        names = self.header if self.header and len(self.header) == 1 else []
        apart = [(name.split(other), other) for name in names for other in SEPARATORS if other in name]
        if any(all(_number(cell, other) is not None for cell in cells) for cells, other in apart):
            return False
        return bool(self.lines) and all(
            len(row) == self.width and all(_number(cell, self.separator) is not None for cell in row)
            for _, row in self.lines
        )

    def check(self) -> None:
        """Raises DataError where there are no rows, or not all are as long as the first."""
        if not self.lines:
            raise DataError(tr("'{name}' has no row of numbers", name=self.name))
        for line, row in self.lines:
            if len(row) == self.width:
                continue
            above = tr("the names above are {n}", n=self.width) if self.header else tr(
                "the rows above have {n}", n=self.width
            )  # fmt: skip
            message = tr(
                "'{name}', line {line}: {got} cells, but {above}; the columns are separated by {separator}",
                name=self.name, line=line, got=len(row), above=above, separator=_named(self.separator),
            )  # fmt: skip
            if self.separator == ",":
                message += tr(" (beside decimal commas it has to be a semicolon)")
            raise DataError(message)

    def check_points(self) -> None:
        """Raises DataError where some cells have a decimal comma and others a point, as 1.000 of 1.000,5 has."""
        if self.separator == ",":
            return
        cells = [(line, cell.strip()) for line, row in self.lines for cell in row]
        comma = next((cell for _, cell in cells if "," in cell), None)
        point = next(((line, cell) for line, cell in cells if "." in cell), None)
        if comma is not None and point is not None:
            message = tr("'{name}', line {line}: a decimal point in {point} but a decimal comma in {comma}; use one",
                         name=self.name, line=point[0], point=point[1], comma=comma)  # fmt: skip
            raise DataError(message)

    def columns(self, key: str | Sequence[str] | None) -> int | list[int]:
        """Which columns are meant: one as a vector, several as a matrix."""
        if key is None:
            return list(range(self.width))
        if self.header is None:
            message = tr(
                "'{name}' has no row of column names, so `key` picks nothing; add one, or leave `key` out",
                name=self.name,
            )  # fmt: skip
            raise DataError(message)
        for column in [key] if isinstance(key, str) else key:
            if column not in self.header:
                hint, listed = did_you_mean(column, self.header), ", ".join(self.header)
                message = tr("'{name}' has no column '{key}'{hint}; it has: {listed}",
                             name=self.name, key=column, hint=hint, listed=listed)  # fmt: skip
                raise DataError(message)
            if self.header.count(column) > 1:
                raise DataError(tr("'{name}' has several columns '{key}'; rename them", name=self.name, key=column))
        found = self.header.index
        return found(key) if isinstance(key, str) else [found(column) for column in key]

    def row(self, line: int, row: list[str], columns: int | list[int], whole: bool) -> Any:
        if isinstance(columns, int):
            return self.cell(line, row, columns, whole)
        return [self.cell(line, row, i, whole) for i in columns]

    def cell(self, line: int, row: list[str], i: int, whole: bool) -> int | float:
        text = row[i].strip()
        if whole and re.fullmatch(r"[-+]?\d{1,19}", text):
            return int(text)
        value = _number(text, self.separator)
        if value is None or (math.isinf(value) and any(c.isdigit() for c in text)):
            column = f"{i + 1} ({self.header[i]})" if self.header else i + 1
            message = tr("'{name}', line {line}, column {column}: {why}", name=self.name, line=line, column=column,
                         why=_why(text, value, self.width))  # fmt: skip
            raise DataError(message)
        return value


def _named(separator: str) -> str:
    return {",": tr("a comma"), ";": tr("a semicolon"), "\t": tr("a tab")}[separator]


def _why(text: str, value: float | None, width: int) -> str:
    """What is wrong with a cell."""
    if not text:
        return tr("the cell is empty")
    if value is not None:
        return tr("{number} is too large for a float64", number=text)
    said = tr("'{text}' is not a number", text=text) + written(text)
    if width == 1 and re.search(r"\S[\s|:]+\S", text):
        said += tr("; columns are separated by a comma, a semicolon or a tab")
    return said


def written(text: str) -> str:
    """How a number is written that was meant by a text; empty where none was.

    >>> written("-Infinity"), written("1,5"), written("–3"), written("a + b")
    ('; write -.inf', '; a decimal point is written .', '; the minus is written -', '')
    """
    match = re.fullmatch(r"([-+]?)(nan|inf|infinity|∞)", text.strip(), re.IGNORECASE)
    if match:
        word = ".nan" if match[2].lower() == "nan" else ".inf"
        return tr("; write {written}", written=("-" if match[1] == "-" and word == ".inf" else "") + word)
    if re.fullmatch(r"[−–—]\s*[\d.]+(?:[eE][-+]?\d+)?", text.strip()):
        return tr("; the minus is written -")
    if re.fullmatch(r"[-+]?\d+,\d+", text.strip()):
        return tr("; a decimal point is written .")
    return ""


def _number(cell: str, separator: str) -> float | None:
    text = cell.strip()
    if separator != "," and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None
