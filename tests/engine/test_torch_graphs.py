"""PyTorch as the judge of whole graphs: random ones, node by node, value and gradient, in float64."""

import numpy as np
import pytest

import graphlab as gl

torch = pytest.importorskip("torch")

F = torch.nn.functional
pytestmark = pytest.mark.torch

UNARY = {
    "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu, "silu": F.silu, "elu": F.elu,
    "softplus": F.softplus, "leaky_relu": F.leaky_relu, "sin": torch.sin, "cos": torch.cos, "square": torch.square,
    "abs": torch.abs, "neg": torch.neg, "erf": torch.erf, "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1), "exp": torch.exp, "relu6": F.relu6, "hardswish": F.hardswish,
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "maximum": torch.maximum, "minimum": torch.minimum,
}  # fmt: skip
REDUCTIONS = {
    "sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin,
    "var": lambda x, dim, keepdim: torch.var(x, dim, correction=0, keepdim=keepdim),
}  # fmt: skip


class Twins:
    """The same graph for both, made step by step; every step draws its op and its operands."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.graph = gl.Graph(f"random {seed}", seed=seed)
        self.pairs = []
        self.tensors = {}
        for i in range(3):
            self.leaf(f"x{i}", self.rng.normal(size=[(6, 4), (4,), (6, 1)][i]))

    def leaf(self, name, value):
        ref = self.graph.param(name, value)
        return self.keep(ref, torch.tensor(value, requires_grad=True))

    def keep(self, ref, tensor):
        if not tensor.is_leaf:
            tensor.retain_grad()
        self.tensors[ref.name] = tensor
        assert ref.shape == tuple(tensor.shape)
        self.pairs.append((ref, tensor))
        return ref, tensor

    def draw(self, ndim=None):
        fitting = [p for p in self.pairs if ndim is None or len(p[0].shape) == ndim]
        recent = fitting[-6:]
        return recent[self.rng.integers(len(recent))]

    def weights(self, *shape):
        name = f"w{len(self.pairs)}"
        return self.leaf(name, self.rng.normal(size=shape) / np.sqrt(shape[0]))

    def step(self):
        kinds = [
            "unary",
            "unary",
            "binary",
            "binary",
            "affine",
            "batchnorm",
            "reduce",
            "shape",
            "matmul",
            "join",
            "take",
        ]
        getattr(self, kinds[self.rng.integers(len(kinds))])()

    def unary(self):
        name = str(self.rng.choice(list(UNARY)))
        x, t = self.draw()
        if name in ("softmax", "log_softmax") and not x.shape:
            name = "tanh"
        if name in ("exp", "square"):  # kept in bounds
            x, t = self.keep(gl.tanh(x), torch.tanh(t))
        self.keep(self.graph.op(name, x), UNARY[name](t))

    def binary(self):
        (a, s), (b, t) = self.draw(), self.draw()
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            b, t = a, s
        if self.rng.random() < 0.2:
            number = float(self.rng.uniform(-2, 2))
            self.keep(number - a, number - s)
        elif self.rng.random() < 0.2:
            self.keep(a / (b * b + 1.5), s / (t * t + 1.5))
        else:
            name = str(self.rng.choice(list(BINARY)))
            self.keep(self.graph.op(name, a, b), BINARY[name](s, t))

    def affine(self):
        x, t = self.draw(2)
        units = int(self.rng.integers(2, 6))
        (W, w), (b, c) = self.weights(x.shape[1], units), self.weights(units)
        self.keep(gl.affine(x, W, b), F.linear(t, w.T, c))

    def batchnorm(self):
        x, t = self.draw(2)
        if x.shape[0] < 2:
            return
        n = x.shape[1]
        (gamma, c), (beta, d) = self.weights(n), self.weights(n)
        mean, var = np.zeros(n), np.ones(n)
        name = f"bn{len(self.pairs)}"
        states = self.graph.state(f"{name}_mean", mean), self.graph.state(f"{name}_var", var)
        out = F.batch_norm(t, torch.tensor(mean), torch.tensor(var), c, d, training=True)
        self.keep(gl.batchnorm(x, gamma, beta, *states), out)

    def reduce(self):
        x, t = self.draw(2)
        name = str(self.rng.choice(list(REDUCTIONS)))
        axis, keep = int(self.rng.integers(2)), bool(self.rng.random() < 0.7)
        self.keep(self.graph.op(name, x, axis=axis, keepdims=keep), REDUCTIONS[name](t, dim=axis, keepdim=keep))

    def shape(self):
        x, t = self.draw(2)
        way = self.rng.integers(3)
        if way == 0:
            self.keep(gl.transpose(x), t.T)
        elif way == 1:
            self.keep(gl.reshape(x, shape=(x.shape[1], x.shape[0])), t.reshape(x.shape[1], x.shape[0]))
        else:
            self.keep(x[1 if x.shape[0] > 1 else 0 :, :1], t[1 if x.shape[0] > 1 else 0 :, :1])

    def matmul(self):
        (a, s), (b, t) = self.draw(2), self.draw(2)
        if a.shape[1] != b.shape[0]:
            b, t = gl.transpose(a), s.T
            self.keep(b, t)
        self.keep(a @ b * (0.5 / a.shape[1]), s @ t * (0.5 / a.shape[1]))  # far from where tanh is flat

    def join(self):
        x, t = self.draw(2)
        self.keep(gl.concat(x, x * 0.5, axis=1), torch.cat([t, t * 0.5], dim=1))

    def take(self):
        """Entries by an index: one of each row, or along an axis with some of them twice."""
        x, t = self.draw(2)
        rows, columns = x.shape
        if self.rng.random() < 0.3:
            index = self.rng.integers(-columns, columns, size=rows)
            self.keep(x[range(rows), index], t[range(rows), index])
        else:
            axis = int(self.rng.integers(2))
            index = self.rng.integers(0, x.shape[axis], size=(rows, columns))
            self.keep(gl.gather(x, self.graph.constant(index), axis=axis), torch.gather(t, axis, torch.tensor(index)))

    def finish(self):
        """A loss over logits, and every end that is left, so that all nodes have a gradient."""
        x, t = self.draw(2)
        if x.shape[1] < 2:
            x, t = self.keep(gl.concat(x, x * x, axis=1), torch.cat([t, t * t], dim=1))
        labels = self.rng.integers(0, x.shape[1], x.shape[0])
        given = {
            "weight": self.rng.uniform(0.5, 2.0, x.shape[1]), "label_smoothing": float(self.rng.uniform(0, 0.5)),
            "ignore_index": int(labels[0]) if len(set(labels)) > 1 else -100,
        }  # fmt: skip
        given = {name: value for name, value in given.items() if self.rng.random() < 0.4}
        losses = [gl.softmax_cross_entropy(x, self.graph.input("labels", labels), **given)]
        if "weight" in given:
            given["weight"] = torch.tensor(given["weight"])
        theirs = F.cross_entropy(t, torch.tensor(labels), **given)
        used = {o for node in self.graph.nodes.values() for o in node.inputs}
        for ref, tensor in list(self.pairs):
            if ref.name not in used:
                target = self.rng.normal(size=ref.shape)
                name, judge = [("mse", F.mse_loss), ("smooth_l1", F.smooth_l1_loss)][self.rng.integers(2)]
                losses.append(self.graph.op(name, ref, self.graph.constant(target)))
                theirs = theirs + judge(tensor, torch.tensor(target))
        self.graph.loss(losses)
        theirs.backward()
        return theirs


def terms(record):
    """The largest of the terms that a gradient is the sum of."""
    return float(np.max(sum((np.abs(c.value) for c in record.contributions), np.abs(record.grad)), initial=0.0))


def same(ours, theirs, magnitude, rounding):
    return np.all(np.abs(ours - theirs) <= 1e-10 * magnitude + 1e-14 * rounding)


@pytest.mark.filterwarnings("ignore::graphlab.DoubtWarning")  # log_softmax before a loss with its own is drawn too
@pytest.mark.parametrize("seed", range(60))
def test_a_random_graph(seed):
    """Within 1e-10 of the terms' magnitudes; where they cancel to nothing, of what the largest of all leaves behind."""
    twins = Twins(seed)
    for _ in range(6 + seed % 25):
        twins.step()
    loss = twins.finish()
    trace = gl.backward(gl.forward(twins.graph))
    assert trace.loss == pytest.approx(loss.item(), rel=1e-12)
    largest = max(terms(record) for record in trace if record.grad is not None)
    compared = 0
    for name, tensor in twins.tensors.items():
        record = trace[name]
        values = tensor.detach().numpy()
        assert same(record.value, values, np.abs(values).max(), 0.0), name
        if tensor.grad is None:
            assert record.grad is None, name
            continue
        compared += 1
        assert same(record.grad, tensor.grad.numpy(), terms(record), largest), name
    assert compared > 5


def test_the_random_graphs_use_every_op():
    used = set()
    for seed in range(60):
        twins = Twins(seed)
        for _ in range(6 + seed % 25):
            twins.step()
        twins.finish()
        used |= {node.op for node in twins.graph.nodes.values()}
    wanted = {
        *UNARY, *BINARY, *REDUCTIONS, "div", "affine", "batchnorm", "matmul", "transpose", "reshape", "concat",
        "gather", "pick", "smooth_l1",
    }  # fmt: skip
    assert wanted <= used


@pytest.mark.parametrize(
    "op", ["affine", "batchnorm", "gather", "mean", "mul", "pick", "smooth_l1", "softmax_cross_entropy", "tanh"]
)
def test_a_planted_bug_is_seen(op, monkeypatch):
    """A slope wrong in its eighth digit, in a graph that has the op."""
    right = gl.ops.REGISTRY[op].vjp

    def wrong(*args, **attrs):
        return tuple(None if part is None else part * (1 + 1e-8) for part in right(*args, **attrs))

    monkeypatch.setattr(gl.ops.REGISTRY[op], "vjp", staticmethod(wrong))
    with pytest.raises(AssertionError):
        for seed in range(10):
            test_a_random_graph(seed)
