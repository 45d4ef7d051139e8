"""How arrows run: smooth curves in the gaps between columns, straight across columns and between fixed places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from graphlab.layout.lanes import Lane
from graphlab.layout.ranks import Ranked

Point = tuple[float, float]


@dataclass(frozen=True)
class Route:
    """Points of straight pieces and curves: between points 2k and 2k+1 straight, then a curve to the next pair.

    axis: 0 where the curves leave along x, 1 along y; -1: all straight.
    """

    points: tuple[Point, ...]
    axis: int = 0

    def turned(self) -> Route:
        """x and y exchanged."""
        return Route(tuple((y, x) for x, y in self.points), 1 - self.axis)

    def reversed(self) -> Route:
        """The same way, run backwards."""
        return Route(self.points[::-1], self.axis)

    def moved(self, dx: float, dy: float) -> Route:
        """Somewhere else."""
        return Route(tuple([(x + dx, y + dy) for x, y in self.points]), self.axis)

    def path(self, tip: float) -> str:
        """SVG path data, ending where a tip of this length starts."""
        points = [*self.points[:-1], self._before_tip(tip)]
        (dx, dy), (bx, by), (ax, ay) = self._direction(), points[-1], points[-2]
        if self.axis >= 0 and len(points) > 2 and (ax - bx) * dx + (ay - by) * dy > 0:
            points[-2] = points[-1]  # else the line would run into the tip and back
        out = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
        for k in range(1, len(points)):
            (ax, ay), (x, y) = points[k - 1], points[k]
            if k % 2 or self.axis < 0:
                out.append(f"L{x:.1f},{y:.1f}")
            elif self.axis == 0:
                out.append(f"C{(ax + x) / 2:.1f},{ay:.1f} {(ax + x) / 2:.1f},{y:.1f} {x:.1f},{y:.1f}")
            else:
                out.append(f"C{ax:.1f},{(ay + y) / 2:.1f} {x:.1f},{(ay + y) / 2:.1f} {x:.1f},{y:.1f}")
        return "".join(out)

    def tip(self, size: float) -> str:
        """SVG path data of the arrow head."""
        x, y = self.points[-1]
        dx, dy = self._direction()
        bx, by, wide = x - dx * size, y - dy * size, size * 0.38
        return f"M{x:.1f},{y:.1f}L{bx - dy * wide:.1f},{by + dx * wide:.1f}L{bx + dy * wide:.1f},{by - dx * wide:.1f}z"

    def _direction(self) -> Point:
        (ax, ay), (x, y) = self.points[0], self.points[-1]
        if self.axis == 0:
            return (1.0 if x >= self.points[-2][0] and x >= ax else -1.0, 0.0)
        if self.axis == 1:
            return (0.0, 1.0 if y >= self.points[-2][1] and y >= ay else -1.0)
        length = hypot(x - ax, y - ay) or 1.0
        return ((x - ax) / length, (y - ay) / length)

    def _before_tip(self, size: float) -> Point:
        x, y = self.points[-1]
        dx, dy = self._direction()
        return (x - dx * size * 0.8, y - dy * size * 0.8)


def routes(
    items: Ranked,
    sizes: Sequence[tuple[float, float]],
    columns: Sequence[tuple[float, float]],
    cross: Sequence[Sequence[float]],
    lanes: Mapping[int, Lane],
) -> list[Route]:
    """Per edge its way from producer to consumer, as (main, cross) points; past its label where that has a lane."""
    out = []
    for k, chain in enumerate(items.chains):
        a, b = chain[0], chain[-1]
        start, end = columns[items.rank[a]], columns[items.rank[b]]
        middle_a, middle_b = (start[0] + start[1]) / 2, (end[0] + end[1]) / 2
        points = [(middle_a + sizes[a][0] / 2, cross[k][0]), (start[1], cross[k][0])]
        for item, place in zip(chain[1:-1], cross[k][1:-1], strict=True):
            points += [(columns[items.rank[item]][0], place), (columns[items.rank[item]][1], place)]
        points += [(end[0], cross[k][-1]), (middle_b - sizes[b][0] / 2, cross[k][-1])]
        lane = lanes.get(k)
        if lane is not None and lane.arrow is not None:
            at = 2 * ((len(chain) - 1) // 2) + 2
            middle = (points[at - 1][0] + points[at][0]) / 2
            points[at:at] = [(middle - lane.length / 2, lane.arrow), (middle + lane.length / 2, lane.arrow)]
        out.append(Route(tuple(points)))
    return out
