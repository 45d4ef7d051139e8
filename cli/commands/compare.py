"""graphlab compare: two models or two runs, node by node."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from ..options import check_writable, run_options
from ..run import read_run
from ..terminal.screen import say, say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.check.compare import Comparison
    from graphlab.trace import Trace

_HELP = tr("""Compare two runs node by node: values, gradients, the largest differences, the first node that differs.

A and B are models or trace files. Nodes are matched by name where half of them have one in common, otherwise by
structure. The picture (-o) is that of A, with what differs marked.

\b
Examples:
  graphlab compare old.yaml new.yaml
  graphlab compare before.npz after.npz --all
  graphlab compare a.yaml b.yaml --by structure -o differences.svg""")


@click.command("compare", help=_HELP, short_help=tr("Compare two models or two runs, node by node."))
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--by", type=click.Choice(["name", "structure"]), help=tr("How nodes are matched (default: by name)."))
@click.option(
    "--tolerance", metavar="REL", type=click.FloatRange(0), default=1e-9,
    help=tr("Relative difference up to which two arrays are the same (default 1e-9)."),
)  # fmt: skip
@click.option("--all", "whole", is_flag=True, help=tr("List the nodes that are the same, too."))
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help=tr("Draw A with the differences marked."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
@run_options()
def command(
    a: str, b: str, by: str | None, tolerance: float, whole: bool, output: str | None, as_json: bool, mode: str,
    seed: int | None, max_memory: int | None,
) -> None:  # fmt: skip
    if output is not None:
        _check_picture(Path(output))
    runs = [read_run([name], None, seed, mode, max_memory) for name in (a, b)]

    from graphlab.check.compare import compare
    from graphlab.lines.compare import comparison_lines

    found = compare(runs[0], runs[1], by, tolerance)
    if output is not None:
        draw_differences(runs[0], found, Path(output))
    if as_json:
        from graphlab.storage.tracefile import float_dtype

        say_json(record_of(found, float_dtype(runs[0])))
    else:
        say_all(comparison_lines(found, whole, width() or 80))
        if output is not None:
            say("", output)


def _check_picture(path: Path) -> None:
    from .render import EXTENSIONS

    check_writable(path)
    if path.suffix.lower() not in EXTENSIONS:
        listed = " ".join(EXTENSIONS)
        message = tr("'{path}' says no format; the formats are: {listed}", path=path, listed=listed)
        raise click.UsageError(message, click.get_current_context())


def record_of(found: Comparison, dtype: str) -> dict[str, Any]:
    """As plain data, for JSON."""
    from graphlab.storage.tracefile import plain

    pairs = [asdict(pair) for pair in found.pairs]
    for pair in pairs:
        for kind in ("value", "grad"):
            pair[kind] = {key: None if x is None else plain(x, dtype) for key, x in pair[kind].items()}
    return {
        "same": found.same, "matched_by": found.matched_by, "tolerance": found.tolerance, "first": found.first,
        "nodes": pairs,
    }  # fmt: skip


def draw_differences(trace: Trace, found: Comparison, path: Path) -> None:
    """The picture of the first run, with the nodes marked that differ."""
    from graphlab.diagram import Mark
    from graphlab.display.drawing import draw
    from graphlab.lines.compare import differs, said_of

    marks = {pair.a: (Mark("differs", said_of(pair)),) for pair in found.pairs if pair.a and differs(pair)}
    title = tr("{title} · differences", title=trace.graph.name or tr("a model"))
    draw(trace, view="both" if trace.has_gradients else "forward", marks=marks, title=title).save(path)
