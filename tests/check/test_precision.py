"""float32 beside float64: what an op loses is found, what rounding explains is not called wrong."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import graphlab as gl
from graphlab.check.gradients import Report, check_gradients
from graphlab.engine.expand import expand
from graphlab.ops import REGISTRY

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))
RNG = np.random.default_rng(21)


def as_float32(graph):
    """The same model with every float64 array narrowed."""

    def narrowed(node):
        if not node.is_leaf or node.attrs["dtype"] != "float64":
            return node
        value = {"value": np.float32(node.attrs["value"])} if "value" in node.attrs else {}
        return replace(node, attrs={**node.attrs, "dtype": "float32", **value})

    start = graph.backward_gradient
    start = None if start is None else np.float32(start)
    return replace(graph, dtype="float32", nodes=tuple(map(narrowed, graph.nodes)), backward_gradient=start)


def precision(graph, mode="train"):
    """The comparison with float64 alone."""
    return check_gradients(graph, mode=mode, budget=0.0, end_to_end=False)


def lost(report: Report):
    return [(twin.node, twin.what) for twin in report.lost if twin.status == "wrong"]


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem != "mlp784"], ids=lambda path: path.stem)
def test_every_sample_is_sound_in_float32(path):
    graph = as_float32(gl.load(path))
    for mode in ("train", "eval"):
        report = precision(graph, mode)
        assert report.lost == ()
        assert {twin.what for twin in report.precision} == {"value", "grad"}


@pytest.mark.parametrize("name", [name for name, op in REGISTRY.items() if op.family != "leaf"])
def test_every_op_is_sound_in_float32(name):
    primals, attrs = REGISTRY[name].example(np.random.default_rng(3))
    g = gl.Graph(dtype="float32")
    refs = [
        g.param(f"p{k}", np.float32(x)) if x.dtype.kind == "f" else g.input(f"p{k}", x, dtype=x.dtype.name)
        for k, x in enumerate(map(np.asarray, primals))
    ]
    y = g.op(name, *refs, name="y", **attrs)
    if y.dtype == "float32" and y.shape:
        gl.sum(y * y, name="L")
    report = precision(g)
    assert report.lost == ()
    assert y.dtype != "float32" or report.precision


def test_float64_has_no_twin():
    g = gl.Graph()
    gl.sum(gl.exp(g.param("x", [1.0, 2.0])))
    assert check_gradients(g).precision == ()


def naive(ctx, x, gamma, beta, running_mean, running_var, axis, eps, momentum, mode):
    """batchnorm with all its sums in x's own dtype."""
    mu = x.sum(axis=0) / x.dtype.type(len(x))
    xhat = x - mu
    var = (xhat * xhat).sum(axis=0) / x.dtype.type(len(x))
    ivar = 1 / np.sqrt(var + x.dtype.type(eps))
    return xhat * ivar * gamma + beta, (mu, var, ivar, xhat * ivar, len(x))


def normalised(x):
    g = gl.Graph(dtype="float32")
    y = gl.batchnorm(g.param("x", np.float32(x)), name="y")
    gl.sum(y * y * y, name="L")
    return g


FAR = [
    RNG.normal(3e5, 2.0, size=(7, 2)),
    RNG.normal(2000.0, 0.05, size=(900, 3)),
    RNG.normal(9e6, 4.0, size=(6, 1)),
    np.full((7, 2), 1e6 + 0.1),
]


@pytest.mark.parametrize("x", FAR)
def test_a_batchnorm_that_adds_in_float32_is_found(x, monkeypatch):
    assert precision(normalised(x)).lost == ()
    monkeypatch.setattr(REGISTRY["batchnorm"], "forward", staticmethod(naive))
    report = precision(normalised(x))
    assert lost(report)[0] == ("y", "value")
    assert not report.ok
    assert {twin.status for twin in report.lost if twin.node != "y"} <= {"inherited"}


def test_the_differences_of_a_float64_copy_see_nothing_of_it(monkeypatch):
    monkeypatch.setattr(REGISTRY["batchnorm"], "forward", staticmethod(naive))
    report = check_gradients(normalised(FAR[0]))
    assert report.wrong == ()
    assert not report.ok


def test_a_batchnorm_that_adds_in_float32_is_silent_where_it_does_no_harm(monkeypatch):
    monkeypatch.setattr(REGISTRY["batchnorm"], "forward", staticmethod(naive))
    assert precision(normalised(RNG.normal(0.5, 1.0, size=(8, 2)))).lost == ()


@pytest.mark.parametrize("name", ["layernorm", "var", "mean"])
def test_other_ops_that_lose_digits_are_found(name, monkeypatch):
    op = REGISTRY[name]
    right = op.forward

    def forward(ctx, x, *rest, **attrs):
        return right(ctx, np.float16(x).astype(x.dtype) if x.dtype == np.float32 else x, *rest, **attrs)

    g = gl.Graph(dtype="float32")
    x = g.param("x", np.float32(RNG.normal(40.0, 1.0, size=(3, 6))))
    y = getattr(gl, name)(x, name="y", **({} if name == "layernorm" else {"axis": -1}))
    gl.sum(y * y, name="L")
    assert precision(g).lost == ()
    monkeypatch.setattr(op, "forward", staticmethod(forward))
    assert lost(precision(g))[0] == ("y", "value")


def test_a_wrong_float32_gradient_is_found(monkeypatch):
    op = REGISTRY["tanh"]

    def vjp(ctx, g, primals, value, residuals):
        slope = 1 - value * value
        return (g * (slope * 1.001 if value.dtype == np.float32 else slope),)

    monkeypatch.setattr(op, "vjp", staticmethod(vjp))
    g = gl.Graph(dtype="float32")
    gl.sum(gl.tanh(g.param("x", np.float32([0.3, -0.7])), name="y"), name="L")
    assert lost(precision(g)) == [("x", "grad")]


def overflowing():
    g = gl.Graph(dtype="float32")
    gl.sum(gl.exp(g.param("x", np.float32([1.0, 95.0])), name="y"), name="L")
    return g


def test_a_number_too_large_for_float32_is_found():
    (first, *_) = precision(overflowing()).lost
    assert (first.node, first.what, first.narrow, first.index) == ("y", "value", math.inf, (1,))
    assert first.wide == pytest.approx(math.exp(95.0), rel=1e-12)


def cancelling():
    g = gl.Graph(dtype="float32")
    x = g.param("x", np.float32(RNG.normal(size=(6, 4))))
    h = gl.affine(x, units=5, name="fc")
    gl.sum(gl.batchnorm(h, name="bn") ** 2, name="L")
    return g


def saturated():
    g = gl.Graph(dtype="float32")
    gl.mean(gl.sigmoid(g.param("x", np.float32([18.0, 25.0, -30.0])), name="y"), name="L")
    return g


def differences():
    g = gl.Graph(dtype="float32")
    a = g.param("a", np.float32(RNG.normal(size=7)))
    gl.sum((a * 1.1 - a) - a * 0.1, name="L")
    return g


def at_a_kink():
    g = gl.Graph(dtype="float32")
    a = g.param("a", np.float32([0.1, 0.7, 1.3]))
    gl.sum(gl.relu((a * 3.0 - a * 2.0) - a, name="r"), name="L")
    return g


@pytest.mark.parametrize("made", [cancelling, saturated, differences, at_a_kink])
def test_what_rounding_explains_is_not_called_wrong(made):
    report = precision(made())
    assert report.precision
    assert report.lost == ()


@pytest.mark.parametrize("x", FAR)
def test_the_steps_of_batchnorm_are_sound_too(x):
    plain, steps = (gl.forward(g)["y"].value for g in (normalised(x), expand(normalised(x).freeze(), ["y"])))
    np.testing.assert_allclose(steps, plain, rtol=1e-5, atol=1e-6)
    assert precision(expand(normalised(x).freeze(), ["y"])).lost == ()
