"""The words of `graphlab step`: a line is read, the debugger moves, and lines come back. It neither prints nor asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphlab.base.numbers import MISSING, matrix_lines, number, shape_text
from graphlab.debug.breakpoints import matching
from graphlab.debug.debugger import Debugger
from graphlab.debug.expressions import NotComputedError, is_true
from graphlab.debug.stops import Stop
from graphlab.errors import ModelError
from graphlab.explain.worked import INLINE, inline
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.equation import FEW, entries, equation, result
from graphlab.lines.stop import breakpoint_line, stop_lines
from graphlab.lines.table import padded
from graphlab.messages import tr
from graphlab.storage.tracefile import plain

from ..terminal.screen import json_text
from .inquiry import Trying
from .verbs import HELP, cut, explained, needed, verb, whole

_MOVES = ("step", "next", "finish", "back", "rnext", "rfinish", "rc", "run")
_COUNTED = ("step", "next", "back", "rnext")
_RESTART = (
    *_MOVES, "continue", "until", "goto", "load", "set", "undo", "reset", "expand", "fold", "update", "iteration",
)  # fmt: skip
_IN_JSON = (
    *_RESTART, "where", "print", "display", "assert", "blame", "why", "changes", "nudge", "element", "check",
    "jacobian",
)  # fmt: skip
_AROUND = 5
WHOLE = 10_000  # numbers, up to where an array is printed whole
Lines = Iterator[Line]


class Console(Trying):
    """A debugger, spoken to in lines.

    failed: an assertion did not hold. done: quit was said. as_json: each stop is one JSON object in a line.
    """

    def __init__(self, debugger: Debugger, width: int = 80, as_json: bool = False) -> None:
        self.debugger = debugger
        self.width = width
        self.as_json = as_json
        self.failed = False
        self.done = False
        self.last = ""
        self.displays: list[str] = []
        self.element = 0  # the entry that `element` shows next

    def run(self, line: str) -> Lines:
        """What one line says; an empty one repeats the last. Raises GraphlabError for one that cannot be followed."""
        line = line.strip() or self.last
        if not line or line.startswith("#"):
            return
        self.last = line
        word, _, rest = line.partition(" ")
        name = verb(word)
        if name == "step" and rest.strip().startswith("element"):
            name = "element"
        if name in _RESTART:
            self.element = 0
        if name in _MOVES:
            lines = self.moved(name, rest.strip())
        else:
            lines = getattr(self, f"do_{name}")(rest.strip())
        if self.as_json and name not in _IN_JSON:
            for _ in lines:  # done, and not said: what is printed is JSON
                pass
        else:
            yield from lines

    def moved(self, name: str, rest: str) -> Lines:
        move: Callable[..., Stop] = getattr(self.debugger, name)
        if not rest:
            yield from self.shown(move())
        elif name in _COUNTED:
            yield from self.shown(move(whole(rest)))
        else:
            raise ModelError(tr("{name} takes nothing behind it, not '{rest}'", name=name, rest=rest))

    # One method a command

    def do_continue(self, rest: str) -> Lines:
        yield from self.shown(self.debugger.cont())

    def do_until(self, rest: str) -> Lines:
        yield from self.shown(self.debugger.until(needed(rest, "until")))

    def do_goto(self, rest: str) -> Lines:
        yield from self.shown(self.debugger.goto(needed(rest, "goto")))

    def do_break(self, rest: str) -> Lines:
        yield self._set(rest, temporary=False)

    def do_tbreak(self, rest: str) -> Lines:
        yield self._set(rest, temporary=True)

    def _set(self, rest: str, temporary: bool) -> str:
        target, found, condition = cut(f" {needed(rest, 'break')}", " if ")
        if found and not condition.strip():
            raise ModelError(tr("a condition is missing behind 'if'"))
        return breakpoint_line(self.debugger.break_(target.strip(), condition.strip(), temporary))

    def do_watch(self, rest: str) -> Lines:
        yield breakpoint_line(self.debugger.watch(needed(rest, "watch")))

    def do_ignore(self, rest: str) -> Lines:
        words = rest.split()
        if len(words) != 2:
            raise ModelError(tr("ignore takes a number and how often: ignore 1 3"))
        yield breakpoint_line(self.debugger.ignore(whole(words[0]), whole(words[1])))

    def do_condition(self, rest: str) -> Lines:
        number_, _, condition = needed(rest, "condition").partition(" ")
        yield breakpoint_line(self.debugger.condition(whole(number_), condition.strip()))

    def do_clear(self, rest: str) -> Lines:
        self.debugger.clear(whole(rest) if rest else None)
        yield from self.do_breakpoints("")

    def do_breakpoints(self, rest: str) -> Lines:
        yield from [breakpoint_line(b) for b in self.debugger.breakpoints.values()] or [tr("no breakpoints")]

    def do_where(self, rest: str) -> Lines:
        stop = self.debugger.stop()
        yield from self.shown(stop)
        if stop.node is not None and not self.as_json:
            yield from self._around(stop.node)

    def do_list(self, rest: str) -> Lines:
        timeline, here = self.debugger.timeline, self.debugger.position
        near = min(whole(rest) if rest else _AROUND, len(timeline))
        first = here
        for _ in range(near):
            first = timeline.stop_before(first)
        shown, after = first, 0
        while after <= near:
            stop = self.debugger.stop(position=shown)
            mark = "→" if shown == here else " "
            what = f"{symbol(stop.node)} · {stop.op}" if stop.node else ""
            text = f"{mark} {shown:>6}  {padded(tr(stop.phase), 9)} {what}"
            yield Styled(text, "strong") if shown == here else text
            if shown == len(timeline):
                return
            after += shown >= here
            shown = here if shown < here < timeline.stop_after(shown) else timeline.stop_after(shown)

    def do_print(self, rest: str) -> Lines:
        yield from self._printed(needed(rest, "print"))

    def do_display(self, rest: str) -> Lines:
        if not rest:
            self.displays.clear()
            return
        yield from self._printed(rest)
        self.displays.append(rest)

    def do_info(self, rest: str) -> Lines:
        trace, timeline, here = self.debugger.trace, self.debugger.timeline, self.debugger.position
        for i in matching(trace.graph, needed(rest, "info")):
            node, plan = trace.graph.nodes[i], trace.plan
            shape = shape_text(plan.shapes[i])
            yield [Styled(symbol(node.name), "strong"), f" · {node.op} · {shape} {plan.dtypes[i]}"]
            attrs = {k: v for k, v in node.attrs.items() if not node.is_leaf}
            if attrs:
                yield "  " + ", ".join(f"{key}={value}" for key, value in attrs.items())
            yield from self._array(tr("value"), timeline.value(i, here), "value")
            yield from self._array(f"∂L/∂{symbol(node.name)}", timeline.grad(i, here), "grad")
            yield from self._around(node.name)

    def do_assert(self, rest: str) -> Lines:
        expression = needed(rest, "assert")
        try:
            value = self.debugger.look(expression)
        except NotComputedError as error:
            value, why = False, str(error)
        else:
            why = self._brief(value)
        holds = is_true(value)
        self.failed = self.failed or not holds
        if self.as_json:
            yield json_text({"assert": expression, "holds": holds})
        elif not holds:
            yield Styled(tr("assertion failed: {text} is {why}", text=expression, why=why), "bad")

    def do_draw(self, rest: str) -> Lines:
        from graphlab.diagram import Mark
        from graphlab.display.drawing import draw

        path = Path(rest or "step.svg")
        trace = self.debugger.timeline.seen(self.debugger.position)
        node = self.debugger.stop().node
        texts = {name: self.debugger.was(name) for name in self.debugger.runs.changed()}
        marks = {name: (Mark("changed", "; ".join(text)),) for name, text in texts.items() if text}
        marks |= {node: (Mark("now", tr("here")), *marks.get(node, ()))} if node else {}
        draw(trace, view="backward" if trace.has_gradients else "forward", marks=marks).save(path)
        yield str(path)

    def do_save(self, rest: str) -> Lines:
        from graphlab.base.files import write_file

        path = Path(needed(rest, "save"))
        kept = [[b.kind, b.text] for b in self.debugger.breakpoints.values()]
        record = {"format": "graphlab.step/1", "position": self.debugger.position, "breakpoints": kept}
        write_file(path, (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())
        yield str(path)

    def do_load(self, rest: str) -> Lines:
        name = needed(rest, "load")
        try:
            record = json.loads(Path(name).read_text("utf-8"))
            position, kept = int(record["position"]), [(str(kind), str(text)) for kind, text in record["breakpoints"]]
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise ModelError(tr("'{path}' holds no place to go to: {why}", path=name, why=error)) from None
        self.debugger.clear()
        for kind, text in kept:
            if kind == "watch":
                self.debugger.watch(text)
            else:
                self._set(text, temporary=False)
        yield from self.shown(self.debugger.goto(position))

    def do_help(self, rest: str) -> Lines:
        names = [verb(rest)] if rest else list(HELP)
        for name in names:
            yield from explained(name, self.width)

    def do_quit(self, rest: str) -> Lines:
        self.done = True
        return
        yield

    # What is shown

    def shown(self, stop: Stop) -> Lines:
        """A stop: where, what was made, what comes; and the displays."""
        if self.as_json:
            yield json_text(stop.record())
            return
        yield from stop_lines(stop, self.width)
        for expression in self.displays:
            yield from self._printed(expression, shown=True)

    def _around(self, name: str) -> Lines:
        """A node between its producers and consumers, with what they are here."""
        trace, timeline, here = self.debugger.trace, self.debugger.timeline, self.debugger.position
        graph = trace.graph
        i = graph.index[name]
        for operand in dict.fromkeys(o for o in graph.nodes[i].inputs if isinstance(o, str)):
            value = inline(timeline.value(graph.index[operand], here), None, self.debugger.precision)
            yield from equation([f"← {symbol(operand)}", result(value, "value")], self.width, 4)
        for c in dict.fromkeys(c for c, _ in graph.consumers[i]):
            grad = inline(timeline.grad(c, here), None, self.debugger.precision)
            consumer = symbol(graph.nodes[c].name)
            yield from equation([f"→ {consumer}   ∂L/∂{consumer}", result(grad, "grad")], self.width, 4)

    def _printed(self, expression: str, shown: bool = False) -> Lines:
        try:
            value = self.debugger.look(expression)
        except NotComputedError:
            value = None
        except ModelError as error:
            if not shown:
                raise
            yield f"{expression}: {error}"  # a display of a node that was folded away
            return
        if self.as_json:
            yield json_text({"print": expression, "value": None if value is None else plain(value)})
            return
        if value is None:
            yield f"{expression} = {MISSING}"
            return
        yield from self._array(expression, value, "grad" if "grad" in expression else "value", indent=0)

    def _array(self, name: str, value: Any, look: str, indent: int = 2) -> Lines:
        """Every number, in a line where there are few; of an array of very many its corner and its summary."""
        pad, size = " " * indent, 0 if value is None or isinstance(value, list) else np.size(value)
        if size <= 1 or (size <= INLINE and np.ndim(value) < 2):
            yield from equation([name, result(self._brief(value), look)], self.width, indent)
        elif size <= WHOLE:
            if size > FEW:
                yield from equation([name, inline(value, None, self.debugger.precision)], self.width, indent)
            else:
                yield f"{pad}{name} ="
            yield from entries(value, self.debugger.precision, self.width, indent + 2, look)
        else:
            yield from equation([name, inline(value, None, self.debugger.precision)], self.width, indent)
            for line in matrix_lines(value, self.debugger.precision):
                yield [pad + "  ", result(line, look)]

    def _brief(self, value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(str(v) for v in value) + "]"
        if isinstance(value, int | float):
            return number(value, self.debugger.precision)
        return inline(value, None, self.debugger.precision)


def failure(message: str) -> Styled:
    """How a wrong command is answered."""
    return Styled(f"*** {message}", "bad")
