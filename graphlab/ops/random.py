"""Ops that draw random numbers, from a generator of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.messages import tr
from graphlab.ops.base import MODE, Array, Attr, Context, Elementwise, Shape


class Dropout(Elementwise):
    """Dropout, y = x · mask: in training each element is 0 with probability rate and x / (1 − rate) otherwise.

    x: any shape → y: the same shape. The scaling is "inverted", so that in eval mode y = x (mask is 1). The mask comes
    from the model's seed, the node's name and the iteration. With mode=eval it drops nothing in training either.

    Raises ModelError for a rate outside 0 ≤ rate < 1.

    >>> from graphlab.ops import Context
    >>> Dropout.forward(Context("train", np.random.default_rng(0)), np.ones(4), rate=0.5)[0].tolist()
    [2.0, 0.0, 0.0, 0.0]
    >>> Dropout.forward(Context("eval"), np.ones(2), rate=0.5)[0].tolist()
    [1.0, 1.0]
    """

    name = "dropout"
    family = "random"
    attrs = {"rate": Attr(0.5, help="how likely an element is dropped"), "mode": MODE}
    residuals = ("mask",)
    random = True
    formula = "x * mask"
    local = {"x": "upstream * mask"}
    eval_formula = "x"
    eval_local = {"x": "upstream"}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        if not 0 <= attrs["rate"] < 1:
            message = tr(
                "dropout: rate is {rate} but must be at least 0 and below 1; it is the share that is dropped",
                rate=attrs["rate"],
            )
            raise ModelError(message)
        return shapes[0]

    @staticmethod
    def forward(ctx: Context, x: Array, rate: float, mode: str | None = None) -> tuple[Array, tuple[Any, ...]]:
        if ctx.mode == "eval":
            return x, (1.0,)
        assert ctx.rng is not None  # every op with random = True is given one
        mask = (ctx.rng.random(np.shape(x)) >= rate) * np.asarray(1.0 / (1.0 - rate), dtype=x.dtype)
        return x * mask, (mask,)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], rate: float,
        mode: str | None = None,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        return (g * residuals[0],)

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(3, 4)),), {"rate": 0.5, "mode": None}
