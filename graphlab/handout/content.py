"""What is on a handout, by role: headings, texts, equations, tables, figures and blanks. No typesetting."""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphlab.diagram import Diagram

ROWS = 12  # a table of no more rows is not broken over pages
KOREAN = (  # fonts with Korean letters: the first that the system has; neither typst nor LaTeX brings one
    "Noto Serif CJK KR", "Noto Serif KR", "NanumMyeongjo", "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic",
    "Apple SD Gothic Neo", "AppleMyungjo", "Malgun Gothic", "Batang",
)  # fmt: skip
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+")


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
    """Room for an answer. number: as it is called in the key. rows: how many lines it needs. origin: whose it is."""

    number: int
    answer: Value
    rows: int = 1
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A result as printed: one text, or the rows of a matrix; shape where it is no single number.

    whole: it is the result, not a summary of it.
    """

    text: str = ""
    matrix: tuple[tuple[str, ...], ...] = ()
    shape: str = ""
    whole: bool = True


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


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under titles; a cell may be a blank. right: which columns are numbers."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str | Blank, ...], ...]
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
    """
    return value.text or "[" + "; ".join(" ".join(row) for row in value.matrix) + "]"


_LONG = re.compile(r"\S{31,}")
_PIECE = re.compile(r"[^._/\-]{1,24}[._/\-]*|[._/\-]+")


def breakable(text: str) -> str:
    """With places (U+200B) where a long name may go on in the next line.

    >>> breakable("encoder.layer_0.attention.query.weight").split("\\u200b")
    ['encoder.', 'layer_', '0.', 'attention.', 'query.', 'weight']
    """
    return _LONG.sub(lambda run: "\u200b".join(_PIECE.findall(run[0])), text)
