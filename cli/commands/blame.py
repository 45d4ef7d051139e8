"""graphlab blame: where a gradient vanished, exploded or turned NaN."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from ..options import model_argument, run_options
from ..run import read_run
from ..terminal.screen import say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.diagnosis.blame import Blame
    from graphlab.trace import Trace

_HELP = tr("""Say where a gradient vanished, exploded or turned NaN.

The chain runs from the loss to a parameter over the largest contributions. A gradient has vanished (exploded) if it is
less than 0.001 (more than 1000) times the one next to the loss, as root mean squares. Where terms cancel it says which,
and of a number that is not finite where it was made, not where one was given that went through unchanged.

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

    from graphlab.diagnosis.blame import blame
    from graphlab.lines.blame import blame_lines

    found = blame(trace, node)
    if as_json:
        say_json(record_of(found, trace))
    else:
        say_all(blame_lines(found, width() or 80, whole))


def record_of(found: Blame, trace: Trace) -> Any:
    """As plain data, for JSON."""
    from graphlab.storage.tracefile import float_dtype

    return _plain(asdict(found), float_dtype(trace))


def _plain(value: Any, dtype: str) -> Any:
    from graphlab.storage.tracefile import plain

    if isinstance(value, dict):
        return {key: _plain(item, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, dtype) for item in value]
    return plain(value, dtype) if isinstance(value, float) else value
