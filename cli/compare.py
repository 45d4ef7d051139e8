"""graphlab compare: two models or two runs, node by node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .options import check_writable, run_options
from .running import read_run
from .screen import Line, Styled, say, say_all, say_json, width
from .table import Column, table

if TYPE_CHECKING:
    from graphlab.matching import Comparison, Gap, Pair
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

    from graphlab.matching import compare

    found = compare(runs[0], runs[1], by, tolerance)
    if output is not None:
        draw_differences(runs[0], found, Path(output))
    if as_json:
        from graphlab.tracefile import float_dtype

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
    from graphlab.tracefile import plain

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
    from graphlab.drawing import draw

    marks = {pair.a: (Mark("differs", _said(pair)),) for pair in found.pairs if pair.a and _differs(pair)}
    title = tr("{title} · differences", title=trace.graph.name or tr("a model"))
    draw(trace, view="both" if trace.has_gradients else "forward", marks=marks, title=title).save(path)


def _differs(pair: Pair) -> bool:
    return pair.status in ("differs", "shape", "only")


def _said(pair: Pair) -> str:
    from graphlab.numbers import number

    if pair.status != "differs":
        return tr("another shape") if pair.status == "shape" else tr("only here")
    parts = [(kind, gap.absolute) for kind, gap in (("value", pair.value), ("∂L", pair.grad)) if gap.absolute]
    return ", ".join(f"{kind} ±{number(gap, 3)}" for kind, gap in parts) or tr("gradient")


def comparison_lines(found: Comparison, whole: bool, columns: int) -> Iterator[Line]:
    """What differs as a table, the first node that does, and how many are the same."""
    from graphlab.formula.show import symbol

    rows = [pair for pair in found.pairs if whole or _differs(pair)]
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
    from graphlab.formula.show import symbol

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
    look = "bad" if _differs(pair) else "quiet"
    return [name, pair.op, *_gap(pair.value), *_gap(pair.grad), Styled(said, look)]


def _gap(gap: Gap) -> list[str]:
    from graphlab.numbers import MISSING, number

    return [MISSING if x is None else number(x, 3) for x in (gap.absolute, gap.relative)]
