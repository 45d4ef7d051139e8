"""One element of a formula's value: the same formula with single entries for arrays, and sums written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from graphlab.formula.evaluate import PRIMITIVES, evaluate
from graphlab.formula.tree import Binary, Call, Expr, Index, List, Name, Negative, Number

Key = tuple[int, ...]
TERMS = 6  # of a sum, from where on its middle is left out
_ELEMENTWISE = frozenset(
    ["abs", "cos", "erf", "exp", "log", "maximum", "minimum", "sign", "sin", "sqrt", "tan", "tanh", "where"]
)
_MOVING = frozenset(
    ["broadcast_to", "column", "gather", "pick", "reshape", "row", "rows", "spread", "transpose"]
)  # entries change places
_REDUCING: dict[str, str] = {"sum": "+", "mean": "+", "max": "maximum", "min": "minimum", "sum_to": "+"}


class Element:
    """A formula at one entry. tree: with a name for each entry used. entries: what each of these names is and holds.

    every: the longest sum whose entries are all found, those too that the tree leaves out for brevity.

    >>> from graphlab.formula import parse, show
    >>> x = np.array([[1.0, 2.0]])
    >>> one = Element(parse("x @ w + b"), {"x": x, "w": np.array([[3.0], [4.0]]), "b": np.float64(5.0)}, (0, 0))
    >>> show(one.tree, one.symbols())
    'x[0,0] × w[0,0] + x[0,1] × w[1,0] + b'
    >>> show(one.tree, one.numbers("{:g}".format))
    '1 × 3 + 2 × 4 + 5'

    known: values of its parts, which the entries of one result may share. Raises IndexError where the value has no
    such entry.
    """

    def __init__(
        self, tree: Expr, values: Mapping[str, Any], key: Key, every: int = 0, known: dict[Expr, Any] | None = None
    ) -> None:  # fmt: skip
        self.values = values
        self.every = every
        self.entries: dict[str, tuple[str, Key, float]] = {}
        self._known = {} if known is None else known
        shape = np.shape(self._value(tree))
        if len(key) != len(shape) or any(not 0 <= k < n for k, n in zip(key, shape, strict=True)):
            raise IndexError(key)
        self.tree = self._at(tree, key)

    def symbols(self, names: Mapping[str, str] | None = None) -> dict[str, str]:
        """Each entry as NAME[i,j], in these names for the formula's."""
        shown = {entry: (names or {}).get(name, name) for entry, (name, _, _) in self.entries.items()}
        return {entry: shown[entry] + _text(key) for entry, (_, key, _) in self.entries.items()} | {"…": "…"}

    def numbers(self, written: Callable[[float], str]) -> dict[str, str]:
        """Each entry as its number."""
        return {entry: written(value) for entry, (_, _, value) in self.entries.items()} | {"…": "…"}

    def _value(self, tree: Expr) -> Any:
        if tree not in self._known:
            with np.errstate(all="ignore"):
                self._known[tree] = evaluate(tree, self.values)
        return self._known[tree]

    def _at(self, tree: Expr, key: Key) -> Expr:
        """The tree for one entry of its value; a key may be longer than the value's own, as in broadcasting."""
        value = self._value(tree)
        shape = np.shape(value)
        key = tuple(k if n != 1 else 0 for k, n in zip(key[len(key) - len(shape) :], shape, strict=True))
        match tree:
            case Name(id=name):
                return self._entry(name, key, value)
            case Negative(operand=operand):
                return Negative(self._at(operand, key))
            case Binary(op="@", left=left, right=right):
                return self._product(left, right, key)
            case Binary(op=op, left=left, right=right):
                return Binary(op, self._at(left, key), self._at(right, key))
            case Call(function=function, args=args) if function in _ELEMENTWISE:
                return Call(function, tuple(self._at(arg, key) for arg in args))
            case Call(function=function, args=args) if function in _REDUCING:
                return self._reduced(tree, args, key)
            case Call(function=function, args=(inner, *_)) if function in _MOVING:
                return self._at(inner, self._moved(tree, inner, key))
            case Index(base=base, key=picked):
                places = np.arange(np.size(self._value(base))).reshape(np.shape(self._value(base)))
                flat = evaluate(Index(Name("places"), picked), {"places": places})[key]
                return self._at(base, _unravel(int(flat), np.shape(self._value(base))))
        return self._number(tree, value, key)

    def _entry(self, name: str, key: Key, value: Any) -> Expr:
        entry = f"{name}{_text(key)}"
        self.entries[entry] = (name, key, float(np.asarray(value)[key]))
        return Name(entry)

    def _number(self, tree: Expr, value: Any, key: Key) -> Expr:
        if isinstance(tree, Number | List):
            return tree
        one = np.asarray(value)[key].item()
        return Number(int(one) if one == int(one if np.isfinite(one) else 0) else one)

    def _product(self, left: Expr, right: Expr, key: Key) -> Expr:
        """Σ over k of a[i,k] × b[k,j]; a vector has no axis of its own in the result."""
        a, b = np.shape(self._value(left)), np.shape(self._value(right))
        lead = key[: len(key) - (len(a) > 1) - (len(b) > 1)]
        row = key[len(lead) : len(lead) + 1] if len(a) > 1 else ()
        column = key[-1:] if len(b) > 1 else ()

        def term(k: int) -> Expr:
            mine = self._at(left, (*(lead if len(a) > 1 else ()), *row, k))
            return Binary("*", mine, self._at(right, (*lead, k, *column)))

        return _joined("+", self._terms(term, a[-1]), a[-1])

    def _terms(self, term: Callable[[int], Expr], count: int) -> list[Expr]:
        """Those of a sum that are written; the others are looked at, so that their entries are known."""
        written = _few(count)
        if len(written) < count <= self.every:
            for k in range(len(written) - 1, count - 1):
                term(k)
        return [term(k) for k in written]

    def _reduced(self, tree: Call, args: tuple[Expr, ...], key: Key) -> Expr:
        """Every entry that a sum, a mean or an extreme is taken over."""
        inner = args[0]
        shape = np.shape(self._value(inner))
        places = np.arange(int(np.prod(shape))).reshape(shape)
        over = self._over(tree, places, key)
        terms = self._terms(lambda k: self._at(inner, _unravel(int(over[k]), shape)), len(over))
        joint = _REDUCING[tree.function]
        whole = _joined(joint, terms, len(over)) if joint == "+" else Call(joint, tuple(_dotted(terms, len(over))))
        return Binary("/", whole, Number(len(over))) if tree.function == "mean" else whole

    def _over(self, tree: Call, places: np.ndarray, key: Key) -> np.ndarray:
        """The places (counted through) that go into one entry of the result."""
        if tree.function == "sum_to":
            own = np.shape(self._value(tree))
            lead = places.ndim - len(own)
            kept = tuple(slice(None) if a < lead or own[a - lead] == 1 else key[a - lead] for a in range(places.ndim))
            return np.ravel(places[kept])
        given = {name: evaluate(value, self.values) for name, value in tree.keywords}
        axis, keep = given.get("axis"), given.get("keepdims", False)
        axes = range(places.ndim) if axis is None else [a % places.ndim for a in np.atleast_1d(axis)]
        rest = [a for a in range(places.ndim) if a not in axes]
        own_key = [key[a] for a in rest] if keep else list(key)
        chosen: list[Any] = [slice(None)] * places.ndim
        for a, k in zip(rest, own_key, strict=True):
            chosen[a] = k
        return np.ravel(places[tuple(chosen)])

    def _moved(self, tree: Call, inner: Expr, key: Key) -> Key:
        """Where in the inner value an entry stands that a transpose or the like has moved."""
        shape = np.shape(self._value(inner))
        places = np.arange(int(np.prod(shape))).reshape(shape)
        others = [self._value(arg) for arg in tree.args[1:]]
        given = {name: evaluate(value, self.values) for name, value in tree.keywords}
        return _unravel(int(np.asarray(PRIMITIVES[tree.function](places, *others, **given))[key]), shape)


def _few(count: int) -> Sequence[int]:
    """All of them, or the first ones and the last."""
    return range(count) if count <= TERMS else [*range(TERMS - 2), count - 1]


def _dotted(terms: list[Expr], count: int) -> list[Expr]:
    return terms if len(terms) == count else [*terms[:-1], Name("…"), terms[-1]]


def _joined(op: str, terms: list[Expr], count: int) -> Expr:
    return reduce(lambda a, b: Binary(op, a, b), _dotted(terms, count)) if terms else Number(0)


def _unravel(flat: int, shape: tuple[int, ...]) -> Key:
    return tuple(int(k) for k in np.unravel_index(flat, shape)) if shape else ()


def _text(key: Key) -> str:
    return "[" + ",".join(map(str, key)) + "]" if key else ""
