"""Plan: everything known before a number is computed. Shapes, dtypes, bound functions, and what backward passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from graphlab import builder, ops
from graphlab.arrays.values import FLOATS
from graphlab.builder import frozen_graph
from graphlab.errors import DataError, GraphlabError, ModelError
from graphlab.graph import Graph, Node
from graphlab.messages import tr
from graphlab.ops import Context, inference

MODES = ("train", "eval")
Shape = tuple[int, ...]
Function = Callable[..., Any]
Passing = bool | Shape  # of one slot: nothing is sent, the contribution as it is, or summed to this shape


@dataclass(frozen=True, slots=True)
class Plan:
    """How one graph runs, for its inputs' shapes and a mode. Columns are indexed as graph.nodes.

    literals: numbers written in the model; they follow the nodes in a trace's columns, and `operands` points there.
    order: the nodes that compute something. doubtful: those whose numbers are looked at after a run. forwards, vjps:
    their functions with attributes bound, None for leaves. contexts: None where it is made for each run, since it holds
    a generator. target: where backward starts. reached: which nodes have a gradient. passing: None where every slot
    sends its contribution as it is. nbytes: of all values and gradients.
    """

    mode: str
    shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...]
    literals: tuple[int | float, ...]
    operands: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]
    doubtful: tuple[int, ...]
    forwards: tuple[Any, ...]
    contexts: tuple[Context | None, ...]
    target: int | None
    reached: tuple[bool, ...]
    vjps: tuple[Any, ...]
    back_contexts: tuple[Context, ...]
    passing: tuple[tuple[Passing, ...] | None, ...]
    nbytes: int

    def __repr__(self) -> str:
        return f"<Plan of {len(self.shapes)} nodes, {self.mode}: {self.nbytes:,} bytes>"

    def sends(self, i: int, k: int) -> bool:
        """Whether backward sends something from node i to its k-th input."""
        passing = self.passing[i]
        return self.reached[i] and self.vjps[i] is not None and (passing is None or passing[k] is not False)


def plan(
    graph: Graph | builder.Graph, shapes: Mapping[str, Shape] | None = None, dtypes: Mapping[str, str] | None = None,
    mode: str = "train",
) -> Plan:  # fmt: skip
    """Infer every shape and dtype and lay out the run. Inputs not named have the shape the model gives them.

    Raises ShapeError naming the axis and both sizes; ModelError for an unknown mode.

    >>> import graphlab as gl
    >>> g = gl.Graph()
    >>> y = gl.affine(g.input("x", shape=(2, 3)), units=4, name="y")
    >>> made = gl.plan(g, {"x": (5, 3)})
    >>> dict(zip((node.name for node in g.freeze().nodes), made.shapes))
    {'x': (5, 3), 'y.W': (3, 4), 'y.b': (4,), 'y': (5, 4)}
    """
    graph = frozen_graph(graph)
    if mode not in MODES:
        raise ModelError(tr("mode is {mode!r} but must be train or eval", mode=mode))
    shapes, dtypes = shapes or {}, dtypes or {}
    inputs = tuple(
        (tuple(shapes.get(node.name, node.attrs["shape"])), dtypes.get(node.name, node.attrs["dtype"]))
        for node in graph.leaves("input")
    )
    key = (mode, inputs)
    if key not in graph.plans:
        graph.plans[key] = _Planner(graph, mode, inputs).plan()
    made: Plan = graph.plans[key]
    return made


@dataclass(frozen=True, slots=True)
class _Kind:
    """What nodes have in common that do the same to inputs of the same shapes."""

    shape: Shape
    dtype: str
    forward: Function
    vjp: Function
    context: Context
    random: bool
    differentiable: tuple[bool, ...]
    sums: tuple[Passing, ...]


class _Planner:
    def __init__(self, graph: Graph, mode: str, inputs: tuple[tuple[Shape, str], ...]) -> None:
        self.graph = graph
        self.mode = mode
        self.inputs = iter(inputs)
        self.seen: list[inference.Seen] = []
        self.literals: list[int | float] = []
        self.contexts: dict[tuple[str, tuple[bool, ...] | None], Context] = {}
        self.kinds: dict[Any, _Kind] = {}
        self.passings: dict[Any, tuple[Passing, ...] | None] = {}

    def plan(self) -> Plan:
        graph = self.graph
        operands = [self.operands(node) for node in graph.nodes]
        kinds = [self.kind(i, node, operands[i]) for i, node in enumerate(graph.nodes)]
        target = None if graph.target is None else graph.index[graph.target]
        reached = self.reached(operands, kinds, target)
        back = [self.back(kind, operands[i], reached) for i, kind in enumerate(kinds)]
        return Plan(
            mode=self.mode,
            shapes=tuple([shape for shape, _ in self.seen]),
            dtypes=tuple([str(dtype) for _, dtype in self.seen]),
            literals=tuple(self.literals),
            operands=tuple(operands),
            order=tuple([i for i, kind in enumerate(kinds) if kind is not None]),
            doubtful=self.doubtful(),
            forwards=tuple([None if kind is None else kind.forward for kind in kinds]),
            contexts=tuple([None if kind is None or kind.random else kind.context for kind in kinds]),
            target=target,
            reached=tuple(reached),
            vjps=tuple([None if kind is None else kind.vjp for kind in kinds]),
            back_contexts=tuple([context for context, _ in back]),
            passing=tuple([passing for _, passing in back]),
            nbytes=self.nbytes(reached),
        )

    def doubtful(self) -> tuple[int, ...]:
        kinds = {name: ops.get(name) for name in {node.op for node in self.graph.nodes}}
        looked_at = {name for name, op in kinds.items() if op.doubt is not None or op.applies}
        return tuple([i for i, node in enumerate(self.graph.nodes) if node.op in looked_at]) if looked_at else ()

    def operands(self, node: Node) -> tuple[int, ...]:
        """Where each input's value stands in a trace: a node's index, or after the nodes for a literal."""
        index = self.graph.index
        out = []
        for operand in node.inputs:
            if isinstance(operand, str):
                out.append(index[operand])
            else:
                out.append(len(index) + len(self.literals))
                self.literals.append(operand)
        return tuple(out)

    def kind(self, i: int, node: Node, operands: tuple[int, ...]) -> _Kind | None:
        """Infer one node; None for a leaf."""
        if node.is_leaf:
            self.seen.append(next(self.inputs) if node.op == "input" else (node.attrs["shape"], node.attrs["dtype"]))
            return None
        n = len(self.graph)
        inputs = tuple([self.seen[j] if j < n else inference.literal(self.literals[j - n]) for j in operands])
        key = (node.op, inputs, repr(node.attrs) if node.attrs else None)
        found = self.kinds.get(key)
        if found is None:
            try:
                found = self.kinds[key] = self.new_kind(node, inputs)
            except GraphlabError as error:
                raise located(error, self.graph, i) from None
        self.seen.append((found.shape, found.dtype))
        return found

    def new_kind(self, node: Node, inputs: Sequence[inference.Seen]) -> _Kind:
        op = ops.get(node.op)
        shape, dtype = inference.infer(op, inputs, node.attrs, self.graph.dtype, node.inputs)
        forward, vjp = _functions(op, node.attrs, inference.casts(op, inputs, dtype))
        if dtype.startswith(("int", "uint")) and op.family in ("arithmetic", "reduction"):
            forward = _within(forward, dtype)
        shapes = [given for given, _ in inputs]
        differentiable = tuple(
            seen in FLOATS and op.passes(slot, shapes, node.attrs)
            for slot, (_, seen) in zip(op.slot_names(len(inputs)), inputs, strict=True)
        )
        sums = tuple(given if op.elementwise and given != shape else True for given, _ in inputs)
        context = self.context(ops.mode_of(node.attrs, self.mode))
        return _Kind(shape, dtype, forward, vjp, context, op.random, differentiable, sums)

    def context(self, mode: str, needs: tuple[bool, ...] | None = None) -> Context:
        """One for all nodes that work in the same mode and want the same cotangents."""
        if (mode, needs) not in self.contexts:
            self.contexts[mode, needs] = Context(mode, needs=needs)
        return self.contexts[mode, needs]

    def reached(
        self, operands: list[tuple[int, ...]], kinds: list[_Kind | None], target: int | None
    ) -> list[bool]:  # fmt: skip
        """Which nodes have a gradient: floats that the loss depends on through differentiable slots."""
        reached = [False] * len(operands)
        if target is None:
            return reached
        reached[target] = self.seen[target][1] in FLOATS
        for i in range(target, -1, -1):
            if not reached[i]:
                continue
            kind = kinds[i]
            if kind is None:
                node = self.graph.nodes[i]
                reached[i] = node.op == "param" or (node.op == "input" and node.attrs.get("grad", True))
                continue
            for j, passes in zip(operands[i], kind.differentiable, strict=True):
                if passes:
                    reached[j] = True
        return reached

    def back(
        self, kind: _Kind | None, operands: tuple[int, ...], reached: list[bool]
    ) -> tuple[Context, tuple[Passing, ...] | None]:
        """The context that tells vjp which cotangents are wanted, and what is passed on of each."""
        if kind is None:
            return self.context(self.mode), None
        pairs = zip(operands, kind.differentiable, strict=True)
        wanted = tuple([passes and reached[j] for j, passes in pairs])
        key = (wanted, kind.sums)
        if key not in self.passings:
            passing = tuple(s if w else False for w, s in zip(wanted, kind.sums, strict=True))
            self.passings[key] = None if all(p is True for p in passing) else passing
        return self.context(kind.context.mode, None if all(wanted) else wanted), self.passings[key]

    def nbytes(self, reached: list[bool]) -> int:
        sizes = {seen: math.prod(seen[0]) * np.dtype(seen[1]).itemsize for seen in set(self.seen)}
        return sum([sizes[seen] * (1 + grad) for seen, grad in zip(self.seen, reached, strict=True)])


def _functions(
    op: type[ops.Op], attrs: Mapping[str, Any], casts: tuple[str | None, ...] | None
) -> tuple[Function, Function]:
    """The op's forward and vjp with the attributes bound, and integers made floats where they meet floats."""
    forward: Function = partial(op.forward, **attrs) if attrs else op.forward
    vjp: Function = partial(op.vjp, **attrs) if attrs else op.vjp
    if casts is None:
        return forward, vjp

    def cast(primals: Sequence[Any]) -> list[Any]:
        return [
            value if dtype is None else np.asarray(value, dtype)[()]
            for value, dtype in zip(primals, casts, strict=True)
        ]

    return (
        lambda ctx, *primals: forward(ctx, *cast(primals)),
        lambda ctx, g, primals, value, residuals: vjp(ctx, g, cast(primals), value, residuals),
    )


def _within(forward: Function, dtype: str) -> Function:
    """An integer op's forward that does not wrap around: what is too large for the dtype is an error."""
    span = 2.0 ** np.iinfo(dtype).bits

    def run(ctx: ops.Context, *primals: Any) -> Any:
        value, residuals = forward(ctx, *primals)
        rough = forward(ctx, *[np.asarray(primal, np.float64) for primal in primals])[0]
        if np.any(np.abs(rough - np.asarray(value, np.float64)) > span / 2):
            text = "the result does not fit in {dtype}: make an input a float (dtype: float64)"
            raise DataError(tr(text, dtype=dtype))
        return value, residuals

    return run


def seed_of(graph: Graph, made: Plan, target: int) -> Any:
    """What backward starts with at the target: the upstream gradient given, else ones."""
    seed = graph.backward_gradient if graph.backward_gradient is not None else np.ones(made.shapes[target])
    return seed.astype(made.dtypes[target], copy=False)[()]


def located(error: GraphlabError, graph: Graph, i: int) -> GraphlabError:
    """The error with its node's op and name at the head, and its place in the file."""
    node = graph.nodes[i]
    return builder.about(error, node.op, node.name, graph.locations.get(node.name))
