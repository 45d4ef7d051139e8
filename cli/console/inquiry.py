"""The commands of `graphlab step` that ask why and try what if. Console has the others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphlab.base.numbers import number
from graphlab.debug.breakpoints import matching
from graphlab.errors import ModelError
from graphlab.formula.show import reference, symbol
from graphlab.lines import Line, Styled
from graphlab.lines.check import check_lines
from graphlab.lines.equation import equation, pieces_of
from graphlab.lines.stop import nudge_lines
from graphlab.messages import tr
from graphlab.storage.tracefile import float_dtype, plain

from ..terminal.screen import json_text
from .verbs import cut, names_in, needed, whole

if TYPE_CHECKING:
    from graphlab.check.numeric import Check
    from graphlab.debug.debugger import Debugger
from graphlab.debug.stops import Stop

Lines = Iterator[Line]
MOST = 10_000  # paths


class Trying:
    """set, nudge, undo, reset, changes, check, jacobian, update, iteration, expand, fold, element, why, blame."""

    debugger: Debugger
    width: int
    as_json: bool
    element: int

    def shown(self, stop: Stop) -> Lines:
        """How a stop is shown: the console knows."""
        raise NotImplementedError

    # What if

    def do_set(self, rest: str) -> Lines:
        target, found, text = cut(needed(rest, "set"), "=")
        if not found or not text.strip():
            raise ModelError(tr("set needs a value: set W[0,2] = 0.5, or set attr bn.eps = 1e-3"))
        if target.startswith("attr ") and target.strip() != "attr":
            name, _, attr = target.removeprefix("attr ").replace("`", "").strip().rpartition(".")
            change = self.debugger.set_attr(name, attr, _plain_value(text.strip()))
        else:
            change = self.debugger.set(target.strip(), self._given(text.strip()))
        yield from self._changed(f"{target.strip()}: {change.before} → {change.after}")

    def _given(self, text: str) -> Any:
        """A number, a nested list, or an expression over the run."""
        try:
            return json.loads(text, parse_float=_finite)
        except (ValueError, RecursionError):
            return self.debugger.look(text)

    def _changed(self, said: str) -> Lines:
        """What was done, and the loss before → after."""
        if self.as_json:
            yield from self.shown(self.debugger.stop())
            return
        yield Styled(f"● {said}", "strong")
        runs = self.debugger.runs
        before, after = runs.here.start.loss, runs.now.loss
        if before is not None and after is not None:
            texts = (number(x, self.debugger.precision + 2) for x in (before, after))
            yield tr("  loss: {before} → {after}", before=next(texts), after=next(texts))
        count = len(runs.changed())
        yield Styled(tr("  {n} nodes are not what they were", n=count), "quiet")

    def do_undo(self, rest: str) -> Lines:
        change = self.debugger.undo()
        yield from self._changed(tr("undone: {text}", text=change.text))

    def do_reset(self, rest: str) -> Lines:
        stop = self.debugger.reset()
        yield from self.shown(stop)

    def do_changes(self, rest: str) -> Lines:
        runs = self.debugger.runs
        made, names = [change for change, _ in runs.here.changes], runs.changed()
        if self.as_json:
            yield json_text({
                "iteration": runs.at,
                "changes": [{"text": c.text, "before": c.before, "after": c.after} for c in made],
                "nodes": names,
            })  # fmt: skip
            return
        for change in made:
            yield from change.lines(self.width)
        for name in names[:20]:
            yield from self.was(name)
        if len(names) > 20:
            yield tr("… and {n} more nodes", n=len(names) - 20)
        if not made:
            yield tr("nothing was changed")

    def was(self, name: str) -> Lines:
        """A node's value and gradient, before → after, where they are not what they were."""
        for text in self.debugger.was(name):
            yield Styled(f"  ● {symbol(name)}: {text}", "strong")

    def do_nudge(self, rest: str) -> Lines:
        target, _, by = needed(rest, "nudge").rpartition(" ")
        try:
            step = float(by)
        except ValueError:
            raise ModelError(tr("nudge needs an element and a number: nudge W[0,2] 1e-3")) from None
        if not target:
            raise ModelError(tr("nudge needs an element and a number: nudge W[0,2] 1e-3"))
        n = self.debugger.nudge(target.strip(), step)
        if self.as_json:
            fields = ("by", "gradient", "predicted", "before", "after", "moved", "difference")
            dtype = float_dtype(self.debugger.trace)
            yield json_text({"target": n.target} | {field: plain(getattr(n, field), dtype) for field in fields})
            return
        yield from nudge_lines(n, self.width, self.debugger.precision)

    def do_update(self, rest: str) -> Lines:
        words, lr, kind = rest.replace("=", " = ").split(), None, "sgd"
        if "=" in words and words[:2] == ["lr", "="] and len(words) > 2:
            lr, words = words[2], words[3:]
        elif words and words[0] not in ("sgd", "momentum", "adam"):
            lr, words = words[0], words[1:]
        if len(words) == 1:
            kind = words[0]
        try:
            rate = float(lr or "")
        except ValueError:
            rate = float("nan")
        if math.isnan(rate) or len(words) > 1:
            raise ModelError(tr("update needs a learning rate: update lr=0.5 [sgd|momentum|adam]"))
        before = self.debugger.trace.loss
        stop = self.debugger.update(rate, kind)
        if not self.as_json:
            after = self.debugger.trace.loss
            texts = [number(x, self.debugger.precision + 2) if x is not None else "–" for x in (before, after)]
            said = tr(
                "iteration {n}: loss {before} → {after}", n=self.debugger.runs.at, before=texts[0], after=texts[1]
            )
            yield Styled(said, "strong")
        yield from self.shown(stop)

    def do_iteration(self, rest: str) -> Lines:
        if not rest:
            runs = self.debugger.runs
            if self.as_json:
                losses = [one.now.loss for one in runs.iterations]
                dtype = float_dtype(self.debugger.trace)
                yield json_text({"at": runs.at, "losses": [None if x is None else plain(x, dtype) for x in losses]})
                return
            for k, one in enumerate(runs.iterations):
                loss = "–" if one.now.loss is None else number(one.now.loss, self.debugger.precision + 2)
                text = tr("{mark} iteration {n}: loss {loss}", mark="→" if k == runs.at else " ", n=k, loss=loss)
                yield Styled(text, "strong") if k == runs.at else text
            return
        yield from self.shown(self.debugger.iteration(whole(rest)))

    def do_expand(self, rest: str) -> Lines:
        self.debugger.expand(needed(rest, "expand").replace("`", ""))
        yield from self.shown(self.debugger.stop())

    def do_fold(self, rest: str) -> Lines:
        self.debugger.fold(needed(rest, "fold").replace("`", ""))
        yield from self.shown(self.debugger.stop())

    # Looking closer

    def do_element(self, rest: str) -> Lines:
        """The arithmetic of one entry of what was made last; without an index the next one."""
        rest = rest.removeprefix("element").strip()
        key = None
        if rest:
            try:
                key = tuple(int(part) for part in rest.strip("[]").split(","))
            except ValueError:
                raise ModelError(tr("element takes an index such as [0,2], not '{rest}'", rest=rest)) from None
        found = self.debugger.element(self.element if key is None else key)
        self.element += key is None
        if self.as_json:
            fields = ("left", "symbolic", "substituted", "result")
            yield json_text({"element": [{f: getattr(worked, f) for f in fields} for worked in found]})
            return
        look = "value" if self.debugger.stop().phase == "forward" else "grad"
        for worked in found:
            yield from equation(pieces_of(worked, look), self.width, 4)

    def do_check(self, rest: str) -> Lines:
        from graphlab.check.gradients import check_node

        name = rest or (self.debugger.stop().node or "")
        graph = self.debugger.trace.graph
        names = [graph.nodes[i].name for i in matching(graph, needed(name, "check"))]
        for one in names:
            for check in check_node(self.debugger.trace, one):
                yield from self._check(check)

    def _check(self, check: Check) -> Lines:
        if self.as_json:
            record = {"node": check.node, "slot": check.slot, "status": check.status, "error": _json(check.error)}
            if check.worst is not None:
                record |= {"analytic": _json(check.worst.analytic), "numeric": _json(check.worst.numeric)}
            yield json_text(record)
            return
        yield from check_lines(check, self.debugger.precision + 2)

    def do_jacobian(self, rest: str) -> Lines:
        from graphlab.engine.jacobian import jacobian_of
        from graphlab.lines.jacobian import jacobian_lines

        words = names_in(needed(rest, "jacobian"))
        if len(words) > 2:
            raise ModelError(tr("jacobian takes a node and one of its slots, not '{rest}'", rest=rest))
        name = words[0]
        found = jacobian_of(self.debugger.trace, name, words[1] if len(words) > 1 else None)
        if self.as_json:
            yield json_text({
                "node": name, "slot": found.slot, "jacobian": plain(found.matrix),
                "product": None if found.product is None else plain(found.product),
            })  # fmt: skip
            return
        yield from jacobian_lines(found, self.debugger.precision)

    # Why

    def do_why(self, rest: str) -> Lines:
        from graphlab.diagnosis.why import why
        from graphlab.lines.why import why_lines

        from ..commands.why import record_of

        stop = self.debugger.stop()
        target = rest or (reference(f"{stop.node}.grad") if stop.node else "")
        words = needed(target, "why").rsplit(" ", 1)
        counted = len(words) == 2 and words[1].isdecimal() and 0 < int(words[1][:6]) <= MOST
        found = why(self.debugger.trace, words[0], int(words[1])) if counted else why(self.debugger.trace, target)
        if self.as_json:
            yield json_text(record_of(found, self.debugger.trace))
        else:
            yield from why_lines(found, self.width, self.debugger.precision)

    def do_blame(self, rest: str) -> Lines:
        from graphlab.diagnosis.blame import blame
        from graphlab.lines.blame import blame_lines

        from ..commands.blame import record_of

        found = blame(self.debugger.trace, rest.replace("`", "") or None)
        if self.as_json:
            yield json_text(record_of(found, self.debugger.trace))
        else:
            yield from blame_lines(found, self.width)


def _json(number: float | None) -> Any:
    return None if number is None else plain(number)


def _finite(text: str) -> float:
    """Raises ModelError for a number that only Inf could stand for."""
    value = float(text)
    if math.isinf(value):
        raise ModelError(tr("{number} is too large for a float64", number=text))
    return value


def _plain_value(text: str) -> Any:
    """An attribute's value: JSON, or a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip("'\"")
