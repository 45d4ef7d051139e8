"""The first number that is not finite: which work made it, from what; "given" only where it was passed on unchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.base.numbers import number
from graphlab.diagnosis.inside import NAMED, entries_of, unstable
from graphlab.explain.worked import backward_worked, forward_worked
from graphlab.formula.show import symbol
from graphlab.trace import Trace

SHOWN = 5  # elements named of an array that is not finite, and entries of an input


@dataclass(frozen=True, slots=True)
class Element:
    """One element that is not finite. index: in the array that was made. inputs: what it was made from, by name;
    places: where each stands in its own array."""

    index: tuple[int, ...]
    value: float
    inputs: dict[str, float]
    places: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Birth:
    """The first work that made a NaN or an Inf. phase: given, forward, backward, or added: where the terms of the
    node's gradient are added up. to: backward, whose gradient.

    rule: what was computed, as symbols. count: how many of `size` elements it made so. inside: the step of the work
    that overflowed where its result hides it, such as a variance. entries: the numbers of its inputs that made it, by
    name and place, where its elements do not say. given: leaves that were given such numbers, and that it was made of.
    """

    phase: str
    node: str
    op: str
    to: str | None
    rule: str | None
    count: int
    size: int
    elements: tuple[Element, ...]
    inside: str | None = None
    entries: tuple[tuple[str, float], ...] = ()
    given: tuple[str, ...] = ()


def birth(trace: Trace) -> Birth | None:
    """The first work that made a number that is not finite, forward, else backward; None where all is well.

    Made: a NaN or Inf out of finite numbers, a NaN out of an Inf (∞ − ∞, 0 × ∞), or ∞ by a loss that takes one of
    several −∞ and leaves others (a label that a mask leaves out). Where nothing made one, and one
    that was given reaches the loss or a gradient, that is it (phase given); one that goes nowhere is none.
    """
    return _Search(trace).found()


class _Search:
    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.bad = [not _finite(value) for value in trace.values]
        self.sources: dict[int, frozenset[int]] = {}  # per node with such numbers, the leaves that they came from

    def found(self) -> Birth | None:
        trace = self.trace
        given = [i for i, node in enumerate(trace.graph.nodes) if node.is_leaf and self.bad[i]]
        self.sources = {i: frozenset([i]) for i in given}
        for i in trace.plan.order:
            operands = [j for j in trace.plan.operands[i] if self.bad[j]]
            if self.bad[i]:
                where = made_at(trace, i) | _chosen(trace, i)
                if where.any():
                    return self.forward(i, where)
                self.sources[i] = frozenset().union(*(self.sources.get(j, frozenset()) for j in operands))
            elif not operands and (name := unstable(trace, i)) is not None:
                return self.hidden(i, name)
        return self.backward() or (self.passed(given) if given else None)

    def forward(self, i: int, where: np.ndarray) -> Birth:
        trace, node = self.trace, self.trace.graph.nodes[i]
        rule = forward_worked(trace, i, numbers=False).symbolic
        elements = _elements(trace.values[i], where, self.inputs(i, np.shape(trace.values[i])))
        named = () if ops.get(node.op).elementwise else entries_of(trace, i, where)
        given = self.of(trace.plan.operands[i])
        return _birth("forward", node, None, rule, where, elements, None, named, given)

    def hidden(self, i: int, name: str) -> Birth:
        """A value that is finite although a step on its way was not."""
        trace, node = self.trace, self.trace.graph.nodes[i]
        rule = forward_worked(trace, i, numbers=False).symbolic
        array = np.asarray(dict(zip(ops.get(node.op).residuals, trace.residuals_of(i), strict=False))[name])
        where = ~np.isfinite(array)
        elements = _elements(array, where, {})
        return _birth("forward", node, None, rule, where, elements, name, entries_of(trace, i, where, name), ())

    def inputs(self, i: int, shape: tuple[int, ...]) -> dict[str, Any]:
        """Those of node i's inputs, by name, whose entries stand at the same places as those of a result."""
        node, op = self.trace.graph.nodes[i], ops.get(self.trace.graph.nodes[i].op)
        pairs = [(o, self.trace.values[j]) for o, j in zip(node.inputs, self.trace.plan.operands[i], strict=True)]
        return {
            o: _told(op, value) for o, value in pairs
            if isinstance(o, str) and value is not None
            and (op.elementwise or (op.family != "linear" and np.shape(value) == shape))
        }  # fmt: skip

    def of(self, places: tuple[int, ...]) -> tuple[str, ...]:
        """The leaves whose given numbers are in these."""
        found = frozenset().union(*(self.sources.get(j, frozenset()) for j in places))
        return tuple(self.trace.graph.nodes[i].name for i in sorted(found))

    def backward(self) -> Birth | None:
        trace = self.trace
        for i in range(trace.plan.target or 0, -1, -1):
            if trace.cotangents is not None and (over := _overflow(trace, i)).any():
                elements = _elements(trace.cotangents[i], over, {})
                return _birth("added", trace.graph.nodes[i], None, None, over, elements, None, (), ())
            parts = trace.contributions[i] if trace.contributions is not None else None
            for k, part in enumerate(parts or ()):
                if not _finite(part) and (where := sent_at(trace, i, k)).any():
                    return self.sent(i, k, where)
        return None

    def sent(self, i: int, k: int, where: np.ndarray) -> Birth:
        trace, node, op = self.trace, self.trace.graph.nodes[i], ops.get(self.trace.graph.nodes[i].op)
        part = np.asarray(trace.contributions[i][k])  # type: ignore[index]
        shape = np.shape(trace.values[i])
        summed = op.elementwise and part.shape != shape
        inputs = {f"∂L/∂{node.name}": trace.cotangents[i], node.name: trace.values[i]}  # type: ignore[index]
        if not op.elementwise and shape not in ((), part.shape):
            inputs = {}
        inputs = {name: _told(op, value) for name, value in inputs.items() if value is not None}
        inputs |= self.inputs(i, shape if summed else part.shape)
        rule = backward_worked(trace, i, k, numbers=False).symbolic
        given = self.of((i, *trace.plan.operands[i]))
        places = _terms(trace, i, k) if summed else None
        elements = _elements(part, where, inputs, places)
        return _birth("backward", node, str(node.inputs[k]), rule, where, elements, None, (), given)

    def passed(self, given: list[int]) -> Birth | None:
        """The first leaf whose given number goes on to the loss or into a gradient."""
        trace = self.trace
        target = trace.plan.target
        ends = [target] if target is not None and self.bad[target] else []
        gradients = trace.contributions is not None and any(
            not _finite(part) for parts in trace.contributions for part in parts or ()
        )
        reached = frozenset().union(*(self.sources.get(i, frozenset()) for i in ends))
        for i in given:
            if i in reached or gradients:
                node = trace.graph.nodes[i]
                where = ~np.isfinite(trace.values[i])
                return _birth("given", node, None, None, where, _elements(trace.values[i], where, {}), None, (), ())
        return None


def made_text(entries: Sequence[tuple[str, float]]) -> str:
    """p[0,1] = 0, p[2,0] = 0; of each input SHOWN at most."""
    said, counts = [], Counter[str]()
    for name, value in entries:
        owner = name.rpartition("[")[0]
        counts[owner] += 1
        if counts[owner] <= SHOWN:
            said.append(f"{symbol(name)} = {number(value)}")
        elif said[-1] != "…":
            said.append("…")
    return ", ".join(said)


def _finite(array: Any) -> bool:
    return array is None or np.asarray(array).dtype.kind != "f" or bool(np.isfinite(array).all())


def made_at(trace: Trace, i: int) -> np.ndarray:
    """Which elements of node i's value it made not finite, and did not pass on: out of finite numbers, or NaN of Inf.

    Element by element where the op works so; else over its inputs as wholes.
    """
    value = np.asarray(trace.values[i])
    values = [trace.values[j] for j in trace.plan.operands[i]]
    return _made(value, values, ops.get(trace.graph.nodes[i].op).elementwise)


def _chosen(trace: Trace, i: int) -> np.ndarray:
    """Where a loss is infinite for a few of the infinities that it was given, of the other sign; others do no harm."""
    value, values = np.asarray(trace.values[i]), [np.asarray(trace.values[j]) for j in trace.plan.operands[i]]
    where = np.isinf(value)
    if ops.get(trace.graph.nodes[i].op).family != "loss" or not where.any():
        return np.zeros(value.shape, bool)
    if any(np.isinf(one).any() and np.isin(np.sign(value[where]), np.sign(one[np.isinf(one)])).any() for one in values):
        return np.zeros(value.shape, bool)
    harmful = [number for _, number in entries_of(trace, i, where) if np.isinf(number)]
    given = sum([int(np.isinf(one).sum()) for one in values])
    return where if 0 < len(harmful) < min(given, NAMED) else np.zeros(value.shape, bool)


def sent_at(trace: Trace, i: int, k: int) -> np.ndarray:
    """The same for what node i sends to its k-th input: made of its upstream gradient, its inputs and its value."""
    part = np.asarray(trace.contributions[i][k])  # type: ignore[index]
    values = [trace.values[j] for j in trace.plan.operands[i]]
    values += [trace.values[i], trace.cotangents[i]]  # type: ignore[index]
    return _made(part, values, ops.get(trace.graph.nodes[i].op).elementwise and np.shape(trace.values[i]) == part.shape)


def _made(value: np.ndarray, values: list[Any], elementwise: bool) -> np.ndarray:
    nan, inf = np.zeros(value.shape, bool), np.zeros(value.shape, bool)
    for one in values:
        if one is None or np.asarray(one).dtype.kind != "f":
            continue
        if elementwise:
            nan, inf = nan | np.isnan(one), inf | np.isinf(one)
        else:
            nan, inf = nan | np.isnan(one).any(), inf | np.isinf(one).any()
    return (np.isnan(value) & ~nan) | (np.isinf(value) & ~nan & ~inf)


def _overflow(trace: Trace, i: int) -> np.ndarray:
    """Where node i's gradient is not finite, although each of the terms that are added up to it is."""
    grad = np.asarray(trace.cotangents[i])  # type: ignore[index]
    if trace.cotangents[i] is None or _finite(grad):  # type: ignore[index]
        return np.zeros((), bool)
    parts = [
        sent[k] for c, k in trace.graph.consumers[i] if (sent := trace.contributions[c]) is not None  # type: ignore[index]
    ]  # fmt: skip
    parts = [part for part in parts if part is not None]
    bad = [~np.isfinite(part) for part in parts]
    return ~np.isfinite(grad) & ~np.logical_or.reduce(bad) if len(parts) > 1 else np.zeros((), bool)


def _terms(trace: Trace, i: int, k: int) -> np.ndarray:
    """Where the terms stand, in node i's value, that are not finite in the sum that it sends to its k-th input."""
    plan = trace.plan
    given = tuple([trace.values[j] for j in plan.operands[i]])
    with np.errstate(all="ignore"):
        made = plan.vjps[i](plan.back_contexts[i], trace.cotangents[i], given, trace.values[i], trace.residuals_of(i))  # type: ignore[index]
    terms = np.broadcast_to(made[k], plan.shapes[i])
    return np.argwhere(_made(terms, [*given, trace.values[i], trace.cotangents[i]], True))  # type: ignore[index]


def _told(op: type[ops.Op], value: Any) -> Any:
    """An input as its entries explain those of the result: where one is made of a whole row, only a bad number does."""
    if op.elementwise or op.family == "loss" or np.asarray(value).dtype.kind != "f":
        return value
    return np.ma.masked_where(np.isfinite(value), value)


def _birth(
    phase: str, node: Any, to: str | None, rule: str | None, where: np.ndarray, elements: tuple[Element, ...],
    inside: str | None, entries: tuple[tuple[str, float], ...], given: tuple[str, ...],
) -> Birth:  # fmt: skip
    return Birth(phase, node.name, node.op, to, rule, int(where.sum()), where.size, elements, inside, entries, given)


def _elements(
    array: Any, where: np.ndarray, inputs: dict[str, Any], places: np.ndarray | None = None
) -> tuple[Element, ...]:
    """The first of the elements that were made, with those of the inputs that stand at the same place.

    places: where in the inputs, taken to one shape, the terms stand that each is the sum of.
    """
    array, found = np.asarray(array), []
    for index in np.argwhere(where)[:SHOWN].tolist():
        at: tuple[int, ...] | None = tuple(index)
        if places is not None:
            at = next((tuple(p) for p in places.tolist() if _place(p, array.shape) == tuple(index)), None)
        found.append(_element(array, tuple(index), {} if at is None else inputs, at or ()))
    return tuple(found)


def _element(array: np.ndarray, index: tuple[int, ...], inputs: dict[str, Any], at: tuple[int, ...]) -> Element:
    values, places = {}, {}
    for name, value in inputs.items():
        place = _place(at, np.shape(value))
        if place is not None and (one := np.ma.asanyarray(value)[place]) is not np.ma.masked:
            values[name], places[name] = float(one), place
    return Element(index, float(array[index]), values, places)


def _place(at: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Where an entry that is broadcast to this place stands in an array of this shape."""
    if len(shape) > len(at):
        return None
    return tuple([0 if n == 1 else k for n, k in zip(shape, at[len(at) - len(shape) :], strict=True)])
