import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes
from judge import call, infer, judge, pull

from graphlab.errors import ModelError, ShapeError
from graphlab.formula import parse, show
from graphlab.ops import get

RNG = np.random.default_rng(10)
X = RNG.normal(size=(4, 3, 2))


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    shape=array_shapes(max_dims=3, max_side=3),
    lengths=st.lists(st.integers(0, 3), min_size=1, max_size=4),
)
def test_concat_along_any_axis(data, shape, lengths):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    at = axis % len(shape)
    xs = [RNG.normal(size=(*shape[:at], n, *shape[at + 1 :])) for n in lengths]
    judge("concat", *xs, axis=axis)
    np.testing.assert_array_equal(call("concat", *xs, axis=axis), np.concatenate(xs, axis))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), shape=array_shapes(min_dims=0, max_dims=3, max_side=3), count=st.integers(1, 4))
def test_stack_along_any_new_axis(data, shape, count):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    xs = [RNG.normal(size=shape) for _ in range(count)]
    judge("stack", *xs, axis=axis)
    np.testing.assert_array_equal(call("stack", *xs, axis=axis), np.stack(xs, axis))


def test_a_literal_in_a_stack_does_not_widen_float32():
    assert call("stack", np.float32(1.5), 2.0).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "shapes", "axis", "text"),
    [
        (
            "concat",
            ((2, 3), (2, 3), (4, 2)),
            0,
            "concat: xs0 is (2, 3) but xs2 is (4, 2); all axes but axis 0 must agree",
        ),
        ("concat", ((2, 3), (3,)), 1, "concat: xs0 is (2, 3) but xs1 is (3,); all axes but axis 1 must agree"),
        ("concat", ((2, 3), (2, 3)), 2, "axis 2 does not exist: x has 2 axes"),
        ("concat", ((), ()), 0, "axis 0 does not exist: x has 0 axes"),
        ("stack", ((2, 3), (3, 2)), 0, "stack: xs0 is (2, 3) but xs1 is (3, 2); all must agree"),
        ("stack", ((2, 3), (2, 3)), 3, "stack: axis 3 does not exist: the result has 3 axes"),
    ],
)
def test_arrays_that_cannot_be_joined(name, shapes, axis, text):
    with pytest.raises(ShapeError) as caught:
        infer(name, *shapes, axis=axis)
    assert str(caught.value) == text


def test_joining_as_it_is_read():
    concat, stack = get("concat"), get("stack")
    rules = concat.local_texts(((2, 3), (2, 1)), {"axis": -1})
    assert {slot: show(parse(rule)) for slot, rule in rules.items()} == {"xs0": "∂L/∂y[:, 0:3]", "xs1": "∂L/∂y[:, 3:4]"}
    assert stack.local_texts(((2,), (2,)), {"axis": 1}) == {"xs0": "upstream[:, 0]", "xs1": "upstream[:, 1]"}
    assert show(parse(concat.formula_text(((2,), (1,)), {"axis": 0})), None, {"axis": 0}) == "concat(xs0, xs1, axis=0)"


KEYS = {
    "0": np.s_[0],
    "-1": np.s_[-1],
    "-4": np.s_[-4],
    "1:3": np.s_[1:3],
    "1:3, :": np.s_[1:3, :],
    ":, 1": np.s_[:, 1],
    "::2": np.s_[::2],
    "::-1, -1": np.s_[::-1, -1],
    "1, 2, 0": np.s_[1, 2, 0],
    ":, :, 1:": np.s_[:, :, 1:],
    "3:1": np.s_[3:1],
    "2:99": np.s_[2:99],
}


@pytest.mark.parametrize("key", KEYS)
def test_index_as_numpy(key):
    judge("index", X, key=key)
    np.testing.assert_array_equal(call("index", X, key=key), X[KEYS[key]])


def test_what_was_not_picked_gets_zero():
    np.testing.assert_array_equal(pull("index", np.zeros(4), key="1:3")[0], [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("4", "[4]: 4 is out of range: axis 0 of x has size 4"),
        (":, -4", "[:, -4]: -4 is out of range: axis 1 of x has size 3"),
        ("0, 0, 0, 0", "[0, 0, 0, 0] has 4 indices but x, shape (4, 3, 2), has 3 axes"),
        ("::0", "[::0]: a slice's step cannot be 0"),
    ],
)
def test_an_index_out_of_range_is_found_before_anything_runs(key, text):
    with pytest.raises(ShapeError) as caught:
        infer("index", (4, 3, 2), key=key)
    assert str(caught.value) == text


@pytest.mark.parametrize("key", ["0] + x[0", "0][0", "0] * 2 + x[1"])
def test_a_key_is_an_index_and_nothing_else(key):
    with pytest.raises(ModelError, match=r"is no index; write whole numbers and slices, such as \[1:3, 0\]"):
        infer("index", (4, 3), key=key)


@pytest.mark.parametrize("key", ["", "x", "1.5", "...", "[0, 1]", "__import__('os')"])
def test_a_key_that_does_not_parse_is_refused(key):
    with pytest.raises(ModelError):
        infer("index", (4, 3), key=key)


def test_the_picked_part_as_it_is_read():
    rule = get("index").local_texts(((4, 3),), {"key": "1:3, 0"})["x"]
    assert show(parse(rule), None, {"key": "1:3, 0"}) == "∂L/∂y at [1:3, 0]"
