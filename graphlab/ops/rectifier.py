"""Activations that are straight on one side of 0: relu and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.ops.activation import Activation
from graphlab.ops.base import Array, Attr, Context

# Klambauer et al. 2017: the fixed point at mean 0 and variance 1
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


class Rectifier(Activation):
    """An activation with a kink at 0."""

    kinks = True

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.choice([-1.0, 1.0], size=(3, 4)) * rng.uniform(0.2, 2.0, size=(3, 4)),), {}


class Relu(Rectifier):
    """The rectified linear unit, y = max(x, 0); its derivative at 0 is 0.

    x: any shape → y: the same shape. NaN stays NaN, and its gradient passes, as in PyTorch.

    >>> from graphlab.ops import Context
    >>> Relu.forward(Context(), np.array([-2.0, 3.0]))[0].tolist()
    [0.0, 3.0]
    """

    name = "relu"
    formula = "maximum(x, 0)"
    local = {"x": "upstream * (x > 0)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return np.maximum(x, 0), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        if x.ndim == 0:
            return (g.dtype.type(0) if x <= 0 else g,)
        return (np.where(x <= 0, 0.0, g),)  # not g × (x > 0): an infinite g stops here too


class Relu6(Activation):
    """ReLU that stops at 6, y = min(max(x, 0), 6); its derivative is 0 at both kinks (Krizhevsky 2010).

    x: any shape → y: the same shape. NaN stays NaN, and its gradient passes, as in PyTorch.

    >>> from graphlab.ops import Context
    >>> Relu6.forward(Context(), np.array([-2.0, 3.0, 8.0]))[0].tolist()
    [0.0, 3.0, 6.0]
    """

    name = "relu6"
    kinks = True
    formula = "minimum(maximum(x, 0), 6)"
    local = {"x": "upstream * (0 < x) * (x < 6)"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return np.minimum(np.maximum(x, 0), 6), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        return (np.where((x <= 0) | (x >= 6), 0, g),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        low = build("relu", x, name="low")
        high = build("relu", build("sub", 6, low, name="rest"), name="high")  # unlike clip, flat at the bound itself
        return build("sub", 6, high, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.permutation(np.linspace(-1.6, 7.6, 12)).reshape(3, 4),), {}


class LeakyRelu(Rectifier):
    """Leaky ReLU, y = x for x > 0, else slope · x; its derivative at 0 is the slope.

    x: any shape → y: the same shape. slope 0.01 is PyTorch's default (Keras 3's is 0.3). NaN stays NaN; its gradient is
    multiplied by the slope, as in PyTorch.

    >>> from graphlab.ops import Context
    >>> LeakyRelu.forward(Context(), np.array([-2.0, 3.0]), slope=0.5)[0].tolist()
    [-1.0, 3.0]
    """

    name = "leaky_relu"
    attrs = {"slope": Attr(0.01, help="of the left side")}
    formula = "where(x > 0, x, slope * x)"
    local = {"x": "upstream * where(x > 0, 1, slope)"}

    @staticmethod
    def forward(ctx: Context, x: Array, slope: float) -> tuple[Array, tuple[Any, ...]]:
        return np.where(x > 0, x, slope * x), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], slope: float
    ) -> tuple[Array | None, ...]:
        return (np.where(primals[0] > 0, g, slope * g),)


class Elu(Rectifier):
    """The exponential linear unit, y = x for x > 0, else alpha (e^x − 1) (Clevert et al. 2015).

    x: any shape → y: the same shape. Its derivative at 0 is alpha.

    >>> from graphlab.ops import Context
    >>> Elu.forward(Context(), np.array([-1000.0, 1000.0]), alpha=1.0)[0].tolist()
    [-1.0, 1000.0]
    """

    name = "elu"
    attrs = {"alpha": Attr(1.0, help="minus the limit on the left")}
    formula = "where(x > 0, x, alpha * (exp(x) - 1))"
    local = {"x": "upstream * where(x > 0, 1, y + alpha)"}

    @staticmethod
    def forward(ctx: Context, x: Array, alpha: float) -> tuple[Array, tuple[Any, ...]]:
        return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], alpha: float
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        return (np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0))),)


class Selu(Rectifier):
    """The scaled exponential linear unit: elu with alpha 1.67326…, times 1.05070… (Klambauer et al. 2017).

    x: any shape → y: the same shape. At 0 it takes the left side's derivative, 1.75810….

    >>> from graphlab.ops import Context
    >>> float(Selu.forward(Context(), np.array(1.0))[0])
    1.0507009873554805
    """

    name = "selu"
    formula = f"{SELU_SCALE!r} * where(x > 0, x, {SELU_ALPHA!r} * (exp(x) - 1))"
    local = {"x": f"upstream * where(x > 0, {SELU_SCALE!r}, y + {SELU_SCALE * SELU_ALPHA!r})"}

    @staticmethod
    def forward(ctx: Context, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...]
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        return (SELU_SCALE * np.where(x > 0, g, g * SELU_ALPHA * np.exp(np.minimum(x, 0))),)

    @staticmethod
    def expand(build: Any, x: Any) -> Any:
        return build("mul", build("elu", x, alpha=SELU_ALPHA, name="elu"), SELU_SCALE, name="out")
