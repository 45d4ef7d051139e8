"""A chain of cheap ops, × 1.001 → + 0.01 → sin → tanh and so on, of scalars or of 8 elements, for each library."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from measure import Run

FACTOR, TERM = 1.001, 0.01


def start(elements: int) -> Any:
    return np.float64(0.5) if elements == 1 else np.linspace(0.1, 0.9, elements)


def graph_of(length: int, elements: int) -> Any:
    import graphlab as gl

    g = gl.Graph("chain")
    h = g.input("x", start(elements))
    for _ in range(length // 4):
        h = gl.tanh(gl.sin(h * FACTOR + TERM))
    if elements > 1:
        gl.sum(h)
    return g.freeze()


def chain_graphlab(length: int, elements: int) -> Run:
    import graphlab as gl

    graph = graph_of(length, elements)
    return lambda: gl.backward(gl.forward(graph))


def chain_numpy(length: int, elements: int) -> Run:
    x = start(elements)

    def run() -> Any:
        values, h = [x], x
        keep = values.append
        for _ in range(length // 4):
            h = h * FACTOR
            keep(h)
            h = h + TERM
            keep(h)
            h = np.sin(h)
            keep(h)
            h = np.tanh(h)
            keep(h)
        g = np.float64(1.0) if elements == 1 else np.ones(elements)
        grads = [g]
        keep = grads.append
        for k in range(length, 0, -4):
            y = values[k]
            g = g * (1.0 - y * y)
            keep(g)
            g = g * np.cos(values[k - 2])
            keep(g)
            keep(g)  # through the addition as it is
            g = g * FACTOR
            keep(g)
        return values, grads

    return run


def chain_torch(length: int, elements: int) -> Run:
    import torch

    x = torch.tensor(start(elements), dtype=torch.float64, requires_grad=True)

    def run() -> Any:
        x.grad = None
        kept, h = [], x
        for _ in range(length // 4):
            a = h * FACTOR
            b = a + TERM
            c = torch.sin(b)
            h = torch.tanh(c)
            kept += [a, b, c, h]
        for tensor in kept:
            tensor.retain_grad()
        (h if elements == 1 else h.sum()).backward()
        return kept

    return run


def chain_autograd(length: int, elements: int) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    def loss(x: Any) -> Any:
        for _ in range(length // 4):
            x = anp.tanh(anp.sin(x * FACTOR + TERM))
        return x if elements == 1 else anp.sum(x)

    gradient, x = value_and_grad(loss), start(elements)
    return lambda: gradient(x)


def chain_mygrad(length: int, elements: int) -> Run:
    import mygrad

    def run() -> Any:
        x = mygrad.tensor(start(elements))
        kept = [x]
        for _ in range(length // 4):
            a = kept[-1] * FACTOR
            b = a + TERM
            c = mygrad.sin(b)
            kept += [a, b, c, mygrad.tanh(c)]
        (kept[-1] if elements == 1 else kept[-1].sum()).backward()
        return kept

    return run


def chain_micrograd(length: int, elements: int) -> Run:
    """micrograd has neither sin nor tanh: a square and a relu stand in their places, which are cheaper.

    It sorts by recursion, so Python's limit is raised for it.
    """
    from micrograd.engine import Value

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 2 * length + 1000))

    def run() -> Any:
        x = h = Value(0.5)
        for _ in range(length // 4):
            h = (((h * FACTOR) + TERM) ** 2).relu()
        h.backward()
        return x, h

    return run
