"""Experiments: changes that can be taken back, nudges, unfolding and optimiser steps; the debugger over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_graphs import arrays, scalars

import graphlab as gl
from graphlab.base.numbers import number
from graphlab.debug.session import Experiments
from graphlab.errors import GraphlabError, LossError, ModelError, UsageError
from graphlab.explain.rounding import without_noise
from graphlab.train.optimisers import Optimiser
from tests.engine.test_whatif import same


def test_changes_are_taken_back_one_by_one_and_all_at_once() -> None:
    trace = arrays(1)
    runs = Experiments(trace)
    first = runs.set("first.W[0,1]", 0.5)
    one = runs.now
    runs.set("first.b", [1.0, 2.0, 3.0])
    runs.set_attr("block0.bn", "eps", 0.1)
    assert (first.before, first.after) == (number(trace["first.W"].value[0, 1]), "0.5")
    assert runs.undo().text == "block0.bn.eps = 0.1"
    runs.undo()
    assert runs.now is one
    runs.reset()
    assert runs.now is trace
    with pytest.raises(ModelError, match="nothing was changed"):
        runs.undo()


def test_what_changed_is_known_before_and_after() -> None:
    trace = arrays(1)
    runs = Experiments(trace)
    assert runs.changed() == []
    assert runs.was("first.b", "value") is None
    runs.set("first.b[0]", 4.0)
    assert np.array_equal(runs.was("first.b", "value"), trace["first.b"].value)
    assert runs.was("t", "value") is None
    assert {"first.b", "first", "E"} <= set(runs.changed())
    assert "t" not in runs.changed()


@pytest.mark.parametrize("target", ["w0", "w1"])
def test_a_nudge_moves_the_loss_by_gradient_times_nudge_and_little_more(target: str) -> None:
    trace = next(trace for trace in map(scalars, range(50)) if trace[target].grad is not None)
    runs = Experiments(trace)
    for by in (1e-3, -1e-4):
        found = runs.nudge(target, by)
        assert found.predicted == found.gradient * by == float(trace[target].grad) * by
        assert found.moved == found.after - found.before
        assert found.difference == found.moved - found.predicted
        assert abs(found.difference) < 30 * by**2
    assert runs.now is trace


def test_a_nudge_of_an_upstream_gradient_s_model_moves_its_weighted_sum() -> None:
    g = gl.Graph("given")
    w = g.param("w", [1.0, 2.0, 3.0])
    g.backward_from(gl.square(w, name="y"), [1.0, -1.0, 2.0])
    found = Experiments(gl.backward(gl.forward(g))).nudge("w[2]", 1e-4)
    assert found.moved == pytest.approx(2 * ((3 + 1e-4) ** 2 - 9), rel=1e-9)


def test_unfolding_keeps_changes_and_folding_brings_the_node_back() -> None:
    runs = Experiments(arrays(2))
    runs.unfold("block0.bn")
    assert "block0.bn.xhat" in runs.now.graph
    runs.set("first.b[0]", 4.0)
    changed = float(runs.now.loss or 0)
    runs.fold("block0.bn.xhat")
    assert "block0.bn.xhat" not in runs.now.graph
    assert float(runs.now.loss or 0) == pytest.approx(changed, rel=1e-12)
    with pytest.raises(ModelError, match="not unfolded"):
        runs.fold("block0.bn")
    with pytest.raises(ModelError, match="not made of smaller steps"):
        runs.unfold("block0.act")


def stepped(kind: str, steps: int = 3) -> tuple[list[dict[str, Any]], list[gl.Trace]]:
    """The parameters after each step, and the runs they were made from."""
    runs = Experiments(arrays(3))
    traces, states = [], []
    for _ in range(steps):
        traces.append(runs.now)
        runs.update(0.1, kind)
        states.append(dict(runs.now.state))
    return states, traces


def test_gradient_descent_and_momentum_by_hand() -> None:
    for kind, momentum in (("sgd", 0.0), ("momentum", 0.9)):
        states, traces = stepped(kind)
        velocity: Any = 0.0
        for before, after in zip(traces, states, strict=True):
            velocity = momentum * velocity + before["first.W"].grad
            np.testing.assert_allclose(after["first.W"], before["first.W"].value - 0.1 * velocity, rtol=1e-15)


def test_adam_by_hand() -> None:
    states, traces = stepped("adam")
    m: Any = 0.0
    s: Any = 0.0
    for t, (before, after) in enumerate(zip(traces, states, strict=True), 1):
        g = before["first.W"].grad
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        move = 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(after["first.W"], before["first.W"].value - move, rtol=1e-13)


def test_an_update_takes_running_statistics_along_and_leaves_frozen_parameters() -> None:
    g = gl.Graph("frozen")
    h = gl.batchnorm(g.input("x", np.arange(6.0).reshape(3, 2)) * g.param("k", 2.0, trainable=False), name="bn")
    gl.sum(h * h * g.param("w", [1.0, 2.0]), name="L")
    runs = Experiments(gl.backward(gl.forward(g)))
    before = runs.now
    assert runs.update(0.1) == 1
    assert np.array_equal(runs.now["bn.running_mean"].value, before.updates["bn.running_mean"])
    assert float(runs.now["k"].value) == 2.0
    assert not np.array_equal(runs.now["w"].value, before["w"].value)
    assert runs.now.iteration == before.iteration + 1
    assert runs.go(0) is before


def test_going_on_from_an_old_iteration_starts_anew_from_there() -> None:
    runs = Experiments(arrays(3))
    runs.update(0.1)
    runs.update(0.1)
    runs.go(1)
    runs.update(0.2)
    assert (len(runs.iterations), runs.at) == (3, 2)
    with pytest.raises(ModelError, match="iterations 0 to 2"):
        runs.go(7)


def test_wrong_optimisers_and_missing_gradients_are_said_so() -> None:
    with pytest.raises(UsageError, match="no optimiser 'adm' \\(did you mean 'adam'\\?\\)"):
        Optimiser("adm")
    with pytest.raises(UsageError, match="finite"):
        Optimiser("sgd", float("nan"))
    with pytest.raises(LossError):
        Optimiser().step(gl.forward(scalars(0).graph))


# The debugger over them


def test_the_debugger_stays_where_it_is_and_shows_before_and_after() -> None:
    debugger = gl.Debugger(arrays(4))
    debugger.goto("block0.bn")
    position = debugger.position
    before = debugger.stop()
    change = debugger.set("first.b[1]", 3.0)
    stop = debugger.stop()
    assert (change.after, stop.position, stop.node) == ("3", position, before.node)
    assert before.changed == ()
    assert stop.changed[0].startswith("value: ")
    assert " → " in stop.changed[0]
    debugger.undo()
    assert debugger.stop() == before


def test_breakpoints_and_watches_follow_the_run_there_is() -> None:
    debugger = gl.Debugger(arrays(4))
    stop_at = debugger.break_("block0.bn")
    positive = debugger.break_("E", "value > 3")
    assert debugger.run().node == "block0.bn"
    debugger.expand("block0.bn")
    assert debugger.trace.graph.nodes[stop_at.places[0][1]].name == "block0.bn"
    assert debugger.stop().node == "block0.bn"
    debugger.fold("block0.bn")
    debugger.set("first.W", debugger.look("first.W * 100"))
    assert len(positive.places) == 2
    assert debugger.goto("end").position == len(debugger.timeline)


def test_an_update_starts_the_next_timeline_and_the_old_one_is_there() -> None:
    debugger = gl.Debugger(arrays(4))
    debugger.goto("loss")
    first = debugger.look("loss")
    assert debugger.update(0.05).position == 0
    second = debugger.goto("loss") and debugger.look("loss")
    assert first != second
    debugger.iteration(0)
    assert debugger.look("loss") == first
    assert same(debugger.trace, without_noise(arrays(4)))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda d: d.set("first.W + 1", 2.0), "is no place for a value"),
        (lambda d: d.set("frist.W", 2.0), "there is no node 'frist.W' (did you mean 'first.W'?)"),
        (lambda d: d.nudge("first.W", 0.1), "say which: first.W[0,0]"),
        (lambda d: d.nudge("t[0]", 0.1), "'t' has no gradient here"),
        (lambda d: d.expand("nope"), "there is no node 'nope'"),
        (lambda d: d.element((9, 9)), "nothing was made here"),
    ],
)
def test_what_cannot_be_tried_is_said_so(act: Any, message: str) -> None:
    with pytest.raises(GraphlabError) as caught:
        act(gl.Debugger(arrays(0)))
    assert message in str(caught.value)
