"""graphlab check: every gradient against differences of the function itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .failures import FAILED
from .options import memory, model_argument, read_model, run_options
from .screen import Line, Styled, Text, progress, say, say_all, say_json, width
from .table import Column, table

if TYPE_CHECKING:
    from graphlab.comparing import Check
    from graphlab.gradcheck import Report
    from graphlab.precision import Twin

_HELP = tr("""Check every gradient against differences of the function itself.

A line for each node, then for each parameter and input from end to end. A kink is where a function bends, such as ReLU
at 0: there any slope between its two sides is right. A slope is unclear where rounding hides it. Of a float32 model its
own values and gradients are compared with float64 too. The exit status is 1 if a gradient is wrong, or float32 loses
more than rounding allows.

\b
Examples:
  graphlab check model.yaml
  graphlab check -e "relu(w*x)" w=2 x=-1""")


@click.command("check", help=_HELP, short_help=tr("Check every gradient numerically."))
@model_argument
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, as_json: bool, mode: str, seed: int | None, max_memory: int | None
) -> int:
    graph = read_model(model, expression, seed, mode)

    from graphlab.gradcheck import check_gradients

    with progress(tr("checking")):
        report = check_gradients(graph, mode=mode, **memory(max_memory))
    if as_json:
        say_json(_record(graph.name, report))
    else:
        _show(graph.name, report)
    return 0 if report.ok else FAILED


def _show(name: str, report: Report) -> None:
    if name:
        say(Styled(name, "strong"), "")
    say_all(_table(_by_node(report.nodes)))
    if report.ends:
        say("", Styled(tr("end to end: ∂L/∂(leaf)"), "strong"))
        say_all(_table([[check] for check in report.ends]))
    wrong = report.wrong
    if wrong:
        say("", Styled(tr("wrong"), "strong"), *map(_detail, wrong))
    if report.lost:
        say("", Styled(tr("float32 beside float64"), "strong"), *_lost(report))
    say("", *_verdict(report))


def _table(nodes: Sequence[Sequence[Check]]) -> Iterator[Line]:
    columns = [
        Column(tr("node"), fold=True), Column(tr("op"), fold=True), Column(tr("rel. error"), right=True),
        Column(tr("checked"), right=True), Column(tr("kinks"), right=True), Column(tr("verdict"), fold=True),
    ]  # fmt: skip
    rows = [_row(checks) for checks in nodes]
    if not any(check.kinks for checks in nodes for check in checks):
        columns, rows = columns[:4] + columns[5:], [row[:4] + row[5:] for row in rows]
    return table(columns, rows, width())


def _by_node(checks: Sequence[Check]) -> list[list[Check]]:
    nodes: dict[str, list[Check]] = {}
    for check in checks:
        nodes.setdefault(check.node, []).append(check)
    return list(nodes.values())


def _row(checks: Sequence[Check]) -> list[Text]:
    """One node: the worst of its slots."""
    from graphlab.numbers import MISSING, number

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
    from graphlab.numbers import number

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
    from graphlab.numbers import number

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


def _verdict(report: Report) -> list[Line]:
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
    from graphlab.comparing import reason

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


def _record(name: str, report: Report) -> dict[str, Any]:
    from graphlab.tracefile import plain

    def check(one: Check) -> dict[str, Any]:
        worst = one.worst and {
            "index": None if one.worst.index is None else list(one.worst.index),
            "analytic": plain(one.worst.analytic), "numeric": plain(one.worst.numeric),
        }  # fmt: skip
        return {
            "node": one.node, "op": one.op, "slot": one.slot or None, "status": one.status,
            "error": None if one.error is None else plain(one.error), "worst": worst, "checked": one.checked,
            "size": one.size, "directions": one.directions, "kinks": one.kinks, "undefined": one.undefined,
            "unclear": one.unclear, "reason": one.reason,
        }  # fmt: skip

    def twin(one: Twin) -> dict[str, Any]:
        return {
            "node": one.node, "op": one.op, "what": one.what, "status": one.status, "error": plain(one.error),
            "index": list(one.index), "float32": plain(one.narrow), "float64": plain(one.wide),
        }  # fmt: skip

    return {
        "format": "graphlab.check/1", "model": name, "mode": report.mode, "ok": report.ok,
        "nodes": [check(one) for one in report.nodes], "ends": [check(one) for one in report.ends],
        "precision": [twin(one) for one in report.precision] or None,
    }  # fmt: skip
