"""A trace as text: what was given, each step forward, each step backward, and the gradients it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlab.base.numbers import number
from graphlab.explain.barriers import why_none
from graphlab.explain.cancelling import note
from graphlab.explain.rounding import read
from graphlab.explain.worked import INLINE, backward_worked, forward_worked, inline, own_name
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.equation import entries, equation, pieces_of, result
from graphlab.messages import tr
from graphlab.trace import Record, Step, Trace

INDENT = 6


def trace_lines(trace: Trace, precision: int, width: int, full: bool = False) -> Iterator[Line]:
    """The lines of `graphlab trace`, made as they are asked for. full: every number of large arrays too."""
    trace = read(trace)
    if trace.graph.name:
        yield Styled(symbol(trace.graph.name), "strong")
        yield ""
    yield from _given(trace, precision, width, full)
    phase = ""
    for step in trace.steps:
        if step.phase != phase:
            phase = step.phase
            yield ""
            yield Styled(tr(phase) + _start(trace, phase, precision), "strong")
        yield from _step(trace, step, precision, width, full)
    if trace.has_gradients:
        yield from _gradients(trace, precision, width, full)
    yield from _updates(trace, precision, width, full)


def _given(trace: Trace, precision: int, width: int, full: bool) -> Iterator[Line]:
    leaves = [record for record in trace if record.node.is_leaf]
    if leaves:
        yield Styled(tr("given"), "strong")
    for record in leaves:
        array = trace.values[record.position]
        value = result(inline(array, None, precision), "value")
        yield from equation([symbol(record.name), value], width, 2, record.node.op)
        yield from _rest(array, precision, width, 4, "value", full)


def _rest(array: Any, precision: int, width: int, indent: int, look: str, full: bool) -> Iterator[Line]:
    """The numbers that a line does not have."""
    if full and np.size(array) > INLINE:
        yield from entries(array, precision, width, indent, look)


def _start(trace: Trace, phase: str, precision: int) -> str:
    """Where the chain rule starts."""
    target = trace.graph.target
    if phase != "backward" or target is None:
        return ""
    seed = f"∂L/∂{symbol(target)} = {inline(trace[target].grad, None, precision)}"
    if trace.graph.backward_node:
        return tr(", with {seed} given", seed=seed)
    value = number(np.reshape(trace[target].value, ()), precision)
    return tr(", from {node} = {value} with {seed}", node=symbol(target), value=value, seed=seed)


def _step(trace: Trace, step: Step, precision: int, width: int, full: bool) -> Iterator[Line]:
    record = trace[step.node]
    i = record.position
    count = f"{step.index + 1:>{INDENT - 2}}  "
    yield [Styled(count, "quiet"), Styled(symbol(step.node), "strong"), Styled(f" · {record.node.op}", "quiet")]
    if step.phase == "forward":
        yield from equation(pieces_of(forward_worked(trace, i, precision), "value"), width, INDENT)
        yield from _rest(trace.values[i], precision, width, INDENT + 2, "value", full)
        return
    if len(record.contributions) > 1:
        yield from _sum(record, own_name(trace, i), precision, width, INDENT)
        yield from _rest(record.grad, precision, width, INDENT + 2, "grad", full)
    parts = trace.contributions[i] if trace.contributions is not None else ()
    for k, part in enumerate(parts):
        if part is not None:
            yield from equation(pieces_of(backward_worked(trace, i, k, precision), "grad"), width, INDENT)
            yield from _rest(part, precision, width, INDENT + 2, "grad", full)


def _updates(trace: Trace, precision: int, width: int, full: bool) -> Iterator[Line]:
    """What the layers keep for the next run and for inference."""
    if trace.updates:
        yield ""
        yield Styled(tr("running statistics after this run"), "strong")
    for name, new in trace.updates.items():
        value = result(inline(new, None, precision), "value")
        before = inline(trace.values[trace.graph.index[name]], None, precision)
        yield from equation([symbol(name), value], width, 2, tr("was {before}", before=before))
        yield from _rest(new, precision, width, 4, "value", full)


def _gradients(trace: Trace, precision: int, width: int, full: bool) -> Iterator[Line]:
    """What the leaves' gradients come to."""
    yield ""
    yield Styled(tr("gradients"), "strong")
    for record in trace:
        if record.node.op in ("input", "param"):
            yield from _sum(record, symbol(record.name), precision, width, 2)
            yield from _rest(record.grad, precision, width, 4, "grad", full)


def _sum(record: Record, name: str, precision: int, width: int, indent: int) -> Iterator[Line]:
    """A gradient as the sum of its contributions, term by term where they are short."""
    terms = record.contributions
    left = f"∂L/∂{name}"
    i = record.position
    total = result(inline(record.grad, None, precision), "grad")
    said = why_none(record.trace, i) if record.grad is None else note(record.trace, i)
    if len(terms) < 2:
        yield from equation([left, total], width, indent, said)
        return
    consumers = [symbol(term.consumer) for term in terms[:6]] + ["…"] * (len(terms) > 6)
    sources = tr("from {nodes}", nodes=", ".join(consumers)) + (f"; {said}" if said else "")
    if terms[0].value.size > INLINE or len(terms) > INLINE:
        yield from equation([left, tr("sum of {n} contributions", n=len(terms)), total], width, indent, sources)
        return
    texts = [inline(term.value, None, precision) for term in terms]
    added = " + ".join(f"({text})" if text.startswith("-") else text for text in texts)
    yield from equation([left, added, total], width, indent, sources)
