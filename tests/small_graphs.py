"""Graphs and a comparison that several tests share."""

import numpy as np

import graphlab as gl


def run(g, feeds=None, **options):
    return gl.backward(gl.forward(g, feeds, **options))


def same_sum(terms, total):
    """Equal within 1e-12 of the terms' magnitudes."""
    return np.all(np.abs(sum(terms) - total) <= 1e-12 * sum(np.abs(t) for t in terms))


def mixed(dtype="float64", seed=0):
    """A small network with most of what a graph can have."""
    g = gl.Graph("mixed", dtype=dtype, seed=seed)
    rng = np.random.default_rng(1)
    x = g.input("x", rng.normal(size=(4, 3)))
    with g.scope("hidden"):
        h = gl.relu(gl.batchnorm(gl.affine(x, units=5, name="fc"), name="bn"), name="act")
        h = gl.dropout(h, rate=0.4, name="drop")
    h = h * h + gl.mean(h, axis=0)
    loss = gl.softmax_cross_entropy(gl.affine(h, units=3, name="out"), g.input("t", np.array([0, 2, 1, 1])))
    total = loss + gl.l2_penalty(gl.Ref(g, "out.W"), rate=0.1)
    g.loss(total)
    return g
