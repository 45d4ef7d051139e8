"""Plain tables: aligned columns, no lines. Numbers are never broken; names fold where there is no room for them.

Not rich.table: that needs 0.6 ms a row, so a minute for 100,000 nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphlab.lines import Line, Styled, Text
from graphlab.messages import escaped

GAP = 2
NARROWEST = 12  # a column that folds keeps this many characters
_WORD = re.compile(r"(?:\[[^\]]*\]|\S)+")
_BREAK = re.compile(r"[^\s./]*[\s./]?")


@dataclass(frozen=True)
class Column:
    """A column. right: aligned right, as numbers are. fold: may be broken into lines, as names may."""

    title: str
    right: bool = False
    fold: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int | None) -> Iterator[Line]:
    """The lines of a table, as narrow as `width` where that can be."""
    titles = [Styled(column.title, "quiet") for column in columns]
    cells = [[plain(cell) for cell in row] for row in (titles, *rows)]
    sizes = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    _shrink(columns, sizes, width)
    for row in (titles, *rows):
        yield from _lines(columns, row, sizes)


def plain(cell: Text) -> str:
    """A cell's text without its look, in one line."""
    return escaped(cell.text if isinstance(cell, Styled) else cell)


def text_width(text: str) -> int:
    """Columns on a terminal: a Korean syllable takes two.

    >>> text_width("abc"), text_width("한글")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, columns: int) -> str:
    """The text with spaces behind it, `columns` wide on a terminal.

    >>> padded("값", 4) + "|"
    '값  |'
    """
    return text + " " * (columns - text_width(text))


def _shrink(columns: Sequence[Column], sizes: list[int], width: int | None) -> None:
    """Take from the widest column that folds until all fit, or none can give more."""
    folding = [i for i, column in enumerate(columns) if column.fold]
    over = 0 if width is None else sum(sizes) + GAP * (len(sizes) - 1) - width
    while over > 0:
        widest = max(folding, key=lambda i: sizes[i], default=-1)
        if widest < 0 or sizes[widest] <= NARROWEST:
            return
        sizes[widest] -= 1
        over -= 1


def _lines(columns: Sequence[Column], row: Sequence[Text], sizes: Sequence[int]) -> Iterator[Line]:
    folded = [fold(plain(cell), size) for cell, size in zip(row, sizes, strict=True)]
    for k in range(max(map(len, folded))):
        parts: list[Text] = []
        for column, cell, texts, size in zip(columns, row, folded, sizes, strict=True):
            text = texts[k] if k < len(texts) else ""
            space = " " * (size - text_width(text))
            piece = Styled(text, cell.look) if isinstance(cell, Styled) else text
            parts += [space, piece] if column.right else [piece, space]
            parts.append(" " * GAP)
        yield parts


def fold(text: str, size: int) -> list[str]:
    """The text in lines of at most `size` columns, broken after a space, dot or slash where there is one.

    >>> fold("encoder.layer1.attention", 15)
    ['encoder.layer1.', 'attention']
    """
    if text_width(text) <= size:
        return [text]
    lines, line = [], ""
    for word in _BREAK.findall(text):
        if text_width(line + word) > size and line:
            lines.append(line)
            line = ""
        line += word
        while text_width(line) > size:
            at = next(n for n in range(len(line), 0, -1) if n == 1 or text_width(line[:n]) <= size)
            at = line.rfind("_", 0, at) + 1 or at
            lines.append(line[:at])
            line = line[at:]
    return [*lines, line] if line else lines


def words(text: str, width: int | None) -> Iterator[str]:
    """The text in lines of at most `width` columns, broken at spaces; inside an array's brackets if it must be.

    >>> list(words("0.5 × [0.73 1.5] × (1 − 0.73)", 14))
    ['0.5 ×', '[0.73 1.5] ×', '(1 − 0.73)']
    """
    line = ""
    for word in [text] if width is None else _unbroken(text, width):
        longer = f"{line} {word}" if line else word
        if line and width is not None and text_width(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


def _unbroken(text: str, width: int) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield from word.split(" ") if text_width(word) > width else [word]
