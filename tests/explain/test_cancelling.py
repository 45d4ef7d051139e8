"""Gradients that are 0 because terms cancel: said where it is so, with a reason that holds, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_graphs import arrays

import graphlab as gl
from graphlab.explain.cancelling import note, notes, reason
from graphlab.explain.rounding import without_noise
from graphlab.storage.tracefile import record

ROOT = Path(__file__).parents[2]
COLUMN = "subtracts each column's mean, so a constant added to a whole column changes nothing"
ROW = "subtracts each row's mean, so a constant added to a whole row changes nothing"
SHIFT = "stays as it is when one constant is added to a whole row"


def run(graph: gl.Graph) -> gl.Trace:
    return gl.backward(gl.forward(graph))


def shifted(seed: int, kind: str, dtype: str = "float64") -> gl.Trace:
    """A bias before something that a constant added to it does not change."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 40)), int(rng.integers(2, 6))
    g = gl.Graph("shifted", dtype=dtype)
    wide = 1 if kind.startswith("softmax") else 3  # a saturated softmax has lost the terms that would cancel
    x = g.input("x", rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, wide))
    w = g.param("w", rng.normal(size=(n, d)))
    bias = {"batchnorm": (d,), "layernorm": (n, 1), "softmax": (), "softmax_cross_entropy": (n, 1), "mean": (d,)}[kind]
    h = gl.add(x, g.param("b", rng.normal(size=bias)), name="h")
    if kind == "softmax_cross_entropy":
        g.loss(gl.softmax_cross_entropy(h, g.input("t", rng.integers(0, d, size=n)), name="L"))
        return run(g)
    y = gl.sub(h, gl.mean(h, axis=0), name="y") if kind == "mean" else getattr(gl, kind)(h, name="y")
    g.loss(gl.sum(gl.mul(y, w), name="L"))
    return run(g)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["batchnorm", "layernorm", "softmax", "softmax_cross_entropy", "mean"]),
    st.sampled_from(["float64", "float32"]),
)
def test_a_constant_that_changes_nothing_has_the_gradient_0(seed: int, kind: str, dtype: str) -> None:
    trace = shifted(seed, kind, dtype)
    clean = without_noise(trace)
    assert not np.any(clean["b"].grad)
    again = trace["h"].value + np.float64(0.37)  # the claim itself: shifted as b shifts it, nothing changes
    y = {
        "batchnorm": lambda v: (v - v.mean(0)) / np.sqrt(v.var(0) + 1e-5),
        "layernorm": lambda v: (v - v.mean(1, keepdims=True)) / np.sqrt(v.var(1, keepdims=True) + 1e-5),
        "softmax": lambda v: np.exp(v) / np.exp(v).sum(1, keepdims=True),
        "softmax_cross_entropy": lambda v: v - np.log(np.exp(v).sum(1, keepdims=True)),
        "mean": lambda v: v - v.mean(0),
    }[kind]  # fmt: skip
    with np.errstate(all="ignore"):
        before = y(np.asarray(trace["h"].value, np.float64))
        assert np.allclose(before, y(np.asarray(again, np.float64)), rtol=1e-3, atol=1e-3, equal_nan=True)
    said = dict(notes(clean)).get("b", "")
    if np.all(trace["b"].grad != 0):
        want = {"batchnorm": COLUMN, "layernorm": ROW, "mean": "− mean(h), so a constant added to all of h"}
        assert want.get(kind, SHIFT) in said


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_a_small_gradient_is_no_cancelled_one(seed: int, depth: int) -> None:
    """Deep sigmoids and tiny factors: 1e-20 is a number there, and so is 1e-300."""
    rng = np.random.default_rng(seed)
    g = gl.Graph("small")
    h = g.param("w", rng.normal(size=(4, 3)) * 5)
    for k in range(6 + depth):
        h = gl.sigmoid(gl.affine(h, units=3, name=f"fc{k}", init="xavier") * 20, name=f"s{k}")
    g.loss(gl.sum(gl.mul(h, 10.0 ** -float(rng.integers(3, 200))), name="L"))
    trace = run(g)
    clean = without_noise(trace)
    for one, other in zip(trace, clean, strict=True):
        if one.grad is not None:
            assert np.array_equal(one.grad, other.grad), one.name
    assert list(notes(clean)) == []


@pytest.mark.parametrize("z", [20.0, 33.0, 36.0, 36.7])
def test_a_saturated_sigmoid_s_slope_is_small_and_not_cancelled(z: float) -> None:
    trace = run(gl.loads(f"graphlab: 1\nparams: {{w: {z}}}\nnodes: {{y: sigmoid(w), L: y * 1}}"))
    assert 0 < float(trace["w"].grad) < 1e-8
    assert float(trace["w"].grad) == pytest.approx(np.exp(-z), rel=0.5)
    assert without_noise(trace)["w"].grad == trace["w"].grad
    assert gl.blame(trace).verdict == "vanished"


def test_a_saturated_softmax_s_gradient_is_small_and_not_cancelled() -> None:
    """Its largest term is g − g, exactly: what is left there are the others, which are numbers of their own."""
    nodes = "nodes: {a: softmax(w), y: 'a * [1, -2, 0.5]', L: sum(y)}"
    trace = run(gl.loads(f"graphlab: 1\nparams: {{w: [90, 0, 1]}}\n{nodes}"))
    small = np.exp([-90.0, -89.0])
    want = [3 * small[0] + 0.5 * small[1], -3 * small[0], -0.5 * small[1]]
    assert without_noise(trace)["w"].grad == pytest.approx(want, rel=1e-6)
    assert gl.blame(trace).verdict == "vanished"


def test_the_vanishing_sample_stays_as_it_is() -> None:
    trace = run(gl.load(ROOT / "samples/vanishing/vanishing.yaml"))
    assert without_noise(trace) is trace
    assert gl.blame(trace).verdict == "vanished"


def test_one_element_of_several_cancels() -> None:
    """The first column is added to and taken away again; the second is not."""
    text = (
        "params: {x: [0.1, 0.7]}\nnodes: {a: 'x * [-0.3, 1]', b: 'x * [0.2, 1]', c: 'x * [0.1, 1]', L: sum(a + b + c)}"
    )
    trace = without_noise(run(gl.loads(f"graphlab: 1\n{text}")))
    assert trace["x"].grad.tolist() == [0.0, 3.0]
    assert note(trace, trace.graph.index["x"]) == "0 (but for rounding) at [0]: the terms cancel"
    assert gl.blame(trace, "x").verdict == "ok"


def test_json_keeps_the_number_and_marks_it() -> None:
    trace = shifted(3, "batchnorm")
    data = record(trace, 1000)
    b = next(node for node in data["nodes"] if node["name"] == "b")
    assert b["grad"] == trace["b"].grad.tolist()
    assert b["grad_cancelled"] == [[n] for n, g in enumerate(trace["b"].grad) if g != 0]
    assert b["grad_cancelled"]
    assert all("grad_cancelled" not in node for node in data["nodes"] if node["name"] in ("h", "x", "w"))


def test_the_same_is_said_by_a_trace_file_without_its_arrays(tmp_path: Path) -> None:
    trace = shifted(3, "batchnorm")
    trace.save(tmp_path / "t.json", max_elements=8)
    again = gl.load_trace(tmp_path / "t.json")
    assert not np.any(without_noise(again)["b"].grad)


def test_products_are_never_cancelled_by_the_gradient_of_others() -> None:
    trace = run(gl.loads("graphlab: 1\nparams: {a: 1e-30, b: 1e30}\nnodes: {y: a * b, z: y * y, L: z * 1e-40}"))
    assert without_noise(trace) is trace


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes: {y: x - mean(x), L: sum(y)}", "1 from y, (-1) from y#1"),
        ("nodes: {y: x + -x, L: sum(y)}", "1 from y, (-1) from y#1"),
        ("nodes: {f: x * 1, y: x - f, L: sum(y)}", "1 from y, (-1) from f"),
        ("nodes: {f: 'stop_gradient(x) * 0 + x', y: x - f, L: sum(y * y)}", None),
        ("nodes: {y: x - x * 0.5, L: sum(y)}", None),
    ],
)
def test_blame_names_the_node_at_which_terms_cancel(text: str, said: str | None) -> None:
    """What its consumers send is not 0, and their sum is: by differences of the loss."""
    trace = run(gl.loads(f"graphlab: 1\nparams: {{x: [0.3, 1.7, -2.2]}}\n{text}"))
    found = gl.blame(trace, "x")
    if said is None:
        assert found.verdict != "cancelled"
        return
    assert (found.verdict, found.culprit) == ("cancelled", "x")
    assert found.cancelled is not None
    assert found.cancelled.reason == said
    assert all(size > 0 for _, size in found.cancelled.terms)
    base = trace["x"].value
    for k in range(3):
        step = np.eye(3)[k] * 1e-3
        up, down = (gl.forward(trace.graph, state={"x": base + s * step}).loss for s in (1, -1))
        assert up is not None and down is not None
        assert abs(up - down) < 1e-12


def test_terms_that_nearly_cancel_are_what_made_it_vanish() -> None:
    trace = run(gl.loads("graphlab: 1\nparams: {w: 0.7}\nnodes: {f: w * 0.99999, y: w - f, L: y * 1}"))
    found = gl.blame(trace)
    assert (found.verdict, found.culprit) == ("cancelled", "w")
    assert found.chain[-1].rms == pytest.approx(1e-5)
    other = run(gl.loads("graphlab: 1\nparams: {w: 0.7}\nnodes: {f: w * 0.5, y: w - f, z: y * 1e-5, L: z * 1}"))
    assert (gl.blame(other).verdict, gl.blame(other).culprit) == ("vanished", "z")


@pytest.mark.parametrize(
    ("nodes", "verdict", "culprit"),
    [
        ("a: relu(w), L: sum(a)", "zero", "a"),
        ("a: sigmoid(w * -1000), L: sum(a)", "zero", "a"),
        ("a: sign(w), L: sum(a)", "zero", "a"),
        ("a: w * 0, L: sum(a)", "zero", "a"),
        ("a: 'clip(w, min=0, max=1)', b: a + 1, L: sum(b)", "zero", "a"),
        ("a: softmax(w), L: sum(a)", "cancelled", "a"),
        ("a: w + w * w, b: tanh(w), L: sum(a + b)", "ok", None),
    ],
)
def test_a_zero_is_said_to_be_what_it_is(nodes: str, verdict: str, culprit: str | None) -> None:
    found = gl.blame(run(gl.loads(f"graphlab: 1\nparams: {{w: [-1.5, -0.7]}}\nnodes: {{{nodes}}}")))
    assert (found.verdict, found.culprit) == (verdict, culprit)


def test_no_reason_is_given_where_another_consumer_takes_the_bias_too() -> None:
    """The batchnorm alone would cancel it; the other way does not."""
    text = (
        "inputs: {x: [[0.2, 1], [2.5, 3], [4, 7]]}\nparams: {b: [0.5, 0.25]}\n"
        "nodes: {h: x + b, y: batchnorm(h), L: sum(y * y * y) + sum(h)}"
    )
    trace = without_noise(run(gl.loads(f"graphlab: 1\n{text}")))
    assert trace["b"].grad.tolist() == pytest.approx([3.0, 3.0])
    assert dict(notes(trace)) == {}
    assert reason(trace, trace.graph.index["h"], 1) == ""


def test_in_inference_mode_a_bias_before_batchnorm_counts() -> None:
    leaves = "graphlab: 1\ninputs: {x: [[0.2], [2.5], [4]]}\nparams: {b: [0.5]}\n"
    graph = gl.loads(leaves + "nodes: {h: x + b, y: batchnorm(h), L: sum(y * y)}")
    trace = gl.backward(gl.forward(graph, mode="eval"))
    assert np.all(trace["b"].grad > 1)
    assert dict(notes(without_noise(trace))) == {}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_what_float32_calls_cancelled_is_nothing_in_float64(seed: int) -> None:
    """The same run with a billion times finer a rounding: what is called 0 there is 0 beside its terms here."""
    coarse, fine = (without_noise(arrays(seed, dtype)) for dtype in ("float32", "float64"))
    for (i, k), found in coarse.cancelled.items():
        if k < 0:
            most = max(np.abs(fine.contributions[c][s]).max() for c, s in terms(fine, i))  # type: ignore[index]
            above = max(np.abs(fine.cotangents[c]).max() for c, _ in terms(fine, i))  # type: ignore[index]
            exact = np.abs(np.asarray(fine.cotangents[i])[found]).max()  # type: ignore[index]
            assert exact <= 1e-4 * max(most, above)


def terms(trace: gl.Trace, i: int) -> list[tuple[int, int]]:
    parts = trace.contributions or []
    return [(c, k) for c, k in trace.graph.consumers[i] if parts[c] is not None and parts[c][k] is not None]


def test_a_large_mean_does_not_make_a_gradient_nothing() -> None:
    """The deviations are exact there, however large the mean: by float64."""
    x = [[3100000.0, 2.0], [3100001.0, 5.0], [3100002.0, -1.0], [3100005.0, 4.0]]
    g = gl.Graph("far", dtype="float64")
    g.loss(gl.sum(gl.batchnorm(g.param("x", x), name="y") ** 3, name="L"))
    trace = run(g)
    v = np.asarray(x)
    hat = (v - v.mean(0)) / np.sqrt(v.var(0) + 1e-5)
    up = 3 * hat**2
    want = (up - up.mean(0) - hat * (up * hat).mean(0)) / np.sqrt(v.var(0) + 1e-5)
    assert without_noise(trace)["x"].grad == pytest.approx(want, rel=1e-6)
    assert np.all(without_noise(trace)["x"].grad != 0)
