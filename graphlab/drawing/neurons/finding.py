"""Which network a run is, and what of the run belongs to it: the inputs before it, the loss behind it, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from graphlab.base.numbers import shape_text
from graphlab.drawing.neurons.layers import layers
from graphlab.drawing.neurons.network import Network, Unit, data_of
from graphlab.drawing.neurons.units import units
from graphlab.errors import UsageError
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.trace import Trace

LISTED = 4  # names of what is not drawn


def find_network(trace: Trace) -> Network:
    """The columns of a network, input first. Raises UsageError where there is none.

    Layers are matmul or affine of data with what is no data: parameters, or what is made of them, as a transpose is.
    Where there are none, units are sums of products of a number with such a weight.
    """
    data = data_of(trace)
    net = layers(trace, data) or units(trace, data)
    if net is None:
        text = (
            "the neurons view needs layers (x @ W + b, affine) or units (w1*x1 + w2*x2 + b) that weigh an input with "
            "parameters, and finds none; draw it forward instead"
        )
        raise UsageError(tr(text))
    _surroundings(trace, net, data)
    return net


def _surroundings(trace: Trace, net: Network, data: Sequence[bool]) -> None:
    graph, plan = trace.graph, trace.plan
    inside = {u.node for column in net.columns[1:] for u in column.units}
    last = {net.columns[c].unit(r).node for c, r in net.outs}
    drawn = _reached(trace, inside) | inside
    net.before = tuple([i for i in _sources(trace, [u.node for u in net.columns[0].units]) if i not in drawn])
    goal = plan.target
    after = _reached(trace, last)
    if goal is not None and goal in after and prod(plan.shapes[goal]) == 1:
        path = [i for i in _sources(trace, [goal]) if i in after]
        net.loss, net.path = goal, tuple(path)
        taken = [j for i in path for j in plan.operands[i] if j < len(graph) and data[j]]
        params = {k for k, node in enumerate(graph.nodes) if node.op == "param"}
        learned = _reached(trace, params)
        if not any(j in params for i in path for j in plan.operands[i]):  # else further layers follow the last column
            net.targets = tuple(dict.fromkeys(j for j in taken if j not in last | after | learned))
    weights = [wire.array for wire in net.wires]
    for column in net.columns:
        if column.dense is not None:
            weights += [j for j in (column.dense.weight, column.dense.bias) if j is not None]
    said = ({u.node for u in net.columns[0].units} - drawn) | inside | set(net.before) | set(net.path)
    said |= {i for column in net.columns for u in column.units for i in u.ops}
    said |= set(_sources(trace, [*weights, *net.targets]))
    said |= {i for column in net.columns[1:] for u in column.units for i in _within(trace, u)}
    said -= set(net.cuts)
    net.missing = tuple(i for i, node in enumerate(graph.nodes) if not node.is_leaf and i not in said)


def _within(trace: Trace, unit: Unit) -> Iterator[int]:
    """The sum, and the products it adds up."""
    stack = [unit.total] if unit.total is not None else []
    while stack:
        i = stack.pop()
        yield i
        if trace.graph.nodes[i].op == "add":
            own = [j for j in trace.plan.operands[i] if j < len(trace.graph) and len(trace.graph.consumers[j]) == 1]
            stack += [j for j in own if trace.graph.nodes[j].op in ("add", "mul", "matmul")]


def _sources(trace: Trace, ends: Iterable[int]) -> tuple[int, ...]:
    """These nodes and all that they are made of, in order, without leaves."""
    found, stack = set(), list(ends)
    while stack:
        i = stack.pop()
        if i not in found and i < len(trace.graph) and not trace.graph.nodes[i].is_leaf:
            found.add(i)
            stack += trace.plan.operands[i]
    return tuple(sorted(found))


def _reached(trace: Trace, starts: Iterable[int]) -> set[int]:
    """All nodes that take from these, without them."""
    found: set[int] = set()
    stack = list(starts)
    while stack:
        for c, _ in trace.graph.consumers[stack.pop()]:
            if c not in found:
                found.add(c)
                stack.append(c)
    return found


def missing_text(trace: Trace, net: Network) -> str:
    """What the circles leave out, in a sentence; nothing where they leave out nothing."""
    if not net.missing:
        return ""
    nodes = trace.graph.nodes
    some = ", ".join(f"{symbol(nodes[i].name)} ({nodes[i].op})" for i in net.missing[:LISTED])
    more = f" … (+{len(net.missing) - LISTED})" if len(net.missing) > LISTED else ""
    end = symbol(nodes[net.columns[-1].units[0].node].name)
    if not net.cuts:
        return tr("not drawn: {some}", some=some + more)
    text = "the chain of layers is cut after '{end}', which '{name}' does not follow; not drawn: {some}"
    return tr(text, end=end, name=symbol(nodes[net.cuts[0]].name), some=some + more)


def check_example(trace: Trace, net: Network, example: int) -> None:
    """Raises UsageError for a batch or a layer that is empty, and for an example that is not there."""
    nodes, shapes = trace.graph.nodes, trace.plan.shapes
    shown = [u.node for column in net.columns for u in column.units]
    empty = next((i for i in shown if 0 in shapes[i]), None)
    if empty is not None:
        text = "the neurons view shows one example, but '{name}' is {shape}: empty"
        raise UsageError(tr(text, name=nodes[empty].name, shape=shape_text(shapes[empty])))
    if not 0 <= example < net.examples:
        text = "there is no example {k}: '{name}' has {n}, counted from 0 to {last}"
        name = nodes[net.columns[0].units[0].node].name
        raise UsageError(tr(text, k=example, name=name, n=net.examples, last=net.examples - 1))
