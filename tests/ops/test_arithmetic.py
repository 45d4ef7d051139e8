import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from judge import call, infer, judge, pull

import graphlab as gl
from graphlab.errors import DataError, ShapeError

BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"]


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=25, deadline=None)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=st.integers(0, 2**32 - 1))
def test_two_operands_broadcast_as_numpy_and_the_chain_rule_sums_over_it(name, shapes, seed):
    rng = np.random.default_rng(seed)
    # two bands with a gap: no tie that a step of the differences could cross
    a, b = (
        rng.integers(0, 9, size=shape) / 4 + low for shape, low in zip(shapes.input_shapes, (0.5, 0.6), strict=True)
    )
    assert infer(name, a.shape, b.shape) == shapes.result_shape
    judge(name, a, b)


@pytest.mark.parametrize("name", ["neg", "square", "reciprocal"])
@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (0, 2)])
def test_one_operand(name, shape):
    judge(name, np.random.default_rng(1).uniform(0.5, 1.5, size=shape)[()])


@pytest.mark.parametrize("name", [*BINARY, "neg", "square"])
def test_whole_numbers_stay_whole_except_in_a_quotient(name):
    operands = (np.array([1, 2]),) * (2 if name in BINARY else 1)
    assert np.asarray(call(name, *operands)).dtype == (float if name == "div" else int)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow"])
def test_a_literal_number_does_not_widen_float32(name):
    x = np.array([1.5, 2.5], np.float32)
    for literal in (2, 2.0, 0.5):
        for primals in ((x, literal), (literal, x)):
            k = 0 if primals[0] is x else 1
            assert call(name, *primals).dtype == np.float32
            assert pull(name, *primals)[k].dtype == np.float32


def test_the_product_of_a_node_with_itself_has_two_contributions():
    assert pull("mul", np.float64(3), np.float64(3)) == (3, 3)


@pytest.mark.parametrize("name", ["mul", "div", "pow"])
def test_a_cotangent_nobody_wants_is_not_computed(name):
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    ga, gb = pull(name, a, b)
    np.testing.assert_array_equal(pull(name, a, b, needs=(True, False))[0], ga)
    assert pull(name, a, b, needs=(True, False))[1] is None
    np.testing.assert_array_equal(pull(name, a, b, needs=(False, True))[1], gb)


def test_shapes_that_do_not_broadcast_name_the_axis_and_both_sizes():
    with pytest.raises(ShapeError, match=r"a is \(2, 3\) but b is \(4,\); axis -1 is 3 and 4, which do not broadcast"):
        infer("add", (2, 3), (4,))


def test_dividing_by_zero_gives_infinity_or_nan():
    np.testing.assert_array_equal(call("div", np.array([1.0, -1.0, 0.0]), np.zeros(3)), [np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(call("reciprocal", np.array([0.0, -0.0])), [np.inf, -np.inf])


@pytest.mark.parametrize("b", [2, np.float64(2), np.array(2.0), np.full(3, 2.0)])
def test_a_power_with_a_negative_base_and_a_whole_exponent(b):
    x = np.array([-3.0, 0.0, 3.0])
    np.testing.assert_array_equal(call("pow", x, b), [9, 0, 9])
    np.testing.assert_array_equal(pull("pow", x, b)[0], [-6, 0, 6])


@pytest.mark.parametrize("b", [0, 0.0, np.array(0.0), np.zeros(2)])
def test_a_power_zero_is_flat_in_its_base_at_zero_too(b):
    np.testing.assert_array_equal(pull("pow", np.array([0.0, 2.0]), b)[0], [0, 0])


def test_the_exponent_has_derivative_zero_where_the_base_is_zero_and_the_power_finite():
    a, b = np.zeros(3), np.array([2.0, 0.0, -1.0])
    np.testing.assert_array_equal(pull("pow", a, b)[1], [0, 0, -np.inf])


def test_the_exponent_of_a_negative_base_has_no_derivative():
    a, b = np.array([-2.0, 2.0]), np.array([3.0, 3.0])
    ga, gb = pull("pow", a, b)
    np.testing.assert_array_equal(ga, [12, 12])
    np.testing.assert_array_equal(np.isnan(gb), [True, False])


def test_a_power_of_a_literal_base():
    np.testing.assert_allclose(pull("pow", 2, np.array([1.0, 3.0]))[1], [2 * np.log(2), 8 * np.log(2)], rtol=1e-15)


def test_a_whole_number_to_a_negative_power_is_refused():
    with pytest.raises(
        DataError, match=r"pow: a whole number to a negative power is no whole number; write the base as a"
    ):
        call("pow", np.array([1, 2]), np.array([-1, -1]))


POWERS = "graphlab: 1\nparams: {x: [-2, -0.5, 3], n: [3, -2, 4]}\nnodes: {y: %s, L: sum(y)}\n"


@pytest.mark.parametrize(
    ("power", "value", "slope"),
    [
        ("x ** 5", lambda x: x**5, lambda x: 5 * x**4),
        ("x ** 5.0", lambda x: x**5, lambda x: 5 * x**4),
        ("x ** -3", lambda x: 1 / x**3, lambda x: -3 / x**4),
        ("x ** n", lambda x: x ** np.array([3, -2, 4]), lambda x: np.array([3 * 4.0, -2 / -0.125, 4 * 27.0])),
    ],
)
def test_a_negative_base_in_a_model_has_whole_powers(power, value, slope):
    graph = gl.loads(POWERS % power)
    trace = gl.backward(gl.forward(graph))
    x = np.array([-2.0, -0.5, 3.0])
    np.testing.assert_allclose(trace["y"].value, value(x), rtol=1e-14)
    np.testing.assert_allclose(trace["x"].grad, slope(x), rtol=1e-14)
    checked = {check.slot: check for check in gl.check_gradients(graph).of("y")}
    assert (checked["a"].status, checked["a"].checked, checked["a"].undefined) == ("ok", 3, 0)
    if power == "x ** n":  # no number beside a whole exponent has a power
        np.testing.assert_array_equal(np.isnan(trace["n"].grad), [True, True, False])
        birth = gl.blame(trace).birth
        assert (birth.node, birth.to, birth.elements[0].inputs["x"]) == ("y", "n", -2.0)
    else:
        assert trace["n"].grad is None and gl.blame(trace).birth is None


def test_any_other_power_of_a_negative_base_is_nan_and_blame_shows_base_and_exponent():
    trace = gl.backward(gl.forward(gl.loads(POWERS % "x ** 1.5")))
    np.testing.assert_array_equal(np.isnan(trace["y"].value), [True, True, False])
    birth = gl.blame(trace, "x").birth
    assert (birth.node, birth.phase, birth.count) == ("y", "forward", 2)
    assert birth.elements[0].inputs == {"x": -2.0}
    assert birth.rule == "x^1.5"
