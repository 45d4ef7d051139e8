"""A float32 run beside its float64 twin: which values and gradients are further off than rounding allows.

How much rounding allows is tried out, not assumed: the twin runs again with each node's numbers moved by a rounding of
the terms they are made of. A number that only such moves spoil is ill-conditioned, not wrong; what is much further off
was lost inside an op.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.arrays.values import FLOATS
from graphlab.engine import autodiff
from graphlab.explain.rules import formula_of, rule_of
from graphlab.explain.worked import environment
from graphlab.formula import Expr, evaluate
from graphlab.formula.tree import Binary, Call, Name, Negative
from graphlab.trace import Trace

UNIT = float(np.finfo(np.float32).eps)
FACTOR = 64  # times what the moved runs are off: an op's own sums round more than once
TINY = 1e-37  # below it float32 underflows
RUNS, MORE_RUNS = 3, 29  # moved runs, and how many more before anything is called wrong: a kink may be met rarely
_LINEAR = frozenset(["broadcast_to", "column", "concat", "mean", "place", "reshape", "row", "rows", "scatter_add",
                     "spread", "stack", "sum", "sum_to", "transpose"])  # fmt: skip
_EITHER = frozenset(["abs", "maximum", "minimum", "where"])


@dataclass(frozen=True, slots=True)
class Twin:
    """One node's value or gradient in float32 beside float64.

    what: value or grad. status: ok, wrong, or inherited (off because what it is made of is). error: the largest
    difference, relative to the largest number there. index: where; narrow, wide: what stands there.
    """

    node: str
    op: str
    what: str
    status: str
    error: float
    index: tuple[int, ...]
    narrow: float
    wide: float


def twins(narrow: Trace, wide: Trace) -> tuple[Twin, ...]:
    """Every value and gradient of a float32 run beside the same run in float64."""
    with np.errstate(all="ignore"):
        units = [_unit(wide, i) for i in range(len(wide.graph))]
        spread = _Spread(wide, units)
        spread.run(RUNS)
        if any(map(spread.beyond, _pairs(narrow, wide))):
            spread.run(MORE_RUNS)
        return tuple(_judged(narrow, wide, spread))


def _pairs(narrow: Trace, wide: Trace) -> list[tuple[str, int, Any, Any]]:
    """(what, node, float32, float64), values and then gradients, in the order in which they are made."""
    order = [i for i in wide.plan.order if wide.plan.dtypes[i] in FLOATS]
    pairs = [("value", i, narrow.values[i], wide.values[i]) for i in order]
    if narrow.cotangents is None or wide.cotangents is None:
        return pairs
    back = [i for i in range(len(wide.graph) - 1, -1, -1) if wide.cotangents[i] is not None]
    return pairs + [("grad", i, narrow.cotangents[i], wide.cotangents[i]) for i in back]


def _judged(narrow: Trace, wide: Trace, spread: _Spread) -> list[Twin]:
    out: list[Twin] = []
    far: set[tuple[str, int]] = set()
    for what, i, a, b in _pairs(narrow, wide):
        node = wide.graph.nodes[i]
        off, status = _off(a, b), "ok"
        if spread.beyond((what, i, a, b)):
            status = "inherited" if far.intersection(_made_of(wide, what, i)) else "wrong"
            far.add((what, i))
        flat = int(np.argmax(off)) if off.size else 0
        index = tuple(int(k) for k in np.unravel_index(flat, off.shape)) if off.size and off.ndim else ()
        x, y = ((float(np.asarray(v)[index]) if off.size else 0.0) for v in (a, b))
        scale = _largest(b)
        error = float(off.max(initial=0.0)) / scale if scale else float(off.max(initial=0.0))
        out.append(Twin(node.name, node.op, what, status, error, index, x, y))
    return out


def _made_of(wide: Trace, what: str, i: int) -> list[tuple[str, int]]:
    """What a value or gradient is computed from."""
    inputs = [("value", j) for j in wide.plan.operands[i]]
    if what == "value":
        return inputs
    back: list[tuple[str, int]] = []
    for consumer, _ in wide.graph.consumers[i]:
        back += [("grad", consumer), ("value", consumer), *(("value", j) for j in wide.plan.operands[consumer])]
    return back


def _off(narrow: Any, wide: Any) -> np.ndarray:
    """The differences; none where both are the same Inf or NaN, and Inf where one of them alone is not finite."""
    a, b = np.asarray(narrow, np.float64), np.asarray(wide, np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b)) | ~np.isfinite(b)
    return np.where(same, 0.0, np.where(np.isfinite(a), np.abs(a - b), np.inf))


def _largest(x: Any) -> float:
    x = np.abs(np.asarray(x, np.float64))
    return float(np.max(x, initial=0.0, where=np.isfinite(x)))


class _Spread:
    """How far off each value and gradient is when every node's numbers are moved by roundings."""

    def __init__(self, wide: Trace, units: list[Any]) -> None:
        self.wide = wide
        self.units = units
        self.rng = np.random.default_rng(0)
        self.most: dict[tuple[str, int], float] = {}

    def beyond(self, pair: tuple[str, int, Any, Any]) -> bool:
        """Whether a float32 array is further off than rounding allows."""
        what, i, narrow, wide = pair
        allowed = FACTOR * (self.most.get((what, i), 0.0) + UNIT * _largest(wide) / 8) + TINY
        return bool(_off(narrow, wide).max(initial=0.0) > allowed)

    def run(self, times: int) -> None:
        for _ in range(times):
            moved = self._forward()
            self._compare("value", moved.values, self.wide.values)
            if self.wide.cotangents is not None:
                self._compare("grad", self._backward(moved), self.wide.cotangents)

    def _compare(self, what: str, moved: Sequence[Any], wide: Sequence[Any]) -> None:
        for i in range(len(self.wide.graph)):
            if wide[i] is not None and self.wide.plan.dtypes[i] in FLOATS:
                off = float(_off(moved[i], wide[i]).max(initial=0.0))
                self.most[what, i] = max(self.most.get((what, i), 0.0), off)

    def _forward(self) -> Trace:
        wide, plan = self.wide, self.wide.plan
        values, residuals = list(wide.values), list(wide.residuals or [])
        for i in plan.order:
            context = plan.contexts[i] or autodiff.random_context(wide.graph, i, wide.mode, wide.iteration)
            values[i], residuals[i] = plan.forwards[i](context, *[values[j] for j in plan.operands[i]])
            if plan.dtypes[i] in FLOATS:
                values[i] = self._moved(values[i], self.units[i])
        return Trace(
            wide.graph, plan, wide.state, wide.feeds, wide.mode, wide.iteration, values, residuals, wide.cotangents
        )  # fmt: skip

    def _backward(self, moved: Trace) -> list[Any]:
        graph, plan = moved.graph, moved.plan
        target = autodiff.start_of(graph, plan)
        cotangents: list[Any] = [None] * len(graph)
        cotangents[target] = self.wide.cotangents[target]  # type: ignore[index]
        moved.cotangents = cotangents
        for i in range(target, -1, -1):
            if cotangents[i] is None or plan.vjps[i] is None:
                continue
            for k, (j, part) in enumerate(zip(plan.operands[i], autodiff.sent(moved, i, cotangents[i]), strict=True)):
                if part is not None:
                    sent = self._moved(part, _sent_unit(moved, i, k))
                    cotangents[j] = sent if cotangents[j] is None else cotangents[j] + sent
        return cotangents

    def _moved(self, x: Any, unit: Any) -> Any:
        """x with a rounding of it, and of the terms it is made of, added or taken off."""
        size = UNIT * np.maximum(np.abs(x), np.where(np.isfinite(unit), unit, 0.0))
        return np.where(np.isfinite(x), x + self.rng.uniform(-1.0, 1.0, np.shape(x)) * size, x)[()]


def _unit(wide: Trace, i: int) -> Any:
    """The size of the terms that node i's value is the sum of."""
    formula = None if wide.graph.nodes[i].is_leaf or wide.plan.dtypes[i] not in FLOATS else formula_of(wide, i)
    return 0.0 if formula is None else _shaped(evaluate(sized(formula.tree), environment(wide, i)), wide.values[i])


def _sent_unit(moved: Trace, i: int, k: int) -> Any:
    """The size of the terms of what node i sends to its k-th input."""
    rule, j = rule_of(moved, i, k), moved.plan.operands[i][k]
    if rule is None:
        return 0.0
    return _shaped(evaluate(sized(rule.tree), environment(moved, i, moved.graph.nodes[i].slots[k])), moved.values[j])


def _shaped(size: Any, like: Any) -> Any:
    """A size for each element; that of the largest where the shapes differ."""
    return size if np.shape(size) == np.shape(like) else np.max(np.abs(size), initial=0.0)


@lru_cache(maxsize=4096)
def sized(tree: Expr) -> Expr:
    """A formula with the sizes of its terms added, whatever their signs. What is centred is a unit: x − mean x.

    >>> from graphlab.formula import parse, show
    >>> show(sized(parse("a @ b - c")))
    '|a| · |b| + |c|'
    """
    match tree:
        case Binary(op="-", right=Name(id="mu") | Call(function="mean")):
            return Call("abs", (tree,))
        case Binary(op="+" | "-", left=left, right=right):
            return Binary("+", sized(left), sized(right))
        case Binary(op="*" | "@" as op, left=left, right=right):
            return Binary(op, sized(left), sized(right))
        case Binary(op="/", left=left, right=right):
            return Binary("/", sized(left), Call("abs", (right,)))
        case Negative(operand=operand):
            return sized(operand)
        case Call(function=function, args=args, keywords=keywords) if function in _LINEAR:
            return Call(function, tuple(sized(arg) for arg in args), keywords)
        case Call(function=function, args=args) if function in _EITHER:
            parts = [sized(arg) for arg in args[function == "where" :]]
            return parts[0] if len(parts) == 1 else Binary("+", *parts)
    return Call("abs", (tree,))
