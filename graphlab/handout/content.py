"""What is on a handout, by role: headings, texts, equations, tables, figures and blanks. No typesetting."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from graphlab.diagram import Diagram

ACROSS = 10  # numbers or words of an answer that are written in a line by hand
WIDEST = 140  # millimetres of a blank, so that its sign stands before it
ROWS = 12  # a table of no more rows is not broken over pages
KOREAN = (  # fonts with Korean letters: the first is installed with graphlab; LaTeX takes the first that the system has
    "Noto Serif KR", "Noto Serif CJK KR", "NanumMyeongjo", "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic",
    "Apple SD Gothic Neo", "AppleMyungjo", "Malgun Gothic", "Batang",
)  # fmt: skip
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+")


Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text. quiet: set small, as a remark. lead: it stays with what follows."""

    text: str
    quiet: bool = False
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """What an equation is about. what: value, sent (by node to its slot-th input) or sum (node's gradient)."""

    what: str
    node: int
    slot: int = -1


@dataclass(frozen=True, slots=True)
class Blank:
    """Room for an answer. number: as it is called in the key. origin: whose it is."""

    number: int
    answer: Value
    origin: Origin | None = None

    @property
    def rows(self) -> int:
        """How many lines it needs."""
        return self.answer.height if self.answer.tables else math.ceil(len(self.answer.text.split()) / ACROSS)

    @property
    def width(self) -> int:
        """Millimetres that a line of it needs, by hand; a shape or a word needs few."""
        tables = self.answer.tables
        across = max(len(rows[0]) for _, rows in tables) if tables else min(ACROSS, len(self.answer.text.split()))
        least = 60 if self.rows > 1 else 34 if self.origin is not None else 20
        return min(WIDEST, max(least, 14 * across))


@dataclass(frozen=True, slots=True)
class Value:
    """A result as printed: one text, or the rows of a matrix, or of each of an array's matrices, by its place: [0].

    shape: where it is no single number. whole: it is the result, not a summary of it.
    """

    text: str = ""
    matrix: Rows = ()
    shape: str = ""
    whole: bool = True
    slices: tuple[tuple[str, Rows], ...] = ()

    @property
    def tables(self) -> tuple[tuple[str, Rows], ...]:
        """Its matrices, each behind its place; the only one has none."""
        return self.slices or ((("", self.matrix),) if self.matrix else ())

    @property
    def height(self) -> int:
        """How many lines its matrices take; 1 without any."""
        return sum(len(rows) for _, rows in self.tables) or 1


@dataclass(frozen=True, slots=True)
class Equation:
    """left = rule = numbers = result. sign stands before the result: = or ≈, as the printed numbers have it.

    kind: value or gradient. rule and numbers are empty where there is nothing more to say. A blank may stand for the
    rule or for the result; shape: one for the result's shape.
    """

    left: str
    rule: str | Blank
    numbers: str
    sign: str
    result: Value | Blank
    kind: str
    origin: Origin | None = None
    shape: Blank | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One node's work: its number in the run, what it is called, its op, its equations."""

    number: int
    node: str
    op: str
    equations: tuple[Equation, ...]


Cell = str | Blank | Value


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under titles; a cell may be a blank or an array. right: which columns are numbers."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and what it shows in words. name: of its file, where it has one."""

    diagram: Diagram
    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A new page with a title: the next variant begins."""

    title: str


Block = Heading | Paragraph | Step | Table | Figure | Sheet


@dataclass(frozen=True, slots=True)
class Handout:
    """A whole handout. paper: a4 or letter. theme: of its figures. key: the answers to its blanks.

    lang: of its texts.
    """

    title: str
    blocks: tuple[Block, ...]
    paper: str = "a4"
    theme: str = "light"
    key: tuple[Blank, ...] = ()
    lang: str = "en"


def plain(value: Value) -> str:
    """A value in a line.

    >>> plain(Value(matrix=(("1", "2"), ("3", "4"))))
    '[1 2; 3 4]'
    >>> plain(Value(slices=(("[0]", (("1", "2"),)), ("[1]", (("3", "4"),)))))
    '[0]: [1 2], [1]: [3 4]'
    """
    tables = ((place, "[" + "; ".join(" ".join(row) for row in rows) + "]") for place, rows in value.tables)
    return value.text or ", ".join(f"{place}: {rows}" if place else rows for place, rows in tables)


_LONG = re.compile(r"\S{31,}")
_PIECE = re.compile(r"[^._/\-]{1,24}[._/\-]*|[._/\-]+")


def breakable(text: str) -> str:
    """With places (U+200B) where a long name may go on in the next line.

    >>> breakable("encoder.layer_0.attention.query.weight").split("\\u200b")
    ['encoder.', 'layer_', '0.', 'attention.', 'query.', 'weight']
    """
    return _LONG.sub(lambda run: "\u200b".join(_PIECE.findall(run[0])), text)
