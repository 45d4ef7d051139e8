"""Reductions: sums, means, extremes and variances over some axes or all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ShapeError
from graphlab.messages import tr
from graphlab.ops import doubts
from graphlab.ops.base import Array, Attr, Context, Op, Shape, normalise_axis
from graphlab.ops.sums import Axis, average, centred, count, narrow, total, wide

_SPREAD = "spread(upstream, x, axis=axis, keepdims=keepdims)"
_TIES = "(x == spread(y, x, axis=axis, keepdims=keepdims))"
_CENTRED = "(x - mean(x, axis=axis, keepdims=true))"


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes as numbers from 0. Raises ShapeError for one that does not exist or is named twice.

    >>> axes_of(-1, 3), axes_of(None, 2)
    ((2,), (0, 1))
    """
    if axis is None:
        return tuple(range(ndim))
    named = (axis,) if isinstance(axis, int) else axis
    axes = tuple(normalise_axis(i, ndim) for i in named)
    if len(set(axes)) < len(axes):
        raise ShapeError(tr("axis={axis} names an axis twice; name each once", axis=list(named)))
    return axes


def _spread(g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """The gradient of a reduced value, repeated (as a view) to x's shape."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, np.shape(x))


class Reduction(Op):
    """y = f over the axes of x; axis none is all of them, keepdims keeps them with length 1."""

    family = "reduction"
    attrs = {
        "axis": Attr(None, kind="integers", help="one axis or several; none: all", optional=True),
        "keepdims": Attr(False, kind="boolean", help="keep the reduced axes with length 1"),
    }

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        (x,) = shapes
        axes = axes_of(attrs["axis"], len(x))
        return tuple(1 if i in axes else n for i, n in enumerate(x) if i not in axes or attrs["keepdims"])

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.permutation(12).reshape(4, 3) / 4,), {"axis": 0, "keepdims": False}


class Sum(Reduction):
    """The sum, y = Σ x, over the axes.

    x: any shape → y: without the summed axes, or with length 1 there.

    >>> from graphlab.ops import Context
    >>> Sum.forward(Context(), np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0, keepdims=False)[0]
    array([4., 6.])
    """

    name = "sum"
    result = "total"
    formula = "sum(x, axis=axis, keepdims=keepdims)"
    local = {"x": f"{_SPREAD} * 1"}

    @staticmethod
    def forward(ctx: Context, x: Array, axis: Axis, keepdims: bool) -> tuple[Array, tuple[Any, ...]]:
        return total(x, axis, keepdims), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: Axis, keepdims: bool,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        return (_spread(g, primals[0], axis, keepdims),)


class Mean(Reduction):
    """The mean, y = Σ x / n, over the axes; of whole numbers too it is a float, of nothing it is NaN.

    x: any shape → y: without the averaged axes, or with length 1 there.

    >>> from graphlab.ops import Context
    >>> Mean.forward(Context(), np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0, keepdims=False)[0]
    array([2., 3.])
    """

    name = "mean"
    doubt = staticmethod(doubts.mean_of_nothing)
    formula = "mean(x, axis=axis, keepdims=keepdims)"
    local = {"x": f"{_SPREAD} * 1 / count(x, axis=axis)"}

    @staticmethod
    def forward(ctx: Context, x: Array, axis: Axis, keepdims: bool) -> tuple[Array, tuple[Any, ...]]:
        return average(x, axis, keepdims), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: Axis, keepdims: bool,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        return (_spread(g / count(primals[0], axis), primals[0], axis, keepdims),)


class Extreme(Reduction):
    """The largest or smallest; elements that tie share the gradient equally (torch.amax, JAX)."""

    result = "number"
    kinks = True
    local = {"x": f"{_SPREAD} * {_TIES} / sum({_TIES}, axis=axis, keepdims=true)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        for i in axes_of(attrs["axis"], len(shapes[0])):
            if shapes[0][i] == 0:
                message = tr(
                    "{op}: axis {axis} of x, shape {shape}, has no elements, so there is no {op}; feed a non-empty x",
                    op=cls.name, axis=i, shape=shapes[0],
                )  # fmt: skip
                raise ShapeError(message)
        return super().shape(*shapes, **attrs)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: Axis, keepdims: bool,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        x = primals[0]
        ties = x == _spread(value, x, axis, keepdims)
        sharing = np.sum(ties, axis=axis, keepdims=True, dtype=g.dtype)
        return (np.where(ties, _spread(g, x, axis, keepdims) / sharing, 0),)


class Max(Extreme):
    """The largest element along the axes; those that tie share the gradient equally (torch.amax, JAX).

    x: any shape → y: without the reduced axes, or with length 1 there. Raises ShapeError for an empty axis.

    >>> from graphlab.ops import Context
    >>> Max.forward(Context(), np.array([[1.0, 5.0], [3.0, 4.0]]), axis=0, keepdims=False)[0]
    array([3., 5.])
    """

    name = "max"
    formula = "max(x, axis=axis, keepdims=keepdims)"

    @staticmethod
    def forward(ctx: Context, x: Array, axis: Axis, keepdims: bool) -> tuple[Array, tuple[Any, ...]]:
        return np.max(x, axis=axis, keepdims=keepdims), ()


class Min(Extreme):
    """The smallest element along the axes; those that tie share the gradient equally (torch.amin, JAX).

    x: any shape → y: without the reduced axes, or with length 1 there. Raises ShapeError for an empty axis.

    >>> from graphlab.ops import Context
    >>> Min.forward(Context(), np.array([[1.0, 5.0], [3.0, 4.0]]), axis=0, keepdims=False)[0]
    array([1., 4.])
    """

    name = "min"
    formula = "min(x, axis=axis, keepdims=keepdims)"

    @staticmethod
    def forward(ctx: Context, x: Array, axis: Axis, keepdims: bool) -> tuple[Array, tuple[Any, ...]]:
        return np.min(x, axis=axis, keepdims=keepdims), ()


class Var(Reduction):
    """The variance, y = Σ (x − mean x)² / (n − ddof), over the axes.

    x: any shape → y: without the reduced axes, or with length 1 there. ddof 0 is numpy's and Keras's, 1 torch.var's
    default; n − ddof = 0 gives NaN or Inf. Raises ShapeError for ddof > n.

    >>> from graphlab.ops import Context
    >>> Var.forward(Context(), np.array([[1.0, 2.0], [3.0, 6.0]]), axis=0, keepdims=False, ddof=0)[0]
    array([1., 4.])
    """

    name = "var"
    doubt = staticmethod(doubts.too_few_for_a_variance)
    attrs = {**Reduction.attrs, "ddof": Attr(0, kind="integer", help="what is taken off n")}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        n = math.prod(shapes[0][i] for i in axes_of(attrs["axis"], len(shapes[0])))
        if attrs["ddof"] > n:
            message = tr(
                "var divides by n − ddof, but n is {n} and ddof is {ddof}; lower ddof", n=n, ddof=attrs["ddof"]
            )
            raise ShapeError(message)
        return super().shape(*shapes, **attrs)

    @staticmethod
    def formula(shapes: Sequence[Shape], axis: Axis, keepdims: bool, ddof: int) -> str:
        if ddof == 0:
            return f"mean({_CENTRED}**2, axis=axis, keepdims=keepdims)"
        return f"sum({_CENTRED}**2, axis=axis, keepdims=keepdims) / (count(x, axis=axis) - ddof)"

    @staticmethod
    def local(shapes: Sequence[Shape], axis: Axis, keepdims: bool, ddof: int) -> dict[str, str]:
        count = "(count(x, axis=axis) - ddof)" if ddof else "count(x, axis=axis)"
        return {"x": f"{_SPREAD} * 2 * {_CENTRED} / {count}"}

    @staticmethod
    def forward(ctx: Context, x: Array, axis: Axis, keepdims: bool, ddof: int) -> tuple[Array, tuple[Any, ...]]:
        _, d, _ = centred(wide(x), axis)
        y = np.sum(d * d, axis=axis, keepdims=keepdims) / (count(x, axis) - ddof)
        return narrow(y, x.dtype), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: Axis, keepdims: bool, ddof: int,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        x = primals[0]
        _, d, _ = centred(wide(x), axis)
        gx = _spread(g, x, axis, keepdims) * (2.0 * d) / (count(x, axis) - ddof)
        return (narrow(gx, g.dtype),)

    @staticmethod
    def expand(build: Any, x: Any, axis: Axis, keepdims: bool, ddof: int) -> Any:
        xmu = expand_centred(build, x, axis=axis, keepdims=True)
        sq = build("square", xmu, name="sq")
        if ddof == 0:
            return build("mean", sq, axis=axis, keepdims=keepdims, name="out")
        shape = build.shape(x)
        n = math.prod(shape[i] for i in axes_of(axis, len(shape)))
        return build("div", build("sum", sq, axis=axis, keepdims=keepdims, name="total"), n - ddof, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)),), {"axis": 0, "keepdims": False, "ddof": 0}


def expand_centred(build: Any, x: Any, **over: Any) -> Any:
    """x less its mean. In float32 what rounding took off the mean is taken off too: it may be as large as the rest."""
    if build.dtype(x) != "float32":
        return build("sub", x, build("mean", x, name="mu", **over), name="xmu")
    near = build("sub", x, build("mean", x, name="mu", **over), name="near")
    return build("sub", near, build("mean", near, name="rest", **over), name="xmu")
