"""Ops that give x another shape and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ShapeError
from graphlab.messages import tr
from graphlab.ops.base import Array, Attr, Context, Op, Shape, broadcast_shapes, normalise_axis, unbroadcast

Kept = tuple[Any, ...]  # what forward keeps for vjp
Cotangents = tuple[Array | None, ...]
Example = tuple[tuple[Array, ...], dict[str, Any]]


class Rearrange(Op):
    """The elements of x, elsewhere."""

    family = "shape"
    result = "same"


class Reshape(Rearrange):
    """The same elements in another shape, in C order; one size may be −1 and is worked out.

    x: any shape → y: `shape`. Raises ShapeError where the numbers of elements differ.

    >>> from graphlab.ops import Context
    >>> Reshape.forward(Context(), np.arange(6), shape=(2, -1))[0].tolist()
    [[0, 1, 2], [3, 4, 5]]
    """

    name = "reshape"
    attrs = {"shape": Attr(kind="integers", help="the new shape; -1: what is left")}
    formula = "reshape(x, shape=shape)"
    local = {"x": "reshape(upstream, x)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        (x,) = shapes
        wanted: Shape = (attrs["shape"],) if isinstance(attrs["shape"], int) else attrs["shape"]
        if wanted.count(-1) > 1 or min(wanted, default=0) < -1:
            raise ShapeError(tr("reshape to {shape}: sizes are 0 or more, and at most one is -1", shape=wanted))
        total, known = math.prod(x), math.prod(n for n in wanted if n != -1)
        if (total % known if known and -1 in wanted else total != known) or (known == 0 and -1 in wanted):
            message = tr(
                "x is {x}, {n} elements, and cannot be reshaped to {shape}; keep their number",
                x=x,
                n=total,
                shape=wanted,
            )
            raise ShapeError(message)
        return tuple(total // known if n == -1 else n for n in wanted)

    @staticmethod
    def forward(ctx: Context, x: Array, shape: int | Shape) -> tuple[Array, Kept]:
        return np.reshape(x, shape), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, shape: int | Shape
    ) -> Cotangents:
        return (np.reshape(g, np.shape(primals[0])),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3)),), {"shape": (2, -1)}


class Flatten(Rearrange):
    """All axes from `start` on folded into one; start=1 keeps the batch axis, as Keras and torch.nn.Flatten do.

    x: (N, …) → y: (N, product of …).

    >>> from graphlab.ops import Context
    >>> Flatten.forward(Context(), np.zeros((4, 2, 3)), start=1)[0].shape
    (4, 6)
    """

    name = "flatten"
    attrs = {"start": Attr(1, kind="integer", help="first axis folded")}
    local = {"x": "reshape(upstream, x)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        return _flat(shapes[0], attrs["start"])

    @staticmethod
    def formula(shapes: Sequence[Shape], start: int) -> str:
        return f"reshape(x, shape={list(_flat(shapes[0], start))})"

    @staticmethod
    def forward(ctx: Context, x: Array, start: int) -> tuple[Array, Kept]:
        return np.reshape(x, _flat(np.shape(x), start)), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, start: int) -> Cotangents:
        return (np.reshape(g, np.shape(primals[0])),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 2, 3)),), {"start": 1}


def _flat(x: Shape, start: int) -> Shape:
    at = start if start == len(x) else normalise_axis(start, len(x))  # folding no axis adds one of length 1
    return (*x[:at], math.prod(x[at:]))


class Transpose(Rearrange):
    """The axes in another order; by default reversed, as numpy does.

    x: any shape → y: axis i of y is axis axes[i] of x. Raises ShapeError unless axes names each axis once.

    >>> from graphlab.ops import Context
    >>> Transpose.forward(Context(), np.zeros((2, 3, 4)), axes=(1, 0, 2))[0].shape
    (3, 2, 4)
    """

    name = "transpose"
    attrs = {"axes": Attr(None, kind="integers", help="the new order; none: reversed", optional=True)}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        return tuple(shapes[0][i] for i in _order(len(shapes[0]), attrs["axes"]))

    @staticmethod
    def formula(shapes: Sequence[Shape], axes: Shape | None) -> str:
        return _transposed("x", _order(len(shapes[0]), axes))

    @staticmethod
    def local(shapes: Sequence[Shape], axes: Shape | None) -> dict[str, str]:
        order = _order(len(shapes[0]), axes)
        return {"x": _transposed("upstream", tuple(sorted(range(len(order)), key=order.__getitem__)))}

    @staticmethod
    def forward(ctx: Context, x: Array, axes: Shape | None) -> tuple[Array, Kept]:
        return np.transpose(x, axes), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, axes: Shape | None
    ) -> Cotangents:
        return (np.transpose(g, np.argsort(_order(np.ndim(g), axes))),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 2, 3)),), {"axes": (1, 2, 0)}


def _order(ndim: int, axes: int | Shape | None) -> Shape:
    if axes is None:
        return tuple(range(ndim))[::-1]
    named = (axes,) if isinstance(axes, int) else axes
    order = tuple(normalise_axis(i, ndim) for i in named)
    if sorted(order) != list(range(ndim)):
        message = tr("transpose: axes={axes} must name each of x's {ndim} axes once", axes=list(named), ndim=ndim)
        raise ShapeError(message)
    return order


def _transposed(name: str, order: Shape) -> str:
    return f"transpose({name})" if order == (1, 0) else f"transpose({name}, axes={list(order)})"


class BroadcastTo(Rearrange):
    """x repeated along new axes and axes of length 1, as numpy broadcasts.

    x: a shape that broadcasts to `shape` → y: `shape`. Raises ShapeError naming the axis where it does not.

    >>> from graphlab.ops import Context
    >>> BroadcastTo.forward(Context(), np.array([1.0, 2.0]), shape=(2, 2))[0].tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """

    name = "broadcast_to"
    attrs = {"shape": Attr(kind="integers", help="the new shape")}
    formula = "broadcast_to(x, shape=shape)"
    local = {"x": "sum_to(upstream, x)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        (x,) = shapes
        wanted: Shape = (attrs["shape"],) if isinstance(attrs["shape"], int) else attrs["shape"]
        if min(wanted, default=0) < 0:
            raise ShapeError(tr("broadcast_to {shape}: sizes are 0 or more", shape=wanted))
        if broadcast_shapes(("x", tr("the new shape")), (x, wanted)) != wanted:
            message = tr("x is {x} and does not broadcast to {shape}: an axis of x is longer there", x=x, shape=wanted)
            raise ShapeError(message)
        return wanted

    @staticmethod
    def forward(ctx: Context, x: Array, shape: int | Shape) -> tuple[Array, Kept]:
        return np.broadcast_to(x, shape), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, shape: int | Shape
    ) -> Cotangents:
        return (unbroadcast(g, np.shape(primals[0])),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 1)),), {"shape": (2, 4, 3)}
