"""What if: a run with one leaf or one attribute changed. Only what depends on it is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.arrays.values import array_of
from graphlab.engine import autodiff
from graphlab.engine.doubts import warn_of
from graphlab.errors import DataError, GraphlabError, ModelError, ShapeError
from graphlab.graph import Graph, make_graph
from graphlab.messages import tr
from graphlab.ops.foreign import attribute_hint
from graphlab.planning import located, seed_of
from graphlab.trace import Trace


def with_value(trace: Trace, name: str, value: Any, key: Sequence[int] = ()) -> Trace:
    """The run with another value of a leaf, or of one element of it: bit for bit a fresh run of the changed model.

    Raises ModelError where the node is no leaf, ShapeError for another shape, DataError for what is no number.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: [3, 4]}\\nnodes: {y: sum(x * x)}")))
    >>> other = with_value(trace, "x", 1, (0,))
    >>> float(other["y"].value), other["x"].grad.tolist(), float(trace["y"].value)
    (17.0, [2.0, 8.0], 25.0)
    """
    graph = trace.check_whole().graph
    i = graph.position(name)
    node = graph.nodes[i]
    if not node.is_leaf:
        text = "'{name}' is computed by {op}; set one of its inputs instead: {inputs}"
        inputs = ", ".join(str(o) for o in node.inputs)
        raise ModelError(tr(text, name=name, op=node.op, inputs=inputs))
    array = _changed(trace, i, value, tuple(key))
    feeds, state = trace.feeds, trace.state
    if node.op == "input":
        feeds = {**feeds, name: array}
    elif node.op == "constant":
        graph = _with_attrs(graph, i, {"value": array})
    else:
        state = state.replace({name: array})
    plan = graph_plan(graph, trace) if graph is not trace.graph else trace.plan
    values = list(trace.values)
    values[i] = array[()] if array.ndim == 0 else array
    return _again(Trace(graph, plan, state, feeds, trace.mode, trace.iteration, values, trace.residuals), trace, {i})


def _changed(trace: Trace, i: int, value: Any, key: tuple[int, ...]) -> np.ndarray:
    """The leaf's new array, in its shape and dtype."""
    name, shape, dtype = trace.graph.nodes[i].name, trace.plan.shapes[i], trace.plan.dtypes[i]
    if not key:
        array = array_of(value, dtype, name, dtype)
        if array.shape != shape:
            raise ShapeError(tr("'{name}' is {want} but the value is {got}", name=name, want=shape, got=array.shape))
        return array
    if len(key) != len(shape) or any(not -n <= k < n for k, n in zip(key, shape, strict=True)):
        text = "'{name}' has the shape {shape}, so {key} is no element of it"
        raise ModelError(tr(text, name=name, shape=shape, key=list(key)))
    one = array_of(value, dtype, name, dtype)
    if one.size != 1:
        raise ShapeError(tr("an element of '{name}' is one number, not {shape}", name=name, shape=one.shape))
    whole = np.array(trace.values[i])
    whole[key] = one.reshape(())
    return array_of(whole, dtype, name, dtype)


def with_attr(trace: Trace, name: str, attr: str, value: Any) -> Trace:
    """The run with another attribute of a node, such as a batchnorm's eps.

    Raises ModelError for an attribute that the op does not have or a value that it cannot take.
    """
    i = trace.check_whole().graph.position(name)
    node = trace.graph.nodes[i]
    op = ops.get(node.op)
    if attr not in op.attrs or node.is_leaf:
        known = ", ".join(op.attrs) or tr("none")
        text = "{op} '{name}' has no attribute '{attr}'{hint}; it has: {known}"
        hint = attribute_hint(attr, op.attrs)
        raise ModelError(tr(text, op=node.op, name=name, attr=attr, hint=hint, known=known))
    try:
        attrs = ops.check_attrs(op, {**node.attrs, attr: value})
    except GraphlabError as error:
        raise located(error, trace.graph, i) from None
    graph = _with_attrs(trace.graph, i, attrs)
    plan = graph_plan(graph, trace)
    values = [*trace.values[: len(graph)], *plan.literals]
    changed = Trace(graph, plan, trace.state, trace.feeds, trace.mode, trace.iteration, values, trace.residuals)
    return _again(changed, trace, set(), first=i)


def _with_attrs(graph: Graph, i: int, attrs: dict[str, Any]) -> Graph:
    nodes = list(graph.nodes)
    nodes[i] = replace(nodes[i], attrs={**nodes[i].attrs, **attrs})
    return make_graph(
        nodes, name=graph.name, description=graph.description, dtype=graph.dtype, random_seed=graph.random_seed,
        loss=graph.loss, losses=graph.losses, backward_node=graph.backward_node,
        backward_gradient=graph.backward_gradient, locations=graph.locations, source=graph.source,
    )  # fmt: skip


def graph_plan(graph: Graph, trace: Trace) -> autodiff.Plan:
    """The plan of a graph for the inputs that a trace was run with."""
    feeds = {name: np.asarray(value) for name, value in trace.feeds.items()}
    shapes = {name: value.shape for name, value in feeds.items()}
    return autodiff.plan(graph, shapes, {name: value.dtype.name for name, value in feeds.items()}, trace.mode)


def _again(new: Trace, old: Trace, moved: set[int], first: int | None = None) -> Trace:
    """Fill in what depends on the leaves in `moved`, and on the node `first`, whose own work is another one now."""
    graph, plan, values = new.graph, new.plan, new.values
    residuals = None if old.residuals is None else list(old.residuals)
    with np.errstate(all="ignore"):
        for i in plan.order:
            if i != first and moved.isdisjoint(plan.operands[i]):
                continue
            moved.add(i)
            context = plan.contexts[i] or autodiff.random_context(graph, i, new.mode, new.iteration)
            try:
                values[i], kept = plan.forwards[i](context, *[values[j] for j in plan.operands[i]])
            except GraphlabError as error:
                raise located(error, graph, i) from None
            if residuals is not None:
                residuals[i] = kept
    if plan.doubtful:
        warn_of(graph, plan, values, moved)
    new.residuals = residuals
    if not old.has_gradients:
        return new
    return _back(new, old, moved)


def _back(new: Trace, old: Trace, moved: set[int]) -> Trace:
    """Backward, where a node sends again only if its upstream gradient, its inputs or its value changed."""
    graph, plan = new.graph, new.plan
    target = autodiff.start_of(graph, plan)
    cotangents: list[Any] = [None] * len(graph)
    contributions: list[Any] = [None] * len(graph)
    again: set[int] = set()  # the nodes whose contributions are new
    for i in range(target, -1, -1):
        terms = sorted(graph.consumers[i], key=lambda edge: (-edge[0], edge[1]))
        if any(c in again for c, _ in terms):
            parts = [contributions[c][k] for c, k in terms if contributions[c] is not None]
            cotangents[i] = _total([part for part in parts if part is not None])
        elif i != target:
            cotangents[i] = old.cotangents[i]  # type: ignore[index]
        if i == target:
            cotangents[i] = seed_of(graph, plan, target)
        if plan.vjps[i] is None or cotangents[i] is None:
            continue
        stale = i in moved or not moved.isdisjoint(plan.operands[i]) or any(c in again for c, _ in terms)
        if stale:
            contributions[i] = autodiff.sent(new, i, cotangents[i])
            again.add(i)
        else:
            contributions[i] = old.contributions[i]  # type: ignore[index]
    return new.with_gradients(cotangents, contributions)


def _total(parts: list[Any]) -> Any:
    """Added up in the order of arrival, as backward does."""
    total = None
    with np.errstate(all="ignore"):
        for part in parts:
            total = part if total is None else total + part
    return total


def differing(a: Trace, b: Trace, kind: str) -> list[int]:
    """The nodes whose value (grad) is not the same in two runs of one graph.

    Raises DataError where the graphs differ.
    """
    if len(a.graph) != len(b.graph):
        raise DataError(tr("the two runs are of different graphs"))
    n = len(a.graph)
    columns = [(t.values if kind == "value" else t.cotangents or [None] * n)[:n] for t in (a, b)]
    return [i for i, (x, y) in enumerate(zip(*columns, strict=True)) if x is not y and not _same(x, y)]


def _same(x: Any, y: Any) -> bool:
    if x is None or y is None:
        return x is y
    return np.shape(x) == np.shape(y) and np.asarray(x).tobytes() == np.asarray(y).tobytes()
