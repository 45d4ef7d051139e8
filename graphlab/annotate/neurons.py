"""The textbooks' picture of a small layered network: a circle a unit, a line a weight; backward with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.annotate.measure import weight
from graphlab.annotate.options import Options
from graphlab.diagram import Arrow, Box, Diagram, Line, Row, Span
from graphlab.errors import UsageError
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.numbers import MISSING, number, shape_text
from graphlab.ops import get
from graphlab.trace import Trace
from graphlab.worked import shortened

LONGEST_NAME = 8  # characters that fit a circle
COLUMN, ROW = 250.0, 104.0  # points between layers and between units
MOST_UNITS, FIRST, LAST = 10, 5, 2  # a wider layer shows its first and last units only
MOST_LABELS = 24  # between two layers; beyond that the lines alone speak


@dataclass(frozen=True, slots=True)
class Layer:
    """One column: the node whose units it shows, and what it is computed from.

    linear: the affine or matmul node before it. weight, bias: leaves; the bias may be missing.
    """

    node: int
    linear: int | None = None
    weight: int | None = None
    bias: int | None = None


def neurons(trace: Trace, options: Options) -> Diagram:
    """A circle for each unit with its value, a line for each weight with its number, for the first example.

    Raises UsageError where the model is no chain of layers, or has no example or no unit in one.
    """
    layers = find_layers(trace)
    empty = next((layer.node for layer in layers if 0 in trace.plan.shapes[layer.node]), None)
    if empty is not None:
        text = "the neurons view shows one example, but '{name}' is {shape}: empty"
        raise UsageError(tr(text, name=trace.graph.nodes[empty].name, shape=shape_text(trace.plan.shapes[empty])))
    picture = _Picture(trace, options, layers)
    graph = trace.graph
    backward = options.view == "neurons-backward"
    sizes = "-".join(str(trace.plan.shapes[layer.node][-1]) for layer in layers)
    parts = [tr("neurons, backward") if backward else tr("neurons"), sizes]
    shape = trace.plan.shapes[layers[0].node]
    if len(shape) > 1 and shape[0] > 1:
        parts.append(tr("the first of {n} examples", n=shape[0]))
    if trace.loss is not None:
        parts.append(f"{shortened(symbol(str(graph.target)))} = {number(trace.loss, options.precision)}")
    return Diagram(
        symbol(graph.name) if options.title is None else options.title, " · ".join(parts), options.view,
        tuple(picture.boxes), tuple(picture.arrows), legend=tuple(picture.legend()), notes=tuple(picture.notes()),
    )  # fmt: skip


def find_layers(trace: Trace) -> list[Layer]:
    """The columns of a layered network, input first. Raises UsageError where there is no such chain."""
    graph, plan = trace.graph, trace.plan
    linear = [i for i, node in enumerate(graph.nodes) if _weight(trace, i) is not None]
    if not linear:
        message = tr(
            "the neurons view needs layers: x @ W + b or affine with a weight parameter; draw it forward instead"
        )
        raise UsageError(message)
    layers = [Layer(plan.operands[linear[0]][0])]
    for position, i in enumerate(linear):
        end, bias = _end_of_layer(trace, i)
        layers.append(Layer(end, i, _weight(trace, i), bias))
        if position + 1 < len(linear) and plan.operands[linear[position + 1]][0] != end:
            name = graph.nodes[linear[position + 1]].name
            message = tr(
                "the neurons view needs one chain of layers, but '{name}' does not follow '{end}'; "
                "draw it forward instead",
                name=name, end=graph.nodes[end].name,
            )  # fmt: skip
            raise UsageError(message)
    return layers


def _weight(trace: Trace, i: int) -> int | None:
    """The weight matrix of an affine or matmul node, if it is a parameter."""
    node, plan = trace.graph.nodes[i], trace.plan
    if node.op not in ("affine", "matmul"):
        return None
    j = plan.operands[i][1]
    is_parameter = j < len(trace.graph) and trace.graph.nodes[j].op in ("param", "constant")
    return j if is_parameter and len(plan.shapes[j]) == 2 and len(plan.shapes[plan.operands[i][0]]) <= 2 else None


def _end_of_layer(trace: Trace, i: int) -> tuple[int, int | None]:
    """The last node with the same units before something else begins, and the bias added on the way."""
    graph, plan = trace.graph, trace.plan
    bias = plan.operands[i][2] if graph.nodes[i].op == "affine" else None
    end = i
    while True:
        users = [c for c, _ in graph.consumers[end]]
        if len(users) != 1 or plan.shapes[users[0]] != plan.shapes[i] or _weight(trace, users[0]) is not None:
            return end, bias
        node = graph.nodes[users[0]]
        if get(node.op).family == "loss":
            return end, bias
        others = [j for j in plan.operands[users[0]] if j != end]
        if node.op in ("add", "sub", "mul", "div") and any(
            j < len(graph) and graph.nodes[j].op not in ("param", "constant") for j in others
        ):
            return end, bias  # it meets other data: a target, or a branch
        if node.op == "add" and end == i and others and others[0] < len(graph):
            bias = others[0]
        end = users[0]


class _Picture:
    def __init__(self, trace: Trace, options: Options, layers: Sequence[Layer]) -> None:
        self.trace = trace
        self.options = options
        self.layers = layers
        self.backward = options.view == "neurons-backward"
        self.kind = "grad" if self.backward else "value"
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.shown = [_shown(trace.plan.shapes[layer.node][-1]) for layer in layers]
        tallest = max(len(units) for units in self.shown)
        self.scale = self._scale()
        for column, units in enumerate(self.shown):
            top = (tallest + len(units)) / 2 - 1
            for row, unit in enumerate(units):
                self.unit(column, unit, (column * COLUMN, (top - row) * ROW))
            if layers[column].bias is not None:
                self.bias_unit(column, ((column - 1) * COLUMN, (tallest + len(self.shown[column - 1])) / 2 * ROW))
        for column in range(1, len(layers)):
            self.weights(column)

    def column_of(self, i: int) -> Any:
        """What is shown of node i: its value, or its gradient."""
        return (self.trace.cotangents or [None] * len(self.trace.values))[i] if self.backward else self.trace.values[i]

    def unit(self, column: int, unit: int | None, position: tuple[float, float]) -> None:
        """A circle with its name and number; None stands for the units left out."""
        i = self.layers[column].node
        node = self.trace.graph.nodes[i]
        if unit is None:
            left_out = self.trace.plan.shapes[i][-1] - FIRST - LAST
            text: Line = (Span(tr("⋮ {n} more", n=left_out), "quiet"),)
            self.boxes.append(Box(f"n{column}_more", node.name, text, "leaf", "fold", (), None, (), "text", position))
            return
        array = self.column_of(i)
        entry = None if array is None else np.asarray(array).reshape(-1, self.trace.plan.shapes[i][-1])[0, unit]
        text = (Span(MISSING if entry is None else number(entry, self.options.precision), self.kind),)
        short = symbol(node.name.rpartition(".")[2])
        header = (
            Span(f"{short if len(short) <= LONGEST_NAME else short[: LONGEST_NAME - 1] + '…'}[{unit}]", "strong"),
        )
        role = "input" if node.op == "input" else "node"
        box = Box(
            f"n{column}_{unit}", f"{node.name}[{unit}]", header, get(node.op).family, role,
            (Row(self.kind, (text,)),), None, (), "circle", position,
        )  # fmt: skip
        self.boxes.append(box)

    def bias_unit(self, column: int, position: tuple[float, float]) -> None:
        """The circle with a 1 in it whose lines are a layer's biases."""
        name = self.trace.graph.nodes[self.layers[column].bias or 0].name
        box = Box(f"n{column}_bias", name, (Span("1", "strong"),), "leaf", "constant", (), None, (), "circle", position)
        self.boxes.append(box)

    def weights(self, column: int) -> None:
        """The lines into one layer."""
        layer = self.layers[column]
        matrix = self.column_of(layer.weight or 0)
        bias = None if layer.bias is None else self.column_of(layer.bias)
        sources: list[tuple[str, int | None]] = [
            (f"n{column - 1}_{i}", i) for i in self.shown[column - 1] if i is not None
        ]
        if layer.bias is not None:
            sources.append((f"n{column}_bias", None))
        heads = [j for j in self.shown[column] if j is not None]
        labelled = len(sources) * len(heads) <= MOST_LABELS
        for source, i in sources:
            for j in heads:
                entry = _entry(matrix, i, j) if i is not None else _entry(bias, None, j)
                self.line(source, f"n{column}_{j}", entry, labelled)

    def line(self, source: str, head: str, entry: float | None, labelled: bool) -> None:
        tail, target = (head, source) if self.backward else (source, head)
        size = None if entry is None else abs(entry)
        sign = 0 if entry is None or not np.isfinite(entry) else int(np.sign(entry))
        kind = "backward" if self.backward else "forward"
        text: Line = (Span(MISSING if entry is None else number(entry, self.options.precision), self.kind),)
        lines = (text,) if labelled else ()
        self.arrows.append(
            Arrow(f"e{len(self.arrows)}", tail, target, kind, lines, weight(size, self.scale) or 0.0, sign)
        )

    def _scale(self) -> tuple[float, float]:
        """Smallest and largest weight (or its gradient) that is not 0, two to three decades apart."""
        sizes = [
            np.abs(np.asarray(array, dtype=float)).ravel()
            for layer in self.layers[1:]
            for array in (self.column_of(layer.weight or 0),)
            if array is not None
        ]
        flat = np.concatenate(sizes) if sizes else np.zeros(0)
        flat = flat[np.isfinite(flat) & (flat > 0)]
        if not flat.size:
            return (0.0, 0.0)
        low, high = float(flat.min()), float(flat.max())
        return (max(min(low, high * 1e-2), high * 1e-3), high)

    def legend(self) -> list[Line]:
        if self.backward:
            text = tr("in a circle ∂L/∂(unit), on a line ∂L/∂(weight): wider is larger (log scale), dashed is negative")
        else:
            text = tr("a circle is a unit, a line a weight: wider is larger (log scale), dashed is negative")
        return [(Span(text),)]

    def notes(self) -> list[str]:
        if any(None in units for units in self.shown):
            return [tr("wide layers show their first {first} and last {last} units", first=FIRST, last=LAST)]
        return []


def _shown(size: int) -> list[int | None]:
    """Which units of a layer are drawn; None stands for those left out."""
    if size <= MOST_UNITS:
        return list(range(size))
    return [*range(FIRST), None, *range(size - LAST, size)]


def _entry(array: Any, i: int | None, j: int) -> float | None:
    """W[i, j], or b[j] of a bias that may be one number for all units."""
    if array is None:
        return None
    values = np.asarray(array)
    if i is not None:
        return float(values[i, j])
    flat = values.reshape(-1)
    return float(flat[j] if flat.size > 1 else flat[0])
