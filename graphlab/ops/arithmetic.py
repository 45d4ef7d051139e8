"""Arithmetic, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError
from graphlab.messages import tr
from graphlab.ops.base import Array, Context, Elementwise

Primals = Sequence[Array]
Kept = tuple[Any, ...]  # what forward keeps for vjp
Cotangents = tuple[Array | None, ...]
Example = tuple[tuple[Array, ...], dict[str, Any]]


class Binary(Elementwise):
    """y = f(a, b)."""

    family = "arithmetic"
    slots = ("a", "b")
    result = "number"

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.uniform(0.5, 2.0, size=(4, 3)), rng.uniform(0.5, 2.0, size=3)), {}


class Unary(Elementwise):
    """y = f(x)."""

    family = "arithmetic"

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.uniform(0.5, 1.4, size=(4, 3)),), {}


class Add(Binary):
    """The sum, y = a + b.

    a, b: shapes that broadcast → y: their broadcast shape.

    >>> from graphlab.ops import Context
    >>> Add.forward(Context(), np.array([1.0, 2.0]), 3)[0]
    array([4., 5.])
    """

    name = "add"
    formula = "a + b"
    local = {"a": "upstream * 1", "b": "upstream * 1"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return a + b, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return g, g


class Sub(Binary):
    """The difference, y = a − b.

    a, b: shapes that broadcast → y: their broadcast shape.

    >>> from graphlab.ops import Context
    >>> Sub.forward(Context(), np.array([1.0, 2.0]), 3)[0]
    array([-2., -1.])
    """

    name = "sub"
    formula = "a - b"
    local = {"a": "upstream * 1", "b": "upstream * -1"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return a - b, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return g, -g


class Mul(Binary):
    """The product, y = a × b, element by element.

    a, b: shapes that broadcast → y: their broadcast shape.

    >>> from graphlab.ops import Context
    >>> Mul.forward(Context(), np.array([1.0, 2.0]), 3)[0]
    array([3., 6.])
    """

    name = "mul"
    formula = "a * b"
    local = {"a": "upstream * b", "b": "upstream * a"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return a * b, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        a, b = primals
        needs = ctx.needs
        if needs is None:
            return g * b, g * a
        return g * b if needs[0] else None, g * a if needs[1] else None


class Div(Binary):
    """The quotient, y = a / b; of whole numbers too it is a float.

    a, b: shapes that broadcast → y: their broadcast shape.

    >>> from graphlab.ops import Context
    >>> Div.forward(Context(), np.array([1.0, 2.0]), 4)[0]
    array([0.25, 0.5 ])
    """

    name = "div"
    result = "float"
    formula = "a / b"
    local = {"a": "upstream * 1 / b", "b": "upstream * -a / b**2"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        return a / b, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        b = primals[1]
        needs_b = ctx.needs is None or ctx.needs[1]
        return g / b, -g * (value / b) if needs_b else None  # not (g / b) × value: where b is tiny that is ∞ × 0


class Neg(Unary):
    """The opposite, y = −x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Neg.forward(Context(), np.array([1.0, -2.0]))[0]
    array([-1.,  2.])
    """

    name = "neg"
    result = "number"
    formula = "-x"
    local = {"x": "upstream * -1"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return -x, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (-g,)


class Pow(Binary):
    """The power, y = a^b, both of them variables.

    a, b: shapes that broadcast → y: their broadcast shape. A negative a has powers with a whole b, 3 or 3.0; with any
    other b it is NaN. As PyTorch: ∂y/∂a = 0 where b = 0; ∂y/∂b = 0 where a = 0 and b ≥ 0, and NaN where a < 0, since
    no b beside a whole one has a power; an exponent that is a number in the model needs none. A plain exponent 0.5 is
    the square root: NaN at −∞. Raises DataError for whole numbers to a negative whole power.

    >>> from graphlab.ops import Context
    >>> Pow.forward(Context(), np.array([2.0, -3.0]), 2)[0]
    array([4., 9.])
    """

    name = "pow"
    formula = "a**b"
    local = {"a": "upstream * b * a**(b - 1)", "b": "upstream * y * log(a)"}

    @staticmethod
    def forward(ctx: Context, a: Array, b: Array) -> tuple[Array, Kept]:
        try:
            return a**b, ()
        except ValueError:  # numpy's, for integers only
            message = tr(
                "pow: a whole number to a negative power is no whole number; write the base as a float, 2.0 say"
            )
            raise DataError(message) from None

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        a, b = primals
        needs_a, needs_b = ctx.needs or (True, True)
        ga = gb = None
        if needs_a:  # where b is 0 the exponent is taken as 0 too: 0 × a⁰, not 0 × a⁻¹
            safe = (b or 1) if np.ndim(b) == 0 else np.where(b == 0, 1, b)
            ga = g * (b * a ** (safe - 1))
        if needs_b:
            log = np.log(np.where((a == 0) & (b >= 0), 1, a))
            gb = g * (value * log.astype(g.dtype))
        return ga, gb


class Square(Unary):
    """The square, y = x².

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Square.forward(Context(), np.array([1.0, -3.0]))[0]
    array([1., 9.])
    """

    name = "square"
    result = "number"
    formula = "x**2"
    local = {"x": "upstream * 2 * x"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return x * x, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * (2.0 * primals[0]),)


class Reciprocal(Unary):
    """The reciprocal, y = 1 / x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Reciprocal.forward(Context(), np.array([2.0, -4.0]))[0]
    array([ 0.5 , -0.25])
    """

    name = "reciprocal"
    formula = "1 / x"
    local = {"x": "upstream * -y**2"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return 1.0 / x, ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * -(value * value),)
