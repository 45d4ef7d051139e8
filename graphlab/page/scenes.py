"""The states of folding that a page has pictures for, each laid out beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from graphlab import ops
from graphlab.diagram import Arrow, Diagram
from graphlab.drawing.annotate import Options, Shared, annotate
from graphlab.drawing.fold import prefixes
from graphlab.engine.expand import expand_trace
from graphlab.graph import Graph
from graphlab.messages import in_language
from graphlab.storyboard import Picture, Scene
from graphlab.trace import Trace

FEW = 4  # nodes made of smaller steps, up to where each can be unfolded
LARGE = 200  # nodes of a graph, from where on none can unasked
HEAVY = 1 << 23  # bytes of a run, likewise
MOST_BOXES = 240  # of all scenes together, from where on no further combination is added
MOST_SCOPES = 40  # that can be folded and opened by themselves
KEPT = 16  # runs with something unfolded
OPENED = 400  # boxes of a picture in which a scope that was folded for size is opened


class State(NamedTuple):
    """What is folded and what is unfolded."""

    folded: frozenset[str]
    unfolded: frozenset[str]


def expandable(trace: Trace, asked: Sequence[str]) -> list[str]:
    """The nodes that a reader may unfold: those asked for, by name or op; all where there are few, else of each op the
    first, since the others unfold alike; none of a large run unasked."""
    graph = trace.graph
    able = [node for node in graph.nodes if ops.get(node.op).expand is not None]
    chosen = {node.name for node in able if {"all", node.name, node.op} & set(asked)}
    if len(graph) <= LARGE and trace.plan.nbytes <= HEAVY:
        first = {node.op: node.name for node in reversed(able)}
        chosen |= {node.name for node in able} if len(able) <= FEW else set(first.values())
    return [node.name for node in able if node.name in chosen]


def scopes_of(graph: Graph) -> list[str]:
    """Every scope that holds two nodes or more, the outer before the inner."""
    count: dict[str, int] = {}
    for node in graph.nodes:
        for prefix in prefixes(node.scope):
            count[prefix] = count.get(prefix, 0) + 1
    return [scope for scope, n in count.items() if n > 1]


class Scenes:
    """Makes the pictures. known: the nodes' own places; steps_of: per unfolded node its steps' places by name."""

    def __init__(self, trace: Trace, options: Options, known: Mapping[str, int]) -> None:
        self.trace = trace
        self.options = options
        self.known = known
        self.steps_of: dict[str, dict[str, int]] = {}
        self._runs: dict[frozenset[str], Shared] = {frozenset(): Shared(trace)}
        self.views = ("forward", "backward", "both") if trace.has_gradients else ("forward",)
        self.auto = frozenset(self._runs[frozenset()].parts(options)[1]) | frozenset(options.fold)

    def make(self, languages: Sequence[str], expandables: Sequence[str], unfold: Sequence[str]) -> Iterator[Scene]:
        """The first is the one a page opens with."""
        boxes = 0
        single, pairs = self.states(expandables, unfold)
        for state in [*single, *pairs]:
            if boxes > MOST_BOXES and state not in single:
                return
            scene = self.scene(state, languages)
            boxes += len(scene.pictures["forward"].boxes)
            yield scene

    def states(self, expandables: Sequence[str], unfold: Sequence[str]) -> tuple[list[State], list[State]]:
        """As it opens, then each scope and node folded or unfolded by itself; and combinations of these."""
        base = State(self.auto, frozenset(unfold))
        scopes = scopes_of(self.trace.graph)[:MOST_SCOPES]
        single = [base]
        single += [State(base.folded ^ {scope}, base.unfolded) for scope in scopes]
        single += [State(base.folded, base.unfolded ^ {name}) for name in expandables]
        whole = [State(frozenset(scopes), base.unfolded), State(base.folded, frozenset(expandables))]
        both = [State(base.folded ^ {a}, base.unfolded ^ {b}) for a in scopes for b in expandables]
        two = [State(base.folded, base.unfolded ^ {a, b}) for a in expandables for b in expandables if a < b]
        single = list(dict.fromkeys(single))
        return single, [state for state in dict.fromkeys([*whole, *both, *two]) if state not in single]

    def run(self, unfolded: frozenset[str]) -> Shared:
        """The run with these nodes unfolded, and what its pictures share; the last few are kept."""
        if unfolded not in self._runs:
            if len(self._runs) > KEPT:
                del self._runs[list(self._runs)[1]]  # the oldest but the run itself
            self._runs[unfolded] = Shared(expand_trace(self.trace, sorted(unfolded)))
        return self._runs[unfolded]

    def scene(self, state: State, languages: Sequence[str]) -> Scene:
        """One state's pictures."""
        shared = self.run(state.unfolded)
        places = self.places(shared.trace, state.unfolded)
        most = self.options.max_nodes if state.folded >= self.auto else OPENED
        options = replace(self.options, fold=tuple(sorted(state.folded)), max_nodes=most, title="")
        ends = _Ends(shared, options, places)
        pictures = {view: self.picture(shared, replace(options, view=view), languages, ends) for view in self.views}
        return Scene(tuple(sorted(state.folded)), tuple(sorted(state.unfolded)), pictures)

    def places(self, trace: Trace, unfolded: frozenset[str]) -> list[int]:
        """Where each node of a graph with some nodes unfolded stands on the page."""
        inside = {name: place for owner in unfolded for name, place in self.steps_of[owner].items()}
        return [inside.get(node.name, self.known.get(node.name, -1)) for node in trace.graph.nodes]

    def picture(self, shared: Shared, options: Options, languages: Sequence[str], ends: _Ends) -> Picture:
        diagrams: dict[str, Diagram] = {}
        for lang in languages:
            with in_language(lang):
                diagrams[lang] = annotate(shared.trace, options, shared)
        arrows = next(iter(diagrams.values())).arrows
        return Picture(diagrams, ends.boxes, tuple([ends.of(arrow) for arrow in arrows]))


class _Ends:
    """Which nodes the boxes of a scene stand for, and which edges its arrows do."""

    def __init__(self, shared: Shared, options: Options, places: list[int]) -> None:
        self.places = places
        parts, _ = shared.parts(options)
        self.boxes = tuple([tuple([places[i] for i in part.members]) for part in parts])

    def of(self, arrow: Arrow) -> tuple[tuple[int, int], ...]:
        """The edges of an arrow, as places on the page."""
        return tuple([(self.places[i], slot) for i, slot in arrow.edges])
