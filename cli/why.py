"""graphlab why: where a gradient comes from, path by path and level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .options import EXPRESSION, run_options
from .running import read_run
from .screen import Line, Styled, say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.paths import Path, Share, Why
    from graphlab.trace import Trace

SHOWN = 6  # shares of a level
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

    from graphlab.paths import why

    found = why(trace, words[-1], most)
    if as_json:
        say_json(record_of(found, trace))
    else:
        say_all(why_lines(found, width() or 80))


def record_of(found: Why, trace: Trace) -> dict[str, Any]:
    """As plain data, for JSON."""
    from graphlab import tracefile

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


def why_lines(found: Why, columns: int, precision: int = 4) -> Iterator[Line]:
    """The gradient, its paths, and who carries most of it."""
    from graphlab.formula.show import symbol
    from graphlab.numbers import number

    owner, _, index = found.target.replace("`", "").rpartition(".grad")
    yield [Styled(f"∂L/∂{symbol(owner)}{index} = ", "strong"), Styled(number(found.value, precision), "grad")]
    if found.note:
        yield from (Styled(line, "quiet") for line in _wrapped(found.note, columns))
    yield ""
    yield Styled(_count(found), "strong")
    for path in found.paths:
        yield from _path(path, columns, precision)
    if len(found.paths) < found.count:
        yield [f"{number(found.rest, precision):>12}  ", tr("the rest of them")]
    yield ""
    yield Styled(tr("what each consumer sends"), "strong")
    yield from _shares(found.edges, precision)
    for title, parts in ((tr("by example"), found.examples), (tr("by unit"), found.units)):
        if parts:
            yield ""
            yield Styled(tr("through {node}, {title}", node=symbol(found.through), title=title), "strong")
            yield from _shares(parts, precision)
    if found.edges and found.edges[0].down:
        yield ""
        yield Styled(tr("further up: why {target}", target=further(found)), "quiet")


def further(found: Why) -> str:
    """What to ask next: the gradient that the largest part comes from."""
    down = found.edges[0].down
    if not found.units:
        return down
    unit = found.units[0].name.strip("[]").split(",")
    if not found.examples:
        return f"{down}[{unit[-1]}]"
    example = found.examples[0].name.strip("[]").split(",")
    middle = ["0"] * (len(unit) - 2)
    return f"{down}[{','.join([example[0], *middle, unit[-1]])}]"


def _count(found: Why) -> str:
    many = tr("more than 10¹⁸") if found.count > 10**18 else str(found.count)
    if found.count == 1:
        return tr("the one path from the loss")
    if len(found.paths) == found.count:
        return tr("all {n} paths from the loss", n=many)
    if found.exact:
        return tr("the {k} largest of {n} paths from the loss", k=len(found.paths), n=many)
    return tr("{k} of the largest of {n} paths from the loss", k=len(found.paths), n=many)


def _path(path: Path, columns: int, precision: int) -> Iterator[Line]:
    from graphlab.formula.show import symbol
    from graphlab.numbers import number, signed

    from .steps import equation

    names = [symbol(name) for name in path.nodes]
    if len(names) > 12:
        names = [*names[:6], tr("… {n} more …", n=len(names) - 10), *names[-4:]]
    head = f"{number(path.product, precision):>12}  "
    for k, line in enumerate(_wrapped(" → ".join(names), columns - len(head))):
        yield [Styled(head, "grad") if k == 0 else " " * len(head), line]
    if path.factors is None or len(path.factors) > 12:
        return
    texts = [number(path.factors[0], precision), *(signed(f, precision) for f in path.factors[1:])]
    yield from equation([tr("product"), Styled(" × ".join(texts), "quiet")], columns, len(head))


def _wrapped(text: str, columns: int) -> Iterator[str]:
    from .table import words

    return words(text, max(columns, 20))


def _shares(parts: Sequence[Share], precision: int) -> Iterator[Line]:
    from graphlab.formula.show import symbol
    from graphlab.numbers import number
    from graphlab.paths import total

    some = [part for part in parts if part.value != 0] or list(parts[:1])
    for part in some[:SHOWN]:
        yield [Styled(f"{number(part.value, precision):>12}", "grad"), f"  {symbol(part.name)}"]
    if len(some) > SHOWN:
        rest = total([part.value for part in some[SHOWN:]])
        yield [f"{number(rest, precision):>12}  ", tr("the other {n}", n=len(parts) - SHOWN)]
    elif len(some) < len(parts):
        yield [f"{0:>12}  ", tr("each of the other {n}", n=len(parts) - len(some))]
