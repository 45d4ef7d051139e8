"""State and the initialisers."""

import math

import numpy as np
import pytest

from graphlab.arrays.state import State, check_init, frozen, generator, initialise
from graphlab.errors import DataError, ModelError


def test_a_state_cannot_be_changed():
    mine = np.array([1.0, 2.0])
    state = State({"w": mine})
    mine[0] = 9.0
    assert state["w"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        state["w"][0] = 3.0
    with pytest.raises(TypeError):
        state["w"] = mine
    assert (list(state), len(state), repr(state)) == (["w"], 1, "State(w)")


def test_replace():
    state = State({"w": 1.0, "b": 2.0})
    other = state.replace({"b": 5.0})
    assert (float(other["w"]), float(other["b"]), float(state["b"])) == (1.0, 5.0, 2.0)
    with pytest.raises(DataError) as error:
        state.replace({"bb": 1.0})
    assert str(error.value) == "the state has no array 'bb' (did you mean 'b'?)"


def test_frozen_copies_only_what_someone_could_change():
    array = frozen(np.arange(3.0))
    assert frozen(array) is array
    mine = np.arange(3.0)
    assert not np.shares_memory(frozen(mine), mine)


def test_a_view_of_a_writable_array_is_copied():
    mine = np.arange(3.0)
    view = mine.view()
    view.flags.writeable = False
    held = frozen(view)
    mine[0] = 9.0
    assert held.tolist() == [0.0, 1.0, 2.0]


def test_generators_by_name():
    def draw(*args):
        return generator(*args).random(3).tolist()

    assert draw(0, "a") == draw(0, "a")
    different = [draw(0, "a"), draw(0, "b"), draw(1, "a"), draw(0, "a", 1)]
    assert all(a != b for i, a in enumerate(different) for b in different[:i])


N, M = 300, 200


@pytest.mark.parametrize(
    ("init", "options", "mean", "variance"),
    [
        ("normal", {}, 0.0, 1.0),
        ("normal", {"mean": 2.0, "std": 0.1}, 2.0, 0.01),
        ("uniform", {}, 0.5, 1 / 12),
        ("uniform", {"low": -1.0, "high": 3.0}, 1.0, 16 / 12),
        ("xavier", {}, 0.0, 2 / (N + M)),
        ("xavier", {"distribution": "normal"}, 0.0, 2 / (N + M)),
        ("he", {}, 0.0, 2 / N),
        ("he", {"distribution": "uniform"}, 0.0, 2 / N),
    ],
)
def test_moments(init, options, mean, variance):
    sample = initialise((N, M), init, options, generator(0, "W"))
    assert sample.shape == (N, M)
    assert sample.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / sample.size))
    assert sample.var() == pytest.approx(variance, rel=0.03)
    bounded = init == "uniform" or options.get("distribution", init) in ("uniform", "xavier")
    reach = math.sqrt(3 * variance)
    assert (np.abs(sample - mean).max() <= reach) == bounded


def test_fans_of_a_filter_and_a_vector():
    assert initialise((3, 3, 8, 4), "he", {}, generator(0, "W")).var() == pytest.approx(2 / 72, rel=0.2)
    assert initialise((4000,), "he", {}, generator(0, "W")).var() == pytest.approx(2 / 4000, rel=0.1)
    assert initialise((), "he", {}, generator(0, "W")).shape == ()
    assert initialise((0, 3), "xavier", {}, generator(0, "W")).shape == (0, 3)


@pytest.mark.parametrize(
    ("init", "options", "message"),
    [
        (
            "hee",
            {},
            "unknown initialiser 'hee' (did you mean 'he'?); there are: "
         "zeros, ones, normal, uniform, xavier, he",
        ),
        ("zeros", {"std": 1}, "initialiser 'zeros' has no option 'std'; it takes: no options"),
        ("normal", {"low": 1}, "initialiser 'normal' has no option 'low'; it takes: mean, std"),
        ("normal", {"std": -1}, "initialiser 'normal': option 'std' is -1 but must be 0 or more"),
        ("normal", {"mean": math.nan}, "initialiser 'normal': option 'mean' is nan but must be a finite number"),
        ("uniform", {"low": "a"}, "initialiser 'uniform': option 'low' is 'a' but must be a finite number"),
        ("uniform", {"low": True}, "initialiser 'uniform': option 'low' is True but must be a finite number"),
        ("he", {"distribution": "x"}, "initialiser 'he': option 'distribution' is 'x' but must be normal or uniform"),
        (
            "uniform",
            {"low": 2, "high": 1},
            "initialiser 'uniform': low is 2 but must not be more than high, which is 1",
        ),
    ],
)  # fmt: skip
def test_refusals(init, options, message):
    with pytest.raises(ModelError) as error:
        check_init(init, options, (2, 2))
    assert str(error.value) == message


@pytest.mark.parametrize(("value", "dtype"), [([1j], "complex128"), ("x", "<U1"), ([object()], "object")])
def test_a_state_holds_real_numbers_only(value, dtype):
    with pytest.raises(DataError, match=f"the state's 'w' holds {dtype}, not real numbers"):
        State({"w": value})
