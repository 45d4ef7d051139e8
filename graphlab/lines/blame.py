"""A gradient's way from the loss as lines: the verdict, terms that cancel, the first number that is not finite,
dead units, a table with bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.base.numbers import MISSING, number
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.table import Column, table
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.diagnosis.blame import Birth, Blame, Cancelling, DeadUnit, Element, Link

BAR = 16  # columns of the longest bar, each of so many decades that the largest has room
DECADES = (1, 2, 5, 10, 20, 50)
_EIGHTHS = " ▏▎▍▌▋▊▉"


def blame_lines(found: Blame, columns: int, whole: bool = False) -> Iterator[Line]:
    """The verdict, the first number that is not finite, and the chain (or all nodes) as a table with bars."""
    yield [Styled(f"∂L/∂{symbol(found.target)}: ", "strong"), _verdict(found)]
    if found.cancelled is not None:
        yield from _cancelled(found.cancelled)
    if found.birth is not None:
        yield ""
        yield from _birth(found.birth)
    if found.dead:
        yield ""
        yield from (_dead(unit) for unit in found.dead)
    links = found.nodes if whole else found.chain
    low, decades = _scale(links)
    yield ""
    yield from table(
        (Column(tr("node"), fold=True), Column(tr("op"), fold=True), Column(tr("gradient, rms"), right=True),
         Column(tr("× sent on") if whole else tr("× to the next"), right=True), Column(tr("log scale"))),
        _rows(found, links, low, decades), columns,
    )  # fmt: skip
    cell = tr("bars: a cell is a decade (×10)") if decades == 1 else tr("bars: a cell is {n} decades", n=decades)
    yield Styled(cell, "quiet")


def _verdict(found: Blame) -> Styled:
    said = {
        "ok": tr("neither vanished nor exploded"),
        "vanished": tr("vanished; it shrank most at {node}", node=found.culprit),
        "exploded": tr("exploded; it grew most at {node}", node=found.culprit),
        "zero": tr("is zero everywhere; it became so at {node}", node=found.culprit),
        "cancelled": _where(found),
        "not finite": tr("is not finite"),
    }[found.verdict]
    if math.isfinite(found.total) and found.chain[-1].rms > 0:
        said += tr(" (×{total} from next to the loss)", total=number(found.total, 3))
    return Styled(said, "good" if found.verdict == "ok" else "bad")


def _birth(birth: Birth) -> Iterator[Line]:
    from graphlab.diagnosis.births import made_text

    count = tr("{n} of {size} elements not finite", n=birth.count, size=birth.size)
    what = f"{symbol(birth.node)} · {birth.op}"
    if birth.inside is not None:
        where = tr("first made inside {what}: {name}, {count}", what=what, name=symbol(birth.inside), count=count)
    else:
        where = {
            "given": tr("'{node}' was given with {count}", node=birth.node, count=count),
            "forward": tr("first made by {what}, forward: {count}", what=what, count=count),
            "backward": tr("first made by {what}, backward, for {to}: {count}", what=what, to=birth.to, count=count),
            "added": tr("first made where the terms of ∂L/∂{node} add up: {count}",
                        node=symbol(birth.node), count=count),
        }[birth.phase]  # fmt: skip
    yield Styled(where, "bad")
    if birth.rule:
        left = symbol(birth.node) if birth.to is None else f"∂L/∂{symbol(birth.to)}"
        yield f"  {left} = {birth.rule}"
    if birth.entries:
        yield "  " + tr("from {made}", made=made_text(birth.entries))
    for element in birth.elements:
        yield _element(element)
    if birth.count > len(birth.elements):
        yield tr("  … and {n} more", n=birth.count - len(birth.elements))
    if birth.given:
        yield "  " + tr("out of what was given as such in {names}", names=", ".join(map(symbol, birth.given)))


def _cancelled(found: Cancelling) -> Iterator[Line]:
    if found.reason:
        where = symbol(found.node) if found.slot is None else f"{symbol(found.node)}.{found.slot}"
        yield f"  {where}: {found.reason}"


def _where(found: Blame) -> str:
    one = found.cancelled
    if one is None:
        return ""
    zero = found.chain[-1].rms == 0
    if one.slot is not None:
        return tr("is zero everywhere: inside {node} its terms cancel", node=one.node)
    if zero:
        return tr("is zero everywhere: at {node} its terms cancel", node=one.node)
    return tr("vanished: at {node} its terms nearly cancel", node=one.node)


def _dead(unit: DeadUnit) -> Line:
    values = {
        "k": unit.unit,
        "n": unit.units,
        "place": unit.place,
        "node": symbol(unit.node),
        "op": unit.op,
        "examples": unit.examples,
    }
    if unit.rectified:
        said = tr("unit {k} of {n} is dead: {node} ({op}) is 0 at {place} for all {examples} examples", **values)
    else:
        said = tr("unit {k} of {n} gets no gradient: ∂L/∂{node} is 0 at {place} for all {examples} examples", **values)
    if unit.params:
        said += tr("; for it {grads} = 0", grads=", ".join(f"∂L/∂{symbol(name)}" for name in unit.params))
    return Styled(said, "bad")


def _at(place: Sequence[int]) -> str:
    return "[" + ",".join(map(str, place)) + "]" if place else ""


def _element(element: Element) -> str:
    made = ", ".join(
        f"{symbol(name)}{_at(element.places[name])} = {number(value)}" for name, value in element.inputs.items()
    )
    return f"  {_at(element.index) or '·'} {number(element.value)}" + (tr("   from {made}", made=made) if made else "")


def _rows(found: Blame, links: Sequence[Link], low: int, decades: int) -> list[list[Any]]:
    return [
        [
            Styled(symbol(link.node), "bad") if link.node == found.culprit else symbol(link.node),
            link.op,
            number(link.rms, 3),
            MISSING if link.ratio is None else f"×{number(link.ratio, 3)}",
            Styled(_bar(link.rms, low, decades), "grad"),
        ]
        for link in links
    ]


def _scale(links: Sequence[Link]) -> tuple[int, int]:
    """The power of ten at which a bar of one cell begins, and how many decades a cell is: as few as have room."""
    sizes = [link.rms for link in links if math.isfinite(link.rms) and link.rms > 0]
    if not sizes:
        return 0, 1
    low, high = (math.floor(math.log10(size)) for size in (min(sizes), max(sizes)))
    decades = next(n for n in DECADES if low + n * (BAR - 1) > high)
    return low, decades


def _bar(size: float, low: int, decades: int) -> str:
    """A cell, and one more for every so many decades above 10**low; eighths of a cell for parts of that."""
    if not math.isfinite(size):
        return "!"
    if size <= 0:
        return ""
    eighths = round(8 * (1 + (math.log10(size) - low) / decades))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
