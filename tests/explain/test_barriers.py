"""Why a node has no gradient: the barrier that is named is one, and without any the loss does not depend on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import graphlab as gl
from graphlab import ops
from graphlab.errors import ModelError
from graphlab.explain.barriers import barriers, unreached, why_none


def run(text: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}")))


PARAMS = "params: {w: 2, v: 3}\ninputs: {k: 1.5, n: {value: [0, 1], dtype: int64}, g: {value: 2, grad: false}}\n"


@pytest.mark.parametrize(
    ("nodes", "name", "said"),
    [
        ("s: stop_gradient(w * w), L: s * v", "w", "'s' (stop_gradient) lets none through"),
        ("s: stop_gradient(w), L: s * v + 0 * w", "w", None),
        ("L: 'where(w > 1, v, -v)'", "w", "it only decides, in 'L#1' (greater)"),
        ("c: w < k, L: 'where(c, v, 2 * v)'", "w", "it only decides, in 'c' (less)"),
        ("c: w * 2 >= k, L: 'where(c, v, 2 * v)'", "w", "it only decides, in 'c' (greater_equal)"),
        ("m: 'equal(w, k)', s: stop_gradient(w), L: 'where(m, v, s)'", "w",
         "it only decides, in 'm' (equal); 's' (stop_gradient) lets none through"),
        ("a: w * 2, L: v * v", "w", "the loss does not depend on it"),
        ("L: v * v", "w", "the loss does not depend on it"),
        ("L: v * g", "g", "the model says grad: false"),
        ("L: v * sum(n)", "n", "it is int64, and only floating-point numbers have one"),
        ("L: v * w", "w", None),
    ],
)  # fmt: skip
def test_what_stops_a_gradient_is_named(nodes: str, name: str, said: str | None) -> None:
    trace = run(f"{PARAMS}nodes: {{{nodes}}}\nloss: L")
    if said is None:
        assert trace[name].grad is not None
        return
    assert trace[name].grad is None
    assert why_none(trace, trace.graph.index[name]) == said
    for ask in (gl.blame, gl.why):
        with pytest.raises(ModelError) as caught:
            ask(trace, name)
        assert str(caught.value) == f"'{name}' has no gradient: {said}"


def test_running_statistics_and_labels() -> None:
    trace = run("inputs: {x: [[1, 2], [3, 5]], t: [0, 1]}\nnodes: {y: batchnorm(x), L: 'softmax_cross_entropy(y, t)'}")
    assert why_none(trace, trace.graph.index["y.running_mean"]) == "it is a state, which never has one"
    assert list(unreached(trace)) == []


def test_of_a_run_that_is_not_through_nothing_is_said_too_early() -> None:
    trace = run("params: {w: 2, v: 3, u: 1}\nnodes: {s: stop_gradient(w), a: v * 2, L: s * a}")
    start = trace.graph.index["L"]
    grads = [g if i == start else None for i, g in enumerate(trace.cotangents or ())]
    halfway = trace.with_gradients(grads, [None] * len(trace.graph))
    assert [name for name, _ in unreached(halfway)] == [name for name, _ in unreached(trace)] == ["w", "u"]


CLASSES = "inputs: {t: [1, 0], s: [[0.25, 0.75], [1, 0]]}\nparams: {p: [[0.25, 0.75], [0.4, 0.6]], u: [0.5, 0]}\n"


@pytest.mark.parametrize("op", ["cross_entropy", "softmax_cross_entropy", "nll"])
def test_class_numbers_that_are_floats(op: str) -> None:
    """The loss depends on them, but has no derivative for them; for soft labels it has one."""
    call = f"nodes: {{L: '{op}({'log(p)' if op == 'nll' else 'p'}, t)'}}"
    trace = run(CLASSES + call)
    assert why_none(trace, trace.graph.index["t"]) == f"it only names classes, in 'L' ({op})"
    moved = gl.forward(trace.graph, feeds={"t": np.array([1.0, 1.0])}).loss
    assert moved != trace.loss
    assert run(CLASSES + call.replace("t)", "s)"))["s"].grad is not None
    made = run(CLASSES + call.replace("L:", "c: u * 2, L:").replace("t)", "c)"))
    assert dict(unreached(made)) == {"u": f"it only names classes, in 'L' ({op})"}
    both = run(CLASSES + call.replace("L:", "c: u * 2, k:").replace("t)", "c)").replace("}", ", L: k + sum(u)}"))
    assert np.array_equal(both["u"].grad, [1.0, 1.0])  # type: ignore[arg-type]
    assert dict(unreached(both)) == {}


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "nll"])
def test_class_numbers_that_are_floats_matter_to_the_loss(loss: str) -> None:
    leaves = "params: {x: [[-1, -2, -4], [-3, -5, -1]], t: [2, 0]}\n"
    trace = run(f"{leaves}nodes: {{L: '{loss}(x, t)'}}")
    assert trace["t"].grad is None
    assert why_none(trace, trace.graph.index["t"]) == f"it only names classes, in 'L' ({loss})"
    assert [name for name, _ in unreached(trace)] == ["t"]
    assert gl.forward(trace.graph, state={"t": np.array([1.0, 0.0])}).loss != trace.loss
    soft = run(leaves.replace("t: [2, 0]", "t: [[1, 0, 0], [0, 1, 0]]") + f"nodes: {{L: '{loss}(x, t)'}}")
    assert soft["t"].grad is not None


def test_an_embedding_s_index() -> None:
    leaves = "inputs: {i: {value: [0, 2], dtype: int64}}\nparams: {W: [[1], [2], [3]]}\n"
    trace = run(f"{leaves}nodes: {{e: 'embedding(i, W)', L: sum(e)}}")
    assert why_none(trace, trace.graph.index["i"]).startswith("it is int64")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_every_barrier_is_on_a_way_to_the_loss_and_there_is_one_wherever_the_loss_moves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    g = gl.Graph("walls")
    made = [g.param(f"w{k}", float(rng.uniform(-1.5, 1.5))) for k in range(4)]
    for k in range(8):
        a, b = (made[int(n)] for n in rng.integers(0, len(made), size=2))
        kind = int(rng.integers(5))
        if kind == 0:
            made.append(gl.stop_gradient(a, name=f"n{k}"))
        elif kind == 1:
            made.append(gl.where(gl.greater(a, 0.1, name=f"c{k}"), b, b * 0.5, name=f"n{k}"))
        else:
            made.append((gl.add, gl.mul, gl.maximum)[kind - 2](a, b, name=f"n{k}"))
    g.loss(gl.mul(made[-1], 1.0, name="L"))
    trace = gl.backward(gl.forward(g))
    graph = trace.graph
    for node in graph.leaves("param"):
        if trace[node.name].grad is not None:
            continue
        found = barriers(trace, graph.index[node.name])
        for one in found:
            assert one.slot in ops.get(one.op).nograd
            assert leads(graph, node.name, one.node)
            assert leads(graph, one.node, "L")
        moved = [gl.forward(graph, state={node.name: np.asarray(v)}).loss for v in (-3.0, -0.3, 0.2, 0.9, 4.0)]
        assert found or len(set(moved)) == 1  # "the loss does not depend on it" must be so


def leads(graph: object, start: str, end: str) -> bool:
    names = {start}
    for node in graph.nodes:  # type: ignore[attr-defined]
        if names & {o for o in node.inputs if isinstance(o, str)}:
            names.add(node.name)
    return end in names
