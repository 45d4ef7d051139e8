"""Nodes without inputs. Their values come from feeds (input), a State (param, state) or the model (constant)."""

from __future__ import annotations

from graphlab.ops.base import Op


class Leaf(Op):
    """A node that computes nothing; its attributes say shape, dtype and where its first value comes from."""

    family = "leaf"
    slots = ()
    result = "same"


class Input(Leaf):
    """Data fed in, not learned. It has a gradient too, unless it says grad: false."""

    name = "input"


class Param(Leaf):
    """A learned array: its gradient is the point."""

    name = "param"


class Constant(Leaf):
    """A fixed array. It never has a gradient."""

    name = "constant"


class State(Leaf):
    """An array a layer keeps between runs, such as BatchNorm's running mean. It never has a gradient."""

    name = "state"
