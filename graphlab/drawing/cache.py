"""What many pictures of one trace have in common, such as those of a page, made once."""

from __future__ import annotations

from collections.abc import Sequence

from graphlab.diagram import Arrow, Box
from graphlab.drawing.arrows import Arrows, Edge
from graphlab.drawing.cards import Cards
from graphlab.drawing.fold import Part, partition, visible_nodes
from graphlab.drawing.measure import Measures
from graphlab.drawing.options import Options
from graphlab.explain.rounding import read
from graphlab.messages import language
from graphlab.trace import Trace


class Shared:
    """The trace's measures, which nodes share a box, and every card and arrow that was drawn.

    For pictures with the same precision and marks; views, languages and what is folded may differ.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = read(trace)
        self.measures = Measures(self.trace)
        self._parts: dict[object, tuple[list[Part], list[str]]] = {}
        self._boxes: dict[object, tuple[Box, set[str]]] = {}
        self._arrows: dict[object, tuple[tuple[Arrow, ...], bool]] = {}

    def parts(self, options: Options) -> tuple[list[Part], list[str]]:
        """As `partition` has it: the boxes, and the scopes folded because there were too many."""
        key = (options.fold, options.max_nodes, options.only, options.params)
        if key not in self._parts:
            shown = visible_nodes(self.trace.graph, options, self.trace.mode)
            self._parts[key] = partition(self.trace.graph, shown, options)
        return self._parts[key]

    def box(self, cards: Cards, part: Part, group: str | None) -> Box:
        """As `cards.box` has it."""
        key = (language(), cards.options.view, cards.detail, part)
        if key not in self._boxes:
            before, cards.said = cards.said, set()
            self._boxes[key] = cards.box(part, None), cards.said
            cards.said = before
        box, said = self._boxes[key]
        cards.said |= said
        return box._replace(group=group)

    def between(self, arrows: Arrows, tail: int, head: int, edges: Sequence[Edge]) -> tuple[Arrow, ...]:
        """As `arrows.between` has it."""
        key = (language(), arrows.options.view, arrows.detail, arrows.scale, tail, head, tuple(edges))
        if key not in self._arrows:
            before, arrows.without = arrows.without, False
            self._arrows[key] = arrows.between(tail, head, edges), arrows.without
            arrows.without = before
        drawn, without = self._arrows[key]
        arrows.without |= without
        return drawn
