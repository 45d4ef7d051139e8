"""Analytic against numeric: every op's vjp node by node, and every leaf's gradient end to end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab import builder, ops
from graphlab.arrays.state import generator
from graphlab.arrays.values import FLOATS
from graphlab.base.notebook import Result
from graphlab.check.numeric import Check, Function, compared
from graphlab.check.precision import Twin, twins
from graphlab.check.rerun import Rerun
from graphlab.engine import autodiff
from graphlab.explain.barriers import why_none
from graphlab.graph import Graph, Node
from graphlab.messages import tr
from graphlab.ops import Context
from graphlab.ops.base import unbroadcast
from graphlab.trace import Trace

if TYPE_CHECKING:
    from graphlab.lines import Line

SAMPLES = 64  # elements compared in each array; smaller arrays are compared whole
LEAST = 16  # evaluations worth spending on one leaf
PROBE = 2.5e-5  # seconds one difference costs apart from the op itself
PER_NODE = 3e-6  # seconds, and per number computed or multiplied:
PER_NUMBER = 1e-9
PER_OPERAND = 1e-6


@dataclass(frozen=True)
class Report(Result):
    """What was compared: each slot of each node, then each parameter and input end to end.

    precision: of a float32 model, each value and gradient beside float64.
    """

    mode: str
    nodes: tuple[Check, ...]
    ends: tuple[Check, ...]
    precision: tuple[Twin, ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.nodes + self.ends

    @property
    def wrong(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status == "wrong")

    @property
    def ok(self) -> bool:
        """Whether no gradient is wrong, and float32 loses no more than its rounding."""
        return not self.wrong and not self.lost

    @property
    def lost(self) -> tuple[Twin, ...]:
        """What float32 has otherwise than float64, where that is no rounding; the first of it is where it began."""
        return tuple(twin for twin in self.precision if twin.status != "ok")

    @property
    def kinks(self) -> int:
        return sum(check.kinks for check in self.checks)

    def of(self, node: str) -> tuple[Check, ...]:
        """The checks of one node."""
        return tuple(check for check in self.checks if check.node == node)

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.check import report_lines

        return report_lines(self, columns)

    def __repr__(self) -> str:
        said = f"{len(self.wrong)} of {len(self.checks)} wrong" if self.wrong else f"{len(self.checks)} gradients, ok"
        return f"<Report: {said}>"


def check_gradients(
    graph: Graph | builder.Graph, feeds: Mapping[str, Any] | None = None, *, state: Mapping[str, Any] | None = None,
    mode: str = "train", iteration: int = 0, samples: int = SAMPLES, end_to_end: bool = True, budget: float = 3.0,
    max_memory: int = autodiff.MAX_MEMORY,
) -> Report:  # fmt: skip
    """Compare every derivative with differences of the function itself.

    Node by node with a random upstream gradient, on the values of this run; then the loss by each parameter and input.
    Of an array with more than `samples` elements a sample is compared, and random directions through all of it. budget:
    about how many seconds each half may take; large nodes are sampled more thinly, and of very many leaves some are
    drawn, to keep to it. A float32 model is checked as its float64 copy: the rules are the same, and differences need
    the digits; then its own values and gradients are compared with the copy's. Random masks are the run's own.

    >>> import graphlab as gl
    >>> g = gl.Graph()
    >>> y = gl.sum(gl.tanh(g.param("w", [0.5, -1.0])), name="y")
    >>> report = gl.check_gradients(g)
    >>> report.ok, [(c.node, c.slot, c.status, c.checked) for c in report.checks]
    (True, [('tanh1', 'x', 'ok', 2), ('y', 'x', 'ok', 2), ('w', '', 'ok', 2)])
    """
    graph = builder.frozen_graph(graph)
    options: Any = {"mode": mode, "iteration": iteration, "max_memory": max_memory}
    narrow = autodiff.forward(graph, feeds, state=state, **options)
    trace = narrow if as_float64(graph) is graph else _again(narrow, options)
    precision = () if trace is narrow else _precision(narrow, trace)
    with np.errstate(all="ignore"):
        nodes = tuple(_nodes(trace, samples, budget))
        ends = tuple(_ends(trace, samples, budget)) if end_to_end and _has_loss(trace) else ()
    return Report(mode, nodes, ends, precision)


def _precision(narrow: Trace, wide: Trace) -> tuple[Twin, ...]:
    """Values, and gradients where there are any, of a float32 run beside float64."""
    if _has_loss(wide):
        narrow, wide = autodiff.backward(narrow), autodiff.backward(wide)
    return twins(narrow, wide)


def _again(narrow: Trace, options: Mapping[str, Any]) -> Trace:
    graph, feeds, state = _wide(narrow)
    return autodiff.forward(graph, feeds, state=state, **options)


def _wide(trace: Trace) -> tuple[Graph, dict[str, Any], dict[str, Any]]:
    """A run's graph, feeds and state in float64: the same numbers."""

    def widened(arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {name: x.astype(np.float64) if (x := np.asarray(array)).dtype.kind == "f" else x
                for name, array in arrays.items()}  # fmt: skip

    leaves = [node.name for node in trace.graph.leaves("param", "state")]
    return as_float64(trace.graph), widened(trace.feeds), widened({name: trace.state[name] for name in leaves})


def _has_loss(trace: Trace) -> bool:
    """Whether there is something to differentiate; an unfit loss is an error if declared, none if implied."""
    graph, plan = trace.graph, trace.plan
    if graph.loss or graph.backward_node:
        return True
    i = plan.target
    return i is not None and math.prod(plan.shapes[i]) == 1 and plan.dtypes[i] in FLOATS


def as_float64(graph: Graph) -> Graph:
    """The same model with every float32 array widened."""
    if graph.dtype == "float64" and all(node.attrs.get("dtype") != "float32" for node in graph.nodes if node.is_leaf):
        return graph
    gradient = graph.backward_gradient
    return replace(
        graph, dtype="float64", nodes=tuple(map(_widened, graph.nodes)),
        backward_gradient=None if gradient is None else gradient.astype(np.float64),
    )  # fmt: skip


def _widened(node: Node) -> Node:
    if not node.is_leaf or node.attrs["dtype"] != "float32":
        return node
    attrs = {**node.attrs, "dtype": "float64"}
    if "value" in attrs:
        attrs["value"] = np.asarray(attrs["value"]).astype(np.float64)
    return replace(node, attrs=attrs)


def _nodes(trace: Trace, samples: int, budget: float) -> Iterable[Check]:
    graph = trace.graph
    count = sum(len(node.inputs) for node in graph.nodes) or 1
    for i, node in enumerate(graph.nodes):
        if not node.is_leaf:
            yield from _node(trace, i, samples, budget / count / (PROBE + _seconds(trace, i)), len(node.inputs))


def _node(trace: Trace, i: int, samples: int, allowed: float, inputs: int) -> Iterable[Check]:
    """Each slot of one node; allowed: how many differences may be spent on it."""
    node, plan = trace.graph.nodes[i], trace.plan
    op = ops.get(node.op)
    primals = [trace.values[j] for j in plan.operands[i]]
    cotangents: Any = None
    weights = _upstream(trace, i)
    limit = int(min(allowed, 1 << 30))
    chosen = _drawn(range(inputs), max(1, limit * inputs // LEAST))
    for k, slot in enumerate(node.slots):
        reason = _no_gradient(trace, i, k)
        if spared := not reason and k not in chosen:
            reason = tr("{n} of {of} inputs were drawn; a larger budget checks more", n=len(chosen), of=inputs)
        if reason:
            yield Check(node.name, node.op, slot, "skipped", spared=spared, reason=reason)
            continue
        if cotangents is None:
            residuals = trace.residuals_of(i)
            cotangents = plan.vjps[i](Context(trace.mode_of(i)), weights, primals, trace.values[i], residuals)
        analytic = cotangents[k]
        if analytic is not None and op.elementwise:
            analytic = unbroadcast(analytic, np.shape(primals[k]))
        function = Function(_node_function(trace, i, k), primals[k], trace.values[i], weights)
        yield compared(function, analytic, Check(node.name, node.op, slot, "ok"), samples, limit)


def check_node(trace: Trace, name: str, samples: int = SAMPLES) -> tuple[Check, ...]:
    """One node of a run: each slot of a node that computes, or a leaf end to end; in float64.

    Raises ModelError for an unknown name.
    """
    i = trace.check_whole().graph.position(name)
    wide = as_float64(trace.graph)
    if wide is not trace.graph or trace.residuals is None:
        trace = _again(trace, {"mode": trace.mode, "iteration": trace.iteration})
    with np.errstate(all="ignore"):
        if not trace.graph.nodes[i].is_leaf:
            return tuple(_node(trace, i, samples, math.inf, len(trace.graph.nodes[i].inputs)))
        done = autodiff.backward(trace)
        return (_end(done, i, samples, 1 << 30),)


def _ends(trace: Trace, samples: int, budget: float) -> Iterable[Check]:
    """dL/dθ for every parameter and every input that has a gradient."""
    graph, plan = trace.graph, trace.plan
    done = autodiff.backward(trace)
    leaves = [i for i, node in enumerate(graph.nodes) if node.op in ("param", "input")]
    reached = [i for i in leaves if done.cotangents[i] is not None]  # type: ignore[index]
    once = PROBE + sum(_seconds(trace, i) for i in plan.order) / 2  # a leaf moves about half of the graph
    allowed = max(1, int(budget / (LEAST * once)))
    limit = int(budget / once / max(min(len(reached), allowed), 1))
    chosen = _drawn(reached, allowed)
    rerun, rounding = Rerun(trace), _rounding(done)
    for i in leaves:
        node = graph.nodes[i]
        blank = Check(node.name, node.op, "", "ok")
        if i in reached and i not in chosen:
            reason = tr("{n} of {of} leaves were drawn; a larger budget checks more", n=len(chosen), of=len(reached))
            yield replace(blank, status="skipped", spared=True, reason=reason)
        else:
            yield _end(done, i, samples, limit, rerun, rounding)


def _end(
    done: Trace, i: int, samples: int, limit: int, rerun: Rerun | None = None, rounding: float | None = None
) -> Check:  # fmt: skip
    """dL/dθ of one leaf."""
    graph, node = done.graph, done.graph.nodes[i]
    blank = Check(node.name, node.op, "", "ok")
    if done.cotangents is None or done.cotangents[i] is None:
        return replace(blank, status="skipped", reason=_not_reached(done, i))
    target = autodiff.start_of(graph, done.plan)
    weights = np.asarray(graph.backward_gradient if graph.backward_gradient is not None else 1.0)
    moved = (rerun or Rerun(done)).function(i, target)
    rounding = _rounding(done) if rounding is None else rounding
    function = Function(moved, done.values[i], done.values[target], weights, rounding)
    return compared(function, done.cotangents[i], blank, samples, limit)


def _drawn(all_of_them: Sequence[int], allowed: int) -> set[int]:
    """So many of them, evenly spread; all where they are no more."""
    of = len(all_of_them)
    return {all_of_them[k * of // allowed] for k in range(allowed)} if of > allowed else set(all_of_them)


def _upstream(trace: Trace, i: int) -> np.ndarray:
    """A random gradient of either sign, nowhere small and nowhere uniform; its own for each node's name."""
    rng = generator(0, trace.graph.nodes[i].name)
    shape = np.shape(trace.values[i])
    weights = np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))
    weights.flags.writeable = False
    return weights


def _node_function(trace: Trace, i: int, k: int) -> Callable[[Any], Any]:
    plan = trace.plan
    primals = [trace.values[j] for j in plan.operands[i]]
    node = trace.graph.nodes[i]
    held, recorded = ops.get(node.op).held, primals[k]

    def function(x: Any) -> Any:
        context = plan.contexts[i] or autodiff.random_context(trace.graph, i, trace.mode, trace.iteration)
        primals[k] = x if held is None else held(x, recorded, **node.attrs)
        return plan.forwards[i](context, *primals)[0]

    return function


def _no_gradient(trace: Trace, i: int, k: int) -> str:
    """Why a slot is not checked; empty where it is."""
    node, plan = trace.graph.nodes[i], trace.plan
    j = plan.operands[i][k]
    if plan.dtypes[i] not in FLOATS:
        return tr("the value is {dtype}: no gradient", dtype=plan.dtypes[i])
    if node.slots[k] in ops.get(node.op).nograd:
        return tr("the op has no derivative here")
    if j >= len(trace.graph):
        return tr("a number in the model")
    if plan.dtypes[j] not in FLOATS:
        return tr("{dtype}: no gradient", dtype=plan.dtypes[j])
    return ""


def _rounding(trace: Trace) -> float:
    """How large the numbers are whose rounding reaches the loss: each value, times what the loss makes of it."""
    pairs = zip(trace.values, trace.cotangents or (), strict=False)
    return math.hypot(*(_norm(np.asarray(value * g)) for value, g in pairs if g is not None))


def _norm(x: np.ndarray) -> float:
    """The root of the sum of squares of what is finite, also where the squares overflow."""
    sizes = np.abs(x, where=np.isfinite(x), out=np.zeros(x.shape))
    largest = float(sizes.max(initial=0.0))
    return largest * math.sqrt(float(np.sum(np.square(sizes / largest)))) if largest else 0.0


def _not_reached(trace: Trace, i: int) -> str:
    if trace.plan.dtypes[i] not in FLOATS:
        return tr("{dtype}: no gradient", dtype=trace.plan.dtypes[i])
    if trace.graph.nodes[i].attrs.get("grad", True) is False:
        return tr("grad: false")
    return why_none(trace, i)


def _seconds(trace: Trace, i: int) -> float:
    """About how long one evaluation of a node takes."""
    node, plan = trace.graph.nodes[i], trace.plan
    op = ops.get(node.op)
    shapes = [plan.shapes[j] if j < len(trace.graph) else () for j in plan.operands[i]]
    numbers = 10 * (math.prod(plan.shapes[i]) + sum(map(math.prod, shapes)))
    products = op.macs(shapes, plan.shapes[i]) if op.macs is not None else 0
    return PER_NODE + PER_OPERAND * len(shapes) + PER_NUMBER * (numbers + 0.2 * products)
