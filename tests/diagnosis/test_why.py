"""why: a gradient as the sum over paths, edges, examples and units, against every path listed by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_graphs import arrays, scalars

import graphlab as gl
from graphlab.diagnosis import why as paths
from graphlab.errors import LossError, ModelError, TraceError

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))


def near(parts: list[float], total: float, behind: float = 0.0) -> bool:
    """Within 1e-12 of the terms' magnitudes. behind: of the terms that the parts are sums of themselves."""
    return abs(math.fsum(parts) - total) <= 1e-12 * (math.fsum(map(abs, parts)) + behind)


def listed(trace: gl.Trace, name: str) -> list[tuple[tuple[str, ...], float]]:
    """Every path from the loss to a node of numbers, each edge's factor by a central difference of its op alone."""
    graph, plan = trace.graph, trace.plan

    def factor(c: int, k: int) -> float:
        values = [trace.values[j] for j in plan.operands[c]]
        h = 1e-6
        up, down = ([*values[:k], values[k] + s * h, *values[k + 1 :]] for s in (1, -1))
        return float(
            (plan.forwards[c](plan.contexts[c], *up)[0] - plan.forwards[c](plan.contexts[c], *down)[0]) / (2 * h)
        )

    def ways(i: int, nodes: tuple[str, ...], product: float) -> Iterator[tuple[tuple[str, ...], float]]:
        if graph.nodes[i].name == name:
            yield nodes, product
            return
        for k, j in enumerate(plan.operands[i]):
            if j < len(graph):
                yield from ways(j, (*nodes, graph.nodes[j].name), product * factor(i, k))

    start = graph.target or ""
    return list(ways(graph.index[start], (start,), 1.0))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_the_best_paths_are_those_of_the_whole_list(seed: int, most: int) -> None:
    trace = scalars(seed)
    if trace["w0"].grad is None:
        return
    found = gl.why(trace, "w0.grad", most)
    every = sorted((abs(product) for _, product in listed(trace, "w0")), reverse=True)
    assert found.count == len(every)
    assert [abs(path.product) for path in found.paths] == pytest.approx(every[:most], rel=1e-6, abs=1e-9)
    assert near([*(path.product for path in found.paths), found.rest], float(trace["w0"].grad))
    for path in found.paths:
        assert path.factors is not None
        assert math.prod(path.factors) == pytest.approx(path.product, rel=1e-12)
        assert len(path.factors) == len(path.nodes)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_parts_add_up_through_arrays(seed: int) -> None:
    trace = arrays(seed)
    for record in trace:
        if record.grad is not None:
            check(trace, f"{record.name}.grad")


def edges_of(trace: gl.Trace) -> set[str]:
    return {f"{node.name}.{slot}" for node in trace.graph.nodes for slot in node.slots}


def check(trace: gl.Trace, target: str) -> paths.Why:
    found = gl.why(trace, target, 3)
    upstream = [trace[edge.name.rpartition(".")[0]].grad for edge in found.edges if edge.name in edges_of(trace)]
    behind = sum(float(np.abs(g).sum()) for g in upstream if g is not None)
    assert near([*(path.product for path in found.paths), found.rest], found.value, behind)
    assert near([edge.value for edge in found.edges], found.value, behind)
    for parts in (found.examples, found.units):
        if parts:
            assert near([part.value for part in parts], found.edges[0].value, behind)
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_parts_add_up_on_every_sample(path: Path) -> None:
    trace = gl.backward(gl.forward(gl.load(path)))
    for record in trace:
        if record.grad is not None:
            check(trace, f"{record.name}.grad")


def test_examples_and_units_are_what_their_slice_of_the_upstream_gradient_brings() -> None:
    trace = arrays(3)
    found = gl.why(trace, "first.W.grad[1,2]")
    x, g = trace["x"].value, trace["first"].grad
    assert {part.name: part.value for part in found.examples} == pytest.approx(
        {f"[{n},:]": x[n, 1] * g[n, 2] for n in range(4)}
    )
    assert {part.name: part.value for part in found.units} == pytest.approx(
        {f"[:,{u}]": float(x[:, 1] @ g[:, u]) * (u == 2) for u in range(3)}
    )


def doubling(n: int, shape: tuple[int, ...] = ()) -> gl.Trace:
    """2ⁿ paths: h ← h + h/2."""
    g = gl.Graph("doubling")
    h = g.param("w", np.full(shape, 0.5))
    for k in range(n):
        h = gl.add(h, h * 0.5, name=f"h{k}")
    gl.sum(h, name="L")
    return gl.backward(gl.forward(g))


def test_the_best_of_very_many_paths_are_found_without_listing_them() -> None:
    found = gl.why(doubling(200), "w.grad", 4)
    assert found.count == paths.MANY
    assert found.exact
    assert [path.product for path in found.paths] == [1.0, 0.5, 0.5, 0.5]
    assert near([*(path.product for path in found.paths), found.rest], 1.5**200)


def test_through_arrays_very_many_paths_are_searched_by_a_beam() -> None:
    few, many = gl.why(doubling(8, (3,)), "w.grad[1]", 2), gl.why(doubling(30, (3,)), "w.grad[1]", 2)
    assert (few.exact, many.exact) == (True, False)
    assert [path.product for path in few.paths] == [path.product for path in many.paths] == [1.0, 0.5]
    assert near([*(path.product for path in many.paths), many.rest], 1.5**30)


def test_an_array_without_an_index_means_its_largest_element() -> None:
    trace = arrays(1)
    found = gl.why(trace, "first.W.grad")
    grad = trace["first.W"].grad
    assert abs(found.value) == np.abs(grad).max()


def test_the_seed_is_the_loss_s_own_gradient() -> None:
    found = gl.why(scalars(0), f"{scalars(0).graph.target}.grad")
    assert (found.value, found.count, found.paths[0].product, found.edges[0].value) == (1.0, 1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nope.grad", "there is no node 'nope'; write NODE.grad or NODE.grad[0,2]"),
        ("first.W.grad[9,9]", "is no element: 'first.W' has the shape (3, 3)"),
        ("first.W.grad[0]", "is no element"),
        ("t.grad", "'t' has no gradient: it is int64, and only floating-point numbers have one"),
        ("1 + 2", "is no gradient"),
    ],
)
def test_what_is_no_gradient_is_said_so(target: str, message: str) -> None:
    with pytest.raises(ModelError, match=None) as caught:
        gl.why(arrays(0), target)
    assert message in str(caught.value)


def test_without_gradients_there_is_nothing_to_ask() -> None:
    with pytest.raises(LossError):
        gl.why(gl.forward(gl.loads("graphlab: 1\ninputs: {x: 1}\nnodes: {y: x * x}")), "x.grad")


def test_of_a_gradient_that_a_file_left_out_it_says_so(tmp_path: Path) -> None:
    arrays(0).save(tmp_path / "t.json", max_elements=2)
    with pytest.raises(TraceError, match="left out large arrays"):
        gl.why(gl.load_trace(tmp_path / "t.json"), "first.W.grad")
