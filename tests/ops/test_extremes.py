"""Where 0 meets ∞, where an array is empty, and at the kinks: what is finite stays finite, and steps agree with it."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.engine.expand import expand


def gradient(text, **values):
    """The gradients of the sum of an expression."""
    g = gl.Graph()
    refs = {name: g.param(name, value) for name, value in values.items()}
    gl.sum(eval(text, {"gl": gl, **refs}), name="loss")
    return {name: gl.backward(gl.forward(g))[name].grad for name in values}


@pytest.mark.parametrize("x", [-1.0, [-1.0, -2.0]])
def test_an_infinite_gradient_stops_where_relu_is_flat(x):
    """√relu(x) is 0 for every x < 0, though the root's slope at 0 is ∞."""
    assert np.array_equal(gradient("gl.sqrt(gl.relu(x))", x=x)["x"], np.zeros(np.shape(x)))


def test_an_infinite_gradient_stops_where_hard_sigmoid_is_flat():
    assert gradient("gl.sqrt(gl.hard_sigmoid(x))", x=[-4.0, -5.0])["x"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("op", "x"), [("max", [0.0, -1.0]), ("min", [0.0, 1.0])])
def test_an_infinite_gradient_goes_to_the_extreme_alone(op, x):
    assert gradient(f"gl.sqrt(gl.{op}(x))", x=x)["x"].tolist() == [np.inf, 0.0]


def test_a_quotient_of_nothing_by_almost_nothing():
    """y = 0 / b is 0 around b = 1e-308, though 1/b overflows."""
    assert gradient("a / b", a=0.0, b=1e-309)["b"] == 0.0


@pytest.mark.parametrize(("x", "slope"), [(1e200, 1.0), (-1e200, 0.0), (1e308, 1.0), (12.0, 1.0)])
def test_gelu_is_straight_far_out(x, slope):
    assert gradient("gl.gelu(x, approximate='tanh')", x=x)["x"] == slope


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("a @ b", [(2, 0), (0, 3)]), ("a @ b", [(2, 3), (3, 0)]), ("a @ b", [(4, 2, 0), (0, 3)]),
        ("a @ b", [(0,), (0,)]),
        ("gl.affine(a, b, c)", [(2, 0), (0, 2), (2,)]), ("gl.affine(a, b, c)", [(2, 3, 0), (0, 2), (2,)]),
        ("gl.affine(a, b, c)", [(2, 3, 4), (4, 0), (0,)]), ("gl.affine(a, b, c)", [(4,), (4, 0), (0,)]),
    ],
)  # fmt: skip
def test_products_with_an_empty_axis_have_gradients(text, shapes):
    values = dict(zip("abc", map(np.ones, shapes), strict=False))
    grads = gradient(text, **values)
    assert {name: grad.shape for name, grad in grads.items()} == {name: v.shape for name, v in values.items()}
    rows = 6 if len(shapes[0]) == 3 else 2
    assert not any(grads[name].any() for name in "ab")
    assert "c" not in grads or grads["c"].size == 0 or grads["c"].tolist() == [rows, rows]


def steps_agree(graph, names):
    plain, unfolded = (gl.backward(gl.forward(g)) for g in (graph, expand(graph, ["all"])))
    for name in names:
        a, b = plain[name].grad, unfolded[name].grad
        assert (a is None) == (b is None), name
        assert a is None or np.allclose(a, b, rtol=1e-12, atol=1e-12), name
    assert np.allclose(plain["y"].value, unfolded["y"].value, rtol=1e-12, atol=1e-12)


def test_the_steps_of_hard_sigmoid_are_flat_at_its_kinks_too():
    g = gl.Graph()
    y = gl.hard_sigmoid(g.param("x", [-3.0, 3.0, -2.5, 2.5, -4.0, 4.0]), name="y")
    g.backward_from(y, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    steps_agree(g.freeze(), ["x"])


def test_the_steps_of_hinge_give_its_labels_no_gradient_either():
    g = gl.Graph()
    gl.hinge(g.param("x", [0.5, -2.0]), g.input("t", [1.0, -1.0]), name="y")
    steps_agree(g.freeze(), ["x", "t"])


def test_a_soft_label_0_leaves_a_masked_class_out():
    g = gl.Graph()
    x = g.param("x", [[0.0, -np.inf, 1.0], [5.0, 2.0, -np.inf]])
    gl.softmax_cross_entropy(x, g.input("t", [[0.5, 0.0, 0.5], [1.0, 0.0, 0.0]], grad=False), name="y")
    assert np.isfinite(gl.forward(g)["y"].value)
    steps_agree(g.freeze(), ["x"])


@pytest.mark.parametrize("op", ["mse", "mae"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_steps_of_a_loss_of_whole_numbers_end_in_a_float_too(op, dtype):
    g = gl.Graph(dtype=dtype)
    g.op(op, g.input("x", np.array([3, 5])), g.input("t", np.array([1, 6])), reduction="sum", name="y")
    plain, unfolded = gl.forward(g)["y"], gl.forward(expand(g, ["y"]))["y"]
    assert plain.dtype == unfolded.dtype == unfolded.value.dtype.name == dtype
    assert plain.value == unfolded.value


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("text", "values", "slopes"),
    [
        ("gl.relu(x)", {"x": [NAN, -1.0, 0.0, 1.0]}, {"x": [1, 0, 0, 1]}),
        ("gl.relu(x)", {"x": NAN}, {"x": 1}),
        ("gl.leaky_relu(x, slope=0.1)", {"x": [NAN, -1.0, 0.0, 1.0]}, {"x": [0.1, 0.1, 0.1, 1]}),
        ("gl.maximum(a, b)", {"a": [NAN, 1.0, NAN, 1.0, 2.0], "b": [1.0, NAN, NAN, 1.0, 1.0]},
         {"a": [1, 1, 1, 0.5, 1], "b": [1, 1, 1, 0.5, 0]}),
        ("gl.minimum(a, b)", {"a": [NAN, 1.0, NAN, 1.0, 2.0], "b": [1.0, NAN, NAN, 1.0, 1.0]},
         {"a": [1, 1, 1, 0.5, 0], "b": [1, 1, 1, 0.5, 1]}),
    ],
)  # fmt: skip
def test_the_gradient_passes_where_nan_does_as_in_pytorch(text, values, slopes):
    found = gradient(text, **values)
    assert {name: grad.tolist() for name, grad in found.items()} == slopes
    passed = {name: grad.tolist() for name, grad in gradient(f"{text} * {text}", **values).items()}
    assert all(np.isnan(np.ravel(grad)[0]) for grad in passed.values())


@pytest.mark.torch
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "maximum", "minimum"])
def test_pytorch_passes_the_same_gradient_at_nan(name):
    torch = pytest.importorskip("torch")
    theirs = {"leaky_relu": torch.nn.functional.leaky_relu}.get(name) or getattr(torch, name)
    values = [[NAN, 1.0, NAN, 1.0, 2.0, -1.0], [1.0, NAN, NAN, 1.0, 1.0, 0.0]][: 2 if name[0] == "m" else 1]
    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]
    theirs(*leaves).sum().backward()
    ours = gradient(f"gl.{name}({', '.join('ab'[: len(values)])})", **dict(zip("ab", values, strict=False)))
    assert [grad.tolist() for grad in ours.values()] == [leaf.grad.tolist() for leaf in leaves]


@pytest.mark.parametrize(("dtype", "x"), [("float64", 1e200), ("float64", -1e308), ("float32", 3e38)])
def test_the_steps_of_gelu_are_straight_far_out_too(dtype, x):
    g = gl.Graph(dtype=dtype)
    g.backward_from(gl.gelu(g.param("x", [x, 1.0]), approximate="tanh", name="y"), np.ones(2, dtype))
    found = gl.backward(gl.forward(expand(g.freeze(), ["all"])))
    assert (found["x"].grad[0], found["y"].value[0]) == ((1.0, np.float64(x).astype(dtype)) if x > 0 else (0.0, 0.0))
