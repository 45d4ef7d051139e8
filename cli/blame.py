"""graphlab blame: where a gradient vanished, exploded or turned NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .options import model_argument, run_options
from .running import read_run
from .screen import Line, Styled, say_all, say_json, width
from .table import Column, table

if TYPE_CHECKING:
    from graphlab.blaming import Birth, Blame, Element, Link
    from graphlab.trace import Trace

BAR = 16  # columns of the longest bar
_HELP = tr("""Say where a gradient vanished, exploded or turned NaN.

The chain runs from the loss to a parameter over the largest contributions. A gradient has vanished (exploded) if it is
less than 0.001 (more than 1000) times the one next to the loss, as root mean squares.

\b
Examples:
  graphlab blame model.yaml
  graphlab blame model.yaml --node fc1.W
  graphlab blame -e "log(p) * p" p=0""")


@click.command("blame", help=_HELP, short_help=tr("Say where a gradient vanished, exploded or turned NaN."))
@model_argument
@click.option("--node", metavar="NODE", help=tr("Whose gradient (default: the parameter farthest from the loss)."))
@click.option("--all", "whole", is_flag=True, help=tr("The table of all nodes, not of the chain alone."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, node: str | None, whole: bool, as_json: bool, mode: str,
    seed: int | None, max_memory: int | None,
) -> None:  # fmt: skip
    trace = read_run(model, expression, seed, mode, max_memory, gradients=True)

    from graphlab.blaming import blame

    found = blame(trace, node)
    if as_json:
        say_json(record_of(found, trace))
    else:
        say_all(blame_lines(found, width() or 80, whole))


def record_of(found: Blame, trace: Trace) -> Any:
    """As plain data, for JSON."""
    from graphlab.tracefile import float_dtype

    return _plain(asdict(found), float_dtype(trace))


def _plain(value: Any, dtype: str) -> Any:
    from graphlab.tracefile import plain

    if isinstance(value, dict):
        return {key: _plain(item, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, dtype) for item in value]
    return plain(value, dtype) if isinstance(value, float) else value


def blame_lines(found: Blame, columns: int, whole: bool = False) -> Iterator[Line]:
    """The verdict, the first number that is not finite, and the chain (or all nodes) as a table with bars."""
    from graphlab.formula.show import symbol

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
    from graphlab.numbers import number

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
    from graphlab.formula.show import symbol

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
    from graphlab.formula.show import symbol
    from graphlab.numbers import number

    at = "[" + ",".join(map(str, element.index)) + "]" if element.index else ""
    made = ", ".join(f"{symbol(name)}{at} = {number(value)}" for name, value in element.inputs.items())
    return f"  {at or '·'} {number(element.value)}" + (tr("   from {made}", made=made) if made else "")


def _rows(found: Blame, links: Sequence[Link]) -> list[list[Any]]:
    from graphlab.formula.show import symbol
    from graphlab.numbers import MISSING, number

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
