import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from judge import call, infer, judge, pull

from graphlab.errors import ShapeError
from graphlab.formula import parse, show
from graphlab.ops import get

RNG = np.random.default_rng(9)
X = RNG.normal(size=(4, 2, 3))


@pytest.mark.parametrize("shape", [24, (24,), (-1,), (2, -1), (6, 4), (4, 1, 6), (-1, 3, 2)])
def test_reshape(shape):
    judge("reshape", X, shape=shape)


def test_reshape_to_and_from_a_scalar():
    judge("reshape", np.array([3.0]), shape=())
    judge("reshape", np.float64(3), shape=(1, 1))
    judge("reshape", np.zeros((0, 3)), shape=(3, 0))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((5, -1), "x is (4, 2, 3), 24 elements, and cannot be reshaped to (5, -1); keep their number"),
        ((5, 5), "x is (4, 2, 3), 24 elements, and cannot be reshaped to (5, 5); keep their number"),
        ((0, -1), "x is (4, 2, 3), 24 elements, and cannot be reshaped to (0, -1); keep their number"),
        ((-1, -1), "reshape to (-1, -1): sizes are 0 or more, and at most one is -1"),
        ((-2, 12), "reshape to (-2, 12): sizes are 0 or more, and at most one is -1"),
    ],
)
def test_a_reshape_that_does_not_fit(shape, text):
    with pytest.raises(ShapeError) as caught:
        infer("reshape", (4, 2, 3), shape=shape)
    assert str(caught.value) == text


def test_what_is_left_of_nothing_cannot_be_worked_out():
    with pytest.raises(ShapeError, match=r"x is \(0, 3\), 0 elements, and cannot be reshaped to \(0, -1\)"):
        infer("reshape", (0, 3), shape=(0, -1))


@pytest.mark.parametrize(("start", "shape"), [(1, (4, 6)), (0, (24,)), (2, (4, 2, 3)), (3, (4, 2, 3, 1)), (-2, (4, 6))])
def test_flatten_keeps_the_axes_before_start(start, shape):
    judge("flatten", X, start=start)
    assert infer("flatten", X.shape, start=start) == shape


def test_flatten_keeps_the_batch_by_default():
    assert infer("flatten", (4, 2, 3)) == (4, 6)
    assert infer("flatten", (4,)) == (4, 1)
    assert infer("flatten", (0, 2, 3)) == (0, 6)
    with pytest.raises(ShapeError, match="axis 1 does not exist: x has 0 axes"):
        infer("flatten", ())


@settings(max_examples=40, deadline=None)
@given(data=st.data(), shape=array_shapes(min_dims=0, max_dims=4, max_side=3))
def test_transpose_with_any_order(data, shape):
    order = data.draw(st.none() | st.permutations(range(len(shape))))
    x = RNG.normal(size=shape)
    judge("transpose", x, axes=order)
    np.testing.assert_array_equal(call("transpose", x, axes=order), np.transpose(x, order))


def test_transpose_counts_axes_from_the_end_too():
    assert infer("transpose", (4, 2, 3), axes=(-1, 0, 1)) == (3, 4, 2)
    judge("transpose", X, axes=(-1, 0, 1))


@pytest.mark.parametrize("axes", [(0, 1), (0, 1, 1), (0, 1, -1, 2)])
def test_transpose_names_each_axis_once(axes):
    with pytest.raises(ShapeError, match=r"transpose: axes=\[.*\] must name each of x's 3 axes once"):
        infer("transpose", (4, 2, 3), axes=axes)


def test_transpose_as_it_is_read():
    op = get("transpose")
    assert show(parse(op.formula_text(((2, 3),), {"axes": None}))) == "xᵀ"
    assert show(parse(op.formula_text(((4, 2, 3),), {"axes": (1, 2, 0)}))) == "transpose(x, axes=[1, 2, 0])"
    assert show(parse(op.local_texts(((4, 2, 3),), {"axes": (1, 2, 0)})["x"])) == "transpose(∂L/∂y, axes=[2, 0, 1])"


@settings(max_examples=40, deadline=None)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_broadcast_to_what_numpy_allows(shapes):
    judge("broadcast_to", RNG.normal(size=shapes.input_shapes[0]), shape=shapes.result_shape)


@pytest.mark.parametrize(
    ("x", "shape", "text"),
    [
        ((2, 3), (4, 3), "x is (2, 3) but the new shape is (4, 3); axis -2 is 2 and 4, which do not broadcast"),
        ((2, 3), (1, 3), "x is (2, 3) and does not broadcast to (1, 3): an axis of x is longer there"),
        ((2, 3), (3,), "x is (2, 3) and does not broadcast to (3,): an axis of x is longer there"),
        ((3,), (-1, 3), "broadcast_to (-1, 3): sizes are 0 or more"),
    ],
)
def test_a_shape_that_x_does_not_broadcast_to(x, shape, text):
    with pytest.raises(ShapeError) as caught:
        infer("broadcast_to", x, shape=shape)
    assert str(caught.value) == text


def test_the_gradient_of_a_broadcast_is_a_sum():
    np.testing.assert_array_equal(pull("broadcast_to", np.zeros((3, 1)), shape=(2, 3, 4))[0], np.full((3, 1), 8.0))
