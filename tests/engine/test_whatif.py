"""What if: bit for bit a fresh run of the changed model, and nothing else computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_graphs import arrays, scalars

import graphlab as gl
from graphlab.engine import whatif
from graphlab.errors import GraphlabError, ModelError, ShapeError, TraceError

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))


def same(a: gl.Trace, b: gl.Trace) -> bool:
    """Bit for bit: values, gradients and every contribution."""
    n = len(a.graph)
    columns = [
        (a.values[:n], b.values[:n]), (a.cotangents or [], b.cotangents or []),
        *zip(*(([p for ps in t.contributions or [] for p in ps or ()],) for t in (a, b)), strict=True),
    ]  # fmt: skip
    return all(len(x) == len(y) and all(map(equal, x, y)) for x, y in columns)


def equal(x: Any, y: Any) -> bool:
    if x is None or y is None:
        return x is y
    return np.shape(x) == np.shape(y) and np.asarray(x).tobytes() == np.asarray(y).tobytes()


def fresh(trace: gl.Trace) -> gl.Trace:
    again = gl.forward(trace.graph, trace.feeds, state=trace.state, mode=trace.mode, iteration=trace.iteration)
    return gl.backward(again) if trace.has_gradients else again


def leaves(trace: gl.Trace) -> list[str]:
    return [node.name for node in trace.graph.nodes if node.is_leaf]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_it_is_a_fresh_run_of_the_changed_model(seed: int, data: Any) -> None:
    dtype = data.draw(st.sampled_from(["float64", "float32"]))
    trace = arrays(seed, dtype)
    for _ in range(3):
        name = data.draw(st.sampled_from(leaves(trace)))
        shape = trace[name].shape
        key = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
        value = 1 if name == "t" else data.draw(st.floats(-2, 2, width=32))
        changed = whatif.with_value(trace, name, value, key)
        assert same(changed, fresh(changed))
        assert np.asarray(changed[name].value)[key] == np.asarray(value, trace[name].dtype)
        trace = changed


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_leaf_of_every_sample(path: Path) -> None:
    trace = gl.backward(gl.forward(gl.load(path)))
    for name in leaves(trace):
        old = trace[name].value
        changed = whatif.with_value(trace, name, old if old.dtype.kind == "i" else old * 1.5 + 0.25)
        assert same(changed, fresh(changed))


@pytest.mark.parametrize(
    ("name", "attr", "value"), [("block0.bn", "eps", 0.5), ("block0.drop", "rate", 0.75), ("E", "reduction", "sum")]
)
def test_another_attribute(name: str, attr: str, value: Any) -> None:
    trace = arrays(5)
    changed = whatif.with_attr(trace, name, attr, value)
    assert changed.graph[name].attrs[attr] == value
    assert same(changed, fresh(changed))
    assert not same(changed, trace)


def test_only_what_depends_on_it_is_computed() -> None:
    trace = arrays(2)
    changed = whatif.with_value(trace, "block0.fc.b", 9.0, (1,))
    apart = {i for i, (x, y) in enumerate(zip(trace.values, changed.values, strict=True)) if x is not y}
    names = {trace.graph.nodes[i].name for i in apart if i < len(trace.graph)}
    assert "first" not in names
    assert {"block0.fc.b", "block0.fc", "block0.out"} <= names
    index = trace.graph.index["first"]
    assert changed.values[index] is trace.values[index]


def test_the_trace_it_starts_from_stays_as_it_is() -> None:
    trace = arrays(4)
    before = [np.array(v) for v in trace.values]
    whatif.with_value(trace, "first.W", 7.0, (0, 0))
    assert all(map(equal, before, trace.values))


def test_before_backward_only_forward_is_computed() -> None:
    trace = gl.forward(scalars(1).graph)
    changed = whatif.with_value(trace, "w0", 0.75)
    assert not changed.has_gradients
    assert same(changed, fresh(changed))


def test_a_trace_from_a_file_can_be_changed(tmp_path: Path) -> None:
    trace = arrays(6)
    trace.save(tmp_path / "t.npz")
    loaded = gl.load_trace(tmp_path / "t.npz")
    changed = whatif.with_value(loaded, "first.W", 0.5, (1, 1))
    assert same(changed, whatif.with_value(trace, "first.W", 0.5, (1, 1)))
    trace.save(tmp_path / "t.json", max_elements=2)
    with pytest.raises(TraceError):
        whatif.with_value(gl.load_trace(tmp_path / "t.json"), "block0.scale", 1.0, (0,))


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (lambda t: whatif.with_value(t, "nope", 1.0), ModelError, "there is no node 'nope'"),
        (lambda t: whatif.with_value(t, "first", 1.0), ModelError, "'first' is computed by affine; set one of"),
        (lambda t: whatif.with_value(t, "first.W", [1.0, 2.0]), ShapeError, "is (3, 3) but the value is (2,)"),
        (lambda t: whatif.with_value(t, "first.W", 1.0, (5, 5)), ModelError, "so [5, 5] is no element of it"),
        (lambda t: whatif.with_value(t, "first.W", "a", (0, 0)), GraphlabError, "is not a number"),
        (lambda t: whatif.with_value(t, "t", 0.5, (0,)), GraphlabError, "not whole"),
        (lambda t: whatif.with_attr(t, "block0.bn", "epz", 1.0), ModelError, "'epz' (did you mean 'eps'?)"),
        (lambda t: whatif.with_attr(t, "block0.bn", "eps", -1.0), GraphlabError, "eps"),
        (lambda t: whatif.with_attr(t, "first.W", "init", "ones"), ModelError, "has no attribute"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_said_so(act: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        act(arrays(0))
    assert message in str(caught.value)


def test_differing_names_the_nodes_that_changed() -> None:
    trace = arrays(2)
    assert whatif.differing(trace, trace, "value") == []
    changed = whatif.with_value(trace, "first.b", 1.0, (0,))
    assert trace.graph.index["first.b"] in whatif.differing(trace, changed, "value")
    assert trace.graph.index["x"] not in whatif.differing(trace, changed, "value")
    assert trace.graph.index["x"] in whatif.differing(trace, changed, "grad")
