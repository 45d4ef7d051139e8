"""blame: the chain from the loss to a leaf, the verdict, and the first number that is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from small_graphs import mixed

import graphlab as gl
from graphlab.errors import LossError, ModelError


def traced(text: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(text)))


def sigmoids(n: int, op: str = "sigmoid") -> gl.Trace:
    g = gl.Graph("deep")
    h = g.param("w", [0.5, -1.0, 2.0])
    for k in range(n):
        h = getattr(gl, op)(h, name=f"h{k}")
    gl.sum(h, name="L")
    return gl.backward(gl.forward(g))


def test_the_chain_holds_the_gradients_of_the_trace() -> None:
    trace = gl.backward(gl.forward(mixed()))
    found = gl.blame(trace, "hidden.fc.W")
    assert found.chain[0].node == trace.graph.target
    assert found.chain[-1].node == "hidden.fc.W"
    for link in found.chain:
        assert link.rms == pytest.approx(np.sqrt(np.mean(trace[link.node].grad ** 2)), rel=1e-12)
    for link, after in zip(found.chain, found.chain[1:], strict=False):
        sent = [c.value for c in trace[after.node].contributions if c.consumer == link.node]
        sizes = [np.sqrt(np.mean(part**2)) for part in sent]
        assert link.ratio == pytest.approx(max(sizes) / link.rms, rel=1e-12)


def test_the_chain_takes_the_largest_contribution() -> None:
    found = gl.blame(traced("graphlab: 1\nparams: {w: 2}\nnodes: {a: w * 3, b: w * -50, L: a + b}"))
    assert [link.node for link in found.chain] == ["L", "b", "w"]


@pytest.mark.parametrize(("n", "verdict"), [(2, "ok"), (12, "vanished")])  # a sigmoid's derivative is at most a quarter
def test_vanished(n: int, verdict: str) -> None:
    found = gl.blame(sigmoids(n))
    assert found.verdict == verdict
    assert found.target == "w"
    assert len(found.chain) == n + 2
    if verdict == "vanished":
        assert found.total < 0.25**5
        smallest = min((link.ratio, link.node) for link in found.chain if link.ratio is not None)
        assert found.culprit == smallest[1]


def test_exploded() -> None:
    found = gl.blame(traced("graphlab: 1\nparams: {w: 2}\nnodes: {a: w * 5, b: a * 4000, L: b * 1}"))
    assert (found.verdict, found.culprit, found.total) == ("exploded", "b", 20000.0)


def test_a_dead_relu_is_where_it_became_zero() -> None:
    found = gl.blame(traced("graphlab: 1\nparams: {w: [-1, -2]}\nnodes: {a: relu(w), b: a + 1, L: sum(b)}"))
    assert (found.verdict, found.culprit) == ("zero", "a")


def test_the_first_nan_forward() -> None:
    found = gl.blame(traced("graphlab: 1\nparams: {p: [0.5, 0, 0.25]}\nnodes: {l: log(p), q: p * l, L: sum(q)}"))
    assert found.verdict == "not finite"
    born = found.birth
    assert born is not None
    assert (born.phase, born.node, born.op, born.count, born.size) == ("forward", "l", "log", 1, 3)
    assert born.elements[0].index == (1,)
    assert born.elements[0].value == -math.inf
    assert born.elements[0].inputs == {"p": 0.0}


def test_the_first_nan_backward() -> None:
    """√0 is 0, its slope is not: the value is finite, the gradient is not."""
    found = gl.blame(traced("graphlab: 1\nparams: {x: [4, 0]}\nnodes: {r: sqrt(x), L: sum(r)}"))
    born = found.birth
    assert born is not None
    assert (born.phase, born.node, born.to, born.count) == ("backward", "r", "x", 1)
    assert born.elements[0].inputs == {"∂L/∂r": 1.0, "r": 0.0, "x": 0.0}


def test_what_was_given_is_blamed_first() -> None:
    g = gl.Graph("g")
    x = g.input("x", [1.0, math.nan])
    gl.sum(x * g.param("w", [1.0, 2.0]), name="L")
    born = gl.blame(gl.backward(gl.forward(g))).birth
    assert born is not None
    assert (born.phase, born.node, born.elements[0].index) == ("given", "x", (1,))


def test_all_finite_has_no_birth() -> None:
    assert gl.blame(gl.backward(gl.forward(mixed()))).birth is None


def test_what_cannot_be_blamed() -> None:
    with pytest.raises(LossError, match="no gradients yet"):
        gl.blame(gl.forward(mixed()))
    with pytest.raises(ModelError, match="'t' has no gradient: it is int64"):
        gl.blame(gl.backward(gl.forward(mixed())), "t")
    with pytest.raises(ModelError, match="hidden\\.bnn"):
        gl.blame(gl.backward(gl.forward(mixed())), "hidden.bnn")


@pytest.mark.parametrize("op", ["tanh", "sigmoid"])
def test_a_long_chain(op: str) -> None:
    assert len(gl.blame(sigmoids(5_000, op)).chain) == 5_002


def residual(seed: int) -> gl.Trace:
    """A chain of small steps, dead ends, residuals and differences that take back what was added."""
    rng = np.random.default_rng(seed)
    g = gl.Graph("odd", seed=seed)
    h = g.param("w", rng.normal(size=3))
    for k in range(int(rng.integers(2, 7))):
        kind = int(rng.integers(7))
        if kind == 0:
            h = gl.relu(h, name=f"n{k}")
        elif kind == 1:
            h = gl.sub(h, gl.mul(h, float(rng.choice([1.0, 0.5, 0.9999])), name=f"f{k}"), name=f"n{k}")
        elif kind == 2:
            h = gl.sub(h, gl.mean(h, name=f"m{k}"), name=f"n{k}")
        elif kind == 3:
            h = gl.mul(h, float(rng.choice([1e-3, 10.0, 0.0])), name=f"n{k}")
        elif kind == 4:
            h = gl.softmax(h, name=f"n{k}")
        elif kind == 5:
            h = gl.sigmoid(h * 30.0, name=f"n{k}")
        else:
            h = gl.add(h, gl.tanh(h, name=f"t{k}"), name=f"n{k}")
    gl.sum(gl.mul(h, g.constant(rng.choice([[1.0, 1.0, 1.0], [1.0, -2.0, 0.5]]), "c"), name="y"), name="L")
    return gl.backward(gl.forward(g))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 100_000))
def test_every_verdict_holds(seed: int) -> None:
    """Zero: the culprit has a gradient and sends none on. Cancelled: beside the terms that arrive the sum is small."""
    trace = residual(seed)
    found = gl.blame(trace)
    raw = trace["w"].grad
    assert raw is not None
    if found.verdict == "zero":
        assert not np.any(raw)
        assert found.culprit is not None
        assert np.any(trace[found.culprit].grad) or found.culprit == found.chain[0].node
        below = found.chain[[link.node for link in found.chain].index(found.culprit) + 1].node
        sent = [c.value for c in trace[below].contributions if c.consumer == found.culprit]
        assert sent
        assert not any(map(np.any, sent))
    elif found.verdict == "cancelled":
        one = found.cancelled
        assert one is not None
        if one.slot is None:
            parts = [c.value for c in trace[one.node].contributions]
            assert len(parts) > 1
            assert np.max(np.abs(trace[one.node].grad)) < 0.1 * max(np.max(np.abs(part)) for part in parts)
        else:
            assert np.any(trace[one.node].grad)
            assert trace.graph[one.node].op in ("softmax", "mean", "add", "sub", "mul")
    elif found.verdict == "ok":
        assert np.all(np.isfinite(raw))
        assert np.any(raw)
