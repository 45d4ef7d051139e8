"""What is drawn, by role: no colours, no DOT, no numbers. An exporter sees nothing else.

A Diagram is boxes, arrows and groups; every text in it is a Line of Spans, and a span's role says what it is.
Of these a large picture has thousands: named tuples, which are made in a third of the time of a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Span(NamedTuple):
    """A piece of text. role: plain, strong, quiet, value (green), grad (red), formula (italic) or warning.

    Two more. hue: words about colour, which a theme without colours leaves out. "hidden " and a role: it keeps the room
    that it takes in that role, and is not there.
    """

    text: str
    role: str = "plain"


Line = tuple[Span, ...]
HIDDEN = "hidden "


class Row(NamedTuple):
    """One band of a card. kind: formula, shape, value, grad, local, sum, scale, note or warning.

    mono: its lines are a matrix, aligned by spaces.
    """

    kind: str
    lines: tuple[Line, ...]
    mono: bool = False


class Mark(NamedTuple):
    """Something said about a box. kind: now, later, changed, differs, finding or warning."""

    kind: str
    text: str


class Box(NamedTuple):
    """A node's card, or a unit's circle.

    id: opaque and stable: n0, n1 … name: the full name, for searching. header: what stands in the band. family: the
    op's. role: input, param, constant, state, node or fold. form: card, circle or text (no frame). position: its
    centre in points, y upwards, where the picture fixes it (all boxes or none).
    """

    id: str
    name: str
    header: Line
    family: str
    role: str
    rows: tuple[Row, ...] = ()
    group: str | None = None
    marks: tuple[Mark, ...] = ()
    form: str = "card"
    position: tuple[float, float] | None = None


class Arrow(NamedTuple):
    """From box `tail` to box `head`, the way the data or the gradient runs.

    kind: forward or backward; data: forward in a picture that has backward ones too. weight: the size of what it
    carries, 0 to 1 on the legend's log scale; None: nothing to measure. sign: -1, 0 or 1 where the sign is drawn.
    edges: those of the graph that it stands for, as (consumer, which of its inputs).
    """

    id: str
    tail: str
    head: str
    kind: str
    lines: tuple[Line, ...] = ()
    weight: float | None = None
    sign: int = 0
    marks: tuple[Mark, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A scope: a quiet rounded frame with its name at the top left. name: the full one, for searching."""

    id: str
    label: str
    parent: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole picture. direction: lr or tb (forward; backward arrows run against it). legend, notes: lines below it.

    warnings: what it cannot show, for whoever saves it.
    """

    title: str
    subtitle: str
    view: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    groups: tuple[Group, ...] = ()
    direction: str = "lr"
    legend: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def against(self) -> bool:
        """Whether all its arrows run against the data: then it is laid out the other way round."""
        return bool(self.arrows) and all(arrow.kind == "backward" for arrow in self.arrows)

    def __repr__(self) -> str:
        return f"<Diagram {self.title!r}: {self.view}, {len(self.boxes)} boxes, {len(self.arrows)} arrows>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from graphlab.display.drawing import (
            mimebundle,  # a notebook asks the object itself; drawing stays in its own room
        )

        return mimebundle(self)


def plain(lines: tuple[Line, ...]) -> str:
    """The text of some lines, without roles.

    >>> plain(((Span("∂L/∂x "), Span("0.5", "grad")), (Span("and more"),)))
    '∂L/∂x 0.5\\nand more'
    """
    return "\n".join("".join(span.text for span in line) for line in lines)
