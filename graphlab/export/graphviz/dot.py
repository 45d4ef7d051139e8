"""Diagram → DOT: cards as HTML-like labels, built by hand so that 3,000 of them take a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil

from graphviz.quoting import attr_list, quote

from graphlab.base.escape import dot_text
from graphlab.base.gcpause import collection_paused
from graphlab.diagram import HIDDEN, Arrow, Box, Diagram, Group, Line, Row
from graphlab.export.metrics import MONO, blanks, cells, text_width, title_lines
from graphlab.export.svg.cards import RADIUS, box_lines, circle_lines
from graphlab.export.svg.tidy import HIDDEN_INK
from graphlab.export.theme import Band, Ink, Theme, get_theme
from graphlab.export.validate import check
from graphlab.layout.fixed import Spot, label_spots

LARGE = 1000  # boxes, from where on the layout is told to try less hard
PAD = 0.25  # inches around a picture
READABLE = 150  # boxes, up to where the legend stands at the bottom: the frame this takes doubles the layout's time
SIZE, LABEL_SIZE, PADDING = 10, 9, 4
WIDEST = 1.5  # a bold line against the same in regular, and what an engine takes letters for: at most
_CELL = '<TR><TD BORDER="1" SIDES="T" ALIGN="LEFT" BALIGN="LEFT"'
_BREAK = '<BR ALIGN="LEFT"/>'
_PATCH = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{}</TABLE>'
_BESIDE = '<TR><TD WIDTH="10"></TD><TD BGCOLOR="{}">{}</TD></TR>'  # off the upright line on its left
_ABOVE = '<TR><TD BGCOLOR="{}">{}</TD></TR><TR><TD HEIGHT="4"></TD></TR>'  # off the line below it
_BETWEEN = '<TR><TD HEIGHT="13"></TD></TR>' + _ABOVE  # and off the line above it, where two arrows join the same boxes
_HURRY = {"nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.1"}

Spans = Callable[[Line], str]


def to_dot(diagram: Diagram, theme: str | Theme = "light", **graph: str) -> str:
    """The picture as DOT text, drawn alike by `dot` and (where positions are given) by `neato -n2`.

    graph: further graph attributes, such as dpi. The same diagram gives the same bytes.

    >>> from graphlab.diagram import Box, Span
    >>> diagram = Diagram("t", "", "forward", (Box("n0", "x", (Span("x", "strong"),), "leaf", "input"),), ())
    >>> "<B>x</B>" in to_dot(diagram)
    True

    Raises: ExportError for an unknown theme, or ids that are not opaque ones (n0, e0, g0).
    """
    with collection_paused():
        return _dot(diagram, get_theme(theme), graph)


def _dot(diagram: Diagram, look: Theme, graph: dict[str, str]) -> str:
    check(diagram)
    writers = _writers(look)
    spans = writers.card
    placed = bool(diagram.boxes) and all(box.position is not None for box in diagram.boxes)
    small = len(diagram.boxes) <= READABLE
    attributes = graph_attributes(diagram, look, placed) | graph
    left = top_left(attributes.get("rankdir", ""))
    body = clusters(diagram, look, {box.id: _box(box, look, writers) for box in diagram.boxes}, left, flat=placed)
    turned = turns(diagram)
    spots = label_spots(diagram, look) if placed else {}
    places, longer = _label_places(diagram, look), roomy(diagram) if small else set()
    body += [
        _arrow(arrow, ends(arrow, turned), look, writers, spots.get(k), places[k], k in longer)
        for k, arrow in enumerate(diagram.arrows)
    ]
    footer = _footer(diagram, look, spans)
    title = _title(diagram, look, [] if small and not placed else footer)
    if small and not placed and footer:
        attributes |= {"label": f"<{_table(footer)}>", "labelloc": "b", "labeljust": "l"}
        body = [
            f"subgraph cluster_all {{ graph [label=<{title}> {left} peripheries=0 margin=0];",
            *body,
            "}",
        ]
    else:
        attributes |= {"label": f"<{title}>", "labelloc": "t", "labeljust": "l"}
    node = {"shape": "plain", "fontname": look.font, "fontsize": str(SIZE), "fontcolor": look.ink}
    edge = {"fontname": look.font, "fontsize": str(LABEL_SIZE), "arrowsize": "0.6"}
    head = [f"{kind}{attr_list(attributes=a)}" for kind, a in (("graph", attributes), ("node", node), ("edge", edge))]
    return "\n".join(["digraph graphlab {", *head, *body, "}", ""])


def top_left(rankdir: str) -> str:
    """What puts a cluster's label at the top left: it is mirrored with its ranks."""
    mirrored = {"RL": "labelloc=t labeljust=r", "BT": "labelloc=b labeljust=l"}
    return mirrored.get(rankdir, "labelloc=t labeljust=l")


def graph_attributes(diagram: Diagram, look: Theme, placed: bool) -> dict[str, str]:
    attributes = {
        "bgcolor": look.paper,
        "fontname": look.font,
        "fontsize": "11",
        "fontcolor": look.ink,
        "pad": str(PAD),
        "id": "graph",
        "outputorder": "edgesfirst",
    }
    if placed:
        return attributes | {"layout": "neato", "inputscale": "72", "splines": "line"}
    forward, backward = ("LR", "RL") if diagram.direction == "lr" else ("TB", "BT")
    gaps = {"nodesep": "0.28", "ranksep": "0.55" if diagram.direction == "lr" else "0.45"}
    attributes |= {"rankdir": backward if diagram.against else forward, **gaps}
    return attributes | (_HURRY if len(diagram.boxes) > LARGE else {})


# Texts


@dataclass(frozen=True, slots=True)
class _Writers:
    """How lines are written: on a card, on a dark band (in its own ink), in a matrix (not bold); how cells open.

    frame: how much wider the widest frame makes a card. cards, strokes: those written so far, by what they show.
    """

    card: Spans
    band: Spans
    matrix: Spans
    cells: _Cells
    bold: frozenset[str]
    mono: str
    frame: int
    cards: dict[tuple[object, ...], str]
    strokes: dict[tuple[object, ...], str]


def _writers(look: Theme) -> _Writers:
    inks = look.inks.items()
    return _Writers(
        _span_writer(look.inks),
        _span_writer({role: replace(ink, color=None) for role, ink in inks}),
        _span_writer({role: replace(ink, bold=ink.bold and role == "warning", italic=False) for role, ink in inks}),
        _Cells(look),
        frozenset(text for role, ink in inks if ink.bold for text in (role, HIDDEN + role)),
        look.mono,
        2 * max(_thicker(badge.width) for badge in look.marks.values()),
        {},
        {},
    )


class _Wrapped(dict[str, str]):
    """Text → HTML in one role's ink, made when first asked for."""

    def __init__(self, ink: Ink) -> None:
        super().__init__({"": ""})
        self.before, self.after = _wrap(ink)

    def __missing__(self, text: str) -> str:
        html = self[text] = self.before + dot_text(text) + self.after
        return html


class _Roles(dict[str, _Wrapped]):
    def __missing__(self, role: str) -> _Wrapped:
        self[role] = self["plain"]
        return self[role]


def _span_writer(inks: Mapping[str, Ink]) -> Spans:
    """Line → HTML. Texts repeat, so what each became is remembered."""
    all_inks = {"plain": Ink(), **inks}
    all_inks |= {HIDDEN + role: replace(ink, color=HIDDEN_INK) for role, ink in all_inks.items()}
    roles = _Roles({role: _Wrapped(ink) for role, ink in all_inks.items()})

    def write(line: Line) -> str:
        return "".join([roles[span.role][span.text] for span in line])

    return write


def _wrap(ink: Ink) -> tuple[str, str]:
    tags = [tag for tag, on in (("B", ink.bold), ("I", ink.italic), ("U", ink.underline)) if on]
    before = (f'<FONT COLOR="{ink.color}">' if ink.color else "") + "".join(f"<{tag}>" for tag in tags)
    return before, "".join(f"</{tag}>" for tag in reversed(tags)) + ("</FONT>" if ink.color else "")


def _title(diagram: Diagram, look: Theme, footer: Iterable[str]) -> str:
    titles = [dot_text(line) for line in title_lines(diagram.title)]
    said = "".join([line + _BREAK for line in titles]) if len(titles) > 1 else "".join(titles)
    lines = [f'<FONT POINT-SIZE="16"><B>{said}</B></FONT>'] if said else []
    if diagram.subtitle:
        lines.append(f'<FONT POINT-SIZE="10" COLOR="{look.quiet}">{dot_text(diagram.subtitle)}</FONT>')
    return _table([*lines, *footer, '<FONT POINT-SIZE="4"> </FONT>'])


def _footer(diagram: Diagram, look: Theme, spans: Spans) -> list[str]:
    lines = [spans(line) for line in look.legend(diagram.legend)] + [dot_text(note) for note in diagram.notes]
    return [f'<FONT POINT-SIZE="9" COLOR="{look.quiet}">{line}</FONT>' for line in lines if line]


def _table(lines: list[str]) -> str:
    cells = "".join(f'<TR><TD ALIGN="LEFT">{line}</TD></TR>' for line in lines) or "<TR><TD></TD></TR>"
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{cells}</TABLE>'


# Cards, circles, arrows and groups


def _box(box: Box, look: Theme, write: _Writers) -> str:
    place = f' pos="{box.position[0]:.2f},{box.position[1]:.2f}!"' if box.position is not None else ""
    if box.form != "card":
        return (_circle if box.form == "circle" else _text)(box, look, write.card, place)
    key = (box.header, box.family, box.role, box.rows, box.marks)  # in a large picture many cards show the same
    card = write.cards.get(key)
    if card is None:
        card = write.cards[key] = _card(box, look, write)
    return f"{box.id} [id={box.id}{card}{place}]"


def _card(box: Box, look: Theme, write: _Writers) -> str:
    band = look.band(box.role, box.family)
    border, width = band.border, 1.0
    header = (write.card if box.role in look.roles else write.band)(box.header)
    for mark in box.marks:
        header += f" &#160;<B>{look.badge(mark.kind).symbol} {dot_text(mark.text)}</B>" if mark.text else ""
    if box.marks:
        badge = look.badge(box.marks[0].kind)
        border, width = badge.border, badge.width
    fill = "" if band.whole or band.rounded else f' BGCOLOR="{band.fill}"'
    rows = _rows(box.rows, band.whole, write)
    wider = _thicker(width)  # a card with a wide frame is as large as one without
    padding = f' CELLPADDING="{PADDING - wider}"' if wider else ""
    return (
        f' label=<<TABLE BORDER="{width:g}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{PADDING}"'
        f' COLOR="{border}" BGCOLOR="{band.fill if band.whole else look.paper}"{_style(band)}>'
        f'<TR><TD ALIGN="LEFT" WIDTH="{ceil(_safe_width(box, write)) - 2 * wider}"{padding}{fill}>'
        f'<FONT COLOR="{band.ink}">{header}</FONT></TD></TR>'
        f"{rows}</TABLE>>"
    )


def _thicker(width: float) -> int:
    """Points by which a frame is wider than the usual one; the engines take whole ones."""
    return int(width) - 1


def _style(band: Band) -> str:
    names = [name for name, on in (("ROUNDED", band.rounded), ("DASHED", band.dashed)) if on]
    return f' STYLE="{",".join(names)}"' if names else ""


class _Cells(dict[str, str]):
    """Row kind → how its table cell opens."""

    def __init__(self, look: Theme) -> None:
        super().__init__({kind: f'{_CELL} BGCOLOR="{fill}">' for kind, fill in look.rows.items()})

    def __missing__(self, kind: str) -> str:
        self[kind] = f"{_CELL}>"
        return self[kind]


def _rows(rows: tuple[Row, ...], whole: bool, write: _Writers) -> str:
    out, plain = [], f"{_CELL}>"
    for row in rows:
        lines = row.lines
        out.append(plain if whole else write.cells[row.kind])
        if row.mono:
            text = _BREAK.join([write.matrix(line) for line in lines])
            out.append(f'<FONT FACE="{write.mono}">{text}</FONT>' if text else "")
        elif len(lines) == 1:
            out.append(write.card(lines[0]))
        else:
            out.append(_BREAK.join([write.card(line) for line in lines]))
        out.append("</TD></TR>")
    return "".join(out)


def _safe_width(box: Box, write: _Writers) -> float:
    """What the card's widest line needs in the widest of the usual fonts, with the cell's padding and a wide frame."""
    head = "".join([span.text for span in box.header] + [f"  {m.text}  " for m in box.marks if m.text])
    width = _needed(head, bold=True)
    for row in box.rows:
        for line in row.lines:
            text = "".join([span.text for span in line])
            if row.mono:
                width = max(width, cells(text) * MONO * SIZE)
            elif text_width(text, SIZE) * WIDEST > width:
                width = max(width, sum([_needed(span.text, bold=span.role in write.bold) for span in line]) + len(line))
    return width + 2 * PADDING + write.frame


@lru_cache(maxsize=65536)
def _needed(text: str, *, bold: bool) -> float:
    """What a text needs, or what an engine that knows only some of its letters takes it for, where that is more."""
    if text.isascii():
        return text_width(text, SIZE, bold=bold)
    blank = text_width(" ", SIZE, bold=bold)
    return sum([max(text_width(char, SIZE, bold=bold), 0 if char <= "~" else blanks(char) * blank) for char in text])


def _circle(box: Box, look: Theme, spans: Spans, place: str) -> str:
    band = look.band(box.role, box.family)
    badge = look.badge(box.marks[0].kind) if box.marks else None
    sized = [f'<FONT POINT-SIZE="{size:g}">{spans(line)}</FONT>' for line, size in circle_lines(box, look)]
    rows = "".join(
        [f'<TR><TD HEIGHT="12" FIXEDSIZE="TRUE" WIDTH="{2 * RADIUS - 4:.0f}">{line}</TD></TR>' for line in sized]
    )
    text = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
    fill = band.fill if box.role in look.roles else look.paper
    border, width = (badge.border, badge.width) if badge else (band.border, 1.6)
    attributes = (
        f'shape=circle fixedsize=true width={2 * RADIUS / 72:.2f} style=filled fillcolor="{fill}" color="{border}"'
    )
    return f"{box.id} [id={box.id} {attributes} penwidth={width:g} label=<{text}>{place}]"


def _text(box: Box, look: Theme, spans: Spans, place: str) -> str:
    """Text without a frame, on a patch of paper."""
    size, ink = f'POINT-SIZE="{LABEL_SIZE}"', look.arrow_ink
    lines = [f'<FONT {size} COLOR="{ink}">{spans(line)}</FONT>' for line in box_lines(box)]
    patch = f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" BGCOLOR="{look.paper}">'
    return f"{box.id} [id={box.id} label=<{patch}<TR><TD>{'<BR/>'.join(lines)}</TD></TR></TABLE>>{place}]"


def twins(arrows: Sequence[Arrow]) -> set[int]:
    """The arrows that join the same two boxes as another, in whichever direction."""
    seen: dict[tuple[str, str], int] = {}
    out: set[int] = set()
    for k, arrow in enumerate(arrows):
        a, b = arrow.tail, arrow.head
        first = seen.setdefault((a, b) if a < b else (b, a), k)
        if first != k:
            out |= {first, k}
    return out


def _label_places(diagram: Diagram, look: Theme) -> list[tuple[str, str]]:
    """What stands around each arrow's label: it is beside or above its line, on a patch of paper.

    On a patch no frame and no other arrow runs through the numbers.
    """
    doubled, upright = twins(diagram.arrows), diagram.direction == "tb"
    around = [_PATCH.format(text.format(look.paper, "\0")).split("\0") for text in (_BESIDE, _ABOVE, _BETWEEN)]
    beside, above, between = ((f" label=<{before}", f"{after}>") for before, after in around)
    return [beside if upright else between if k in doubled else above for k in range(len(diagram.arrows))]


def roomy(diagram: Diagram) -> set[int]:
    """The arrows that carry data from one frame to another, which are drawn longer.

    A frame's parameters then do not stand beside the last boxes of the frame before it, so that frames stack up
    instead of making a staircase.
    """
    boxes = {box.id: box for box in diagram.boxes}
    out = set()
    for k, arrow in enumerate(diagram.arrows):
        tail, head = boxes[arrow.tail], boxes[arrow.head]
        if tail.group != head.group and {tail.role, head.role}.isdisjoint(("param", "constant", "state")):
            out.add(k)
    return out


def turns(diagram: Diagram) -> bool:
    """Whether arrows against the data are written as if they ran with it, since there are others that do."""
    return bool(diagram.boxes) and diagram.boxes[0].position is None and not diagram.against


def ends(arrow: Arrow, turned: bool) -> tuple[str, str]:
    """From where to where an arrow is laid out, and where its head is: two against each other run side by side."""
    if turned and arrow.kind == "backward":
        return f"{arrow.head} -> {arrow.tail}", " dir=back"
    return f"{arrow.tail} -> {arrow.head}", ""


def _arrow(
    arrow: Arrow, ends: tuple[str, str], look: Theme, write: _Writers, spot: Spot | None, place: tuple[str, str],
    roomy: bool,
) -> str:  # fmt: skip
    key = (arrow.kind, arrow.weight, arrow.sign, bool(arrow.marks) and arrow.marks[0].kind)
    stroke = write.strokes.get(key)
    if stroke is None:
        stroke = write.strokes[key] = _stroke(arrow, look)
    lines = [write.card(line) for line in arrow.lines] if arrow.lines else []
    if arrow.marks:
        lines += [
            f'<FONT COLOR="{look.badge(m.kind).ink}"><B>{dot_text(m.text)}</B></FONT>' for m in arrow.marks if m.text
        ]
    out = f"{ends[0]} [id={arrow.id}{stroke}{ends[1]}{' minlen=2' if roomy else ''}"
    if lines and any(lines):
        text = "<BR/>".join(lines)
        out += f' fontcolor="{look.label_ink(arrow.kind)}"'
        if spot is not None:
            return out + _label_on_line(text, look, spot)
        out += place[0] + text + place[1]
    return out + "]"


def _stroke(arrow: Arrow, look: Theme) -> str:
    """An arrow's colour, width and dashes."""
    stroke = look.stroke(arrow.kind, arrow.weight, arrow.sign)
    color = look.badge(arrow.marks[0].kind).border if arrow.marks else stroke.color
    dashed = stroke.dashed and not arrow.marks
    return f' color="{color}" penwidth={stroke.width:g}' + (' style="dashed"' if dashed else "")


def _label_on_line(text: str, look: Theme, spot: Spot) -> str:
    """Between fixed places: on its line, on a patch of paper, so far from the tail that no other label is there."""
    patch = f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" BGCOLOR="{look.paper}"><TR><TD>{text}</TD></TR></TABLE>'
    return f" labelangle=0 labeldistance={spot.distance / 10:.2f} taillabel=<{patch}>]"


def clusters(diagram: Diagram, look: Theme, boxes: dict[str, str], left: str, *, flat: bool) -> list[str]:
    """The boxes inside the scopes they belong to; scopes nest, and one without boxes is left out."""
    if flat or not diagram.groups:
        return list(boxes.values())
    inside: dict[str | None, list[str]] = {}
    for box in diagram.boxes:
        inside.setdefault(box.group, []).append(boxes[box.id])
    children: dict[str | None, list[Group]] = {}
    for group in diagram.groups:
        children.setdefault(group.parent, []).append(group)
    out: list[str] = []
    stack: list[Group | str] = [*inside.get(None, [])[::-1], *children.get(None, [])[::-1]]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        out.append(_open_group(item, look, left))
        stack += ["}", *inside.get(item.id, [])[::-1], *children.get(item.id, [])[::-1]]
    return out


def _open_group(group: Group, look: Theme, left: str) -> str:
    label = f'<FONT COLOR="{look.quiet}" POINT-SIZE="10"><B>{dot_text(group.label)}</B></FONT>' if group.label else " "
    attributes = (
        f'id={group.id} label=<{label}> {left} peripheries=1 margin=10 style=rounded color="{look.group_border}"'
    )
    return f"subgraph {quote('cluster_' + group.id)} {{ graph [{attributes}]"
