"""Why a node has no gradient: what stands between it and the loss, named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphlab import ops
from graphlab.arrays.values import FLOATS
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.trace import Trace

NAMED = 3  # barriers that are named


@dataclass(frozen=True, slots=True)
class Barrier:
    """One edge at which the chain rule ends: the consumer, its op and the slot."""

    node: str
    op: str
    slot: str


def barriers(trace: Trace, j: int) -> list[Barrier]:
    """Where the ways from node j to the loss are cut; empty where there is no way at all.

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\nparams: {w: 2, v: 3}\\nnodes: {s: stop_gradient(w * w), L: s * v}"
    >>> barriers(gl.backward(gl.forward(gl.loads(text))), 0)
    [Barrier(node='s', op='stop_gradient', slot='x')]
    """
    graph, plan = trace.graph, trace.plan
    target = plan.target
    if target is None:
        return []
    leading = [False] * len(graph)  # to the loss
    leading[target] = True
    for i in range(target, -1, -1):
        for o in plan.operands[i] if leading[i] else ():
            if o < len(graph):
                leading[o] = True
    found, todo, seen = [], [j], {j}
    while todo:
        i = todo.pop(0)
        for c, k in graph.consumers[i]:
            node = graph.nodes[c]
            if not leading[c]:
                continue
            shapes = [plan.shapes[o] if o < len(graph) else () for o in plan.operands[c]]
            if not ops.get(node.op).passes(node.slots[k], shapes, node.attrs):
                found.append(Barrier(node.name, node.op, node.slots[k]))
            elif c not in seen:
                seen.add(c)
                todo.append(c)
    return list(dict.fromkeys(found))


def unreached(trace: Trace) -> Iterator[tuple[str, str]]:
    """(name, why) of every parameter without a gradient, in a run that has gradients."""
    for _, i, role in trace.graph.leaf_places if trace.has_gradients else ():
        if role == "param" and not trace.plan.reached[i]:
            yield trace.graph.nodes[i].name, why_none(trace, i)


def why_none(trace: Trace, j: int) -> str:
    """Why node j has no gradient, as what follows "'w' has no gradient: …".

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\nparams: {w: 2, v: 3, u: 1}\\nnodes: {y: 'where(w > 1, v, -v)', L: y * 2}"
    >>> trace = gl.backward(gl.forward(gl.loads(text)))
    >>> why_none(trace, 0), why_none(trace, 2)
    ("it only decides, in 'y#1' (greater)", 'the loss does not depend on it')
    """
    node, dtype = trace.graph.nodes[j], trace.plan.dtypes[j]
    if dtype not in FLOATS:
        return tr("it is {dtype}, and only floating-point numbers have one", dtype=dtype)
    if node.op in ("constant", "state"):
        return tr("it is a {role}, which never has one", role=tr(node.op))
    if node.op == "input" and not node.attrs.get("grad", True):
        return tr("the model says grad: false")
    found = barriers(trace, j)
    if not found:
        return tr("the loss does not depend on it")
    said = [_said(barrier) for barrier in found[:NAMED]]
    return "; ".join(said) + (" …" if len(found) > NAMED else "")


def _said(barrier: Barrier) -> str:
    values = {"node": symbol(barrier.node), "op": barrier.op}
    if barrier.op == "stop_gradient":
        return tr("'{node}' (stop_gradient) lets none through", **values)
    if barrier.slot == "cond" or ops.get(barrier.op).result == "bool":
        return tr("it only decides, in '{node}' ({op})", **values)
    if barrier.op == "embedding":
        return tr("it only chooses rows, in '{node}' ({op})", **values)
    if barrier.slot not in ops.get(barrier.op).nograd:
        return tr("it only names classes, in '{node}' ({op})", **values)
    text = "'{node}' ({op}) has no derivative for its {slot}"
    return tr(text, slot=barrier.slot, **values)
