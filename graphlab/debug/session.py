"""Experiments on a run: set, nudge, undo, unfold, update. Each gives another run; those before stay reachable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.base.notebook import Result
from graphlab.base.numbers import MISSING, number
from graphlab.engine import autodiff
from graphlab.engine.expand import expand_trace
from graphlab.engine.whatif import differing, with_attr, with_value
from graphlab.errors import LossError, ModelError
from graphlab.explain.rounding import read
from graphlab.explain.worked import inline
from graphlab.formula import parse
from graphlab.formula.tree import Index, Name
from graphlab.graph import no_node
from graphlab.messages import tr
from graphlab.planning import seed_of
from graphlab.trace import Trace
from graphlab.train.optimisers import Optimiser

if TYPE_CHECKING:
    from graphlab.lines import Line


@dataclass(frozen=True, slots=True, repr=False)
class Change(Result):
    """One thing that was changed. text: what was said. before, after: the value in a line. unfolds: a node unfolded."""

    text: str
    before: str
    after: str
    make: Callable[[Trace], Trace]
    unfolds: str | None = None

    def lines(self, columns: int) -> Iterator[Line]:
        yield f"{self.text}   ({tr('was {before}', before=self.before)})" if self.before else self.text

    def __repr__(self) -> str:
        return f"<Change: {self.text}>"


@dataclass(frozen=True, slots=True)
class Nudge(Result):
    """A small move of one element: what the gradient says the loss does, and what it does.

    predicted: gradient × by. moved: loss after − before. difference: moved − predicted.
    """

    target: str
    by: float
    gradient: float
    predicted: float
    before: float
    after: float
    moved: float
    difference: float

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.stop import nudge_lines

        return nudge_lines(self, columns)

    def __repr__(self) -> str:
        moved, predicted = number(self.moved), number(self.predicted)
        return f"<Nudge of {self.target} by {number(self.by)}: the loss moved by {moved}, predicted {predicted}>"


@dataclass
class Iteration:
    """One run of a training loop: as it was made, and what was changed since, with the run after each change."""

    start: Trace
    optimiser: Optimiser | None = None
    changes: list[tuple[Change, Trace]] = field(default_factory=list)

    @property
    def now(self) -> Trace:
        return self.changes[-1][1] if self.changes else self.start


class Experiments:
    """The runs that a debugger has made.

    >>> import graphlab as gl
    >>> runs = Experiments(gl.backward(gl.forward(gl.loads("graphlab: 1\\nparams: {w: 3}\\nnodes: {L: w * w}"))))
    >>> change = runs.set("w", 2.0)
    >>> change.before, change.after, float(runs.now["w"].grad)
    ('3', '2', 4.0)
    >>> runs.undo().text, float(runs.now["w"].grad)
    ('w = 2', 6.0)
    >>> runs.update(0.5), float(runs.now["w"].value), float(runs.go(0)["w"].value)
    (1, 0.0, 3.0)
    """

    def __init__(self, trace: Trace, precision: int = 4) -> None:
        self.iterations = [Iteration(trace)]
        self.at = 0
        self.precision = precision

    def __repr__(self) -> str:
        return f"<Experiments: iteration {self.at} of {len(self.iterations)}, {len(self.here.changes)} changes>"

    @property
    def here(self) -> Iteration:
        return self.iterations[self.at]

    @property
    def now(self) -> Trace:
        """The run as it is."""
        return self.here.now

    def set(self, target: str, value: Any) -> Change:
        """Another value of a leaf, or of one element of it. Raises ModelError where the target is neither."""
        before = self.now
        name, key = place(before, target)
        after = with_value(before, name, value, key)
        texts = [inline(np.asarray(trace[name].value)[key], None, self.precision) for trace in (before, after)]
        text = f"{target.strip()} = {texts[1]}"
        change = Change(text, texts[0], texts[1], lambda trace: with_value(trace, name, value, key))
        self.here.changes.append((change, after))
        return change

    def set_attr(self, name: str, attr: str, value: Any) -> Change:
        """Another attribute of a node."""
        node = self.now.graph[name]
        before = str(node.attrs.get(attr, MISSING))
        text = f"{name}.{attr} = {value}"
        return self._do(Change(text, before, str(value), lambda trace: with_attr(trace, name, attr, value)))

    def _do(self, change: Change) -> Change:
        self.here.changes.append((change, change.make(self.now)))
        return change

    def nudge(self, target: str, by: float) -> Nudge:
        """What a small step in one element does to the loss; the run stays as it is.

        Raises LossError without gradients, ModelError where the target is no element of a leaf.
        """
        trace = self.now.check_whole()
        name, key = place(trace, target)
        record = trace[name]
        if record.grad is None:
            raise LossError(tr("'{name}' has no gradient here: –", name=name))
        if not _fits(key, record.shape) or (record.shape and not key):
            text = "nudge moves one number; say which: {name}[{key}]"
            raise ModelError(tr(text, name=name, key=",".join("0" * len(record.shape))))
        other = with_value(trace, name, record.value[key] + by, key)
        before, after = _objective(trace), _objective(other)
        gradient = float(record.grad[key])
        moved = after - before
        return Nudge(target.strip(), by, gradient, gradient * by, before, after, moved, moved - gradient * by)

    def undo(self) -> Change:
        """Take the last change back. Raises ModelError where there is none."""
        if not self.here.changes:
            raise ModelError(tr("nothing was changed in this run"))
        return self.here.changes.pop()[0]

    def reset(self) -> None:
        """Take all changes of this run back."""
        self.here.changes.clear()

    def unfold(self, name: str) -> Change:
        """Unfold a node into the steps it is made of. Raises ModelError where it is not made of any."""
        if name not in self.now.graph:
            self.now.graph.position(name)
        return self._do(Change(tr("{node} unfolded", node=name), "", "", lambda t: expand_trace(t, [name]), name))

    def fold(self, name: str) -> Change:
        """Take the unfolding of a node back, and keep the other changes. Raises ModelError where it is not unfolded."""
        unfolded = [change.unfolds for change, _ in self.here.changes if change.unfolds]
        found = max((n for n in unfolded if name == n or name.startswith(f"{n}.")), key=len, default=None)
        if found is None:
            listed = ", ".join(unfolded) or tr("none")
            raise ModelError(tr("'{name}' is not unfolded; these are: {listed}", name=name, listed=listed))
        inside = {n for n in unfolded if n == found or n.startswith(f"{found}.")}
        folded = next(change for change, _ in self.here.changes if change.unfolds == found)
        self._replay([change for change, _ in self.here.changes if change.unfolds not in inside])
        return folded

    def _replay(self, changes: Sequence[Change]) -> None:
        """Make these changes, and no others, from the start of this run."""
        trace, made = self.here.start, []
        for change in changes:
            trace = change.make(trace)
            made.append((change, trace))
        self.here.changes[:] = made

    def update(self, lr: float, kind: str = "sgd") -> int:
        """One optimiser step: a new iteration from this run's parameters, and its number.

        What an optimiser remembers (momentum, moments) goes on from the iteration before if that was of the same kind.
        """
        before = self.here.optimiser
        optimiser = Optimiser(kind, lr, slots=before.slots, steps=before.steps) if before and before.kind == kind else (
            Optimiser(kind, lr)
        )  # fmt: skip
        unfolds = [change for change, _ in self.here.changes if change.unfolds]
        trace = self.here.start
        for change, _ in self.here.changes:  # without what was unfolded: that is a way to look at it
            trace = trace if change.unfolds else change.make(trace)
        trace = trace if unfolds else self.now
        state, after = optimiser.step(trace)
        again = autodiff.forward(
            trace.graph, trace.feeds, state=state, mode=trace.mode, iteration=trace.iteration + 1,
            max_memory=max(2 * trace.plan.nbytes, autodiff.MAX_MEMORY),
        )  # fmt: skip
        del self.iterations[self.at + 1 :]
        self.iterations.append(Iteration(autodiff.backward(again), after))
        self.at += 1
        self._replay(unfolds)
        return self.at

    def go(self, number: int) -> Trace:
        """To another iteration. Raises ModelError where there is none."""
        if not 0 <= number < len(self.iterations):
            raise ModelError(
                tr("there are the iterations 0 to {last}, not {n}", last=len(self.iterations) - 1, n=number)
            )
        self.at = number
        return self.now

    def was(self, name: str, kind: str) -> Any:
        """A node's value (grad) before all changes of this run; None where it is the same, or was not there."""
        start, now = read(self.here.start), read(self.now)
        if start is now or name not in start.graph or name not in now.graph:
            return None
        old, new = (_array(trace, name, kind) for trace in (start, now))
        if old is None or new is None or (old.shape == new.shape and old.tobytes() == new.tobytes()):
            return None
        return old

    def changed(self) -> list[str]:
        """The nodes whose value or gradient is another one than before all changes of this run."""
        start, now = read(self.here.start), read(self.now)
        if len(start.graph) == len(now.graph):
            found = {*differing(start, now, "value"), *differing(start, now, "grad")}
            return [now.graph.nodes[i].name for i in sorted(found)]
        names = [node.name for node in now.graph.nodes]
        return [name for name in names if any(self.was(name, kind) is not None for kind in ("value", "grad"))]


def place(trace: Trace, target: str) -> tuple[str, tuple[int, ...]]:
    """The leaf and the element that NAME or NAME[i,j] means. Raises ModelError for anything else."""
    tree = parse(target)
    key: tuple[Any, ...] = ()
    if isinstance(tree, Index):
        key, tree = tree.key, tree.base
    if not isinstance(tree, Name) or any(not isinstance(k, int) for k in key):
        raise ModelError(tr("'{target}' is no place for a value; write NAME or NAME[0,2]", target=target))
    if tree.id not in trace.graph:
        raise ModelError(no_node(tree.id, trace.graph.index))
    return tree.id, key


def _fits(key: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(key) == len(shape) and all(-n <= k < n for k, n in zip(key, shape, strict=True))


def _array(trace: Trace, name: str, kind: str) -> np.ndarray | None:
    column = trace.values if kind == "value" else trace.cotangents
    found = None if column is None else column[trace.graph.index[name]]
    return None if found is None else np.asarray(found)


def _objective(trace: Trace) -> float:
    """The loss, or Σ upstream × value where the model gives an upstream gradient."""
    target = autodiff.start_of(trace.graph, trace.plan)
    with np.errstate(all="ignore"):
        return float(np.sum(np.asarray(trace.values[target]) * seed_of(trace.graph, trace.plan, target)))
