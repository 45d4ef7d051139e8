"""The canonical text: how a graph is written, and that a file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import graphlab as gl
from graphlab import errors

MODEL = """graphlab: 1
name: "a: b"
description: "two\\nlines"
dtype: float32
seed: 3
inputs:
  x: [[1.5, -0.0], [.nan, -.inf]]
  label: {value: [0, 1], dtype: int64}
  none: {value: [], shape: [0, 3], grad: false}
params:
  W: {value: [[0.1, 1.0], [1e-45, 1e+20]], trainable: false}
  '`/conv1/b`': [1.0, 2.0]
  hidden.fc.W: {shape: [2, 3], init: he}
  hidden.fc.b: {shape: [3], init: zeros}
  hidden.bn.gamma: {shape: [3], init: ones}
  hidden.bn.beta: {shape: [3], init: zeros}
state:
  mean: {shape: [3], init: zeros}
nodes:
  labels: {value: [true, false], dtype: bool}
  net: x @ W + `/conv1/b`
  hidden:
    fc: affine(net, fc.W, fc.b)
    bn: batchnorm(fc, bn.gamma, bn.beta, axis=1, eps=0.001)
    inner:
      act: -relu(bn) ** 2 * (-2) ** bn
      last: (act - (bn - 1)) / (bn * 2) < fc ** -0.5
  '`hidden.inner.odd one`': "`/conv1/b` - [1.0, 2.0]"
  other: hidden.inner.act[0, ::2] / (net[:2, 0] + 1) - (net[:, 1] - 2)
  late: clip(hidden.bn, max=inf)
  '`lambda`': add(2, 3) - sum(other, axis=[0], keepdims=true)
backward: {node: "`lambda`", gradient: [1.0]}
"""


def test_the_canonical_text() -> None:
    assert gl.dumps(gl.loads(MODEL)) == MODEL


def test_a_scope_in_two_places_is_written_in_dotted_names() -> None:
    body = "graphlab: 1\ninputs:\n  x: 2.0\nnodes:\n"
    apart = body + "  s.a: exp(x)\n  b: sin(s.a)\n  s.c: cos(b)\n"
    together = body + "  s:\n    a: exp(x)\n    c: cos(a)\n  b: sin(s.a)\n"
    for text in (apart, together):
        assert gl.dumps(gl.loads(text)) == text


def test_a_node_called_as_a_scope_is_written_in_dotted_names() -> None:
    text = "graphlab: 1\ninputs:\n  x: 2.0\nnodes:\n  bn.mu: exp(x)\n  bn: sin(bn.mu)\n"
    assert gl.dumps(gl.loads(text)) == text


def test_states_that_are_not_the_layers_own_are_written() -> None:
    g = gl.Graph()
    x = g.input("x", [[1.0, 2.0]])
    vectors = [g.param("gamma", [1.0, 1.0]), g.param("beta", [0.0, 0.0])]
    gl.batchnorm(x, *vectors, g.state("m", [0.5, 0.25]), g.state("v", shape=(2,), init="ones"), name="bn")
    gl.batchnorm(x, name="own")
    text = gl.dumps(g)
    assert "state:\n  m: [0.5, 0.25]\n  v: {shape: [2], init: ones}\n" in text
    assert "  bn: batchnorm(x, gamma, beta, m, v)\n" in text
    assert "  own: batchnorm(x, own.gamma, own.beta)\n" in text
    assert gl.dumps(gl.loads(text)) == text


def test_a_state_file_with_trained_statistics() -> None:
    body = """graphlab: 1
inputs: {x: [[1, 2]]}
params: {g: [1, 1], b: [0, 0]}
state: {bn.running_mean: [3, 4], bn.running_var: [1, 1]}
nodes: {bn: "batchnorm(x, g, b, bn.running_mean, bn.running_var)"}
"""
    text = gl.dumps(gl.loads(body))
    assert "  bn.running_mean: [3.0, 4.0]\n" in text
    assert gl.loads(text).initial_state()["bn.running_mean"].tolist() == [3, 4]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_float_comes_back(dtype: str) -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**63, 2000).astype("uint64").view("float64") if dtype == "float64" else (
        rng.integers(0, 2**32, 2000).astype("uint32").view("float32")
    )  # fmt: skip
    g = gl.Graph(dtype=dtype)
    g.param("w", bits)
    again = gl.loads(gl.dumps(g)).initial_state()["w"]
    np.testing.assert_array_equal(again, bits)
    assert again.dtype == dtype


def test_a_long_name_in_a_key_is_read_back() -> None:
    g = gl.Graph()
    g.param("'" * 500, 1.0)
    assert gl.loads(gl.dumps(g)).nodes[0].name == "'" * 500
    with pytest.raises(errors.ModelError, match="over 500 characters"):
        g.param("n" * 501, 1.0)


def test_many_scopes_inside_one_another() -> None:
    name = ".".join(f"s{i}" for i in range(80))
    text = gl.dumps(gl.loads(f"graphlab: 1\nnodes: {{{name}: 3}}"))
    assert gl.dumps(gl.loads(text)) == text


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = gl.loads("graphlab: 1\nnodes: {c: 3}")
    target = tmp_path / "m.yaml"
    gl.save(graph, target)
    before = target.read_bytes()
    assert os.listdir(tmp_path) == ["m.yaml"]

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(errors.UsageError, match=r"cannot be written: No space left on device"):
        gl.save(gl.loads("graphlab: 1\nnodes: {d: 4}"), target)
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.yaml"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    graph = gl.loads("graphlab: 1")
    with pytest.raises(errors.UsageError, match=r"ends in \.yaml, \.yml or \.json"):
        gl.save(graph, tmp_path / "m.txt")
    with pytest.raises(errors.UsageError, match="cannot be written: No such file or directory"):
        gl.save(graph, tmp_path / "nowhere" / "m.yaml")
