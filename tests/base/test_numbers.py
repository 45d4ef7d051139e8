"""How numbers, shapes and arrays are written."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphlab.base.numbers import MISSING, is_small, not_finite, number, shape_text, signed, summarise, summary_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-3.0, "-3"), (0.5, "0.5"), (2 / 3, "0.6667"), (1e-4, "0.0001"),
        (1.5e-9, "1.5e-9"), (123456.0, "123456"), (99999.6, "100000"), (1e6, "1e6"), (1.234e300, "1.234e300"),
        (5e-324, "4.941e-324"), (math.nan, "NaN"), (math.inf, "Inf"), (-math.inf, "-Inf"), (True, "true"),
        (np.bool_(False), "false"), (7, "7"), (np.int64(-7), "-7"), (2**70, str(2**70)), (np.float32(0.1), "0.1"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


def test_precision():
    assert [number(math.pi, p) for p in (1, 2, 3, 6)] == ["3", "3.1", "3.14", "3.14159"]


@given(st.floats(-1.797e308, 1.797e308))
def test_four_digits_are_kept(value):
    back = float(number(value))
    assert math.copysign(1, back) == math.copysign(1, value) or back == 0
    assert abs(back - value) <= 5.0001e-4 * abs(value) or abs(value) < 1e-306


@given(st.floats(), st.integers(1, 17))
def test_a_number_has_no_padding(value, precision):
    text = number(value, precision)
    assert text == text.strip()
    assert not text.endswith(".")
    assert "e+" not in text
    assert "e0" not in text


def test_signed_numbers_are_bracketed():
    assert [signed(v) for v in (-1.0, 0.0, 2.5, -math.inf, math.nan)] == ["(-1)", "0", "2.5", "(-Inf)", "NaN"]


def test_shapes():
    assert [shape_text(s) for s in ((), (3,), (4, 3), (0, 2))] == ["scalar", "3", "4×3", "0×2"]
    assert [is_small(s) for s in ((), (4,), (5,), (4, 4), (4, 5), (2, 4, 4))] == [
        True, True, False, True, False, is_small((2, 4, 4)),
    ]  # fmt: skip
    assert MISSING == "–"


def test_summary_of_finite_numbers():
    x = np.random.default_rng(0).normal(3, 2, size=(40, 5))
    x[0, 0] = 0.0
    s = summarise(x)
    assert (s.size, s.nan, s.inf, s.zero) == (200, 0, 0, 1)
    assert s.mean == pytest.approx(x.mean(), rel=1e-14)
    assert s.std == pytest.approx(x.std(), rel=1e-13)
    assert (s.min, s.max) == (x.min(), x.max())
    assert s.rms == pytest.approx(math.sqrt(np.mean(x**2)), rel=1e-13)


def test_summary_counts_what_is_not_finite():
    s = summarise([1.0, np.nan, np.inf, -np.inf, 0.0, 3.0])
    assert (s.size, s.nan, s.inf, s.zero, s.mean, s.min, s.max) == (6, 1, 2, 1, pytest.approx(4 / 3), 0.0, 3.0)
    assert math.isnan(s.rms)
    assert not_finite(s) == ["1 NaN", "2 Inf"]
    assert summarise([1.0, np.inf]).rms == math.inf
    only = summarise([np.nan, np.nan])
    assert (only.nan, only.zero) == (2, 0)
    assert math.isnan(only.mean)
    assert summary_text(only) == "2 NaN"


def test_summary_of_nothing_and_of_one():
    assert math.isnan(summarise([]).mean)
    s = summarise(2.0)
    assert (s.size, s.mean, s.std, s.min, s.max, s.rms) == (1, 2.0, 0.0, 2.0, 2.0, 2.0)
    assert summary_text(summarise([2, 4])) == "μ 3 σ 1 · 2 … 4"


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_sizes_beyond_what_can_be_squared(scale):
    x = np.array([3.0, -4.0]) * scale
    s = summarise(x)
    assert s.rms == pytest.approx(math.sqrt(12.5) * scale, rel=1e-12, abs=0)
    assert s.std == pytest.approx(3.5 * scale, rel=1e-12, abs=0)
    assert s.mean == pytest.approx(-0.5 * scale, rel=1e-12, abs=0)
    assert (s.nan, s.inf) == (0, 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_a_summary_is_consistent(values):
    s = summarise(values)
    slack = 1e-9 * max(abs(s.min), abs(s.max))
    assert s.min - slack <= s.mean <= s.max + slack
    assert s.std <= (s.max - s.min) + slack
    assert s.rms**2 == pytest.approx(s.mean**2 + s.std**2, rel=1e-6, abs=1e-300)
