"""graphlab trace: every step of a run, formula → numbers → result."""

from __future__ import annotations

from pathlib import Path

import click

from graphlab.messages import tr

from ..options import check_writable, memory, model_argument, precision_option, read_model, run_options
from ..run import backward_if_possible
from ..terminal.screen import say, say_all, say_json, width

_HELP = tr("""Show every step of a run, node by node: formula, numbers, result; forward and then backward.

\b
Examples:
  graphlab trace model.yaml
  graphlab trace model.yaml --full --precision 8
  graphlab trace model.yaml --json | jq .loss
  graphlab trace model.yaml -o trace.npz
  graphlab trace -e "x*x + x" x=3""")


@click.command("trace", help=_HELP, short_help=tr("Show every step of a run: formula, numbers, result."))
@model_argument
@click.option("--json", "as_json", is_flag=True, help=tr("Print the trace as one JSON object."))
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help=tr("Write the trace as .json or .npz."))
@click.option(
    "--max-elements", metavar="N", type=click.IntRange(0), default=10_000,
    help=tr("JSON holds larger arrays as summaries (default 10,000)."),
)  # fmt: skip
@click.option("--full", is_flag=True, help=tr("Every number of every array, not a summary of the larger ones."))
@precision_option
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, as_json: bool, output: str | None, max_elements: int,
    full: bool, precision: int, mode: str, seed: int | None, max_memory: int | None,
) -> None:  # fmt: skip
    if output is not None:
        if as_json:
            raise click.UsageError(tr("give --json or -o, not both"), click.get_current_context())
        if Path(output).suffix.lower() not in (".json", ".npz"):
            message = tr("'{path}' must end in .json or .npz", path=output)
            raise click.UsageError(message, click.get_current_context())
        check_writable(Path(output))
    graph = read_model(model, expression, seed, mode)

    from graphlab.engine import autodiff

    trace = backward_if_possible(autodiff.forward(graph, mode=mode, **memory(max_memory)))
    if output is not None:
        trace.save(output, max_elements=max_elements)
        say(output)
    elif as_json:
        from graphlab.storage.tracefile import to_json

        say_json(to_json(trace, max_elements))
    else:
        from graphlab.lines.trace import trace_lines

        say_all(trace_lines(trace, precision, width() or 80, full))
