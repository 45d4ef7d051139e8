import numpy as np
import pytest
from contract import case_of, check_expansion
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes
from judge import call, infer, judge, pull

from graphlab.errors import ShapeError
from graphlab.ops import get

NAMES = ["sum", "mean", "max", "min", "var"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), shape=array_shapes(min_dims=0, max_dims=3, max_side=3), keepdims=st.booleans())
def test_over_any_axes(name, data, shape, keepdims):
    ndim = len(shape)
    one = st.integers(-ndim, ndim - 1) if ndim else st.nothing()
    axis = data.draw(st.none() | one | st.lists(st.integers(0, max(ndim - 1, 0)), max_size=ndim, unique=True))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = (rng.permutation(int(np.prod(shape))).reshape(shape) / 4)[()]  # no two alike
    judge(name, x, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_var_with_ddof(axis):
    x = np.random.default_rng(8).normal(size=(4, 3))
    judge("var", x, axis=axis, ddof=1)
    assert check_expansion(case_of(get("var"), (x,), {"axis": axis, "ddof": 1})) == []
    np.testing.assert_allclose(call("var", x, axis=axis, ddof=1), np.var(x, axis=axis, ddof=1), rtol=1e-14)


def test_var_that_divides_by_zero_is_nan():
    assert np.isnan(call("var", np.array([5.0]), ddof=1))
    assert np.isnan(pull("var", np.array([5.0]), ddof=1)[0]).all()
    with pytest.raises(ShapeError, match=r"var divides by n − ddof, but n is 1 and ddof is 2; lower ddof"):
        infer("var", (1,), ddof=2)


@pytest.mark.parametrize("name", ["max", "min"])
def test_elements_that_tie_share_the_gradient_equally(name):
    x = np.array([[1.0, 5.0, 5.0], [5.0, 5.0, 5.0]]) * (1 if name == "max" else -1)
    np.testing.assert_allclose(pull(name, x, axis=1, g=np.array([6.0, 6.0]))[0], [[0, 3, 3], [2, 2, 2]])
    np.testing.assert_allclose(pull(name, x, g=np.float64(10))[0], [[0, 2, 2], [2, 2, 2]])


def test_whole_numbers():
    x = np.array([1, 2, 4])
    assert [call(name, x).dtype.kind for name in NAMES] == ["i", "f", "i", "i", "f"]
    assert call("mean", x) == 7 / 3


def test_of_nothing():
    empty = np.zeros((0, 3))
    np.testing.assert_array_equal(call("sum", empty, axis=0), [0, 0, 0])
    assert np.isnan(call("mean", empty, axis=0)).all()
    assert infer("max", (0, 3), axis=1) == (0,)
    for name in ("max", "min"):
        with pytest.raises(
            ShapeError, match=rf"{name}: axis 0 of x, shape \(0, 3\), has no elements, so there is no {name}"
        ):
            infer(name, (0, 3), axis=0)
        with pytest.raises(ShapeError, match="has no elements"):
            infer(name, (0, 3))


@pytest.mark.parametrize("name", NAMES)
def test_an_axis_that_is_not_there_is_named(name):
    with pytest.raises(ShapeError, match="axis 2 does not exist: x has 2 axes"):
        infer(name, (4, 3), axis=2)
    with pytest.raises(ShapeError, match="axis -3 does not exist: x has 2 axes"):
        infer(name, (4, 3), axis=[0, -3])
    with pytest.raises(ShapeError, match=r"axis=\[1, -1\] names an axis twice; name each once"):
        infer(name, (4, 3), axis=[1, -1])


@pytest.mark.parametrize("name", ["max", "min", "mean"])
def test_nan_stays_nan(name):
    assert np.isnan(call(name, np.array([1.0, np.nan, 2.0])))
