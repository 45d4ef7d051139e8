"""The elementary functions and erf, element by element."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from graphlab.ops.arithmetic import Cotangents, Example, Kept, Primals, Unary
from graphlab.ops.base import Array, Attr, Context, Shape

_ERF = np.frompyfunc(math.erf, 1, 1)


class Exp(Unary):
    """The exponential function, y = e^x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Exp.forward(Context(), np.array(0.0))[0])
    1.0
    """

    name = "exp"
    formula = "exp(x)"
    local = {"x": "upstream * y"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.exp(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * value,)


class Log(Unary):
    """The natural logarithm, y = ln x: −∞ at 0, NaN below.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Log.forward(Context(), np.array(1.0))[0])
    0.0
    """

    name = "log"
    formula = "log(x)"
    local = {"x": "upstream * 1 / x"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.log(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g / primals[0],)


class Sqrt(Unary):
    """The square root, y = √(x + eps); its derivative at 0 is ∞ unless eps > 0.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Sqrt.forward(Context(), np.array([4.0, 9.0]), eps=0)[0]
    array([2., 3.])
    """

    name = "sqrt"
    attrs = {"eps": Attr(0, help="added under the root")}
    local = {"x": "upstream * 1 / (2 * y)"}

    @staticmethod
    def formula(shapes: Sequence[Shape], eps: float) -> str:
        return "sqrt(x + eps)" if eps else "sqrt(x)"

    @staticmethod
    def forward(ctx: Context, x: Array, eps: float) -> tuple[Array, Kept]:
        return np.sqrt(x + eps if eps else x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept, eps: float) -> Cotangents:
        return (g / (2.0 * value),)

    @staticmethod
    def example(rng: np.random.Generator) -> Example:
        return (rng.uniform(0.5, 2.0, size=(4, 3)),), {"eps": 0}


class Sin(Unary):
    """The sine of x in radians, y = sin x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Sin.forward(Context(), np.array(0.0))[0])
    0.0
    """

    name = "sin"
    formula = "sin(x)"
    local = {"x": "upstream * cos(x)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.sin(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * np.cos(primals[0]),)


class Cos(Unary):
    """The cosine of x in radians, y = cos x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Cos.forward(Context(), np.array(0.0))[0])
    1.0
    """

    name = "cos"
    formula = "cos(x)"
    local = {"x": "upstream * -sin(x)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.cos(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * -np.sin(primals[0]),)


class Tan(Unary):
    """The tangent of x in radians, y = tan x.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Tan.forward(Context(), np.array(0.0))[0])
    0.0
    """

    name = "tan"
    formula = "tan(x)"
    local = {"x": "upstream * (1 + y**2)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.tan(x), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        return (g * (1.0 + value * value),)


class Erf(Unary):
    """The error function, y = 2/√π ∫₀ˣ exp(−t²) dt.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> float(Erf.forward(Context(), np.array(0.0))[0])
    0.0
    """

    name = "erf"
    formula = "erf(x)"
    local = {"x": "upstream * 2 / sqrt(pi) * exp(-x**2)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, Kept]:
        return np.asarray(_ERF(x), dtype=np.result_type(x, 1.0)), ()

    @staticmethod
    def vjp(ctx: Context, g: Array, primals: Primals, value: Array, residuals: Kept) -> Cotangents:
        x = primals[0]
        return (g * (2.0 / math.sqrt(math.pi) * np.exp(-x * x)),)
