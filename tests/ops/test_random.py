"""Dropout: seeded, scaled, and out of the way in eval mode."""

import numpy as np
import pytest

import graphlab as gl
from graphlab import builder
from graphlab.engine import autodiff
from graphlab.errors import ModelError
from graphlab.explain.worked import backward_worked, forward_worked
from graphlab.ops import Context, get

DROPOUT = get("dropout")


def masked(rate, seed=0, dtype="float64", shape=(200, 50)):
    return DROPOUT.forward(Context("train", np.random.default_rng(seed)), np.ones(shape, dtype), rate=rate)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5, 0.9])
def test_the_rate_is_what_is_dropped_and_the_rest_is_scaled(rate):
    value, (mask,) = masked(rate)
    kept = 1 / (1 - rate)
    assert set(np.unique(value)) <= {0.0, kept}
    assert np.mean(value == 0) == pytest.approx(rate, abs=0.02)
    np.testing.assert_array_equal(value, mask)


def test_the_same_seed_gives_the_same_mask_in_either_precision():
    np.testing.assert_array_equal(masked(0.5)[0], masked(0.5)[0])
    np.testing.assert_array_equal(masked(0.5)[0], masked(0.5, dtype="float32")[0])
    assert (masked(0.5)[0] != masked(0.5, seed=1)[0]).any()


def test_eval_mode_is_the_identity_forwards_and_backwards():
    x, g = np.arange(3.0), np.array([1.0, -2.0, 3.0])
    value, residuals = DROPOUT.forward(Context("eval"), x, rate=0.5)
    np.testing.assert_array_equal(value, x)
    np.testing.assert_array_equal(DROPOUT.vjp(Context("eval"), g, (x,), value, residuals, rate=0.5)[0], g)


def test_each_mode_shows_what_it_does():
    graph = gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {d: 'dropout(x)', L: sum(d)}\nloss: L")
    shown = {}
    for mode in ("train", "eval"):
        trace = gl.backward(gl.forward(graph, mode=mode))
        shown[mode] = forward_worked(trace, 1).symbolic, backward_worked(trace, 1, 0).symbolic, trace.rule(1, 0)
    assert shown["train"] == ("x × mask", "∂L/∂d × mask", "upstream * mask")
    assert shown["eval"] == ("x", "∂L/∂d", "upstream")


def test_in_a_graph_the_mask_follows_seed_name_and_iteration():
    def values(seed=0, name="d", **run):
        g = builder.Graph(seed=seed)
        g.op("dropout", g.input("x", np.ones(64)), name=name, rate=0.5)
        return autodiff.forward(g, **run)[name].value.tolist()

    assert values() == values()
    others = [values(seed=1), values(name="e"), values(iteration=1), values(mode="eval")]
    assert all(other != values() for other in others)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_rate_outside_its_range_is_refused(rate):
    with pytest.raises(ModelError) as error:
        DROPOUT.shape((3,), rate=rate)
    assert str(error.value) == (
        f"dropout: rate is {rate} but must be at least 0 and below 1; it is the share that is dropped"
    )


def test_one_graph_runs_in_both_modes_in_turn():
    g = gl.Graph()
    gl.dropout(gl.batchnorm(g.input("x", np.arange(12.0).reshape(4, 3)), name="h"), name="y")
    graph = g.freeze()
    train, evaluated, again = (gl.forward(graph, mode=mode) for mode in ("train", "eval", "train"))
    assert np.array_equal(evaluated["y"].value, evaluated["h"].value)
    assert not np.array_equal(evaluated["h"].value, train["h"].value)
    assert (train["y"].value == 0).any() and np.array_equal(train["y"].value, again["y"].value)
