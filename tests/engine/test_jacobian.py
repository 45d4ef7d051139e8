"""The local Jacobian against differences, and against what the node sends."""

from __future__ import annotations

import numpy as np
import pytest
from random_graphs import arrays

import graphlab as gl
from graphlab.engine.jacobian import MOST, jacobian_of
from graphlab.errors import ModelError


@pytest.mark.parametrize(("node", "slot"), [("first", "W"), ("block0.bn", "x"), ("block0.bn", "gamma"), ("E", "x")])
def test_rows_are_differences_and_upstream_times_jacobian_is_what_is_sent(node: str, slot: str) -> None:
    trace = arrays(3)
    found = jacobian_of(trace, node, slot)
    i = trace.graph.index[node]
    k = trace.graph.nodes[i].slots.index(slot)
    np.testing.assert_allclose(found.product, trace.contributions[i][k], rtol=1e-12, atol=1e-15)
    values = [trace.values[j] for j in trace.plan.operands[i]]
    run = trace.plan.forwards[i]
    for n in range(found.matrix.shape[1]):
        h = np.zeros(np.size(values[k]))
        h[n] = 1e-6
        moved = [[*values[:k], values[k] + s * h.reshape(np.shape(values[k])), *values[k + 1 :]] for s in (1, -1)]
        up, down = (run(trace.plan.contexts[i], *primals)[0] for primals in moved)
        np.testing.assert_allclose(found.matrix[:, n], np.ravel(up - down) / 2e-6, rtol=1e-5, atol=1e-8)
    assert found.matrix.shape == (np.size(trace.values[i]), np.size(values[k]))


def test_a_slot_is_named_by_itself_or_by_what_feeds_it() -> None:
    trace = arrays(3)
    assert np.array_equal(jacobian_of(trace, "first", "first.W").matrix, jacobian_of(trace, "first", "W").matrix)
    assert jacobian_of(trace, "first").slot == "x"


@pytest.mark.parametrize(
    ("node", "slot", "message"),
    [
        ("first.W", None, "'first.W' sends no gradient to any input"),
        ("first", "w", "sends no gradient to 'w' (did you mean 'W'?); it does to: x, W, b"),
        ("nope", None, "there is no node 'nope'"),
    ],
)
def test_what_has_no_jacobian_is_said_so(node: str, slot: str | None, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        jacobian_of(arrays(0), node, slot)
    assert message in str(caught.value)


def test_a_large_one_is_refused_before_it_is_computed() -> None:
    g = gl.Graph("large")
    gl.sum(gl.tanh(g.param("w", np.zeros(MOST)), name="y"), name="L")
    with pytest.raises(ModelError, match="4096 rows and 4096 columns; at most 4096 entries"):
        jacobian_of(gl.backward(gl.forward(g)), "y")
