"""The summary of a model agrees with the model itself."""

from __future__ import annotations

import pytest

import graphlab as gl
from graphlab.engine import autodiff
from graphlab.engine.summary import summarise_model
from graphlab.importers.samples import sample_model, sample_names


def network() -> gl.Graph:
    g = gl.Graph("network")
    h = g.input("x", shape=(4, 3))
    for name in ("a", "b"):
        with g.scope(name), g.scope("block"):
            h = gl.relu(gl.batchnorm(gl.affine(h, units=5, name="fc"), name="bn"), name="act")
    w = g.param("w", shape=(5, 2), trainable=False)
    gl.sum(gl.matmul(h, w, name="out"), name="loss")
    return g


def test_a_layer_owns_its_parameters_and_the_others_have_a_line() -> None:
    layers = {layer.name: layer for layer in summarise_model(network()).layers}
    assert set(layers) == {"x", "w", "out", "loss"} | {f"{s}.block.{n}" for s in "ab" for n in ("fc", "bn", "act")}
    assert (layers["a.block.fc"].trainable, layers["b.block.fc"].trainable) == (3 * 5 + 5, 5 * 5 + 5)
    assert (layers["a.block.bn"].trainable, layers["a.block.bn"].kept) == (10, 10)
    assert (layers["w"].trainable, layers["w"].frozen, layers["w"].parameters) == (0, 10, 10)


def test_multiply_adds_are_those_of_matrix_products() -> None:
    summary = summarise_model(network())
    by_name = {layer.name: layer.multiply_adds for layer in summary.layers}
    assert by_name["a.block.fc"] == 4 * 3 * 5
    assert by_name["out"] == 4 * 5 * 2
    assert by_name["a.block.act"] is None
    assert summary.multiply_adds == 4 * (3 * 5 + 5 * 5 + 5 * 2)


def test_a_scope_stands_in_one_piece_at_its_first_node() -> None:
    g = gl.Graph()
    x = g.input("x", shape=(2, 2))
    with g.scope("s"):
        first = gl.exp(x, name="first")
    middle = gl.sin(first, name="middle")
    with g.scope("s"):
        gl.sum(gl.cos(middle, name="second"), name="last")
    assert [layer.name for layer in summarise_model(g).layers] == ["x", "s.first", "s.second", "s.last", "middle"]


@pytest.mark.parametrize("name", sample_names())
def test_totals_are_those_of_the_model(name: str) -> None:
    graph = gl.load(sample_model(name))
    summary = summarise_model(graph)
    state = graph.initial_state()
    params = graph.leaves("param")
    assert summary.trainable + summary.frozen == sum(state[node.name].size for node in params)
    assert summary.kept == sum(state[node.name].size for node in graph.leaves("state"))
    assert summary.parameter_bytes == sum(state[node.name].nbytes for node in params)
    trace = gl.backward(gl.forward(graph))
    assert summary.value_bytes == sum(record.value.nbytes for record in trace)
    assert summary.gradient_bytes == sum(record.grad.nbytes for record in trace if record.grad is not None)


def test_nothing_is_computed_or_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    g = gl.Graph("absurd")
    gl.sum(gl.affine(g.input("x", shape=(10**6, 10**6)), units=10**6, name="fc"), name="y")

    def refuse(*args: object) -> None:
        raise AssertionError("a number was computed")

    monkeypatch.setattr(autodiff, "forward", refuse)
    monkeypatch.setattr("graphlab.graph.initialise", refuse)
    summary = summarise_model(g)
    assert (summary.multiply_adds, summary.trainable) == (10**18, 10**12 + 10**6)
