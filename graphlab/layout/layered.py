"""Our own plain layout, drawn as SVG: what there is where no layout engine is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphlab.base.escape import xml_text
from graphlab.diagram import Arrow, Diagram, Line, Span
from graphlab.export.metrics import text_width, title_lines, widest
from graphlab.export.svg.cards import box_size, draw_box, draw_line, line_width
from graphlab.export.theme import Theme, get_theme
from graphlab.export.validate import check
from graphlab.layout.coordinates import FRAME, FRAME_TOP, Frame, cross_positions, frames
from graphlab.layout.fixed import LABEL_SIZE, LABEL_STEP, label_lines, label_size, label_spots
from graphlab.layout.lanes import Lane, crossings, label_lanes
from graphlab.layout.ranks import Path, Ranked, arrange, ranks
from graphlab.layout.routes import Route, routes

MARGIN = 18.0
COLUMN_GAP = 44.0


@dataclass
class Rect:
    """x, y: the top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass
class Picture:
    """Everything placed, y downwards: boxes by index, frames by group id, routes and label centres by arrow index."""

    boxes: list[Rect]
    routes: list[Route]
    labels: dict[int, Rect] = field(default_factory=dict)
    frames: dict[str, Rect] = field(default_factory=dict)

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all that is drawn."""
        rects = [*self.boxes, *self.labels.values(), *self.frames.values()]
        points = [point for route in self.routes for point in route.points]
        return (
            min([r.x for r in rects] + [p[0] for p in points], default=0.0),
            min([r.y for r in rects] + [p[1] for p in points], default=0.0),
            max([r.x + r.width for r in rects] + [p[0] for p in points], default=0.0),
            max([r.y + r.height for r in rects] + [p[1] for p in points], default=0.0),
        )


def to_svg(diagram: Diagram, theme: str | Theme = "light") -> str:
    """The picture as SVG, without any layout engine; the same diagram gives the same bytes.

    >>> from graphlab.diagram import Box
    >>> to_svg(Diagram("t", "", "forward", (Box("n0", "x", (Span("x"),), "leaf", "input"),), ()))[:4]
    '<svg'

    Raises: ExportError for an unknown theme, or ids that are not opaque ones.
    """
    look = get_theme(theme)
    check(diagram)
    return _draw(diagram, look, lay_out(diagram, look))


def lay_out(diagram: Diagram, look: Theme, sizes: Sequence[tuple[float, float]] = ()) -> Picture:
    """Where everything goes: by rank, or where the diagram's positions say. sizes: the boxes', where not their own."""
    sizes = list(sizes) or [box_size(box, look) for box in diagram.boxes]
    if diagram.boxes and all(box.position is not None for box in diagram.boxes):
        return _fixed(diagram, look, sizes)
    return _ranked(diagram, look, sizes)


# Positions that the diagram fixes


def _fixed(diagram: Diagram, look: Theme, sizes: list[tuple[float, float]]) -> Picture:
    centres = [(box.position or (0.0, 0.0)) for box in diagram.boxes]
    boxes = [Rect(x - w / 2, -y - h / 2, w, h) for (x, y), (w, h) in zip(centres, sizes, strict=True)]
    picture = Picture(boxes, [])
    for k, spot in label_spots(diagram, look).items():
        picture.routes.append(Route((spot.start, spot.end), axis=-1))
        width, height = label_size(diagram.arrows[k], look)
        if height:
            picture.labels[k] = Rect(spot.label[0] - width / 2, spot.label[1] - height / 2, width, height)
    return picture


# Positions by rank


def _ranked(diagram: Diagram, look: Theme, sizes: list[tuple[float, float]]) -> Picture:
    across = diagram.direction == "lr"
    edges = _edges(diagram)
    items = arrange(len(sizes), edges, _paths(diagram))
    turned = sizes if across else [(h, w) for w, h in sizes]
    at = cross_positions(items, turned)
    found = frames(items, turned, at, FRAME_TOP if across else 0.0)
    labels = [label_size(arrow, look) for arrow in diagram.arrows]
    turned_labels = labels if across else [(h, w) for w, h in labels]
    gap_of = [items.rank[chain[0]] + (len(chain) - 1) // 2 for chain in items.chains]
    cross = crossings(items, turned, at)
    lanes = label_lanes(items, gap_of, cross, turned_labels, across)
    columns = _columns(items, turned, turned_labels, gap_of, lanes, found, 0.0 if across else FRAME_TOP)
    drawn = routes(items, turned, columns, cross, lanes)
    boxes = [
        _rect((columns[items.rank[k]][0] + columns[items.rank[k]][1]) / 2, at[k], size, across)
        for k, size in enumerate(turned)
    ]
    picture = Picture(boxes, [])
    for arrow, ranked in zip(diagram.arrows, drawn, strict=True):
        route = ranked if across else ranked.turned()
        picture.routes.append(route.reversed() if arrow.kind == "backward" else route)
    picture.labels = _labels(lanes, turned_labels, gap_of, columns, across)
    for group, frame in found.items():
        if frame.kept:
            picture.frames[diagram.groups[group].id] = _frame_rect(frame, columns, across)
    return picture


def reach(diagram: Diagram) -> int:
    """How many ranks all arrows run over together: what a layered layout's time grows with."""
    edges = _edges(diagram)
    rank = ranks(len(diagram.boxes), edges, [()] * len(diagram.boxes))
    return sum(abs(rank[b] - rank[a]) for a, b in edges)


def _edges(diagram: Diagram) -> list[tuple[int, int]]:
    """The arrows as they run with the data, by box number."""
    index = {box.id: k for k, box in enumerate(diagram.boxes)}
    return [
        (index[a.head], index[a.tail]) if a.kind == "backward" else (index[a.tail], index[a.head])
        for a in diagram.arrows
    ]


def _paths(diagram: Diagram) -> list[Path]:
    """Per box the numbers of its groups, the outermost first."""
    number = {group.id: k for k, group in enumerate(diagram.groups)}
    known: dict[str | None, Path] = {None: ()}
    for group in diagram.groups:
        trail, here = [], group
        while here.id not in known:
            trail.append(here)
            if here.parent is None:
                break
            here = diagram.groups[number[here.parent]]
        for inner in reversed(trail):
            known[inner.id] = (*known[inner.parent], number[inner.id])
    return [known[box.group] for box in diagram.boxes]


def _columns(
    items: Ranked,
    sizes: Sequence[tuple[float, float]],
    labels: Sequence[tuple[float, float]],
    gap_of: Sequence[int],
    lanes: dict[int, Lane],
    found: dict[int, Frame],
    name: float,
) -> list[tuple[float, float]]:
    """Per rank where its column starts and ends along main; the gaps hold the labels and the frames' edges."""
    count = len(items.orders)
    gaps, frame_room, wide = [COLUMN_GAP] * (count + 1), [0.0] * (count + 1), [0.0] * count
    for k, (gap, label) in enumerate(zip(gap_of, labels, strict=True)):
        if label[0]:
            gaps[gap + 1] = max(gaps[gap + 1], label[0] + (30 if lanes[k].arrow is None else lanes[k].room))
    starts, ends = [0.0] * (count + 1), [0.0] * (count + 1)
    for frame in found.values():
        if frame.kept:
            starts[frame.first] = max(starts[frame.first], (FRAME + name) * frame.depth)
            ends[frame.last + 1] = max(ends[frame.last + 1], FRAME * frame.depth)
    frame_room = [a + b for a, b in zip(starts, ends, strict=True)]
    for item, size in enumerate(sizes):
        wide[items.rank[item]] = max(wide[items.rank[item]], size[0])
    columns, run = [], 0.0
    for r in range(count):
        run += frame_room[r] if r == 0 else max(gaps[r], frame_room[r] + COLUMN_GAP / 2)
        columns.append((run, run + wide[r]))
        run += wide[r]
    return columns


def _labels(
    lanes: dict[int, Lane],
    sizes: Sequence[tuple[float, float]],
    gap_of: Sequence[int],
    columns: list[tuple[float, float]],
    across: bool,
) -> dict[int, Rect]:
    """Each label in the middle of its gap."""
    out = {}
    for k, lane in lanes.items():
        gap = gap_of[k]
        beyond = columns[gap + 1][0] if gap + 1 < len(columns) else columns[gap][1] + 2 * COLUMN_GAP
        out[k] = _rect((columns[gap][1] + beyond) / 2, lane.label, sizes[k], across)
    return out


def _rect(main: float, cross: float, size: tuple[float, float], across: bool) -> Rect:
    x, y = (main, cross) if across else (cross, main)
    width, height = size if across else (size[1], size[0])
    return Rect(x - width / 2, y - height / 2, width, height)


def _frame_rect(frame: Frame, columns: list[tuple[float, float]], across: bool) -> Rect:
    start, end = columns[frame.first][0] - FRAME * frame.depth, columns[frame.last][1] + FRAME * frame.depth
    if across:
        return Rect(start, frame.low, end - start, frame.high - frame.low)
    top = start - FRAME_TOP * frame.depth
    return Rect(frame.low, top, frame.high - frame.low, end - top)


# Drawing


def _draw(diagram: Diagram, look: Theme, picture: Picture) -> str:
    head = [(text, 16.0, True) for text in title_lines(diagram.title)]
    head += [(diagram.subtitle, 10.0, False)] if diagram.subtitle else []
    foot: list[Line] = [*look.legend(diagram.legend), *[(Span(note),) for note in diagram.notes]]
    left, top, right, bottom = picture.bounds()
    above = sum(size * 1.4 for _, size, _ in head) + 12.0
    width = max(
        right - left,
        widest(text_width(text, size, bold=bold) for text, size, bold in head),
        widest(line_width(line, 9.0, look) for line in foot),
    )
    width, height = width + 2 * MARGIN, bottom - top + above + 2 * MARGIN + (len(foot) * 14 + 12 if foot else 0)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}pt" height="{height:.0f}pt"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n<title>{xml_text(diagram.title)}</title>\n'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{look.paper}"/>\n'
        f'<g font-family="{look.font}" font-size="10">\n'
    ]
    y = MARGIN
    for text, size, bold in head:
        y += size * 1.4
        said = (Span(text, "strong" if bold else "plain"),)
        out.append(draw_line(said, look, MARGIN, y - size * 0.4, size, ink=look.ink if bold else look.quiet))
    out.append(f'<g transform="translate({MARGIN - left:.1f},{MARGIN + above - top:.1f})">\n')
    out += _frames(diagram, look, picture)
    out += [_arrow(arrow, look, route) for arrow, route in zip(diagram.arrows, picture.routes, strict=True)]
    for box, rect in zip(diagram.boxes, picture.boxes, strict=True):
        out.append(draw_box(box, look, rect.x, rect.y, rect.width, rect.height))
    out += [_label(diagram.arrows[k], look, rect) for k, rect in picture.labels.items()]
    out.append("</g>\n")
    for k, line in enumerate(reversed(foot)):
        out.append(draw_line(line, look, MARGIN, height - MARGIN - k * 14, 9.0, ink=look.quiet))
    return "".join([*out, "</g>\n</svg>\n"])


def _frames(diagram: Diagram, look: Theme, picture: Picture) -> list[str]:
    """Outer frames first; the name at the top left."""
    out = []
    for group in sorted(
        (g for g in diagram.groups if g.id in picture.frames),
        key=lambda g: -picture.frames[g.id].width * picture.frames[g.id].height,
    ):
        r = picture.frames[group.id]
        out.append(
            f'<g id="{group.id}" class="cluster"><title>{xml_text(group.label)}</title>\n'
            f'<rect x="{r.x:.1f}" y="{r.y:.1f}" width="{r.width:.1f}" height="{r.height:.1f}" rx="10"'
            f' fill="none" stroke="{look.group_border}"/>\n'
            + draw_line((Span(group.label, "strong"),), look, r.x + 10, r.y + 15, ink=look.quiet)
            + "</g>\n"
        )
    return out


def _arrow(arrow: Arrow, look: Theme, route: Route) -> str:
    stroke = look.stroke(arrow.kind, arrow.weight, arrow.sign)
    color = look.badge(arrow.marks[0].kind).border if arrow.marks else stroke.color
    dash = ' stroke-dasharray="5 3"' if stroke.dashed and not arrow.marks else ""
    size = 5.0 + 1.4 * stroke.width
    return (
        f'<g id="{arrow.id}" class="edge"><path d="{route.path(size)}" fill="none" stroke="{color}"'
        f' stroke-width="{stroke.width:g}"{dash}/><path d="{route.tip(size)}" fill="{color}"/></g>\n'
    )


def _label(arrow: Arrow, look: Theme, rect: Rect) -> str:
    ink, x = look.label_ink(arrow.kind), rect.x + rect.width / 2
    patch = f'x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}"'
    return f'<rect {patch} fill="{look.paper}"/>\n' + "".join(
        draw_line(line, look, x, rect.y + (k + 0.78) * LABEL_STEP, LABEL_SIZE, ink=ink, anchor="middle")
        for k, line in enumerate(label_lines(arrow))
    )
