"""Two networks, written once for each library. Each function gives a run: one forward and backward, everything kept.

wide: 784-256-256-10 with relu and softmax cross-entropy. deep: 100 × (affine 64 → batchnorm → relu), then the mean
square.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from measure import Run

SIZES = (784, 256, 256, 10)
DEPTH, UNITS, EPS = 100, 64, 1e-5


def wide_data(batch: int) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    rng = np.random.default_rng(0)
    x, labels = rng.random((batch, SIZES[0])), rng.integers(0, SIZES[-1], batch)
    pairs = itertools.pairwise(SIZES)
    return x, labels, [(rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)) for n, m in pairs]


def deep_data(batch: int) -> tuple[np.ndarray, list[tuple[np.ndarray, ...]]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, UNITS))
    scale = np.sqrt(2 / UNITS)
    layers = [
        (rng.normal(0, scale, (UNITS, UNITS)), np.zeros(UNITS), np.ones(UNITS), np.zeros(UNITS)) for _ in range(DEPTH)
    ]
    return x, layers


def wide_graphlab(batch: int) -> Run:
    import graphlab as gl

    x, labels, layers = wide_data(batch)
    g = gl.Graph("wide")
    h = g.input("x", x)
    for i, (W, b) in enumerate(layers):
        h = gl.affine(h, g.param(f"W{i}", W), g.param(f"b{i}", b))
        h = gl.relu(h) if i < 2 else h
    gl.softmax_cross_entropy(h, g.input("t", labels))
    graph = g.freeze()
    return lambda: gl.backward(gl.forward(graph))


def deep_graphlab(batch: int) -> Run:
    import graphlab as gl

    x, layers = deep_data(batch)
    g = gl.Graph("deep")
    h = g.input("x", x)
    for i, (W, b, gamma, beta) in enumerate(layers):
        h = gl.affine(h, g.param(f"W{i}", W), g.param(f"b{i}", b))
        mean, var = g.state(f"m{i}", np.zeros(UNITS)), g.state(f"v{i}", np.ones(UNITS))
        h = gl.relu(gl.batchnorm(h, g.param(f"c{i}", gamma), g.param(f"d{i}", beta), mean, var))
    gl.mean(gl.square(h))
    graph = g.freeze()
    return lambda: gl.backward(gl.forward(graph))


def wide_numpy(batch: int) -> Run:
    x, labels, layers = wide_data(batch)
    (W1, b1), (W2, b2), (W3, b3) = layers
    rows = np.arange(batch)

    def run() -> Any:
        z1 = x @ W1
        z1 += b1
        a1 = np.maximum(z1, 0)
        z2 = a1 @ W2
        z2 += b2
        a2 = np.maximum(z2, 0)
        z3 = a2 @ W3
        z3 += b3
        shifted = z3 - z3.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - shifted[rows, labels]).mean()
        p = e / total
        g3 = p.copy()
        g3[rows, labels] -= 1
        g3 /= batch
        gW3, gb3, ga2 = a2.T @ g3, g3.sum(axis=0), g3 @ W3.T
        g2 = ga2 * (z2 > 0)
        gW2, gb2, ga1 = a1.T @ g2, g2.sum(axis=0), g2 @ W2.T
        g1 = ga1 * (z1 > 0)
        gW1, gb1, gx = x.T @ g1, g1.sum(axis=0), g1 @ W1.T
        values = (z1, a1, z2, a2, z3, p, loss)
        return values, (g3, gW3, gb3, ga2, g2, gW2, gb2, ga1, g1, gW1, gb1, gx)

    return run


def deep_numpy(batch: int) -> Run:
    x, layers = deep_data(batch)

    def run() -> Any:
        kept, h = [], x
        for W, b, gamma, beta in layers:
            z = h @ W
            z += b
            xhat = z - z.sum(axis=0) / batch
            ivar = 1 / np.sqrt((xhat * xhat).sum(axis=0) / batch + EPS)
            xhat *= ivar
            y = xhat * gamma
            y += beta
            kept.append((h, z, ivar, xhat, y))
            h = np.maximum(y, 0)
        square = h * h
        loss = square.mean()
        gsquare = np.full(square.shape, 1 / square.size)
        g = gsquare * (2.0 * h)
        grads = [(gsquare, g)]
        for (W, _, gamma, _), (h, _, ivar, xhat, y) in zip(reversed(layers), reversed(kept), strict=True):
            gy = g * (y > 0)
            gbeta, ggamma = gy.sum(axis=0), (gy * xhat).sum(axis=0)
            gz = gy - gbeta / batch
            gz -= xhat * (ggamma / batch)
            gz *= gamma * ivar
            g = gz @ W.T
            grads.append((gy, gbeta, ggamma, gz, h.T @ gz, gz.sum(axis=0), g))
        return kept, square, loss, grads

    return run


def wide_torch(batch: int) -> Run:
    import torch

    data, labels, layers = wide_data(batch)
    x = torch.tensor(data, requires_grad=True)
    t = torch.tensor(labels)
    params = [(torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)) for W, b in layers]

    def run() -> Any:
        for leaf in (x, *(p for pair in params for p in pair)):
            leaf.grad = None
        kept, h = [], x
        for i, (W, b) in enumerate(params):
            h = torch.addmm(b, h, W)
            kept.append(h)
            if i < 2:
                h = torch.relu(h)
                kept.append(h)
        kept.append(torch.nn.functional.cross_entropy(h, t))
        for tensor in kept:
            tensor.retain_grad()
        kept[-1].backward()
        return kept

    return run


def deep_torch(batch: int) -> Run:
    import torch

    data, layers = deep_data(batch)
    x = torch.tensor(data, requires_grad=True)
    params = [tuple(torch.tensor(p, requires_grad=True) for p in layer) for layer in layers]

    def run() -> Any:
        for leaf in (x, *(p for layer in params for p in layer)):
            leaf.grad = None
        kept, h = [], x
        for W, b, gamma, beta in params:
            z = torch.addmm(b, h, W)
            y = torch.nn.functional.batch_norm(z, None, None, gamma, beta, training=True, eps=EPS)
            h = torch.relu(y)
            kept += [z, y, h]
        square = torch.square(h)
        kept += [square, square.mean()]
        for tensor in kept:
            tensor.retain_grad()
        kept[-1].backward()
        return kept

    return run


def _wide_loss(np_: Any, layers: Any, x: Any, labels: np.ndarray) -> Any:
    h = x
    for i, (W, b) in enumerate(layers):
        h = np_.dot(h, W) + b
        h = np_.maximum(h, 0) if i < 2 else h
    shifted = h - np_.max(h, axis=1, keepdims=True)
    log_total = np_.log(np_.sum(np_.exp(shifted), axis=1))
    return np_.mean(log_total - shifted[np.arange(len(labels)), labels])


def _deep_loss(np_: Any, layers: Any, x: Any) -> Any:
    h = x
    for W, b, gamma, beta in layers:
        z = np_.dot(h, W) + b
        centred = z - np_.mean(z, axis=0)
        y = centred / np_.sqrt(np_.mean(centred * centred, axis=0) + EPS) * gamma + beta
        h = np_.maximum(y, 0)
    return np_.mean(h * h)


def wide_autograd(batch: int) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels, layers = wide_data(batch)
    gradient = value_and_grad(lambda at: _wide_loss(anp, at[1], at[0], labels))
    return lambda: gradient((x, layers))


def deep_autograd(batch: int) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, layers = deep_data(batch)
    gradient = value_and_grad(lambda at: _deep_loss(anp, at[1], at[0]))
    return lambda: gradient((x, layers))


class _MyGradNumpy:
    """numpy's names for MyGrad, which calls the dot product matmul."""

    def __getattr__(self, name: str) -> Any:
        import mygrad

        return getattr(mygrad, "matmul" if name == "dot" else name)


def wide_mygrad(batch: int) -> Run:
    import mygrad

    x, labels, layers = wide_data(batch)

    def run() -> Any:
        at, params = mygrad.tensor(x), [(mygrad.tensor(W), mygrad.tensor(b)) for W, b in layers]
        loss = _wide_loss(_MyGradNumpy(), params, at, labels)
        loss.backward()
        return loss, at, params

    return run


def deep_mygrad(batch: int) -> Run:
    import mygrad

    x, layers = deep_data(batch)

    def run() -> Any:
        at, params = mygrad.tensor(x), [tuple(map(mygrad.tensor, layer)) for layer in layers]
        loss = _deep_loss(_MyGradNumpy(), params, at)
        loss.backward()
        return loss, at, params

    return run
