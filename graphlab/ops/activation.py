"""Smooth activations, element by element, and the hard sigmoid that stands in for one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.ops.base import Array, Attr, Context, Elementwise, Shape
from graphlab.ops.elementary import Erf


class Activation(Elementwise):
    """A function of one input, element by element."""

    family = "activation"

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(3, 4)),), {}


def logistic(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow."""
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, z) / (1.0 + z)


class Sigmoid(Activation):
    """The logistic function, y = 1 / (1 + e^-x), computed without overflow.

    x: any shape → y: the same shape. Its steps first bound x from below, where e^-x would overflow and the backward
    pass meet 0 × ∞; y is 0 there within 1e-307 (1e-38 in float32).

    >>> from graphlab.ops import Context
    >>> float(Sigmoid.forward(Context(), np.array(0.0))[0])
    0.5
    """

    name = "sigmoid"
    formula = "1 / (1 + exp(-x))"
    local = {"x": "upstream * y * (1 - y)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return logistic(x), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        return (g * value * (1.0 - value),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        bounded = build("clip", x, min=-709 if build.dtype(x) == "float64" else -88, name="bounded")
        e = build("exp", build("neg", bounded, name="neg"), name="exp")
        return build("reciprocal", build("add", e, 1, name="sum"), name="out")


class Tanh(Activation):
    """The hyperbolic tangent, y = (e^x − e^-x) / (e^x + e^-x).

    x: any shape → y: the same shape. Its steps are 2 σ(2x) − 1, with σ the logistic function.

    >>> from graphlab.ops import Context
    >>> Tanh.forward(Context(), np.array([-1000.0, 0.0, 1000.0]))[0].tolist()
    [-1.0, 0.0, 1.0]
    """

    name = "tanh"
    formula = "(exp(x) - exp(-x)) / (exp(x) + exp(-x))"
    local = {"x": "upstream * (1 - y**2)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return np.tanh(x), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        return (g * (1.0 - value * value),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        sigmoid = build("sigmoid", build("mul", x, 2, name="double"), name="sigmoid")
        return build("sub", build("mul", sigmoid, 2, name="stretched"), 1, name="out")


class Silu(Activation):
    """SiLU, also called swish: y = x σ(x), with σ the logistic function.

    x: any shape → y: the same shape. Unfolded down to the steps of σ, y far to the left is 0 within |x| · 1e-307 (1e-38
    in float32).

    >>> from graphlab.ops import Context
    >>> float(Silu.forward(Context(), np.array(0.0))[0])
    0.0
    """

    name = "silu"
    residuals = ("sigma",)
    formula = "x / (1 + exp(-x))"
    local = {"x": "upstream * (sigma + y * (1 - sigma))"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        sigma = logistic(x)
        return x * sigma, (sigma,)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        (sigma,) = residuals
        return (g * (sigma + value * (1.0 - sigma)),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        return build("mul", x, build("sigmoid", x, name="sigmoid"), name="out")


class Softplus(Activation):
    """Softplus, y = log(1 + e^x), computed as max(x, 0) + log(1 + e^-|x|), which never overflows.

    x: any shape → y: the same shape.

    >>> from graphlab.ops import Context
    >>> Softplus.forward(Context(), np.array([-1000.0, 1000.0]))[0].tolist()
    [0.0, 1000.0]
    """

    name = "softplus"
    formula = "log(1 + exp(x))"
    local = {"x": "upstream * (1 / (1 + exp(-x)))"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        return (g * logistic(primals[0]),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        decay = build("exp", build("neg", build("abs", x, name="abs"), name="neg"), name="exp")
        rest = build("log", build("add", decay, 1, name="sum"), name="log")
        return build("add", build("maximum", x, 0, name="larger"), rest, name="out")


class Gelu(Activation):
    """GELU, y = x Φ(x) with Φ the normal distribution function (Hendrycks and Gimpel 2016).

    x: any shape → y: the same shape. approximate=none is exact, by erf; approximate=tanh is
    y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). PyTorch's names and default.

    >>> from graphlab.ops import Context
    >>> float(Gelu.forward(Context(), np.array(1.0), approximate=None)[0].round(6))
    0.841345
    """

    name = "gelu"
    attrs = {
        "approximate": Attr(None, kind="word", choices=("none", "tanh"), optional=True, help="none (exact) or tanh")
    }
    residuals = ("u",)  # erf(x/√2), or the tanh

    @staticmethod
    def formula(shapes: Sequence[Shape], approximate: str | None) -> str:
        if approximate == "tanh":
            return "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))"
        return "x / 2 * (1 + erf(x / sqrt(2)))"

    @staticmethod
    def local(shapes: Sequence[Shape], approximate: str | None) -> dict[str, str]:
        if approximate == "tanh":
            inner = "sqrt(2 / pi) * (1 + 0.134145 * x**2)"
            return {"x": f"upstream * ((1 + u) / 2 + x / 2 * (1 - u**2) * {inner})"}
        return {"x": "upstream * ((1 + u) / 2 + x * exp(-x**2 / 2) / sqrt(2 * pi))"}

    @staticmethod
    def forward(ctx: Context, x: Array, approximate: str | None) -> tuple[Array, tuple[Any, ...]]:
        if approximate == "tanh":
            u = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
        else:
            u, _ = Erf.forward(ctx, x * math.sqrt(0.5))
        return 0.5 * x * (1.0 + u), (u,)

    @staticmethod
    def vjp(
        ctx: Context,
        g: Array,
        primals: Sequence[Array],
        value: Array,
        residuals: tuple[Any, ...],
        approximate: str | None,
    ) -> tuple[Array | None, ...]:
        x, (u,) = primals[0], residuals
        if approximate == "tanh":
            near = np.clip(x, -10, 10)  # beyond, 1 − u² is 0 and x² may be ∞
            slope = 0.5 * near * (1.0 - u * u) * math.sqrt(2 / math.pi) * (1.0 + 3 * 0.044715 * near * near)
        else:
            slope = x * np.exp(-0.5 * x * x) * math.sqrt(0.5 / math.pi)
        return (g * (0.5 * (1.0 + u) + slope),)

    @staticmethod
    def expand(build: Any, x: Any, approximate: str | None) -> Any:
        if approximate == "tanh":
            near = build("clip", x, min=-10, max=10, name="near")  # the tanh is ±1 there; x³ may be ∞ beyond
            cubic = build("mul", build("pow", near, 3, name="cube"), 0.044715, name="cubic")
            inner = build("mul", build("add", near, cubic, name="sum"), math.sqrt(2 / math.pi), name="inner")
            u = build("tanh", inner, name="u")
        else:
            u = build("erf", build("mul", x, math.sqrt(0.5), name="inner"), name="u")
        half = build("mul", x, 0.5, name="half")
        return build("mul", half, build("add", u, 1, name="u1"), name="out")


class HardSigmoid(Activation):
    """The hard sigmoid, y = relu6(x + 3) / 6, three straight lines; slope 0 at both kinks.

    x: any shape → y: the same shape. PyTorch's and Keras 3's definition; Keras 2 had clip(0.2 x + 0.5, 0, 1).

    >>> from graphlab.ops import Context
    >>> HardSigmoid.forward(Context(), np.array([-5.0, 0.0, 5.0]))[0].tolist()
    [0.0, 0.5, 1.0]
    """

    name = "hard_sigmoid"
    kinks = True
    formula = "minimum(maximum(x + 3, 0), 6) / 6"
    local = {"x": "upstream * ((-3 < x) * (x < 3) / 6)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return np.minimum(np.maximum(x + 3.0, 0), 6) / 6.0, ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        return (np.where(np.abs(primals[0]) < 3, g / 6.0, 0),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        return build("div", build("relu6", build("add", x, 3, name="shifted"), name="relu6"), 6, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.permutation(np.linspace(-4.6, 4.6, 12)).reshape(3, 4),), {}


class HardSwish(Activation):
    """The hard swish, y = x relu6(x + 3) / 6: swish with straight lines for σ (Howard et al. 2019, MobileNetV3).

    x: any shape → y: the same shape. Its derivative is 0 at the kink −3 and 1 at the kink 3, as in PyTorch. Keras and
    JAX call it hard_silu.

    >>> from graphlab.ops import Context
    >>> HardSwish.forward(Context(), np.array([-5.0, 3.0, 6.0]))[0].tolist()
    [-0.0, 3.0, 6.0]
    """

    name = "hardswish"
    kinks = True
    formula = "x * minimum(maximum(x + 3, 0), 6) / 6"
    local = {"x": "upstream * where(x <= -3, 0, where(x < 3, x / 3 + 1 / 2, 1))"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x * np.minimum(np.maximum(x + 3.0, 0), 6) / 6.0, ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        return (np.where(x <= -3, 0, np.where(x < 3, g * (x / 3.0 + 0.5), g)),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        return build("mul", x, build("hard_sigmoid", x, name="gate"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return HardSigmoid.example(rng)
