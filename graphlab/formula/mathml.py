"""Formula → MathML, as nested tuples ("mfrac", ("mi", "x"), ("mn", "2")): a tag, then text or further elements.

The same tree that `show` prints on one line. Elements are data, never markup, so that a name from a stranger's model is
a text and nothing else wherever a page is made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlab.base.numbers import number, shape_text
from graphlab.formula.show import LETTERS, axis_text, key_text, symbol
from graphlab.formula.tree import COMPARISONS, Binary, Call, Expr, Index, List, Name, Negative, Number, Word

Math = tuple[Any, ...]
_OPENING = (("mo", "("), ("mo", "["))
Set = tuple[Math, int]  # the element and how tightly it binds
_COMPARE, _ADD, _MUL, _NEG, _POW, _ATOM = range(1, 7)
_LEVEL = {**dict.fromkeys(COMPARISONS, _COMPARE), "+": _ADD, "-": _ADD, "*": _MUL, "/": _MUL, "@": _MUL, "**": _POW}
_SIGNS = {"*": "×", "@": "·", "-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
_PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋ₖ", "0123456789-k")


def mathml(tree: Expr, names: Mapping[str, Math] | None = None, attrs: Mapping[str, object] | None = None) -> Math:
    """The formula as an element. names: what stands for a name, a number, say. attrs: keywords such as axis.

    >>> from graphlab.formula import parse
    >>> mathml(parse("upstream / sqrt(v)"), {"upstream": math_name("∂L/∂h")})[1][0]
    'mfrac'
    >>> mathml(parse("x ** 2"))
    ('msup', ('mi', 'x'), ('mn', '2'))
    """
    return _Typeset(names or {}, attrs or {}).set(tree)[0]


def math_name(text: str) -> Math:
    """A name; a derivative as a fraction.

    >>> math_name("∂L/∂h")
    ('mfrac', ('mrow', ('mo', '∂'), ('mi', 'L')), ('mrow', ('mo', '∂'), ('mi', 'h')))
    """
    if text.startswith("∂") and "/∂" in text:
        above, _, below = text[1:].partition("/∂")
        return ("mfrac", ("mrow", ("mo", "∂"), ("mi", above)), ("mrow", ("mo", "∂"), ("mi", below)))
    return ("mi", text)


def math_number(text: str) -> Math:
    """A number as it is printed.

    >>> math_number("-0.5")
    ('mrow', ('mo', '−'), ('mn', '0.5'))
    """
    if text.startswith("-"):
        return ("mrow", ("mo", "−"), ("mn", text[1:]))
    return ("mn", text)


def math_matrix(rows: Sequence[Sequence[str]]) -> Math:
    """Printed numbers in rows, in square brackets."""
    table = ("mtable", *(("mtr", *(("mtd", math_number(cell)) for cell in row)) for row in rows))
    return ("mrow", ("mo", "["), table, ("mo", "]"))


def _is_negative(math: Math) -> bool:
    return math[0] == "mrow" and math[1] == ("mo", "−")


def _bracketed(math: Math) -> Math:
    return ("mrow", ("mo", "("), math, ("mo", ")"))


def _row(*parts: Math) -> Math:
    """Parts side by side; a row within a row is no row of its own, but what stands in brackets is."""
    flat: list[Any] = []
    for part in parts:
        flat += part[1:] if part[0] == "mrow" and part[1] not in _OPENING else [part]
    return ("mrow", *flat)


class _Typeset:
    def __init__(self, names: Mapping[str, Math], attrs: Mapping[str, object]) -> None:
        self.names = names
        self.attrs = attrs

    def at(self, tree: Expr, level: int) -> Math:
        """The element, in brackets where it binds less tightly than this."""
        math, binds = self.set(tree)
        return math if binds >= level else _bracketed(math)

    def set(self, tree: Expr) -> Set:
        match tree:
            case Number(value=value):
                return self.leaf(math_number(repr(value)))
            case Name(id=name):
                return self.leaf(self.names.get(name) or math_name(LETTERS.get(name) or symbol(name)))
            case Word(text=text):
                return ("mtext", text), _ATOM
            case Negative(operand=operand):
                return _row(("mo", "−"), self.at(operand, _POW)), _NEG
            case Binary():
                return self.binary(tree)
            case Call(function=function, args=args, keywords=keywords):
                given = {key: self.keyword(value) for key, value in keywords}
                return _CALLS.get(function, _function(function))(self, args, given)
            case List(items=items):
                return _row(("mo", "["), *_listed([self.at(item, 0) for item in items]), ("mo", "]")), _ATOM
            case Index(base=base, key=key):
                return ("msub", self.at(base, _ATOM), ("mtext", f"[{key_text(key)}]")), _ATOM
        raise TypeError(f"not a formula: {tree!r}")

    def leaf(self, math: Math) -> Set:
        return math, _NEG if _is_negative(math) else _ATOM

    def keyword(self, tree: Expr) -> object:
        if isinstance(tree, Name):
            return self.attrs.get(tree.id, None if tree.id == "none" else tree.id)
        if isinstance(tree, Number):
            return tree.value
        return [self.keyword(item) for item in tree.items] if isinstance(tree, List) else None

    def binary(self, tree: Binary) -> Set:
        level = _LEVEL[tree.op]
        if tree.op == "**":
            return ("msup", self.at(tree.left, _ATOM), self.at(tree.right, 0)), _POW
        if tree.op == "/":
            return ("mfrac", self.factor(tree.left, 0), self.factor(tree.right, 0)), _ATOM
        left = self.factor(tree.left, level)
        tight = level + 1 if tree.op in "-@" or level == _COMPARE else level
        if isinstance(tree.right, Binary) and tree.right.op == "@":
            tight = level + 1
        right = self.factor(tree.right, tight)
        if _is_negative(right):
            right = _bracketed(right)
        return _row(left, ("mo", _SIGNS.get(tree.op, tree.op)), right), level

    def factor(self, tree: Expr, level: int) -> Math:
        """An operand; a comparison in arithmetic is 1 or 0, in Iverson's brackets."""
        inner = tree.args[0] if isinstance(tree, Call) and tree.function == "column" else tree
        if isinstance(inner, Binary) and inner.op in COMPARISONS:
            return _row(("mo", "["), self.at(inner, 0), ("mo", "]"))
        return self.at(tree, level)


Setter = Callable[[_Typeset, tuple[Expr, ...], Mapping[str, object]], Set]


def _listed(parts: Sequence[Math]) -> list[Math]:
    out: list[Math] = []
    for part in parts:
        out += [("mo", ","), part] if out else [part]
    return out


def _function(name: str) -> Setter:
    def setter(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
        parts = [t.at(arg, 0) for arg in args]
        parts += [("mtext", f"{key}={value}") for key, value in given.items() if value is not None]
        return _row(("mi", name), _bracketed(_row(*_listed(parts)))), _ATOM

    return setter


def _with_axis(sign: Math, given: Mapping[str, object]) -> Math:
    """The sign with the summed axis below it."""
    axis = axis_text(given.get("axis"))
    return ("msub", sign, ("mn", axis.translate(_PLAIN_DIGITS))) if axis else sign


def _reduced(name: str) -> Setter:
    return lambda t, args, given: (_row(_with_axis(("mi", name), given), _bracketed(t.at(args[0], 0))), _ATOM)


def _total(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return _row(_with_axis(("mo", "∑"), given), t.factor(args[0], _POW)), _NEG


def _over_examples(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return _row(("msub", ("mo", "∑"), ("mi", "n")), t.at(args[0], _POW)), _NEG


def _inner(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return t.set(args[0])


def _transposed(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    if "axes" in given:
        return _function("transpose")(t, args, given)
    return ("msup", t.at(args[0], _ATOM), ("mi", "T")), _ATOM


def _placed(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return _row(t.at(args[0], _ATOM), ("mtext", f" at [{given['key']}]")), _NEG


def _picked(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    """x[range(n), t] as x with its rows and columns below it."""
    return ("msub", t.at(args[0], _ATOM), _rows_picked(t, args, given)), _ATOM


def _placed_in_rows(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return _row(t.at(args[0], _ATOM), ("mtext", " at "), _rows_picked(t, args, given)), _NEG


def _rows_picked(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Math:
    return _row(("mtext", f"[range({given['n']}), "), t.at(args[1], 0), ("mtext", "]"))


def _scattered(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return _row(("mo", "∑"), ("mtext", " at "), t.at(args[0], _ATOM), ("mtext", " of "), t.at(args[1], _ATOM)), _NEG


def _exponential(t: _Typeset, args: tuple[Expr, ...], given: Mapping[str, object]) -> Set:
    return ("msup", ("mi", "e"), t.at(args[0], 0)), _POW


_CALLS: dict[str, Setter] = {
    "abs": lambda t, args, given: (_row(("mo", "|"), t.at(args[0], 0), ("mo", "|")), _ATOM),
    "batch": lambda t, args, given: (("mi", "N"), _ATOM),
    "column": _inner,
    "count": lambda t, args, given: (_with_axis(("mi", "n"), given), _ATOM),
    "exp": _exponential,
    "max": _reduced("max"),
    "mean": _reduced("mean"),
    "min": _reduced("min"),
    "one_hot": lambda t, args, given: (_row(("mi", "onehot"), _bracketed(t.at(args[0], 0))), _ATOM),
    "pick": _picked,
    "place": _placed,
    "place_picked": _placed_in_rows,
    "row": _transposed,
    "rows": _inner,
    "scatter_add": _scattered,
    "scatter_along": _scattered,
    "spread": _inner,
    "sqrt": lambda t, args, given: (("msqrt", t.at(args[0], 0)), _ATOM),
    "sum": _total,
    "sum_to": _over_examples,
    "transpose": _transposed,
}


def math_value(value: Any, name: str | None, precision: int, largest: int = 16) -> Math:
    """An array in a formula: a number, a small matrix whole, else its name with its shape."""
    array = np.asarray(value)
    if array.size == 1:
        return math_number(number(array.reshape(()), precision))
    if 0 < array.size <= largest and array.ndim <= 2:
        rows = array.reshape(1, -1) if array.ndim < 2 else array
        return math_matrix([[number(v, precision) for v in row] for row in rows.tolist()])
    shape = ("mtext", f"⟨{shape_text(array.shape)}⟩")
    return _row(math_name(name), shape) if name else shape
