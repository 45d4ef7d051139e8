"""A loss that is square near its target and straight beyond: smooth L1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.messages import tr
from graphlab.ops.base import Array, Attr, Context, Shape
from graphlab.ops.loss import REDUCTION, ElementLoss, per_element, reduced, share


class SmoothL1(ElementLoss):
    """Smooth L1: with d = x − t, d²/(2 beta) where |d| < beta and |d| − beta/2 beyond; mean or sum (Girshick 2015).

    x, t: the same shape → y: (). PyTorch's SmoothL1Loss: huber with delta = beta, divided by beta; beta 0 is mae.
    Raises ModelError unless beta ≥ 0.

    >>> from graphlab.ops import Context
    >>> float(SmoothL1.forward(Context(), np.array([1.0, 3.0]), np.zeros(2), beta=2.0, reduction="sum")[0])
    2.25
    """

    name = "smooth_l1"
    attrs = {"beta": Attr(1.0, help="where the square becomes a straight line"), "reduction": REDUCTION}
    kinks = True

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        if not attrs["beta"] >= 0:
            raise ModelError(tr("smooth_l1: beta is {beta} but must be 0 or more", beta=attrs["beta"]))
        return super().shape(*shapes, **attrs)

    @staticmethod
    def formula(shapes: Sequence[Shape], beta: float, reduction: str) -> str:
        if not beta:
            return f"{reduction}(abs(x - t))"
        return f"{reduction}(where(abs(x - t) < beta, (x - t)**2 / (2 * beta), abs(x - t) - beta / 2))"

    @staticmethod
    def local(shapes: Sequence[Shape], beta: float, reduction: str) -> dict[str, str]:
        n = per_element("x", reduction)
        if not beta:
            return {"x": f"upstream * sign(x - t){n}", "t": f"upstream * sign(t - x){n}"}
        return {
            "x": f"upstream * minimum(maximum((x - t) / beta, -1), 1){n}",
            "t": f"upstream * minimum(maximum((t - x) / beta, -1), 1){n}",
        }

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, beta: float, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        d = np.abs(x - t)
        if not beta:
            return reduced(d, reduction), ()
        near = np.minimum(d, beta)  # d²/(2 beta) and d − beta/2 are both near (d − near/2) / beta
        return reduced(near / beta * (d - 0.5 * near), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        beta: float, reduction: str,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        d = primals[0] - primals[1]
        gx = (np.clip(d / beta, -1, 1) if beta else np.sign(d)) * share(g, d, reduction)
        return gx, -gx

    @staticmethod
    def expand(build: Any, x: Any, t: Any, beta: float, reduction: str) -> Any:
        if not beta:
            return build("mae", x, t, reduction=reduction, name="out")
        huber = build("huber", x, t, delta=beta, reduction=reduction, name="huber")
        return build("div", huber, beta, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        t = rng.normal(size=(4, 3))
        distance = np.array([-2.0, -0.5, 1.5]) + rng.uniform(-0.3, 0.3, size=(4, 3))
        return (t + distance, t), {"beta": 1.0, "reduction": "mean"}
