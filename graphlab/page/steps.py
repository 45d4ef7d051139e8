"""The moments of a run as plain records: rule, numbers put in, result, arrays, and what each entry was made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlab.base.numbers import number
from graphlab.explain.rules import Formula, formula_of, rule_of
from graphlab.explain.timeline import Moment, Timeline
from graphlab.explain.typeset import Typeset, backward_typeset, forward_typeset
from graphlab.explain.worked import (
    backward_worked,
    environment,
    forward_worked,
    inline,
    own_name,
    short_name,
    symbols_of,
)
from graphlab.formula import Element, Expr, show
from graphlab.formula.show import LETTERS, symbol
from graphlab.formula.tree import Call, Name
from graphlab.page.arrays import Arrays
from graphlab.storyboard import Math, Step

ENTRIES = 64  # of one result, up to where each says what it was made of
ALL_ENTRIES = 4000  # of a page
WHOLE_SUM = 40  # terms, up to where an entry lights up all that went into it
# how many arguments of these are read; of the others only the shape
READS = {"batch": 0, "count": 0, "one_hot": 1, "place": 1, "reshape": 1, "scatter_add": 2, "spread": 1, "sum_to": 1}
TYPESET = 2500  # steps of a page, up to where formulas are typeset


class Steps:
    """Writes the steps of one run. places: where each of its nodes stands on the page."""

    def __init__(self, arrays: Arrays, precision: int, rules: bool = True, numbers: bool = True) -> None:
        self.arrays = arrays
        self.precision = precision
        self.rules, self.numbers = rules, numbers
        self.left = ALL_ENTRIES
        self.all: list[Step] = []

    def block(self, timeline: Timeline, i: int, places: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Node i's moments, forward and backward, as places of steps."""
        made, sent = timeline.made_at[i], timeline.sent_from[i]
        forward = [made - 1] if made else []
        backward = range(sent, timeline.stop_after(sent)) if sent >= 0 else ()
        return (
            tuple([self._add(timeline, timeline[at], at, places) for at in forward]),
            tuple([self._add(timeline, timeline[at], at, places) for at in backward]),
        )

    def seed(self, timeline: Timeline, places: list[int]) -> int | None:
        """The seed's step."""
        at = timeline.seed_at - 1
        return self._add(timeline, timeline[at], at, places) if at >= 0 else None

    def _add(self, timeline: Timeline, moment: Moment, at: int, places: list[int]) -> int:
        self.all.append(self._step(timeline, moment, at, places))
        return len(self.all) - 1

    def _step(self, timeline: Timeline, moment: Moment, at: int, places: list[int]) -> Step:
        trace, i, k = timeline.trace, moment.node, moment.slot
        node = places[i]
        if moment.kind == "seed":
            left, grad = f"∂L/∂{own_name(trace, i)}", timeline.grad(i, at + 1)
            return Step("seed", node, left=left, result=inline(grad, None, self.precision),
                        array=self.arrays.place(timeline.term(i, -1)))  # fmt: skip
        if moment.kind == "add":
            j = trace.plan.operands[i][k]
            return Step("add", node, places[j], k, left=f"∂L/∂{short_name(trace, i, trace.graph.nodes[j].name)}")
        typeset = len(self.all) < TYPESET
        if moment.kind == "forward":
            worked = forward_worked(trace, i, self.precision)
            math = forward_typeset(trace, i, self.precision) if typeset else None
            value, formula, slot, to = trace.values[i], formula_of(trace, i), None, None
        else:
            worked = backward_worked(trace, i, k, self.precision)
            math = backward_typeset(trace, i, k, self.precision) if typeset else None
            value, formula = timeline.term(i, k), rule_of(trace, i, k)
            slot, to = trace.graph.nodes[i].slots[k], places[trace.plan.operands[i][k]]
        there = all(trace.values[j] is not None for j in trace.plan.operands[i])  # a trace file may leave some out
        operands = self._operands(timeline, i, formula, slot) if self.numbers and there else []
        entries = (
            self._entries(timeline, i, formula, slot, value, operands)
            if self.rules and self.numbers and there
            else None
        )
        went_in = tuple([(shown, place) for _, shown, place in operands])
        return Step(
            moment.kind, node, to, k if to is not None else None, worked.left,
            worked.symbolic if self.rules else None, worked.substituted if self.rules and self.numbers else None,
            worked.result, self._math(math), self.arrays.place(value), went_in, entries,
        )  # fmt: skip

    def _math(self, math: Typeset | None) -> tuple[Math | None, Math | None, Math | None]:
        if math is None:
            return None, None, None
        symbolic = math.symbolic if self.rules else None
        return math.left, symbolic, math.substituted if symbolic and self.numbers else None

    def _operands(
        self, timeline: Timeline, i: int, formula: Formula | None, slot: str | None
    ) -> list[tuple[str, str, int]]:
        """(name in the formula, how it is called, place) of every array that goes in; not of those whose shape alone
        does."""
        if formula is None:
            return []
        shown, used = symbols_of(timeline.trace, i, formula), _read(formula.numbered)
        out = []
        for name, value in environment(timeline.trace, i, slot).items():
            if name in used and value is not None and np.ndim(value) and not isinstance(value, str | tuple):
                place = self.arrays.place(value)
                if place is not None:
                    out.append((name, shown.get(name) or LETTERS.get(name) or symbol(name), place))
        return out

    def _entries(
        self, timeline: Timeline, i: int, formula: Formula | None, slot: str | None, value: Any,
        operands: list[tuple[str, str, int]],
    ) -> tuple[tuple[str, str], ...] | None:  # fmt: skip
        """Per entry of the result its arithmetic, and which entries of the operands it was made of."""
        size = np.size(value)
        if formula is None or not 1 < size <= min(ENTRIES, self.left):
            return None
        self.left -= size
        values = environment(timeline.trace, i, slot)
        position = {name: n for n, (name, _, _) in enumerate(operands)}
        known: dict[Expr, Any] = {}
        keys = np.ndindex(np.shape(value))
        return tuple([self._entry(Element(formula.numbered, values, key, WHOLE_SUM, known), position) for key in keys])

    def _entry(self, one: Element, position: dict[str, int]) -> tuple[str, str]:
        used = [
            f"{position[name]}:{int(np.ravel_multi_index(at, np.shape(one.values[name])))}"
            for name, at, _ in one.entries.values()
            if name in position
        ]
        return show(one.tree, one.numbers(lambda n: number(n, self.precision))), " ".join(used)


def _read(tree: Expr) -> set[str]:
    """The names whose numbers a formula reads; not those that only say of which shape something is."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Name):
            found.add(part.id)
        todo.extend(part.parts()[: READS.get(part.function) if isinstance(part, Call) else None])
    return found


def unfolded_nodes(timeline: Timeline, known: dict[str, int], owner: str) -> Iterator[tuple[int, str]]:
    """(index, name) of the nodes that stand for an unfolded node: its steps, and the last one under its own name."""
    for i, node in enumerate(timeline.trace.graph.nodes):
        if node.name == owner or node.name not in known:
            yield i, node.name
