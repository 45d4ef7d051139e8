"""Cards, circles and lines of text as SVG: how our own layout draws what DOT says in HTML-like labels."""

from __future__ import annotations

import math
from collections.abc import Mapping

from graphlab.base.escape import xml_text
from graphlab.diagram import HIDDEN, Box, Line, Row, Span
from graphlab.export.metrics import LINE, text_width, widest
from graphlab.export.theme import Band, Ink, Theme

SIZE, SMALL, PAD, RADIUS = 10.0, 9.0, 7.0, 32.0
STEP = SIZE * LINE
ROW_PAD = 7.0  # a row's height beyond its lines
_FLAT: Mapping[str, Ink] = {}


def box_size(box: Box, look: Theme) -> tuple[float, float]:
    """Width and height of a box, wide enough for its text in any of the usual fonts."""
    if box.form == "circle":
        return 2 * RADIUS, 2 * RADIUS
    if box.form == "text":
        return widest([line_width(line, SMALL, look) for line in box_lines(box)]) + 4, len(
            box_lines(box)
        ) * SMALL * LINE
    header = line_width(_header(box, look), SIZE, look, bold=True)
    lines = [line_width(line, SIZE, look, mono=row.mono) for row in box.rows for line in row.lines]
    height = STEP + ROW_PAD + sum(_row_height(row) for row in box.rows)
    return max(header, widest(lines)) + 2 * PAD, height


def box_lines(box: Box) -> tuple[Line, ...]:
    """A box's header and rows, line by line."""
    return (box.header, *[line for row in box.rows for line in row.lines])


def circle_lines(box: Box, look: Theme) -> list[tuple[Line, float]]:
    """A circle's lines, each with a font size at which it fits between the rims: its numbers all in the same."""
    lines = box_lines(box)
    sizes = []
    for k, line in enumerate(lines):
        off = abs(k - (len(lines) - 1) / 2) * 11 + 3
        room = 2 * math.sqrt(max(RADIUS**2 - off**2, 100.0)) - 5
        sizes.append(round(min(SMALL, max(room / max(line_width(line, 1.0, look), 1e-9), SMALL / 2)), 1))
    name, numbers = sizes[:1], sizes[1:]
    return list(zip(lines, name + [min(numbers)] * len(numbers) if numbers else name, strict=True))


def line_width(line: Line, size: float, look: Theme, *, mono: bool = False, bold: bool = False) -> float:
    """What a line needs."""
    total = 0.0
    for span in line:
        ink = look.inks.get(span.role.removeprefix(HIDDEN))
        total += text_width(span.text, size, bold=bold or bool(ink and ink.bold), mono=mono)
    return total


def draw_box(box: Box, look: Theme, x: float, y: float, width: float, height: float) -> str:
    """A box whose top left corner is at x, y."""
    if box.form == "card":
        body = _card(box, look, x, y, width, height)
    else:
        body = _circle(box, look, x, y) if box.form == "circle" else _patch(box, look, x, y, width, height)
    return f'<g id="{box.id}" class="node"><title>{xml_text(box.name)}</title>\n{body}</g>\n'


def draw_line(
    line: Line,
    look: Theme,
    x: float,
    y: float,
    size: float = SIZE,
    *,
    ink: str = "",
    mono: bool = False,
    flat: bool = False,
    anchor: str = "start",
) -> str:
    """One line of text on its base line. flat: all in one ink."""
    inks = _FLAT if flat else look.inks
    spans = [
        _span(span, inks.get(span.role), look, mono) for span in line if span.text and not span.role.startswith(HIDDEN)
    ]
    if not spans:
        return ""
    style = f' fill="{ink or look.ink}"'
    style += f' font-size="{size:g}"' if size != SIZE else ""
    style += f' font-family="{look.mono}"' if mono else ""
    style += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style} xml:space="preserve">{"".join(spans)}</text>\n'


def _span(span: Span, ink: Ink | None, look: Theme, mono: bool) -> str:
    text = xml_text(span.text)
    bold = span.role == "strong" or (ink is not None and ink.bold and not (mono and span.role != "warning"))
    style = ' font-weight="bold"' if bold else ""
    if ink is not None:
        style += f' fill="{ink.color}"' if ink.color else ""
        style += ' font-style="italic"' if ink.italic else ""
        style += ' text-decoration="underline"' if ink.underline else ""
    return f"<tspan{style}>{text}</tspan>" if style else text


def _header(box: Box, look: Theme) -> Line:
    marks = [Span(f"  {look.badge(mark.kind).symbol} {mark.text}", "strong") for mark in box.marks if mark.text]
    return (*box.header, *marks)


def _row_height(row: Row) -> float:
    return max(len(row.lines), 1) * STEP + ROW_PAD


def _card(box: Box, look: Theme, x: float, y: float, width: float, height: float) -> str:
    band = look.band(box.role, box.family)
    border, weight = band.border, 1.0
    if box.marks:
        badge = look.badge(box.marks[0].kind)
        border, weight = badge.border, badge.width
    corner = 9 if band.rounded else 3
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{corner}"'
    top = STEP + ROW_PAD
    out = [f'<rect {shape} fill="{band.fill if band.whole else look.paper}"/>\n']
    if not band.whole and band.fill != look.paper:
        out.append(_band(x, y, width, top, corner, band.fill, whole=not box.rows))
    flat = box.role not in look.roles
    out.append(draw_line(_header(box, look), look, x + PAD, y + top - 6.5, ink=band.ink, flat=flat))
    at = y + top
    for k, row in enumerate(box.rows):
        out.append(_row(row, band, look, (x, at, width), border, last=k == len(box.rows) - 1, corner=corner))
        at += _row_height(row)
    dash = ' stroke-dasharray="4 3"' if band.dashed else ""
    out.append(f'<rect {shape} fill="none" stroke="{border}" stroke-width="{weight:g}"{dash}/>\n')
    return "".join(out)


def _band(x: float, y: float, width: float, height: float, r: float, fill: str, *, whole: bool) -> str:
    """A fill with round corners above, and below too where it is the whole card."""
    if whole:
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{r}" fill="{fill}"/>\n'
    side, top = height - r, width - 2 * r
    path = f"M{x:.1f},{y + height:.1f}v{-side:.1f}q0,{-r} {r},{-r}h{top:.1f}q{r},0 {r},{r}v{side:.1f}z"
    return f'<path d="{path}" fill="{fill}"/>\n'


def _row(
    row: Row, band: Band, look: Theme, where: tuple[float, float, float], rule: str, *, last: bool, corner: float
) -> str:
    x, y, width = where
    height = _row_height(row)
    out = []
    fill = look.rows.get(row.kind) if not band.whole else None
    if fill:
        lift = corner if last else 0.0
        path = f"M{x:.1f},{y:.1f}h{width:.1f}v{height - lift:.1f}"
        path += (
            f"q0,{lift} {-lift},{lift}h{2 * lift - width:.1f}q{-lift},0 {-lift},{-lift}z" if last else f"h{-width:.1f}z"
        )
        out.append(f'<path d="{path}" fill="{fill}"/>\n')
    out.append(f'<path d="M{x:.1f},{y:.1f}h{width:.1f}" stroke="{rule}" stroke-width="0.75"/>\n')
    for k, line in enumerate(row.lines):
        out.append(draw_line(line, look, x + PAD, y + ROW_PAD / 2 + (k + 0.76) * STEP, mono=row.mono))
    return "".join(out)


def _circle(box: Box, look: Theme, x: float, y: float) -> str:
    band = look.band(box.role, box.family)
    border, weight = band.border, 1.6
    if box.marks:
        badge = look.badge(box.marks[0].kind)
        border, weight = badge.border, badge.width
    fill = band.fill if box.role in look.roles else look.paper
    middle, centre = x + RADIUS, y + RADIUS
    out = [
        f'<circle cx="{middle:.1f}" cy="{centre:.1f}" r="{RADIUS:g}" fill="{fill}"'
        f' stroke="{border}" stroke-width="{weight:g}"/>\n'
    ]
    lines = circle_lines(box, look)
    for k, (line, size) in enumerate(lines):
        base = centre + (k - (len(lines) - 1) / 2) * 11 + 3.2
        out.append(draw_line(line, look, middle, base, size, anchor="middle"))
    return "".join(out)


def _patch(box: Box, look: Theme, x: float, y: float, width: float, height: float) -> str:
    """Text without a frame, on a patch of paper."""
    out = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{look.paper}"/>\n']
    for k, line in enumerate(box_lines(box)):
        base = y + (k + 0.78) * SMALL * LINE
        out.append(draw_line(line, look, x + width / 2, base, SMALL, ink=look.arrow_ink, anchor="middle"))
    return "".join(out)
