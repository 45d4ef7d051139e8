"""The textbooks' picture of a network: a circle a unit, a line a weight; backward with the gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphlab.base.numbers import MISSING, number
from graphlab.diagram import Arrow, Box, Diagram, Line, Mark, Row, Span
from graphlab.drawing.cards import wrapped
from graphlab.drawing.measure import weight
from graphlab.drawing.neurons.finding import check_example, find_network, missing_text
from graphlab.drawing.neurons.network import Wire
from graphlab.drawing.options import Options
from graphlab.explain.rounding import without_noise
from graphlab.explain.worked import shortened
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.ops import get
from graphlab.trace import Trace

LONGEST_NAME = 9  # characters that fit a circle
COLUMN, ROW, BELOW = 250.0, 112.0, 46.0  # points between columns, between units, and from a circle to the text below it
MOST_UNITS, FIRST, LAST = 10, 4, 1  # a wider layer shows its first and last units only
MOST_LABELS = 16  # between two columns; beyond that the lines alone speak, and thinly
THIN = 0.35  # of their width
CAPTION = 40  # letters of a line below a column
QUIET = (Mark("later", ""),)  # how a line looks whose number is 0 or not there


class Neurons:
    """The picture of a run, and of its positions. whole: the run with all its numbers, by which lines are as wide.

    Raises UsageError where the model is no such network, or has no such example.
    """

    def __init__(self, whole: Trace, options: Options) -> None:
        self.whole = without_noise(whole)
        self.options = options
        self.backward = options.view == "neurons-backward"
        self.kind = "grad" if self.backward else "value"
        self.net = find_network(whole)
        check_example(whole, self.net, options.example)
        self.shown = [_shown(column.size) for column in self.net.columns]
        self.tallest = max(map(len, self.shown))
        self.wires = [
            list(self.net.between(whole, c, _rows(self.shown[c - 1]), _rows(self.shown[c]), options.example))
            for c in range(1, len(self.net.columns))
        ]
        self.scale = self._scale()
        self.signs = {sign_of(self.entry(wire)) for wires in self.wires for wire in wires}

    def entry(self, wire: Wire) -> float | None:
        """The number on a line, in the whole run."""
        column = self.whole.cotangents if self.backward else self.whole.values
        array = column[wire.array] if column is not None else None
        return None if array is None else float(np.asarray(array)[wire.place])

    def diagram(self, trace: Trace | None = None, now: int = -1, subtitle: str = "") -> Diagram:
        """trace: the run as far as it has come. now: the node that has just worked."""
        picture = _Picture(self, trace or self.whole, now)
        graph, text = self.whole.graph, missing_text(self.whole, self.net)
        title = symbol(graph.name) if self.options.title is None else self.options.title
        return Diagram(
            title, subtitle or self.subtitle(), self.options.view, tuple(picture.boxes), tuple(picture.arrows),
            legend=tuple(self.legend()), notes=tuple(self.notes(text)), warnings=(text,) if text else (),
        )  # fmt: skip

    def subtitle(self) -> str:
        trace, net = self.whole, self.net
        sizes = "-".join(str(column.size) for column in net.columns)
        parts = [tr("neurons, backward") if self.backward else tr("neurons"), sizes]
        if net.examples > 1:
            parts.append(tr("example {k} of {n}, counted from 0", k=self.options.example, n=net.examples))
        if trace.loss is not None:
            parts.append(f"{shortened(symbol(str(trace.graph.target)))} = {number(trace.loss, self.options.precision)}")
        return " · ".join(parts)

    def legend(self) -> list[Line]:
        """What circles, lines and their looks mean; only what the picture has."""
        ops = any(unit.ops for column in self.net.columns for unit in column.units)
        lines = [tr("on a line ∂L/∂(weight)") if self.backward else tr("a line is a weight, one from a 1 a bias")]
        lines.append(tr("wider is larger (log scale)") if self.backward else tr("wider is larger"))
        lines += [tr("dashed is negative")] if -1 in self.signs else []
        lines += [tr("thin and pale is 0")] if 0 in self.signs else []
        circles = [tr("z: the weighted sum with its bias")]
        circles += [tr("a: what the ops below the column make of it")] if ops else []
        if self.backward:
            circles.append("∂z, ∂a: ∂L/∂z, ∂L/∂a" if ops else "∂z: ∂L/∂z")
            if self.net.examples > 1:
                circles.append(tr("in circles: of example {k} alone", k=self.options.example))
                lines.append(tr("Σ: the sum over all {n} examples", n=self.net.examples))
        return [(Span(" · ".join(parts)),) for parts in (lines, circles)]

    def notes(self, missing: str) -> list[str]:
        out = [missing] if missing else []
        if any(None in units for units in self.shown):
            out.append(tr("wide layers show their first {first} and last {last} units", first=FIRST, last=LAST))
        if self.net.loss is not None and self.net.examples > 1:
            name = symbol(self.whole.graph.nodes[self.net.loss].name)
            out.append(tr("{name} is that of all {n} examples", name=name, n=self.net.examples))
        return out

    def _scale(self) -> tuple[float, float]:
        """The smallest and largest number on a line that is not 0, up to three decades apart."""
        column = self.whole.cotangents if self.backward else self.whole.values
        arrays = {wire.array for wires in self.wires for wire in wires}
        there = [column[i] for i in sorted(arrays) if column is not None and column[i] is not None]
        found = [np.abs(np.asarray(array, dtype=float)).ravel() for array in there]
        flat = np.concatenate(found) if found else np.zeros(0)
        flat = flat[np.isfinite(flat) & (flat > 0)]
        if not flat.size:
            return (0.0, 0.0)
        low, high = float(flat.min()), float(flat.max())
        return (max(min(low, high * 1e-2), high * 1e-3), high)


def neurons(trace: Trace, options: Options) -> Diagram:
    """The picture of a whole run. Raises UsageError where the model is no such network, or has no such example."""
    return Neurons(trace, options).diagram()


class _Picture:
    """The boxes and arrows of one picture."""

    def __init__(self, plan: Neurons, trace: Trace, now: int) -> None:
        self.plan, self.net, self.trace, self.now = plan, plan.net, trace, now
        self.options, self.backward, self.kind = plan.options, plan.backward, plan.kind
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        for c, rows in enumerate(plan.shown):
            for at, row in enumerate(rows):
                self.circle(c, row, (c * COLUMN, self.height(c, at)))
        self.targets()
        self.captions()
        for c, wires in enumerate(plan.wires, 1):
            self.lines(c, wires)
        if self.net.loss is not None:
            self.loss(self.net.loss)

    def height(self, c: int, at: int) -> float:
        return ((self.plan.tallest + len(self.plan.shown[c])) / 2 - 1 - at) * ROW

    # Circles

    def number_of(self, i: int, place: Sequence[int]) -> float | None:
        """One entry of node i's value, or of its gradient."""
        column = self.trace.cotangents if self.backward else self.trace.values
        array = column[i] if column is not None else None
        return None if array is None else float(np.asarray(array)[tuple(place)])

    def text(self, value: float | None, digits: int | None = None) -> Span:
        if value is None:
            return Span(MISSING, "quiet")
        role = self.kind if np.isfinite(value) else "warning"
        return Span(number(value, digits or self.options.precision), role)

    def circle(self, c: int, row: int | None, position: tuple[float, float]) -> None:
        """A unit with its name, its weighted sum and its value; None stands for the units left out."""
        column, nodes = self.net.columns[c], self.trace.graph.nodes
        unit = column.unit(row or 0)
        node = nodes[unit.node]
        if row is None:
            text: Line = (Span(tr("⋮ {n} more", n=column.size - FIRST - LAST), "quiet"),)
            self.boxes.append(Box(f"n{c}_more", node.name, text, "leaf", "fold", (), None, (), "text", position))
            return
        named = column.axis is not None
        name = f"{node.name}[{row}]" if named else node.name
        lines = []
        for i, letter in ((unit.node, "a"), (unit.total, "z")):
            if i is not None and (letter == "z" or i != unit.total):
                entry = self.number_of(i, column.place(self.trace.plan.shapes[i], row, self.options.example))
                said = "" if unit.total is None else f"∂{letter} " if self.backward else f"{letter} "
                lines.append(Row(self.kind, ((Span(said, "quiet"), self.text(entry)),)))
        marks = (Mark("now", ""),) if self.now in (unit.node, unit.total, *unit.ops) and self.now >= 0 else ()
        role = "input" if unit.total is None else "node"
        family = get(nodes[unit.ops[-1]].op).family if unit.ops else "linear"
        header = (Span(self.short(node.name, row if named else None), "strong"),)
        self.boxes.append(Box(f"n{c}_{row}", name, header, family, role, tuple(lines), None, marks, "circle", position))

    def short(self, name: str, row: int | None) -> str:
        own = symbol(name if row is None else name.rpartition(".")[2])
        room = LONGEST_NAME - (len(f"[{row}]") - 3 if row is not None else 0)
        own = own if len(own) <= room else own[: room - 1] + "…"
        return own if row is None else f"{own}[{row}]"

    def captions(self) -> None:
        """Below each column what its units are: the node, the sum, the ops that follow."""
        low = min(box.position[1] for box in self.boxes if box.position) - BELOW
        for c, column in enumerate(self.net.columns):
            lines = self.caption(c)
            if lines:
                header, rows = lines[0], (Row("note", tuple(lines[1:])),)
                at = (c * COLUMN, low - 6.0 * len(lines) - 8)
                name = self.trace.graph.nodes[column.units[0].node].name
                self.boxes.append(Box(f"c{c}", name, header, "leaf", "fold", rows, None, (), "text", at))
        self.low = low

    def caption(self, c: int) -> list[Line]:
        column, nodes = self.net.columns[c], self.trace.graph.nodes
        unit = column.units[0]
        if c == 0:
            ops = f": {self.ops(self.net.before)}" if self.net.before else ""
            if column.axis is None:
                return [(Span(text),) for text in wrapped(tr("inputs") + ops, CAPTION)]
            return [(Span(text),) for text in wrapped(f"{symbol(nodes[unit.node].name)}{ops}", CAPTION)]
        if column.axis is None and column.dense is None:
            each = dict.fromkeys(self.ops(unit.ops) for unit in column.units)
            return [(Span(text),) for ops in each if ops for text in wrapped(f"a = {ops}", CAPTION)]
        made = (column.dense.node, unit.total) if column.dense and column.dense.node != unit.total else (unit.total,)
        lines = [f"z = {symbol(nodes[unit.total or 0].name)} · {self.ops([i for i in made if i is not None])}"]
        if unit.ops:
            lines.append(f"a = {symbol(nodes[unit.node].name)} · {self.ops(unit.ops)}")
        return [(Span(text),) for line in lines for text in wrapped(line, CAPTION)]

    def ops(self, nodes: Sequence[int], alike: bool = False) -> str:
        """batchnorm → relu; a literal number stands with its op. alike: each but once, however many units have it."""
        graph, operands, literals = self.trace.graph, self.trace.plan.operands, len(self.trace.graph)
        out = []
        for i in nodes:
            numbers = [self.trace.values[j] for j in operands[i] if j >= literals]
            out.append(" ".join([graph.nodes[i].op, *(number(x, 4) for x in numbers if np.size(x) == 1)]))
        return " → ".join(dict.fromkeys(out) if alike else out)

    # Targets and loss

    def targets(self) -> None:
        """Below each unit of the last column what it should have been."""
        for c, r in self.net.outs:
            at = next((box.position for box in self.boxes if box.id == f"n{c}_{r}"), None)
            text = self.target(c, r)
            if at is not None and text:
                place = (at[0], at[1] - BELOW)
                line = (Span(text, "quiet"),)
                self.boxes.append(Box(f"t{c}_{r}", text, line, "leaf", "input", (), None, (), "text", place))

    def target(self, c: int, r: int) -> str:
        column, plan, example = self.net.columns[c], self.trace.plan, self.options.example
        node = column.unit(r).node
        for j in self.net.targets:
            shape, value, name = plan.shapes[j], self.trace.values[j], shortened(symbol(self.trace.graph.nodes[j].name))
            if value is None or not self._beside(node, j):
                continue
            label = len(shape) == 1 and column.axis == 1 and plan.dtypes[j].startswith(("int", "uint"))
            if label and len(shape) < len(plan.shapes[node]):
                if int(value[example]) == r:
                    return f"{name} = {r}"
            elif shape == plan.shapes[node]:
                entry = np.asarray(value)[column.place(shape, r, example)]
                return f"{name} = {number(entry, self.options.precision)}"
        return ""

    def _beside(self, node: int, target: int) -> bool:
        """Whether some node compares both: a loss, a difference; what is added, as by a residual, is no target."""
        graph, operands = self.trace.graph, self.trace.plan.operands
        return any(target in operands[c] and graph.nodes[c].op != "add" for c, _ in graph.consumers[node])

    def loss(self, i: int) -> None:
        """The circle at the end, and its lines from the last units."""
        node = self.trace.graph.nodes[i]
        outs = [(c, r) for c, r in self.net.outs if any(box.id == f"n{c}_{r}" for box in self.boxes)]
        x = len(self.net.columns) * COLUMN - 40
        row = Row(self.kind, ((self.text(self.number_of(i, (0,) * len(self.trace.plan.shapes[i]))),),))
        header = (Span(self.short(node.name, None), "strong"),)
        marks = (Mark("now", ""),) if self.now in self.net.path else ()
        middle = (self.plan.tallest - 1) / 2 * ROW
        self.boxes.append(Box("n_loss", node.name, header, "loss", "node", (row,), None, marks, "circle", (x, middle)))
        said = [(Span(text),) for text in wrapped(self.ops(self.net.path, alike=True), CAPTION)]
        at = (x, self.low - 6.0 * len(said) - 8)
        self.boxes.append(
            Box("c_loss", node.name, said[0], "leaf", "fold", (Row("note", tuple(said[1:])),), None, (), "text", at)
        )
        for c, r in outs:
            ends = ("n_loss", f"n{c}_{r}") if self.backward else (f"n{c}_{r}", "n_loss")
            self.arrows.append(Arrow(f"e{len(self.arrows)}", *ends, "forward"))

    # Lines

    def lines(self, c: int, wires: Sequence[Wire]) -> None:
        """The lines into one column, and the circle with a 1 whose lines are its biases."""
        if any(wire.tail is None for wire in wires):
            taller = max(len(self.plan.shown[c - 1]), len(self.plan.shown[c]))
            at = ((c - 1) * COLUMN, (self.plan.tallest + taller) / 2 * ROW)
            name = self.trace.graph.nodes[next(wire.array for wire in wires if wire.tail is None)].name
            one = (Span("1", "strong"),)
            self.boxes.append(Box(f"n{c}_bias", name, one, "leaf", "constant", (), None, (), "circle", at))
        for wire in wires:
            tail = f"n{c}_bias" if wire.tail is None else "n{}_{}".format(*wire.tail)
            self.line(tail, "n{}_{}".format(*wire.head), wire, len(wires) <= MOST_LABELS)

    def line(self, tail: str, head: str, wire: Wire, labelled: bool) -> None:
        entry = self.number_of(wire.array, wire.place)
        sign = sign_of(entry) or 0
        lines: tuple[Line, ...] = ()
        if labelled:
            summed = self.backward and self.net.examples > 1 and entry is not None
            lines = (((Span("Σ ", "quiet"),) if summed else ()) + (self.text(entry),),)
        marks = QUIET if not sign_of(entry) else ()
        ends = (head, tail) if self.backward else (tail, head)
        kind = "backward" if self.backward else "forward"
        self.arrows.append(Arrow(f"e{len(self.arrows)}", *ends, kind, lines, self.width(entry, labelled), sign, marks))

    def width(self, entry: float | None, labelled: bool) -> float | None:
        """0 to 1: gradients on a log scale, since they span decades; weights as they are."""
        if not entry:
            return None
        high = self.plan.scale[1]
        found = weight(abs(entry), self.plan.scale) if self.backward else min(1.0, abs(entry) / high) if high else 1.0
        return None if found is None else round(found * (1.0 if labelled else THIN), 2)


def sign_of(entry: float | None) -> int | None:
    """-1, 0, 1; None where there is no number, 1 for NaN, which is none to be quiet about."""
    return None if entry is None else 1 if np.isnan(entry) else int(np.sign(entry))


def _shown(size: int) -> list[int | None]:
    """Which units of a layer are drawn; None stands for those left out."""
    if size <= MOST_UNITS:
        return list(range(size))
    return [*range(FIRST), None, *range(size - LAST, size)]


def _rows(shown: Sequence[int | None]) -> list[int]:
    return [row for row in shown if row is not None]
