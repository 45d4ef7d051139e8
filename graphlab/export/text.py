"""Diagram → a tree of text for a terminal: scopes indented, each box with its rows and the arrows that leave it."""

from __future__ import annotations

from graphlab.base.escape import isolated, visible
from graphlab.diagram import HIDDEN, Arrow, Box, Diagram, Line, Span
from graphlab.export.metrics import cells, title_lines
from graphlab.messages import tr

_ANSI = {"strong": "1", "quiet": "2", "value": "32", "grad": "31", "formula": "3", "warning": "1;33"}
NARROWEST = 24  # columns left for text, however deep the scopes

Cells = list[tuple[str, str]]  # (character cluster, role)


def to_text(diagram: Diagram, color: bool = False, width: int = 100) -> str:
    """The picture in words, at most `width` columns wide; wide characters count two. color: ANSI colours by role.

    >>> box = Box("n0", "x", (Span("x", "strong"), Span(" input")), "leaf", "input")
    >>> print(to_text(Diagram("Tiny", "forward", "forward", (box,), ())), end="")
    Tiny
    forward
    <BLANKLINE>
    ● x input
    """
    page = _Page(color, width)
    for title in title_lines(diagram.title):
        page.line("", (Span(title, "strong"),), "")
    if diagram.subtitle:
        page.line("", (Span(diagram.subtitle, "quiet"),), "")
    leaving: dict[str, list[Arrow]] = {}
    for arrow in diagram.arrows:
        leaving.setdefault(arrow.tail, []).append(arrow)
    names = {box.id: _short(box) for box in diagram.boxes}
    scopes, against = _Scopes(diagram), diagram.against
    for box in diagram.boxes[::-1] if against else diagram.boxes:  # in the order the arrows run
        page.blank()
        indent = scopes.enter(box.group, page)
        _card(page, box, leaving.get(box.id, []), names, indent, against)
    if diagram.legend or diagram.notes:
        page.blank()
    for line in diagram.legend:
        page.line("", line, "  ")
    for note in diagram.notes:
        page.line("", (Span(note, "quiet"),), "  ")
    return page.text()


class _Scopes:
    """Which groups are open: their names are written when a box enters them."""

    def __init__(self, diagram: Diagram) -> None:
        self.groups = {group.id: group for group in diagram.groups}
        self.open: list[str] = []

    def enter(self, group: str | None, page: _Page) -> str:
        trail: list[str] = []
        while group is not None and group in self.groups and group not in trail:
            trail.append(group)
            group = self.groups[group].parent
        trail.reverse()
        shared = 0
        while shared < min(len(trail), len(self.open)) and trail[shared] == self.open[shared]:
            shared += 1
        for depth in range(shared, len(trail)):
            page.line("  " * depth, (Span("▸ ", "quiet"), Span(self.groups[trail[depth]].label, "strong")), "  ")
        self.open = trail
        return "  " * len(trail)


def _short(box: Box) -> str:
    """A box's name as its header has it."""
    return next((span.text for span in box.header if span.role == "strong"), box.name)


def _card(page: _Page, box: Box, arrows: list[Arrow], names: dict[str, str], indent: str, against: bool) -> None:
    marks = tuple(Span(tr("  ◀ {mark}", mark=mark.text), "warning") for mark in box.marks)
    page.line(indent + _bullet(box), box.header + marks, "    ")
    bar = "│   " if arrows else "    "
    for row in box.rows:
        for line in row.lines:
            page.line(indent + bar, line, "" if row.mono else "  ", cut=row.mono)
    for k, arrow in enumerate(arrows):
        corner, below = ("└", "    ") if k == len(arrows) - 1 else ("├", "│   ")
        branch = corner + ("◀─ " if arrow.kind == "backward" and not against else "─▶ ")
        said = arrow.lines + tuple((Span(mark.text, "warning"),) for mark in arrow.marks)
        first = (Span(names.get(arrow.head, arrow.head), "strong"), *((Span("   "), *said[0]) if said else ()))
        page.line(indent + branch, first, "  ", indent + below)
        for line in said[1:]:
            page.line(indent + below + "  ", line, "  ")


def _bullet(box: Box) -> str:
    return {"param": "○ ", "input": "● ", "constant": "· ", "state": "◌ ", "fold": "⊞ "}.get(box.role, "■ ")


class _Page:
    """Lines that fit a width, wrapped between words."""

    def __init__(self, color: bool, width: int) -> None:
        self.color, self.width = color, width
        self.lines: list[str] = []

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def line(self, lead: str, line: Line, hang: str, below: str | None = None, *, cut: bool = False) -> None:
        """A line after `lead`; what does not fit goes on below it, indented by `hang`. cut: it ends in … instead."""
        there = [span for span in line if not span.role.startswith(HIDDEN)]
        content: Cells = [(char, span.role) for span in there for char in isolated(visible(span.text))]
        follow = (lead.replace("■", " ").replace("○", " ").replace("●", " ") if below is None else below) + hang
        while True:
            room = max(self.width - cells(lead), NARROWEST)
            if sum(cells(char) for char, _ in content) <= room:
                break
            if cut:
                content = [*content[: _fitting(content, room - 1)], ("…", "quiet")]
                break
            at = _break(content, room)
            self.lines.append((lead + self._paint(content[:at])).rstrip())
            content = content[at:]
            while content and content[0][0] == " ":
                content = content[1:]
            lead = follow
        self.lines.append((lead + self._paint(content)).rstrip())

    def _paint(self, content: Cells) -> str:
        while content and content[-1][0] == " ":
            content = content[:-1]
        if not self.color:
            return "".join(char for char, _ in content)
        out, now = "", ""
        for char, role in content:
            code = _ANSI.get(role, "")
            if code != now:
                out += ("\x1b[0m" if now else "") + (f"\x1b[{code}m" if code else "")
                now = code
            out += char
        return out + ("\x1b[0m" if now else "")


def _fitting(content: Cells, room: int) -> int:
    used = 0
    for k, (char, _) in enumerate(content):
        used += cells(char)
        if used > room:
            return max(k, 1)
    return len(content)


def _break(content: Cells, room: int) -> int:
    """Where a line ends: after the last blank that fits, or where it must."""
    end = _fitting(content, room)
    for k in range(end, end // 2, -1):
        if k < len(content) and content[k][0] == " ":
            return k
    return end
