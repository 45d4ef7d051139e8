"""graphlab check: every gradient against differences of the function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphlab.lines import Styled
from graphlab.messages import tr

from ..options import memory, model_argument, read_model, run_options
from ..terminal.failures import FAILED
from ..terminal.screen import progress, say, say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.check.gradients import Report
    from graphlab.check.numeric import Check
    from graphlab.check.precision import Twin

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

    from graphlab.check.gradients import check_gradients

    with progress(tr("checking")):
        report = check_gradients(graph, mode=mode, **memory(max_memory))
    if as_json:
        say_json(_record(graph.name, report))
    else:
        from graphlab.lines.check import report_lines

        if graph.name:
            say(Styled(graph.name, "strong"), "")
        say_all(report_lines(report, width()))
    return 0 if report.ok else FAILED


def _record(name: str, report: Report) -> dict[str, Any]:
    from graphlab.storage.tracefile import plain

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
            "index": list(one.index), "float32": plain(one.narrow, "float32"), "float64": plain(one.wide),
        }  # fmt: skip

    return {
        "format": "graphlab.check/1", "model": name, "mode": report.mode, "ok": report.ok,
        "nodes": [check(one) for one in report.nodes], "ends": [check(one) for one in report.ends],
        "precision": [twin(one) for one in report.precision] or None,
    }  # fmt: skip
