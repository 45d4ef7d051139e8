"""Matrix products: affine, matmul and embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError, ModelError, ShapeError
from graphlab.messages import tr
from graphlab.ops.base import Array, Attr, Context, Op, Parameter, Shape, unbroadcast
from graphlab.ops.sums import total


class Affine(Op):
    """A fully connected layer, y = x W + b.

    x: (…, D), W: (D, M), b: (M,) → y: (…, M). Given units=M instead of W and b, it makes them: W by `init`, b zeros.

    >>> from graphlab.ops import Context
    >>> Affine.forward(Context(), np.ones((1, 2)), np.ones((2, 3)), np.zeros(3))[0]
    array([[2., 2., 2.]])
    """

    name = "affine"
    family = "linear"
    slots = ("x", "W", "b")
    axes = "x: … D, W: D M, b: M -> … M"
    layer_attrs = {
        "units": Attr(kind="integer", help="number of outputs M"),
        "init": Attr("he", kind="word", help="initialiser of W"),
    }
    formula = "x @ W + b"
    local = {
        "x": "upstream @ transpose(W)",
        "W": "transpose(rows(x)) @ rows(upstream)",
        "b": "sum_to(upstream, b)",
    }

    @staticmethod
    def parameters(shapes: dict[str, Shape], units: int = 0, init: str = "he", **attrs: Any) -> dict[str, Parameter]:
        return {"W": Parameter((shapes["x"][-1], units), init), "b": Parameter((units,), "zeros")}

    @staticmethod
    def macs(shapes: Sequence[Shape], out: Shape) -> int:
        return math.prod(out) * shapes[1][0]

    @staticmethod
    def forward(ctx: Context, x: Array, W: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        y = x @ W
        y += b
        return y, ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        x, W, _ = primals
        gx = g @ W.T if ctx.needs is None or ctx.needs[0] else None
        if x.ndim == 2:
            return gx, x.T @ g, total(g, 0)
        rows = _rows(g)
        return gx, _rows(x).T @ rows, total(rows, 0)

    @staticmethod
    def expand(build: Any, x: Any, W: Any, b: Any) -> Any:
        return build("add", build("matmul", x, W, name="xW"), b, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)), {}


class MatMul(Op):
    """The matrix product, y = a b, as np.matmul has it.

    a: (…, N, D), b: (…, D, M) → y: (…, N, M); the axes … broadcast. A vector a: (D,) is a row and a vector b: (D,) a
    column, whose axis y does not have. Raises ShapeError where D differs or an operand has no axes.

    >>> from graphlab.ops import Context
    >>> MatMul.forward(Context(), np.ones((2, 3)), np.arange(3.0))[0]
    array([3., 3.])
    """

    name = "matmul"
    family = "linear"
    slots = ("a", "b")
    formula = "a @ b"

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        a, b = shapes
        for slot, other in (("a", "b"), ("b", "a")):
            if {"a": a, "b": b}[slot] == ():
                message = tr(
                    "matmul: {slot} is a single number; for its product with {other} write *", slot=slot, other=other
                )
                raise ShapeError(message)
        rest_a, rest_b = a[:-2], b[:-2]
        depth = max(len(rest_a), len(rest_b))
        letters = ["B"] if depth == 1 else [f"B{i + 1}" for i in range(depth)]
        if a[-1] != b[-2:][0]:
            _refuse(a, b, letters, tr("D must agree"))
        rest = []
        for i, letter in zip(range(-depth, 0), letters, strict=True):
            m, n = (s[i] if -i <= len(s) else 1 for s in (rest_a, rest_b))
            if m != n and 1 not in (m, n):
                _refuse(a, b, letters, tr("{axis} must agree, or be 1", axis=letter))
            rest.append(n if m == 1 else m)
        return (*rest, *a[-2:-1], *b[-1:] * (len(b) > 1))

    @staticmethod
    def local(shapes: Sequence[Shape]) -> dict[str, str]:
        a, b = shapes
        if len(a) == 1 and len(b) == 1:
            return {"a": "upstream * b", "b": "upstream * a"}
        if len(a) == 1:
            matrix = "upstream @ transpose(b)"
            batch = "sum_to(row(upstream) @ transpose(b), a)"
            return {"a": matrix if len(b) == 2 else batch, "b": "column(a) @ row(upstream)"}
        if len(b) == 1:
            return {
                "a": "column(upstream) @ row(b)",
                "b": "upstream @ a" if len(a) == 2 else "sum_to(row(upstream) @ a, b)",
            }
        if len(b) == 2:
            product = "transpose(a) @ upstream" if len(a) == 2 else "transpose(rows(a)) @ rows(upstream)"
            return {"a": "upstream @ transpose(b)", "b": product}
        to_a, to_b = "upstream @ transpose(b)", "transpose(a) @ upstream"
        rest = MatMul.shape(a, b)[:-2]
        return {
            "a": to_a if a[:-2] == rest else f"sum_to({to_a}, a)",
            "b": to_b if b[:-2] == rest else f"sum_to({to_b}, b)",
        }

    @staticmethod
    def macs(shapes: Sequence[Shape], out: Shape) -> int:
        return math.prod(out) * shapes[0][-1]

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        return a @ b, ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        a, b = primals
        needs_a, needs_b = ctx.needs or (True, True)
        ga = gb = None
        if a.ndim == 1 or b.ndim == 1:  # a row, a column: with their axes written out all are matrices
            row, column = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
            g = np.expand_dims(g, (-2,) * (a.ndim == 1) + (-1,) * (b.ndim == 1))
        else:
            row, column = a, b
        if needs_a:
            ga = unbroadcast(g @ column.swapaxes(-1, -2), row.shape).reshape(a.shape)
        if needs_b and column.ndim == 2:
            gb = (_rows(row).T @ _rows(g)).reshape(b.shape)
        elif needs_b:
            gb = unbroadcast(row.swapaxes(-1, -2) @ g, column.shape)
        return ga, gb

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), rng.normal(size=(3, 2))), {}


def _rows(x: Array) -> Array:
    """All axes but the last folded into one; -1 for it would fail where the last is empty."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _refuse(a: Shape, b: Shape, letters: Sequence[str], reason: str) -> None:
    def text(shape: Shape, tail: Sequence[str]) -> str:
        named = [*letters, *tail][-len(shape) :]
        return "(" + ", ".join(f"{name}={size}" for name, size in zip(named, shape, strict=True)) + ")"

    shown_a = text(a, ("D",) if len(a) == 1 else ("N", "D"))
    shown_b = text(b, ("D",) if len(b) == 1 else ("D", "M"))
    raise ShapeError(tr("a is {a} but b is {b}; {reason}", a=shown_a, b=shown_b, reason=reason))


class Embedding(Op):
    """Rows looked up in a table, y[n] = W[index[n]].

    index: (…) whole numbers from 0 to V−1, W: (V, D) → y: (…, D). Given vocab=V and units=D it makes W itself.
    An index that occurs twice collects both gradients. The row padding_idx has the gradient 0, and is 0 at first where
    the layer makes W, as in PyTorch. Raises DataError for an index that is out of range or not whole.

    >>> from graphlab.ops import Context
    >>> Embedding.forward(Context(), np.array([2, 0]), np.array([[1.0], [2.0], [3.0]]), padding_idx=None)[0]
    array([[3.],
           [1.]])
    """

    name = "embedding"
    family = "linear"
    slots = ("index", "W")
    as_is = ("index",)
    nograd = ("index",)
    axes = "index: …, W: V D -> … D"
    attrs = {
        "padding_idx": Attr(None, kind="integer", help="the row of W that is not learned; none: no row", optional=True)
    }
    layer_attrs = {
        "vocab": Attr(kind="integer", help="number of rows V"),
        "units": Attr(kind="integer", help="length of a row D"),
        "init": Attr("normal", kind="word", help="initialiser of W"),
    }
    formula = "one_hot(index, transpose(W)) @ W"

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        check_padding(attrs["padding_idx"], shapes[1][0] if shapes[1] else 0)
        return super().shape(*shapes, **attrs)

    @staticmethod
    def local(shapes: Sequence[Shape], padding_idx: int | None) -> dict[str, str]:
        if padding_idx is None:
            return {"W": "scatter_add(index, upstream, W)"}
        row = "padding_idx" if padding_idx >= 0 else str(padding_idx % shapes[1][0])
        return {"W": f"scatter_add(index, where(column(index == {row}), 0, upstream), W)"}

    @staticmethod
    def parameters(
        shapes: dict[str, Shape], vocab: int = 0, units: int = 0, init: str = "normal", padding_idx: int | None = None,
        **attrs: Any,
    ) -> dict[str, Parameter]:  # fmt: skip
        check_padding(padding_idx, vocab)
        return {"W": Parameter((vocab, units), init, options={} if padding_idx is None else {"zero_row": padding_idx})}

    @staticmethod
    def forward(ctx: Context, index: Array, W: Array, padding_idx: int | None) -> tuple[Array, tuple[Any, ...]]:
        _check_index(np.asarray(index), len(W))
        return W[index], ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        padding_idx: int | None,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        index, W = primals
        out = np.zeros_like(W)
        np.add.at(out, index, g)
        if padding_idx is not None:
            out[padding_idx] = 0
        return None, out

    @staticmethod
    def held(moved: Array, recorded: Array, padding_idx: int | None) -> Array:
        """W with its padding row as it was: the value depends on that row, the gradient leaves it out."""
        if padding_idx is None:
            return moved
        out = np.array(moved)
        out[padding_idx] = recorded[padding_idx]
        return out

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (np.array([3, 0, 3, 1]), rng.normal(size=(5, 2))), {"padding_idx": None}


def check_padding(padding_idx: int | None, rows: int) -> None:
    """Raises ModelError where there is no such row."""
    if padding_idx is not None and not -rows <= padding_idx < rows:
        message = tr(
            "embedding: padding_idx is {padding}, but W has rows 0 to {last}; name one of them",
            padding=padding_idx, last=rows - 1,
        )  # fmt: skip
        raise ModelError(message)


def _check_index(index: Array, size: int) -> None:
    if index.dtype.kind not in "iu":
        message = tr(
            "embedding: index holds {dtype}, not whole numbers; give that input dtype: int64", dtype=index.dtype
        )
        raise DataError(message)
    bad = (index < 0) | (index >= size)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        value = int(index[place])
        remedy = (
            tr("correct the data or give W {n} rows", n=int(index.max()) + 1) if value >= 0 else tr("rows count from 0")
        )
        message = tr(
            "embedding: index{place} is {value}, but W has rows 0 to {last}; {remedy}",
            place=list(place) or "", value=value, last=size - 1, remedy=remedy,
        )  # fmt: skip
        raise DataError(message)
