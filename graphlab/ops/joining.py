"""Ops that join arrays, and the one that takes a part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from graphlab.errors import ModelError, ShapeError
from graphlab.formula.evaluate import numpy_key
from graphlab.formula.parse import parse
from graphlab.formula.tree import Index, Name
from graphlab.messages import tr
from graphlab.ops.axes import axes_text
from graphlab.ops.base import Array, Attr, Context, Shape, normalise_axis
from graphlab.ops.shape import Cotangents, Example, Kept, Rearrange


class Concat(Rearrange):
    """Arrays one behind the other along an axis they have.

    xs: shapes that differ along `axis` only → y: their lengths added up there. Raises ShapeError otherwise.

    >>> from graphlab.ops import Context
    >>> Concat.forward(Context(), np.array([1.0, 2.0]), np.array([3.0]), axis=0)[0]
    array([1., 2., 3.])
    """

    name = "concat"
    slots = ("*xs",)
    attrs = {"axis": Attr(0, kind="integer", help="the axis they are joined along")}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        first = shapes[0]
        at = normalise_axis(attrs["axis"], len(first))
        for slot, shape in zip(cls.slot_names(len(shapes))[1:], shapes[1:], strict=True):
            if len(shape) != len(first) or any(
                m != n for i, (m, n) in enumerate(zip(first, shape, strict=True)) if i != at
            ):
                message = tr(
                    "concat: xs0 is {first} but {slot} is {shape}; all axes but axis {axis} must agree",
                    first=first, slot=slot, shape=shape, axis=at,
                )  # fmt: skip
                raise ShapeError(message)
        return (*first[:at], sum(shape[at] for shape in shapes), *first[at + 1 :])

    @staticmethod
    def formula(shapes: Sequence[Shape], axis: int) -> str:
        return f"concat({', '.join(Concat.slot_names(len(shapes)))}, axis=axis)"

    @staticmethod
    def local(shapes: Sequence[Shape], axis: int) -> dict[str, str]:
        at = normalise_axis(axis, len(shapes[0]))
        ends = list(accumulate(shape[at] for shape in shapes))
        cuts = zip(Concat.slot_names(len(shapes)), [0, *ends], ends, strict=False)
        return {slot: f"upstream[{':, ' * at}{start}:{end}]" for slot, start, end in cuts}

    @staticmethod
    def forward(ctx: Context, *xs: Array, axis: int) -> tuple[Array, Kept]:
        return np.concatenate(xs, axis=axis), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, axis: int) -> Cotangents:
        ends = list(accumulate(x.shape[axis] for x in primals))
        return tuple(np.split(g, ends[:-1], axis=axis))

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), rng.normal(size=(4, 2))), {"axis": 1}


class Stack(Rearrange):
    """Arrays of one shape side by side along a new axis.

    xs: k arrays of the same shape → y: that shape with k put in at `axis`. Raises ShapeError where they differ.

    >>> from graphlab.ops import Context
    >>> Stack.forward(Context(), np.array([1.0, 2.0]), np.array([3.0, 4.0]), axis=1)[0].tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """

    name = "stack"
    slots = ("*xs",)
    attrs = {"axis": Attr(0, kind="integer", help="where the new axis stands in y")}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        first = shapes[0]
        at = _new_axis(attrs["axis"], len(first))
        for slot, shape in zip(cls.slot_names(len(shapes))[1:], shapes[1:], strict=True):
            if shape != first:
                message = tr(
                    "stack: xs0 is {first} but {slot} is {shape}; all must agree", first=first, slot=slot, shape=shape
                )
                raise ShapeError(message)
        return (*first[:at], len(shapes), *first[at:])

    @staticmethod
    def formula(shapes: Sequence[Shape], axis: int) -> str:
        return f"stack({', '.join(Stack.slot_names(len(shapes)))}, axis=axis)"

    @staticmethod
    def local(shapes: Sequence[Shape], axis: int) -> dict[str, str]:
        before = ":, " * _new_axis(axis, len(shapes[0]))
        return {slot: f"upstream[{before}{k}]" for k, slot in enumerate(Stack.slot_names(len(shapes)))}

    @staticmethod
    def forward(ctx: Context, *xs: Array, axis: int) -> tuple[Array, Kept]:
        return np.stack(xs, axis=axis, dtype=np.result_type(*xs)), ()  # a literal does not widen float32

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, axis: int) -> Cotangents:
        return tuple(np.moveaxis(g, axis, 0))

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3)), rng.normal(size=(4, 3))), {"axis": 1}


def _new_axis(axis: int, ndim: int) -> int:
    if not -ndim - 1 <= axis <= ndim:
        message = tr("stack: axis {axis} does not exist: the result has {axes}", axis=axis, axes=axes_text(ndim + 1))
        raise ShapeError(message)
    return axis % (ndim + 1)


class Pick(Rearrange):
    """The elements at an index of whole numbers and slices, y = x[key]; the others get the gradient 0.

    x: any shape → y: as numpy's basic indexing. Raises ShapeError for a number out of range or too many of them;
    a slice that reaches too far ends where x ends.

    >>> from graphlab.ops import Context
    >>> Pick.forward(Context(), np.array([1.0, 2.0, 3.0]), key="1:")[0]
    array([2., 3.])
    """

    name = "index"
    attrs = {"key": Attr(kind="key", help="what stands in the brackets, such as 1:3, :")}
    local = {"x": "place(upstream, x, key=key)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        (x,), text = shapes, attrs["key"]
        key = _key(text)
        if len(key) > len(x):
            message = tr("[{key}] has {n} {indices} but x, shape {x}, has {axes}", key=text, n=len(key), x=x,
                         indices=tr("index") if len(key) == 1 else tr("indices"), axes=axes_text(len(x)))  # fmt: skip
            raise ShapeError(message)
        out = []
        for axis, (k, size) in enumerate(zip(key, x, strict=False)):
            if isinstance(k, slice):
                if k.step == 0:
                    raise ShapeError(tr("[{key}]: a slice's step cannot be 0", key=text))
                out.append(len(range(*k.indices(size))))
            elif not -size <= k < size:
                message = tr(
                    "[{key}]: {k} is out of range: axis {axis} of x has size {n}", key=text, k=k, axis=axis, n=size
                )
                raise ShapeError(message)
        return (*out, *x[len(key) :])

    @staticmethod
    def formula(shapes: Sequence[Shape], key: str) -> str:
        return f"x[{key}]"

    @staticmethod
    def forward(ctx: Context, x: Array, key: str) -> tuple[Array, Kept]:
        return x[_key(key)], ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, key: str) -> Cotangents:
        out = np.zeros(np.shape(primals[0]), dtype=g.dtype)
        out[_key(key)] = g
        return (out,)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3, 2)),), {"key": "1:3, -1"}


@lru_cache(maxsize=1024)
def _key(text: str) -> tuple[int | slice, ...]:
    tree = parse(f"x[{text}]")
    if not (isinstance(tree, Index) and isinstance(tree.base, Name)):
        raise ModelError(tr("[{key}] is no index; write whole numbers and slices, such as [1:3, 0]", key=text))
    return numpy_key(tree.key)
