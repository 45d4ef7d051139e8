"""Activations along an axis: softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ShapeError
from graphlab.messages import tr
from graphlab.ops.base import Array, Attr, Context, Op, Shape, normalise_axis
from graphlab.ops.sums import total

AXIS = Attr(-1, kind="integer", help="the axis that is normalised")


def softmax(x: Array, axis: int = -1) -> Array:
    """e^x / Σ e^x, with the maximum subtracted first."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    e /= total(e, axis, keepdims=True)
    return e


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x − log Σ e^x, with the maximum subtracted first."""
    z = x - np.max(x, axis=axis, keepdims=True)
    z -= np.log(total(np.exp(z), axis, keepdims=True))
    return z


def expand_log_softmax(build: Any, x: Any, axis: int, name: str) -> Any:
    """The steps of log_softmax; the maximum only shifts, so no gradient goes through it."""
    m = build("stop_gradient", build("max", x, axis=axis, keepdims=True, name="max"), name="m")
    shifted = build("sub", x, m, name="shifted")
    total = build("sum", build("exp", shifted, name="exp"), axis=axis, keepdims=True, name="total")
    return build("sub", shifted, build("log", total, name="log_total"), name=name)


class AlongAxis(Op):
    """An op whose result has x's shape and that treats one axis as a unit."""

    family = "activation"
    attrs = {"axis": AXIS}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        (x,) = shapes
        if x[normalise_axis(attrs["axis"], len(x))] == 0:
            message = tr("x is {x}: there is nothing along axis {axis}; use a non-empty x", x=x, axis=attrs["axis"])
            raise ShapeError(message)
        return x

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(3, 4)),), {"axis": -1}


class Softmax(AlongAxis):
    """Softmax, y = e^x / Σ e^x along an axis, computed with the maximum subtracted first.

    x: (…, C) → y: the same shape, each row's sum 1.

    >>> from graphlab.ops import Context
    >>> Softmax.forward(Context(), np.array([1000.0, 1000.0]), axis=-1)[0].tolist()
    [0.5, 0.5]
    """

    name = "softmax"
    formula = "exp(x) / sum(exp(x), axis=axis, keepdims=true)"
    local = {"x": "y * (upstream - sum(upstream * y, axis=axis, keepdims=true))"}

    @staticmethod
    def forward(ctx: Context, x: Array, axis: int) -> tuple[Array, tuple[Any, ...]]:
        return softmax(x, axis), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], axis: int
    ) -> tuple[Array | None, ...]:
        gy = g * value
        gy -= value * total(gy, axis, keepdims=True)
        return (gy,)

    @staticmethod
    def expand(build: Any, x: Any, axis: int) -> Any:
        m = build("stop_gradient", build("max", x, axis=axis, keepdims=True, name="max"), name="m")
        e = build("exp", build("sub", x, m, name="shifted"), name="exp")
        return build("div", e, build("sum", e, axis=axis, keepdims=True, name="total"), name="out")


class LogSoftmax(AlongAxis):
    """The logarithm of softmax, y = x − log Σ e^x along an axis, finite where softmax itself underflows.

    x: (…, C) → y: the same shape.

    >>> from graphlab.ops import Context
    >>> LogSoftmax.forward(Context(), np.array([0.0, 1000.0]), axis=-1)[0].tolist()
    [-1000.0, 0.0]
    """

    name = "log_softmax"
    formula = "x - log(sum(exp(x), axis=axis, keepdims=true))"
    local = {"x": "upstream - exp(y) * sum(upstream, axis=axis, keepdims=true)"}

    @staticmethod
    def forward(ctx: Context, x: Array, axis: int) -> tuple[Array, tuple[Any, ...]]:
        return log_softmax(x, axis), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], axis: int
    ) -> tuple[Array | None, ...]:
        return (g - np.exp(value) * total(g, axis, keepdims=True),)

    @staticmethod
    def expand(build: Any, x: Any, axis: int) -> Any:
        return expand_log_softmax(build, x, axis, name="out")
