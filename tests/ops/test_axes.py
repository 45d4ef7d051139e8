"""Axes in any order, negative too, compared with numpy and with differences; and those that do not exist."""

import itertools

import numpy as np
import pytest
from judge import call, infer, judge

import graphlab as gl
from graphlab.errors import ShapeError

X = np.random.default_rng(12).permutation(24).reshape(2, 3, 4) / 7.0
ORDERS = [order for n in (1, 2, 3) for order in itertools.permutations(range(3), n)]
SIGNED = [tuple(a - 3 * (k % 2) for k, a in enumerate(order)) for order in ORDERS] + [
    tuple(a - 3 for a in order) for order in ORDERS
]
NUMPY = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "var": np.var}
VECTORS = np.random.default_rng(13).uniform(0.5, 2.0, size=(4, 4))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", NUMPY)
def test_reductions_over_axes_in_any_order(name, keepdims):
    for axis in [*ORDERS, *SIGNED, -1, -3, 1]:
        got = call(name, X, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(got, NUMPY[name](X, axis=axis, keepdims=keepdims), rtol=1e-14)
        assert infer(name, X.shape, axis=axis, keepdims=keepdims) == got.shape


@pytest.mark.parametrize("axis", [(2, 0), (-1, 0), (0, -2), (-1, -3, 1), (2, 1, 0), -2])
@pytest.mark.parametrize("name", NUMPY)
def test_their_gradients_and_rules(name, axis):
    judge(name, X, axis=axis, keepdims=False)
    judge(name, X, axis=axis, keepdims=True)


@pytest.mark.parametrize(
    "order", [*itertools.permutations(range(3)), (-1, 0, 1), (2, -3, 1), (-1, -2, -3), (0, -1, -2)]
)
def test_transposes(order):
    np.testing.assert_array_equal(call("transpose", X, axes=order), np.transpose(X, order))
    judge("transpose", X, axes=order)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_along_one_axis(axis):
    for name in ("softmax", "log_softmax"):
        judge(name, X, axis=axis)
    judge("concat", X, 2 * X, axis=axis)
    features = [vector[: X.shape[axis]] for vector in VECTORS]
    judge("batchnorm", X, *features, axis=axis)
    moved = call("batchnorm", np.moveaxis(X, axis, -1), *features)
    np.testing.assert_allclose(call("batchnorm", X, *features, axis=axis), np.moveaxis(moved, -1, axis), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2, -3, -4])
def test_stacks(axis):
    np.testing.assert_array_equal(call("stack", X, 2 * X, axis=axis), np.stack([X, 2 * X], axis=axis))
    judge("stack", X, 2 * X, axis=axis)


@pytest.mark.parametrize("start", [0, 1, 2, 3, -1, -2, -3])
def test_flattened_from_an_axis_on(start):
    judge("flatten", X, start=start)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        *((n, {"axis": axis}, "names an axis twice") for n in NUMPY for axis in ((0, 0), (1, -2), (2, 0, -1))),
        *((n, {"axis": axis}, "does not exist: x has 3 axes") for n in NUMPY for axis in (3, -4, (0, 3), (1, -4))),
        ("transpose", {"axes": (0, 1, 1)}, "must name each of x's 3 axes once"),
        ("transpose", {"axes": (0, -1, 2)}, "must name each of x's 3 axes once"),
        ("transpose", {"axes": (0, 1)}, "must name each of x's 3 axes once"),
        ("transpose", {"axes": (0, 1, 3)}, "axis 3 does not exist"),
        *((n, {"axis": axis}, "does not exist") for n in ("softmax", "log_softmax", "concat") for axis in (3, -4)),
        *(("stack", {"axis": axis}, "does not exist: the result has 4 axes") for axis in (4, -5)),
        *(("flatten", {"start": start}, "does not exist") for start in (4, -4)),
    ],
)  # fmt: skip
def test_axes_that_are_not_there_or_named_twice(name, given, message):
    with pytest.raises(ShapeError, match=message):
        infer(name, X.shape, **given)


@pytest.mark.parametrize("axis", [3, -4])
def test_batchnorm_says_so_too(axis):
    with pytest.raises(ShapeError, match=f"axis {axis} does not exist: x has 3 axes"):
        infer("batchnorm", X.shape, *[(4,)] * 4, axis=axis)


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("name", ["softmax_cross_entropy", "cross_entropy", "nll"])
def test_losses_of_what_a_transpose_gave(name, order):
    g = gl.Graph()
    x = g.param("x", X)
    y = gl.transpose(x, axes=order)
    before = {"cross_entropy": gl.softmax, "nll": gl.log_softmax}.get(name)
    shape = tuple(X.shape[a] for a in order)
    labels = np.random.default_rng(5).integers(0, shape[-1], size=shape[:-1])
    getattr(gl, name)(before(y) if before else y, g.input("t", labels), name="L")
    assert gl.check_gradients(g).ok
    p = np.exp(np.transpose(X, order))
    p /= p.sum(axis=-1, keepdims=True)
    expected = np.transpose((p - np.eye(shape[-1])[labels]) / labels.size, np.argsort(order))
    np.testing.assert_allclose(gl.backward(gl.forward(g))["x"].grad, expected, rtol=1e-10, atol=1e-12)
