"""The timeline: what is known at each position, against the trace itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from small_graphs import mixed

import graphlab as gl
from graphlab.explain.timeline import Timeline

MODELS = {
    "square": "graphlab: 1\ninputs: {x: 3}\nnodes: {y: x * x}",
    "fan-out": "graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: exp(x), L: sum(y * x + y)}",
    "seeded": "graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * x}\nbackward: {node: y, gradient: [2, -1]}",
    "many": "graphlab: 1\ninputs: {x: [1, 2]}\nnodes:\n  y: concat(x, x, x * x)\n  L: sum(y)",
    "not a number": "graphlab: 1\ninputs: {x: [0, -1]}\nnodes: {y: log(x), L: sum(x * y)}",
    "not reached": "graphlab: 1\ninputs: {x: 1}\nparams: {w: 2}\nnodes: {a: w + 1, L: x * x}\nloss: L",
}
each = pytest.mark.parametrize("name", ["mixed", *MODELS])


def timeline_of(name: str) -> Timeline:
    graph = mixed() if name == "mixed" else gl.loads(MODELS[name])
    return Timeline(gl.backward(gl.forward(graph)))


@each
def test_in_the_end_everything_is_known(name: str) -> None:
    timeline = timeline_of(name)
    trace, end = timeline.trace, len(timeline)
    for i in range(len(trace.graph)):
        assert np.array_equal(timeline.value(i, end), trace.values[i], equal_nan=True)
        grad = trace.cotangents[i]
        assert (timeline.grad(i, end) is None) == (grad is None)
        assert grad is None or np.array_equal(timeline.grad(i, end), grad, equal_nan=True)


@each
def test_the_terms_that_arrive_add_up_to_the_gradient(name: str) -> None:
    timeline = timeline_of(name)
    for i, grad in enumerate(timeline.trace.cotangents):
        terms = [timeline.term(c, k) for _, c, k in timeline.arrivals(i)]
        assert bool(terms) == (grad is not None)
        if terms:
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            assert np.array_equal(total, grad, equal_nan=True)


@each
def test_nothing_is_known_before_it_happens(name: str) -> None:
    """At every position, a value is there exactly when its moment is past, a gradient when its first term has come."""
    timeline = timeline_of(name)
    made, arrived = set(), set()
    for p in range(len(timeline) + 1):
        if p:
            moment = timeline[p - 1]
            if moment.kind == "forward":
                made.add(moment.node)
            elif moment.kind == "seed":
                arrived.add(moment.node)
            else:
                arrived.add(timeline.trace.plan.operands[moment.node][moment.slot])
        for i, node in enumerate(timeline.trace.graph.nodes):
            assert (timeline.value(i, p) is not None) == (node.is_leaf or i in made)
            assert (timeline.grad(i, p) is not None) == (i in arrived)


def test_a_product_is_made_before_it_is_added() -> None:
    timeline = Timeline(gl.backward(gl.forward(gl.loads("graphlab: 1\ninputs: {x: 3}\nnodes: {y: x * x + x}"))))
    backward = [moment.kind for moment in timeline][3:]
    assert backward == ["contribution", "contribution", "contribution", "add", "contribution", "add"]
    sums = [timeline.grad(0, p) for p in range(3, len(timeline) + 1)]
    assert [None if s is None else float(s) for s in sums] == [None, None, 1.0, 1.0, 4.0, 4.0, 7.0]


@each
def test_seen_is_a_trace_cut_off_here(name: str) -> None:
    timeline = timeline_of(name)
    for p in range(len(timeline) + 1):
        seen = timeline.seen(p)
        assert seen.has_gradients == (p >= timeline.seed_at)
        for i in range(len(seen.graph)):
            assert (seen.values[i] is None) == (timeline.value(i, p) is None)
        assert gl.draw(seen, view="backward" if seen.has_gradients else "forward").dot
    assert not timeline.seen(0).has_gradients


@given(st.lists(st.integers(0, 40), max_size=20))
def test_stops_are_where_bisecting_says(positions: list[int]) -> None:
    timeline = Timeline(gl.backward(gl.forward(gl.loads("graphlab: 1\ninputs: {x: 3}\nnodes: {y: exp(x * x) + x}"))))
    stops = list(timeline.stops)
    for p in (q % (len(timeline) + 1) for q in positions):
        assert timeline.is_stop(p) == (p in stops)
        assert timeline.stop_after(p) == next((s for s in stops if s > p), len(timeline))
        assert timeline.stop_before(p) == max((s for s in stops if s < p), default=0)


def test_a_trace_without_gradients_ends_with_the_values() -> None:
    timeline = Timeline(gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: exp(x)}")))
    assert [m.kind for m in timeline] == ["forward"]
    assert timeline.grad(0, 1) is None
