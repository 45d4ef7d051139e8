"""A gradient as the sum over its paths, and who carries most of it, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphlab.base.numbers import number, signed
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled
from graphlab.lines.equation import equation
from graphlab.lines.table import words
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.diagnosis.why import Path, Share, Why


SHOWN = 6  # shares of a level


def why_lines(found: Why, columns: int, precision: int = 4) -> Iterator[Line]:
    """The gradient, its paths, and who carries most of it."""
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
        yield Styled(tr("further up: why {target}", target=_further(found)), "quiet")


def _further(found: Why) -> str:
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
    return words(text, max(columns, 20))


def _shares(parts: Sequence[Share], precision: int) -> Iterator[Line]:
    from graphlab.diagnosis.why import total

    some = [part for part in parts if part.value != 0] or list(parts[:1])
    for part in some[:SHOWN]:
        yield [Styled(f"{number(part.value, precision):>12}", "grad"), f"  {symbol(part.name)}"]
    if len(some) > SHOWN:
        rest = total([part.value for part in some[SHOWN:]])
        yield [f"{number(rest, precision):>12}  ", tr("the other {n}", n=len(parts) - SHOWN)]
    elif len(some) < len(parts):
        yield [f"{0:>12}  ", tr("each of the other {n}", n=len(parts) - len(some))]
