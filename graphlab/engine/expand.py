"""Unfold nodes into the smaller ops they are made of: bn becomes bn.mu … bn.xhat, the last step keeps the name bn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from graphlab import builder, ops
from graphlab.builder import frozen_graph
from graphlab.engine import autodiff
from graphlab.errors import ModelError
from graphlab.graph import Graph, Node, Operand, make_graph, no_node
from graphlab.messages import did_you_mean, tr
from graphlab.ops import inference
from graphlab.trace import Trace

ALL = "all"


class Build:
    """What an op's `expand` makes its steps with. build("mul", a, b, name="xhat") gives the new node.

    mode: train or eval, the node's own, for ops whose steps differ.
    """

    def __init__(self, graph: Graph, node: Node, plan: autodiff.Plan, mode: str) -> None:
        self.mode = ops.mode_of(node.attrs, mode)
        self._dtype = graph.dtype
        self._node = node
        self._result = plan.dtypes[graph.index[node.name]]
        self._taken = graph.index
        self._seen: dict[str, inference.Seen] = {}
        for operand in node.inputs:
            if isinstance(operand, str):
                i = graph.index[operand]
                self._seen[operand] = (plan.shapes[i], plan.dtypes[i])
        self.made: dict[str, Node] = {}

    def __call__(self, op: str, *inputs: Operand, name: str, **attrs: Any) -> str:
        kind = ops.get(op)
        checked = ops.check_attrs(kind, attrs)
        full = f"{self._node.name}.{name}"
        while full in self._taken or full in self.made:
            full += "_"
        seen = [self._seen[o] if isinstance(o, str) else inference.literal(o) for o in inputs]
        self._seen[full] = inference.infer(kind, seen, checked, self._dtype)
        self.made[full] = Node(full, op, inputs, checked)
        return full

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """The shape of an input or of a step made so far."""
        return self._seen[operand][0] if isinstance(operand, str) else ()

    def dtype(self, operand: Operand) -> str | None:
        """The dtype of an input or of a step made so far; None for a literal."""
        return self._seen[operand][1] if isinstance(operand, str) else None

    def finish(self, last: str) -> list[Node]:
        """The steps, the last one under the name of the node they replace; as it, a float even of whole numbers."""
        node = self._node
        if self.dtype(last) != self._result:
            last = self("mul", last, 1.0, name="float")
        steps = [n for n in self.made.values() if n.name != last]
        return [*steps, replace(self.made[last], name=node.name)]


def expand(graph: Graph | builder.Graph, names: Iterable[str], mode: str = "train") -> Graph:
    """The graph with these nodes unfolded. A name is a node's, an op's (all its nodes) or "all", down to the bottom.

    Values and gradients of what stays are the same. An unfolded batchnorm keeps no running statistics.
    Raises ModelError for an unknown name or an op that is not made of smaller ones.

    >>> import graphlab as gl
    >>> graph = gl.loads("graphlab: 1\\ninputs: {x: [1, 2]}\\nnodes: {h: sigmoid(x)}")
    >>> [node.name for node in expand(graph, ["h"]).nodes]
    ['x', 'h.bounded', 'h.neg', 'h.exp', 'h.sum', 'h']
    """
    graph = frozen_graph(graph)
    wanted = list(names)
    for name in wanted:
        check_expandable(graph, name)
    graph = _unfold(graph, {node.name for node in graph.nodes if _asked(node, wanted)}, mode)
    while ALL in wanted and any(ops.get(node.op).expand for node in graph.nodes):
        graph = _unfold(graph, {node.name for node in graph.nodes}, mode)
    return graph


def expand_trace(trace: Trace, names: Iterable[str]) -> Trace:
    """The same run of the unfolded graph."""
    graph = expand(trace.graph, names, trace.mode)
    again = autodiff.forward(
        graph, trace.feeds, state=trace.state, mode=trace.mode, iteration=trace.iteration,
        max_memory=4 * max(trace.plan.nbytes, autodiff.MAX_MEMORY),
    )  # fmt: skip
    return autodiff.backward(again) if trace.has_gradients else again


def check_expandable(graph: Graph, name: str) -> None:
    """Raises ModelError where `name` is no node, no op, or one that is not made of smaller ones."""
    if name == ALL:
        return
    if name in graph:
        if ops.get(graph[name].op).expand is None:
            message = tr(
                "{op} '{name}' is not made of smaller steps, so it cannot be expanded", op=graph[name].op, name=name
            )
            raise ModelError(message)
        return
    present = {node.op for node in graph.nodes}
    if name not in present or ops.get(name).expand is None:
        known = [n.name for n in graph.nodes if ops.get(n.op).expand] + [op for op in present if ops.get(op).expand]
        if any(node.name.startswith(f"{name}.") for node in graph.nodes):
            raise ModelError(no_node(name, graph.index))
        hint = did_you_mean(name, [*known, *graph.index])
        listed = ", ".join(sorted(op for op in present if ops.get(op).expand)) or tr("none")
        message = tr(
            "there is no node or op '{name}' to expand{hint}; ops here that are made of smaller steps: {listed}",
            name=name, hint=hint, listed=listed,
        )  # fmt: skip
        raise ModelError(message)


def _asked(node: Node, wanted: list[str]) -> bool:
    return ALL in wanted or node.name in wanted or node.op in wanted


def _unfold(graph: Graph, names: set[str], mode: str) -> Graph:
    plan = autodiff.plan(graph, mode=mode)
    nodes: list[Node] = []
    locations = dict(graph.locations)
    for node in graph.nodes:
        expansion = ops.get(node.op).expand
        if node.name not in names or expansion is None:
            nodes.append(node)
            continue
        build = Build(graph, node, plan, mode)
        steps = build.finish(expansion(build, *node.inputs, **node.attrs))
        nodes += steps
        if node.name in locations:
            locations.update((step.name, locations[node.name]) for step in steps)
    used = {operand for node in nodes for operand in node.inputs}
    kept = [node for node in nodes if node.op != "state" or node.name in used]
    return make_graph(
        kept, name=graph.name, dtype=graph.dtype, random_seed=graph.random_seed, description=graph.description,
        loss=graph.loss or (graph.target if not graph.backward_node else None), losses=graph.losses,
        backward_node=graph.backward_node, backward_gradient=graph.backward_gradient, locations=locations,
        source=graph.source,
    )  # fmt: skip
