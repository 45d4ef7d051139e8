"""The first number that is not finite: which work made it, from what; "given" only where it was passed on unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.inside import entries_of, unstable
from graphlab.trace import Trace
from graphlab.worked import backward_worked, forward_worked

SHOWN = 5  # elements named of an array that is not finite


@dataclass(frozen=True, slots=True)
class Element:
    """One element that is not finite. index: in the array that was made. inputs: what it was made from, by name."""

    index: tuple[int, ...]
    value: float
    inputs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Birth:
    """The first work that made a NaN or an Inf. phase: given, forward or backward. to: backward, whose gradient.

    rule: what was computed, as symbols. count: how many of `size` elements are not finite. inside: the step of the work
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

    Made: a NaN or Inf out of finite numbers, or a NaN out of an Inf (∞ − ∞, 0 × ∞). Where nothing made one, and one
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
                where = made_at(trace, i)
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
        named = () if ops.get(node.op).elementwise else entries_of(trace, i)
        given = self.of(trace.plan.operands[i])
        return _birth("forward", node, None, rule, trace.values[i], elements, None, named, given)

    def hidden(self, i: int, name: str) -> Birth:
        """A value that is finite although a step on its way was not."""
        trace, node = self.trace, self.trace.graph.nodes[i]
        rule = forward_worked(trace, i, numbers=False).symbolic
        array = np.asarray(dict(zip(ops.get(node.op).residuals, trace.residuals_of(i), strict=False))[name])
        elements = _elements(array, ~np.isfinite(array), {})
        return _birth("forward", node, None, rule, array, elements, name, entries_of(trace, i, name), ())

    def inputs(self, i: int, shape: tuple[int, ...]) -> dict[str, Any]:
        """Those of node i's inputs, by name, whose entries stand at the same places as those of a result."""
        node, op = self.trace.graph.nodes[i], ops.get(self.trace.graph.nodes[i].op)
        pairs = [(o, self.trace.values[j]) for o, j in zip(node.inputs, self.trace.plan.operands[i], strict=True)]
        return {
            o: value for o, value in pairs
            if isinstance(o, str) and (op.elementwise or (op.family != "linear" and np.shape(value) == shape))
        }  # fmt: skip

    def of(self, places: tuple[int, ...]) -> tuple[str, ...]:
        """The leaves whose given numbers are in these."""
        found = frozenset().union(*(self.sources.get(j, frozenset()) for j in places))
        return tuple(self.trace.graph.nodes[i].name for i in sorted(found))

    def backward(self) -> Birth | None:
        trace = self.trace
        for i in range(trace.plan.target or 0, -1, -1):
            parts = trace.contributions[i] if trace.contributions is not None else None
            for k, part in enumerate(parts or ()):
                if not _finite(part) and (where := sent_at(trace, i, k)).any():
                    return self.sent(i, k, where)
        return None

    def sent(self, i: int, k: int, where: np.ndarray) -> Birth:
        trace, node = self.trace, self.trace.graph.nodes[i]
        part = trace.contributions[i][k]  # type: ignore[index]
        inputs = {f"∂L/∂{node.name}": trace.cotangents[i], node.name: trace.values[i]}  # type: ignore[index]
        inputs |= self.inputs(i, np.shape(part))
        rule = backward_worked(trace, i, k, numbers=False).symbolic
        given = self.of((i, *trace.plan.operands[i]))
        return _birth(
            "backward", node, str(node.inputs[k]), rule, part, _elements(part, where, inputs), None, (), given
        )

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
                elements = _elements(trace.values[i], ~np.isfinite(trace.values[i]), {})
                return _birth("given", node, None, None, trace.values[i], elements, None, (), ())
        return None


def _finite(array: Any) -> bool:
    return array is None or np.asarray(array).dtype.kind != "f" or bool(np.isfinite(array).all())


def made_at(trace: Trace, i: int) -> np.ndarray:
    """Which elements of node i's value it made not finite, and did not pass on: out of finite numbers, or NaN of Inf.

    Element by element where the op works so; else over its inputs as wholes.
    """
    value = np.asarray(trace.values[i])
    values = [trace.values[j] for j in trace.plan.operands[i]]
    return _made(value, values, ops.get(trace.graph.nodes[i].op).elementwise)


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


def _birth(
    phase: str, node: Any, to: str | None, rule: str | None, array: Any, elements: tuple[Element, ...],
    inside: str | None, entries: tuple[tuple[str, float], ...], given: tuple[str, ...],
) -> Birth:  # fmt: skip
    array = np.asarray(array)
    count = int((~np.isfinite(array)).sum())
    return Birth(phase, node.name, node.op, to, rule, count, array.size, elements, inside, entries, given)


def _elements(array: Any, where: np.ndarray, inputs: dict[str, Any]) -> tuple[Element, ...]:
    """The first of the elements that were made, with those of the inputs that stand at the same place."""
    array = np.asarray(array)
    return tuple(_element(array, tuple(int(n) for n in index), inputs) for index in np.argwhere(where)[:SHOWN])


def _element(array: np.ndarray, index: tuple[int, ...], inputs: dict[str, Any]) -> Element:
    found = {}
    for name, value in inputs.items():
        if value is not None:
            try:
                found[name] = float(np.broadcast_to(value, array.shape)[index])
            except ValueError:  # of another shape: no single element of it stands here
                continue
    return Element(index, float(array[index]), found)
