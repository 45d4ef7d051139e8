"""Debugger: a cursor over a trace's timeline, in both directions of time. It prints nothing and asks nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.experiments import Change, Experiments, Nudge
from graphlab.formula import parse
from graphlab.looking import NotComputedError, is_true, look
from graphlab.messages import tr
from graphlab.numbers import is_small, number, signed
from graphlab.timeline import Moment, Timeline
from graphlab.trace import Trace
from graphlab.watching import Breakpoint, changes_of, places_of
from graphlab.worked import Worked, backward_worked, element_worked, forward_worked, inline, own_name, short_name

START, LOSS, END = "start", "loss", "end"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the debugger stands and what was just made.

    phase: start, forward, seed or backward. equations: rule → numbers → result of what was made last. inside: between
    two edges of a node. reason: why it stopped here. coming: what happens next. changed: before → after, of what is not
    what it was in this run before anything was set.
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

    def record(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)


class Debugger:
    """Walk through a run, forwards and backwards in time. Each verb moves and returns a Stop.

    >>> import graphlab as gl
    >>> debugger = Debugger(gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}"))))
    >>> stop = debugger.next()
    >>> stop.node, stop.equations[0].substituted, stop.equations[0].result
    ('y', '3 × 3', '9')
    >>> debugger.goto("end").position, debugger.back().equations[0].left
    (5, '∂L/∂x')

    Raises ModelError for names, conditions and expressions that mean nothing.
    """

    def __init__(self, trace: Trace, precision: int = 4) -> None:
        self.runs = Experiments(trace, precision)
        self.timeline = Timeline(trace)
        self.precision = precision
        self.position = 0
        self.breakpoints: dict[int, Breakpoint] = {}
        self._numbers = 0

    @property
    def trace(self) -> Trace:
        """The run that is looked at."""
        return self.timeline.trace

    # Moves

    def step(self, times: int = 1) -> Stop:
        """One moment on: into a node's edges, one by one."""
        self.position = min(self.position + max(times, 0), len(self.timeline))
        return self.stop(single=True)

    def back(self, times: int = 1) -> Stop:
        """One moment back."""
        self.position = max(self.position - max(times, 0), 0)
        return self.stop(single=True)

    def next(self, times: int = 1) -> Stop:
        """To where the next node has done its work."""
        for _ in range(min(times, len(self.timeline))):
            self.position = self.timeline.stop_after(self.position)
        return self.stop()

    def rnext(self, times: int = 1) -> Stop:
        """To where the node before had done its work."""
        for _ in range(min(times, len(self.timeline))):
            self.position = self.timeline.stop_before(self.position)
        return self.stop()

    def finish(self) -> Stop:
        """To the end of the node, else of the scope that the node is in, else of the phase."""
        if not self.timeline.is_stop(self.position):
            return self.next()
        borders = self.timeline.borders
        k = bisect_right(borders, self.position)
        self.position = borders[k] if k < len(borders) else len(self.timeline)
        return self.stop()

    def rfinish(self) -> Stop:
        """To where the node began, else the scope, else the phase."""
        if not self.timeline.is_stop(self.position):
            return self.rnext()
        borders = self.timeline.borders
        self.position = borders[max(bisect_left(borders, self.position) - 1, 0)] if borders else 0
        return self.stop()

    def cont(self) -> Stop:
        """On to the next breakpoint or watch; the end where there is none."""
        return self._run([(b, b.after(self.position)) for b in self.breakpoints.values()], end=len(self.timeline))

    def rc(self) -> Stop:
        """Back to the breakpoint or watch before; the start where there is none."""
        return self._run([(b, b.before(self.position)) for b in self.breakpoints.values()], end=0)

    def run(self) -> Stop:
        """From the start to the first breakpoint."""
        self.position = 0
        return self.cont()

    def until(self, target: str) -> Stop:
        """On to where a node that `target` names has done its work next."""
        places = places_of(self.timeline, target)
        self.position = next((p for p, _ in places if p > self.position), len(self.timeline))
        return self.stop()

    def goto(self, where: str | int) -> Stop:
        """To a position, start, loss, end, NODE (where its value is made) or NODE.grad (where its gradient is)."""
        text = str(where).replace("`", "")
        if text.isdecimal():
            if int(text) > len(self.timeline):
                raise ModelError(tr("there are {n} positions, not {k}", n=len(self.timeline), k=text))
            self.position = int(text)
        elif text in (START, END) and text not in self.trace.graph:
            self.position = 0 if text == START else len(self.timeline)
        else:
            self.position = self._made(text)
        return self.stop()

    def _made(self, text: str) -> int:
        graph = self.trace.graph
        if text == LOSS and text not in graph and graph.target is not None:
            return self.timeline.made_at[graph.index[graph.target]]
        owner, _, what = text.rpartition(".")
        if owner in graph and what == "grad" and text not in graph:
            arrivals = self.timeline.arrivals(graph.index[owner])
            if not arrivals:
                raise ModelError(tr("'{name}' has no gradient: –", name=owner))
            return arrivals[-1][0]
        return self.timeline.made_at[graph.position(text)]

    def _run(self, ways: list[tuple[Breakpoint, list[tuple[int, int]]]], end: int) -> Stop:
        """To the nearest place at which a breakpoint's condition holds."""
        forward = end > 0
        found: list[tuple[int, int, Breakpoint]] = []
        for b, places in ways:
            place = self._first(b, places, b.skip if forward else 0)
            if place is not None:
                found.append((*place, b))
        if not found:
            self.position = end
            return self.stop(reason=tr("the end") if forward else tr("the start"))
        self.position = min(p for p, _, _ in found) if forward else max(p for p, _, _ in found)
        hit = [(node, b) for p, node, b in found if p == self.position]
        for _, b in hit:
            b.hits += 1
            b.skip = 0 if forward else b.skip
            if b.temporary:
                del self.breakpoints[b.number]
        nodes = self.trace.graph.nodes
        return self.stop(reason=", ".join(f"{tr(b.kind)} {b.number} ({b.text}): {nodes[i].name}" for i, b in hit))

    def _first(self, b: Breakpoint, places: list[tuple[int, int]], skip: int) -> tuple[int, int] | None:
        for p, node in places:
            if b.condition and not self._holds(b.condition, p, node):
                continue
            if skip == 0:
                return p, node
            skip -= 1
        return None

    def _holds(self, condition: str, position: int, node: int) -> bool:
        try:
            return is_true(look(self.timeline, position, node, condition))
        except ModelError:  # not computed yet, or of a node that was folded away
            return False

    # Breakpoints

    def break_(self, target: str, condition: str = "", temporary: bool = False) -> Breakpoint:
        """Stop where a node has done its work: NODE, a pattern, op:NAME or a phase, if the condition holds there.

        In the condition `value` and `grad` are the node's own.
        """
        places = places_of(self.timeline, target)
        if condition:
            self._check(condition, places)
        text = f"{target} if {condition}" if condition else target
        return self._add(Breakpoint(0, "break", text, target, places, condition, temporary))

    def watch(self, target: str) -> Breakpoint:
        """Stop where NODE, NODE.grad or an element of them changes."""
        return self._add(Breakpoint(0, "watch", target, target, changes_of(self.timeline, target)))

    def _add(self, b: Breakpoint) -> Breakpoint:
        self._numbers += 1
        b.number = self._numbers
        self.breakpoints[b.number] = b
        return b

    def _check(self, condition: str, places: list[tuple[int, int]]) -> None:
        """Raises ModelError for a condition that can never be computed."""
        parse(condition)
        try:
            look(self.timeline, places[-1][0] if places else 0, places[-1][1] if places else None, condition)
        except NotComputedError:
            return

    def condition(self, number: int, condition: str) -> Breakpoint:
        """Give a breakpoint another condition; an empty one: none."""
        b = self.breakpoint(number)
        if condition:
            self._check(condition, b.places)
        b.condition, b.text = condition, b.target + (f" if {condition}" if condition else "")
        return b

    def ignore(self, number: int, times: int) -> Breakpoint:
        """Do not stop at a breakpoint the next so many times."""
        b = self.breakpoint(number)
        b.skip = max(times, 0)
        return b

    def clear(self, number: int | None = None) -> None:
        """Remove a breakpoint or a watch, or all of them."""
        if number is None:
            self.breakpoints.clear()
        else:
            del self.breakpoints[self.breakpoint(number).number]

    def breakpoint(self, number: int) -> Breakpoint:
        """A breakpoint by its number. Raises ModelError where there is none."""
        if number not in self.breakpoints:
            raise ModelError(tr("there is no breakpoint {n}", n=number))
        return self.breakpoints[number]

    # What if

    def set(self, target: str, value: Any) -> Change:
        """Give a leaf, or one element of it, another value; what depends on it is computed again."""
        return self._after(self.runs.set, target, value)

    def set_attr(self, name: str, attr: str, value: Any) -> Change:
        """Give a node another attribute, such as a batchnorm's eps."""
        return self._after(self.runs.set_attr, name, attr, value)

    def nudge(self, target: str, by: float) -> Nudge:
        """The loss moves by gradient × nudge, and a difference: shown, not kept."""
        return self.runs.nudge(target, by)

    def undo(self) -> Change:
        """Take the last change back."""
        return self._after(self.runs.undo)

    def reset(self) -> Stop:
        """Take all changes of this run back."""
        self._after(self.runs.reset)
        return self.stop()

    def expand(self, name: str) -> Change:
        """Unfold a node into its steps; we stay at the node."""
        return self._after(self.runs.unfold, name)

    def fold(self, name: str) -> Change:
        """Fold a node again."""
        return self._after(self.runs.fold, name)

    def update(self, lr: float, kind: str = "sgd") -> Stop:
        """One optimiser step (sgd, momentum or adam): the start of the next iteration; the old one stays reachable."""
        self._after(self.runs.update, lr, kind)
        return self.goto(0)

    def iteration(self, number: int) -> Stop:
        """To another iteration, at the position we are at."""
        self._after(self.runs.go, number)
        return self.stop()

    def _after(self, act: Callable[..., Any], *args: Any) -> Any:
        """Do something to the runs, then look at the one there is now, from where we are."""
        node, phase = self._node_at(self.position), self._phase(self.position)
        name = None if node is None else self.trace.graph.nodes[node].name
        before = self.timeline
        found = act(*args)
        self.timeline = before.like(self.runs.now)
        if len(self.trace.graph) != len(before.trace.graph):
            self.position = self._same_place(name, phase)
        self.position = min(self.position, len(self.timeline))
        for b in self.breakpoints.values():
            b.places = self._places(b)
        return found

    def _same_place(self, name: str | None, phase: str) -> int:
        """Where a node has done its work of a phase in the run there is now; inside of what it was folded into."""
        graph = self.trace.graph
        while name and name not in graph:
            name = name.rpartition(".")[0]
        if not name:
            return 0
        i = graph.index[name]
        if phase == "seed" or (phase == "backward" and self.timeline.sent_from[i] >= 0):
            return self.timeline.seed_at if phase == "seed" else self.timeline.stop_after(self.timeline.sent_from[i])
        return self.timeline.made_at[i]

    def _places(self, b: Breakpoint) -> list[tuple[int, int]]:
        """A breakpoint's places in the run there is now; none where its node is gone."""
        try:
            if b.kind == "watch":
                return changes_of(self.timeline, b.target)
            return places_of(self.timeline, b.target)
        except ModelError:
            return []

    # Looking

    def look(self, expression: str) -> Any:
        """The value of an expression here. Raises NotComputedError where it is –."""
        return look(self.timeline, self.position, self._node_at(self.position), expression)

    def stop(self, reason: str = "", single: bool = False, position: int | None = None) -> Stop:
        """Where we are, or what another position is. single: of a node's edges only the last one's equation."""
        p, timeline = self.position if position is None else position, self.timeline
        i = self._node_at(p)
        node = None if i is None else self.trace.graph.nodes[i]
        inside = not timeline.is_stop(p)
        return Stop(
            p, len(timeline), self._phase(p), node.name if node else None, node.op if node else None,
            None if i is None else self.trace.plan.shapes[i], tuple(self._equations(p, single)), inside,
            reason, self._coming(p), () if node is None else tuple(self.was(node.name, p)),
        )  # fmt: skip

    def was(self, name: str, position: int | None = None) -> list[str]:
        """What a node's value and gradient were before anything was set in this run, before → after; as far as they are
        computed at a position."""
        p = self.position if position is None else position
        i, out = self.trace.graph.index[name], []
        for kind, label in (("value", tr("value")), ("grad", f"∂L/∂{name}")):
            before = self.runs.was(name, kind)
            now = (self.timeline.value if kind == "value" else self.timeline.grad)(i, p) if before is not None else None
            if before is not None and now is not None:
                texts = [inline(array, None, self.precision) for array in (before, now)]
                out.append(f"{label}: {texts[0]} → {texts[1]}")
        return out

    def element(self, key: int | tuple[int, ...]) -> list[Worked]:
        """The arithmetic of one entry of what was made last: by its index, or the n-th in C order (the last there is).

        Raises ModelError where nothing was made, or there is no such entry.
        """
        found = []
        for p in range(self.timeline.stop_before(self.position), self.position):
            moment = self.timeline[p]
            if moment.kind in ("forward", "contribution"):
                slot = None if moment.kind == "forward" else moment.slot
                shape = self._shape(moment)
                if isinstance(key, int):
                    size = int(np.prod(shape))
                    index = np.unravel_index(min(key, size - 1), shape) if shape and size else ()
                    found.append((moment.node, slot, tuple(int(n) for n in index)))
                elif len(key) == len(shape) or self.position - 1 == self.timeline.stop_before(self.position):
                    found.append((moment.node, slot, key))
        if not found:
            raise ModelError(
                tr("nothing was made here that has the entry {key}", key=list(key) if isinstance(key, tuple) else key)
            )
        return [element_worked(self.trace, i, slot, index, self.precision) for i, slot, index in found]

    def _shape(self, moment: Moment) -> tuple[int, ...]:
        plan = self.trace.plan
        return plan.shapes[moment.node if moment.kind == "forward" else plan.operands[moment.node][moment.slot]]

    def _node_at(self, p: int) -> int | None:
        return self.timeline[p - 1].node if p else None

    def _phase(self, p: int) -> str:
        kind = self.timeline[p - 1].kind if p else START
        return "backward" if kind in ("contribution", "add") else kind

    def _equations(self, p: int, single: bool) -> Iterator[Worked]:
        """What was made last, as rule → numbers → result; at the end of a node's work all that it sent."""
        if p == 0:
            return
        first = p - 1 if single else self.timeline.stop_before(p)
        for at in range(first, p):
            yield self._equation(at)

    def _equation(self, at: int) -> Worked:
        moment, trace = self.timeline[at], self.trace
        if moment.kind == "forward":
            return forward_worked(trace, moment.node, self.precision)
        if moment.kind == "contribution":
            return backward_worked(trace, moment.node, moment.slot, self.precision)
        if moment.kind == "seed":
            left = f"∂L/∂{own_name(trace, moment.node)}"
            return Worked(left, None, None, inline(self.timeline.grad(moment.node, at + 1), None, self.precision))
        return self._sum(moment, at)

    def _sum(self, moment: Moment, at: int) -> Worked:
        """An addition where edges meet: the sum so far, term by term."""
        trace, timeline = self.trace, self.timeline
        j = trace.plan.operands[moment.node][moment.slot]
        terms = [(c, timeline.term(c, k)) for p, c, k in timeline.arrivals(j) if p <= at + 1]
        left = f"∂L/∂{short_name(trace, moment.node, trace.graph.nodes[j].name)}"
        texts = [inline(part, None, self.precision) for _, part in terms]
        if len(terms) > 6 or any(part is not None and not is_small(np.shape(part)) for _, part in terms):
            texts = [tr("from {consumer}", consumer=own_name(trace, c)) for c, _ in terms]
        elif terms[0][1] is not None and np.size(terms[0][1]) == 1:
            values = [np.reshape(part, ()) for _, part in terms]
            texts = [number(values[0], self.precision), *(signed(v, self.precision) for v in values[1:])]
        return Worked(left, None, " + ".join(texts), inline(timeline.grad(j, at + 1), None, self.precision))

    def _coming(self, p: int) -> str:
        if p == len(self.timeline):
            return ""
        moment, nodes = self.timeline[p], self.trace.graph.nodes
        node = nodes[moment.node]
        if moment.kind == "forward":
            return tr("{node} · {op}, forward", node=node.name, op=node.op)
        if moment.kind == "seed":
            return tr("the seed ∂L/∂{node}", node=node.name)
        to = node.inputs[moment.slot]
        if moment.kind == "add":
            return tr("add it to ∂L/∂{to}", to=to)
        return tr("{node} sends to {to}", node=node.name, to=to)
