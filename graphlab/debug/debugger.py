"""Debugger: a cursor over a trace's timeline, in both directions of time. It prints nothing and asks nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from graphlab.debug.breakpoints import Breakpoint, changes_of, places_of
from graphlab.debug.expressions import NotComputedError, is_true, look
from graphlab.debug.session import Change, Experiments, Nudge
from graphlab.debug.stops import START, Stop, coming, entries, equations, notes, phase_at
from graphlab.errors import ModelError
from graphlab.explain.rounding import read
from graphlab.explain.timeline import Timeline
from graphlab.explain.worked import Worked, inline
from graphlab.formula import parse
from graphlab.messages import tr
from graphlab.trace import Trace, checked_trace

LOSS, END = "loss", "end"


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
        self.runs = Experiments(checked_trace(trace, "gl.Debugger"), precision)
        self.timeline = Timeline(read(trace))
        self.precision = precision
        self.position = 0
        self.breakpoints: dict[int, Breakpoint] = {}
        self._numbers = 0

    def __repr__(self) -> str:
        return f"<Debugger at {self.position} of {len(self.timeline)}: {self.trace!r}>"

    @property
    def trace(self) -> Trace:
        """The run that is looked at: without what is 0 but for rounding (graphlab.explain.rounding)."""
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
        node, phase = self._node_at(self.position), phase_at(self.timeline, self.position)
        name = None if node is None else self.trace.graph.nodes[node].name
        before = self.timeline
        found = act(*args)
        self.timeline = before.like(read(self.runs.now))
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
            p, len(timeline), phase_at(timeline, p), node.name if node else None, node.op if node else None,
            None if i is None else self.trace.plan.shapes[i], tuple(equations(timeline, p, single, self.precision)),
            inside, reason, coming(timeline, p), () if node is None else tuple(self.was(node.name, p)),
            tuple(notes(timeline, p, single)),
            timeline, single, self.precision,
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
        return entries(self.timeline, self.position, key, self.precision)

    def _node_at(self, p: int) -> int | None:
        return self.timeline[p - 1].node if p else None
