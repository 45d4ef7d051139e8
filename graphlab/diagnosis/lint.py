"""What is legal in a model but hardly meant."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphlab.graph import Graph
from graphlab.messages import tr


def warnings_of(graph: Graph, shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """One text per finding, with its place: a batch of one for batchnorm, a leaf that nothing uses.

    shapes: of graph.nodes, as a plan has them.

    >>> import graphlab as gl
    >>> g = gl.loads("graphlab: 1\\ninputs: {x: [[1, 2]]}\\nnodes: {y: sum(batchnorm(x))}")
    >>> warnings_of(g, gl.plan(g).shapes)[0].startswith("<text>:3:16: batchnorm 'y#1': the batch has one row")
    True
    """
    out = []
    for i, node in enumerate(graph.nodes):
        text = ""
        if node.op == "batchnorm" and isinstance(node.inputs[0], str) and node.attrs["mode"] != "eval":
            shape = shapes[graph.index[node.inputs[0]]]
            if math.prod(shape) == shape[node.attrs["axis"]]:
                text = tr(
                    "batchnorm '{name}': the batch has one row, so in train mode every output is beta and no gradient "
                    "passes; feed more rows",
                    name=node.name,
                )
        elif node.is_leaf and not graph.consumers[i] and graph.target != node.name:
            text = tr("{role} '{name}': nothing uses it; remove it, or check the names", role=node.op, name=node.name)
        if text:
            where = graph.locations.get(node.name)
            out.append(f"{where}: {text}" if where else text)
    return out
