"""Nodes without inputs. Their values come from feeds (input), a State (param, state) or the model (constant)."""

from __future__ import annotations

from graphlab.ops.base import Op


class Leaf(Op):
    """A node that computes nothing; its attributes say shape, dtype and where its first value comes from."""

    family = "leaf"
    slots = ()
    result = "same"


class Input(Leaf):
    """Data fed in, not learned. It has a gradient too, unless it says grad: false.

    In a model file: `inputs: {x: [[1, 2], [3, 4]]}`, or `x: {file: data.npz, key: x}`; in Python: g.input("x", [1, 2]).
    """

    name = "input"


class Param(Leaf):
    """A learned array: its gradient is the point.

    In a model file: `params: {W: {shape: [2, 3], init: xavier}}`, or `W: [0.5, -1]`; in Python:
    g.param("W", shape=(2, 3), init="xavier").
    """

    name = "param"


class Constant(Leaf):
    """A fixed array. It never has a gradient.

    In a model file, under nodes: `target: [0, 1]`; a number in a formula, such as the 2 of x * 2, needs no name.
    """

    name = "constant"


class State(Leaf):
    """An array a layer keeps between runs, such as BatchNorm's running mean. It never has a gradient.

    A batchnorm makes its own, and a model file may give them: `state: {bn.running_mean: [0, 0]}`.
    """

    name = "state"
