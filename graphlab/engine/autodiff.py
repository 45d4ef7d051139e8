"""The chain rule, node by node: forward and backward over a plan. They record; they do not draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlab import builder
from graphlab.arrays.state import State, generator
from graphlab.arrays.values import check_unmasked, convert
from graphlab.builder import frozen_graph
from graphlab.engine.doubts import warn_of
from graphlab.errors import (
    DataError,
    GraphlabError,
    LossError,
    MemoryLimitError,
    ShapeError,
    UsageError,
)
from graphlab.graph import Graph
from graphlab.losses import check_gradient, check_scalar
from graphlab.messages import did_you_mean, tr
from graphlab.ops import Context, mode_of
from graphlab.ops.base import unbroadcast
from graphlab.planning import Passing, Plan, located, plan, seed_of
from graphlab.trace import Trace, checked_trace

__all__ = ["MAX_MEMORY", "Plan", "backward", "forward", "plan"]

MAX_MEMORY = 4 * 10**9  # bytes of values and gradients that a run may take unless told otherwise


def forward(
    graph: Graph | builder.Graph, feeds: Mapping[str, Any] | None = None, *, state: Mapping[str, Any] | None = None,
    mode: str = "train", iteration: int = 0, max_memory: int = MAX_MEMORY,
) -> Trace:  # fmt: skip
    """Run the graph and record every value.

    feeds: inputs by name; those left out are as the model declares them. state: parameters and running statistics
    (graph.initial_state() unless given). iteration: with the seed and a node's name it fixes that node's randomness.
    max_memory: bytes. Raises ShapeError, DataError or MemoryLimitError before anything large is allocated.

    >>> import graphlab as gl
    >>> trace = gl.forward(gl.loads("nodes: {y: x * x}\\ninputs: {x: 3}\\ngraphlab: 1"))
    >>> float(trace["y"].value)
    9.0
    """
    graph = frozen_graph(graph)
    check_iteration(iteration)
    if feeds is not None and not isinstance(feeds, Mapping):
        message = tr("feeds is {kind} but must be a mapping of inputs' names to values", kind=type(feeds).__name__)
        raise DataError(message)
    given = {name: _fed(graph, name, value) for name, value in (feeds or {}).items()}
    made = plan(graph, {n: v.shape for n, v in given.items()}, {n: v.dtype.name for n, v in given.items()}, mode)
    check_memory(graph, made, max_memory)
    inputs = given if len(given) == len(graph.leaves("input")) else {**graph.initial_feeds(), **given}
    state = checked_state(graph, state)
    values: list[Any] = [None] * len(graph)
    values.extend(made.literals)
    for name, position, role in graph.leaf_places:
        values[position] = _leaf_value(graph, name, role, inputs, state)
    residuals = _compute(graph, made, values, iteration)
    if made.doubtful:
        warn_of(graph, made, values)
    return Trace(graph, made, state, inputs, mode, iteration, values, residuals)


def _compute(graph: Graph, made: Plan, values: list[Any], iteration: int) -> list[Any]:
    """Fill in the values of all nodes but the leaves; what each kept for its vjp."""
    residuals: list[Any] = [()] * len(graph)
    i = 0
    try:
        with np.errstate(all="ignore"):  # NaN and Inf are recorded, not reported
            columns = zip(range(len(graph)), made.forwards, made.contexts, made.operands, strict=True)
            for i, function, shared, operands in columns:
                if function is None:
                    continue
                context = shared or random_context(graph, i, made.mode, iteration)
                if len(operands) == 1:
                    values[i], residuals[i] = function(context, values[operands[0]])
                elif len(operands) == 2:
                    values[i], residuals[i] = function(context, values[operands[0]], values[operands[1]])
                else:
                    values[i], residuals[i] = function(context, *[values[j] for j in operands])
    except GraphlabError as error:
        raise located(error, graph, i) from None
    except MemoryError:
        raise _out_of_memory(graph, i) from None
    return residuals


def backward(trace: Trace) -> Trace:
    """Run the chain rule from the loss and record every contribution, edge by edge.

    Each node's contributions add up to its gradient ∂L/∂(node). Returns a trace that shares the given one's values.
    Raises LossError where there is no scalar to start from, TraceError where a file left values out.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("nodes: {y: x * x}\\ninputs: {x: 3}\\ngraphlab: 1")))
    >>> float(trace["x"].grad), [float(c.value) for c in trace["x"].contributions]
    (6.0, [3.0, 3.0])
    """
    graph, made = checked_trace(trace, "gl.backward").graph, trace.plan
    target = start_of(graph, made)
    trace.check_whole()
    cotangents: list[Any] = [None] * len(graph)
    contributions: list[Any] = [None] * len(graph)
    cotangents[target] = seed_of(graph, made, target)
    with np.errstate(all="ignore"):
        _send(trace, target, cotangents, contributions)
    return trace.with_gradients(cotangents, contributions)


def _send(trace: Trace, target: int, cotangents: list[Any], contributions: list[Any]) -> None:
    """From the target down to the leaves: each node's contributions, added to what its inputs have received."""
    made, values = trace.plan, trace.values
    residuals = trace.residuals
    if residuals is None:  # read from a file
        residuals = [trace.residuals_of(i) if made.vjps[i] and made.reached[i] else () for i in range(target + 1)]
    columns = (made.vjps, made.back_contexts, made.operands, made.passing)
    i = target
    try:
        for i, vjp, context, operands, passing in zip(
            range(target, -1, -1), *(reversed(column[: target + 1]) for column in columns), strict=True
        ):
            g = cotangents[i]
            if g is None or vjp is None:
                continue
            if len(operands) == 1:
                j, second = operands[0], None
                parts = vjp(context, g, (values[j],), values[i], residuals[i]) if passing is None else (None,)
                first = parts[0]
            elif len(operands) == 2:
                j, k = operands
                first, second = parts = vjp(context, g, (values[j], values[k]), values[i], residuals[i])
                if passing is not None:
                    way, other = passing
                    first = first if way is True else None if way is False else _passed(first, way)
                    second = second if other is True else None if other is False else _passed(second, other)
                    parts = (first, second)
            else:
                parts = vjp(context, g, [values[j] for j in operands], values[i], residuals[i])
                parts = parts if passing is None else tuple(map(_passed, parts, passing))
                _add(cotangents, operands, parts)
                first = second = None
            contributions[i] = parts
            if first is not None:
                before = cotangents[j]
                cotangents[j] = first if before is None else before + first
            if second is not None:
                before = cotangents[k]
                cotangents[k] = second if before is None else before + second
    except GraphlabError as error:
        raise located(error, trace.graph, i) from None
    except MemoryError:
        raise _out_of_memory(trace.graph, i) from None


def sent(trace: Trace, i: int, g: Any, slot: int | None = None) -> tuple[Any, ...]:
    """What node i sends to its inputs for an upstream gradient g, as backward does; linear in g.

    slot: the only one wanted, where that spares work; the others may then be None.
    """
    made, values = trace.plan, trace.values
    operands = made.operands[i]
    context = made.back_contexts[i]
    if slot is not None:
        context = Context(context.mode, needs=tuple(k == slot for k in range(len(operands))))
    with np.errstate(all="ignore"):
        parts = made.vjps[i](context, g, tuple([values[j] for j in operands]), values[i], trace.residuals_of(i))
        passing = made.passing[i] or (True,) * len(operands)
        return tuple(map(_passed, parts, passing))


def _add(cotangents: list[Any], operands: Sequence[int], parts: Sequence[Any]) -> None:
    for j, part in zip(operands, parts, strict=True):
        if part is not None:
            before = cotangents[j]
            cotangents[j] = part if before is None else before + part


def _passed(part: Any, way: Passing) -> Any:
    """One slot's contribution as its producer receives it."""
    if way is True or part is None:
        return part
    return None if way is False else unbroadcast(part, way)


def start_of(graph: Graph, made: Plan) -> int:
    """The node the chain rule starts from. Raises LossError where there is none, or it is no scalar."""
    if made.target is None:
        message = tr(
            "there is no loss: several nodes, or none, are left unused; say which scalar it is with `loss: NAME`, or "
            "give an upstream gradient with `backward: {node: NAME, gradient: [...]}`"
        )
        raise LossError(message)
    name = graph.nodes[made.target].name
    shape = made.shapes[made.target]
    if graph.backward_gradient is not None:
        check_gradient(name, graph.backward_gradient.shape, shape, graph.locations.get("backward:"))
        shape = ()
    check_scalar(name, shape, made.dtypes[made.target], graph.locations.get(name))
    return made.target


def check_memory(graph: Graph, made: Plan, limit: int) -> None:
    """Raises MemoryLimitError, with the largest node, if a run would pass the limit."""
    if made.nbytes <= limit:
        return
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in zip(made.shapes, made.dtypes, strict=True)]
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    message = tr(
        "the values and gradients need about {need} but {limit} are allowed; the largest is {shape}. Make it smaller, "
        "or raise the limit with --max-memory (max_memory= in Python)",
        need=bytes_text(made.nbytes), limit=bytes_text(limit), shape=made.shapes[largest],
    )  # fmt: skip
    raise located(MemoryLimitError(message), graph, largest)


def bytes_text(count: int) -> str:
    """A size in bytes, readable.

    >>> bytes_text(999), bytes_text(1_500_000)
    ('999 B', '1.5 MB')
    """
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB" if size < 999.5 else f"{size:.0f} TB"


def random_context(graph: Graph, i: int, mode: str, iteration: int) -> Context:
    """The context of a node that draws random numbers. mode: the run's."""
    node = graph.nodes[i]
    return Context(mode_of(node.attrs, mode), generator(graph.random_seed, node.name, iteration))


def _out_of_memory(graph: Graph, i: int) -> GraphlabError:
    message = tr("there is not enough memory for this run; make the batch or the layers smaller")
    return located(MemoryLimitError(message), graph, i)


def check_iteration(iteration: int) -> None:
    """Raises UsageError unless it is a whole number, 0 or more."""
    if not isinstance(iteration, int | np.integer) or isinstance(iteration, bool) or iteration < 0:
        message = tr("iteration is {iteration!r} but must be a whole number, 0 or more", iteration=iteration)
        raise UsageError(message)


def _fed(graph: Graph, name: str, value: Any) -> np.ndarray:
    if not isinstance(name, str):
        raise DataError(tr("feeds name inputs, but {name!r} is not a name", name=name))
    node = graph.nodes[graph.index[name]] if name in graph else None
    if node is None or node.op != "input":
        inputs = [n.name for n in graph.leaves("input")]
        hint = did_you_mean(name, inputs)
        listed = ", ".join(inputs) or tr("none")
        raise DataError(
            tr("there is no input '{name}'{hint}; the inputs are: {listed}", name=name, hint=hint, listed=listed)
        )
    check_unmasked(value, name)
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray("")
    if array.dtype.kind not in "fiub":
        raise DataError(tr("the value fed to '{name}' is not a number or a regular array of numbers", name=name))
    return convert(array, node.attrs["dtype"], name)


def checked_state(graph: Graph, given: Mapping[str, Any] | None) -> State:
    """The given state, or the first one with the given arrays in their places; every array in its leaf's dtype.

    Raises DataError for an array that is not there or not needed, ShapeError for one of another shape.
    """
    if given is None:
        return graph.initial_state()
    for name, value in given.items():
        check_unmasked(value, name)
    state = given if isinstance(given, State) else graph.initial_state().replace(given)
    changed: dict[str, np.ndarray] = {}
    for node in graph.leaves("param", "state"):
        if node.name not in state:
            raise DataError(tr("the state has no array for '{name}'", name=node.name))
        array = state[node.name]
        if array.shape != node.attrs["shape"]:
            message = tr(
                "the state's '{name}' is {got} but the model's is {want}", name=node.name, got=array.shape,
                want=node.attrs["shape"],
            )  # fmt: skip
            raise ShapeError(message)
        if array.dtype != node.attrs["dtype"]:
            changed[node.name] = convert(array, node.attrs["dtype"], node.name)
    return state.replace(changed) if changed else state


def _leaf_value(graph: Graph, name: str, role: str, inputs: Mapping[str, Any], state: State) -> Any:
    if role == "input":
        value = inputs[name]
    elif role == "constant":
        value = graph.first_value(graph[name])
    else:
        value = state[name]
    return value[()] if value.ndim == 0 else value  # a numpy scalar computes faster than an array without axes
