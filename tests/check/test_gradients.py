"""The gradient check finds what is wrong, and only that."""

import math

import numpy as np
import pytest

import graphlab as gl
from graphlab.check.finite_differences import compare
from graphlab.check.gradients import as_float64
from graphlab.ops import REGISTRY
from graphlab.ops.inference import FLOATS

OPS = [op for op in REGISTRY.values() if op.family != "leaf"]


def example(op, dtype="float64"):
    """The op's example as a graph: float primals are parameters, the rest is fed in; the loss weighs every element."""
    primals, attrs = op.example(np.random.default_rng(3))
    g = gl.Graph(op.name, dtype=dtype)
    refs = []
    for k, primal in enumerate(map(np.asarray, primals)):
        kind = primal.dtype.kind
        refs.append(g.param(f"p{k}", primal) if kind == "f" else g.input(f"p{k}", primal, dtype=primal.dtype.name))
    y = g.op(op.name, *refs, name="y", **attrs)
    if y.dtype in FLOATS and y.shape:
        gl.sum(y * g.constant(np.random.default_rng(4).normal(size=y.shape), "weights"), name="loss")
    return g


def differentiable(op):
    """The example's slots that have a gradient."""
    primals, _ = op.example(np.random.default_rng(3))
    slots = op.slot_names(len(primals))
    floats = [slot for slot, p in zip(slots, primals, strict=True) if np.asarray(p).dtype.kind == "f"]
    return [slot for slot in floats if slot not in op.nograd] if op.result != "bool" else []


PASSING = [op for op in OPS if differentiable(op)]


def statuses(report, node="y"):
    return {check.slot: check.status for check in report.of(node)}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_op_is_right(op):
    report = gl.check_gradients(example(op))
    assert report.ok
    slots = differentiable(op)
    assert {slot for slot, status in statuses(report).items() if status == "ok"} == set(slots)
    assert all(check.reason for check in report.checks if check.status == "skipped")
    for check in report.of("y"):
        assert check.status == "skipped" or (check.checked == check.size > 0 and check.error < 1e-7)


def plant(monkeypatch, op, change):
    right = op.vjp

    def wrong(ctx, g, primals, value, residuals, **attrs):
        return tuple(change(part, p) for part, p in zip(right(ctx, g, primals, value, residuals, **attrs), primals,
                                                         strict=True))  # fmt: skip

    monkeypatch.setattr(op, "vjp", staticmethod(wrong))


def scaled(part, primal):
    if part is None:
        return None
    return part * 1.01 if np.any(part) else part + 0.01


def one_element(part, primal):
    if part is None:
        return None
    part = np.array(part, order="C")
    flat = part.reshape(-1)
    k = int(np.argmax(np.abs(flat)))
    flat[k] = flat[k] * 1.01 + 0.01
    return part


@pytest.mark.parametrize("change", [scaled, one_element])
@pytest.mark.parametrize("op", PASSING, ids=lambda op: op.name)
def test_a_wrong_vjp_is_found(op, change, monkeypatch):
    plant(monkeypatch, op, change)
    report = gl.check_gradients(example(op))
    assert not report.ok
    assert {check.slot for check in report.wrong if check.node == "y"} == set(differentiable(op))
    leaves = [check.status for check in report.ends if check.status != "skipped"]
    assert "wrong" in leaves


@pytest.mark.parametrize("op", PASSING, ids=lambda op: op.name)
def test_a_gradient_left_out_is_found(op, monkeypatch):
    plant(monkeypatch, op, lambda part, primal: None)
    report = gl.check_gradients(example(op), end_to_end=False)
    numeric_is_zero = op.name == "sign"
    assert report.ok == numeric_is_zero


def test_a_wrong_shape_is_found(monkeypatch):
    plant(monkeypatch, REGISTRY["softmax"], lambda part, primal: part[:1])
    found = gl.check_gradients(example(REGISTRY["softmax"]), end_to_end=False).wrong
    assert [(check.slot, check.reason) for check in found] == [("x", "the gradient is (1, 4) but x is (3, 4)")]


def test_the_worst_element_is_named(monkeypatch):
    def change(part, primal):
        part = np.array(part)
        part[2, 1] *= 1.5
        return part

    plant(monkeypatch, REGISTRY["tanh"], change)
    (check,) = gl.check_gradients(example(REGISTRY["tanh"]), end_to_end=False).of("y")
    assert (check.status, check.worst.index) == ("wrong", (2, 1))
    assert check.worst.analytic == pytest.approx(1.5 * check.worst.numeric, rel=1e-6)
    assert check.error == pytest.approx(1 / 3, rel=1e-5)


def kinked(op, at, **attrs):
    g = gl.Graph()
    y = g.op(op, g.param("x", at), name="y", **attrs)
    gl.sum(y * g.constant([1.0, -2.0, 3.0][: len(at)], "w"), name="loss")
    return g


@pytest.mark.parametrize("op", ["relu", "leaky_relu", "abs"])
def test_a_bend_is_a_kink(op):
    report = gl.check_gradients(kinked(op, [0.0, 1.0, -1.0]))
    assert report.ok
    assert [(check.node, check.status, check.kinks) for check in report.checks if check.kinks] == [
        ("y", "kink", 1),
        ("x", "kink", 1),
    ]
    assert report.kinks == 2


def test_an_outcome_outside_a_bends_two_slopes_is_wrong(monkeypatch):
    plant(monkeypatch, REGISTRY["relu"], lambda part, x: np.where(x == 0, part - 3.0, part))
    report = gl.check_gradients(kinked("relu", [0.0, 1.0, -1.0]))
    assert statuses(report) == {"x": "wrong"}


@pytest.mark.parametrize("near", [1e-3, 1e-5, 1e-7, -1e-7, 1e-9])
def test_a_wrong_slope_beside_a_bend_is_wrong(near, monkeypatch):
    assert gl.check_gradients(kinked("relu", [near, 1.0, -1.0])).ok
    plant(monkeypatch, REGISTRY["relu"], lambda part, x: np.where(x == near, 0.5, part))
    (check,) = gl.check_gradients(kinked("relu", [near, 1.0, -1.0]), end_to_end=False).of("y")
    assert (check.status, check.kinks, check.worst.index) == ("wrong", 0, (0,))


def test_a_flat_place_is_no_kink():
    report = gl.check_gradients(kinked("square", [0.0, 1.0, -1.0]))
    assert report.kinks == 0
    assert report.ok


def test_a_tie_is_a_kink():
    g = gl.Graph()
    gl.max(g.param("x", [2.0, 1.0, 2.0]), name="y")
    (check,) = gl.check_gradients(g).of("y")
    assert (check.status, check.kinks, check.checked) == ("kink", 2, 3)


@pytest.mark.parametrize(
    ("along", "slope", "scale", "status"),
    [
        (lambda t: ((1 + t) ** 3 - 1, 1.0), 3.0, 1.0, "ok"),
        (lambda t: ((1 + t) ** 3 - 1, 1.0), 3.0001, 1.0, "wrong"),
        (lambda t: (t**3, abs(t) ** 3), 0.0, 0.0, "ok"),
        (lambda t: (t**3, abs(t) ** 3), 1e-3, 0.0, "wrong"),
        (lambda t: (t**2, t**2), 5.0, 0.0, "wrong"),
        (lambda t: (abs(t), abs(t)), 0.9, 0.0, "kink"),
        (lambda t: (abs(t), abs(t)), 1.1, 0.0, "wrong"),
        (lambda t: (max(t, 0.0), abs(t)), 1.0, 0.0, "kink"),
        (lambda t: (math.sqrt(1e-9 + t) - math.sqrt(1e-9) if t > -1e-9 else math.nan, 1e-4),
         0.5e-9**0.5 / 0.5**0.5 * 0.5e9, 1e-9, "ok"),
        (lambda t: (math.nan, 1.0), 1.0, 1.0, "undefined"),
        (lambda t: (2.0 * t, 1.0), math.nan, 1.0, "wrong"),
        (lambda t: (2.0 * t, 1.0), math.inf, 1.0, "wrong"),
        (lambda t: (t + 1e-3 * math.sin(1e13 * t), 1.0), 1.2, 1.0, "unclear"),
        (lambda t: (0.0, 1.0), 1e-30, 1.0, "ok"),  # far below what rounding lets anyone see
        (lambda t: (0.0, 2.0), 1e-5, 1.0, "wrong"),
        (lambda t: ((1e12 + 2 * t) - 1e12, 1e12), 2.0, 1.0, "ok"),  # lost at small steps, seen at large ones
        (lambda t: ((1e12 + 2 * t) - 1e12, 1e12), 4.0, 1.0, "unclear"),
        (lambda t: ((1e12 + 2 * math.tanh(t)) - 1e12, 1e12), 2.0, 1.0, "unclear"),
        (lambda t: ((1e-302 + t) ** 2 - 1e-302**2, (1e-302 + t) ** 2), 2e-302, 1e-302, "ok"),  # squares underflow
    ],
)  # fmt: skip
def test_verdicts(along, slope, scale, status):
    assert compare(along, slope, scale).status == status


def test_values_that_are_not_finite_are_reported():
    g = gl.Graph()
    gl.sum(gl.log(g.param("x", [-1.0, 0.0, 2.0])), name="loss")
    report = gl.check_gradients(g)
    (check,) = report.of("log1")
    assert (check.status, check.undefined, check.reason) == ("ok", 2, "2 slopes are not finite")
    (leaf,) = report.ends
    assert (leaf.status, leaf.error, leaf.undefined) == ("skipped", None, 3)


def test_a_nan_where_there_is_a_slope_is_wrong(monkeypatch):
    plant(monkeypatch, REGISTRY["exp"], lambda part, x: part * np.nan)
    assert statuses(gl.check_gradients(example(REGISTRY["exp"]))) == {"x": "wrong"}


def test_what_has_no_gradient_is_skipped_with_the_reason():
    g = gl.Graph()
    x, t = g.input("x", [[1.0, 2.0]], grad=False), g.input("t", np.array([1]))
    W = g.param("W", [[1.0, 2.0], [3.0, 4.0]])
    unused = g.param("unused", 2.0)
    gl.exp(unused, name="side")
    g.loss(gl.softmax_cross_entropy(gl.stop_gradient(x, name="stop") @ (W * 2), t, name="loss"))
    report = gl.check_gradients(g)
    reasons = {(c.node, c.slot): c.reason for c in report.checks if c.status == "skipped"}
    assert reasons == {
        ("stop", "x"): "the op has no derivative here",
        ("mul1", "b"): "a number in the model",
        ("loss", "t"): "int64: no gradient",
        ("x", ""): "grad: false",
        ("t", ""): "int64: no gradient",
        ("unused", ""): "the loss does not depend on it",
    }


def test_stop_gradient_and_labels_hold_still():
    """Differences follow the edges that backward uses, or the check would call a right gradient wrong."""
    g = gl.Graph()
    x = g.param("x", [0.5, -1.0, 2.0])
    gl.sum(gl.stop_gradient(x * x) * x, name="loss")
    report = gl.check_gradients(g)
    assert report.ok
    (leaf,) = report.ends
    assert leaf.status == "ok"
    assert gl.backward(gl.forward(g))["x"].grad.tolist() == [0.25, 1.0, 4.0]


def test_a_leaf_that_is_its_own_condition():
    """A condition has no derivative: end to end, moving x must not move what x decides."""
    g = gl.Graph()
    x = g.param("x", [0.0, 1.0])
    gl.sum(gl.where(x, x * 3.0, x * 5.0, name="y"), name="loss")
    assert gl.backward(gl.forward(g))["x"].grad.tolist() == [5.0, 3.0]
    assert gl.check_gradients(g).ok


def test_dropout_keeps_its_mask():
    g = gl.Graph(seed=5)
    gl.sum(gl.square(gl.dropout(g.param("x", np.linspace(0.5, 2.0, 40)), rate=0.5)), name="loss")
    report = gl.check_gradients(g)
    assert report.ok
    assert [c.status for c in report.checks] == ["ok", "ok", "ok", "ok"]
    assert all(c.checked == c.size for c in report.checks)


def test_a_float32_model_is_checked_in_double_precision():
    for name in ("affine", "softmax_cross_entropy", "batchnorm"):
        g = example(REGISTRY[name], dtype="float32")
        report = gl.check_gradients(g, state=g.freeze().initial_state())
        assert report.ok
        assert all(check.error < 1e-7 for check in report.checks if check.error is not None)
    wide = as_float64(g.freeze())
    assert set(gl.plan(wide).dtypes) == {"float64"}
    assert [n.name for n in wide.nodes] == [n.name for n in g.freeze().nodes]


def test_eval_mode_is_checked_as_such(monkeypatch):
    g = example(REGISTRY["batchnorm"])
    assert gl.check_gradients(g, mode="eval").mode == "eval"
    right = REGISTRY["batchnorm"].vjp

    def wrong(ctx, *rest, **attrs):
        parts = right(ctx, *rest, **attrs)
        return tuple(p * 2 if ctx.mode == "eval" and p is not None else p for p in parts)

    monkeypatch.setattr(REGISTRY["batchnorm"], "vjp", staticmethod(wrong))
    assert gl.check_gradients(example(REGISTRY["batchnorm"])).ok
    assert not gl.check_gradients(example(REGISTRY["batchnorm"]), mode="eval").ok
