"""Where a debugger stops: breakpoints and watches as sorted positions, so that no run visits every node."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.base.notebook import Result
from graphlab.errors import ModelError
from graphlab.explain.timeline import Timeline
from graphlab.formula import parse
from graphlab.formula.tree import Expr, Index, Name
from graphlab.graph import Graph, no_node
from graphlab.messages import did_you_mean, tr
from graphlab.ops.foreign import meant

if TYPE_CHECKING:
    from graphlab.lines import Line


PHASES = ("forward", "backward", "seed")


@dataclass
class Breakpoint(Result):
    """One place to stop at. kind: break or watch. text: as it is listed. target: what stands for its nodes.

    places: (position, node) in order. skip: how often not to stop.
    """

    number: int
    kind: str
    text: str
    target: str
    places: list[tuple[int, int]]
    condition: str = ""
    temporary: bool = False
    skip: int = 0

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.stop import breakpoint_line

        yield breakpoint_line(self)

    def __repr__(self) -> str:
        return f"<Breakpoint {self.number}: {self.text}, {len(self.places)} places>"

    def after(self, p: int) -> list[tuple[int, int]]:
        """The places behind p, nearest first."""
        return self.places[bisect_right(self.places, (p, 1 << 62)) :]

    def before(self, p: int) -> list[tuple[int, int]]:
        """The places before p, nearest first."""
        return self.places[: bisect_left(self.places, (p, -1))][::-1]


def places_of(timeline: Timeline, target: str) -> list[tuple[int, int]]:
    """Where the nodes that `target` names have done their work; a leaf, where its gradient is complete.

    target: a node's name, a pattern such as relu*, op:NAME, or a phase (forward, backward, seed).
    Raises ModelError where nothing matches.
    """
    graph = timeline.trace.graph
    if target in PHASES and target not in graph:
        return sorted(_of_phase(timeline, target))
    out: list[tuple[int, int]] = []
    for i in matching(graph, target):
        out += [(p, i) for p in timeline.work(i)]
        if graph.nodes[i].is_leaf and (terms := timeline.arrivals(i)):
            out.append((terms[-1][0], i))
    return sorted(out)


def _of_phase(timeline: Timeline, phase: str) -> list[tuple[int, int]]:
    graph, n = timeline.trace.graph, timeline.seed_at
    if phase == "seed":
        return [(n, timeline[n - 1].node)] if n > 0 else []
    work = [(p, i) for i, node in enumerate(graph.nodes) if not node.is_leaf for p in timeline.work(i)]
    return [(p, i) for p, i in work if (phase == "forward") == (n < 0 or p < n) and p != n]


def matching(graph: Graph, target: str) -> list[int]:
    """The nodes that a name, in backquotes or not, a pattern or op:NAME means. Raises ModelError where it is none."""
    target = target.replace("`", "")
    if target in graph:
        return [graph.index[target]]
    op = target.removeprefix("op:") if target.startswith("op:") else None
    found = [
        i
        for i, node in enumerate(graph.nodes)
        if (node.op == op if op is not None else fnmatchcase(node.name, target) and any(c in target for c in "*?["))
    ]
    if found:
        return found
    if op is not None:
        present = {node.op for node in graph.nodes}
        hint = (
            tr(" (did you mean '{word}'?)", word=other) if (other := meant(op, present)) else did_you_mean(op, present)
        )
        raise ModelError(tr("no node has the op '{op}'{hint}", op=op, hint=hint))
    raise ModelError(no_node(target, graph.index))


def changes_of(timeline: Timeline, target: str) -> list[tuple[int, int]]:
    """Where NODE, NODE.grad, NODE[i,j] or NODE.grad[i,j] changes. Raises ModelError for anything else."""
    tree = parse(target)
    key = None
    if isinstance(tree, Index):
        key, tree = tree.key, tree.base
    i, grad = _watched(timeline.trace.graph, tree, target)
    positions = [p for p, _, _ in timeline.arrivals(i)] if grad else [timeline.made_at[i]]
    positions = [p for p in positions if p > 0]
    if key is None:
        return [(p, i) for p in positions]
    if any(not isinstance(k, int) for k in key) or len(key) != len(timeline.trace.plan.shapes[i]):
        message = tr("'{target}' is no element of '{name}', which has the shape {shape}", target=target,
                     name=timeline.trace.graph.nodes[i].name, shape=timeline.trace.plan.shapes[i])  # fmt: skip
        raise ModelError(message)
    look = timeline.grad if grad else timeline.value
    try:
        return [(p, i) for p in positions if _element(look(i, p), key) != _element(look(i, p - 1), key)]
    except IndexError:
        shape = timeline.trace.plan.shapes[i]
        raise ModelError(tr("'{target}' is outside the shape {shape}", target=target, shape=shape)) from None


def _watched(graph: Graph, tree: Expr, target: str) -> tuple[int, bool]:
    if not isinstance(tree, Name):
        raise ModelError(tr("watch takes NODE, NODE.grad or an element of them, not '{target}'", target=target))
    if tree.id in graph:
        return graph.index[tree.id], False
    name, _, what = tree.id.rpartition(".")
    if name in graph and what in ("value", "grad"):
        return graph.index[name], what == "grad"
    raise ModelError(no_node(name if what in ("value", "grad") else tree.id, graph.index))


def _element(array: Any, key: Any) -> bytes | None:
    """An element's bytes, so that NaN is itself."""
    return None if array is None else np.asarray(array)[tuple(key)].tobytes()
