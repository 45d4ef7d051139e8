"""How wide a text is, without a font: safe widths that hold in the fonts a viewer is likely to have.

Widths are in thousandths of the font size, those of DejaVu Sans (the widest of the fonts in the stack: Helvetica and
Arial are narrower), read from its hmtx table; for letters without an entry the widest of their kind.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_ASCII = (
    "317 400 459 837 636 950 779 274 390 390 500 837 317 360 317 336 636 636 636 636 636 636 636 636 636 "
    "636 336 336 837 837 837 530 1000 684 686 698 770 631 575 774 751 294 294 655 557 862 748 787 603 787 "
    "694 634 610 731 684 988 685 610 685 390 336 390 837 500 500 612 634 549 634 615 352 634 633 277 277 "
    "579 277 974 633 611 634 634 411 520 392 633 591 817 591 591 524 636 336 636 837 "
)
_ASCII_BOLD = (
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 "
    "696 400 400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 837 850 733 850 "
    "770 720 682 812 774 1103 771 724 725 457 365 457 838 500 500 675 716 593 716 678 435 716 712 343 343 "
    "665 343 1042 712 687 716 716 493 595 478 712 652 924 645 652 582 712 365 712 838 "
)
_OTHER = {"·": 333, "–": 556, "²": 400, "³": 400, "′": 239, "ᵀ": 433, "ᵢ": 219, "ₙ": 460, "−": 837, "×": 837, "∂": 517}
BOLD = 1.12  # DejaVu Sans Bold against Regular, over other letters
BLANK = 0.318  # of the font size
MONO = 0.602
LINE = 1.3  # height of a line
TITLE, TITLE_LINES = 80, 3  # columns and lines of a title, at most


class _Widths(dict[int, int]):
    def __missing__(self, code: int) -> int:
        char = chr(code)
        if unicodedata.combining(char):
            width = 0
        elif unicodedata.east_asian_width(char) in "WF":
            width = 1000
        elif 0x2080 <= code <= 0x209C or 0x2070 <= code <= 0x207F or 0x1D2C <= code <= 0x1D6A:
            width = 460
        elif code >= 0x2026:
            width = 1000
        else:
            width = 850 if char.isupper() else 700
        self[code] = width
        return width


_WIDTHS = _Widths(
    {32 + i: int(width) for i, width in enumerate(_ASCII.split())} | {ord(c): w for c, w in _OTHER.items()}
)
_BOLD_WIDTHS = {32 + i: int(width) for i, width in enumerate(_ASCII_BOLD.split())}
_FIFTHS, _BOLD_FIFTHS = (  # adding bytes up is fastest
    bytes(-(-widths.get(code, _WIDTHS[code]) // 5) if code < 128 else 0 for code in range(256))
    for widths in (_WIDTHS, _BOLD_WIDTHS)
)


@lru_cache(maxsize=65536)
def text_width(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """Points a text needs at a font size, generously.

    >>> round(text_width("value 0.7311", 10), 1)
    65.8
    >>> text_width("한글", 10), round(text_width("[ 1 ]", 10, mono=True), 1)
    (20.0, 30.1)
    """
    if mono:
        return cells(text) * MONO * size
    if text.isascii():
        width: float = 5 * sum(text.encode().translate(_BOLD_FIFTHS if bold else _FIFTHS))
    elif bold:
        width = sum([_BOLD_WIDTHS.get(ord(char), _WIDTHS[ord(char)] * BOLD) for char in text])
    else:
        width = sum([_WIDTHS[ord(char)] for char in text])
    return width * size / 1000


@lru_cache(maxsize=4096)
def blanks(letter: str) -> int:
    """As how many blanks wide an engine that knows only blanks' widths is told that a letter is."""
    return max(2, round(text_width(letter, 1.0) / BLANK))


def cells(text: str) -> int:
    """Columns a text takes in a terminal: wide characters two, combining ones none.

    >>> cells("한글"), cells("e\\u0301"), cells("abc")
    (4, 1, 3)
    """
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def title_lines(title: str) -> list[str]:
    """A title in lines of about 80 columns, broken between words; what three lines do not hold ends in ….

    >>> title_lines("A short one"), [len(line) for line in title_lines("x" * 400)]
    (['A short one'], [80, 80, 80])
    """
    lines = [""]
    for word in title.split(" "):
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > TITLE:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
        while cells(lines[-1]) > TITLE:
            end = _fitting(lines[-1], TITLE)
            lines[-1:] = [lines[-1][:end], lines[-1][end:]]
        if len(lines) > TITLE_LINES:
            last = lines[TITLE_LINES - 1]
            return [*lines[: TITLE_LINES - 1], last[: _fitting(last, TITLE - 1)] + "…"]
    return lines if title else []


def _fitting(text: str, columns: int) -> int:
    """How many characters go into so many columns."""
    used = 0
    for k, char in enumerate(text):
        used += cells(char)
        if used > columns:
            return k
    return len(text)


def widest(widths: Iterable[float]) -> float:
    """The largest of some widths; 0 of none."""
    return max(widths, default=0.0)
