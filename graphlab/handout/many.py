"""Several variants of a handout: each by itself, or all in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphlab.handout.compose import HandoutOptions, compose
from graphlab.handout.content import Block, Figure, Handout, Sheet
from graphlab.handout.variants import variant
from graphlab.messages import in_language, tr
from graphlab.trace import Trace


def variants_of(trace: Trace, options: HandoutOptions, count: int) -> dict[int, tuple[Handout, Trace]]:
    """Variants 1 to count, each with its run; with a count of 0 the model itself as number 0."""
    out = {}
    for number in range(1, count + 1) if count else (0,):
        run = variant(trace, number, options.seed)
        page = compose(run, replace(options, varied=number > 0))
        with in_language(options.lang):
            title = tr("{title} · variant {n}", title=page.title, n=number) if number else page.title
        out[number] = (replace(page, title=title), run)
    return out


def joined(pages: Mapping[int, Handout]) -> Handout:
    """All of them in one, each from a new page on."""
    first, *rest = pages.items()
    if not rest:
        return first[1]
    blocks: list[Block] = [*_own_figures(*first)]
    for number, page in rest:
        blocks += [Sheet(page.title), *_own_figures(number, page)]
    return replace(first[1], blocks=tuple(blocks))


def _own_figures(number: int, page: Handout) -> list[Block]:
    """A page's blocks, its figures under names of their own."""
    return [replace(b, name=f"{b.name}-{number}") if isinstance(b, Figure) else b for b in page.blocks]
