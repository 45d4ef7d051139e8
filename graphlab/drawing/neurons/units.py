"""Units written out number by number: sums of weighted numbers, w1*x1 + w2*x2 + b, and what is made of them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import prod

from graphlab.drawing.neurons.network import Column, Network, Unit, Wire, follow
from graphlab.trace import Trace

Product = tuple[int, int]  # the weight and what it weighs


def units(trace: Trace, data: Sequence[bool]) -> Network | None:
    """The network of such units; None where there is none."""
    products = {i: pair for i in range(len(trace.graph)) if (pair := _product(trace, data, i)) is not None}
    sums = _sums(trace, data, products)
    if not sums:
        return None
    made: dict[int, Unit] = {}  # by the node that others take
    cuts = []
    for total, (terms, _) in list(sums.items()):
        if any(x not in made and _made_of(trace, x, made) for _, x in terms):
            cuts.append(total)  # what it weighs is neither given nor a unit, but something between
            del sums[total]
            continue
        ops = follow(trace, data, total, products)
        made[ops[-1] if ops else total] = Unit(ops[-1] if ops else total, total, ops)
    level: dict[int, int] = {}
    for node, unit in made.items():  # in order: what a unit takes is made before it
        level[node] = 1 + max(level.get(x, 0) for _, x in sums[unit.total or 0][0])
    given = dict.fromkeys(x for terms, _ in sums.values() for _, x in terms if x not in made)
    columns = [Column([Unit(x) for x in given], len(given))]
    for depth in range(1, max(level.values()) + 1):
        here = [made[node] for node in made if level[node] == depth]
        columns.append(Column(here, len(here)))
    place = {u.node: (c, r) for c, column in enumerate(columns) for r, u in enumerate(column.units)}
    net = Network(columns, cuts=tuple(cuts), examples=max((trace.plan.shapes[x] or (1,))[0] for x in given))
    for node, unit in made.items():
        terms, biases = sums[unit.total or 0]
        net.wires += [Wire(place[x], place[node], w, (0,) * len(trace.plan.shapes[w])) for w, x in terms]
        net.wires += [Wire(None, place[node], b, (0,) * len(trace.plan.shapes[b])) for b in biases]
    return net


def _made_of(trace: Trace, i: int, made: Container[int]) -> bool:
    """Whether node i is computed from a unit."""
    stack, seen = [i], set()
    while stack:
        j = stack.pop()
        if j in made:
            return True
        if j not in seen and j < len(trace.graph):
            seen.add(j)
            stack += trace.plan.operands[j]
    return False


def _product(trace: Trace, data: Sequence[bool], i: int) -> Product | None:
    """The weight and the data that node i multiplies: one number, for each example."""
    node, plan = trace.graph.nodes[i], trace.plan
    if node.op != "mul" or max(plan.operands[i]) >= len(trace.graph):
        return None
    a, b = plan.operands[i]
    if data[a] == data[b]:
        return None
    weight, given = (b, a) if data[a] else (a, b)
    shape = plan.shapes[given]
    alone = prod(plan.shapes[weight]) == 1 and prod(shape[1:]) == 1 and plan.shapes[i] == shape
    return (weight, given) if alone else None


def _sums(
    trace: Trace, data: Sequence[bool], products: dict[int, Product]
) -> dict[int, tuple[tuple[Product, ...], tuple[int, ...]]]:
    """Every largest sum of products and biases, by the node that has it."""
    graph, plan = trace.graph, trace.plan
    out: dict[int, tuple[tuple[Product, ...], tuple[int, ...]]] = {i: ((pair,), ()) for i, pair in products.items()}
    for i, node in enumerate(graph.nodes):
        if node.op != "add" or plan.operands[i][0] == plan.operands[i][1]:
            continue
        terms: tuple[Product, ...] = ()
        biases: tuple[int, ...] = ()
        for j in plan.operands[i]:
            if j in out and len(graph.consumers[j]) == 1:
                terms, biases = terms + out[j][0], biases + out[j][1]
            elif j < len(graph) and not data[j] and prod(plan.shapes[j]) == 1:
                biases += (j,)
            else:
                break
        else:
            if terms and plan.shapes[i] == plan.shapes[terms[0][1]]:
                for j in plan.operands[i]:
                    out.pop(j, None)
                out[i] = terms, biases
    return dict(sorted(out.items()))
