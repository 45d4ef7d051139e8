"""left = rule = numbers = result, in one line or below one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlab.base.numbers import matrix_lines
from graphlab.explain.worked import INLINE, Worked
from graphlab.lines import Line, Styled, Text
from graphlab.lines.table import text_width, words

FEW = 36  # numbers, up to where an array stands whole below its equation


def pieces_of(worked: Worked, look: str) -> list[Text]:
    """left = symbolic = numbers = result, without what says nothing new."""
    pieces: list[Text] = [worked.left]
    if worked.symbolic is not None:
        pieces.append(worked.symbolic)
    if worked.substituted is not None and worked.substituted not in (worked.symbolic, worked.result):
        pieces.append(Styled(worked.substituted, "quiet"))
    return [*pieces, result(worked.result, look)]


def result(text: str, look: str) -> Styled:
    """A result, marked where it is not finite."""
    return Styled(text, "bad" if "NaN" in text or "Inf" in text else look)


def equation(pieces: list[Text], width: int, indent: int, remark: str = "") -> Iterator[Line]:
    """left = … = result in one line where it fits, else each "= …" below the last; long ones broken at spaces."""
    texts = [piece.text if isinstance(piece, Styled) else piece for piece in pieces]
    tail = f"   {remark}" if remark else ""
    parts: list[Text] = [" " * indent]
    if indent + text_width(" = ".join(texts) + tail) <= width:
        for k, piece in enumerate(pieces):
            parts += [" = " if k else "", piece]
        yield [*parts, Styled(tail, "quiet")]
        return
    column = indent + min(text_width(texts[0]), 12) + 1
    parts += [texts[0], " "]
    if indent + text_width(texts[0]) + 1 > column:
        yield parts
        parts = [" " * column]
    for piece, text in zip(pieces[1:], texts[1:], strict=True):
        look = piece.look if isinstance(piece, Styled) else None
        for k, line in enumerate(words(text, width - column - 2)):
            yield [*parts, "= " if k == 0 else "  ", Styled(line, look) if look else line]
            parts = [" " * column]
    if remark:
        for line in words(remark, width - column - 2):
            yield [*parts, "  ", Styled(line, "quiet")]


def entries(array: Any, precision: int, width: int, indent: int, look: str) -> Iterator[Line]:
    """Every number of an array, row by row; matrices of more axes one after another, each under its place."""
    array = np.asarray(array)
    if not array.size:
        return
    for place in np.ndindex(array.shape[:-2]):
        if place:
            yield [" " * indent, Styled(f"[{','.join(map(str, place))}]", "quiet")]
        for row in matrix_lines(array[place], precision, full=max(array.shape, default=1)):
            for k, line in enumerate([row] if indent + len(row) <= width else _broken(row, width - indent)):
                yield [" " * (indent + 2 * (k > 0)), result(line, look)]


def _broken(row: str, width: int) -> Iterator[str]:
    """A row that is too wide, between its numbers."""
    line = ""
    for number in row.split():
        if line and len(line) + 1 + len(number) > width - 2:
            yield line
            line = ""
        line += f" {number}" if line else number
    yield line


def small_entries(array: Any, precision: int, width: int, indent: int, look: str) -> Iterator[Line]:
    """Every number of an array that is too large for a line and small enough to be looked at."""
    if array is not None and INLINE < np.size(array) <= FEW:
        yield from entries(array, precision, width, indent, look)
