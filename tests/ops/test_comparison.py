import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from judge import call, infer, judge, pull

from graphlab.errors import ModelError
from graphlab.ops import get

RELATIONS = {
    "greater": [False, False, True, False],
    "greater_equal": [False, True, True, False],
    "less": [True, False, False, False],
    "less_equal": [True, True, False, False],
    "equal": [False, True, False, False],
    "not_equal": [True, False, True, True],
}


@pytest.mark.parametrize("name", ["abs", "sign"])
@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (0, 2)])
def test_one_operand_away_from_zero(name, shape):
    rng = np.random.default_rng(3)
    judge(name, (rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1, 1], size=shape))[()])


def test_at_zero_the_absolute_value_and_the_sign_have_derivative_zero():
    zero = np.array([0.0, -0.0])
    np.testing.assert_array_equal(pull("abs", zero)[0], [0, 0])
    np.testing.assert_array_equal(pull("sign", zero)[0], [0, 0])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_operands_that_tie_have_half_the_gradient_each(name):
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    ga, gb = pull(name, a, b, g=np.array([10.0, 10.0, 10.0]))
    larger = [0, 5, 10]
    np.testing.assert_array_equal(ga, larger if name == "maximum" else larger[::-1])
    np.testing.assert_array_equal(ga + gb, [10, 10, 10])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_against_a_literal_number(name):
    x = np.array([-1.0, 0.0, 1.0], np.float32)
    assert call(name, x, 0.0).dtype == np.float32
    np.testing.assert_array_equal(pull(name, x, 0.0)[0], [0, 0.5, 1] if name == "maximum" else [1, 0.5, 0])


@pytest.mark.parametrize("bounds", [{"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}, {"min": -1, "max": 1}])
def test_clip_away_from_its_bounds(bounds):
    judge("clip", np.array([[-2.0, -0.7, 0.0], [0.2, 0.7, 2.0]]), **bounds)


def test_at_a_bound_clip_lets_the_gradient_through():
    x = np.array([-1.5, -1.0, 0.0, 1.0, 1.5])
    np.testing.assert_array_equal(pull("clip", x, min=-1, max=1)[0], [0, 1, 1, 1, 0])


def test_clip_without_a_bound_is_refused():
    with pytest.raises(ModelError, match=r"clip has no bound; give it min=, max= or both"):
        infer("clip", (3,))


@settings(max_examples=40, deadline=None)
@given(shapes=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3), seed=st.integers(0, 2**32 - 1))
def test_where_broadcasts_all_three(shapes, seed):
    rng = np.random.default_rng(seed)
    cond, a, b = (rng.normal(size=shape) for shape in shapes.input_shapes)
    judge("where", cond > 0, a, b)


def test_the_branch_not_taken_sends_zero_even_where_the_gradient_is_infinite():
    _, ga, gb = pull("where", np.array([True, False]), np.ones(2), np.ones(2), g=np.array([np.inf, np.nan]))
    np.testing.assert_array_equal(ga, [np.inf, 0])
    np.testing.assert_array_equal(gb, [0, np.nan])


def test_a_gradient_stops():
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(call("stop_gradient", x), x)
    assert pull("stop_gradient", x) == (None,)
    assert get("stop_gradient").nograd == ("x",)


@pytest.mark.parametrize("name", RELATIONS)
def test_comparisons_are_exact_and_false_for_nan(name):
    a, b = np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 2.0, 2.0, np.nan])
    assert call(name, a, b).tolist() == RELATIONS[name]
    assert call(name, a, b).dtype == bool
    assert pull(name, a, b, g=np.ones(4)) == (None, None)
    judge(name, a[:3, None], b[:3])


def test_choosing_leaves_whole_numbers_whole():
    x = np.array([1, -2])
    for value in (
        call("abs", x),
        call("sign", x),
        call("maximum", x, 0),
        call("clip", x, min=0),
        call("where", x, x, 0),
    ):
        assert value.dtype == int
