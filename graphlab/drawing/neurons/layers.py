"""Dense layers in a run: matmul or affine of data with a weight, and what follows it unit by unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphlab.drawing.neurons.network import Column, Dense, Network, Unit, follow
from graphlab.trace import Trace


def layers(trace: Trace, data: Sequence[bool]) -> Network | None:
    """A chain of dense layers, as long as each takes what the one before gives; None where there is no such layer."""
    graph, plan = trace.graph, trace.plan
    linear = {i: side for i in range(len(graph)) if (side := weight_side(trace, data, i)) is not None}
    if not linear:
        return None
    first = next(iter(linear))
    left = linear[first] == 0
    source = plan.operands[first][1 - linear[first]]
    shape = plan.shapes[source]
    axis = 0 if left or len(shape) == 1 else 1
    net = Network([Column([Unit(source)], shape[axis], axis)], examples=1 if len(shape) == 1 else shape[1 - axis])
    for i, side in linear.items():
        before = net.columns[-1]
        if plan.operands[i][1 - side] != before.units[0].node or before.axis is None or (side == 0) != left:
            net.cuts += (i,)
            continue
        net.columns.append(_layer(trace, data, i, side, linear))
    return net


def _layer(trace: Trace, data: Sequence[bool], i: int, side: int, linear: Iterable[int]) -> Column:
    graph, plan = trace.graph, trace.plan
    weight = plan.operands[i][side]
    bias = plan.operands[i][2] if graph.nodes[i].op == "affine" else None
    ops, total = follow(trace, data, i, linear), i
    if bias is None and ops and graph.nodes[ops[0]].op == "add":
        added = next((j for j in plan.operands[ops[0]] if j != i), len(graph))
        if added < len(graph):
            bias, total, ops = added, ops[0], ops[1:]
    shape = plan.shapes[total]
    axis = None if len(plan.shapes[weight]) == 1 else 0 if side == 0 or len(shape) == 1 else 1
    unit = Unit(ops[-1] if ops else total, total, ops)
    return Column([unit], 1 if axis is None else shape[axis], axis, Dense(i, weight, bias, side == 0))


def weight_side(trace: Trace, data: Sequence[bool], i: int) -> int | None:
    """Which input of an affine or matmul node weighs the data that is the other; None: it is no layer."""
    node, plan = trace.graph.nodes[i], trace.plan
    operands = plan.operands[i][:2]
    if node.op not in ("affine", "matmul") or max(operands) >= len(trace.graph):
        return None
    if data[operands[0]] == data[operands[1]]:
        return None
    side = 0 if data[operands[1]] else 1
    given, weight = plan.shapes[operands[1 - side]], plan.shapes[operands[side]]
    alone = len(weight) == 1 and (side == 1 or len(given) == 1)
    fits = len(given) in (1, 2) and (len(weight) == 2 or alone)
    return side if fits else None
