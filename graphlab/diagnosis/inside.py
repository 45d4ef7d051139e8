"""Inside a node: the entries of its inputs that make its result not finite, found by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.engine import autodiff
from graphlab.errors import GraphlabError
from graphlab.trace import Trace

LARGEST = 1 << 20  # elements of an input, up to which its entries are tried
NAMED = 6  # entries of one input
Entry = tuple[str, float]


def unstable(trace: Trace, i: int) -> str | None:
    """The first of the numbers that node i keeps on its way that is not finite, though its value is; None: none is."""
    op = ops.get(trace.graph.nodes[i].op)
    if not op.residuals or any(trace.values[j] is None for j in trace.plan.operands[i]):
        return None
    for name, kept in zip(op.residuals, trace.residuals_of(i), strict=False):
        if np.ndim(kept) and np.asarray(kept).dtype.kind == "f" and not np.isfinite(kept).all():
            return name
    return None


def entries_of(trace: Trace, i: int, where: np.ndarray, name: str | None = None) -> tuple[Entry, ...]:
    """Per input of node i the entries that each by itself, or two together, make its value (or what it keeps under
    this name) not finite there: with every other entry of that input an ordinary number it still is.

    Empty where there are none: where it takes more of them. Of each input NAMED at most.

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\ninputs: {p: [[0.5, 0.5], [1, 0]], t: [0, 1]}\\nnodes: {L: 'cross_entropy(p, t)'}"
    >>> entries_of(gl.forward(gl.loads(text)), 2, np.array(True))
    (('p[1,1]', 0.0),)
    """
    node = trace.graph.nodes[i]
    values = [trace.values[j] for j in trace.plan.operands[i]]
    if any(value is None for value in values):
        return ()
    op = ops.get(node.op)
    named = [k for k, operand in enumerate(node.inputs) if isinstance(operand, str)]
    slots = [k for k in named if _may_be_tried(values[k], node.slots[k], op)]
    is_bad = _trial(trace, i, where, name)
    plain = {k: ordinary(values[k]) for k in slots}
    alone = [k for k in slots if not is_bad({k: plain[k]})]
    if not alone and not is_bad(plain):  # each of several inputs is enough
        found = {k: _causes(k, values[k], plain, is_bad) for k in slots}
    else:
        found = {k: _causes(k, values[k], {k: plain[k]}, is_bad) for k in alone}
    return tuple(
        [
            (f"{node.inputs[k]}[{','.join(map(str, place))}]" if place else str(node.inputs[k]),
             float(np.asarray(values[k])[place]))
            for k, places in found.items()
            for place in places
        ]
    )  # fmt: skip


def ordinary(value: Any) -> np.ndarray:
    """Numbers between ¼ and ¾, no two alike, of the same shape and dtype: no op overflows on them."""
    array = np.asarray(value)
    spread = 0.25 + 0.5 * ((np.arange(array.size) * 0.6180339887498949) % 1)
    return spread.reshape(array.shape).astype(array.dtype)


def _may_be_tried(value: Any, slot: str, op: type[ops.Op]) -> bool:
    array = np.asarray(value)
    return array.dtype.kind == "f" and 0 < array.size <= LARGEST and slot not in op.as_is


def _trial(trace: Trace, i: int, where: np.ndarray, name: str | None) -> Callable[[Mapping[int, Any]], bool]:
    """Whether node i's result is not finite there with other values for some of its inputs."""
    plan, op = trace.plan, ops.get(trace.graph.nodes[i].op)
    values = [trace.values[j] for j in plan.operands[i]]

    def is_bad(others: Mapping[int, Any]) -> bool:
        context = plan.contexts[i] or autodiff.random_context(trace.graph, i, trace.mode, trace.iteration)
        given = [others[k][()] if k in others else value for k, value in enumerate(values)]
        with np.errstate(all="ignore"):
            try:
                value, kept = plan.forwards[i](context, *given)
            except GraphlabError:  # a number that the op refuses says nothing
                return True
        looked_at = value if name is None else dict(zip(op.residuals, kept, strict=False))[name]
        return not np.isfinite(np.asarray(looked_at)[where]).all()

    return is_bad


def _causes(
    k: int, value: Any, plain: Mapping[int, np.ndarray], is_bad: Callable[[Mapping[int, Any]], bool]
) -> list[tuple[int, ...]]:  # fmt: skip
    """The entries of the k-th input that make the result not finite, one or two at a time: the first, then the first of
    those that still do when it is an ordinary number, and so on."""
    flat, shape, found = np.asarray(value).ravel().copy(), np.shape(value), list[int]()
    usual = plain[k].ravel()

    def bad_with(places: Sequence[int]) -> bool:
        tried = usual.copy()
        tried[places] = flat[places]
        return is_bad({**plain, k: tried.reshape(shape)})

    while len(found) < NAMED and (more := _cause(flat.size, bad_with)):
        found += more
        flat[more] = usual[more]
    return [tuple(int(n) for n in np.unravel_index(place, shape)) for place in sorted(found)]


def _cause(size: int, bad_with: Callable[[Sequence[int]], bool]) -> list[int]:
    """The one entry, or the two, that make the result not finite; none where it takes more."""
    last = _first(size, lambda n: bad_with(range(n + 1)))
    if last is None:
        return []
    if bad_with([last]):
        return [last]
    other = _first(last, lambda n: bad_with([*range(n + 1), last]))
    return [] if other is None or not bad_with([other, last]) else [other, last]


def _first(count: int, holds: Callable[[int], bool]) -> int | None:
    """The first n below count for which it holds, where it holds from there on."""
    if count == 0 or not holds(count - 1):
        return None
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
