"""Gradients that are 0 but for rounding: made 0, and no other is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import graphlab as gl
from graphlab.explain.rounding import without_noise
from graphlab.handout.variants import variant

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))


def run(text: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}")))


def test_noise_that_is_sent_on_is_noise() -> None:
    """With two examples the gradient before a normalisation is 0 itself, and so is all that comes of it."""
    text = (
        'params: {x: [[0.1], [0.7]], w: [[0.3]]}\nnodes: {h: x @ w, b: "batchnorm(h, eps=0)", L: sum(b * b)}\nloss: L'
    )
    trace = run(text)
    clean = without_noise(trace)
    for name in ("h", "w", "x"):
        assert np.max(np.abs(trace[name].grad)) < 1e-14
        assert not np.any(clean[name].grad)


def test_a_small_product_is_a_number() -> None:
    trace = run(
        'params: {x: 30}\nnodes: {a: sigmoid(-x), b: a * a * 1e-30, c: "[1e-200, 2e-200] * b", L: sum(c)}\nloss: L'
    )
    clean = without_noise(trace)
    assert 0 < abs(float(clean["x"].grad)) < 1e-200
    assert clean["x"].grad == trace["x"].grad


def test_infinite_and_missing_gradients_stay() -> None:
    trace = run("params: {x: [0, 1]}\nnodes: {L: sum(sqrt(x) - sqrt(x))}\nloss: L")
    assert np.isnan(without_noise(trace)["x"].grad[0])
    trace = run("params: {x: [0, 1]}\nnodes: {L: sum(sqrt(x))}\nloss: L")
    assert without_noise(trace)["x"].grad.tolist() == [np.inf, 0.5]


def test_what_is_no_noise_stays_bit_for_bit() -> None:
    for path in SAMPLES:
        if path.stem in ("digits", "mlp784"):
            continue
        trace = variant(gl.backward(gl.forward(gl.load(path))), 1)
        clean = without_noise(trace)
        for record in trace:
            if record.grad is not None and (path.stem, record.name) != ("affine_bn_relu", "b1"):
                assert np.array_equal(record.grad, clean[record.name].grad), (path.stem, record.name)
