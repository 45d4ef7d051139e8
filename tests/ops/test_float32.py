"""float32 beside float64 and PyTorch: a mean far larger than the deviation, long sums, constant columns."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.check.gradients import as_float64
from graphlab.engine.expand import expand
from graphlab.ops import Context, check_attrs, get

RNG = np.random.default_rng(31)
FAR = {
    "whole numbers": np.arange(5.0)[:, None] * 3 + 8_000_001,
    "4096 rows": RNG.normal(500.0, 0.02, size=(4096, 3)),
    "below 0": RNG.uniform(-70_001.0, -70_000.0, size=(33, 4)),
    "three axes": RNG.normal(3000.0, 0.5, size=(6, 5, 4)),
    "near 0": RNG.normal(size=(8, 3)),
}


def graph(name, x, dtype, axis=-1):
    g = gl.Graph(dtype=dtype)
    ref = g.param("x", np.asarray(x, "float32").astype(dtype))
    n = np.shape(x)[-1]
    gamma = g.param("gamma", np.linspace(0.5, 1.5, n).astype(dtype))
    beta = g.param("beta", np.linspace(-1.0, 1.0, n).astype(dtype))
    y = gl.layernorm(ref, gamma, beta, name="y") if name == "layernorm" else gl.batchnorm(
        ref, gamma, beta, g.state("m", np.zeros(n, dtype)), g.state("v", np.ones(n, dtype)), name="y"
    )  # fmt: skip
    gl.sum(y * y * y, name="L")
    return g.freeze()


def run(made):
    return gl.backward(gl.forward(made))


def layered(x, name):
    """layernorm looks along the last axis, where the numbers must be far off too."""
    return np.moveaxis(x, 0, -1) if name == "layernorm" else x


@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize("x", FAR.values(), ids=FAR)
@pytest.mark.parametrize("name", ["batchnorm", "layernorm"])
def test_normalisation_keeps_float32s_digits(name, x, unfolded):
    small = graph(name, layered(x, name), "float32")
    exact = run(as_float64(small))
    got = run(expand(small, ["y"])) if unfolded else run(small)
    for node, what in (("y", "value"), ("x", "grad"), ("gamma", "grad"), ("beta", "grad")):
        a, b = getattr(got[node], what), getattr(exact[node], what)
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=0, atol=(3e-5 if unfolded else 3e-6) * np.abs(b).max(), err_msg=node)


@pytest.mark.parametrize("name", ["batchnorm", "layernorm", "var", "mean"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("constant", [0.1, 12_345.678, -3e7, 1e-20, 0.0])
def test_a_constant_is_its_own_mean_exactly(name, dtype, constant):
    x = np.full((7, 3), constant, dtype)
    op = get(name)
    ones = np.ones(3, dtype)
    extra = {"batchnorm": (ones, 0.3 * ones, ones, ones), "layernorm": (ones, 0.3 * ones)}.get(name, ())
    attrs = check_attrs(op, {} if extra else {"axis": 0})
    value, _ = op.forward(Context(), x, *extra, **attrs)
    if name == "mean":
        np.testing.assert_allclose(value, x[0], rtol=np.finfo(dtype).eps)
    else:
        assert (value == (0.3 * ones if extra else 0.0)).all()
    if name in ("batchnorm", "layernorm"):
        value, _ = op.forward(Context(), x, *extra, **{**attrs, "eps": 1e-30})
        assert (value == 0.3 * ones).all()


def test_running_statistics_keep_them_too():
    x = np.float32(FAR["4096 rows"])
    made = gl.forward(graph("batchnorm", x, "float32"))
    updates = made.updates
    assert {array.dtype.name for array in updates.values()} == {"float32"}
    exact = np.float64(x)
    np.testing.assert_allclose(updates["m"], 0.1 * exact.mean(axis=0), rtol=2e-7)
    np.testing.assert_allclose(updates["v"], 0.9 + 0.1 * exact.var(axis=0, ddof=1), rtol=2e-7)


LONG = np.float32(RNG.uniform(0.0, 1.0, size=(60_000, 2)))
LOSSES = ["mse", "mae", "huber", "bce", "bce_with_logits"]


@pytest.mark.parametrize("name", ["sum", "mean", "var"])
def test_long_reductions(name):
    op = get(name)
    attrs = check_attrs(op, {"axis": 0})
    (narrow, _), (exact, _) = (op.forward(Context(), x, **attrs) for x in (LONG, LONG.astype(np.float64)))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, exact, rtol=1.2e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_long_losses(name):
    op = get(name)
    x, t = LONG[:, :1] * np.float32(0.9) + np.float32(0.05), LONG[:, 1:]
    for reduction in ("mean", "sum"):
        attrs = check_attrs(op, {"reduction": reduction})
        (narrow, _), (exact, _) = (op.forward(Context(), np.asarray(x, d), np.asarray(t, d), **attrs)
                                   for d in ("float32", "float64"))  # fmt: skip
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, exact, rtol=3e-7)


def long_sums(name, dtype):
    """A bias collects from every row, a softmax adds along its axis."""
    g = gl.Graph(dtype=dtype)
    x = g.param("x", LONG.astype(dtype))
    b = g.param("b", np.zeros(2, dtype))
    if name == "affine":
        y = gl.affine(x, g.param("W", np.eye(2, dtype=dtype)), b)
    else:
        y = x + b if name == "add" else getattr(gl, name)(x + b, axis=0)
    gl.sum(y * g.constant(LONG.astype(dtype) * 3, "weights"), name="L")
    return run(g.freeze())


# a softmax's own entries are rounded before they are added: of a logarithm near 11 the last digit is 1e-6
@pytest.mark.parametrize(("name", "node", "allowed"), [("affine", "b", 2e-7), ("add", "b", 2e-7),
                                                       ("softmax", "x", 4e-6), ("log_softmax", "x", 4e-6)])  # fmt: skip
def test_long_gradients(name, node, allowed):
    narrow, exact = (long_sums(name, dtype)[node].grad for dtype in ("float32", "float64"))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, exact, rtol=0, atol=allowed * np.abs(exact).max())


def test_a_sum_in_float64_overflows_later():
    x = np.float32([3e38, 3e38, -3e38])
    assert get("sum").forward(Context(), x, axis=None, keepdims=False)[0] == np.float32(3e38)
    assert get("mean").forward(Context(), x, axis=None, keepdims=False)[0] == np.float32(1e38)


@pytest.mark.torch
@pytest.mark.parametrize("x", FAR.values(), ids=FAR)
@pytest.mark.parametrize("name", ["batchnorm", "layernorm"])
def test_no_further_from_float64_than_pytorch(name, x):
    torch = pytest.importorskip("torch")
    x = np.float32(layered(x, name))
    small = graph(name, x, "float32")
    ours, exact = run(small), run(as_float64(small))
    n = x.shape[-1]
    leaf = torch.tensor(x, requires_grad=True)
    gamma, beta = (torch.tensor(np.float32(np.linspace(*ends, n))) for ends in ((0.5, 1.5), (-1.0, 1.0)))
    if name == "layernorm":
        y = torch.nn.functional.layer_norm(leaf, (n,), gamma, beta)
    else:
        y = torch.nn.functional.batch_norm(leaf.reshape(-1, n), None, None, gamma, beta, training=True).reshape(x.shape)
    (y * y * y).sum().backward()

    def off(a, b):
        return float(np.max(np.abs(np.float64(a) - b)))

    for mine, theirs, true in (
        (ours["y"].value, y.detach().numpy(), exact["y"].value),
        (ours["x"].grad, leaf.grad.numpy(), exact["x"].grad),
    ):
        assert off(mine, true) <= off(theirs, true) + 4e-7 * np.abs(true).max()
