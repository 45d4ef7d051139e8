"""The three prints of a step agree: symbols, numbers put in, result."""

import math
import re

import numpy as np
import pytest

import graphlab as gl
from graphlab.explain.rules import without_upstream
from graphlab.explain.worked import backward_worked, forward_worked, inline, local_derivative
from graphlab.formula import evaluate, parse, show
from graphlab.ops import REGISTRY

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def reread(text):
    """The number that a printed line of arithmetic stands for."""
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: "**(" + m[1].translate(SUPERSCRIPT) + ")", text)
    text = text.replace("×", "*").replace("·", "*").replace("−", "-").replace("≤", "<=").replace("≥", ">=")
    text = re.sub(r"√(\([^()]*\)|[\d.]+)", r"sqrt(\1)", text).replace("^", "**")
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = re.sub(r"(?<![<>=!])=(?!=)", "==", text)
    text = re.sub(r"\[([^\]]*[<>=][^\]]*)\]", r"where(\1, 1, 0)", text)
    return float(evaluate(parse(text), {}))


def scalars():
    """A graph of scalars that uses every op which prints as plain arithmetic."""
    g = gl.Graph("scalars")
    a, b = g.param("a", 0.75), g.param("b", -1.25)
    terms = [
        a * b, a / b, a - b, -a, b**2, gl.exp(a), gl.log(a), gl.sqrt(a), gl.abs(b), gl.sin(a), gl.cos(b), gl.square(b),
        gl.reciprocal(b), gl.maximum(a, b), gl.minimum(a, b), gl.sigmoid(b), gl.relu(a), gl.leaky_relu(b), gl.silu(a),
    ]  # fmt: skip
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return gl.backward(gl.forward(g))


def test_numbers_put_in_give_the_printed_result():
    trace = scalars()
    checked = 0
    for i, node in enumerate(trace.graph.nodes):
        if node.is_leaf:
            continue
        worked = forward_worked(trace, i, precision=17)
        assert reread(worked.substituted) == pytest.approx(float(trace.values[i]), rel=1e-12), (node.op, worked)
        for k, part in enumerate(trace.contributions[i]):
            if part is not None:
                worked = backward_worked(trace, i, k, precision=17)
                assert reread(worked.substituted) == pytest.approx(float(part), rel=1e-12), (node.op, worked)
                checked += 1
    assert checked > 50


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", sorted(n for n, op in REGISTRY.items() if op.family != "leaf"))
def test_upstream_times_local_is_downstream_for_every_op(name, mode):
    """Where an op shows a local derivative, its product with the upstream gradient is the contribution."""
    op = REGISTRY[name]
    rng = np.random.default_rng(3)
    primals, attrs = op.example(rng)
    g = gl.Graph(name)
    slots = op.slot_names(len(primals))
    refs = []
    for slot, value in zip(slots, primals, strict=True):
        is_state = slot.startswith("running_")
        refs.append((g.state if is_state else g.input)(slot, value))
    out = g.op(name, *refs, name="out", **attrs)
    if out.dtype not in ("float64",):
        return  # comparisons: nothing flows back
    g.backward_from(out, rng.normal(size=out.shape))
    trace = gl.backward(gl.forward(g, mode=mode))
    i = trace.graph.index["out"]
    for k, part in enumerate(trace.contributions[i] or ()):
        local = local_derivative(trace, i, k) if part is not None else None
        if local is None:
            continue
        product = np.asarray(trace.cotangents[i])
        if np.ndim(product) < np.ndim(local.value) or product.shape != np.shape(local.value):
            axis = attrs.get("axis")
            if op.family == "reduction" and axis is not None and not attrs.get("keepdims"):
                product = np.expand_dims(product, axis)
        product = product * local.value
        shape = np.shape(part)
        lead = product.ndim - len(shape)
        axes = tuple(a for a in range(product.ndim) if a < lead or (shape[a - lead] == 1 and product.shape[a] != 1))
        summed = product.sum(axis=axes).reshape(shape) if product.shape != shape and axes else product
        np.testing.assert_allclose(np.broadcast_to(summed, shape), part, rtol=1e-10, atol=1e-12, err_msg=slots[k])


def test_a_planted_error_in_a_local_rule_is_seen(monkeypatch):
    monkeypatch.setattr(REGISTRY["sin"], "local", {"x": "upstream * sin(x)"})
    monkeypatch.setattr(REGISTRY["dropout"], "eval_local", {"x": "upstream * rate"})
    for name, mode in (("sin", "train"), ("dropout", "eval")):
        with pytest.raises(AssertionError):
            test_upstream_times_local_is_downstream_for_every_op(name, mode)


def test_layers_call_their_own_parameters_by_short_names():
    g = gl.Graph("n")
    x = g.input("x", np.ones((3, 2)))
    with g.scope("hidden"):
        gl.sum(gl.affine(x, units=2, name="fc"), name="s")
    trace = gl.backward(gl.forward(g))
    i = trace.graph.index["hidden.fc"]
    assert forward_worked(trace, i).symbolic == "x · W + b"
    assert [backward_worked(trace, i, k).left for k in range(3)] == ["∂L/∂x", "∂L/∂W", "∂L/∂b"]
    assert backward_worked(trace, i, 1).symbolic == "xᵀ · ∂L/∂fc"


def test_a_short_name_that_is_another_nodes_name_is_written_in_full():
    g = gl.Graph("n")
    b = g.param("b", [1.0, 2.0])
    with g.scope("hidden"):
        fc = gl.affine(b, units=2, name="fc")
        inner = gl.mul(fc, fc, name="b")
    gl.sum(inner, name="L")
    trace = gl.backward(gl.forward(g))
    i, j = (trace.graph.index[name] for name in ("hidden.fc", "hidden.b"))
    assert forward_worked(trace, i).symbolic == "b · W + hidden.fc.b"
    assert [backward_worked(trace, i, k).left for k in range(3)] == ["∂L/∂b", "∂L/∂W", "∂L/∂hidden.fc.b"]
    assert forward_worked(trace, j).left == "hidden.b"
    assert backward_worked(trace, trace.graph.index["L"], 0).left == "∂L/∂hidden.b"


def test_the_sum_over_broadcast_axes_is_part_of_the_rule():
    g = gl.Graph("n")
    x, b = g.input("x", np.ones((3, 2))), g.param("b", [1.0, 2.0])
    y = gl.mul(x, b, name="y")
    g.backward_from(y, np.arange(6.0).reshape(3, 2))
    trace = gl.backward(gl.forward(g))
    worked = backward_worked(trace, trace.graph.index["y"], 1)
    assert worked.symbolic == "Σ₀ (∂L/∂y × x)"
    assert worked.result == "[6 9]"


def test_powers_with_a_literal_are_worked_out():
    g = gl.Graph("n")
    (g.param("x", 3.0) ** 3).graph.freeze()
    trace = gl.backward(gl.forward(g))
    i = trace.graph.index["pow1"]
    assert backward_worked(trace, i, 0).symbolic.endswith("3 × x²")


def test_what_is_no_product_with_upstream_has_no_local_derivative():
    assert without_upstream(parse("y * (upstream - sum(upstream * y))")) is None
    assert show(without_upstream(parse("-upstream * 2 / n"))) == "-2 / n" or without_upstream(parse("-upstream"))
    assert without_upstream(parse("upstream @ transpose(W)")) is None


def test_values_in_a_line():
    assert inline(np.float64(-0.5), None) == "-0.5"
    assert inline(np.array([1.0, 2.0]), "x") == "[1 2]"
    assert inline(np.zeros((4, 3)), "x") == "x⟨4×3⟩"
    assert inline(None, "x") == "–"
    assert inline(np.array([math.nan]), None) == "NaN"


def test_an_empty_array_is_called_empty():
    assert [inline(np.zeros(shape), None) for shape in [(0,), (0, 3), (2, 0, 4)]] == [
        "0 · empty", "0×3 · empty", "2×0×4 · empty"
    ]  # fmt: skip
    assert inline(np.zeros((0, 3)), "x") == "[]"


def test_working_out_one_of_many_inputs_leaves_the_others_alone(monkeypatch):
    g = gl.Graph("fan")
    w = g.param("w", 2.0)
    gl.sum(gl.stack(*[gl.mul(w, float(k), name=f"a{k}") for k in range(50)], name="s"), name="E")
    trace = gl.backward(gl.forward(g))
    written = []
    monkeypatch.setattr("graphlab.explain.worked.inline", lambda value, *_: written.append(value) or inline(value, *_))
    worked = backward_worked(trace, trace.graph.index["s"], 7)
    assert worked.left == "∂L/∂a7" and len(written) == 2
