"""What a debugger says: where it stands, a breakpoint, a change, a nudge, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.base.numbers import number, shape_text
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled, Text
from graphlab.lines.equation import equation, pieces_of, small_entries
from graphlab.lines.table import words
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.debug.breakpoints import Breakpoint
    from graphlab.debug.session import Nudge
    from graphlab.debug.stops import Stop

BESIDE = 4  # names on either side of a node


def stop_lines(stop: Stop, columns: int) -> Iterator[Line]:
    """Where it is, what was made, what comes."""
    head: list[Text] = [Styled(f"[{stop.position}/{stop.of}] ", "quiet"), tr(stop.phase)]
    if stop.node is not None:
        head += [" · ", Styled(symbol(stop.node), "strong"), f" · {stop.op}"]
        head += [f" · {shape_text(stop.shape)}"] if stop.shape else []
    if stop.reason:
        head.append(Styled(f"   {stop.reason}", "quiet"))
    yield head
    if stop.node is not None:
        yield _window(stop)
    look = "value" if stop.phase == "forward" else "grad"
    for worked, array in zip(stop.equations, stop.arrays, strict=True):
        yield from equation(pieces_of(worked, look), columns, 4)
        yield from small_entries(array, stop.precision, columns, 6, look)
    for text in stop.notes:
        yield from (f"    {line}" for line in words(text, max(columns - 4, 20)))
    for text in stop.changed:
        yield Styled(f"    ● {text}", "strong")
    if stop.coming:
        yield Styled(tr("    next: {what}", what=stop.coming), "quiet")


def _window(stop: Stop) -> Line:
    """The graph around a node in a line: who feeds it, it, who takes it."""
    sides = [
        ", ".join(map(symbol, names[:BESIDE])) + (" …" if len(names) > BESIDE else "") for names in stop.neighbours
    ]
    parts: list[Text] = [Styled(f"    {sides[0]} → ", "quiet")] if sides[0] else ["    "]
    parts.append(Styled(f"[{symbol(stop.node or '')}]", "strong"))
    return [*parts, Styled(f" → {sides[1]}", "quiet")] if sides[1] else parts


def breakpoint_line(b: Breakpoint) -> str:
    """A breakpoint in a line."""
    n = len(b.places)
    places = tr("1 place") if n == 1 else tr("{n} places", n=n)
    said = f"{b.number}: {tr(b.kind)} {b.text} · {places}"
    return said + (tr(", once") if b.temporary else "") + (tr(", skipped {n} times", n=b.skip) if b.skip else "")


def nudge_lines(n: Nudge, columns: int, precision: int = 4) -> Iterator[Line]:
    """What the gradient says of a nudge, and what the loss does."""
    p = precision
    product = f"{number(n.gradient, p)} × {number(n.by, p)}"
    yield from equation([tr("gradient × nudge"), product, Styled(number(n.predicted, p + 2), "grad")], columns, 2)
    losses = f"{number(n.after, p + 6)} − {number(n.before, p + 6)}"
    yield from equation([tr("the loss moved by"), losses, Styled(number(n.moved, p + 2), "value")], columns, 2)
    yield from equation([tr("the difference"), number(n.difference, p)], columns, 2)
