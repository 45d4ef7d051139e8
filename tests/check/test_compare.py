"""compare: two runs matched by name or structure, and how far apart they are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_graphs import arrays

import graphlab as gl
from graphlab.engine import whatif
from graphlab.errors import UsageError


def status(found: object) -> dict[str, str]:
    return {pair.a or pair.b: pair.status for pair in found.pairs}  # type: ignore[attr-defined]


def test_a_run_is_the_same_as_itself_also_through_a_file(tmp_path: Path) -> None:
    trace = arrays(1)
    trace.save(tmp_path / "t.npz")
    found = gl.compare(trace, gl.load_trace(tmp_path / "t.npz"))
    assert found.same
    assert found.first is None
    assert {pair.value.absolute for pair in found.pairs} == {0.0}


def test_the_first_that_differs_and_by_how_much() -> None:
    a = arrays(1)
    b = whatif.with_value(a, "block0.bn.beta", 0.5, (1,))
    found = gl.compare(a, b)
    assert found.first == "block0.bn.beta"  # not x, whose gradient differs
    pairs = {pair.a: pair for pair in found.pairs}
    assert pairs["first"].status == "differs"  # its gradient does
    assert pairs["first"].value.absolute == 0.0
    assert pairs["block0.bn.beta"].value.absolute == 0.5
    difference = np.abs(a["block0.bn"].value - b["block0.bn"].value).max()
    assert pairs["block0.bn"].value.absolute == difference
    largest = max(np.abs(a["block0.bn"].value).max(), np.abs(b["block0.bn"].value).max())
    assert pairs["block0.bn"].value.relative == pytest.approx(difference / largest)


def test_where_the_values_agree_the_first_gradient_from_the_loss() -> None:
    text = "graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * 2, z: y * 1}\nbackward: {node: z, gradient: [1, G]}"
    a, b = (gl.backward(gl.forward(gl.loads(text.replace("G", g)))) for g in ("1", "2"))
    assert gl.compare(a, b).first == "z"


def test_a_tolerance_is_relative() -> None:
    a, b = (gl.forward(gl.loads(f"graphlab: 1\ninputs: {{x: {x}}}\nnodes: {{y: x * 2}}")) for x in (1000.0, 1000.1))
    assert not gl.compare(a, b).same
    assert gl.compare(a, b, tolerance=1e-3).same


def renamed(trace: gl.Trace) -> gl.Trace:
    names = {node.name: f"z{i}" for i, node in enumerate(trace.graph.nodes)}
    nodes = [
        replace(node, name=names[node.name], inputs=tuple(names.get(str(o), o) for o in node.inputs), scope="")
        for node in trace.graph.nodes
    ]
    graph = gl.graph.make_graph(nodes, name="renamed", loss=names[trace.graph.target or ""])
    state = {names[name]: array for name, array in trace.state.items()}
    feeds = {names[name]: array for name, array in trace.feeds.items()}
    return gl.backward(gl.forward(graph, feeds, state=state))


def test_without_common_names_structure_matches() -> None:
    g = gl.Graph("plain")
    h = gl.relu(gl.affine(g.input("x", np.eye(3)), units=2, name="fc"), name="act")
    gl.sum(h * h, name="L")
    a = gl.backward(gl.forward(g))
    found = gl.compare(a, renamed(a))
    assert found.matched_by == "structure"
    assert found.same
    assert all(pair.a and pair.b for pair in found.pairs)


def test_what_only_one_has_and_what_has_another_shape() -> None:
    a = gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * 2, z: y + 1}"))
    b = gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2, 3]}\nnodes: {y: x * 2, w: exp(y)}"))
    found = gl.compare(a, b, by="name")
    assert status(found) == {"x": "shape", "y": "shape", "z": "only", "w": "only"}
    assert found.first == "x"


def test_not_a_number_is_itself_and_far_from_any_number() -> None:
    texts = [f"graphlab: 1\ninputs: {{x: {x}}}\nnodes: {{y: log(x)}}" for x in (-1.0, -1.0, 1.0)]
    nan, again, number = (gl.forward(gl.loads(text)) for text in texts)
    assert gl.compare(nan, again).same
    assert {pair.a: pair.value.absolute for pair in gl.compare(nan, number).pairs}["y"] == math.inf


def test_what_a_file_left_out_is_unknown(tmp_path: Path) -> None:
    trace = arrays(1)
    trace.save(tmp_path / "t.json", max_elements=2)
    found = gl.compare(trace, gl.load_trace(tmp_path / "t.json"))
    assert found.same
    assert "unknown" in status(found).values()


def test_wrong_ways_are_said_so() -> None:
    with pytest.raises(UsageError, match="by name or by structure"):
        gl.compare(arrays(0), arrays(0), by="luck")
    with pytest.raises(UsageError, match="0 or more"):
        gl.compare(arrays(0), arrays(0), tolerance=-1.0)
