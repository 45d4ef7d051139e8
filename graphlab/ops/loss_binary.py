"""Losses for two classes: cross-entropy on probabilities or logits, and the hinge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError
from graphlab.messages import tr
from graphlab.ops import doubts
from graphlab.ops.activation import logistic
from graphlab.ops.base import Array, Context, Shape
from graphlab.ops.loss import (
    CLIP,
    REDUCTION,
    ElementLoss,
    check_clip,
    clipped,
    clipped_text,
    inside_text,
    per_element,
    position_text,
    ratio,
    reduced,
    share,
    times_log,
)


class BCE(ElementLoss):
    """Binary cross-entropy on probabilities, y = −mean(t log p + (1 − t) log(1 − p)), over all elements; or their sum.

    p, t: the same shape, t from 0 to 1 → y: (). 0 · log 0 counts as 0. clip keeps p between clip and 1 − clip, where
    the derivative beyond is 0 (Keras: 1e-7; PyTorch stops the logarithms at −100 instead). Its steps agree where
    0 < p < 1. From logits, bce_with_logits is more exact. Raises ModelError unless 0 ≤ clip < ½. In older files clip is
    called eps.

    >>> from graphlab.ops import Context
    >>> p, t = np.array([0.5, 1.0]), np.array([1.0, 1.0])
    >>> float(BCE.forward(Context(), p, t, clip=0.0, reduction="sum")[0].round(6))
    0.693147
    """

    name = "bce"
    slots = ("p", "t")
    axes = "p: …, t: … ->"
    doubt = staticmethod(doubts.binary_probabilities)
    attrs = {"clip": CLIP, "reduction": REDUCTION}
    renamed = {"eps": "clip"}
    kinks = True

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        check_clip(cls.name, attrs["clip"])
        return super().shape(*shapes, **attrs)

    @staticmethod
    def formula(shapes: Sequence[Shape], clip: float, reduction: str) -> str:
        p = clipped_text(clip)
        return f"-{reduction}(t * log({p}) + (1 - t) * log(1 - {p}))"

    @staticmethod
    def local(shapes: Sequence[Shape], clip: float, reduction: str) -> dict[str, str]:
        n = per_element("p", reduction)
        p = clipped_text(clip)
        return {
            "p": f"upstream * {inside_text(clip)}(p - t) / (p * (1 - p)){n}",
            "t": f"upstream * (log(1 - {p}) - log({p})){n}",
        }

    @staticmethod
    def forward(ctx: Context, p: Array, t: Array, clip: float, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        p = clipped(p, clip)
        return -reduced(times_log(t, p) + times_log(1.0 - t, 1.0 - p), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        clip: float, reduction: str,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        p, t = primals
        g = share(g, p, reduction)
        kept = clipped(p, clip)
        gp = g * (ratio(1.0 - t, 1.0 - kept) - ratio(t, kept))
        if clip:
            gp = np.where(p == kept, gp, 0)
        return gp, g * (np.log(1.0 - kept) - np.log(kept))

    @staticmethod
    def expand(build: Any, p: Any, t: Any, clip: float, reduction: str) -> Any:
        if clip:
            p = build("clip", p, min=clip, max=1.0 - clip, name="clipped")
        yes = build("mul", t, build("log", p, name="log_p"), name="yes")
        log_q = build("log", build("sub", 1, p, name="q"), name="log_q")
        no = build("mul", build("sub", 1, t, name="u"), log_q, name="no")
        return build("neg", build(reduction, build("add", yes, no, name="sum"), name="reduced"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.uniform(0.1, 0.9, size=(4, 3)), rng.uniform(size=(4, 3))), {"clip": 0.0, "reduction": "mean"}


class BCEWithLogits(ElementLoss):
    """Binary cross-entropy of σ(x), y = mean(log(1 + e^x) − x t), over all elements; or their sum. It never overflows.

    x, t: the same shape, t from 0 to 1 → y: (). Computed as max(x, 0) − x t + log(1 + e^-|x|).

    >>> from graphlab.ops import Context
    >>> x, t = np.array([-1000.0, 1000.0]), np.array([0.0, 1.0])
    >>> float(BCEWithLogits.forward(Context(), x, t, reduction="mean")[0])
    0.0
    """

    name = "bce_with_logits"
    doubt = staticmethod(doubts.binary_labels)
    applies = "sigmoid"

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str) -> str:
        return f"{reduction}(log(1 + exp(x)) - x * t)"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str) -> dict[str, str]:
        n = per_element("x", reduction)
        return {"x": f"upstream * (1 / (1 + exp(-x)) - t){n}", "t": f"upstream * -x{n}"}

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        return reduced(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], reduction: str
    ) -> tuple[Array | None, ...]:
        x, t = primals
        g = share(g, x, reduction)
        return g * (logistic(x) - t), g * -x

    @staticmethod
    def expand(build: Any, x: Any, t: Any, reduction: str) -> Any:
        losses = build("sub", build("softplus", x, name="softplus"), build("mul", x, t, name="xt"), name="losses")
        return build(reduction, losses, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))), {"reduction": "mean"}


class Hinge(ElementLoss):
    """The hinge loss, y = mean(max(0, 1 − t x)), over all elements; or their sum. At the kink the derivative is 0.

    x, t: the same shape, t only −1 or 1 and without a gradient → y: (). Raises DataError for another label.

    >>> from graphlab.ops import Context
    >>> float(Hinge.forward(Context(), np.array([0.5, -2.0]), np.array([1, -1]), reduction="sum")[0])
    0.5
    """

    name = "hinge"
    as_is = ("t",)
    nograd = ("t",)
    kinks = True

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str) -> str:
        return f"{reduction}(maximum(0, 1 - t * x))"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str) -> dict[str, str]:
        return {"x": f"upstream * -t * (t * x < 1){per_element('x', reduction)}"}

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        wrong = np.argwhere(np.abs(t) != 1)
        if len(wrong):
            position = tuple(int(i) for i in wrong[0])
            message = tr(
                "label {label} at {position} is neither -1 nor 1; of labels 0 and 1 make 2*t - 1",
                label=np.asarray(t)[position], position=position_text(position),
            )  # fmt: skip
            raise DataError(message)
        return reduced(np.maximum(0, 1.0 - np.asarray(t, x.dtype) * x), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], reduction: str
    ) -> tuple[Array | None, ...]:
        x = primals[0]
        t = np.asarray(primals[1], x.dtype)
        return share(g, x, reduction) * (-t * (t * x < 1)), None

    @staticmethod
    def expand(build: Any, x: Any, t: Any, reduction: str) -> Any:
        if build.dtype(t) == build.dtype(x):  # labels that are floats have no gradient either
            t = build("stop_gradient", t, name="labels")
        margin = build("sub", 1, build("mul", t, x, name="tx"), name="margin")
        return build(reduction, build("relu", margin, name="losses"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        t = np.array([[1, -1, 1], [-1, -1, 1], [1, 1, -1], [-1, 1, -1]])
        margin = rng.choice([-1.0, 1.0], size=(4, 3)) * rng.uniform(0.2, 1.5, size=(4, 3))
        return ((1 - margin) * t, t), {"reduction": "mean"}
