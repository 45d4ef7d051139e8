"""The samples computed once more, in plain numpy and by other formulas than graphlab's own: what the tests believe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = Any
Arrays = dict[str, Array]


def batchnorm_nine_steps(x: Array, gamma: Array, beta: Array, dout: Array, eps: float = 1e-5) -> tuple[Array, Arrays]:
    """Forward and backward through the nine small steps of Kratzert's graph, one after the other."""
    n = len(x)
    mu = x.sum(axis=0) / n
    xmu = x - mu
    var = (xmu**2).sum(axis=0) / n
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    out = gamma * xhat + beta
    dxhat = dout * gamma
    dsqrtvar = (dxhat * xmu).sum(axis=0) * -1 / sqrtvar**2
    dvar = dsqrtvar * 0.5 / np.sqrt(var + eps)
    dxmu = dxhat * ivar + 2 * xmu * np.ones_like(x) * dvar / n
    dx = dxmu - np.ones_like(x) * dxmu.sum(axis=0) / n
    return out, {"x": dx, "gamma": (dout * xhat).sum(axis=0), "beta": dout.sum(axis=0)}


def cross_entropy(logits: Array, label: Array) -> tuple[float, Array]:
    """The mean of −log p[label] over the rows, and its gradient (p − one-hot) / N."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(label))
    loss = -np.log(p[rows, label]).mean()
    p[rows, label] -= 1
    return float(loss), p / len(label)


def classifier(x: Array, label: Array, layers: list[Arrays]) -> tuple[float, list[Arrays], Array]:
    """Affine, BatchNorm where a layer has gamma, and ReLU on all layers but the last; softmax cross-entropy.

    Returns the loss, a dict of gradients for each layer, and the gradient of x.
    """
    inputs, signs, before = [], [], []
    h = x
    for layer in layers[:-1]:
        inputs.append(h)
        net = h @ layer["W"] + layer["b"]
        before.append(net)
        if "gamma" in layer:
            net, _ = batchnorm_nine_steps(net, layer["gamma"], layer["beta"], np.zeros_like(net))
        signs.append(net > 0)
        h = np.where(net > 0, net, 0)
    inputs.append(h)
    loss, d = cross_entropy(h @ layers[-1]["W"] + layers[-1]["b"], label)
    grads: list[Arrays] = []
    for k in reversed(range(len(layers))):
        grad: Arrays = {}
        if k < len(layers) - 1:
            d = d * signs[k]
            if "gamma" in layers[k]:
                _, grad = batchnorm_nine_steps(before[k], layers[k]["gamma"], layers[k]["beta"], d)
                d = grad.pop("x")
        grads.append({"W": inputs[k].T @ d, "b": d.sum(axis=0), **grad})
        d = d @ layers[k]["W"].T
    return loss, grads[::-1], d


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def mazur_gradients(w: Mapping[str, Array], hidden_first: bool = True) -> tuple[Array, Array]:
    """∂E/∂W1 and ∂E/∂W2. hidden_first=False: the hidden layer's gradient through output weights already updated."""
    h = logistic(w["i"] @ w["W1"] + w["b1"])
    o = logistic(h @ w["W2"] + w["b2"])
    delta = (o - w["target"]) * o * (1 - o)
    grad2 = h.T @ delta
    W2 = w["W2"] if hidden_first else w["W2"] - 0.5 * grad2
    return w["i"].T @ (delta @ W2.T * h * (1 - h)), grad2


def mazur_error(w: Mapping[str, Array]) -> float:
    """E_total of Mazur's network."""
    out = logistic(logistic(w["i"] @ w["W1"] + w["b1"]) @ w["W2"] + w["b2"])
    return float((0.5 * (w["target"] - out) ** 2).sum())
