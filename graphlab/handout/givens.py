"""What is given: every leaf, what the run drew or keeps, and on a worksheet what its steps need but do not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphlab.base.numbers import number, shape_text
from graphlab.formula.show import symbol
from graphlab.handout.askable import GIVEN, Need
from graphlab.handout.content import Cell, plain
from graphlab.handout.equations import WHOLE, value_of
from graphlab.messages import tr
from graphlab.trace import Trace

DIGITS = 7  # of a given number, at most; one with more is rounded as all others
MANY = 16  # numbers that are said at once where they are all the same


def rows_given(trace: Trace, wanted: Sequence[Need], precision: int, most: int) -> tuple[tuple[Cell, ...], ...]:
    """Name, role, shape and numbers; the masks of dropouts that drop, the running statistics that are used.

    most: the numbers of an array up to which it is printed whole.
    """
    nodes = trace.graph.nodes
    rows = [
        (symbol(node.name), tr(node.op), trace.values[i])
        for i, node in enumerate(nodes) if node.is_leaf and not trace.graph.is_idle(i, trace.mode)
    ]  # fmt: skip
    dropped = [i for i, node in enumerate(nodes) if node.op == "dropout" and trace.mode_of(i) == "train"]
    rows += [
        (tr("mask of {node}", node=symbol(nodes[i].name)), tr("drawn"), mask)
        for i in dropped for mask in trace.residuals_of(i)
    ]  # fmt: skip
    for what, i in wanted:
        name, value = symbol(nodes[i].name), what == "value"
        array = trace.values[i] if value else trace[nodes[i].name].grad
        rows.append((name if value else f"∂L/∂{name}", tr("computed"), array))
    return tuple(
        (name, role, shape_text(np.shape(array)), _shown(array, precision, most)) for name, role, array in rows
    )


def has_large(trace: Trace) -> bool:
    """Whether an array of the run is too large to be printed whole."""
    return any(np.size(r.value) > (GIVEN if r.node.is_leaf and r.grad is None else WHOLE) for r in trace)


def _shown(array: Any, precision: int, most: int) -> Cell:
    """The numbers: few in a line, many as a matrix; of many that are all the same, one."""
    flat, digits = np.ravel(array), _digits(array, precision)
    if len(flat) > MANY and len(np.unique(flat)) == 1:
        return tr("{value} everywhere", value=number(flat[0], digits))
    value = value_of(array, digits, most)
    return replace(value, shape="") if len(flat) > MANY and value.tables else plain(value)


def _digits(array: Any, precision: int) -> int:
    """Digits that print an array as it is, where few will do: what is given is not rounded."""
    numbers = np.ravel(array)[:GIVEN]
    if numbers.dtype.kind != "f":
        return precision
    for digits in range(precision, DIGITS + 1):
        if all(numbers.dtype.type(f"{x:.{digits}g}") == x for x in numbers):
            return digits
    return precision
