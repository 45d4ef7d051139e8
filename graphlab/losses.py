"""Where the chain rule starts: what can be a loss, the sum of several, and an upstream gradient that is given."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphlab.arrays.values import FLOATS
from graphlab.errors import LossError
from graphlab.graph import Node
from graphlab.messages import tr


def sum_of(names: Sequence[str], total: str) -> list[Node]:
    """The nodes of an expression a + b + c called `total`; none for no names.

    >>> [(node.name, node.inputs) for node in sum_of(("a", "b", "c"), "loss")]
    [('loss#1', ('a', 'b')), ('loss', ('loss#1', 'c'))]
    """
    steps: list[Node] = []
    for k, name in enumerate(names[1:], start=1):
        left = steps[-1].name if steps else names[0]
        steps.append(Node(total if k == len(names) - 1 else f"{total}#{k}", "add", (left, name)))
    return steps


def check_scalar(name: str, shape: tuple[int, ...], dtype: str, where: str | None = None) -> None:
    """Raises LossError unless a node can be the loss: one floating-point number."""
    if math.prod(shape) != 1:
        message = tr(
            "the loss '{name}' has shape {shape} but must be a scalar; reduce it (sum, mean, a loss op) or give its "
            "upstream gradient with `backward:`",
            name=name, shape=shape,
        )  # fmt: skip
        raise LossError(message, where=where)
    if dtype not in FLOATS:
        raise LossError(tr("the loss '{name}' is {dtype}, which has no gradient", name=name, dtype=dtype), where=where)


def check_gradient(name: str, got: tuple[int, ...], want: tuple[int, ...], where: str | None = None) -> None:
    """Raises LossError unless the upstream gradient given for a node has the node's shape."""
    if got != want:
        message = tr(
            "the gradient for '{name}' is {got} but the node is {want}; they must have the same shape",
            name=name, got=got, want=want,
        )  # fmt: skip
        raise LossError(message, where=where)
