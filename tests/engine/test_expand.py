"""Unfolding keeps what stays: names, values, gradients."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.engine.expand import expand, expand_trace
from graphlab.errors import ModelError


def net():
    g = gl.Graph("net")
    rng = np.random.default_rng(5)
    x, t = g.input("x", rng.normal(size=(5, 3))), g.input("t", np.array([0, 1, 1, 0, 1]))
    with g.scope("hidden"):
        h = gl.gelu(gl.batchnorm(gl.affine(x, units=4, name="fc"), name="bn"), name="act")
    gl.softmax_cross_entropy(gl.affine(h, units=2, name="logits"), t, name="E")
    return g


def magnitude(trace, name):
    terms = [np.abs(c.value) for c in trace[name].contributions] or [np.ones(())]
    return max(float(np.max(sum(terms))), float(np.max(np.abs(trace[name].grad))), 1e-3)


@pytest.mark.parametrize("names", [["hidden.bn"], ["affine"], ["E"], ["hidden.act"], ["all"]])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_values_and_gradients_of_what_stays_are_the_same(names, mode):
    trace = gl.backward(gl.forward(net(), mode=mode))
    unfolded = expand_trace(trace, names)
    assert len(unfolded.graph) > len([n for n in trace.graph.nodes if n.op != "state"]) or mode == "eval"
    for node in trace.graph.nodes:
        if node.op == "state":
            continue
        np.testing.assert_allclose(unfolded[node.name].value, trace[node.name].value, rtol=1e-12, atol=1e-13)
        if trace[node.name].grad is not None:
            bound = 1e-12 * max(magnitude(trace, node.name), magnitude(unfolded, node.name))
            assert np.max(np.abs(unfolded[node.name].grad - trace[node.name].grad)) <= bound, node.name


def test_batchnorm_becomes_nine_nodes_and_the_last_keeps_its_name():
    graph = expand(net(), ["hidden.bn"])
    steps = [node.name for node in graph.nodes if node.scope == "hidden.bn" and not node.is_leaf]
    assert steps == [f"hidden.bn.{s}" for s in ("mu", "xmu", "sq", "var", "sqrtvar", "ivar", "xhat", "gammax")] + [
        "hidden.bn"
    ]
    assert graph["hidden.bn.gamma"].scope == "hidden.bn"
    assert graph.target == "E"


def test_all_goes_down_to_the_bottom():
    from graphlab.ops import get

    assert not any(get(node.op).expand for node in expand(net(), ["all"]).nodes)


def test_unknown_names_say_what_could_be_expanded():
    with pytest.raises(ModelError, match=r"no node or op 'batchnrm' to expand \(did you mean 'batchnorm'\?\)"):
        expand(net(), ["batchnrm"])
    with pytest.raises(ModelError, match="input 'x' is not made of smaller steps"):
        expand(net(), ["x"])


def test_a_name_already_taken_is_avoided():
    g = gl.Graph("taken")
    x = g.param("x", [1.0, 2.0])
    with g.scope("h"):
        g.param("neg", [3.0, 4.0])
    gl.sum(gl.sigmoid(x, name="h") * 1.0)
    names = [node.name for node in expand(g, ["h"]).nodes]
    assert len(set(names)) == len(names)


def test_seed_upstream_gradient_and_loss_stay():
    g = gl.Graph("net", seed=7)
    x = g.input("x", np.ones((4, 3)))
    means, variances = g.input("m", np.zeros(3)), g.input("v", np.ones(3))
    h = gl.batchnorm(x, g.param("gamma", np.ones(3)), g.param("beta", np.zeros(3)), means, variances, name="bn")
    y = gl.sum(gl.tanh(gl.affine(h, units=2, name="fc")), name="y")
    graph = g.freeze()
    unfolded = expand(graph, ["all"])
    assert (unfolded.random_seed, unfolded.target) == (7, "y")  # though m and v now lead nowhere
    assert np.array_equal(unfolded.initial_state()["fc.W"], graph.initial_state()["fc.W"])
    g.backward_from(y, -3.0)
    assert gl.backward(gl.forward(expand(g, ["bn"])))["y"].grad == -3.0


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
@pytest.mark.parametrize("role", ["input", "param"])
def test_running_statistics_get_no_gradient_unfolded_either(shape, role):
    g = gl.Graph()
    rng = np.random.default_rng(3)
    x = g.param("x", rng.normal(size=shape))
    mean, var = (getattr(g, role)(name, rng.uniform(0.5, 2.0, size=3)) for name in ("m", "v"))
    gamma, beta = g.param("gamma", rng.normal(size=3)), g.param("beta", rng.normal(size=3))
    gl.sum(gl.square(gl.batchnorm(x, gamma, beta, mean, var, axis=1, name="bn")))
    trace = gl.backward(gl.forward(g, mode="eval"))
    unfolded = expand_trace(trace, ["bn"])
    assert [(t["m"].grad, t["v"].grad) for t in (trace, unfolded)] == [(None, None)] * 2
    for name in ("x", "gamma", "beta"):
        np.testing.assert_allclose(unfolded[name].grad, trace[name].grad, rtol=1e-12, atol=1e-13)
