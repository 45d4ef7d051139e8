"""The native format: every section, and what YAML 1.2 makes of a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlab as gl
from graphlab import errors
from graphlab.arrays.state import generator, initialise
from graphlab.diagnosis.lint import warnings_of
from graphlab.graph import Graph
from graphlab.importers.native.source import File

WHOLE = """
graphlab: 1                       # format version, required
name: Two-layer network
description: free text
dtype: float64
seed: 0

inputs:
  x: [[0.05, 0.10]]
  t: {value: [[0.01, 0.99]]}
  img: {file: digits.npz, key: images, rows: "0:4"}
  z: {shape: [4, 3], init: normal, grad: false}
  label: {value: [0, 1, 1, 0], dtype: int64}
params:
  W1: [[0.15, 0.25], [0.20, 0.30]]
  b1: {shape: [2], init: zeros}
  W0: {value: [[1, 0], [0, 1]], trainable: false}
  W2: {shape: [256, 10], init: he}
  W3: {shape: [2], init: normal, std: 0.01}
nodes:
  net: x @ W1 + b1
  h: sigmoid(net)
  hidden:
    fc: affine(h, units=256, init=he)
    bn: batchnorm(fc)
    act: relu(bn)
  logits: affine(hidden.act, units=10)
  wide: hidden.act @ W2
  use: sum(x @ W0) + sum(W3) + mean((t - x)**2) + sum(img) + sum(z)
  E: sum(logits + wide) + use + softmax_cross_entropy(z, label)
loss: E
"""


@pytest.fixture
def whole(tmp_path: Path) -> Graph:
    np.savez(tmp_path / "digits.npz", images=np.arange(24.0).reshape(8, 3), other=np.zeros(2))
    (tmp_path / "model.yaml").write_text(WHOLE, encoding="utf-8")
    return gl.load(tmp_path / "model.yaml")


def nodes_of(graph: Graph) -> list[tuple[Any, ...]]:
    return [(n.name, n.op, n.inputs, n.scope) for n in graph.nodes]


def read(body: str) -> Graph:
    return gl.loads("graphlab: 1\n" + body)


def value(graph: Graph, name: str) -> np.ndarray:
    return graph.first_value(graph[name])


def test_the_whole_example_loads_and_runs(whole: Graph) -> None:
    trace = gl.backward(gl.forward(whole))
    assert (whole.name, whole.description, whole.loss, len(whole.leaves("input"))) == (
        "Two-layer network", "free text", "E", 5,
    )  # fmt: skip
    assert whole["net#1"].inputs == ("x", "W1")
    assert whole["hidden.fc"].inputs == ("h", "hidden.fc.W", "hidden.fc.b")
    assert whole["hidden.fc"].scope == whole["hidden.fc.W"].scope == "hidden"
    assert whole["hidden.fc.W"].attrs["shape"] == (2, 256)
    assert [n.name for n in whole.leaves("state")] == ["hidden.bn.running_mean", "hidden.bn.running_var"]
    np.testing.assert_array_equal(value(whole, "img"), np.arange(12.0).reshape(4, 3))
    assert whole["W0"].attrs["trainable"] is False
    assert trace["z"].grad is None and trace["x"].grad is not None and trace["W0"].grad is not None
    assert value(whole, "label").dtype == np.int64


def test_places_are_those_of_the_file_as_it_was_named(whole: Graph) -> None:
    lines = WHOLE.split("\n")
    path = whole.source
    for name, needle in (
        ("x", "x: [[0.05"),
        ("W3", "W3: {"),
        ("net", "+ b1"),
        ("net#1", "@ W1"),
        ("hidden.fc.W", "affine(h"),
    ):
        row = next(i for i, line in enumerate(lines) if needle in line)
        assert whole.locations[name] == f"{path}:{row + 1}:{lines[row].index(needle) + 1}"


def test_json_is_the_same_file(whole: Graph, tmp_path: Path) -> None:
    gl.save(whole, tmp_path / "again.json")
    content = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert content["nodes"]["hidden"]["act"] == "relu(bn)"
    again = gl.load(tmp_path / "again.json")
    assert nodes_of(again) == nodes_of(whole)
    assert gl.dumps(again) == gl.dumps(whole)


def test_json_with_escapes_tabs_and_no_spaces() -> None:
    text = json.dumps(
        {"graphlab": 1, "name": "γ 😀 / \u2028", "inputs": {"x": [1, -2.5e-3]}, "nodes": {"y": "x*x"}}, indent="\t"
    )
    graph = gl.loads(text)
    assert graph.name == "γ 😀 / \u2028"
    assert gl.loads(json.dumps({"graphlab": 1, "nodes": {"y": "2*3"}}, separators=(",", ":")))["y"].op == "constant"


def test_the_order_of_sections_and_nodes_does_not_matter() -> None:
    forwards = read("inputs: {x: 2}\nnodes:\n  a: x * x\n  b: a + 1\n  c: exp(b)\nloss: c")
    backwards = gl.loads("loss: c\nnodes:\n  c: exp(b)\n  b: a + 1\n  a: x * x\ninputs: {x: 2}\ngraphlab: 1")
    assert nodes_of(forwards) == nodes_of(backwards)


def test_ties_are_in_the_order_of_the_file() -> None:
    assert [n.name for n in read("inputs: {x: 2}\nnodes: {b: exp(x), a: sin(x), c: a + b}").nodes] == [
        "x",
        "b",
        "a",
        "c",
    ]


def test_sections_may_be_missing_or_empty() -> None:
    assert len(read("")) == 0
    assert len(read("inputs:\nparams: {}\nnodes: null\nstate:")) == 0
    assert nodes_of(read("nodes: {c: 3}")) == [("c", "constant", (), "")]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 0.001), ("1E3", 1000.0), (".5", 0.5), ("5.", 5.0), ("+7", 7), ("0o17", 15), ("0x1F", 31), ("017", 17),
     ("-0.0", -0.0),
     (".inf", float("inf")), ("-.INF", -float("inf")), (".NaN", float("nan")), ("9223372036854775807", 2**63 - 1)],
)  # fmt: skip
def test_numbers_are_yaml_1_2(text: str, number: float) -> None:
    found = value(read(f"inputs: {{x: {text}}}"), "x")
    np.testing.assert_array_equal(found, number)
    assert np.signbit(found) == np.signbit(float(number))


@pytest.mark.parametrize("text", ["1_000", "0b11", "1:30", "on", "yes", "2001-01-01", "0o8", "NaN", "inf", "1,5"])
def test_what_was_a_number_or_a_truth_in_yaml_1_1_is_a_text(text: str) -> None:
    with pytest.raises(errors.DataError, match="is not a number"):
        read(f"inputs:\n  x: {text}")


def test_words_that_yaml_1_1_took_for_truths_are_names() -> None:
    graph = read("inputs: {on: 2, yes: 3, null: 5, n: 7}\nnodes:\n  no: on * yes\n  off: no + null * n\nname: yes")
    assert graph["no"].inputs == ("on", "yes")
    assert graph.name == "yes"
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)


def test_names_are_normalised_and_the_word_gamma_is_not_the_letter() -> None:
    graph = read("params:\n  gamma: 2\n  γ: 3\n  ﬁ: 5\n  e\u0301: 7\nnodes: {y: gamma * γ, z: fi + é}")
    assert graph["y"].inputs == ("gamma", "γ")
    assert graph["z"].inputs == ("fi", "é")
    with pytest.raises(errors.ModelError, match="'fi' is defined twice"):
        read("params:\n  ﬁ: 5\n  fi: 3")


def test_hindi_names_are_identifiers_too() -> None:
    assert read("params: {की: 2}\nnodes: {y: की * 2}")["y"].inputs == ("की", 2)


@pytest.mark.parametrize(
    ("spec", "init", "options"),
    [
        ("init: zeros", "zeros", {}), ("init: ones", "ones", {}),
        ("init: normal, mean: 2, std: 0.5", "normal", {"mean": 2, "std": 0.5}),
        ("init: uniform, low: -1, high: 1e-3", "uniform", {"low": -1, "high": 0.001}), ("init: xavier", "xavier", {}),
        ("init: xavier, distribution: normal", "xavier", {"distribution": "normal"}), ("init: he", "he", {}),
        ("init: he, distribution: uniform", "he", {"distribution": "uniform"}),
    ],
)  # fmt: skip
def test_initialisers(spec: str, init: str, options: dict[str, Any]) -> None:
    graph = read(f"seed: 7\nparams: {{W: {{shape: [3, 2], {spec}}}}}")
    expected = initialise((3, 2), init, options, generator(7, "W"))
    np.testing.assert_array_equal(graph.initial_state()["W"], expected)
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)


def test_lookup_is_innermost_first_then_outwards() -> None:
    graph = read("""inputs: {x: 1, k: 2}
nodes:
  out:
    k: x + 1
    inner:
      k: x + 2
      a: k * 1
      b: inner.k * 2
    c: inner.k * k
  d: out.inner.k + k
  out.e: k * 5
""")
    assert graph["out.inner.a"].inputs == ("out.inner.k", 1)
    assert graph["out.inner.b"].inputs == ("out.inner.k", 2)
    assert graph["out.c"].inputs == ("out.inner.k", "out.k")
    assert graph["d"].inputs == ("out.inner.k", "k")
    assert graph["out.e"].inputs == ("out.k", 5)


def test_a_name_in_backquotes_is_a_full_name_first() -> None:
    graph = read("inputs: {k: 2}\nnodes:\n  s:\n    k: 2 * `k`\n    '`odd one`': k + 1\n    c: '`odd one` * k'")
    assert graph["s.k"].inputs == (2, "k")
    assert graph["s.c"].inputs == ("s.odd one", "s.k")
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)


def test_made_parameters_and_parts_can_be_used_by_others() -> None:
    graph = read(
        "inputs: {x: [[1, 2]]}\nnodes:\n  p: sum(fc.W) + sum(`y#1`)\n  fc: affine(x, units=2)\n  y: exp(x) + 1"
    )
    assert graph["p#1"].inputs == ("fc.W",)
    assert graph["p#2"].inputs == ("y#1",)
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)


def test_precedence_and_folding_are_pythons() -> None:
    graph = read(
        "inputs: {x: 3}\nnodes:\n  a: -x**2\n  b: x * 2**3**2\n  c: x - 1 - 2\n  d: x / 4 * 2\n"
        "  e: -2**2 * x\n  f: x**-1"
    )
    trace = gl.forward(graph)
    x = 3
    for name, expected in (
        ("a", -(x**2)),
        ("b", x * 2**3**2),
        ("c", x - 1 - 2),
        ("d", x / 4 * 2),
        ("e", -(2**2) * x),
        ("f", x**-1),
    ):
        assert trace[name].value == expected, name
    assert graph["b"].inputs == ("x", 512)


def test_attributes() -> None:
    graph = read("inputs: {x: [[1, 2]]}\nnodes:\n  a: sum(x, axis=(0, 1), keepdims=True)\n"
                 "  b: clip(x, min=-1/2, max=None)\n"
                 "  c: gelu(x, approximate='tanh')\n  d: clip(x, min=-inf, max=2)")  # fmt: skip
    assert graph["a"].attrs == {"axis": (0, 1), "keepdims": True}
    assert graph["b"].attrs == {"min": -0.5, "max": None}
    assert graph["c"].attrs == {"approximate": "tanh"}
    assert graph["d"].attrs["min"] == -np.inf


def test_expressions_in_quotes_and_blocks_have_their_places() -> None:
    text = (
        'graphlab: 1\ninputs: {x: 2}\nnodes:\n  a: |\n    exp(x) +\n      sin(x)\n  b: "x +\\\n    \\x20cos(x)"\n'
        "  c: x +\n    tan(x)\n  d: >-\n\n    sqrt(\n    abs(x))\n"
    )
    graph = gl.loads(text, path="m")
    lines = text.split("\n")
    for name, needle in (("a#2", "sin"), ("b#1", "cos"), ("c#1", "tan"), ("d", "sqrt"), ("d#1", "abs")):
        row = next(i for i, line in enumerate(lines) if needle in line)
        assert graph.locations[name] == f"m:{row + 1}:{lines[row].index(needle) + 1}", name


def test_backward_from_any_node() -> None:
    graph = read(
        "inputs: {x: [[1, 2], [3, 4]]}\nnodes: {out: x * x}\nbackward: {node: out, gradient: [[1, -1], [2, 0]]}"
    )
    trace = gl.backward(gl.forward(graph))
    np.testing.assert_array_equal(trace["x"].grad, 2 * trace["x"].value * np.array([[1, -1], [2, 0]]))
    assert graph.locations["backward:"] == f"<text>:4:{len('backward: {node: out, gradient: [')}"
    assert gl.loads(gl.dumps(graph)).backward_node == "out"


def test_warnings() -> None:
    graph = read("inputs: {x: [[1, 2]], u: 1}\nparams: {v: 2}\nnodes: {y: sum(batchnorm(x))}")
    found = warnings_of(graph, gl.plan(graph).shapes)
    assert [text.split(";")[0] for text in found] == [
        "<text>:2:23: input 'u': nothing uses it",
        "<text>:3:10: param 'v': nothing uses it",
        "<text>:4:16: batchnorm 'y#1': the batch has one row, so in train mode every output is beta and no gradient "
        "passes",
    ]
    quiet = read("inputs: {x: [[1, 2], [3, 4]]}\nnodes: {y: sum(batchnorm(x))}")
    assert warnings_of(quiet, gl.plan(quiet).shapes) == []


def test_a_hundred_thousand_nodes_load() -> None:
    count = 100_000
    lines = [f"  n{i}: sin(n{i - 1})\n" for i in range(1, count + 1)]
    graph = read("inputs: {n0: 0.5}\nnodes:\n" + "".join(lines))
    assert len(graph) == count + 1
    assert graph.target == f"n{count}"


def test_an_expression_of_ten_thousand_terms() -> None:
    count = 10_000
    graph = read("inputs: {a: 0.5}\nnodes:\n  y: " + " + ".join(["a"] * count))
    assert len(graph) == count
    assert float(gl.forward(graph)["y"].value) == count * 0.5
    assert gl.dumps(graph).endswith("y: " + " + ".join(["a"] * count) + "\n")


@pytest.mark.parametrize("style", ["{}", '"{}"', ">\n    {}"])
def test_the_time_to_place_an_expressions_parts_grows_with_its_length_only(
    style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    characters = File._characters

    def counted(self: File, value: Any) -> Any:
        for place in characters(self, value):
            looked.append(1)
            yield place

    monkeypatch.setattr(File, "_characters", counted)
    text = "+".join(["x"] * 300)
    graph = gl.loads("graphlab: 1\nparams: {x: 1}\nnodes:\n  y: " + style.format(text), path="m")
    assert len(looked) <= len(text)
    last = graph.locations["y"].rpartition(":")
    first = graph.locations["y#1"].rpartition(":")
    assert int(last[2]) - int(first[2]) == len(text) - len("x+x")
