"""Dead units: said where a column is 0 for the whole batch and others are not, and in healthy batches nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import graphlab as gl
from graphlab.diagnosis.deadunits import dead_units


def network(rng: np.random.Generator, dead: set[int], units: int = 5, batch: int = 6, norm: bool = False) -> gl.Trace:
    g = gl.Graph("net")
    x = g.input("x", rng.uniform(0.1, 1.0, size=(batch, 3)))
    W = rng.uniform(0.1, 1.0, size=(3, units))
    W[:, sorted(dead)] *= -1.0
    h = gl.affine(x, g.param("W", W), g.param("b", np.zeros(units)), name="h")
    if norm:
        h = gl.batchnorm(h, name="bn")
    r = gl.relu(h, name="r")
    g.loss(gl.mean(gl.square(gl.affine(r, units=2, name="out", init="xavier")), name="L"))
    return gl.backward(gl.forward(g))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 4), max_size=5))
def test_exactly_the_dead_units_are_said(seed: int, dead: set[int]) -> None:
    trace = network(np.random.default_rng(seed), dead)
    x, W = trace["x"].value, trace["W"].value
    silent = {u for u in range(5) if np.all(x @ W[:, u] <= 0)}  # by hand
    assert silent == dead
    found = dead_units(trace)
    assert {(one.node, one.unit) for one in found} == ({("r", u) for u in dead} if len(dead) < 5 else set())
    for one in found:
        assert (one.units, one.examples, one.rectified) == (5, 6, True)
        assert one.params == ("W", "b")
        assert not np.any(trace["W"].grad[:, one.unit])
        assert trace["b"].grad[one.unit] == 0


@pytest.mark.parametrize("seed", range(5))
def test_healthy_batches_are_silent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert dead_units(network(rng, set())) == ()
    assert dead_units(network(rng, set(), norm=True)) == ()


def test_a_unit_that_is_off_for_one_example_only_is_alive() -> None:
    leaves = "graphlab: 1\ninputs: {x: [[1, -1], [1, 2]]}\nparams: {W: [[1, -3], [0, 2]], b: [0, 0]}\n"
    trace = gl.backward(gl.forward(gl.loads(leaves + "nodes: {r: 'relu(affine(x, W, b))', L: sum(r)}")))
    assert trace["r"].value[:, 1].tolist() == [0.0, 1.0]
    assert dead_units(trace) == ()


def test_of_one_example_nothing_is_said() -> None:
    trace = network(np.random.default_rng(0), {1}, batch=1)
    assert not np.any(trace["W"].grad[:, 1])
    assert dead_units(trace) == ()


def test_a_unit_that_learns_nothing_for_another_reason() -> None:
    """The layer above does not look at unit 2."""
    text = (
        "inputs: {x: [[1, 2], [3, 4], [5, 7]]}\nparams: {W: [[1, 2, 3], [1, 1, 2]], b: [0, 0, 0], V: [[1], [2], [0]]}\n"
        "nodes: {h: 'affine(x, W, b)', y: tanh(h) @ V, L: sum(y)}"
    )
    trace = gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}")))
    assert [(one.node, one.unit, one.rectified, one.params) for one in dead_units(trace)] == [
        ("h", 2, False, ("W", "b"))
    ]


def dead(text: str) -> list[tuple[str, str, int, int, tuple[str, ...]]]:
    trace = gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}")))
    for one in dead_units(trace):
        key = tuple(slice(None) if k == ":" else int(k) for k in one.place[1:-1].split(","))
        array = trace[one.node].value if one.rectified else trace[one.node].grad
        assert not np.any(array[key])  # type: ignore[index]
    return [(one.node, one.place, one.units, one.examples, one.params) for one in dead_units(trace)]


@pytest.mark.parametrize(
    ("leaves", "nodes", "said"),
    [
        ("W: [[1, 2], [-1, -3], [2, 1], [0, 4]]", "r: relu(W @ x)", [("r", "[1,:]", 4, 3, ("W",))]),
        ("W: [[1, 2], [-1, -3], [2, 1], [0, 4]], c: [[0], [-1], [0], [0]]", "r: relu(W @ x + c)",
         [("r", "[1,:]", 4, 3, ("W", "c"))]),
        ("W: [[1, 2], [-1, -3], [2, 1], [0, 4]]", "r: 'relu(W @ (x * [1, -0.5, 1]))'", []),  # example 1 is off, no unit
        ("W: [[1, -1, 2, 0], [2, -3, 1, 4]]", "r: relu(transpose(W) @ x)", [("r", "[1,:]", 4, 3, ())]),
        ("w: [1, -2, 3]", "r: relu(x * w)", [("r", "[:,1]", 3, 2, ("w",))]),
        ("w: 1", "r: 'relu(w * (x * [1, -2, 3]))'", []),  # nothing says that columns are units
        ("W: [[1, -1], [2, -3], [1, -1]], V: [[1, -1], [1, -2], [1, -5]]", "r: relu(x @ W + x @ V)",
         [("r#1", "[:,1]", 2, 2, ("W",)), ("r#2", "[:,1]", 2, 2, ("V",)), ("r", "[:,1]", 2, 2, ())]),
    ],
)  # fmt: skip
def test_where_the_weights_stand_first_units_are_rows(leaves: str, nodes: str, said: list[object]) -> None:
    inputs = "inputs: {x: [[0.5, 1, 2], [1, 0.25, 1]]}"
    assert dead(f"{inputs}\nparams: {{{leaves}}}\nnodes: {{{nodes}, L: sum(r * r)}}") == said


def test_examples_are_counted_along_the_first_axis() -> None:
    text = "inputs: {x: %s}\nparams: {W: [[1, -1]]}\nnodes: {r: relu(x @ W), L: sum(r)}"
    assert dead(text % "[[[1], [2], [3]], [[4], [5], [6]]]") == [("r", "[:,:,1]", 2, 2, ("W",))]
    assert dead(text % "[[[1], [2], [3]]]") == []  # one example of three places


def test_units_are_said_in_order() -> None:
    text = "inputs: {x: [[1], [2]]}\nparams: {W: [[-1, 2, -3, -1]]}\nnodes: {r: relu(x @ W), L: sum(r)}"
    assert [place for _, place, *_ in dead(text)] == ["[:,0]", "[:,2]", "[:,3]"]
