"""Traces to draw, and what to read off their boxes."""

import numpy as np

import graphlab as gl
from graphlab.diagram import plain


def network(blocks=1, batch=4):
    g = gl.Graph("net")
    rng = np.random.default_rng(0)
    h = g.input("x", rng.normal(size=(batch, 3)))
    t = g.input("t", np.arange(batch) % 2)
    for k in range(blocks):
        with g.scope(f"block{k}"):
            h = gl.relu(gl.batchnorm(gl.affine(h, units=3, name="fc"), name="bn"), name="act")
    gl.softmax_cross_entropy(gl.affine(h, units=2, name="logits"), t, name="E")
    return g


def run(g):
    return gl.backward(gl.forward(g))


def neuron():
    g = gl.Graph("neuron")
    w, x, b = g.param("w", 2.0), g.input("x", -1.0), g.param("b", -3.0)
    gl.sigmoid(gl.add(gl.mul(w, x, name="m"), b, name="s"), name="f")
    return g


def box_of(diagram, name):
    return next(box for box in diagram.boxes if box.name == name)


def text_of(box):
    return plain((box.header, *(line for row in box.rows for line in row.lines)))


def rows(box, kind):
    return [plain(row.lines) for row in box.rows if row.kind == kind]
