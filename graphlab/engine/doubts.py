"""What is legal in a run but hardly meant: a Python warning each, which the command line prints."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

from graphlab import ops
from graphlab.errors import DataError, GraphlabError
from graphlab.graph import Graph
from graphlab.messages import tr
from graphlab.planning import Plan, located


class DoubtWarning(UserWarning):
    """A loss or a layer is given what it is hardly meant for."""


def warn_of(graph: Graph, made: Plan, values: list[Any], among: Collection[int] | None = None) -> None:
    """Warn of each node (among these) that is given what it is hardly meant for.

    Raises DataError where it cannot be meant at all.
    """
    for i in made.doubtful if among is None else sorted(set(made.doubtful).intersection(among)):
        for text in (_applied_twice(graph, i), _given(graph, made, values, i)):
            if text:
                warnings.warn(str(located(DataError(text), graph, i)), DoubtWarning, stacklevel=3)


def _given(graph: Graph, made: Plan, values: list[Any], i: int) -> str:
    node = graph.nodes[i]
    doubt = ops.get(node.op).doubt
    if doubt is None:
        return ""
    try:
        said: str = doubt([values[j] for j in made.operands[i]], node.attrs)
        return said
    except GraphlabError as error:
        raise located(error, graph, i) from None


def _applied_twice(graph: Graph, i: int) -> str:
    """Softmax or sigmoid before a loss that has its own; of reshapes and the like in between the source counts."""
    node = graph.nodes[i]
    own = ops.get(node.op).applies
    source = _source(graph, node.inputs[0]) if own else None
    if source is None or source.op not in ("softmax", "log_softmax", "sigmoid"):
        return ""
    if (source.op, own) == ("log_softmax", "softmax"):
        return tr(
            "{slot} comes from log_softmax '{source}', but {op} takes logits and has its own softmax, which gives the "
            "same once more; leave '{source}' out, or use nll", slot=node.slots[0], source=source.name, op=node.op,
        )  # fmt: skip
    return tr(
        "{slot} comes from {before} '{source}', but {op} takes logits and applies {own} itself; leave '{source}' out, "
        "or use {other}", slot=node.slots[0], source=source.name, before=source.op, op=node.op, own=own,
        other="bce" if own == "sigmoid" else "cross_entropy",
    )  # fmt: skip


def _source(graph: Graph, name: Any) -> Any:
    """The node that made these numbers, behind whatever only rearranges or bounds them."""
    while isinstance(name, str):
        node = graph[name]
        if node.op not in ("stop_gradient", "clip") and ops.get(node.op).family != "shape":
            return node
        name = node.inputs[0]
    return None
