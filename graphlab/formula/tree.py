"""The expression tree: what a formula and a model file's expression are parsed into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Expr:
    """A part of an expression; `column` is where it starts in its text, from 0."""

    column: int = field(default=0, compare=False, kw_only=True)

    def parts(self) -> tuple[Expr, ...]:
        """The sub-expressions, in order of evaluation."""
        return ()


@dataclass(frozen=True, slots=True)
class Number(Expr):
    value: int | float


@dataclass(frozen=True, slots=True)
class Name(Expr):
    id: str


@dataclass(frozen=True, slots=True)
class Word(Expr):
    """A text in quotes: only ever an attribute's value."""

    text: str


@dataclass(frozen=True, slots=True)
class Negative(Expr):
    operand: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """`op` is one of + - * / ** @ or a comparison."""

    op: str
    left: Expr
    right: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Call(Expr):
    function: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()

    def parts(self) -> tuple[Expr, ...]:
        return self.args


@dataclass(frozen=True, slots=True)
class List(Expr):
    """[1, 2] or (1, 2)."""

    items: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True, slots=True)
class Slice(Expr):
    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Index(Expr):
    """base[key]; the key's items are integers and slices, constants all."""

    base: Expr
    key: tuple[int | Slice, ...]

    def parts(self) -> tuple[Expr, ...]:
        return (self.base,)


def postorder(tree: Expr) -> Iterator[Expr]:
    """Each part before what is made of it, left to right, without recursion.

    >>> from graphlab.formula import parse
    >>> [type(part).__name__ for part in postorder(parse("a + 2"))]
    ['Name', 'Number', 'Binary']
    """
    stack: list[tuple[Expr, bool]] = [(tree, False)]
    while stack:
        part, ready = stack.pop()
        if ready:
            yield part
        else:
            stack.append((part, True))
            stack.extend((sub, False) for sub in reversed(part.parts()))


def names(tree: Expr) -> set[str]:
    """The names a formula uses, keyword values included."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Name):
            found.add(part.id)
        todo.extend(part.parts())
        if isinstance(part, Call):
            todo.extend(value for _, value in part.keywords)
    return found
