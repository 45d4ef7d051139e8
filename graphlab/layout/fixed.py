"""Where arrows and their labels stand when the diagram itself fixes the places of its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from graphlab.diagram import Arrow, Box, Diagram, Line, Span
from graphlab.export.metrics import LINE, widest
from graphlab.export.svg.cards import box_size, line_width
from graphlab.export.theme import Theme

LABEL_SIZE = 9.0
LABEL_STEP = LABEL_SIZE * LINE
CAREFUL = 150  # arrows, up to where labels also keep clear of other lines
_SHARES = (0.3, 0.36, 0.24, 0.42, 0.18, 0.5, 0.62, 0.72)  # of the way from tail to head, the most wanted first

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """A straight arrow from rim to rim, y downwards; its label's centre, and how far that is from the tail's rim."""

    start: Point
    end: Point
    label: Point
    distance: float


def label_lines(arrow: Arrow) -> tuple[Line, ...]:
    """What stands on an arrow: its lines, then its marks."""
    if not arrow.marks:
        return arrow.lines
    return arrow.lines + tuple((Span(mark.text, "warning"),) for mark in arrow.marks if mark.text)


def label_size(arrow: Arrow, look: Theme) -> Point:
    """Width and height of an arrow's label."""
    lines = label_lines(arrow)
    return widest([line_width(line, LABEL_SIZE, look) for line in lines]), len(lines) * LABEL_STEP


def label_spots(diagram: Diagram, look: Theme) -> dict[int, Spot]:
    """Per arrow its line and a place for its label: clear of earlier labels, then of as many other lines as can be."""
    boxes = {box.id: box for box in diagram.boxes}
    lines = [_line(boxes[arrow.tail], boxes[arrow.head], look) for arrow in diagram.arrows]
    others = lines if len(lines) <= CAREFUL else []
    taken: dict[tuple[int, int], list[tuple[Point, Point]]] = {}
    out = {}
    for k, arrow in enumerate(diagram.arrows):
        start, end = lines[k]
        size = label_size(arrow, look)
        dx, dy = end[0] - start[0], end[1] - start[1]
        places = [(start[0] + dx * share, start[1] + dy * share) for share in _SHARES]
        best = 0
        if size[1]:
            costs = [_cost(place, size, taken, lines[k], others) for place in places]
            best = costs.index(min(costs))
            for cell in _cells(places[best]):
                taken.setdefault(cell, []).append((places[best], size))
        out[k] = Spot(start, end, places[best], _SHARES[best] * hypot(dx, dy))
    return out


def _cost(
    place: Point,
    size: Point,
    taken: dict[tuple[int, int], list[tuple[Point, Point]]],
    own: tuple[Point, Point],
    lines: Sequence[tuple[Point, Point]],
) -> int:
    """Lines that run through a label here; being on another label is worse than any number of them."""
    crossed = sum(1 for line in lines if line is not own and _crosses(line, place, size))
    return crossed + (0 if _is_free(place, size, taken) else 1000)


def _crosses(line: tuple[Point, Point], place: Point, size: Point) -> bool:
    (ax, ay), (bx, by) = line
    if not min(ax, bx) - size[0] / 2 < place[0] < max(ax, bx) + size[0] / 2 or ax == bx:
        return False
    slope = (by - ay) / (bx - ax)
    return abs(ay + slope * (place[0] - ax) - place[1]) < size[1] / 2 + abs(slope) * size[0] / 2


_CELL = 80.0


def _cells(place: Point) -> list[tuple[int, int]]:
    """The squares around a place: two labels that touch share one."""
    x, y = int(place[0] // _CELL), int(place[1] // _CELL)
    return [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def _is_free(place: Point, size: Point, taken: dict[tuple[int, int], list[tuple[Point, Point]]]) -> bool:
    near = taken.get((int(place[0] // _CELL), int(place[1] // _CELL)), [])
    return not any(
        abs(place[0] - other[0]) < (size[0] + extent[0]) / 2 + 3
        and abs(place[1] - other[1]) < (size[1] + extent[1]) / 2 + 1
        for other, extent in near
    )


def _line(tail: Box, head: Box, look: Theme) -> tuple[Point, Point]:
    (ax, ay), (bx, by) = tail.position or (0.0, 0.0), head.position or (0.0, 0.0)
    dx, dy = bx - ax, ay - by
    length = hypot(dx, dy) or 1.0
    start, end = _rim(dx, dy, tail, look) / length, _rim(dx, dy, head, look) / length
    return (ax + dx * start, -ay + dy * start), (bx - dx * end, -by - dy * end)


def _rim(dx: float, dy: float, box: Box, look: Theme) -> float:
    """The distance from a box's centre to its rim, in a direction."""
    size: Sequence[float] = box_size(box, look)
    if box.form == "circle" or not (dx or dy):
        return size[0] / 2
    return min(half / 2 * hypot(dx, dy) / abs(d) for half, d in zip(size, (dx, dy), strict=True) if d)
