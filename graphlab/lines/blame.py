"""A gradient's way from the loss as lines: the verdict, the first number that is not finite, a table with bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.table import Column, table
from graphlab.messages import tr
from graphlab.numbers import MISSING, number

if TYPE_CHECKING:
    from graphlab.blaming import Birth, Blame, Element, Link


BAR = 16  # columns of the longest bar


def blame_lines(found: Blame, columns: int, whole: bool = False) -> Iterator[Line]:
    """The verdict, the first number that is not finite, and the chain (or all nodes) as a table with bars."""
    yield [Styled(f"∂L/∂{symbol(found.target)}: ", "strong"), _verdict(found)]
    if found.birth is not None:
        yield ""
        yield from _birth(found.birth)
    yield ""
    yield from table(
        (Column(tr("node"), fold=True), Column(tr("op"), fold=True), Column(tr("gradient, rms"), right=True),
         Column(tr("× sent on") if whole else tr("× to the next"), right=True), Column(tr("log scale"))),
        _rows(found, found.nodes if whole else found.chain), columns,
    )  # fmt: skip


def _verdict(found: Blame) -> Styled:
    said = {
        "ok": tr("neither vanished nor exploded"),
        "vanished": tr("vanished; it shrank most at {node}", node=found.culprit),
        "exploded": tr("exploded; it grew most at {node}", node=found.culprit),
        "zero": tr("is zero everywhere; it became so at {node}", node=found.culprit),
        "not finite": tr("is not finite"),
    }[found.verdict]
    if math.isfinite(found.total) and found.verdict != "zero":
        said += tr(" (×{total} from next to the loss)", total=number(found.total, 3))
    return Styled(said, "good" if found.verdict == "ok" else "bad")


def _birth(birth: Birth) -> Iterator[Line]:
    count = tr("{n} of {size} elements not finite", n=birth.count, size=birth.size)
    what = f"{symbol(birth.node)} · {birth.op}"
    where = {
        "given": tr("'{node}' was given with {count}", node=birth.node, count=count),
        "forward": tr("first made by {what}, forward: {count}", what=what, count=count),
        "backward": tr("first made by {what}, backward, for {to}: {count}", what=what, to=birth.to, count=count),
    }[birth.phase]  # fmt: skip
    yield Styled(where, "bad")
    if birth.rule:
        left = symbol(birth.node) if birth.to is None else f"∂L/∂{symbol(birth.to)}"
        yield f"  {left} = {birth.rule}"
    for element in birth.elements:
        yield _element(element)
    if birth.count > len(birth.elements):
        yield tr("  … and {n} more", n=birth.count - len(birth.elements))


def _element(element: Element) -> str:
    at = "[" + ",".join(map(str, element.index)) + "]" if element.index else ""
    made = ", ".join(f"{symbol(name)}{at} = {number(value)}" for name, value in element.inputs.items())
    return f"  {at or '·'} {number(element.value)}" + (tr("   from {made}", made=made) if made else "")


def _rows(found: Blame, links: Sequence[Link]) -> list[list[Any]]:
    sizes = [link.rms for link in links if math.isfinite(link.rms) and link.rms > 0]
    low, high = (min(sizes), max(sizes)) if sizes else (1.0, 1.0)
    return [
        [
            Styled(symbol(link.node), "bad") if link.node == found.culprit else symbol(link.node),
            link.op,
            number(link.rms, 3),
            MISSING if link.ratio is None else f"×{number(link.ratio, 3)}",
            Styled(_bar(link.rms, low, high), "grad"),
        ]
        for link in links
    ]


def _bar(size: float, low: float, high: float) -> str:
    """On a log scale from the smallest (one block) to the largest."""
    if not math.isfinite(size):
        return "!"
    if size <= 0:
        return ""
    share = (math.log(size) - math.log(low)) / (math.log(high) - math.log(low)) if high > low else 1.0
    return "█" * (1 + round(share * (BAR - 1)))
