"""A network as textbooks see it: columns of units, weighted sums between them, and what follows each sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphlab.ops import get
from graphlab.trace import Trace


class Unit(NamedTuple):
    """A column's unit, or all of its units. node: whose value it has. total: its weighted sum. ops: from that to it."""

    node: int
    total: int | None = None
    ops: tuple[int, ...] = ()


class Wire(NamedTuple):
    """A weight from one unit to another, as (column, row), or a bias, from None. array: its node; place: its entry."""

    tail: tuple[int, int] | None
    head: tuple[int, int]
    array: int
    place: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dense:
    """All weights between two columns: of one node. left: W stands before the data, W @ x, with a row a unit."""

    node: int
    weight: int
    bias: int | None
    left: bool = False


@dataclass(slots=True)
class Column:
    """Units side by side. axis: along which the one array of a layer has them; None: each unit is a node of its own."""

    units: list[Unit]
    size: int
    axis: int | None = None
    dense: Dense | None = None

    def unit(self, row: int) -> Unit:
        return self.units[0 if self.axis is not None else row]

    def place(self, shape: Sequence[int], row: int, example: int) -> tuple[int, ...]:
        """The entry of one unit and one example in an array of this shape, which may be broadcast."""
        if self.axis is None:
            full = (example, *[0] * (len(shape) - 1))[: len(shape)]
        else:
            full = (row,) if len(shape) < 2 else (row, example) if self.axis == 0 else (example, row)
        return tuple([0 if size == 1 else k for size, k in zip(shape, full, strict=True)])


@dataclass(slots=True)
class Network:
    """columns: the inputs first. wires: the weights, where each is a node of its own; else the columns have them.

    examples: how many. before: the ops that make the inputs. loss, path: the loss, and the ops from the last units to
    it. targets: what else these take. cuts: sums that do not follow the others. missing: these, and nodes that no
    circle shows and no caption names.
    """

    columns: list[Column]
    wires: list[Wire] = field(default_factory=list)
    examples: int = 1
    before: tuple[int, ...] = ()
    loss: int | None = None
    path: tuple[int, ...] = ()
    targets: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    cuts: tuple[int, ...] = ()

    @property
    def outs(self) -> Iterator[tuple[int, int]]:
        """The places of the units that feed no other: whole columns where these are layers."""
        fed = {wire.tail for wire in self.wires}
        for c, column in enumerate(self.columns[1:], 1):
            for r in range(column.size):
                if (c, r) not in fed if self.wires else c == len(self.columns) - 1:
                    yield c, r

    def between(self, trace: Trace, c: int, tails: Iterable[int], heads: Iterable[int], example: int) -> Iterator[Wire]:
        """The weights, then the biases, into some units of a column, from some of the one before."""
        if self.wires:
            yield from (wire for wire in self.wires if wire.head[0] == c)
            return
        column, heads = self.columns[c], list(heads)
        dense = column.dense
        assert dense is not None
        flat = len(trace.plan.shapes[dense.weight]) == 1
        for i in tails:
            for j in heads:
                entry = (i,) if flat else (j, i) if dense.left else (i, j)
                yield Wire((c - 1, i), (c, j), dense.weight, entry)
        if dense.bias is not None:
            shapes, total = trace.plan.shapes, column.units[0].total
            shape = shapes[dense.bias]
            for j in heads:
                full = column.place(shapes[total or 0], j, example)
                ends = full[len(full) - len(shape) :]
                place = tuple([0 if size == 1 else k for size, k in zip(shape, ends, strict=True)])
                yield Wire(None, (c, j), dense.bias, place)


def data_of(trace: Trace) -> list[bool]:
    """Per node whether it depends on an input; in a graph without any, on a leaf that is called x, or x and more."""
    nodes = trace.graph.nodes
    inputs = {i for i, node in enumerate(nodes) if node.op == "input"}
    if not inputs:
        inputs = {i for i, n in enumerate(nodes) if n.is_leaf and n.name.rpartition(".")[2][:1].lower() == "x"}
    out: list[bool] = []
    for i in range(len(nodes)):
        out.append(i in inputs or any(j < i and out[j] for j in trace.plan.operands[i]))
    return out


def follow(trace: Trace, data: Sequence[bool], i: int, stop: Iterable[int] = ()) -> tuple[int, ...]:
    """The ops after node i that keep its units: one after another, of its shape, until other data comes in."""
    graph, plan = trace.graph, trace.plan
    out: list[int] = []
    end = i
    while True:
        users = {c for c, _ in graph.consumers[end]}
        if len(users) != 1:
            return tuple(out)
        c = users.pop()
        others = [j for j in plan.operands[c] if j != end]
        if plan.shapes[c] != plan.shapes[i] or c in stop or get(graph.nodes[c].op).family == "loss":
            return tuple(out)
        if any(j < len(graph) and data[j] for j in others):
            return tuple(out)
        out.append(c)
        end = c
