"""Units that no longer learn: of several, those whose gradient is 0 for every example of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.trace import Trace

_SAME_PLACE = frozenset(["affine", "batchnorm", "dropout", "add", "sub", "mul", "matmul"])
DEEP = 6  # nodes before a relu among which the layer is looked for


@dataclass(frozen=True, slots=True)
class DeadUnit:
    """A unit that is dead. rectified: its relu is 0 for all examples; else no gradient arrives at it.

    place: of its numbers, such as [:,2]; where the weights stand first, as in W @ x, [2,:]. params: parameters
    whose entries for this unit have the gradient 0 therefore.
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
        axis = _axis(trace, i) if node.op in ("relu", "affine", "matmul") else None
        if axis is None:
            continue
        layer = _layer(trace, i) if node.op == "relu" else [i]
        if node.op == "relu":
            for unit in reversed(_units(trace.values[i] == 0, axis)):
                said.update((j, unit) for j in layer)
                found.append(_unit(trace, i, unit, axis, True, _params(trace, layer, unit, axis)))
        else:
            for unit in reversed(_units(grad == 0, axis)):
                if (i, unit) not in said and (params := _params(trace, layer, unit, axis)):
                    found.append(_unit(trace, i, unit, axis, False, params))
    return tuple(reversed(found))


def _unit(trace: Trace, i: int, unit: int, axis: int, rectified: bool, params: tuple[str, ...]) -> DeadUnit:
    node, shape = trace.graph.nodes[i], trace.plan.shapes[i]
    place = [":"] * len(shape)
    place[axis] = str(unit)
    text = f"[{','.join(place)}]"
    return DeadUnit(node.name, node.op, unit, text, shape[axis], _examples(shape, axis), rectified, params)


def _examples(shape: tuple[int, ...], axis: int) -> int:
    """How many there are: along the first axis, unless the units are there."""
    return shape[0] if len(shape) + axis > 0 else shape[-1]


def _units(nothing: Any, axis: int) -> list[int]:
    """The units, of several, for which it holds at every example of several; none where it does for all units."""
    nothing = np.asarray(nothing)
    whole = nothing.all(axis=tuple(k for k in range(nothing.ndim) if k != nothing.ndim + axis))
    if _examples(nothing.shape, axis) < 2 or whole.size < 2 or whole.all():
        return []
    return [int(n) for n in np.flatnonzero(whole)]


def _axis(trace: Trace, i: int, deep: int = DEEP) -> int | None:
    """The axis of a node's value along which its units are: the last of x @ W and of x * w, that before it of W @ x.
    None where no parameter tells."""
    node, operands, shapes = trace.graph.nodes[i], trace.plan.operands[i], trace.plan.shapes
    if node.op == "affine":
        return -1
    if node.op == "matmul":
        if _is_weight(trace, operands[1]):
            return -1
        return -2 if _is_weight(trace, operands[0]) and len(shapes[operands[1]]) > 1 else None
    if deep == 0 or not (node.op == "relu" or node.op in _SAME_PLACE):
        return None
    inner = [j for j in operands if j < len(trace.graph)]
    found = {-1 for j in inner if shapes[j] == shapes[i][-1:] and _is_weight(trace, j)}
    found |= {_axis(trace, j, deep - 1) for j in inner if shapes[j] == shapes[i]} - {None}  # type: ignore[arg-type]
    return found.pop() if len(found) == 1 else None


def _is_weight(trace: Trace, j: int) -> bool:
    """Whether it is a parameter, or one that is transposed or the like."""
    nodes = trace.graph.nodes
    while j < len(nodes) and ops.get(nodes[j].op).family == "shape" and len(trace.plan.operands[j]) == 1:
        j = trace.plan.operands[j][0]
    return j < len(nodes) and nodes[j].op == "param"


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


def _params(trace: Trace, layer: list[int], unit: int, axis: int) -> tuple[str, ...]:
    """The parameters of these nodes whose gradient is 0 at the unit, and not everywhere."""
    return tuple(_params_of(trace, layer, unit, axis))


def _params_of(trace: Trace, layer: list[int], unit: int, axis: int) -> Iterator[str]:
    for i in reversed(layer):
        units, op = trace.plan.shapes[i][axis], trace.graph.nodes[i].op
        for k, j in enumerate(trace.plan.operands[i]):
            grad = trace.cotangents[j] if trace.cotangents is not None and j < len(trace.graph) else None
            if grad is None or trace.graph.nodes[j].op != "param" or np.ndim(grad) < -axis:
                continue
            if (op == "affine" and k == 0) or (op == "matmul" and k != (1 if axis == -1 else 0)):
                continue  # what is fed, not the weights
            if np.shape(grad)[axis] == units and not np.any(np.take(grad, unit, axis)) and np.any(grad):
                yield trace.graph.nodes[j].name
