"""PyTorch as the judge of activations, normalisation, losses and dropout: values and gradients, in float64."""

import numpy as np
import pytest
from judge import call

import graphlab as gl
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
FOURS = tuple(np.random.default_rng(3).uniform(0.5, 2.0, size=(4, 4)))
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
    ("relu6", {}, F.relu6),
    ("hardswish", {}, F.hardswish),
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
    with np.errstate(all="ignore"):  # as in a run
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


TWOS = np.full((2, 3), 2)
WEIGHT = (0.25, 2.0, 0.0, 1.5)
CHOSEN = [
    (LABELS, {"weight": WEIGHT}),
    (LABELS, {"ignore_index": 1}),
    (np.where(LABELS == 1, -100, LABELS), {"ignore_index": -100}),
    (LABELS, {"label_smoothing": 0.15}),
    (LABELS, {"label_smoothing": 1.0, "ignore_index": 0}),
    (LABELS, {"weight": WEIGHT, "ignore_index": 0, "label_smoothing": 0.3}),
    (TWOS, {"ignore_index": 2}),
    (TWOS, {"ignore_index": 2, "weight": WEIGHT, "label_smoothing": 0.1}),
    (TWOS, {"weight": WEIGHT}),
    (SOFT, {"weight": WEIGHT}),
    (SOFT, {"label_smoothing": 0.15}),
    (SOFT, {"label_smoothing": 0.4, "weight": WEIGHT}),
]


# of weights that add up to 0 the mean is 0/0, and so is its gradient: theirs at the label only, ours in the whole row
OF_NUMBERS = [
    (t, a) for t, a in CHOSEN if t.ndim == 2 and "label_smoothing" not in a and (t is not TWOS or "ignore_index" in a)
]


def theirs_of(t, attrs):
    given = {k: torch.tensor(v, dtype=torch.float64) if k == "weight" else v for k, v in attrs.items()}
    return lambda x, t: F.cross_entropy(flat(x), flat(t) if t.ndim == x.ndim else t.reshape(-1), **given)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("t", "attrs"), CHOSEN, ids=[f"{'x'.join(map(str, t.shape))}-{a}" for t, a in CHOSEN])
def test_weights_ignored_rows_and_smoothing(t, attrs, reduction):
    """On logits; the values on (log-)probabilities are the same, and their gradients go through nll_loss below."""
    attrs = {**attrs, "reduction": reduction}
    judged("softmax_cross_entropy", (SOME, t), attrs, theirs_of(t, attrs))
    logs = F.log_softmax(torch.tensor(SOME), -1).numpy()
    value = theirs_of(t, attrs)(torch.tensor(SOME), torch.tensor(t)).item()
    for name, x in (("nll", logs), ("cross_entropy", np.exp(logs))):
        np.testing.assert_allclose(call(name, x, t, **attrs), value, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("t", "attrs"), OF_NUMBERS)
def test_nll_of_class_numbers(t, attrs, reduction):
    given = {k: torch.tensor(v, dtype=torch.float64) if k == "weight" else v for k, v in attrs.items()}
    judged(
        "nll", (SOME, t), {**attrs, "reduction": reduction},
        lambda x, t: F.nll_loss(flat(x), t.reshape(-1), reduction=reduction, **given),
    )  # fmt: skip
    judged(
        "cross_entropy", (PROBABILITY, t), {**attrs, "reduction": reduction, "clip": 0.2},
        lambda x, t: F.nll_loss(flat(x).clamp(0.2, 0.8).log(), t.reshape(-1), reduction=reduction, **given),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("name", "x", "t", "attrs", "theirs"),
    [
        ("smooth_l1", 3 * SOME, SOFT, {}, F.smooth_l1_loss),
        (
            "smooth_l1",
            3 * SOME,
            SOFT,
            {"beta": 0.25},
            lambda x, t, reduction: F.smooth_l1_loss(x, t, None, None, reduction, 0.25),
        ),
        (
            "smooth_l1",
            SOFT,
            SOFT.copy(),
            {"beta": 0.0},
            lambda x, t, reduction: F.smooth_l1_loss(x, t, None, None, reduction, 0.0),
        ),
        (
            "smooth_l1",
            SOFT + 0.5,
            SOFT.copy(),
            {"beta": 0.5},
            lambda x, t, reduction: F.smooth_l1_loss(x, t, None, None, reduction, 0.5),
        ),
        (
            "bce",
            PROBABILITY,
            SOFT,
            {"clip": 0.2},
            lambda x, t, reduction: F.binary_cross_entropy(x.clamp(0.2, 0.8), t, reduction=reduction),
        ),
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


@pytest.mark.parametrize("own", [None, "eval", "train"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_frozen_batchnorm(own, mode):
    """A layer's own mode before the run's, as PyTorch's module.eval() before the others' train()."""
    g = gl.Graph()
    refs = [g.param(f"p{k}", v) for k, v in enumerate((SOME[0], *(v[:4] for v in FOURS[:2])))]
    states = [g.state("mean", FOURS[2]), g.state("var", FOURS[3])]
    g.loss(gl.sum(gl.batchnorm(*refs, *states, mode=own, momentum=0.3, name="bn") * g.constant(SOFT[0]), name="L"))
    trace = gl.backward(gl.forward(g, mode=mode))
    layer = torch.nn.BatchNorm1d(4, momentum=0.3, dtype=torch.float64).train((own or mode) == "train")
    with torch.no_grad():
        for tensor, value in zip((layer.weight, layer.bias, layer.running_mean, layer.running_var), FOURS, strict=True):
            tensor.copy_(torch.tensor(value))
    x = torch.tensor(SOME[0], requires_grad=True)
    (layer(x) * torch.tensor(SOFT[0])).sum().backward()
    for name, grad in (("p0", x.grad), ("p1", layer.weight.grad), ("p2", layer.bias.grad)):
        np.testing.assert_allclose(trace[name].grad, grad.numpy(), rtol=1e-10, atol=1e-12)
    new = {"mean": FOURS[2], "var": FOURS[3], **trace.updates}
    np.testing.assert_allclose(new["mean"], layer.running_mean.numpy(), rtol=1e-13)
    np.testing.assert_allclose(new["var"], layer.running_var.numpy(), rtol=1e-13)


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
        "softmax_cross_entropy", "cross_entropy", "nll", "mse", "mae", "huber", "smooth_l1", "bce",
        "bce_with_logits", "hinge", "l2_penalty", "batchnorm", "layernorm", "dropout",
    }  # fmt: skip
    from graphlab.ops import families

    ours = {op.name for family in ("activation", "loss", "norm", "random") for op in families()[family]}
    assert ours == judged_here
