"""BatchNorm and LayerNorm: modes, running statistics, and the published derivation of their backward pass."""

import numpy as np
import pytest
from contract import case_of, run

from graphlab import builder
from graphlab.engine import autodiff
from graphlab.errors import ModelError, ShapeError
from graphlab.formula import names, parse
from graphlab.ops import Context, check_attrs, get

BN = get("batchnorm")
RNG = np.random.default_rng(4)
X = RNG.normal(3.0, 2.0, size=(5, 3))
GAMMA, BETA, MEAN, VAR = RNG.uniform(0.5, 2.0, size=(4, 3))
PRIMALS = (X, GAMMA, BETA, MEAN, VAR)
UPSTREAM = RNG.normal(size=(5, 3))


def batchnorm(mode="train", primals=PRIMALS, **given):
    """Value, residuals, cotangents and updates of one call."""
    attrs = check_attrs(BN, given)
    context = Context(mode)
    value, residuals = BN.forward(context, *primals, **attrs)
    parts = BN.vjp(context, np.resize(UPSTREAM, value.shape), primals, value, residuals, **attrs)
    return value, residuals, parts, BN.updates(context, primals, value, residuals, **attrs)


def test_train_mode_normalises_each_feature_over_the_batch_with_1_over_n():
    value, (mu, var, *_), _, _ = batchnorm(eps=0.0, primals=(X, np.ones(3), np.zeros(3), MEAN, VAR))
    np.testing.assert_allclose(mu, X.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(var, X.var(axis=0), rtol=1e-14)
    np.testing.assert_allclose(value.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(value.var(axis=0), 1, rtol=1e-14)


def test_backward_is_kratzerts_step_by_step():
    """The staged backward pass of F. Kratzert's derivation (2016), written out over its nine nodes."""
    n, eps = len(X), 1e-5
    xmu = X - X.mean(axis=0)
    sqrtvar = np.sqrt(np.mean(xmu**2, axis=0) + eps)
    ivar = 1 / sqrtvar
    dgammax = UPSTREAM
    dxhat = dgammax * GAMMA
    divar = np.sum(dxhat * xmu, axis=0)
    dsqrtvar = -divar / sqrtvar**2
    dvar = 0.5 * dsqrtvar / sqrtvar
    dsq = np.ones(X.shape) / n * dvar
    dxmu = dxhat * ivar + 2 * xmu * dsq
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + np.ones(X.shape) / n * dmu
    gx, ggamma, gbeta, *rest = batchnorm()[2]
    np.testing.assert_allclose(gx, dx, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ggamma, np.sum(dgammax * xmu * ivar, axis=0), rtol=1e-13)
    np.testing.assert_allclose(gbeta, np.sum(UPSTREAM, axis=0), rtol=1e-13)
    assert rest == [None, None]


def test_it_unfolds_into_kratzerts_nine_nodes():
    steps = run(case_of(BN, PRIMALS, {}), ["y"])
    made = {node.name.removeprefix("y."): node.op for node in steps.graph.nodes if not node.is_leaf}
    assert made == {
        "mu": "mean", "xmu": "sub", "sq": "square", "var": "mean", "sqrtvar": "sqrt", "ivar": "reciprocal",
        "xhat": "mul", "gammax": "mul", "y": "add",
    }  # fmt: skip
    assert steps["y.mu"].shape == (3,)
    assert steps.graph["y.sqrtvar"].attrs == {"eps": 1e-5}


def test_in_eval_mode_it_unfolds_into_the_running_statistics():
    steps = run(case_of(BN, PRIMALS, {}, mode="eval"), ["y"])
    made = [node.name for node in steps.graph.nodes if not node.is_leaf]
    steps_of_eval = ("mu", "var", "xmu", "sqrtvar", "ivar", "xhat", "gammax")
    assert sorted(made) == sorted([*(f"y.{step}" for step in steps_of_eval), "y"])


def test_eval_mode_uses_the_running_statistics():
    value, residuals, (gx, ggamma, gbeta, *_), updates = batchnorm("eval")
    ivar = 1 / np.sqrt(VAR + 1e-5)
    np.testing.assert_allclose(value, GAMMA * (X - MEAN) * ivar + BETA, rtol=1e-13)
    np.testing.assert_allclose(gx, UPSTREAM * GAMMA * ivar, rtol=1e-13)
    np.testing.assert_allclose(ggamma, np.sum(UPSTREAM * (X - MEAN) * ivar, axis=0), rtol=1e-13)
    np.testing.assert_allclose(gbeta, UPSTREAM.sum(axis=0), rtol=1e-13)
    assert updates == {}
    assert residuals[-1] == np.inf


@pytest.mark.parametrize("axis", [1, -1])
def test_what_eval_mode_shows_speaks_of_the_running_statistics(axis):
    shapes, attrs = [(2, 3, 3), (3,), (3,), (3,), (3,)], check_attrs(BN, {"axis": axis})
    texts = [BN.formula_text(shapes, attrs, "eval"), *BN.local_texts(shapes, attrs, "eval").values()]
    assert set().union(*(names(parse(text)) for text in texts)) == {*BN.slots, "eps", "upstream"}


def test_updates_mix_in_the_batch_with_the_unbiased_variance():
    updates = batchnorm(momentum=0.25)[3]
    assert list(updates) == ["running_mean", "running_var"]
    np.testing.assert_allclose(updates["running_mean"], 0.75 * MEAN + 0.25 * X.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(updates["running_var"], 0.75 * VAR + 0.25 * X.var(axis=0, ddof=1), rtol=1e-14)


def test_updates_of_images_have_the_shape_of_the_features():
    x = RNG.normal(size=(2, 3, 4, 4))
    updates = batchnorm(primals=(x, *PRIMALS[1:]), axis=1)[3]
    np.testing.assert_allclose(updates["running_mean"], 0.9 * MEAN + 0.1 * x.mean(axis=(0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(updates["running_var"], 0.9 * VAR + 0.1 * x.var(axis=(0, 2, 3), ddof=1), rtol=1e-13)


def test_a_batch_of_one_is_beta_and_stays_finite():
    value, _, (gx, *_), updates = batchnorm(primals=(X[:1], *PRIMALS[1:]))
    np.testing.assert_array_equal(value, BETA[None])
    np.testing.assert_array_equal(gx, np.zeros((1, 3)))
    np.testing.assert_allclose(updates["running_var"], 0.9 * VAR, rtol=1e-15)


def test_axis_moves_the_features():
    x = RNG.normal(size=(2, 3, 4))
    last = batchnorm(primals=(np.moveaxis(x, 1, 2), *PRIMALS[1:]))
    first = batchnorm(primals=(x, *PRIMALS[1:]), axis=1)
    np.testing.assert_allclose(np.moveaxis(first[0], 1, 2), last[0], rtol=1e-12)


def test_it_makes_its_parameters_and_a_trace_reports_the_update():
    g = builder.Graph()
    y = g.op("batchnorm", g.input("x", X), name="bn")
    g.backward_from(y, UPSTREAM)
    trace = autodiff.backward(autodiff.forward(g))
    assert {node.name: (node.op, node.attrs["init"]) for node in trace.graph.nodes if "." in node.name} == {
        "bn.gamma": ("param", "ones"), "bn.beta": ("param", "zeros"),
        "bn.running_mean": ("state", "zeros"), "bn.running_var": ("state", "ones"),
    }  # fmt: skip
    assert trace["bn.gamma"].grad is not None
    assert trace["bn.running_mean"].grad is None
    np.testing.assert_allclose(trace.updates["bn.running_mean"], 0.1 * X.mean(axis=0), rtol=1e-14)
    assert trace.state["bn.running_mean"].tolist() == [0, 0, 0]


def test_parameters_follow_the_axis():
    made = BN.parameters({"x": (2, 3, 4)}, axis=1, eps=1e-5, momentum=0.1)
    assert [(slot, p.shape, p.init, p.role) for slot, p in made.items()] == [
        ("gamma", (3,), "ones", "param"), ("beta", (3,), "zeros", "param"),
        ("running_mean", (3,), "zeros", "state"), ("running_var", (3,), "ones", "state"),
    ]  # fmt: skip
    assert {slot: (p.shape, p.init) for slot, p in get("layernorm").parameters({"x": (2, 4)}).items()} == {
        "gamma": ((4,), "ones"), "beta": ((4,), "zeros"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("x", "axis", "message"),
    [
        ((5, 4), -1, "x is (N=5, D=4) but gamma is (D=3); D must agree"),
        ((2, 4, 3), 1, "x is (N1=2, D=4, N3=3) but gamma is (D=3); D must agree"),
        ((5, 3), 2, "axis 2 does not exist: x has 2 axes"),
        ((), -1, "axis -1 does not exist: x has 0 axes"),
    ],
)
def test_shapes_that_do_not_fit(x, axis, message):
    with pytest.raises(ShapeError) as error:
        BN.shape(x, (3,), (3,), (3,), (3,), axis=axis, eps=1e-5, momentum=0.1)
    assert str(error.value) == message


def test_a_huge_offset_does_not_spoil_the_variance():
    value = batchnorm(primals=(X + 1e8, np.ones(3), np.zeros(3), MEAN, VAR))[0]
    expected = batchnorm(primals=(X, np.ones(3), np.zeros(3), MEAN, VAR))[0]
    np.testing.assert_allclose(value, expected, atol=1e-6)  # x itself is only known to 1e-8 there


def test_layernorm_normalises_each_row():
    op = get("layernorm")
    value, _ = op.forward(Context(), X, np.ones(3), np.zeros(3), eps=0.0)
    np.testing.assert_allclose(value.mean(axis=-1), 0, atol=1e-15)
    np.testing.assert_allclose(value.var(axis=-1), 1, rtol=1e-13)
    rows = [op.forward(Context(), row, np.ones(3), np.zeros(3), eps=0.0)[0] for row in X]
    np.testing.assert_array_equal(value, rows)


@pytest.mark.parametrize("name", ["batchnorm", "layernorm"])
def test_a_vjp_not_asked_for_x_leaves_it_out(name):
    case = case_of(get(name))
    value, residuals = case.forward()
    needs = (False, *(True for _ in case.primals[1:]))
    asked = case.op.vjp(Context(needs=needs), np.ones(value.shape), case.primals, value, residuals, **case.attrs)
    whole = case.op.vjp(Context(), np.ones(value.shape), case.primals, value, residuals, **case.attrs)
    assert asked[0] is None
    np.testing.assert_array_equal(asked[1], whole[1])
    np.testing.assert_array_equal(asked[2], whole[2])


@pytest.mark.parametrize(
    ("op", "given", "expected"),
    [
        ("batchnorm", {"eps": -1}, "batchnorm: eps is -1 but must be 0 or a little more, such as 1e-5"),
        ("layernorm", {"eps": -1e-9}, "layernorm: eps is -1e-09 but must be 0 or a little more, such as 1e-5"),
        (
            "batchnorm",
            {"momentum": 1.5},
            "batchnorm: momentum is 1.5 but must be from 0 to 1; it is the new batch's share of the running statistics",
        ),
    ],
)
def test_eps_and_momentum_have_their_limits(op, given, expected):
    kind = get(op)
    shapes = [np.shape(x) for x in PRIMALS[: len(kind.slots)]]
    with pytest.raises(ModelError) as error:
        kind.shape(*shapes, **check_attrs(kind, given))
    assert str(error.value) == expected
