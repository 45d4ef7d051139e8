"""Trace: records, steps and contributions are views of its columns."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import ModelError


@pytest.fixture
def graph():
    g = gl.Graph("two")
    x, w = g.input("x", [[1.0, 2.0]]), g.param("w", [[0.5], [-1.0]])
    side = gl.sin(x, name="side")
    h = gl.tanh(gl.matmul(x, w, name="xw"), name="h")
    g.loss(gl.sum(h * h, name="loss"))
    gl.cos(side, name="after")
    return g.freeze()


@pytest.fixture
def trace(graph):
    return gl.backward(gl.forward(graph))


def test_steps_forward_then_backward(trace):
    steps = list(trace.steps)
    assert [(s.index, s.phase, s.node) for s in steps] == [
        (0, "forward", "side"), (1, "forward", "xw"), (2, "forward", "h"), (3, "forward", "mul1"),
        (4, "forward", "loss"), (5, "forward", "after"),
        (6, "backward", "loss"), (7, "backward", "mul1"), (8, "backward", "h"), (9, "backward", "xw"),
    ]  # fmt: skip
    assert [s.value is None for s in steps] == [False] * 6 + [True] * 4
    assert steps[6].upstream.tolist() == 1.0
    assert [(c.producer, c.slot) for c in steps[7].contributions] == [("h", "a"), ("h", "b")]
    assert [(c.producer, c.slot) for c in steps[9].contributions] == [("x", "a"), ("w", "b")]


def test_steps_can_be_indexed_and_sliced(trace):
    steps = trace.steps
    assert len(steps) == 10
    assert steps[-1].node == "xw"
    assert [s.node for s in steps[6:8]] == ["loss", "mul1"]
    assert [s.index for s in steps[::-3]] == [9, 6, 3, 0]
    for k in (10, -11):
        with pytest.raises(IndexError):
            steps[k]


def test_before_backward_there_are_only_forward_steps(graph):
    trace = gl.forward(graph)
    assert [s.phase for s in trace.steps] == ["forward"] * 6
    assert repr(trace) == "<Trace of 'two': 8 nodes, forward>"


def test_records(trace):
    assert repr(trace) == "<Trace of 'two': 8 nodes, forward and backward>"
    assert [r.name for r in trace] == [n.name for n in trace.graph.nodes]
    assert repr(trace["xw"]) == "<xw: matmul float64 (1, 1) value=-1.5 grad=-0.3271>"
    assert repr(trace["x"]) == "<x: input float64 (1, 2)>"
    assert trace.loss == pytest.approx(np.tanh(-1.5) ** 2)
    with pytest.raises(ModelError, match="there is no node 'hh'"):
        trace["hh"]


def test_rules_are_the_ops_own(trace):
    (contribution,) = trace["xw"].contributions
    assert (contribution.consumer, contribution.producer, contribution.rule) == ("h", "xw", "upstream * (1 - y**2)")
    assert [c.rule for c in trace["h"].contributions] == ["upstream * b", "upstream * a"]


def test_a_rule_of_a_variadic_slot():
    g = gl.Graph()
    x = g.param("x", [1.0, 2.0])
    gl.sum(gl.concat(x, x, axis=0, name="c"), name="loss")
    rules = [c.rule for c in gl.backward(gl.forward(g))["x"].contributions]
    assert len(rules) == 2
    assert "vjp(upstream)" not in rules


def test_the_sent_and_the_received_are_the_same_edges(trace):
    sent = [(c.consumer, c.slot, c.producer) for i in range(len(trace.graph)) for c in trace.sent(i)]
    received = [(c.consumer, c.slot, c.producer) for r in trace for c in r.contributions]
    assert sorted(sent) == sorted(received)
    assert len(sent) == len(set(sent)) == 6


def test_backward_leaves_the_forward_trace_alone(graph):
    before = gl.forward(graph)
    after = gl.backward(before)
    assert not before.has_gradients
    assert after.has_gradients
    assert before["h"].value.tolist() == after["h"].value.tolist()


def test_the_loss_of_a_model_without_one():
    g = gl.Graph()
    gl.exp(g.param("x", [1.0, 2.0]))
    assert gl.forward(g).loss is None


def test_residuals_can_be_computed_again():
    g = gl.Graph(seed=3)
    x = g.param("x", np.linspace(-1, 1, 12).reshape(4, 3))
    h = gl.dropout(gl.batchnorm(x, name="bn"), rate=0.5, name="drop")
    gl.sum(h * h, name="loss")
    kept = gl.forward(g)
    again = gl.forward(g)
    again.residuals = None
    for name in ("bn", "drop"):
        i = kept.graph.position(name)
        for a, b in zip(kept.residuals_of(i), again.residuals_of(i), strict=True):
            assert np.array_equal(a, b)
    assert gl.backward(again)["x"].grad.tolist() == gl.backward(kept)["x"].grad.tolist()


def test_the_rules_of_a_node_are_worked_out_once_and_never_go_stale(monkeypatch):
    """Each of a stack's many inputs asks for its own rule; all of them stand in one mapping."""
    g = gl.Graph()
    gl.sum(gl.stack([g.param(f"x{i}", [1.0]) for i in range(50)], name="s"))
    trace = gl.backward(gl.forward(g))
    kind = gl.ops.get("stack")
    asked = []
    local = kind.local_texts
    monkeypatch.setattr(kind, "local_texts", lambda *args: asked.append(args) or local(*args))
    rules = {c.rule for record in trace for c in record.contributions if c.consumer == "s"}
    assert len(rules) == 50
    assert [c.rule for step in trace.steps for c in step.contributions if c.consumer == "s"]
    assert len(asked) == 1
    monkeypatch.setattr(kind, "local", {f"xs{i}": "upstream" for i in range(50)})
    assert {c.rule for c in trace.sent(trace.graph.index["s"])} == {"upstream"}
