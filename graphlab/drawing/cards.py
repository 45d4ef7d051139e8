"""A node's card: header, formula, shape, value, gradient, and what became of the gradient here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.base.numbers import (
    MISSING,
    Summary,
    is_small,
    matrix_lines,
    not_finite,
    number,
    shape_text,
    signed,
    summary_text,
)
from graphlab.diagram import Box, Line, Mark, Row, Span
from graphlab.drawing.fold import Part
from graphlab.drawing.measure import Measures
from graphlab.drawing.options import Options
from graphlab.explain.cancelling import note
from graphlab.explain.worked import INLINE, forward_worked, inline, local_derivative, own_name, short_name, shortened
from graphlab.formula.show import symbol
from graphlab.graph import Node
from graphlab.messages import language, tr
from graphlab.ops import get
from graphlab.trace import Trace

MAX_TERMS = 6
_OPERATORS = frozenset(["=", "≈", "+", "-", "−", "×", "·", "/", "→"])
_TORN = {"=": 0, "≈": 0, "·": 1, "+": 1, "-": 1, "−": 1, "×": 2, "/": 3}  # what a break before it costs
_LITERAL = re.compile(r"[-−]?[\d.]+(e-?\d+)?")


class Cards:
    """Makes the boxes of one picture."""

    def __init__(self, trace: Trace, options: Options, detail: str, measures: Measures) -> None:
        self.trace = trace
        self.options = options
        self.detail = detail
        self.measures = measures
        self.said: set[str] = set()  # which signs stand on a card: the legend explains these

    def box(self, part: Part, group: str | None) -> Box:
        """The box of a node, a folded scope or a run."""
        nodes, given = self.trace.graph.nodes, self.options.marks
        marks = tuple([mark for i in part.members for mark in given.get(nodes[i].name, ())]) if given else ()
        if part.kind == "node":
            i = part.members[0]
            node = nodes[i]
            rows, warnings = self.rows(i) if self.detail != "names" else ((), ())
            return Box(
                f"n{i}", node.name, self.header(node, i), get(node.op).family, node.role, rows, group,
                marks + warnings,
            )  # fmt: skip
        name = part.scope or self._run_name(part)
        return Box(f"n{part.first}", name, self.fold_header(part), "fold", "fold", self.fold_rows(part), group, marks)

    def header(self, node: Node, i: int) -> Line:
        """**name** · op; a scalar leaf carries its value here."""
        name = Span(own_name(self.trace, i), "strong")
        if not node.is_leaf:
            return (name, _op_span(node.op))
        dtype = self.trace.plan.dtypes[i]
        odd = dtype not in ("float64", self.trace.graph.dtype)
        frozen = tr(" frozen") if node.attrs.get("trainable") is False else ""
        spans = [name, *_leaf_spans(tr(node.op), frozen, dtype if odd else "")]
        if self.detail in ("stats", "values") and self.trace.plan.shapes[i] == ():
            value = self.trace.values[i]
            role = "value" if value is None or np.isfinite(value) else "warning"
            spans += [Span(" = "), Span(inline(value, None, self.options.precision), role)]
        return tuple(spans)

    def rows(self, i: int) -> tuple[tuple[Row, ...], tuple[Mark, ...]]:
        """The bands of a node's card, and its warnings."""
        node = self.trace.graph.nodes[i]
        rows: list[Row] = []
        forward = self.options.view != "backward"
        if forward and not node.is_leaf and self.detail != "shapes":
            rows += self.formula(i)
        if self.detail == "shapes" or (forward and self.trace.plan.shapes[i] != ()):
            rows.append(self.shape(i))
        if self.detail in ("stats", "values"):
            if not (node.is_leaf and self.trace.plan.shapes[i] == ()):
                rows += self.array(i, self.trace.values[i], "value", whole=forward)
            if self.options.gradients:
                rows += self.gradient(i)
        return tuple(rows), tuple(self.warnings(i))

    def formula(self, i: int) -> list[Row]:
        worked = forward_worked(self.trace, i, self.options.precision, numbers=False)
        if worked.symbolic is None:
            return []
        lines = [(Span(text, "formula"),) for text in wrapped(f"{worked.left} = {worked.symbolic}")]
        scalars = all(self.trace.plan.shapes[j] == () for j in self.trace.plan.operands[i] if j < len(self.trace.graph))
        if self.detail == "values" and scalars:
            worked = forward_worked(self.trace, i, self.options.precision)
            lines += [(Span(text),) for text in wrapped(f"= {worked.substituted}")] if worked.substituted else []
        return [Row("formula", tuple(lines))]

    def shape(self, i: int) -> Row:
        dtype, node = self.trace.plan.dtypes[i], self.trace.graph.nodes[i]
        named = node.op == "input" and dtype == self.trace.graph.dtype  # a leaf of another dtype says so in its header
        named = named or (dtype != self.trace.graph.dtype and not node.is_leaf)
        return _shape_row(self.trace.plan.shapes[i], dtype if named else None, language())

    def array(self, i: int, value: Any, kind: str, whole: bool = True) -> list[Row]:
        """A value or a gradient: a number, a small matrix whole, or the corner and the summary of a large one.

        whole=False: in a line, since the picture is about something else.
        """
        label = tr("value") if kind == "value" else f"∂L/∂{own_name(self.trace, i)}"
        shape = self.trace.plan.shapes[i]
        precision = self.options.precision
        measure = self.measures.of(i, kind)
        if value is None:  # not computed, or only summarised in a trace file
            return [Row(kind, self.summary(i, label, measure, kind))]
        if math.prod(shape) == 1:
            one = np.reshape(value, ())
            role = kind if np.isfinite(one) else "warning"
            return [Row(kind, ((Span(f"{label} "), Span(number(one, precision), role)),))]
        if self.detail == "values" and not whole and math.prod(shape) <= INLINE and is_small(shape):
            return [Row(kind, ((Span(f"{label} "), Span(inline(value, None, precision), kind)),))]
        if self.detail == "stats" or not whole or math.prod(shape) == 0:
            return [Row(kind, self.summary(i, label, measure, kind))]
        # a green matrix is a value, as the legend says: a small one needs no head
        head = [(Span(label),)] if is_small(shape) else list(self.summary(i, label, measure, kind))
        if is_small(shape) and kind == "value":
            head = []
        if len(shape) > 2:
            head.append((Span(tr("first of {n} matrices", n=math.prod(shape[:-2])), "quiet"),))
        lines = tuple((Span(text, kind),) for text in matrix_lines(value, precision))
        return [*([Row(kind, tuple(head))] if head else []), Row(kind, lines, mono=True)]

    def summary(self, i: int, label: str, measure: Summary | None, kind: str) -> tuple[Line, ...]:
        if measure is None:
            self.said.add("missing")
        elif measure.size and not math.isnan(measure.mean):
            self.said.add("summary")
        whole = kind == "value" and not self.trace.plan.dtypes[i].startswith("float")
        return summary_lines(label, measure, kind, spread=not whole)

    def gradient(self, i: int) -> list[Row]:
        """∂L/∂(node), the sum that it is, the local derivatives, and how much it shrank or grew."""
        node, trace = self.trace.graph.nodes[i], self.trace
        grad = trace.cotangents[i] if trace.cotangents is not None else None
        rows = self.array(i, grad, "grad")
        if said := note(trace, i):
            rows.append(Row("sum", tuple([(Span(line, "quiet"),) for line in wrapped(said, 44)])))
        if grad is None:
            return rows + (self.scale(i) if not node.is_leaf else [])
        rows += self.fan_out(i)
        if not node.is_leaf and self.options.view == "backward":
            rows += self.local(i)
        if not node.is_leaf:
            rows += self.scale(i)
        return rows

    def fan_out(self, i: int) -> list[Row]:
        """Where contributions meet: the sum, term by term."""
        terms = self.trace[self.trace.graph.nodes[i].name].contributions
        if len(terms) < 2:
            return []
        left = f"∂L/∂{own_name(self.trace, i)}"
        more = [] if len(terms) <= MAX_TERMS else [tr("… {n} more", n=len(terms) - MAX_TERMS)]
        precision = self.options.precision
        if terms[0].value.size == 1:
            texts = [signed(t.value.reshape(()), precision) for t in terms[:MAX_TERMS]] + more
            texts[0] = number(terms[0].value.reshape(()), precision)
            total = number(np.reshape(self.trace.cotangents[i], ()), precision)  # type: ignore[index]
            printed = sum(float(number(t.value.reshape(()), precision)) for t in terms)
            sign = "=" if more or number(printed, precision) == total else "≈"
            text = f"{left} = " + " + ".join(texts) + f" {sign} {total}"
            return [Row("sum", tuple((Span(line, "grad"),) for line in wrapped(text)))]
        if terms[0].value.size <= INLINE:
            texts = [inline(t.value, None, precision) for t in terms[:MAX_TERMS]] + more
        else:
            texts = [
                tr("from {consumer}", consumer=short_name(self.trace, i, t.consumer)) for t in terms[:MAX_TERMS]
            ] + more
        text = f"{left} = " + " + ".join(texts)
        return [Row("sum", tuple((Span(line, "grad"),) for line in wrapped(text)))]

    def local(self, i: int) -> list[Row]:
        """∂y/∂slot = rule = number, a line a slot that has one."""
        lines: list[Line] = []
        for k, part in enumerate(self.trace.contributions[i] or ()):  # type: ignore[index]
            if part is None:
                continue
            scalar = np.size(part) == 1
            local = local_derivative(self.trace, i, k, numbers=scalar)
            if local is None:
                continue
            spans = [Span(f"{local.left} = ")]
            value = (
                number(np.reshape(local.value, ()), self.options.precision)
                if scalar and np.size(local.value) == 1
                else None
            )
            literal = _LITERAL.fullmatch(local.symbolic) is not None
            spans.append(Span(local.symbolic, "strong" if literal else "plain"))
            if value is not None and not literal:  # not 1.0001 = 1
                spans.append(Span(f" = {value}", "strong"))
            lines.append(tuple(spans))
        return [Row("local", tuple(lines))] if lines else []

    def scale(self, i: int) -> list[Row]:
        """Contribution / upstream, an input at a time: a factor between numbers, a ratio of sizes between arrays."""
        ratios = self.measures.ratios(i)
        if not ratios:
            return []
        self.said |= {"factor" if factor else "scale" for *_, factor in ratios}
        texts = [
            f"×{signed(ratio, 3)} → {name}" if factor else f"rms ×{number(ratio, 3)} → {name}"
            for name, ratio, factor in ratios
        ]
        return [Row("scale", tuple((Span(line, "quiet"),) for line in wrapped(" · ".join(texts), 44)))]

    def warnings(self, i: int) -> list[Mark]:
        """NaN and Inf, counted, wherever they occur."""
        found = []
        for kind in ("value", "grad") if self.options.gradients else ("value",):
            measure = None if self.measures.is_finite(i, kind) else self.measures.of(i, kind)
            if measure is not None and (measure.nan or measure.inf):
                label = tr("value") if kind == "value" else tr("gradient")
                found.append(Mark("warning", f"{label}: {', '.join(not_finite(measure))}"))
        return found

    def fold_header(self, part: Part) -> Line:
        graph = self.trace.graph
        work = [i for i in part.members if not graph.nodes[i].is_leaf]
        if part.repeats:
            return (Span(self._run_name(part), "strong"), Span(f" ×{part.times}", "strong"))
        folded = tr(" · {n} nodes folded", n=len(work)) if work else tr(" · {n} leaves folded", n=len(part.members))
        return (Span(shortened(symbol(part.scope)), "strong"), Span(folded))

    def fold_rows(self, part: Part) -> tuple[Row, ...]:
        """What a folded box holds: its ops, parameters, and the shape of what leaves it."""
        graph = self.trace.graph
        nodes = [graph.nodes[i] for i in part.members]
        counts: dict[str, int] = {}
        for node in nodes:
            if not node.is_leaf:
                counts[node.op] = counts.get(node.op, 0) + 1
        text = ", ".join(op if n == 1 else f"{op} ×{n}" for op, n in counts.items())
        rows = [Row("note", tuple((Span(line),) for line in wrapped(text, 40)))] if text else []
        size = sum(math.prod(node.attrs["shape"]) for node in nodes if node.op == "param")
        if size:
            rows.append(Row("note", ((Span(tr("{n} parameters", n=f"{size:,}"), "quiet"),),)))
        if part.repeats:
            first, last = graph.nodes[part.first].name, graph.nodes[part.last].name
            rows.append(Row("note", ((Span(f"{shortened(symbol(first))} … {shortened(symbol(last))}", "quiet"),),)))
        if self.detail != "names" and counts:
            rows.append(self.shape(part.last))
        if self.options.gradients and self.detail != "names" and part.kind != "siblings":
            rows += self.fold_gradient(part)
        return tuple(rows)

    def fold_gradient(self, part: Part) -> list[Row]:
        """How much the gradient shrank or grew from the last node of the box to its first."""
        work = [i for i in part.members if not self.trace.graph.nodes[i].is_leaf]
        if not work:  # a scope of parameters alone: no gradient passes through it
            return []
        first, last = self.measures.of(work[0], "grad"), self.measures.of(work[-1], "grad")
        if first is None or last is None or not last.rms:
            return []
        text = tr("gradient ×{ratio} from end to start", ratio=number(first.rms / last.rms, 3))
        return [Row("scale", ((Span(text, "quiet"),),))]

    def _run_name(self, part: Part) -> str:
        work = [self.trace.graph.nodes[i].op for i in part.members if not self.trace.graph.nodes[i].is_leaf]
        return " → ".join(work[: max(1, len(work) // part.times)])


@lru_cache(maxsize=1024)
def _op_span(op: str) -> Span:
    return Span(f" · {op}")


@lru_cache(maxsize=1024)
def _leaf_spans(op: str, frozen: str, dtype: str) -> Line:
    texts = [f" {op}", frozen, f" · {dtype}" if dtype else ""]
    return tuple([Span(text, "quiet") for text in texts if text])


@lru_cache(maxsize=1024)
def _shape_row(shape: tuple[int, ...], dtype: str | None, lang: str) -> Row:
    """lang: the one that is spoken, since a scalar's shape is a word."""
    spans = (Span(shape_text(shape)),)
    return Row("shape", ((*spans, Span(f" {dtype}", "quiet")) if dtype else spans,))


def summary_lines(label: str, measure: Summary | None, kind: str, spread: bool = True) -> tuple[Line, ...]:
    """An array in two lines: mean and deviation, then the extremes and what is not finite.

    spread=False: without the first, which say nothing of labels and indices.
    """
    if measure is None:
        return ((Span(f"{label} "), Span(MISSING, "quiet")),)
    first, *rest = summary_text(measure).split(" · ") if measure.size else [tr("empty")]
    if not spread and rest:
        first, *rest = rest
    bad = not_finite(measure)
    lines: list[Line] = [(Span(f"{label} "), Span(first, "warning" if first in bad else kind))]
    if rest:
        spans = [Span(f"{text} · ", "warning" if text in bad else kind) for text in rest]
        last = spans.pop()
        lines.append((*spans, Span(rest[-1], last.role)))
    return tuple(lines)


def wrapped(text: str, width: int = 52) -> list[str]:
    """Lines of at most about `width` characters, broken at spaces where least is torn apart.

    An operator or = starts a line, never ends one; = is torn before +, + before ×, and brackets last.

    >>> wrapped("a = b + c", 6)
    ['a = b', '+ c']
    >>> wrapped("L = sum(a × b + c) / n", 20)
    ['L = sum(a × b + c)', '/ n']
    """
    lines = []
    words = text.split(" ")
    while sum(map(len, words)) + len(words) - 1 > width:
        cut = _cut(words, width)
        if cut is None:
            break
        lines.append(" ".join(words[:cut]))
        words = words[cut:]
    return [*lines, " ".join(words)]


def _cut(words: Sequence[str], width: int) -> int | None:
    """The word that a new line starts with; None where nothing can be broken."""
    places: list[tuple[int, int, int]] = []  # (what it tears, -length of the line, the word)
    depth = length = 0
    for k, word in enumerate(words):
        if k and words[k - 1] not in _OPERATORS:
            if length - 1 > width:
                return min(places)[2] if places else k
            short = 20 if length < width / 3 else 3 if length < width / 2 else 0  # a stub of a line is ugly too
            places.append((4 * depth + _TORN.get(word, 4) + short, -length, k))
        depth += sum(map(word.count, "([")) - sum(map(word.count, ")]"))
        length += len(word) + 1
    return min(places)[2] if places else None
