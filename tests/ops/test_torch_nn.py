"""PyTorch as the judge of activations, normalisation, losses and dropout: values and gradients, in float64."""

import numpy as np
import pytest

from graphlab.ops import Context, check_attrs, get, unbroadcast

torch = pytest.importorskip("torch")

F = torch.nn.functional
pytestmark = pytest.mark.torch

RNG = np.random.default_rng(12)
KINKS = np.array([[-1000.0, -40.0, -3.0, -1.0, 0.0], [1e-9, 1.0, 3.0, 40.0, 1000.0]])
SOME = RNG.normal(size=(2, 3, 4))
LABELS = np.array([[2, 0, 1], [3, 1, 0]])
SOFT = RNG.uniform(size=(2, 3, 4))
PROBABILITY = RNG.uniform(0.05, 0.95, size=(2, 3, 4))
VECTORS = tuple(RNG.uniform(0.5, 2.0, size=(4, 3)))

ACTIVATIONS = [
    ("relu", {}, F.relu),
    ("leaky_relu", {}, F.leaky_relu),
    ("leaky_relu", {"slope": 0.3}, lambda x: F.leaky_relu(x, 0.3)),
    ("elu", {}, F.elu),
    ("elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
    ("selu", {}, F.selu),
    ("gelu", {}, F.gelu),
    ("gelu", {"approximate": "none"}, F.gelu),
    ("gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", {}, F.silu),
    ("softplus", {}, lambda x: F.softplus(x, threshold=800)),  # beyond its threshold PyTorch rounds to x
    ("sigmoid", {}, F.sigmoid),
    ("tanh", {}, F.tanh),
    ("hard_sigmoid", {}, lambda x: F.relu6(x + 3) / 6),  # F.hardsigmoid's own slope is 1/6 in single precision
    ("softmax", {}, lambda x: F.softmax(x, -1)),
    ("softmax", {"axis": 0}, lambda x: F.softmax(x, 0)),
    ("log_softmax", {}, lambda x: F.log_softmax(x, -1)),
    ("log_softmax", {"axis": 0}, lambda x: F.log_softmax(x, 0)),
]


def judged(name, primals, attrs, theirs, mode="train", rtol=1e-12, atol=1e-14):
    """Our value and cotangents against PyTorch's, for a random upstream gradient."""
    op = get(name)
    attrs = check_attrs(op, attrs)
    context = Context(mode, np.random.default_rng(0))
    value, residuals = op.forward(context, *primals, **attrs)
    g = RNG.normal(size=np.shape(value))[()]
    parts = op.vjp(context, g, primals, value, residuals, **attrs)
    tensors = [torch.tensor(np.asarray(x)) for x in primals]
    for slot, tensor in zip(op.slot_names(len(primals)), tensors, strict=True):
        tensor.requires_grad_(tensor.is_floating_point() and slot not in op.nograd)
    out = theirs(*tensors)
    np.testing.assert_allclose(value, out.detach().numpy(), rtol=rtol, atol=atol)
    out.backward(torch.tensor(np.asarray(g)))
    for x, part, tensor in zip(primals, parts, tensors, strict=True):
        assert (part is None) == (tensor.grad is None)
        if part is not None:
            sent = unbroadcast(part, np.shape(x))
            np.testing.assert_allclose(sent, tensor.grad.numpy(), rtol=rtol, atol=atol)
    return value, residuals


@pytest.mark.parametrize("x", [KINKS, SOME], ids=["far-and-kinks", "3-D"])
@pytest.mark.parametrize(("name", "attrs", "theirs"), ACTIVATIONS)
def test_activations(name, attrs, theirs, x):
    judged(name, (x,), attrs, theirs)


def flat(x):
    """PyTorch's class axis is the second: rows of a matrix say the same."""
    return x.reshape(-1, x.shape[-1])


def by_hand(log, reduction):
    def loss(x, t):
        x, t = flat(x), t.reshape(-1) if t.ndim < x.ndim else flat(t)
        logs = torch.log(x) if log else x
        total = F.nll_loss(logs, t, reduction="sum") if t.ndim == 1 else -(t * logs).sum()
        return total / len(x) if reduction == "mean" else total

    return loss


def softmax_cross_entropy(reduction):
    return lambda x, t: F.cross_entropy(flat(x), t.reshape(-1) if t.ndim < x.ndim else flat(t), reduction=reduction)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("t", [LABELS, SOFT, np.eye(4)[LABELS]], ids=["numbers", "soft", "one-hot"])
@pytest.mark.parametrize(
    ("name", "x", "theirs"),
    [
        ("softmax_cross_entropy", SOME, softmax_cross_entropy),
        ("softmax_cross_entropy", 300 * SOME, softmax_cross_entropy),
        ("cross_entropy", PROBABILITY, lambda r: by_hand(True, r)),
        ("nll", SOME, lambda r: by_hand(False, r)),
    ],
)
def test_class_losses(name, x, theirs, t, reduction):
    judged(name, (x, t), {"reduction": reduction}, theirs(reduction))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("name", "x", "t", "attrs", "theirs"),
    [
        ("mse", SOME, SOFT, {}, F.mse_loss),
        ("mae", SOME, SOFT, {}, F.l1_loss),
        ("mae", SOFT, SOFT.copy(), {}, F.l1_loss),
        ("huber", 3 * SOME, SOFT, {}, F.huber_loss),
        ("huber", 3 * SOME, SOFT, {"delta": 0.5}, lambda x, t, reduction: F.huber_loss(x, t, reduction, delta=0.5)),
        ("bce", PROBABILITY, SOFT, {}, F.binary_cross_entropy),
        ("bce_with_logits", SOME, SOFT, {}, F.binary_cross_entropy_with_logits),
        ("bce_with_logits", 300 * SOME, SOFT, {}, F.binary_cross_entropy_with_logits),
    ],
)
def test_element_losses(name, x, t, attrs, theirs, reduction):
    judged(name, (x, t), {**attrs, "reduction": reduction}, lambda x, t: theirs(x, t, reduction=reduction))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_hinge(reduction):
    t = RNG.choice([-1.0, 1.0], size=(3, 4))
    x = RNG.normal(size=(3, 4))
    x[0] = t[0]  # at the kink, where relu's derivative is 0
    judged("hinge", (x, t), {"reduction": reduction}, lambda x, t: getattr(torch, reduction)(torch.relu(1 - t * x)))


@pytest.mark.parametrize("half", [True, False])
def test_l2_penalty(half):
    factor = 0.05 if half else 0.1
    judged(
        "l2_penalty", (SOME, VECTORS[0]), {"rate": 0.1, "half": half},
        lambda x, v: factor * ((x**2).sum() + (v**2).sum()),
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("shape", "axis"), [((5, 3), -1), ((5, 3), 1), ((4, 3, 6), 1), ((2, 3, 4, 5), 1)])
def test_batchnorm(mode, shape, axis):
    x = RNG.normal(2.0, 3.0, size=shape)
    running = [torch.tensor(v.copy()) for v in VECTORS[2:]]
    attrs = {"axis": axis, "momentum": 0.3, "eps": 1e-3}

    def theirs(x, gamma, beta, mean, var):
        return F.batch_norm(x, *running, gamma, beta, training=mode == "train", momentum=0.3, eps=1e-3)

    value, residuals = judged("batchnorm", (x, *VECTORS), attrs, theirs, mode=mode, rtol=1e-11, atol=1e-12)
    updates = get("batchnorm").updates(Context(mode), (x, *VECTORS), value, residuals, **attrs)
    new = [updates.get("running_mean", VECTORS[2]), updates.get("running_var", VECTORS[3])]
    for ours, judge in zip(new, running, strict=True):
        np.testing.assert_allclose(ours, judge.numpy(), rtol=1e-13)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3)])
def test_layernorm(shape):
    x = RNG.normal(2.0, 3.0, size=shape)
    judged("layernorm", (x, *VECTORS[:2]), {}, lambda x, g, b: F.layer_norm(x, (3,), g, b), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_dropout(mode):
    """The mask is ours, the scaling and the gradient are PyTorch's."""
    kept = np.random.default_rng(0).random(SOME.shape) >= 0.25

    def theirs(x):
        return x * torch.tensor(kept) / 0.75 if mode == "train" else F.dropout(x, 0.25, training=False)

    judged("dropout", (SOME,), {"rate": 0.25}, theirs, mode=mode)


def test_every_op_of_these_families_is_judged_here():
    judged_here = {name for name, *_ in ACTIVATIONS} | {
        "softmax_cross_entropy", "cross_entropy", "nll", "mse", "mae", "huber", "bce", "bce_with_logits", "hinge",
        "l2_penalty", "batchnorm", "layernorm", "dropout",
    }  # fmt: skip
    from graphlab.ops import families

    ours = {op.name for family in ("activation", "loss", "norm", "random") for op in families()[family]}
    assert ours == judged_here
