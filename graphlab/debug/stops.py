"""What happened at a position of a timeline, in words and formulas: rule → numbers → result, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.base.notebook import Result
from graphlab.base.numbers import is_small, number, signed
from graphlab.errors import ModelError
from graphlab.explain.cancelling import note
from graphlab.explain.timeline import Moment, Timeline
from graphlab.explain.worked import (
    Worked,
    backward_worked,
    element_worked,
    for_rounding,
    forward_worked,
    inline,
    own_name,
    short_name,
)
from graphlab.formula.show import symbol
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.lines import Line

START = "start"


@dataclass(frozen=True, slots=True)
class Stop(Result):
    """Where the debugger stands and what was just made.

    phase: start, forward, seed or backward. equations: rule → numbers → result of what was made last. inside: between
    two edges of a node. reason: why it stopped here. coming: what happens next. changed: before → after, of what is not
    what it was in this run before anything was set. notes: of gradients that are 0 but for rounding, why. timeline,
    single, precision: of what it is a stop, and how it is written.
    """

    position: int
    of: int
    phase: str
    node: str | None
    op: str | None
    shape: tuple[int, ...] | None
    equations: tuple[Worked, ...]
    inside: bool
    reason: str
    coming: str
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    timeline: Timeline | None = field(default=None, compare=False)
    single: bool = False
    precision: int = 4

    def record(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        beside = ("timeline", "single", "precision")
        record = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in beside}
        return record | {"equations": tuple([asdict(worked) for worked in self.equations])}

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What each of the equations results in."""
        return () if self.timeline is None else tuple(results(self.timeline, self.position, self.single))

    @property
    def neighbours(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The node's producers and its consumers."""
        if self.timeline is None or self.node is None:
            return (), ()
        graph = self.timeline.trace.graph
        i = graph.index[self.node]
        producers = dict.fromkeys(operand for operand in graph.nodes[i].inputs if isinstance(operand, str))
        return tuple(producers), tuple(dict.fromkeys(graph.nodes[c].name for c, _ in graph.consumers[i]))

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.stop import stop_lines

        return stop_lines(self, columns)

    def __repr__(self) -> str:
        where = f" {self.node}" if self.node is not None else ""
        return f"<Stop {self.position} of {self.of}: {self.phase}{where}>"


def phase_at(timeline: Timeline, p: int) -> str:
    """start, forward, seed or backward: what the moment before position p was."""
    kind = timeline[p - 1].kind if p else START
    return "backward" if kind in ("contribution", "add") else kind


def equations(timeline: Timeline, p: int, single: bool, precision: int) -> Iterator[Worked]:
    """What was made last, as rule → numbers → result; at the end of a node's work all that it sent.

    single: the last moment's alone.
    """
    if p == 0:
        return
    for at in range(p - 1 if single else timeline.stop_before(p), p):
        yield _equation(timeline, at, precision)


def notes(timeline: Timeline, p: int, single: bool) -> Iterator[str]:
    """What is to be said of the gradients that were completed last, where they are 0 but for rounding."""
    trace = timeline.trace
    if p == 0 or not trace.cancelled:
        return
    moments = [timeline[at] for at in range(p - 1 if single else timeline.stop_before(p), p)]
    sent = [trace.plan.operands[m.node][m.slot] for m in moments if m.kind in ("contribution", "add")]
    for j in dict.fromkeys(sent):
        if (j, -1) in trace.cancelled and timeline.arrivals(j)[-1][0] <= p:
            yield f"∂L/∂{symbol(trace.graph.nodes[j].name)}: {note(trace, j)}"


def results(timeline: Timeline, p: int, single: bool) -> Iterator[Any]:
    """The array that each of these equations results in."""
    for at in range(p - 1 if single else timeline.stop_before(p), p) if p else ():
        moment = timeline[at]
        operands = timeline.trace.plan.operands[moment.node]
        if moment.kind == "forward":
            yield timeline.value(moment.node, at + 1)
        elif moment.kind == "contribution":
            yield timeline.term(moment.node, moment.slot)
        else:
            yield timeline.grad(moment.node if moment.kind == "seed" else operands[moment.slot], at + 1)


def _equation(timeline: Timeline, at: int, precision: int) -> Worked:
    moment, trace = timeline[at], timeline.trace
    if moment.kind == "forward":
        return forward_worked(trace, moment.node, precision)
    if moment.kind == "contribution":
        return backward_worked(trace, moment.node, moment.slot, precision)
    if moment.kind == "seed":
        left = f"∂L/∂{own_name(trace, moment.node)}"
        return Worked(left, None, None, inline(timeline.grad(moment.node, at + 1), None, precision))
    return _sum(timeline, moment, at, precision)


def _sum(timeline: Timeline, moment: Moment, at: int, precision: int) -> Worked:
    """An addition where edges meet: the sum so far, term by term."""
    trace = timeline.trace
    j = trace.plan.operands[moment.node][moment.slot]
    terms = [(c, timeline.term(c, k)) for p, c, k in timeline.arrivals(j) if p <= at + 1]
    left = f"∂L/∂{short_name(trace, moment.node, trace.graph.nodes[j].name)}"
    texts = [inline(part, None, precision) for _, part in terms]
    if len(terms) > 6 or any(part is not None and not is_small(np.shape(part)) for _, part in terms):
        texts = [tr("from {consumer}", consumer=own_name(trace, c)) for c, _ in terms]
    elif terms[0][1] is not None and np.size(terms[0][1]) == 1:
        values = [np.reshape(part, ()) for _, part in terms]
        texts = [number(values[0], precision), *(signed(v, precision) for v in values[1:])]
    last = at + 1 >= timeline.arrivals(j)[-1][0]
    result = inline(timeline.grad(j, at + 1), None, precision) + (for_rounding(trace, j) if last else "")
    return Worked(left, None, " + ".join(texts), result)


def coming(timeline: Timeline, p: int) -> str:
    """What happens next; nothing at the end."""
    if p == len(timeline):
        return ""
    moment, nodes = timeline[p], timeline.trace.graph.nodes
    node = nodes[moment.node]
    if moment.kind == "forward":
        return tr("{node} · {op}, forward", node=node.name, op=node.op)
    if moment.kind == "seed":
        return tr("the seed ∂L/∂{node}", node=node.name)
    to = node.inputs[moment.slot]
    if moment.kind == "add":
        return tr("add it to ∂L/∂{to}", to=to)
    return tr("{node} sends to {to}", node=node.name, to=to)


def entries(timeline: Timeline, p: int, key: int | tuple[int, ...], precision: int) -> list[Worked]:
    """The arithmetic of one entry of what was made last: by its index, or the n-th in C order (the last there is).

    Raises ModelError where nothing was made, or there is no such entry.
    """
    start = timeline.stop_before(p)
    made = [
        moment for moment in map(timeline.__getitem__, range(start, p)) if moment.kind in ("forward", "contribution")
    ]
    found = []
    for moment in made:
        slot = None if moment.kind == "forward" else moment.slot
        shape = _shape(timeline, moment)
        if isinstance(key, int):
            last = int(np.prod(shape)) - 1
            index = np.unravel_index(min(key, last), shape) if shape and last >= 0 else ()
            found.append((moment.node, slot, tuple(int(n) for n in index)))
        elif len(key) == len(shape) or len(made) == 1:
            found.append((moment.node, slot, key))
    if not made:
        raise ModelError(tr("nothing was made here whose entries could be shown"))
    if not found:
        raise ModelError(
            tr("nothing was made here that has the entry {key}", key=list(key) if isinstance(key, tuple) else key)
        )
    return [element_worked(timeline.trace, i, slot, index, precision) for i, slot, index in found]


def _shape(timeline: Timeline, moment: Moment) -> tuple[int, ...]:
    plan = timeline.trace.plan
    return plan.shapes[moment.node if moment.kind == "forward" else plan.operands[moment.node][moment.slot]]
