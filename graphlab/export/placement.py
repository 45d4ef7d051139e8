"""Where a diagram's boxes, arrows and frames go, for exporters that draw the cards themselves.

The same layout as the pictures': DOT with boxes of fixed size, many diagrams in one run of the engine; our own layout
where there is no engine, or where it would take too long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphviz.quoting import attr_list

from graphlab.diagram import Diagram
from graphlab.export.graphviz.dot import clusters, ends, graph_attributes, roomy, top_left, turns, twins
from graphlab.export.graphviz.engines import measured, run_engine
from graphlab.export.picture import is_slow
from graphlab.export.svg.cards import box_size
from graphlab.export.theme import Theme
from graphlab.layout.fixed import label_size
from graphlab.layout.layered import Rect, lay_out

MARGIN = 8.0
_BESIDE, _ABOVE, _BETWEEN = 10.0, 4.0, 13.0  # a label's distance from the line on its left, below and above it


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow: path data up to the tip, the tip's, and where its label is."""

    path: str
    tip: str
    label: Rect | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Everything placed, y downwards from 0: boxes and ways in the diagram's order, frames by group id."""

    width: float
    height: float
    boxes: list[Rect]
    ways: list[Way]
    frames: dict[str, Rect] = field(default_factory=dict)


def place_all(diagrams: Sequence[Diagram], look: Theme, sizes: Sequence[Sequence[tuple[float, float]]]) -> list[Placed]:
    """Each diagram placed. sizes: per diagram the width and height of each box.

    >>> from graphlab.diagram import Box, Span
    >>> from graphlab.export.theme import THEMES
    >>> diagram = Diagram("t", "", "forward", (Box("n0", "x", (Span("x"),), "leaf", "input"),), ())
    >>> place_all([diagram], THEMES["light"], [[(40.0, 20.0)]])[0].boxes[0].width
    40.0
    """
    quick = [k for k, diagram in enumerate(diagrams) if diagram.boxes and not is_slow(diagram)]
    found = run_engine([_skeleton(diagrams[k], measured(look), sizes[k]) for k in quick]) if quick else []
    out: dict[int, Placed] = {}
    if found is not None:
        for k, one in zip(quick, found, strict=True):
            out[k] = _read(one, diagrams[k], look, sizes[k])
    return [out.get(k) or _own(diagram, look, sizes[k]) for k, diagram in enumerate(diagrams)]


def _skeleton(diagram: Diagram, look: Theme, sizes: Sequence[tuple[float, float]]) -> str:
    """The diagram as DOT with nothing in its boxes."""
    attributes = graph_attributes(diagram, look, placed=False) | {"pad": "0"}
    boxes = {
        box.id: f"{box.id} [width={width / 72:.4f} height={height / 72:.4f}]"
        for box, (width, height) in zip(diagram.boxes, sizes, strict=True)
    }
    head = [f"graph{attr_list(attributes=attributes)}", 'node [shape=box fixedsize=true label=""]']
    longer, doubled, turned = roomy(diagram), twins(diagram.arrows), turns(diagram)
    lines = []
    for k, arrow in enumerate(diagram.arrows):
        width, height = label_size(arrow, look)
        way, drawn = ends(arrow, turned)
        text = f"{way} [id={arrow.id}{drawn}{' minlen=2' if k in longer else ''}"
        if height:
            around = _around(diagram, k in doubled)
            cell = f'<TD WIDTH="{width + around[0]:.0f}" HEIGHT="{height + around[1]:.0f}" FIXEDSIZE="TRUE"></TD>'
            table = '<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0">'
            text += f" label=<{table}<TR>{cell}</TR></TABLE>>"
        lines.append(text + "]")
    return "\n".join(
        [
            "digraph graphlab {",
            *head,
            *clusters(diagram, look, boxes, top_left(attributes["rankdir"]), flat=False),
            *lines,
            "}",
        ]
    )


def _around(diagram: Diagram, doubled: bool) -> tuple[float, float]:
    """What a label's place has beyond the label: on its left, and above and below it."""
    if diagram.direction == "tb":
        return _BESIDE, 0.0
    return 0.0, _ABOVE + (_BETWEEN if doubled else 0.0)


def _read(found: dict[str, Any], diagram: Diagram, look: Theme, sizes: Sequence[tuple[float, float]]) -> Placed:
    """The engine's JSON, y turned downwards."""
    _, _, width, height = (float(n) for n in found["bb"].split(","))
    objects = {o["name"]: o for o in found.get("objects", ())}

    def point(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x) + MARGIN, height - float(y) + MARGIN

    boxes = []
    for box, (w, h) in zip(diagram.boxes, sizes, strict=True):
        x, y = point(objects[box.id]["pos"])
        boxes.append(Rect(x - w / 2, y - h / 2, w, h))
    edges = {edge["id"]: edge for edge in found.get("edges", ())}
    doubled = twins(diagram.arrows)
    ways = []
    for k, arrow in enumerate(diagram.arrows):
        edge, (w, h) = edges[arrow.id], label_size(arrow, look)
        label = None
        if h:
            x, y = point(edge["lp"])
            beside, above = _around(diagram, k in doubled)
            up = (_ABOVE - (above - _ABOVE)) / 2 if above else 0.0
            label = Rect(x - w / 2 + beside / 2, y - h / 2 - up, w, h)
        tip, *spline = edge["pos"].split(" ")
        line = [point(p) for p in (spline if tip.startswith("e,") else spline[::-1])]  # s, where its head is first
        stroke = look.stroke(arrow.kind, arrow.weight, arrow.sign)
        ways.append(_way(line, point(tip[2:]), 5.0 + 1.4 * stroke.width, label))
    frames = {}
    for group in diagram.groups:
        cluster = objects.get(f"cluster_{group.id}")
        if cluster is not None:
            x0, y0, x1, y1 = (float(n) for n in cluster["bb"].split(","))
            frames[group.id] = Rect(x0 + MARGIN, height - y1 + MARGIN, x1 - x0, y1 - y0)
    return Placed(width + 2 * MARGIN, height + 2 * MARGIN, boxes, ways, frames)


def _way(spline: list[tuple[float, float]], end: tuple[float, float], size: float, label: Rect | None) -> Way:
    """A spline of the engine's, and the tip at its end."""
    (x, y), (bx, by) = end, spline[-1]
    length = math.hypot(x - bx, y - by) or 1.0
    dx, dy = (x - bx) / length, (y - by) / length
    at, wide = (x - dx * size, y - dy * size), size * 0.38
    whole = [(round(px), round(py)) for px, py in spline]
    steps = [(px - whole[k // 3 * 3][0], py - whole[k // 3 * 3][1]) for k, (px, py) in enumerate(whole[1:])]
    path = f"M{whole[0][0]},{whole[0][1]}c{' '.join([f'{px},{py}' for px, py in steps])}"  # short: a page has thousands
    if length > size:
        path += f"L{at[0]:.0f},{at[1]:.0f}"
    tip = f"M{x:.0f},{y:.0f}l{-dx * size - dy * wide:.1f},{-dy * size + dx * wide:.1f}"
    return Way(path, f"{tip}l{2 * dy * wide:.1f},{-2 * dx * wide:.1f}z", label)


def _own(diagram: Diagram, look: Theme, sizes: Sequence[tuple[float, float]]) -> Placed:
    """Our own layout, moved to start at the margin."""
    picture = lay_out(diagram, look, sizes)
    left, top, right, bottom = picture.bounds()
    left, top = left - MARGIN, top - MARGIN

    def moved(r: Rect) -> Rect:
        return Rect(r.x - left, r.y - top, r.width, r.height)

    ways = []
    for k, (arrow, route) in enumerate(zip(diagram.arrows, picture.routes, strict=True)):
        size = 5.0 + 1.4 * look.stroke(arrow.kind, arrow.weight, arrow.sign).width
        there = route.moved(-left, -top)
        ways.append(Way(there.path(size), there.tip(size), moved(picture.labels[k]) if k in picture.labels else None))
    frames = {ident: moved(rect) for ident, rect in picture.frames.items()}
    return Placed(right + MARGIN - left, bottom + MARGIN - top, [moved(r) for r in picture.boxes], ways, frames)


def sizes_of(diagrams: Sequence[Diagram], look: Theme) -> list[tuple[float, float]]:
    """Per box of one picture in several languages, the size that holds it in each of them."""
    each = [[box_size(box, look) for box in diagram.boxes] for diagram in diagrams]
    return [(max(w for w, _ in same), max(h for _, h in same)) for same in zip(*each, strict=True)]
