"""Blanks on a worksheet, numbered, and the key that fills them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import replace

from graphlab.arrays.state import generator
from graphlab.handout.content import Blank, Block, Equation, Handout, Origin, Sheet, Step, Table, Value, plain
from graphlab.messages import tr


def with_blanks(
    page: Handout, share: float, kinds: Collection[str], seed: int, answers: bool, may: Callable[[Origin], bool]
) -> Handout:  # fmt: skip
    """The page with so large a share of its answers blank, drawn by the seed; answers: with the key at its end.

    kinds: value, gradient (results), rule, shape. may: which results can be asked for.
    """
    places = [
        (b, e, what)
        for b, block in enumerate(page.blocks)
        if isinstance(block, Step)
        for e, equation in enumerate(block.equations)
        for what in _places(equation, kinds, may)
    ]
    drawn = _drawn(page, places, share, seed)
    if not drawn:
        return page
    blocks = list(page.blocks)
    key: list[Blank] = []
    for number, k in enumerate(drawn, 1):
        b, e, what = places[k]
        step = blocks[b]
        assert isinstance(step, Step)
        equation, blank = _blanked(step.equations[e], what, number)
        equations = (*step.equations[:e], equation, *step.equations[e + 1 :])
        blocks[b] = replace(step, equations=equations)
        key.append(blank)
    blocks = [_without_numbers(block) for block in blocks]
    if answers:
        rows = tuple((str(blank.number), plain(blank.answer)) for blank in key)
        blocks += [Sheet(tr("Answers")), Table((tr("blank"), tr("answer")), rows, (True, False))]
    return replace(page, blocks=tuple(blocks), key=tuple(key))


def _places(equation: Equation, kinds: Collection[str], may: Callable[[Origin], bool]) -> list[str]:
    """What can be blank in an equation, in the order in which it stands there."""
    out = ["rule"] if "rule" in kinds and equation.rule else []
    assert isinstance(equation.result, Value)
    if equation.kind in kinds and equation.result.whole and equation.origin is not None and may(equation.origin):
        out.append("result")
    return [*out, "shape"] if "shape" in kinds and equation.result.shape else out


def _drawn(page: Handout, places: list[tuple[int, int, str]], share: float, seed: int) -> list[int]:
    """Which places are blank. Results that are printed alike go together: one would tell the other."""
    groups: dict[str, list[int]] = {}
    for k, (b, e, what) in enumerate(places):
        step = page.blocks[b]
        assert isinstance(step, Step)
        equation = step.equations[e]
        alike = plain(equation.result).replace("-", "") if isinstance(equation.result, Value) else ""
        groups.setdefault(alike if what == "result" else f"{what} {k}", []).append(k)
    wanted = math.ceil(share * len(places) - 1e-9)
    left = [list(groups.values())[n] for n in generator(seed, "blanks").permutation(len(groups)).tolist()]
    out: list[int] = []
    while left and len(out) < wanted:  # the next that goes in, or the one that goes over by least
        room = wanted - len(out)
        out += left.pop(next((n for n, group in enumerate(left) if len(group) <= room), _shortest(left)))
    return sorted(out)


def _shortest(groups: list[list[int]]) -> int:
    return min(range(len(groups)), key=lambda n: len(groups[n]))


def _blanked(equation: Equation, what: str, number: int) -> tuple[Equation, Blank]:
    if what == "rule":
        blank = Blank(number, Value(str(equation.rule)))  # words: not marked by a number, so without an origin
        return replace(equation, rule=blank, numbers=""), blank
    if what == "shape":
        result = equation.result
        blank = Blank(number, Value(result.answer.shape if isinstance(result, Blank) else result.shape))
        bare = result if isinstance(result, Blank) else replace(result, shape="")
        return replace(equation, result=bare, shape=blank), blank
    assert isinstance(equation.result, Value)
    blank = Blank(number, equation.result, equation.origin)
    return replace(equation, result=blank, sign="="), blank


def _without_numbers(block: Block) -> Block:
    """A step without the numbers put in: they are the answers to the blanks before."""
    if not isinstance(block, Step):
        return block
    return replace(block, equations=tuple(replace(equation, numbers="", sign="=") for equation in block.equations))
