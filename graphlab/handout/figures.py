"""Pictures that can be read on paper: as much in them as the page has room for at a legible size."""

from __future__ import annotations

from dataclasses import replace

from graphlab.diagram import HIDDEN, Diagram, Span
from graphlab.drawing.annotate import Options, annotate
from graphlab.export.picture import picture_sizes
from graphlab.trace import Trace

WIDE, HIGH = 480.0, 520.0  # points: what an A4 or letter page has beside a heading and a table
TEXT, LEGIBLE = 10.0, 6.0  # points: a card's text as it is drawn, and the smallest that is read with ease
CROWDED = 40  # nodes, beyond which a page holds their names at best
_STEPS = ("formula", "local", "sum", "scale")
_ROOM = Span("n", HIDDEN + "quiet")


def fitted(
    trace: Trace, view: str, precision: int, details: tuple[str, ...], high: float = HIGH
) -> tuple[str, Diagram]:  # fmt: skip
    """The picture of a view with the first of these details whose texts are legible; of both directions the larger.

    high: points that it may take.
    """
    rows: list[tuple[str, list[Diagram]]] = []
    for detail in details[-1:] if len(trace.graph) > CROWDED else details:
        drawn = [annotate(trace, Options(view, detail, precision, way, title="")) for way in ("lr", "tb")]
        whole = [_roomy(replace(diagram, subtitle="", legend=())) for diagram in drawn]  # the caption says it
        brief = [_brief(diagram) for diagram in whole]
        rows += [(detail, whole)] if brief == whole else [(detail, whole), (detail, brief)]
    sizes = iter(picture_sizes([diagram for _, diagrams in rows for diagram in diagrams]))
    best = (0.0, "", rows[0][1][0])
    for detail, diagrams in rows:
        scale, diagram = max(((scale_of(next(sizes), high), one) for one in diagrams), key=lambda found: found[0])
        best = max(best, (scale, detail, diagram), key=lambda found: found[0])
        if best[0] * TEXT >= LEGIBLE:
            break
    return best[1], best[2]


def _roomy(diagram: Diagram) -> Diagram:
    """With room beside the arrows' texts: on paper ∂, Σ and their like may come from a wider font."""
    arrows = (arrow._replace(lines=tuple((_ROOM, *line, _ROOM) for line in arrow.lines)) for arrow in diagram.arrows)
    return replace(diagram, arrows=tuple(arrows))


def _brief(diagram: Diagram) -> Diagram:
    """Without the rows that the page's steps say anyway."""
    boxes = (box._replace(rows=tuple(row for row in box.rows if row.kind not in _STEPS)) for box in diagram.boxes)
    return replace(diagram, boxes=tuple(boxes))


def scale_of(size: tuple[float, float], high: float) -> float:
    """How much a picture of this size shrinks to fit a page; 1 where it need not."""
    return min(1.0, WIDE / size[0], high / size[1])
