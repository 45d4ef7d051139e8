"""What a model consists of: layers, shapes, parameters, bytes and multiply-adds. No number is computed for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphlab import builder, ops
from graphlab.base.notebook import Result
from graphlab.builder import frozen_graph
from graphlab.engine import autodiff
from graphlab.graph import Graph, Node

if TYPE_CHECKING:
    from graphlab.lines import Line


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a summary: a node with the parameters it owns, or an input or parameter of its own.

    trainable, frozen, kept: elements of its parameters, of those that do not learn, and of its running statistics.
    nbytes: of its value. multiply_adds: of its forward pass; None where it is no matrix product.
    """

    name: str
    op: str
    scope: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    trainable: int = 0
    frozen: int = 0
    kept: int = 0
    nbytes: int = 0
    multiply_adds: int | None = None

    @property
    def parameters(self) -> int:
        return self.trainable + self.frozen


@dataclass(frozen=True)
class ModelSummary(Result):
    """The layers, scope by scope, and what they come to. value_bytes, gradient_bytes: kept by one run."""

    model: str
    dtype: str
    layers: tuple[Layer, ...]
    parameter_bytes: int
    value_bytes: int
    gradient_bytes: int

    @property
    def trainable(self) -> int:
        return sum(layer.trainable for layer in self.layers)

    @property
    def frozen(self) -> int:
        return sum(layer.frozen for layer in self.layers)

    @property
    def kept(self) -> int:
        return sum(layer.kept for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        return sum(layer.multiply_adds or 0 for layer in self.layers)

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.summary import summary_lines

        return summary_lines(self, columns)

    def __repr__(self) -> str:
        count = self.trainable + self.frozen
        return f"<ModelSummary of {self.model!r}: {len(self.layers)} layers, {count:,} parameters>"


def summarise_model(graph: Graph | builder.Graph, mode: str = "train") -> ModelSummary:
    """The summary of a graph. Raises ShapeError where its shapes do not fit together.

    A layer's own parameters (fc.W and fc.b of fc) are counted with it; the others have a line of their own.

    >>> import graphlab as gl
    >>> g = gl.Graph("one layer")
    >>> y = gl.affine(g.input("x", shape=(4, 3)), units=2, name="fc")
    >>> summary = summarise_model(g)
    >>> [(layer.name, layer.shape, layer.parameters, layer.multiply_adds) for layer in summary.layers]
    [('x', (4, 3), 0, None), ('fc', (4, 2), 8, 24)]
    """
    graph = frozen_graph(graph)
    plan = autodiff.plan(graph, mode=mode)
    owned: dict[int, list[int]] = {}
    free = []
    for i, node in enumerate(graph.nodes):
        owner = _owner(graph, node)
        if owner is None:
            free.append(i)
        else:
            owned.setdefault(owner, []).append(i)
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in zip(plan.shapes, plan.dtypes, strict=True)]
    parameters = [i for i, node in enumerate(graph.nodes) if node.op == "param"]
    return ModelSummary(
        model=graph.name,
        dtype=graph.dtype,
        layers=tuple(_layer(graph, plan, i, owned.get(i, ()), sizes[i]) for i in _by_scope(graph, free)),
        parameter_bytes=sum(sizes[i] for i in parameters),
        value_bytes=sum(sizes),
        gradient_bytes=sum(size for size, reached in zip(sizes, plan.reached, strict=True) if reached),
    )


def _owner(graph: Graph, leaf: Node) -> int | None:
    """The layer that made this leaf for itself."""
    if not leaf.is_leaf or leaf.op == "input":
        return None
    for separator in (".", "#"):
        name = leaf.name.rpartition(separator)[0]
        i = graph.index.get(name)
        if i is not None and not graph.nodes[i].is_leaf:
            return i
    return None


def _by_scope(graph: Graph, positions: Sequence[int]) -> list[int]:
    """In the order of the graph, but each scope in one piece, at the place of its first node."""
    first: dict[str, int] = {}
    places = {}
    for i in positions:
        names = graph.nodes[i].scope.split(".") if graph.nodes[i].scope else []
        prefixes = [".".join(names[: k + 1]) for k in range(len(names))]
        places[i] = (*(first.setdefault(prefix, i) for prefix in prefixes), i)
    return sorted(positions, key=places.__getitem__)


def _layer(graph: Graph, plan: autodiff.Plan, i: int, owned: Sequence[int], nbytes: int) -> Layer:
    node = graph.nodes[i]
    counts = {"trainable": 0, "frozen": 0, "kept": 0}
    for j in (i, *owned):
        leaf = graph.nodes[j]
        if leaf.op == "state":
            counts["kept"] += math.prod(plan.shapes[j])
        elif leaf.op == "param":
            counts["trainable" if leaf.attrs.get("trainable", True) else "frozen"] += math.prod(plan.shapes[j])
    macs = None if node.is_leaf else ops.get(node.op).macs
    shapes = [plan.shapes[j] if j < len(graph) else () for j in plan.operands[i]]
    return Layer(
        name=node.name, op=node.op, scope=node.scope, role=node.role, shape=plan.shapes[i], dtype=plan.dtypes[i],
        nbytes=nbytes, multiply_adds=None if macs is None else macs(shapes, plan.shapes[i]), **counts,
    )  # fmt: skip
