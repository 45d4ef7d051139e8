"""Units that no longer learn: of several, those whose gradient is 0 for every example of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.trace import Trace

_SAME_PLACE = frozenset(["affine", "batchnorm", "dropout", "add", "sub", "mul", "matmul"])


@dataclass(frozen=True, slots=True)
class DeadUnit:
    """A unit (the last axis) that is dead. rectified: its relu is 0 for all examples; else no gradient arrives at it.

    place: of its numbers, such as [:,2]. params: parameters whose entries for this unit have the gradient 0 therefore.
    """

    node: str
    op: str
    unit: int
    place: str
    units: int
    examples: int
    rectified: bool
    params: tuple[str, ...]


def dead_units(trace: Trace) -> tuple[DeadUnit, ...]:
    """The dead units of each relu, and of each layer at which no gradient arrives for a unit for another reason.

    A unit is said to be dead only where another of the same layer is not, and there are two examples or more.

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\ninputs: {x: [[1], [2]]}\\nparams: {W: [[1, -1]], b: [0, 0]}"
    >>> trace = gl.backward(gl.forward(gl.loads(text + "\\nnodes: {h: 'affine(x, W, b)', r: relu(h), L: sum(r)}")))
    >>> [(dead.node, dead.unit, dead.units, dead.params) for dead in dead_units(trace)]
    [('r', 1, 2, ('W', 'b'))]
    """
    found: list[DeadUnit] = []
    said: set[tuple[int, int]] = set()  # units of nodes whose gradient a relu above has stopped already
    if trace.cotangents is None:
        return ()
    for i in reversed(trace.plan.order):
        node, grad = trace.graph.nodes[i], trace.cotangents[i]
        if grad is None or trace.values[i] is None or np.ndim(grad) < 2 or not np.all(np.isfinite(grad)):
            continue
        if node.op == "relu":
            dead = _columns(trace.values[i] == 0)
            layer = _layer(trace, i)
            for unit in dead:
                said.update((j, unit) for j in layer)
                found.append(_unit(trace, i, unit, True, _params(trace, layer, unit)))
        elif node.op in ("affine", "matmul"):
            for unit in _columns(grad == 0):
                if (i, unit) not in said and (params := _params(trace, [i], unit)):
                    found.append(_unit(trace, i, unit, False, params))
    return tuple(reversed(found))


def _unit(trace: Trace, i: int, unit: int, rectified: bool, params: tuple[str, ...]) -> DeadUnit:
    node, shape = trace.graph.nodes[i], trace.plan.shapes[i]
    examples = int(np.prod(shape[:-1]))
    place = f"[{':,' * (len(shape) - 1)}{unit}]"
    return DeadUnit(node.name, node.op, unit, place, shape[-1], examples, rectified, params)


def _columns(nothing: Any) -> list[int]:
    """The units, of several, for which it holds at every example of several; none where it does for all units."""
    nothing = np.asarray(nothing).reshape(-1, np.shape(nothing)[-1])
    whole = nothing.all(axis=0)
    if len(nothing) < 2 or whole.size < 2 or whole.all():
        return []
    return [int(n) for n in np.flatnonzero(whole)]


def _layer(trace: Trace, i: int) -> list[int]:
    """The nodes before a relu in which each unit is still the same unit, and that no other node takes."""
    out: list[int] = []
    graph, shape = trace.graph, trace.plan.shapes[i]
    while True:
        before = [j for j in trace.plan.operands[i] if j < len(graph) and not graph.nodes[j].is_leaf]
        before = [j for j in before if trace.plan.shapes[j] == shape and graph.nodes[j].op in _SAME_PLACE]
        if len(before) != 1 or len(graph.consumers[before[0]]) != 1:
            return out
        i = before[0]
        out.append(i)
        if graph.nodes[i].op in ("affine", "matmul"):
            return out


def _params(trace: Trace, layer: list[int], unit: int) -> tuple[str, ...]:
    """The parameters of these nodes whose gradient is 0 at the unit, and not everywhere."""
    return tuple(_params_of(trace, layer, unit))


def _params_of(trace: Trace, layer: list[int], unit: int) -> Iterator[str]:
    for i in reversed(layer):
        units = trace.plan.shapes[i][-1]
        for j in trace.plan.operands[i]:
            grad = trace.cotangents[j] if trace.cotangents is not None and j < len(trace.graph) else None
            if grad is None or trace.graph.nodes[j].op != "param" or np.shape(grad)[-1:] != (units,):
                continue
            if not np.any(grad[..., unit]) and np.any(grad):
                yield trace.graph.nodes[j].name
