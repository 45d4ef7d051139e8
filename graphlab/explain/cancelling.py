"""Why a gradient is 0: which terms cancel, and for what reason where it is known. Each sentence is a claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.base.numbers import number, signed
from graphlab.explain.rounding import terms_size
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.ops.norm import other_axes
from graphlab.trace import Trace

LISTED = 4  # terms, and places, that are named
_LAST = ("layernorm", "softmax_cross_entropy")


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Where terms cancel: at a node where contributions meet, or (slot) inside what a node sends.

    terms: (consumer, RMS of what it sends). reason: in words, where it is known.
    """

    node: str
    slot: str | None
    terms: tuple[tuple[str, float], ...]
    reason: str


def is_cancelled(trace: Trace, i: int, k: int = -1) -> bool:
    """Whether all of a gradient, or of what one edge sends, is 0, and terms of it cancel."""
    if (i, k) not in trace.cancelled:
        return False
    array = trace.cotangents[i] if k < 0 else trace.contributions[i][k]  # type: ignore[index]
    return not np.any(array)


def note(trace: Trace, i: int, k: int = -1) -> str:
    """What is said of a gradient that is 0 for rounding alone, wholly or at some places; nothing of any other.

    trace: without noise.

    >>> import graphlab as gl
    >>> from graphlab.explain.rounding import without_noise
    >>> text = "graphlab: 1\\nparams: {x: 0.1}\\nnodes: {a: x * -0.3, b: x * 0.2, c: x * 0.1, L: a + b + c}\\nloss: L"
    >>> note(without_noise(gl.backward(gl.forward(gl.loads(text)))), 0)
    '0 (but for rounding): the terms cancel: 0.1 from c, 0.2 from b, -0.3 from a'
    """
    found = trace.cancelled.get((i, k))
    if found is None:
        return ""
    if is_cancelled(trace, i, k):
        why = reason(trace, i, k)
        return tr("0 (but for rounding): the terms cancel") + (f": {why}" if why else "")
    places = [f"[{','.join(map(str, place))}]" for place in np.argwhere(found).tolist()]
    more = " …" if len(places) > LISTED else ""
    return tr("0 (but for rounding) at {places}: the terms cancel", places=", ".join(places[:LISTED]) + more)


def notes(trace: Trace) -> Iterator[tuple[str, str]]:
    """(name, what is said) of every gradient that is 0 for rounding alone."""
    for (i, k), _ in sorted(trace.cancelled.items()):
        node = trace.graph.nodes[i]
        if k < 0:
            yield node.name, note(trace, i)


def cancelling(trace: Trace, j: int) -> Cancelling | None:
    """How node j's gradient came to be 0 or nearly so, where its terms cancel at it; None where they do not."""
    parts = list(_parts(trace, j))
    sizes = [_rms(part) for _, _, part in parts]
    if sum(size > 0 for size in sizes) < 2:
        return None
    terms = tuple((trace.graph.nodes[c].name, size) for (c, _, _), size in zip(parts, sizes, strict=True))
    return Cancelling(trace.graph.nodes[j].name, None, terms, _listed(trace, j, parts))


def cancelled_inside(trace: Trace, i: int, k: int) -> Cancelling | None:
    """Why what node i sends to its k-th input is all 0, where it is a sum of terms that are not; else None."""
    part = trace.contributions[i][k]  # type: ignore[index]
    if np.any(part):
        return None
    size = None if is_cancelled(trace, i, k) else terms_size(trace, i, k)
    if not is_cancelled(trace, i, k) and (size is None or not np.any(size)):
        return None
    node = trace.graph.nodes[i]
    return Cancelling(node.name, node.slots[k], (), reason(trace, i, k))


def reason(trace: Trace, i: int, k: int = -1) -> str:
    """Why terms cancel in node i's gradient (k < 0) or in what it sends to its k-th input; empty where not known."""
    for _ in range(len(trace.graph)):
        if k >= 0:
            if trace.cotangents is not None and not np.any(trace.cotangents[i]):  # it arrived as 0
                k = -1
                continue
            return _inside(trace, i, k)
        parts = list(_parts(trace, i))
        if any(np.any(part) for _, _, part in parts):
            return _listed(trace, i, parts)
        gone = [(c, slot) for c, slot, _ in parts if is_cancelled(trace, c, slot)]
        if len(gone) != 1:
            return ""
        i, k = gone[0]
    return ""


def _parts(trace: Trace, j: int) -> Iterator[tuple[int, int, Any]]:
    """(consumer, slot, what it sends) of each term of node j's gradient, in the order in which they are added."""
    for c, k in sorted(trace.graph.consumers[j], key=lambda edge: (-edge[0], edge[1])):
        sent = trace.contributions[c] if trace.contributions is not None else None
        if sent is not None and sent[k] is not None:
            yield c, k, sent[k]


def _listed(trace: Trace, j: int, parts: list[tuple[int, int, Any]]) -> str:
    """0.5 from a, -0.5 from b."""
    one = trace.plan.shapes[j] == ()
    said = []
    for c, _, part in parts[:LISTED]:
        what = number(np.reshape(part, ())) if one else _sent_text(np.asarray(part))
        said.append(tr("{what} from {node}", what=what, node=symbol(trace.graph.nodes[c].name)))
    return ", ".join(said) + (" …" if len(parts) > LISTED else "")


def _sent_text(part: np.ndarray) -> str:
    """Where all numbers are equal that number; else the size."""
    flat = part.ravel()
    return signed(flat[0]) if flat.size and np.all(flat == flat[0]) else f"rms {number(_rms(part), 3)}"


def _inside(trace: Trace, i: int, k: int) -> str:
    """Why the terms that node i adds for its k-th input cancel."""
    node, grad = trace.graph.nodes[i], trace.cotangents[i]  # type: ignore[index]
    name = symbol(node.name)
    if k == 0 and node.op in ("batchnorm", "layernorm", "softmax", "log_softmax"):
        axes = _unmoved(trace, i, k)
        weight = grad * trace.values[trace.plan.operands[i][1]] if node.op == "layernorm" else grad
        if axes and node.op != "log_softmax" and _is_even(np.asarray(weight), axes):
            if node.op == "softmax":
                text = "the numbers of '{node}' (softmax) add up to 1 whatever x is, and here each counts alike"
                return tr(text, node=name)
            text = "the normalised numbers of '{node}' ({op}) add up to 0 whatever x is, and here each counts alike"
            return tr(text, node=name, op=node.op)
        return ""
    summed = _summed(trace, i, k)
    for c, axes in _invariant(trace, i):
        if not axes or not set(axes) <= summed:
            return ""
        return _unmoved_text(trace, c, name)
    return ""


def _is_even(array: np.ndarray, axes: tuple[int, ...]) -> bool:
    """Whether it is the same all along the axes, but for rounding."""
    spread = array.max(axis=axes) - array.min(axis=axes)
    return bool(np.all(spread <= 8 * np.finfo(array.dtype).eps * np.abs(array).max(axis=axes)))


def _summed(trace: Trace, i: int, k: int) -> set[int]:
    """The axes of node i's value along which its k-th input is repeated: its gradient is the sum over these."""
    node, shape = trace.graph.nodes[i], trace.plan.shapes[i]
    if node.op == "affine" and node.slots[k] == "b":
        return set(range(len(shape) - 1))
    if node.op not in ("add", "sub"):
        return set()
    own = trace.plan.shapes[trace.plan.operands[i][k]]
    lead = len(shape) - len(own)
    return {a for a in range(len(shape)) if a < lead or own[a - lead] == 1}


def _invariant(trace: Trace, i: int) -> list[tuple[int, tuple[int, ...]]]:
    """The consumers that give node i its gradient, with the axes along which a constant added to it does not change
    what they make: there each one's contribution adds up to 0. Empty where one of them has none."""
    found = []
    for c, k, _ in _parts(trace, i):
        axes = _unmoved(trace, c, k)
        if not axes:
            return _centred(trace, i)
        found.append((c, axes))
    return found if len({axes for _, axes in found}) == 1 else []


def _unmoved(trace: Trace, c: int, k: int) -> tuple[int, ...]:
    """The axes along which a constant may be added to the k-th input of node c, and its value stays as it is."""
    node = trace.graph.nodes[c]
    ndim = len(trace.plan.shapes[trace.plan.operands[c][k]])
    if k or not ndim:
        return ()
    if node.op == "batchnorm":
        return other_axes(ndim, node.attrs["axis"]) if trace.mode == "train" else ()
    last = node.op in _LAST or (node.op in ("softmax", "log_softmax") and node.attrs["axis"] % ndim == ndim - 1)
    return (ndim - 1,) if last else ()


def _unmoved_text(trace: Trace, c: int, name: str) -> str:
    node = trace.graph.nodes[c]
    values = {"node": symbol(node.name), "op": node.op}
    if node.op == "batchnorm" and len(trace.plan.shapes[c]) == 2 and node.attrs["axis"] in (-1, 1):
        text = "'{node}' ({op}) subtracts each column's mean, so a constant added to a whole column changes nothing"
        return tr(text, **values)
    if node.op == "batchnorm":
        text = "'{node}' ({op}) subtracts each feature's mean, so a constant added to a whole feature changes nothing"
        return tr(text, **values)
    if node.op in ("softmax", "log_softmax", "softmax_cross_entropy"):
        return tr("'{node}' ({op}) stays as it is when one constant is added to a whole row", **values)
    if node.op == "layernorm":
        text = "'{node}' ({op}) subtracts each row's mean, so a constant added to a whole row changes nothing"
        return tr(text, **values)
    return tr("'{node}' is {x} − mean({x}), so a constant added to all of {x} changes nothing", x=name, **values)


def _centred(trace: Trace, i: int) -> list[tuple[int, tuple[int, ...]]]:
    """x − mean(x): where node i is taken by these two alone."""
    graph, plan = trace.graph, trace.plan
    takers = {c for c, _, _ in _parts(trace, i)}
    means = [c for c in takers if graph.nodes[c].op == "mean"]
    subs = [c for c in takers if graph.nodes[c].op == "sub" and plan.operands[c][0] == i]
    if len(takers) != 2 or len(means) != 1 or len(subs) != 1 or plan.operands[subs[0]][1] != means[0]:
        return []
    if {c for c, _ in graph.consumers[means[0]]} != {subs[0]}:
        return []
    ndim, axis = len(plan.shapes[i]), graph.nodes[means[0]].attrs["axis"]
    axes = tuple(range(ndim)) if axis is None else tuple(sorted(int(a) % ndim for a in np.atleast_1d(axis)))
    return [(subs[0], axes)] if set(axes) == _summed(trace, subs[0], 1) else []


def _rms(array: Any) -> float:
    array = np.asarray(array, np.float64)
    return float(np.sqrt(np.mean(np.square(array)))) if array.size else 0.0
