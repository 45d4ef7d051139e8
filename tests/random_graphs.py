"""Random scalar and array graphs, small enough to take apart by hand."""

from __future__ import annotations

import numpy as np

import graphlab as gl

UNARY = ("tanh", "sigmoid", "sin", "square", "exp")


def scalars(seed: int, nodes: int = 9) -> gl.Trace:
    """A random graph of numbers with one loss, run forward and backward."""
    rng = np.random.default_rng(seed)
    g = gl.Graph("scalars")
    made = [g.param(f"w{k}", float(rng.uniform(-1.5, 1.5))) for k in range(3)]
    for k in range(nodes):
        a, b = (made[int(i)] for i in rng.integers(max(0, len(made) - 4), len(made), size=2))
        kind = rng.integers(4)
        if kind == 0:
            made.append(getattr(gl, UNARY[int(rng.integers(len(UNARY)))])(a * 0.5, name=f"n{k}"))
        elif kind == 1:
            made.append(gl.mul(a, b, name=f"n{k}"))
        else:
            made.append(gl.add(a, b * float(rng.uniform(-1, 1)), name=f"n{k}"))
    loss = made[-1]
    for one in made[3:-1]:
        loss = loss + one * 0.1
    g.loss(loss)
    return gl.backward(gl.forward(g))


def arrays(seed: int, dtype: str = "float64") -> gl.Trace:
    """A random residual network with dropout, batchnorm, a constant and integer labels, run forward and backward.

    Its second block is frozen; its loss is a list of two.
    """
    rng = np.random.default_rng(seed)
    g = gl.Graph("arrays", dtype=dtype, seed=seed)
    h = gl.affine(g.input("x", rng.normal(size=(4, 3))), units=3, name="first", init="xavier")
    for k in range(int(rng.integers(1, 4))):
        with g.scope(f"block{k}"):
            own = "eval" if k == 1 else None
            inner = gl.batchnorm(gl.affine(h, units=3, name="fc", init="xavier"), name="bn", mode=own)
            inner = gl.dropout(gl.relu(inner, name="act"), rate=0.25, name="drop", mode=own)
            h = gl.add(h, inner * g.constant(rng.normal(size=3), "scale"), name="out")
    labels = g.input("t", np.array([0, 2, 1, 1]))
    g.loss([gl.softmax_cross_entropy(h, labels, name="E", weight=[1.0, 0.5, 2.0]), gl.mean(h * h)])
    return gl.backward(gl.forward(g))
