"""Pictures that can be read on paper: as much in them as the page has room for at a legible size."""

from __future__ import annotations

import re
from dataclasses import replace

from graphlab.annotate import Options, annotate
from graphlab.diagram import Diagram
from graphlab.export import to_picture
from graphlab.trace import Trace

WIDE, HIGH = 480.0, 520.0  # points: what an A4 or letter page has beside a heading and a table
TEXT, LEGIBLE = 10.0, 6.0  # points: a card's text as it is drawn, and the smallest that is read with ease
_SIZE = re.compile(rb'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')


def fitted(
    trace: Trace, view: str, precision: int, details: tuple[str, ...], high: float = HIGH
) -> tuple[str, Diagram]:  # fmt: skip
    """The picture of a view with the first of these details whose texts are legible; of both directions the larger.

    high: points that it may take.
    """
    best: tuple[float, str, Diagram] | None = None
    for detail in details:
        for direction in ("lr", "tb"):
            drawn = annotate(trace, Options(view, detail, precision, direction, title=""))
            diagram = replace(drawn, subtitle="", legend=())  # the caption says it
            scale = scale_of(diagram, high)
            if best is None or scale > best[0]:
                best = scale, detail, diagram
        if best is not None and best[0] * TEXT >= LEGIBLE:
            break
    assert best is not None
    return best[1], best[2]


def scale_of(diagram: Diagram, high: float) -> float:
    """How much a picture shrinks to fit a page; 1 where it need not."""
    found = _SIZE.search(to_picture(diagram, "svg")[0])
    width, height = (float(found[1]), float(found[2])) if found else (WIDE, HIGH)
    return min(1.0, WIDE / width, high / height)
