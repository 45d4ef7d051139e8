"""Comparisons, and the ops that choose: element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError, ModelError
from graphlab.messages import tr
from graphlab.ops.arithmetic import Binary, Cotangents, Example, Kept, Primals, Unary
from graphlab.ops.base import Array, Attr, Context, Elementwise, Shape


class Abs(Unary):
    """The absolute value, y = |x|; its derivative at 0 is taken as 0, as PyTorch and TensorFlow do.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Abs.forward(Context(), np.array([1.0, -2.0]))[0]
    array([1., 2.])
    """

    name = "abs"
    result = "number"
    kinks = True
    formula = "abs(x)"
    local = {"x": "upstream * sign(x)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.abs(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * np.sign(primals[0]),)


class Sign(Unary):
    """The sign, −1, 0 or 1; its derivative is 0, at the jump too.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Sign.forward(Context(), np.array([3.0, 0.0, -2.0]))[0]
    array([ 1.,  0., -1.])
    """

    name = "sign"
    result = "number"
    kinks = True
    formula = "sign(x)"
    local = {"x": "upstream * 0"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.sign(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (np.zeros_like(g),)


def _larger(g: Array, a: Array, b: Array) -> Array:
    """0 where a < b, half of g where they tie, g elsewhere: also where one of them is NaN, which y then is."""
    return np.where(a < b, 0, np.where(a == b, 0.5 * g, g))


class Maximum(Binary):
    """The larger of two, element by element; where they tie each has half the gradient, as in PyTorch and JAX.

    a, b: shapes that broadcast → y: their broadcast shape. Where one is NaN y is NaN, and both get the whole gradient,
    as in PyTorch.

    >>> from graphlab.ops import Context
    >>> Maximum.forward(Context(), np.array([1.0, 5.0]), 3)[0]
    array([3., 5.])
    """

    name = "maximum"
    kinks = True
    formula = "maximum(a, b)"
    local = {"a": "upstream * (1 - (a < b) - (a == b) / 2)", "b": "upstream * (1 - (b < a) - (a == b) / 2)"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.maximum(a, b), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        a, b = primals
        return _larger(g, a, b), _larger(g, b, a)


class Minimum(Binary):
    """The smaller of two, element by element; where they tie each has half the gradient, as in PyTorch and JAX.

    a, b: shapes that broadcast → y: their broadcast shape. Where one is NaN y is NaN, and both get the whole gradient,
    as in PyTorch.

    >>> from graphlab.ops import Context
    >>> Minimum.forward(Context(), np.array([1.0, 5.0]), 3)[0]
    array([1., 3.])
    """

    name = "minimum"
    kinks = True
    formula = "minimum(a, b)"
    local = {"a": "upstream * (1 - (a > b) - (a == b) / 2)", "b": "upstream * (1 - (b > a) - (a == b) / 2)"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.minimum(a, b), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        a, b = primals
        return _larger(g, b, a), _larger(g, a, b)


class Clip(Unary):
    """x kept between two bounds, y = min(max(x, min), max); at a bound the derivative is 1, as torch.clamp's.

    x: any shape → y: the same shape. Raises ModelError where both bounds are none, DataError for a
    bound that x's whole numbers cannot reach.

    >>> from graphlab.ops import Context
    >>> Clip.forward(Context(), np.array([-2.0, 0.5, 2.0]), min=0, max=None)[0]
    array([0. , 0.5, 2. ])
    """

    name = "clip"
    result = "number"
    kinks = True
    attrs = {
        "min": Attr(None, help="lower bound, or none", optional=True),
        "max": Attr(None, help="upper bound, or none", optional=True),
    }

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        if attrs["min"] is None and attrs["max"] is None:
            raise ModelError(tr("clip has no bound; give it min=, max= or both"))
        return shapes[0]

    @staticmethod
    def formula(shapes: Sequence[Shape], min: float | None, max: float | None) -> str:
        low = "x" if min is None else "maximum(x, min)"
        return low if max is None else f"minimum({low}, max)"

    @staticmethod
    def local(shapes: Sequence[Shape], min: float | None, max: float | None) -> dict[str, str]:
        inside = [text for text, bound in (("(x >= min)", min), ("(x <= max)", max)) if bound is not None]
        return {"x": " * ".join(["upstream", *inside])}

    @staticmethod
    def forward(ctx: Context, x: Array, min: float | None, max: float | None) -> tuple[Array, Kept]:
        try:
            return np.clip(x, min, max), ()
        except OverflowError:  # numpy's, for integers only
            message = tr("clip: a bound does not fit into {dtype}; give x dtype: int64", dtype=x.dtype)
            raise DataError(message) from None

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept, min: float | None, max: float | None
    ) -> Cotangents:
        x = primals[0]
        inside = (True if min is None else x >= min) & (True if max is None else x <= max)
        return (np.where(inside, g, 0),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        # a third below, a third between and a third above the bounds
        return (rng.uniform(0.1, 0.4, size=(4, 3)) + np.array([-1.0, 0.0, 1.0]),), {"min": -0.5, "max": 0.5}


class Where(Elementwise):
    """A choice, y = a where cond holds and b elsewhere; cond has no gradient.

    cond, a, b: shapes that broadcast → y: their broadcast shape. A number as cond holds if it is not 0.

    >>> from graphlab.ops import Context
    >>> Where.forward(Context(), np.array([True, False]), np.array([1.0, 2.0]), 0)[0]
    array([1., 0.])
    """

    name = "where"
    family = "arithmetic"
    slots = ("cond", "a", "b")
    result = "number"
    as_is = ("cond",)
    nograd = ("cond",)
    formula = "where(cond, a, b)"
    local = {"a": "upstream * where(cond, 1, 0)", "b": "upstream * where(cond, 0, 1)"}

    @staticmethod
    def forward(ctx: Context, cond: Array, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.where(cond, a, b), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        cond = primals[0]
        return None, np.where(cond, g, 0), np.where(cond, 0, g)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        cond = np.array([[True], [False], [True], [False]])
        return (cond, rng.normal(size=(4, 3)), rng.normal(size=3)), {}


class StopGradient(Unary):
    """The identity forwards, y = x, and a wall backwards: x gets no gradient from here.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> StopGradient.forward(Context(), np.array([1.0, 2.0]))[0]
    array([1., 2.])
    """

    name = "stop_gradient"
    result = "same"
    nograd = ("x",)
    formula = "x"

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return x, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (None,)


class Comparison(Binary):
    """Whether a relation holds: true or false, without a derivative."""

    result = "bool"
    nograd = ("a", "b")

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return None, None

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 0.0], [2.0, 0.0, 1.0]]), np.array([1.0, 1.0, 2.0])), {}


class Greater(Comparison):
    """Whether a > b; NaN compares false.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> Greater.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [False, False, True]
    """

    name = "greater"
    formula = "a > b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.greater(a, b), ()


class GreaterEqual(Comparison):
    """Whether a ≥ b; NaN compares false.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> GreaterEqual.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [False, True, True]
    """

    name = "greater_equal"
    formula = "a >= b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.greater_equal(a, b), ()


class Less(Comparison):
    """Whether a < b; NaN compares false.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> Less.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [True, False, False]
    """

    name = "less"
    formula = "a < b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.less(a, b), ()


class LessEqual(Comparison):
    """Whether a ≤ b; NaN compares false.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> LessEqual.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [True, True, False]
    """

    name = "less_equal"
    formula = "a <= b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.less_equal(a, b), ()


class Equal(Comparison):
    """Whether a = b exactly; NaN equals nothing, itself included.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> Equal.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [False, True, False]
    """

    name = "equal"
    formula = "a == b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.equal(a, b), ()


class NotEqual(Comparison):
    """Whether a ≠ b; true for NaN, itself included.

    a, b: shapes that broadcast → y: their broadcast shape, of booleans.

    >>> from graphlab.ops import Context
    >>> NotEqual.forward(Context(), np.array([1.0, 2.0, 3.0]), 2)[0].tolist()
    [True, False, True]
    """

    name = "not_equal"
    formula = "a != b"

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return np.not_equal(a, b), ()
