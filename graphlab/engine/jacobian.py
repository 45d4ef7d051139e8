"""The full local Jacobian of a small node, row by row through its vjp."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphlab.base.notebook import Result
from graphlab.engine import autodiff
from graphlab.errors import ModelError
from graphlab.messages import did_you_mean, tr
from graphlab.trace import Trace, checked_trace

if TYPE_CHECKING:
    from graphlab.lines import Line


MOST = 4096  # entries


@dataclass(frozen=True, slots=True)
class Jacobian(Result):
    """∂y/∂x, a row for each element of y and a column for each of x, both in C order. product: upstream · J."""

    node: str
    slot: str
    input: str
    matrix: np.ndarray
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    upstream: np.ndarray | None
    product: np.ndarray | None

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.jacobian import jacobian_lines

        return jacobian_lines(self)

    def __repr__(self) -> str:
        return f"<Jacobian ∂{self.node}/∂{self.input}: {self.matrix.shape}>"


def jacobian_of(trace: Trace, name: str, slot: str | None = None) -> Jacobian:
    """The local Jacobian of a node by one of its slots (the first that has a gradient, unless named).

    Row m is what the node sends back for an upstream gradient that is 1 at y's m-th element and 0 elsewhere.
    Raises ModelError for a leaf, an unknown slot, one without a derivative, or more than 4,096 entries.

    >>> import graphlab as gl
    >>> graph = gl.loads("graphlab: 1\\ninputs: {x: [1, 2]}\\nnodes: {y: x * x, L: sum(y)}")
    >>> found = jacobian_of(gl.backward(gl.forward(graph)), "y", "a")
    >>> found.matrix.tolist(), found.product.tolist()
    ([[1.0, 0.0], [0.0, 2.0]], [1.0, 2.0])
    """
    i = checked_trace(trace, "jacobian_of").check_whole().graph.position(name)
    node, plan = trace.graph.nodes[i], trace.plan
    sending = [s for k, s in enumerate(node.slots) if not node.is_leaf and plan.sends(i, k)]
    if not sending:
        raise ModelError(tr("'{name}' sends no gradient to any input, so it has no Jacobian here", name=name))
    if slot is not None and slot not in sending:
        names = {str(o): s for s, o in zip(node.slots, node.inputs, strict=True) if s in sending}
        if slot not in names:
            text = "'{name}' sends no gradient to '{slot}'{hint}; it does to: {known}"
            hint, known = did_you_mean(slot, [*sending, *names]), ", ".join(sending)
            raise ModelError(tr(text, name=name, slot=slot, hint=hint, known=known))
        slot = names[slot]
    k = node.slots.index(slot or sending[0])
    j = plan.operands[i][k]
    rows, columns = plan.shapes[i], plan.shapes[j]
    size = math.prod(rows) * math.prod(columns)
    if size > MOST:
        text = "the Jacobian of '{name}' has {rows} rows and {columns} columns; at most {most} entries are shown"
        raise ModelError(tr(text, name=name, rows=math.prod(rows), columns=math.prod(columns), most=MOST))
    matrix = np.zeros((math.prod(rows), math.prod(columns)), plan.dtypes[i])
    for m in range(len(matrix)):
        one = np.zeros(rows, plan.dtypes[i])
        one.reshape(-1)[m] = 1
        matrix[m] = np.ravel(autodiff.sent(trace, i, one[()], k)[k])
    grad = None if trace.cotangents is None else trace.cotangents[i]
    with np.errstate(all="ignore"):
        product = None if grad is None else (np.ravel(grad) @ matrix).reshape(columns)
    return Jacobian(
        name, node.slots[k], str(node.inputs[k]), matrix, rows, columns, None if grad is None else np.asarray(grad),
        product,
    )  # fmt: skip
