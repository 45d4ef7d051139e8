"""The gradients against differences, as lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphlab.base.numbers import MISSING, number
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled, Text
from graphlab.lines.table import Column, table
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.check.gradients import Report
    from graphlab.check.numeric import Check


def report_lines(report: Report, columns: int | None) -> Iterator[Line]:
    """A table node by node, one from end to end, what is wrong, and the verdict."""
    yield from _table(_by_node(report.nodes), columns)
    if report.ends:
        yield from ("", Styled(tr("end to end: ∂L/∂(leaf)"), "strong"))
        yield from _table([[check] for check in report.ends], columns)
    if report.wrong:
        yield from ("", Styled(tr("wrong"), "strong"), *map(_detail, report.wrong))
    if report.lost:
        yield from ("", Styled(tr("float32 beside float64"), "strong"), *_lost(report))
    yield from ("", *verdict(report))


def _table(nodes: Sequence[Sequence[Check]], width: int | None) -> Iterator[Line]:
    columns = [
        Column(tr("node"), fold=True), Column(tr("op"), fold=True), Column(tr("rel. error"), right=True),
        Column(tr("checked"), right=True), Column(tr("kinks"), right=True), Column(tr("verdict"), fold=True),
    ]  # fmt: skip
    rows = [_row(checks) for checks in nodes]
    if not any(check.kinks for checks in nodes for check in checks):
        columns, rows = columns[:4] + columns[5:], [row[:4] + row[5:] for row in rows]
    return table(columns, rows, width)


def _by_node(checks: Sequence[Check]) -> list[list[Check]]:
    nodes: dict[str, list[Check]] = {}
    for check in checks:
        nodes.setdefault(check.node, []).append(check)
    return list(nodes.values())


def _row(checks: Sequence[Check]) -> list[Text]:
    """One node: the worst of its slots."""
    errors = [check.error for check in checks if check.error is not None]
    checked, size = sum(check.checked for check in checks), sum(check.size for check in checks)
    kinks = sum(check.kinks for check in checks)
    count = MISSING if not size else f"{checked:,}" if checked == size else tr("{n:,} of {of:,}", n=checked, of=size)
    return [
        checks[0].node,
        Styled(checks[0].op, "quiet"),
        number(max(errors), 2) if errors else MISSING,
        count,
        str(kinks) if kinks else MISSING,
        _word(checks),
    ]


def _word(checks: Sequence[Check]) -> Text:
    wrong = [check for check in checks if check.status == "wrong"]
    if wrong:
        slots = ", ".join(check.slot for check in wrong if check.slot)
        return Styled(tr("WRONG: {slots}", slots=slots) if slots else tr("WRONG"), "bad")
    compared = [check for check in checks if check.status != "skipped"]
    if not compared:
        reasons = dict.fromkeys(check.reason for check in checks if check.reason)
        return Styled(tr("skipped: {why}", why="; ".join(reasons)), "quiet")
    remarks = "; ".join(dict.fromkeys(check.reason for check in compared if check.reason))
    return f"{tr('ok')}: {remarks}" if remarks else Styled(tr("ok"), "good")


def _detail(check: Check) -> Line:
    place = check.node if not check.slot else tr("{node}, ∂L/∂{slot}", node=check.node, slot=check.slot)
    worst = check.worst
    if worst is None:
        return f"  {place}: {check.reason}"
    where = tr("along a random direction") if worst.index is None else tr("at {index}", index=list(worst.index))
    text = tr(
        "  {place} {where}: the rule gives {analytic}, differences give {numeric}",
        place=place, where=where if worst.index != () else "", analytic=number(worst.analytic, 6),
        numeric=number(worst.numeric, 6),
    )  # fmt: skip
    return text.replace(" :", ":")


def _lost(report: Report) -> Iterator[Line]:
    """Where float32 loses more than rounding allows, and how much is off because of it."""
    for twin in report.lost:
        if twin.status == "wrong":
            name = twin.node if twin.what == "value" else f"∂L/∂{twin.node}"
            text = "  {name}{index} is {narrow} in float32 but {wide} in float64"
            explained = "  {name}{index} is {narrow} in float32 but {wide} in float64: rounding does not explain it"
            values = {"name": name, "index": list(twin.index) or "", "narrow": number(twin.narrow, 6),
                      "wide": number(twin.wide, 6)}  # fmt: skip
            yield tr(explained, **values) if math.isfinite(twin.narrow) else tr(text, **values)
    inherited = sum(twin.status == "inherited" for twin in report.lost)
    if inherited:
        yield Styled(tr("  {n} more values and gradients are off because of it", n=inherited), "quiet")


def verdict(report: Report) -> list[Line]:
    """The last lines: the gradients, and what float32 makes of them."""
    if not report.precision:
        return _gradients(report)
    if report.lost:
        said = Styled(tr("float32 does not give what float64 does"), "bad")
    else:
        said = Styled(tr("float32 gives what float64 does, but for rounding"), "good")
    return [*_gradients(report), said]


def _gradients(report: Report) -> list[Line]:
    compared = [check for check in report.checks if check.status != "skipped"]
    left_out = _left_out(report)
    if report.wrong:
        n = len(report.wrong)
        return [Styled(tr("{n} of {of} gradients are wrong", n=n, of=len(compared)), "bad"), *left_out]
    if not compared:
        return left_out or [tr("nothing to check: no gradient reaches a number")]
    if left_out:
        return [tr("{n} gradients agree with differences", n=len(compared)), *left_out]
    return [Styled(tr("all {n} gradients agree with differences", n=len(compared)), "good")]


def _left_out(report: Report) -> list[Line]:
    """How many gradients could not be compared or were not drawn, and why; empty if there are none."""
    from graphlab.check.numeric import reason

    blind = [check for check in report.checks if check.undefined or check.unclear]
    wholly = [check for check in blind if check.status == "skipped"]
    partly = [check for check in blind if check.status != "skipped"]
    spared = sum(check.spared for check in report.checks)
    lines: list[Line] = []
    if spared:
        lines.append(tr("{n} not drawn", n=spared))
    if partly:
        lines.append(tr("{n} only in part: {why}", n=len(partly), why=reason(partly)))
    if wholly:
        lines.append(tr("{n} not compared: {why}", n=len(wholly), why=reason(wholly)))
    return lines


def check_lines(check: Check, precision: int = 6) -> Iterator[Line]:
    """One comparison in a line: its verdict and the worst element."""
    node = symbol(check.node)
    what = f"∂{node}/∂{check.slot}" if check.slot else f"∂L/∂{node}"
    said = tr(check.status) + (f": {check.reason}" if check.reason else "")
    parts: list[Text] = [f"  {what}: ", Styled(said, "bad" if check.status == "wrong" else "good")]
    if check.worst is not None:
        numeric, analytic = (number(x, precision) for x in (check.worst.numeric, check.worst.analytic))
        parts.append(tr("   numeric {numeric}, analytic {analytic}", numeric=numeric, analytic=analytic))
        if check.worst.index:
            parts.append(tr(" at {index}, the worst element", index=list(check.worst.index)))
    if check.slot:
        parts.append(Styled(tr(" (for a random upstream gradient)"), "quiet"))
    yield parts
