"""graphlab why: where a gradient comes from, path by path and level by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from ..options import EXPRESSION, run_options
from ..run import read_run
from ..terminal.screen import say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.diagnosis.why import Share, Why
    from graphlab.trace import Trace

_HELP = tr("""Say where a gradient comes from: TARGET is NODE.grad or one element, NODE.grad[0,2].

It is the sum over all paths from the loss, each the product of the local derivatives on its way; then the sum of what
each consumer sends; then, of the largest of these, what each example of the batch and each unit brings. Ask again one
level up, as the last line says.

\b
Examples:
  graphlab why model.yaml 'fc1.W.grad[0,2]'
  graphlab why -e "x*x + x" x=3 x.grad
  graphlab why model.yaml 'x.grad[0,0]' --paths 20 --json""")


@click.command("why", help=_HELP, short_help=tr("Say where a gradient comes from, path by path."))
@click.argument("words", nargs=-1, required=True, metavar="MODEL TARGET")
@click.option("-e", "--expression", metavar="EXPRESSION", help=EXPRESSION)
@click.option(
    "-k", "--paths", "most", metavar="N", type=click.IntRange(1, 10_000), default=5,
    help=tr("How many paths to show, the largest first (default 5)."),
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
@run_options()
def command(
    words: tuple[str, ...], expression: str | None, most: int, as_json: bool, mode: str, seed: int | None,
    max_memory: int | None,
) -> None:  # fmt: skip
    if expression is None and len(words) != 2:
        raise click.UsageError(tr("give a MODEL and a TARGET such as x.grad"), click.get_current_context())
    trace = read_run(words[:-1], expression, seed, mode, max_memory, gradients=True)

    from graphlab.diagnosis.why import why
    from graphlab.lines.why import why_lines

    found = why(trace, words[-1], most)
    if as_json:
        say_json(record_of(found, trace))
    else:
        say_all(why_lines(found, width() or 80))


def record_of(found: Why, trace: Trace) -> dict[str, Any]:
    """As plain data, for JSON."""
    from graphlab.storage import tracefile

    dtype = tracefile.float_dtype(trace)

    def plain(value: float) -> Any:
        return tracefile.plain(value, dtype)

    def shares(parts: Sequence[Share]) -> list[dict[str, Any]]:
        return [{"name": part.name, "value": plain(part.value)} for part in parts]

    return {
        "target": found.target,
        "value": plain(found.value),
        "note": found.note,
        "paths": [
            {"nodes": list(p.nodes), "product": plain(p.product),
             "factors": None if p.factors is None else [plain(f) for f in p.factors]}
            for p in found.paths
        ],
        "rest": plain(found.rest),
        "count": found.count,
        "exact": found.exact,
        "edges": shares(found.edges),
        "through": found.through,
        "examples": shares(found.examples),
        "units": shares(found.units),
    }  # fmt: skip
