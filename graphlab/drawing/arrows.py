"""The arrows: shapes forward, the chain rule with its numbers backward, values one way and gradients the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.base.numbers import MISSING, is_small, number, shape_text, signed
from graphlab.diagram import Arrow, Line, Mark, Span
from graphlab.drawing.cards import wrapped
from graphlab.drawing.fold import Part
from graphlab.drawing.measure import Measures, weight
from graphlab.drawing.options import Options
from graphlab.explain.cancelling import is_cancelled
from graphlab.explain.worked import INLINE, backward_worked, inline, local_derivative
from graphlab.messages import tr
from graphlab.trace import Trace

FEW = 3
Edge = tuple[int, int]  # a consumer and which of its inputs


class Arrows:
    """Makes the arrows of one picture."""

    def __init__(self, trace: Trace, options: Options, detail: str, measures: Measures, parts: Sequence[Part]) -> None:
        self.trace = trace
        self.options = options
        self.detail = detail
        self.measures = measures
        self.part_of = {i: part for part in parts for i in part.members}
        self.edges = self._edges(parts)
        edges = [edge for edges in self.edges.values() for edge in edges]
        self.scale, self.least = measures.scale(edges), measures.least(edges)
        self.scalar = not any(trace.plan.shapes[self.source(edges[0])] for edges in self.edges.values())
        self.without = False  # whether an arrow carries no gradient, or one that is 0: the legend says how that looks

    def _edges(self, parts: Sequence[Part]) -> dict[tuple[int, int, int], list[Edge]]:
        """What each arrow stands for: edges between two boxes; one arrow an edge unless a box is folded."""
        operands, part_of = self.trace.plan.operands, self.part_of  # a literal number has a place, and no part
        out: dict[tuple[int, int, int], list[Edge]] = {}
        for part in parts:
            first, plain = part.members[0], part.kind == "node"
            for i in part.members:
                for k, j in enumerate(operands[i]):
                    source = part_of.get(j)
                    if source is None or source is part:
                        continue
                    if plain and source.kind == "node":
                        out[source.members[0], first, k] = [(i, k)]
                    else:
                        out.setdefault((source.members[0], first, -1), []).append((i, k))
        return out

    def all(self) -> list[Arrow]:
        """Every arrow, in the order of the consumers."""
        return [arrow for (tail, head, _), edges in self.edges.items() for arrow in self.between(tail, head, edges)]

    def between(self, tail: int, head: int, edges: Sequence[Edge]) -> tuple[Arrow, ...]:
        """The arrow of these edges, as the view has it; where it shows both directions, the two."""
        make = {"forward": self.forward, "backward": self.backward, "both": self.both}[self.options.view]
        return make(tail, head, edges)

    def id(self, edges: Sequence[Edge]) -> str:
        return f"e{edges[0][0]}_{edges[0][1]}"

    def source(self, edge: Edge) -> int:
        return self.trace.plan.operands[edge[0]][edge[1]]

    def forward(self, tail: int, head: int, edges: Sequence[Edge]) -> tuple[Arrow, ...]:
        """With the data, carrying the shape."""
        lines: tuple[Line, ...] = ()
        shape = self.trace.plan.shapes[self.source(edges[0])]
        if self.detail != "names" and shape:
            lines = ((Span(shape_text(shape)),),)
        lines = self._counted(lines, edges)
        return (Arrow(self.id(edges), f"n{tail}", f"n{head}", "forward", lines, edges=tuple(edges)),)

    def backward(self, tail: int, head: int, edges: Sequence[Edge]) -> tuple[Arrow, ...]:
        """From the consumer to the producer: upstream × local = downstream."""
        sizes = self.measures.edges
        sent = [edge for edge in edges if edge in sizes]
        if not sent:  # labels, conditions, constants: the chain rule ends here; or it has not come here yet
            text = MISSING if any(self.trace.plan.sends(*edge) for edge in edges) else tr("no gradient")
            self.without = True
            said = ((Span(text, "quiet"),),)
            return (Arrow(self.id(edges), f"n{head}", f"n{tail}", "backward", said, edges=tuple(edges)),)
        size = self.size(sent)
        lines: tuple[Line, ...] = ()
        if self.detail != "names":
            lines = self.chain_rule(*sent[0]) if len(sent) == 1 else self.merged(sent)
            if len(sent) == 1 and is_cancelled(self.trace, *sent[0]):
                zero, space, why = tr("0 (but for rounding): the terms cancel").partition(" ")
                lines += ((Span(zero, "grad"), Span(space + why, "quiet")),)
        return (
            Arrow(self.id(sent), f"n{head}", f"n{tail}", "backward", lines, self.weight(size), 0, self.marks(size),
                  tuple(edges)),
        )  # fmt: skip

    def both(self, tail: int, head: int, edges: Sequence[Edge]) -> tuple[Arrow, ...]:
        """One with the data and its value; one against it with the gradient, where one is sent."""
        precision, ends = self.options.precision, (f"n{tail}", f"n{head}")
        lines: list[Line] = []
        back: tuple[Line, ...] = ()
        sent = [edge for edge in edges if self.measures.edge(*edge) is not None]
        if self.detail != "names":
            source = self.source(edges[0])
            size = self.measures.of(source, "value")
            shape = self.trace.plan.shapes[source]
            whole = not self.trace.plan.dtypes[source].startswith("float")  # the size of labels says nothing
            text = self.brief(self.trace.values[source], shape, size.rms if size and not whole else None, precision)
            lines.append((Span(text, "value"),))
            if len(sent) == 1:
                part = self.trace.contributions[sent[0][0]][sent[0][1]]  # type: ignore[index]
                back = ((Span(self.brief(part, shape, self.measures.edge(*sent[0]), precision), "grad"),),)
            elif sent:
                back = self.merged(sent)
        data = Arrow(self.id(edges), *ends, "data", tuple(lines), edges=tuple(edges))
        if not sent:
            return (data,)
        carried = self.size(sent)
        weight, marks = self.weight(carried), self.marks(carried)
        return data, Arrow(f"{data.id}b", *ends[::-1], "backward", back, weight, 0, marks, data.edges)

    def brief(self, array: Any, shape: tuple[int, ...], size: float | None, precision: int) -> str:
        """A number, a few numbers, or shape and size."""
        few = math.prod(shape) == 1 or (self.detail == "values" and math.prod(shape) <= INLINE and len(shape) <= 2)
        if few and array is not None:
            return inline(array, None, precision)
        sized = size is not None and math.prod(shape) > 0
        return f"{shape_text(shape)} · rms {number(size, 3)}" if sized else shape_text(shape)

    def chain_rule(self, i: int, k: int) -> tuple[Line, ...]:
        """The edge's rule with its numbers: 0.1966 × (-1) = -0.1966, or symbols, shape and size for arrays."""
        part = self.trace.contributions[i][k]  # type: ignore[index]
        shape = self.trace.plan.shapes[self.source((i, k))]
        size = self.measures.edge(i, k) or 0.0
        summary: Line = (Span(f"{shape_text(shape)} · rms "), Span(number(size, 3), "grad"))
        if math.prod(shape) == 0:
            summary = (Span(shape_text(shape)),)
        if self.detail == "shapes" or part is None:
            return (summary,) if shape else ((Span(number(part, self.options.precision), "grad"),),)
        worked = backward_worked(self.trace, i, k, self.options.precision, numbers=False)
        if math.prod(shape) == 1 and np.size(self.trace.cotangents[i]) == 1:  # type: ignore[index]
            line = self.scalar_rule(i, k)
            if line is not None:
                return (line,)
        rule = worked.left if worked.symbolic is None else f"{worked.left} = {worked.symbolic}"
        lines: list[Line] = [(Span(text, "formula"),) for text in wrapped(rule, 30)]
        if self.detail == "values" and math.prod(shape) == 1:
            return (*lines, (Span("= "), Span(inline(part, None, self.options.precision), "grad")))
        # a gradient with one term stands in its own card; numbers on the arrow would only repeat it
        alone = len(self.trace.graph.consumers[self.source((i, k))]) == 1
        if self.detail == "values" and math.prod(shape) <= (FEW if alone else INLINE) and is_small(shape):
            numbers = Span(inline(part, None, self.options.precision), "grad")
            return (*lines, (Span("= "), numbers, Span(tr(" · shape {shape}", shape=shape_text(shape)))))
        return (*lines, summary)

    def scalar_rule(self, i: int, k: int) -> Line | None:
        """upstream × local = downstream, all three numbers; None where the rule is no such product."""
        local = local_derivative(self.trace, i, k)
        if local is None or np.size(local.value) != 1:
            return None
        precision = self.options.precision
        upstream = number(np.reshape(self.trace.cotangents[i], ()), precision)  # type: ignore[index]
        factor = np.reshape(local.value, ())
        product = number(np.reshape(self.trace.contributions[i][k], ()), precision)  # type: ignore[index]
        exact = number(float(upstream) * float(number(factor, precision)), precision) == product
        return (Span(f"{upstream} × {signed(factor, precision)} {'=' if exact else '≈'} "), Span(product, "grad"))

    def merged(self, edges: Sequence[Edge]) -> tuple[Line, ...]:
        """Several edges drawn as one arrow, where a box is folded."""
        sizes = [self.measures.edge(*edge) or 0.0 for edge in edges]
        return ((Span(tr("{n} gradients · rms ≤ ", n=len(edges))), Span(number(max(sizes), 3), "grad")),)

    def _counted(self, lines: tuple[Line, ...], edges: Sequence[Edge]) -> tuple[Line, ...]:
        return (*lines, (Span(f"×{len(edges)}", "quiet"),)) if len(edges) > 1 and self.detail != "names" else lines

    def size(self, edges: Sequence[Edge]) -> float | None:
        """The largest of what these edges carry; NaN if any is."""
        if len(edges) == 1:
            return self.measures.edges.get(edges[0])
        sizes = [size for size in map(self.measures.edges.get, edges) if size is not None]
        return None if not sizes else max(sizes) if not any(map(math.isnan, sizes)) else math.nan

    def weight(self, size: float | None) -> float | None:
        found = weight(size, self.scale)
        self.without = self.without or found is None
        return found

    def marks(self, size: float | None) -> tuple[Mark, ...]:
        return (Mark("warning", tr("not finite")),) if size is not None and not math.isfinite(size) else ()
