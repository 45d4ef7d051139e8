"""A trace as text: what was given, each step forward, each step backward, and the gradients it comes to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphlab.barriers import why_none
from graphlab.cancelling import note
from graphlab.formula.show import symbol
from graphlab.messages import tr
from graphlab.numbers import number
from graphlab.rounding import read
from graphlab.trace import Record, Step, Trace
from graphlab.worked import INLINE, Worked, backward_worked, forward_worked, inline, own_name

from .screen import Line, Styled, Text
from .table import text_width, words

INDENT = 6


def trace_lines(trace: Trace, precision: int, width: int) -> Iterator[Line]:
    """The lines of `graphlab trace`, made as they are asked for."""
    trace = read(trace)
    if trace.graph.name:
        yield Styled(symbol(trace.graph.name), "strong")
        yield ""
    yield from _given(trace, precision, width)
    phase = ""
    for step in trace.steps:
        if step.phase != phase:
            phase = step.phase
            yield ""
            yield Styled(tr(phase) + _start(trace, phase, precision), "strong")
        yield from _step(trace, step, precision, width)
    if trace.has_gradients:
        yield from _gradients(trace, precision, width)


def _given(trace: Trace, precision: int, width: int) -> Iterator[Line]:
    leaves = [record for record in trace if record.node.is_leaf]
    if leaves:
        yield Styled(tr("given"), "strong")
    for record in leaves:
        value = result(inline(trace.values[record.position], None, precision), "value")
        yield from equation([symbol(record.name), value], width, 2, record.node.op)


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


def _step(trace: Trace, step: Step, precision: int, width: int) -> Iterator[Line]:
    record = trace[step.node]
    i = record.position
    count = f"{step.index + 1:>{INDENT - 2}}  "
    yield [Styled(count, "quiet"), Styled(symbol(step.node), "strong"), Styled(f" · {record.node.op}", "quiet")]
    if step.phase == "forward":
        yield from equation(pieces_of(forward_worked(trace, i, precision), "value"), width, INDENT)
        return
    if len(record.contributions) > 1:
        yield from _sum(record, own_name(trace, i), precision, width, INDENT)
    parts = trace.contributions[i] if trace.contributions is not None else ()
    for k, part in enumerate(parts):
        if part is not None:
            yield from equation(pieces_of(backward_worked(trace, i, k, precision), "grad"), width, INDENT)


def _gradients(trace: Trace, precision: int, width: int) -> Iterator[Line]:
    """What the leaves' gradients come to."""
    yield ""
    yield Styled(tr("gradients"), "strong")
    for record in trace:
        if record.node.op in ("input", "param"):
            yield from _sum(record, symbol(record.name), precision, width, 2)


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


def pieces_of(worked: Worked, look: str) -> list[Text]:
    """left = symbolic = numbers = result, without what says nothing new."""
    pieces: list[Text] = [worked.left]
    if worked.symbolic is not None:
        pieces.append(worked.symbolic)
    if worked.substituted is not None and worked.substituted not in (worked.symbolic, worked.result):
        pieces.append(Styled(worked.substituted, "quiet"))
    return [*pieces, result(worked.result, look)]


def result(text: str, look: str) -> Styled:
    """A result, marked where it is not finite."""
    return Styled(text, "bad" if "NaN" in text or "Inf" in text else look)


def equation(pieces: list[Text], width: int, indent: int, remark: str = "") -> Iterator[Line]:
    """left = … = result in one line where it fits, else each "= …" below the last; long ones broken at spaces."""
    texts = [piece.text if isinstance(piece, Styled) else piece for piece in pieces]
    tail = f"   {remark}" if remark else ""
    parts: list[Text] = [" " * indent]
    if indent + text_width(" = ".join(texts) + tail) <= width:
        for k, piece in enumerate(pieces):
            parts += [" = " if k else "", piece]
        yield [*parts, Styled(tail, "quiet")]
        return
    column = indent + min(text_width(texts[0]), 12) + 1
    parts += [texts[0], " "]
    if indent + text_width(texts[0]) + 1 > column:
        yield parts
        parts = [" " * column]
    for piece, text in zip(pieces[1:], texts[1:], strict=True):
        look = piece.look if isinstance(piece, Styled) else None
        for k, line in enumerate(words(text, width - column - 2)):
            yield [*parts, "= " if k == 0 else "  ", Styled(line, look) if look else line]
            parts = [" " * column]
    if remark:
        for line in words(remark, width - column - 2):
            yield [*parts, "  ", Styled(line, "quiet")]
