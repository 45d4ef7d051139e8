import math

import numpy as np
import pytest
from judge import call, judge, pull

NAMES = ["exp", "log", "sqrt", "sin", "cos", "tan", "erf"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (0, 2)])
def test_values_rules_and_slopes(name, shape):
    judge(name, np.random.default_rng(2).uniform(0.2, 1.4, size=shape)[()])


@pytest.mark.parametrize("name", NAMES)
def test_the_value_is_that_of_the_mathematics_library(name):
    x = np.array([0.1, 0.7, 1.3])
    np.testing.assert_allclose(call(name, x), [getattr(math, name)(v) for v in x], rtol=1e-15)


def test_eps_stands_under_the_root():
    judge("sqrt", np.array([0.5, 1.0, 2.0]), eps=0.25)
    np.testing.assert_allclose(pull("sqrt", np.array([0.0]), eps=0.25)[0], [1.0])


def test_the_root_and_the_logarithm_at_zero():
    zero = np.array([0.0])
    np.testing.assert_array_equal(pull("sqrt", zero)[0], [np.inf])
    np.testing.assert_array_equal(call("log", zero), [-np.inf])
    np.testing.assert_array_equal(pull("log", zero)[0], [np.inf])


def test_below_zero_they_are_nan():
    assert np.isnan(call("log", np.array([-1.0]))[0]) and np.isnan(call("sqrt", np.array([-1.0]))[0])


def test_erf_of_a_literal_number_is_not_rounded():
    assert call("erf", 1) == math.erf(1)
