"""What the activations say at their kinks and far out, fused and step by step."""

import numpy as np
import pytest
from contract import case_of, run

from graphlab import builder
from graphlab.engine import autodiff
from graphlab.engine.expand import expand
from graphlab.errors import ShapeError
from graphlab.ops import check_attrs, get

FAR = np.array([-1000.0, -720.0, -100.0, -40.0, -5.0, -1.0, 0.0, 1.0, 5.0, 40.0, 100.0, 720.0, 1000.0])
UNFOLDED = [
    "sigmoid",
    "tanh",
    "silu",
    "softplus",
    "gelu",
    "hard_sigmoid",
    "hardswish",
    "relu6",
    "selu",
    "softmax",
    "log_softmax",
]


def value_and_slope(name, x, **given):
    """The value and the derivative, element by element, through a graph."""
    op = get(name)
    x = np.asarray(x, dtype=float)
    context = case_of(op).context()
    value, residuals = op.forward(context, x, **check_attrs(op, given))
    return value, op.vjp(context, np.ones(x.shape), (x,), value, residuals, **check_attrs(op, given))[0]


@pytest.mark.parametrize(
    ("name", "given", "at_zero"),
    [
        ("relu", {}, 0.0),
        ("leaky_relu", {"slope": 0.2}, 0.2),
        ("elu", {"alpha": 0.7}, 0.7),
        ("selu", {}, 1.7580993408473766),
        ("sigmoid", {}, 0.25),
        ("tanh", {}, 1.0),
        ("softplus", {}, 0.5),
        ("silu", {}, 0.5),
        ("gelu", {}, 0.5),
        ("gelu", {"approximate": "tanh"}, 0.5),
        ("hard_sigmoid", {}, 1 / 6),
        ("relu6", {}, 0.0),
        ("hardswish", {}, 0.5),
    ],
)
def test_the_derivative_at_zero(name, given, at_zero):
    assert float(value_and_slope(name, [0.0], **given)[1][0]) == pytest.approx(at_zero, abs=1e-15)


def test_hard_sigmoid_is_flat_at_its_kinks():
    value, slope = value_and_slope("hard_sigmoid", [-3.0, 3.0])
    assert value.tolist() == [0.0, 1.0]
    assert slope.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("sigmoid", (0.0, 0.0), (1.0, 0.0)),
        ("tanh", (-1.0, 0.0), (1.0, 0.0)),
        ("softplus", (0.0, 0.0), (1000.0, 1.0)),
        ("silu", (0.0, 0.0), (1000.0, 1.0)),
        ("gelu", (0.0, 0.0), (1000.0, 1.0)),
        ("elu", (-1.0, 0.0), (1000.0, 1.0)),
        ("hard_sigmoid", (0.0, 0.0), (1.0, 0.0)),
        ("relu", (0.0, 0.0), (1000.0, 1.0)),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_far_out_nothing_overflows(name, left, right, dtype):
    op = get(name)
    attrs = check_attrs(op, {})
    x = np.array([-1000.0, 1000.0], dtype)
    value, residuals = op.forward(case_of(op).context(), x, **attrs)  # numpy's warnings are errors here
    (slope,) = op.vjp(case_of(op).context(), np.ones(2, dtype), (x,), value, residuals, **attrs)
    assert value.dtype == slope.dtype == dtype
    assert list(zip(value.tolist(), slope.tolist(), strict=True)) == [left, right]


def test_sigmoid_is_exact_where_its_complement_is_tiny():
    assert value_and_slope("sigmoid", [-40.0])[0][0] == pytest.approx(np.exp(-40.0), rel=1e-15)
    assert value_and_slope("softplus", [-40.0])[0][0] == pytest.approx(np.exp(-40.0), rel=1e-15)


@pytest.mark.parametrize("depth", ["y", "all"])
@pytest.mark.parametrize("name", UNFOLDED)
def test_the_steps_are_the_stable_ones(name, depth):
    case = case_of(get(name), (FAR,), {})
    fused, steps = run(case), run(case, [depth])
    # the terms here are 1 and y, as in 1 − y: 1e-15 of them is a rounding
    np.testing.assert_allclose(steps["y"].value, fused["y"].value, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(steps["in0"].grad, fused["in0"].grad, rtol=1e-13, atol=1e-15)
    assert np.isfinite(steps["in0"].grad).all()
    assert np.isfinite(steps["y"].value).all()


def test_sigmoid_unfolds_into_the_textbook_steps_and_a_bound():
    steps = run(case_of(get("sigmoid")), ["y"])
    assert [node.name for node in steps.graph.nodes] == ["in0", "y.bounded", "y.neg", "y.exp", "y.sum", "y"]


def test_the_steps_of_sigmoid_are_stable_in_float32_too():
    g = builder.Graph(dtype="float32")
    y = g.op("sigmoid", g.input("x", [-1000.0, -100.0, 0.0, 1000.0]), name="y")
    g.backward_from(y, np.ones(4))
    steps = autodiff.backward(autodiff.forward(expand(g, ["y"])))
    np.testing.assert_allclose(steps["y"].value, [0, 0, 0.5, 1], atol=1e-38)
    np.testing.assert_allclose(steps["x"].grad, [0, 0, 0.25, 0], atol=1e-38)


def test_softmax_of_equal_and_of_huge_logits():
    assert value_and_slope("softmax", [[1000.0, 1000.0], [-1000.0, -1000.0]])[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert value_and_slope("log_softmax", [[0.0, 2000.0]])[0].tolist() == [[-2000.0, 0.0]]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_sums_to_one_along_its_axis(axis):
    value, slope = value_and_slope("softmax", np.random.default_rng(0).normal(size=(3, 4)), axis=axis)
    np.testing.assert_allclose(value.sum(axis=axis), 1.0, rtol=1e-15)
    np.testing.assert_allclose(slope, 0.0, atol=1e-15)  # a gradient of all ones changes no share


@pytest.mark.parametrize(
    ("shape", "axis", "message"),
    [
        ((2, 3), 2, "axis 2 does not exist: x has 2 axes"),
        ((), -1, "axis -1 does not exist: x has 0 axes"),
        ((2, 0), -1, "x is (2, 0): there is nothing along axis -1; use a non-empty x"),
    ],
)
def test_softmax_needs_its_axis(shape, axis, message):
    for name in ("softmax", "log_softmax"):
        with pytest.raises(ShapeError) as error:
            get(name).shape(shape, axis=axis)
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "x", "values", "slopes"),
    [
        ("relu6", [-1.0, 0.0, 6.0, 7.0, 5.5], [0.0, 0.0, 6.0, 6.0, 5.5], [0.0, 0.0, 0.0, 0.0, 1.0]),
        ("hardswish", [-4.0, -3.0, 3.0, 4.0, 1.5], [0.0, 0.0, 3.0, 4.0, 1.125], [0.0, 0.0, 1.0, 1.0, 1.0]),
    ],
)
def test_straight_lines_and_their_kinks(name, x, values, slopes):
    for unfolded in (False, True):
        g = builder.Graph()
        y = g.op(name, g.param("x", x), name="y")
        g.backward_from(y, np.ones(len(x)))
        graph = expand(g, ["all"]) if unfolded else g.freeze()
        trace = autodiff.backward(autodiff.forward(graph))
        np.testing.assert_allclose(trace["y"].value, values, atol=1e-15)
        np.testing.assert_allclose(trace["x"].grad, slopes, atol=1e-15)
