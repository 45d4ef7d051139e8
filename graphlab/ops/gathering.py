"""Ops that take the entries an index array names: gather along an axis, and one entry of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError, ShapeError
from graphlab.messages import tr
from graphlab.ops.axes import axes_text
from graphlab.ops.base import Array, Attr, Context, Shape, normalise_axis
from graphlab.ops.shape import Cotangents, Example, Kept, Rearrange


def whole_index(index: Array, size: int, axis: int) -> np.ndarray:
    """An index as numpy takes it, −size … size−1. Raises DataError for the first entry that is none, or is no number of
    that range."""
    given = np.asarray(index)
    wrong = np.argwhere(~((given >= -size) & (given < size) & (given == np.floor(given))))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        values = {"place": f"index{list(at) or ''}", "value": given[at], "size": size, "axis": axis}
        if np.isfinite(given[at]) and given[at] == np.floor(given[at]):
            message = tr(
                "{place} is {value}, but axis {axis} of x has size {size}: indices are 0 … {last}, or "
                "−{size} … −1 from its end; correct it", **{**values, "value": int(given[at]), "last": size - 1},
            )  # fmt: skip
        else:
            message = tr("{place} is {value}, which is no whole number; an index counts along axis {axis}", **values)
        raise DataError(message)
    return given.astype(np.intp)


class Gather(Rearrange):
    """The entries that an index array names along an axis, y[i][j] = x[index[i][j]][j] for axis 0, and so on.

    x: any shape with one axis or more, index: as many axes, whole numbers, and along the other axes no longer than x
    → y: index's shape. PyTorch's gather; where index is as long as x along the other axes it is also NumPy's
    take_along_axis. Negative numbers count from the end (NumPy; PyTorch refuses them). index has no gradient; an entry
    that is named twice collects both gradients.

    Raises ShapeError where the shapes do not fit, DataError for an index out of range or not whole.

    >>> from graphlab.ops import Context
    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> Gather.forward(Context(), x, np.array([[1, 1, 0], [0, 0, 1]]), axis=1)[0].tolist()
    [[2.0, 2.0, 1.0], [3.0, 3.0, 4.0]]
    """

    name = "gather"
    slots = ("x", "index")
    as_is = ("index",)
    nograd = ("index",)
    attrs = {"axis": Attr(kind="integer", help="the axis that index counts along")}
    formula = "gather(x, index, axis=axis)"
    local = {"x": "scatter_along(index, upstream, x, axis=axis)"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        x, index = shapes
        if len(x) != len(index) or not x:
            message = tr(
                "x is {x} but index is {index}; both need the same number of axes, one or more (reshape adds an axis)",
                x=x, index=index,
            )  # fmt: skip
            raise ShapeError(message)
        axis = normalise_axis(attrs["axis"], len(x))
        for other, (size, count) in enumerate(zip(x, index, strict=True)):
            if other != axis and count > size:
                message = tr(
                    "x is {x} but index is {index}; along axis {axis} index may not be longer than x",
                    x=x, index=index, axis=other,
                )  # fmt: skip
                raise ShapeError(message)
        return index

    @staticmethod
    def forward(ctx: Context, x: Array, index: Array, axis: int) -> tuple[Array, Kept]:
        return x[_places(np.shape(x), index, axis)], ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, axis: int) -> Cotangents:
        x, index = primals
        out = np.zeros(np.shape(x), dtype=g.dtype)
        np.add.at(out, _places(np.shape(x), index, axis), g)
        return out, None

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3)), np.array([[2, 0], [1, 1], [0, 2]])), {"axis": 1}


def _places(x: Shape, index: Array, axis: int) -> tuple[np.ndarray, ...]:
    """Where each entry comes from, as numpy indexes with it."""
    axis = normalise_axis(axis, len(x))
    places: list[np.ndarray] = list(np.indices(np.shape(index), sparse=True))
    places[axis] = whole_index(index, x[axis], axis)
    return tuple(places)


class PickRows(Rearrange):
    """One entry of each row, y[i] = x[i, index[i]]; in a model file and in Python x[range(n), index].

    x: (N, C, …), index: (n,) whole numbers, n the number of rows, N unless given → y: (n, …). NumPy's integer indexing:
    negative numbers count from the end. index has no gradient; the entries that are not picked have the gradient 0.

    Raises ShapeError where the shapes do not fit, DataError for an index out of range or not whole.

    >>> from graphlab.ops import Context
    >>> PickRows.forward(Context(), np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 1]), n=None)[0].tolist()
    [0.9, 0.7]
    """

    name = "pick"
    slots = ("x", "index")
    as_is = ("index",)
    nograd = ("index",)
    attrs = {"n": Attr(None, kind="integer", help="the first n rows; none: all", optional=True)}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        x, index = shapes
        if len(x) < 2:
            message = tr(
                "x has {axes}, shape {x}, but needs rows and columns: two axes or more", axes=axes_text(len(x)), x=x
            )
            raise ShapeError(message)
        n = x[0] if attrs["n"] is None else attrs["n"]
        if not 0 <= n <= x[0]:
            message = tr(
                "range({n}) names {n} rows but x, shape {x}, has {rows}; write range({rows})", n=n, x=x, rows=x[0]
            )
            raise ShapeError(message)
        if index != (n,):
            message = tr(
                "index is {index} but must be ({n},), one column for each row; for other shapes there is gather",
                index=index, n=n,
            )  # fmt: skip
            raise ShapeError(message)
        return (n, *x[2:])

    @staticmethod
    def formula(shapes: Sequence[Shape], n: int | None) -> str:
        return f"x[range({shapes[1][0]}), index]"

    @staticmethod
    def local(shapes: Sequence[Shape], n: int | None) -> dict[str, str]:
        return {"x": f"place_picked(upstream, index, x, n={shapes[1][0]})"}

    @staticmethod
    def forward(ctx: Context, x: Array, index: Array, n: int | None) -> tuple[Array, Kept]:
        columns = whole_index(index, x.shape[1], 1)
        return x[np.arange(len(columns)), columns], ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: Kept, n: int | None
    ) -> Cotangents:
        x, index = primals
        out = np.zeros(np.shape(x), dtype=g.dtype)
        out[np.arange(len(index)), np.asarray(index).astype(np.intp)] = g
        return out, None

    @staticmethod
    def expand(build: Any, x: Any, index: Any, n: int | None) -> Any:
        rows, rest = build.shape(index)[0], build.shape(x)[2:]
        column = build("reshape", index, shape=(rows, 1) + (1,) * len(rest), name="column")
        if rest:
            column = build("broadcast_to", column, shape=(rows, 1, *rest), name="columns")
        return build("reshape", build("gather", x, column, axis=1, name="gathered"), shape=(rows, *rest), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.normal(size=(4, 3)), np.array([2, 0, 1, 2])), {"n": None}
