"""The chain rule: what is recorded, edge by edge, and what is refused."""

import numpy as np
import pytest
from small_graphs import mixed, run, same_sum

import graphlab as gl
from graphlab.errors import DataError, LossError


def test_the_same_node_twice_sends_two_contributions():
    g = gl.Graph()
    x = g.param("x", 3.0)
    gl.mul(x, x, name="y")
    record = run(g)["x"]
    assert [(c.consumer, c.slot, float(c.value)) for c in record.contributions] == [("y", "a", 3.0), ("y", "b", 3.0)]
    assert float(record.grad) == 6.0


def test_fan_out_accumulates_in_the_order_that_is_told():
    g = gl.Graph()
    x = g.param("x", [0.1, 0.7])
    branches = [gl.sin(x, name="s"), gl.mul(x, x, name="m"), gl.exp(x, name="e"), gl.stack(x, x, name="st", axis=0)]
    total = gl.sum(branches[0])
    for branch in branches[1:]:
        total = total + gl.sum(branch)
    record = run(g)["x"]
    terms = [c.value for c in record.contributions]
    assert [(c.consumer, c.slot) for c in record.contributions] == [
        ("st", "xs0"), ("st", "xs1"), ("e", "x"), ("m", "a"), ("m", "b"), ("s", "x"),
    ]  # fmt: skip
    running = terms[0]
    for term in terms[1:]:
        running = running + term
    assert running.tolist() == record.grad.tolist()
    np.testing.assert_allclose(record.grad, np.cos([0.1, 0.7]) + np.array([0.2, 1.4]) + np.exp([0.1, 0.7]) + 2)


def test_contributions_add_up_everywhere():
    trace = run(mixed())
    for record in trace:
        if record.grad is None:
            assert record.contributions == ()
        elif record.name != trace.graph.target:
            assert same_sum([c.value for c in record.contributions], record.grad)
            assert all(c.value.shape == record.shape for c in record.contributions)


def test_what_the_loss_does_not_reach_has_no_gradient():
    g = gl.Graph()
    x, other = g.param("x", [1.0, 2.0]), g.param("other", [1.0, 2.0])
    gl.exp(other, name="side")
    g.loss(gl.sum(x * 2.0, name="loss"))
    trace = run(g)
    assert {r.name: r.grad is None for r in trace} == {
        "x": False, "other": True, "side": True, "mul1": False, "loss": False,
    }  # fmt: skip
    assert trace["other"].contributions == ()


def test_before_backward_there_is_no_gradient():
    trace = gl.forward(mixed())
    assert all(record.grad is None and record.contributions == () for record in trace)
    assert not trace.has_gradients


def test_who_never_has_a_gradient():
    g = gl.Graph()
    x = g.input("x", [1.0, 2.0])
    frozen = g.input("frozen", [1.0, 2.0], grad=False)
    state = g.state("state", [1.0, 2.0])
    constant = g.constant([3.0, 4.0], "constant")
    table = g.param("table", [[1.0, 2.0], [3.0, 4.0]])
    index = g.input("index", np.array([0, 1]))
    stopped = gl.stop_gradient(x * 2.0, name="stopped")
    rows = gl.embedding(index, table, name="rows")
    gl.sum(rows * (x * frozen * state * constant + stopped) + 1, name="loss")
    trace = run(g)
    without = {record.name for record in trace if record.grad is None}
    assert without == {"frozen", "state", "constant", "index", "mul1"}
    fixed = trace["frozen"].value * trace["state"].value * trace["constant"].value
    assert trace["x"].grad.tolist() == (trace["table"].value.sum(axis=0) * fixed).tolist()
    consumers = {c.consumer for record in trace for c in record.contributions if record.name in without}
    assert consumers == set()


def test_integers_and_comparisons_have_no_gradient():
    g = gl.Graph()
    n, x = g.input("n", np.array([2, 3])), g.param("x", [1.5, -2.0])
    gl.sum(gl.where(x > 0, x * n, n + x, name="w") + (n * n), name="loss")
    trace = run(g)
    assert {r.name for r in trace if r.grad is None} == {"n", "greater1", "mul2"}
    assert trace["mul2"].dtype == "int64"
    assert trace["x"].grad.tolist() == [2.0, 1.0]


def test_a_frozen_parameter_has_a_gradient():
    g = gl.Graph()
    w = g.param("w", [2.0], trainable=False)
    gl.sum(w * w)
    assert run(g)["w"].grad.tolist() == [4.0]


@pytest.mark.parametrize("shape", [(3,), (1, 3), (4, 1), (1, 1), (), (1,), (4, 3)])
@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "pow", "maximum"])
def test_a_broadcast_operand_gets_its_own_shape_back(op, shape):
    rng = np.random.default_rng(0)
    g = gl.Graph()
    a, b = g.param("a", rng.uniform(1, 2, (4, 3))), g.param("b", rng.uniform(0.5, 3, shape))
    weights = rng.normal(size=(4, 3))
    gl.sum(g.op(op, a, b, name="y") * weights)
    trace = run(g)
    assert trace["b"].grad.shape == shape
    whole = gl.Graph()
    b_whole = np.broadcast_to(g.nodes["b"].attrs["value"], (4, 3))
    gl.sum(whole.op(op, whole.param("a", g.nodes["a"].attrs["value"]), whole.param("b", b_whole)) * weights)
    full = run(whole)["b"].grad
    lead = tuple(range(2 - len(shape)))
    axes = lead + tuple(i for i in range(len(lead), 2) if shape[i - len(lead)] == 1)
    np.testing.assert_allclose(trace["b"].grad, full.sum(axis=axes, keepdims=True).reshape(shape), rtol=1e-12)


def test_backward_from_any_node_with_its_gradient_given():
    g = gl.Graph()
    W = g.param("W", [[1.0, 2.0], [3.0, 4.0]])
    out = gl.affine(g.input("x", [[1.0, -1.0]]), W, g.param("b", [0.0, 0.0]), name="out")
    gl.exp(out, name="after")
    g.backward_from(out, [[2.0, -3.0]])
    trace = run(g)
    assert trace["out"].grad.tolist() == [[2.0, -3.0]]
    assert trace["out"].contributions == ()
    assert trace["W"].grad.tolist() == [[2.0, -3.0], [-2.0, 3.0]]
    assert trace["after"].grad is None
    assert trace.loss is None


def test_a_given_gradient_fits_another_batch_only_if_its_shape_does():
    g = gl.Graph()
    out = gl.exp(g.input("x", [[1.0, 2.0]]), name="out")
    g.backward_from(out, [[1.0, 1.0]])
    with pytest.raises(LossError) as error:
        run(g, {"x": [[1.0, 2.0], [3.0, 4.0]]})
    assert str(error.value) == (
        "the gradient for 'out' is (1, 2) but the node is (2, 2); they must have the same shape"
    )  # fmt: skip


def no_end(g):
    x = g.param("x", 1.0)
    gl.sin(x)
    gl.cos(x)


def vector_end(g):
    g.loss(gl.exp(g.param("x", [1.0, 2.0]), name="y"))


def integer_end(g):
    gl.sum(g.input("n", np.array([1, 2])), name="y")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            no_end,
            "there is no loss: several nodes, or none, are left unused; say which scalar it is with `loss: NAME`, or "
            "give an upstream gradient with `backward: {node: NAME, gradient: [...]}`",
        ),
        (
            vector_end,
            "the loss 'y' has shape (2,) but must be a scalar; reduce it (sum, mean, a loss op) or give its upstream "
            "gradient with `backward:`",
        ),
        (integer_end, "the loss 'y' is int64, which has no gradient"),
    ],
)
def test_without_a_loss(make, message):
    g = gl.Graph()
    make(g)
    trace = gl.forward(g)
    with pytest.raises(LossError) as error:
        gl.backward(trace)
    assert str(error.value) == message


def test_a_loss_of_one_element_is_a_scalar():
    g = gl.Graph()
    g.loss(gl.exp(g.param("x", [[1.0]]), name="y"))
    trace = run(g)
    assert trace["x"].grad.shape == (1, 1)
    assert trace.loss == pytest.approx(np.e)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: gl.sum(x, name="y"), "sum 'y'"),
        (lambda x: gl.mul(x, x, name="y"), "mul 'y'"),
        (lambda x: gl.add(x, x, name="y"), "add 'y'"),
        (lambda x: gl.square(x, name="y"), "square 'y'"),
    ],
)
def test_whole_numbers_do_not_wrap_around(build, message):
    g = gl.Graph("large")
    build(g.input("x", np.array([2**62, 2**62])))
    with pytest.raises(DataError) as caught:
        gl.forward(g)
    assert str(caught.value).endswith(
        f"{message}: the result does not fit in int64: make an input a float (dtype: float64)"
    )


def test_whole_numbers_at_the_edge_are_no_error():
    g = gl.Graph("edge")
    x = g.input("x", np.array([2**63 - 1, -(2**63)]))
    gl.maximum(x, 1, name="y")
    gl.sum(x, name="s")
    trace = gl.forward(g)
    assert trace["y"].value.tolist() == [2**63 - 1, 1]
    assert trace["s"].value == -1
