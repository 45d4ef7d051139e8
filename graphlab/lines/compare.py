"""Two runs compared, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphlab.base.numbers import MISSING, number
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.table import Column, table
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.check.compare import Comparison, Gap, Pair


def differs(pair: Pair) -> bool:
    return pair.status in ("differs", "shape", "only")


def said_of(pair: Pair) -> str:
    if pair.status != "differs":
        return tr("another shape") if pair.status == "shape" else tr("only here")
    parts = [(kind, gap.absolute) for kind, gap in (("value", pair.value), ("∂L", pair.grad)) if gap.absolute]
    return ", ".join(f"{kind} ±{number(gap, 3)}" for kind, gap in parts) or tr("gradient")


def comparison_lines(found: Comparison, whole: bool, columns: int) -> Iterator[Line]:
    """What differs as a table, the first node that does, and how many are the same."""
    rows = [pair for pair in found.pairs if whole or differs(pair)]
    if rows:
        yield from table(
            (Column(tr("node"), fold=True), Column(tr("op"), fold=True), Column(tr("value, abs."), right=True),
             Column(tr("rel."), right=True), Column(tr("gradient, abs."), right=True), Column(tr("rel."), right=True),
             Column("")), [_row(pair) for pair in rows], columns,
        )  # fmt: skip
        yield ""
    count = sum(pair.status == "same" for pair in found.pairs)
    said = tr(
        "{same} of {all} nodes are the same, matched by {way}", same=count, all=len(found.pairs),
        way=tr(found.matched_by),
    )  # fmt: skip
    if found.first is not None:
        yield Styled(tr("the first that differs: {node}", node=symbol(found.first)), "bad")
    yield Styled(said, "good") if found.same else said


def _row(pair: Pair) -> list[Any]:
    name = symbol(pair.a or pair.b or "")
    if pair.a and pair.b and pair.a != pair.b:
        name += f" / {symbol(pair.b)}"
    said = {
        "only": tr("only in A") if pair.a else tr("only in B"),
        "shape": tr("another shape"),
        "unknown": tr("not in the file"),
        "differs": tr("differs"),
        "same": tr("same"),
    }[pair.status]
    look = "bad" if differs(pair) else "quiet"
    return [name, pair.op, *_gap(pair.value), *_gap(pair.grad), Styled(said, look)]


def _gap(gap: Gap) -> list[str]:
    return [MISSING if x is None else number(x, 3) for x in (gap.absolute, gap.relative)]
