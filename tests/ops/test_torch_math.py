"""PyTorch as the judge of arithmetic, matrix products, reductions and shapes: values and gradients, in float64."""

import numpy as np
import pytest
from judge import call, pull, upstream_like

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.torch

RNG = np.random.default_rng(11)
M = RNG.normal(size=(4, 3))
V = RNG.normal(size=3)
P = RNG.uniform(0.2, 1.4, size=(4, 3))
T = RNG.normal(size=(4, 2, 3))
TIES = np.array([[1.0, 2.0, 2.0], [2.0, 2.0, 0.0], [-1.0, 0.0, 1.0]])
COND = np.array([[True], [False], [True], [False]])


def case(name, function, *primals, **attrs):
    shapes = ",".join(str(np.shape(x)) for x in primals)
    return pytest.param(name, function, primals, attrs, id=f"{name}-{shapes}-{attrs}")


def matmuls():
    for a, b in [
        ((3,), (3,)), ((3,), (3, 2)), ((4, 3), (3,)), ((4, 3), (3, 2)), ((3,), (5, 3, 2)), ((5, 4, 3), (3,)),
        ((5, 4, 3), (3, 2)), ((4, 3), (5, 3, 2)), ((5, 4, 3), (5, 3, 2)), ((2, 1, 4, 3), (5, 3, 2)),
    ]:  # fmt: skip
        yield case("matmul", torch.matmul, RNG.normal(size=a), RNG.normal(size=b))


def reductions():
    for axis in (None, 0, -1, (0, 1)):
        for keep in (False, True):
            given = {"axis": axis, "keepdims": keep}
            dims = {"dim": tuple(range(2)) if axis is None else axis, "keepdim": keep}
            yield case("sum", lambda x, d=dims: torch.sum(x, **d), M, **given)
            yield case("mean", lambda x, d=dims: torch.mean(x, **d), M, **given)
            for x in (M, TIES):
                yield case("max", lambda x, d=dims: torch.amax(x, **d), x, **given)
                yield case("min", lambda x, d=dims: torch.amin(x, **d), x, **given)
            for ddof in (0, 1):
                yield case("var", lambda x, d=dims, n=ddof: torch.var(x, correction=n, **d), M, **given, ddof=ddof)
    yield case("max", torch.max, TIES)
    yield case("min", torch.min, TIES)


NEGATIVE = np.array([-3.0, -2.0, -0.5, -1.0, -2.5, -2.0])
WHOLE = np.array([3.0, 2.0, -3.0, -2.0, 0.0, 2.5])  # the last is not: NaN
POWERS = (np.array([-2.0, 0.0, 0.0, 3.0, 0.0, -2.0]), np.array([3.0, 2.0, 0.0, 0.5, -1.0, 0.0]))
CASES = [
    case("add", torch.add, M, V),
    case("sub", torch.sub, M, V),
    case("mul", torch.mul, M, V),
    case("div", torch.div, M, V),
    case("div", torch.div, np.array([1.0, 0.0]), np.array([0.0, 0.0])),
    case("neg", torch.neg, M),
    case("pow", torch.pow, P, np.abs(V)),
    case("pow", torch.pow, *POWERS),
    case("pow", torch.pow, NEGATIVE, WHOLE),
    case("pow", torch.pow, NEGATIVE, np.array([3, 2, -3, -2, 0, 5])),
    *[case("pow", lambda x, n=n: torch.pow(x, n), NEGATIVE, n) for n in (3, 3.0, 4.0, -3.0, -2, 2.5)],
    *[case("pow", lambda x, n=n: torch.pow(x, n), TIES, n) for n in (0, 1, 2, 3, -1, 2.0)],
    case("pow", lambda _, b: torch.pow(2.0, b), 2.0, M),
    case("square", torch.square, M),
    case("reciprocal", torch.reciprocal, M),
    case("exp", torch.exp, M),
    case("log", torch.log, P),
    case("log", torch.log, np.array([0.0, -1.0])),
    case("sqrt", torch.sqrt, P),
    case("sqrt", torch.sqrt, np.array([0.0, 4.0])),
    case("sqrt", lambda x: torch.sqrt(x + 0.01), P, eps=0.01),
    case("sin", torch.sin, M),
    case("cos", torch.cos, M),
    case("tan", torch.tan, M),
    case("erf", torch.erf, M),
    case("abs", torch.abs, TIES),
    case("sign", torch.sign, TIES),
    case("maximum", torch.maximum, M, V),
    case("maximum", torch.maximum, TIES, TIES[0]),
    case("minimum", torch.minimum, M, V),
    case("minimum", torch.minimum, TIES, TIES[0]),
    *[
        case("clip", lambda x, b=bounds: torch.clamp(x, **b), TIES, **bounds)
        for bounds in ({"min": 0}, {"max": 1}, {"min": 0, "max": 1}, {"min": 1.5, "max": 0.5})
    ],
    case("where", torch.where, COND, M, V),
    *matmuls(),
    case("embedding", torch.nn.functional.embedding, np.array([[2, 0], [2, 3]]), M),
    *[
        case(
            "embedding",
            lambda i, w, k=k: torch.nn.functional.embedding(i, w, padding_idx=k),
            np.array([[2, 0], [2, 3]]),
            M,
            padding_idx=k,
        )
        for k in (2, 1, -1)
    ],
    *[
        case(
            "gather",
            lambda x, i, k=k: torch.gather(x, k, i),
            T,
            np.random.default_rng(k + 9).integers(0, 2, size),
            axis=k,
        )
        for k, size in ((0, (7, 2, 3)), (1, (4, 5, 3)), (2, (3, 1, 6)), (-1, (1, 2, 1)))
    ],
    case("pick", lambda x, i: x[range(4), i], M, np.array([2, 0, -1, 2])),
    case("pick", lambda x, i: x[range(3), i], T, np.array([1, 0, -2]), n=3),
    case("affine", lambda x, w, b: torch.nn.functional.linear(x, w.T, b), M, T[0].T, V[:2]),
    case("affine", lambda x, w, b: torch.nn.functional.linear(x, w.T, b), T, M.T, RNG.normal(size=4)),
    *reductions(),
    case("reshape", lambda x: x.reshape(3, -1), T, shape=(3, -1)),
    case("flatten", torch.nn.Flatten(), T),
    *[case("flatten", lambda x, s=s: torch.flatten(x, start_dim=s), T, start=s) for s in (0, 2)],
    case("transpose", lambda x: x.permute(2, 1, 0), T),
    case("transpose", lambda x: x.permute(1, 2, 0), T, axes=(1, 2, 0)),
    case("broadcast_to", lambda x: torch.broadcast_to(x, (2, 4, 3)), M[:, :1], shape=(2, 4, 3)),
    case("concat", lambda *xs: torch.cat(xs), M, TIES),
    case("concat", lambda *xs: torch.cat(xs, dim=-1), M, M[:, :1], M[:, 1:], axis=-1),
    case("stack", lambda *xs: torch.stack(xs), M, P),
    case("stack", lambda *xs: torch.stack(xs, dim=-1), M, P, P, axis=-1),
    case("index", lambda x: x[1:3, -1], T, key="1:3, -1"),
    case("index", lambda x: x[0], T, key="0"),
    case("index", lambda x: x[:, :, ::2], T, key=":, :, ::2"),
]
RELATIONS = {"greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "equal": "eq", "not_equal": "ne"}


def tensor(x):
    if isinstance(x, int | float):
        return x
    made = torch.tensor(x)
    return made.requires_grad_() if made.is_floating_point() else made


@pytest.mark.parametrize(("name", "function", "primals", "attrs"), CASES)
def test_values_and_gradients_are_pytorchs(name, function, primals, attrs):
    value = call(name, *primals, **attrs)
    tensors = [tensor(x) for x in primals]
    theirs = function(*tensors[:1]) if isinstance(primals[-1], int | float) else function(*tensors)
    np.testing.assert_allclose(value, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)
    g = upstream_like(value)
    theirs.backward(torch.tensor(g))
    for ours, leaf in zip(pull(name, *primals, g=g, **attrs), tensors, strict=True):
        if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
            np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", RELATIONS)
def test_comparisons_are_pytorchs(name):
    a, b = np.append(TIES, [[np.nan, np.inf, -np.inf]], axis=0), np.array([np.nan, 2.0, -np.inf])
    np.testing.assert_array_equal(call(name, a, b), getattr(torch, RELATIONS[name])(torch.tensor(a), torch.tensor(b)))


def test_a_stopped_gradient_is_detached():
    x = torch.tensor(M, requires_grad=True)
    assert not x.detach().requires_grad
    assert pull("stop_gradient", M) == (None,)
