"""Which work made the first number that is not finite: each claim against the numbers, and none where none holds."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_graphs import arrays

import graphlab as gl
from graphlab import ops
from graphlab.diagnosis.births import Birth, birth, made_text
from graphlab.engine.whatif import with_value
from graphlab.lines import Styled

SPECIAL = (0.0, 1.0, -2.0, 1e200, -1e200, math.inf, -math.inf, math.nan, 800.0, 0.5)
OFTEN = (0.1, 0.2, 0.2, 0.1, 0.05, 0.05, 0.05, 0.03, 0.1, 0.12)  # how often each is given


def run(text: str) -> gl.Trace:
    trace = gl.forward(gl.loads(f"graphlab: 1\n{text}"))
    return gl.backward(trace)


def born(text: str) -> Birth:
    found = birth(run(text))
    assert found is not None
    return found


def random_run(seed: int) -> gl.Trace:
    """A random graph of ops that can overflow, with odd numbers given."""
    rng = np.random.default_rng(seed)
    g = gl.Graph("odd")
    made = [g.param(f"w{k}", rng.choice(SPECIAL, p=OFTEN, size=(2, 3))) for k in range(3)]
    for k in range(7):
        a, b = (made[int(n)] for n in rng.integers(0, len(made), size=2))
        kind = int(rng.integers(8))
        name = f"n{k}"
        if kind < 4:
            made.append(getattr(gl, ("add", "sub", "mul", "div")[kind])(a, b, name=name))
        elif kind == 4:
            made.append(getattr(gl, ("exp", "log", "sqrt", "square", "reciprocal")[int(rng.integers(5))])(a, name=name))
        elif kind == 5:
            made.append(gl.softmax(a, name=name))
        elif kind == 6:
            made.append(gl.add(a, gl.mean(b, axis=0, name=f"m{k}"), name=name))
        else:
            made.append(gl.maximum(a, b, name=name))
    g.loss(gl.sum(gl.add(made[-1], made[-2], name="both"), name="L"))
    return gl.backward(gl.forward(g))


def finite(array: object) -> bool:
    return array is None or bool(np.all(np.isfinite(np.asarray(array, float))))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000))
def test_every_birth_is_one(seed: int) -> None:
    """Nothing before it made such a number, and what it made is none that it was given: worked out here by itself."""
    trace = random_run(seed)
    found = birth(trace)
    graph, plan = trace.graph, trace.plan
    made = [i for i in plan.order if makes(trace, i)]
    if made:
        assert found is not None
        assert (found.phase, found.node) == ("forward", graph.nodes[made[0]].name)
        for element in found.elements:
            value = float(trace[found.node].value[element.index])
            assert not math.isfinite(value)
            assert math.isnan(value) == math.isnan(element.value)
        if found.given:
            assert all(not finite(trace[name].value) for name in found.given)
    elif found is not None and found.phase == "given":
        assert not finite(trace[found.node].value)
        assert graph[found.node].is_leaf
        reached = [trace.values[plan.target or 0], *(trace.cotangents or ())]
        assert not all(map(finite, reached))
    elif found is None:
        assert finite(trace.values[plan.target or 0])
        assert all(map(finite, trace.cotangents or ()))


def makes(trace: gl.Trace, i: int) -> bool:
    """Whether node i made a NaN of numbers, or an Inf of finite ones: element by element where it works so."""
    value = np.asarray(trace.values[i])
    values = [np.asarray(trace.values[j], float) for j in trace.plan.operands[i]]
    if ops.get(trace.graph.nodes[i].op).elementwise:
        values = [np.broadcast_to(one, value.shape) for one in values]
        cells = [(value[key], [one[key] for one in values]) for key in np.ndindex(value.shape)]
    else:
        cells = [(one, [x for array in values for x in array.ravel()]) for one in value.ravel()]
    return any(
        (math.isnan(out) and not any(map(math.isnan, into))) or (math.isinf(out) and all(map(math.isfinite, into)))
        for out, into in cells
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_healthy_run_has_none(seed: int) -> None:
    assert birth(arrays(seed)) is None


def test_a_mask_of_minus_infinity_is_no_fault_of_its_own() -> None:
    """A causal mask: every row has a number left."""
    text = (
        "inputs: {m: [[0, -.inf], [0, 0]]}\nparams: {s: [[1, 2], [3, 4.5]]}\nnodes: {a: softmax(s + m), L: sum(a * s)}"
    )
    trace = run(text)
    assert birth(trace) is None
    assert not np.isfinite(trace["m"].value).all()


def test_a_row_that_is_wholly_masked_is_made_bad_by_softmax() -> None:
    found = born(
        "inputs: {m: [[0, 0, -.inf], [-.inf, -.inf, -.inf]]}\nparams: {s: [[1, 2, 3], [4, 5, 6]]}\n"
        "nodes: {z: s + m, a: softmax(z), L: sum(a * a)}"
    )
    assert (found.phase, found.node, found.given, found.count) == ("forward", "a", ("m",), 3)
    assert [element.index for element in found.elements] == [(1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    ("expression", "node"),
    [("w - w", "a"), ("w * 0", "a"), ("w / w", "a"), ("w + v", "a"), ("w * u", "a"), ("sin(w)", "a")],
)
def test_a_nan_made_of_a_given_infinity_is_made_there(expression: str, node: str) -> None:
    found = born(f"params: {{w: [.inf, 1], v: [-.inf, 1], u: [0, 1]}}\nnodes: {{a: {expression}, L: sum(a)}}")
    assert (found.phase, found.node) == ("forward", node)
    assert found.given[0] == "w"


@pytest.mark.parametrize("value", [".inf", ".nan"])
@pytest.mark.parametrize("expression", ["w * 2", "exp(w)", "w + 1", "relu(w) * w"])
def test_what_was_given_and_goes_through_was_given(value: str, expression: str) -> None:
    found = born(f"params: {{w: [1, {value}]}}\nnodes: {{a: {expression}, L: sum(a)}}")
    assert (found.phase, found.node, found.elements[0].index) == ("given", "w", (1,))


def test_an_infinity_that_goes_nowhere_is_none() -> None:
    trace = run("params: {w: [.inf, 1]}\nnodes: {a: exp(-w), L: sum(a)}")
    assert trace["a"].value.tolist() == [0.0, math.exp(-1)]
    assert np.isfinite(trace["w"].grad).all()
    assert birth(trace) is None


def test_backward_zero_times_a_given_infinity_is_made() -> None:
    """max picks the other one: upstream 0 to a product whose factor is ∞."""
    found = born(
        "params: {w: 2, v: 3}\ninputs: {k: {value: .inf, grad: false}}\nnodes: {a: 'maximum(-k * w, v)', L: a * 1}"
    )
    assert (found.phase, found.to, found.given) == ("backward", "w", ("k",))


LOSSES = {
    "cross_entropy": ("p: [[0.5, 0.5], [1, 0], [0.25, 0.75]], t: [0, 1, 1]", "cross_entropy(p, t)", ["p[1,1]"]),
    "soft": ("p: [[0.5, 0.0, 0.5], [0.0, 1, 0]], t: [[1, 0, 0], [0.5, 0.5, 0]]", "cross_entropy(p, t)", ["p[1,0]"]),
    "bce at 0": ("p: [1.0, 0.25, 0.0], t: [1, 0, 1]", "bce(p, t)", ["p[2]"]),
    "bce at 1": ("p: [1.0, 0.25, 0.5], t: [0, 0, 1]", "bce(p, t)", ["p[0]"]),
    "mse": ("p: [[1, -2e200], [3, 4]], t: [[0, 0], [0, 0]]", "mse(p, t)", ["p[0,1]"]),
    "both of mse": ("p: [1, 3e250], t: [0, -3e250]", "mse(p, t)", ["p[1]", "t[1]"]),
    "l2": ("p: [[1, 2], [7e160, 1]], t: 0", "l2_penalty(p, rate=1)", ["p[1,0]"]),
    "huge logits": ("p: [[0, 0], [1.5e308, -1.5e308]], t: [0, 1]", "softmax_cross_entropy(p, t)", ["p[1,0]", "p[1,1]"]),
    "nll": ("p: [[-1, -1.2e308], [-1.3e308, 0]], t: [1, 0]", "nll(p, t, reduction=sum)", ["p[0,1]", "p[1,0]"]),
    "mean": ("p: [1e308, 0, 1.1e308, 2], t: 0", "mean(p)", ["p[0]", "p[2]"]),
    "var": ("p: [1, 2, 5e180], t: 0", "var(p)", ["p[2]"]),
    "two zeros": ("p: [[0.0, 1], [0.5, 0.5], [1, 0]], t: [0, 1, 1]", "cross_entropy(p, t)", ["p[0,0]", "p[2,1]"]),
    "zero and one": ("p: [0.0, 0.25, 1], t: [1, 1, 0]", "bce(p, t)", ["p[0]", "p[2]"]),
    "two too large": ("p: [1, 2e170, -3, 4e170], t: 0", "var(p)", ["p[1]", "p[3]"]),
    "log inside": ("p: [0.5, 0.0, 2], t: 0", "sum(log(p))", []),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_bad_number_from_inside_a_loss_names_the_entry(name: str) -> None:
    leaves, expression, entries = LOSSES[name]
    trace = run(f"params: {{{leaves.partition(', t:')[0]}}}\ninputs: {{t: {leaves.partition(', t: ')[2]}}}\n"
                f"nodes: {{L: '{expression}'}}")  # fmt: skip
    found = birth(trace)
    assert found is not None
    assert [entry for entry, _ in found.entries] == entries
    for entry, value in found.entries:
        leaf, _, index = entry.rstrip("]").partition("[")
        key = tuple(map(int, index.split(",")))
        assert trace[leaf].value[key] == value
    if len(entries) == 1:  # another number there, and the result is finite
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gl.DoubtWarning)  # its row no longer adds up to 1
            healed = with_value(trace, leaf, 0.5, key)
        assert np.isfinite(healed.loss)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_entry_that_is_named_is_the_one_that_was_spoilt(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 1.0, size=(4, 3))
    t = rng.integers(0, 3, size=4)
    row = int(rng.integers(4))
    p[row, t[row]] = 0.0
    p[(row + 1) % 4, (t[(row + 1) % 4] + 1) % 3] = 0.0  # of a class that is not the label: no fault
    p /= p.sum(axis=1, keepdims=True)
    g = gl.Graph("g")
    g.loss(gl.cross_entropy(g.param("p", p), g.input("t", t), name="L"))
    found = birth(gl.backward(gl.forward(g)))
    assert found is not None
    assert found.entries == ((f"p[{row},{t[row]}]", 0.0),)


def test_a_variance_that_overflows_is_said_although_the_result_is_finite() -> None:
    leaves = "params: {x: [[1, 2e190], [2, 3], [5, 1]], u: [[1, 2], [3, 4], [5, 7]]}\n"
    text = leaves + "nodes: {y: batchnorm(%s), L: sum(y * y * y)}"
    trace = run(text % "x")
    assert np.isfinite(trace["y"].value).all()
    found = birth(trace)
    assert found is not None
    assert (found.node, found.inside, found.elements[0].index, found.entries) == (
        "y",
        "var",
        (1,),
        (("x[0,1]", 2e190),),
    )
    assert birth(run(text % "u")) is None


def test_float32_overflows_earlier() -> None:
    text = "{dtype}params: {{x: [1, 3e25]}}\ninputs: {{t: [0, 0]}}\nnodes: {{L: 'mse(x, t)'}}"
    found = born(text.format(dtype="dtype: float32\n"))
    assert [entry for entry, _ in found.entries] == ["x[1]"]
    assert birth(run(text.format(dtype=""))) is None


def test_of_many_entries_the_first_are_named() -> None:
    found = born("params: {p: [1e200, 2e200, 3e200, 4e200, 5e200, 6e200, 7e200]}\nnodes: {L: 'mse(p, 0 * p)'}")
    assert made_text(found.entries) == ", ".join(f"p[{k}] = {k + 1}e200" for k in range(5)) + ", …"
    five = born("params: {p: [1e200, 2e200, 3e200, 4e200, 5e200, 6, 7]}\nnodes: {L: 'mse(p, 0 * p)'}")
    assert made_text(five.entries) == ", ".join(f"p[{k}] = {k + 1}e200" for k in range(5))


def test_an_infinity_that_passes_beside_a_nan_is_not_counted() -> None:
    """Row 0 keeps its −∞; row 1 becomes NaN: of the four that are not finite three were made."""
    found = born(
        "inputs: {m: [[0, -.inf, 0], [-.inf, -.inf, -.inf]]}\nparams: {s: [[1, 2, 3], [4, 5, 6]]}\n"
        "nodes: {z: s + m, a: log_softmax(z), L: sum(a)}"
    )
    assert (found.node, found.count, found.size) == ("a", 3, 6)
    assert [entry for entry, _ in found.entries] == ["z[1,0]", "z[1,1]", "z[1,2]"]
    plain = born("params: {w: [.inf, 3]}\nnodes: {y: w - mean(w), L: sum(y)}")
    assert (plain.node, plain.count, [one.index for one in plain.elements]) == ("y", 1, [(0,)])


def test_an_input_is_named_with_its_own_place() -> None:
    """A number, a row and a column that are broadcast, each by its own index."""
    found = born("params: {x: [[1, 0], [2, 3]], k: 0, r: [0, 1]}\nnodes: {y: '(x * k) / r', L: sum(y)}")
    assert [(one.inputs, one.places) for one in found.elements] == [
        ({"y#1": 0.0, "r": 0.0}, {"y#1": (0, 0), "r": (0,)}),
        ({"y#1": 0.0, "r": 0.0}, {"y#1": (1, 0), "r": (0,)}),
    ]
    assert "from y#1[1,0] = 0, r[0] = 0" in "".join(str(found_line) for found_line in said(found))


def said(found: Birth) -> list[str]:
    from graphlab.lines.blame import _birth

    return [line.text if isinstance(line, Styled) else str(line) for line in _birth(found)]


def test_an_ordinary_number_is_not_what_a_normalisation_made_a_nan_of() -> None:
    found = born("params: {x: [[.inf, 1], [2, 3], [5, 7]]}\nnodes: {y: batchnorm(x), L: sum(y)}")
    assert [(one.index, one.inputs) for one in found.elements] == [
        ((0, 0), {"x": math.inf}),
        ((1, 0), {}),
        ((2, 0), {}),
    ]


def test_a_sum_over_what_was_broadcast_names_the_term() -> None:
    """∂p of w**p needs log(w), of which one is none."""
    found = born("params: {w: [4, -3, 2], p: 3}\nnodes: {z: w ** p, L: sum(z)}")
    assert (found.phase, found.to) == ("backward", "p")
    (one,) = found.elements
    assert (one.index, one.inputs["w"], one.places["w"], one.places["p"]) == ((), -3.0, (1,), ())
    assert np.isnan(run("params: {w: -3, p: 3}\nnodes: {z: w ** p, L: z * 1}")["p"].grad)
    assert np.isfinite(run("params: {w: [4, 2], p: 3}\nnodes: {z: w ** p, L: sum(z)}")["p"].grad)


def test_terms_of_a_gradient_that_overflow_only_together() -> None:
    text = "params: {w: [1e-9, 2]}\nnodes: {a: 'w * [%s, 1]', b: 'w * [%s, 1]', L: sum(a + b)}"
    found = born(text % ("1.1e308", "1.2e308"))
    assert (found.phase, found.node, found.to, found.count, found.elements[0].index) == ("added", "w", None, 1, (0,))
    assert said(found)[0] == "first made where the terms of ∂L/∂w add up: 1 of 2 elements not finite"
    assert birth(run(text % ("1.1e307", "1.2e307"))) is None
    assert birth(run(text % ("1.1e308", "-1.2e308"))) is None


@pytest.mark.parametrize("op", ["softmax_cross_entropy", "nll"])
def test_a_label_that_a_mask_leaves_out_is_named(op: str) -> None:
    """Three −∞ are given on purpose; the loss is ∞ for one of them alone."""
    text = "inputs: {{m: [[0, -.inf, -.inf], [-.inf, 0, 0]], t: {t}}}\nparams: {{s: [[-1, -2, -3], [-4, -5, -6]]}}\n"
    text += "nodes: {{z: s + m, L: '{op}(z, t)'}}"
    found = born(text.format(t="[0, 0]", op=op))
    assert (found.phase, found.node, found.given) == ("forward", "L", ("m",))
    assert found.entries == (("z[1,0]", -math.inf),)
    assert birth(run(text.format(t="[0, 1]", op=op))) is None  # all of them where they do no harm
    all_of_them = born("params: {p: [-.inf, 1, -.inf]}\nnodes: {L: 'mse(p, 0 * [1, 2, 3])'}")
    assert (all_of_them.phase, all_of_them.node) == ("given", "p")
    many = born(f"params: {{p: [{', '.join(['-.inf'] * 9)}]}}\nnodes: {{L: 'mse(p, 0 * [{', '.join('1' * 9)}])'}}")
    assert (many.phase, many.node) == ("given", "p")
