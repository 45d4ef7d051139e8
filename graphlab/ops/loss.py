"""Losses: how far a prediction is from its target, as one number; and the penalty on large weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.messages import tr
from graphlab.ops import doubts
from graphlab.ops.base import Array, Attr, Context, Op, Shape
from graphlab.ops.sums import average, total

REDUCTION = Attr("mean", kind="word", choices=("mean", "sum"), help="of all elements")


def reduced(losses: Array, reduction: str) -> Array:
    """The mean or the sum of all elements."""
    return average(losses) if reduction == "mean" else total(losses)


def share(g: Array, x: Array, reduction: str) -> Array:
    """What each element's loss gets of the upstream gradient."""
    return g / np.size(x) if reduction == "mean" else g


def per_element(x: str, reduction: str) -> str:
    """The end of a local rule: divided by the number of elements, for a mean."""
    return f" / count({x})" if reduction == "mean" else ""


def position_text(position: Sequence[int]) -> str:
    """Where a label stands: t[2], t[0, 3], or t itself."""
    return f"t[{', '.join(map(str, position))}]" if position else "t"


def times_log(t: Array, p: Array) -> Array:
    """t log p, with 0 log 0 = 0."""
    out = np.zeros(np.shape(p), dtype=p.dtype)
    np.log(p, out=out, where=t != 0)
    return t * out


def ratio(t: Array, p: Array) -> Array:
    """t / p, with 0 / 0 = 0."""
    return np.divide(t, p, out=np.zeros(np.shape(p), dtype=p.dtype), where=t != 0)


CLIP = Attr(0.0, help="p is kept between clip and 1 − clip; Keras: 1e-7")


def check_clip(op: str, clip: float) -> None:
    """Raises ModelError where clip and 1 − clip are no bounds."""
    if not 0 <= clip < 0.5:
        raise ModelError(tr("{op}: clip is {clip} but must be at least 0 and below 0.5", op=op, clip=clip))


def clipped(p: Array, clip: float) -> Array:
    """Probabilities between clip and 1 − clip."""
    return np.clip(p, clip, 1.0 - clip) if clip else p


def clipped_text(clip: float) -> str:
    """The same in a formula."""
    return "minimum(maximum(p, clip), 1 - clip)" if clip else "p"


def inside_text(clip: float) -> str:
    """A factor of a local rule: 0 where p was clipped."""
    return "(p >= clip) * (p <= 1 - clip) * " if clip else ""


class ElementLoss(Op):
    """A loss of each element against its target, then their mean or sum. Nothing broadcasts."""

    family = "loss"
    slots = ("x", "t")
    axes = "x: …, t: … ->"
    attrs = {"reduction": REDUCTION}
    doubt = staticmethod(doubts.mean_of_nothing)
    remedy = staticmethod(doubts.fitting)

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), rng.normal(size=(4, 3))), {"reduction": "mean"}


class MSE(ElementLoss):
    """Mean squared error, y = mean((x − t)²), over all elements; or their sum.

    x, t: the same shape → y: (). No factor ½ (PyTorch's and Keras's convention).

    >>> from graphlab.ops import Context
    >>> float(MSE.forward(Context(), np.array([1.0, 3.0]), np.zeros(2), reduction="mean")[0])
    5.0
    """

    name = "mse"

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str) -> str:
        return f"{reduction}((x - t)**2)"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str) -> dict[str, str]:
        n = per_element("x", reduction)
        return {"x": f"upstream * 2 * (x - t){n}", "t": f"upstream * -2 * (x - t){n}"}

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        d = x - t
        return reduced(d * d, reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], reduction: str
    ) -> tuple[Array | None, ...]:
        d = primals[0] - primals[1]
        gx = d * (share(g, d, reduction) * 2.0)
        return gx, -gx

    @staticmethod
    def expand(build: Any, x: Any, t: Any, reduction: str) -> Any:
        squared = build("square", build("sub", x, t, name="diff"), name="squared")
        return build(reduction, squared, name="out")


class MAE(ElementLoss):
    """Mean absolute error, y = mean(|x − t|), over all elements; or their sum. Its derivative is 0 where x = t.

    x, t: the same shape → y: ().

    >>> from graphlab.ops import Context
    >>> float(MAE.forward(Context(), np.array([1.0, -3.0]), np.zeros(2), reduction="mean")[0])
    2.0
    """

    name = "mae"
    kinks = True

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str) -> str:
        return f"{reduction}(abs(x - t))"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str) -> dict[str, str]:
        n = per_element("x", reduction)
        return {"x": f"upstream * sign(x - t){n}", "t": f"upstream * sign(t - x){n}"}

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        return reduced(np.abs(x - t), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], reduction: str
    ) -> tuple[Array | None, ...]:
        gx = np.sign(primals[0] - primals[1]) * share(g, primals[0], reduction)
        return gx, -gx

    @staticmethod
    def expand(build: Any, x: Any, t: Any, reduction: str) -> Any:
        return build(reduction, build("abs", build("sub", x, t, name="diff"), name="abs"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        t = rng.normal(size=(4, 3))
        return (t + rng.choice([-1.0, 1.0], size=(4, 3)) * rng.uniform(0.2, 1.0, size=(4, 3)), t), {"reduction": "mean"}


class Huber(ElementLoss):
    """Huber's loss: with d = x − t, d²/2 where |d| ≤ delta and delta (|d| − delta/2) beyond; mean or sum (Huber 1964).

    x, t: the same shape → y: (). PyTorch's HuberLoss and Keras's Huber. Raises ModelError unless delta > 0.

    >>> from graphlab.ops import Context
    >>> float(Huber.forward(Context(), np.array([1.0, 3.0]), np.zeros(2), delta=1.0, reduction="sum")[0])
    3.0
    """

    name = "huber"
    attrs = {"delta": Attr(1.0, help="where the square becomes a straight line"), "reduction": REDUCTION}

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        if not attrs["delta"] > 0:
            raise ModelError(tr("huber: delta is {delta} but must be more than 0", delta=attrs["delta"]))
        return super().shape(*shapes, **attrs)

    @staticmethod
    def formula(shapes: Sequence[Shape], delta: float, reduction: str) -> str:
        return f"{reduction}(where(abs(x - t) <= delta, (x - t)**2 / 2, delta * (abs(x - t) - delta / 2)))"

    @staticmethod
    def local(shapes: Sequence[Shape], delta: float, reduction: str) -> dict[str, str]:
        n = per_element("x", reduction)
        return {
            "x": f"upstream * minimum(maximum(x - t, -delta), delta){n}",
            "t": f"upstream * minimum(maximum(t - x, -delta), delta){n}",
        }

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, delta: float, reduction: str) -> tuple[Array, tuple[Any, ...]]:
        d = x - t
        near = np.clip(d, -delta, delta)  # d²/2 and delta (|d| − delta/2) are both near (d − near/2)
        return reduced(near * (d - 0.5 * near), reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        delta: float, reduction: str,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        gx = np.clip(primals[0] - primals[1], -delta, delta) * share(g, primals[0], reduction)
        return gx, -gx

    @staticmethod
    def expand(build: Any, x: Any, t: Any, delta: float, reduction: str) -> Any:
        diff = build("sub", x, t, name="diff")
        near = build("clip", diff, min=-delta, max=delta, name="near")
        rest = build("sub", diff, build("mul", near, 0.5, name="half"), name="rest")
        return build(reduction, build("mul", near, rest, name="losses"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        t = rng.normal(size=(4, 3))
        distance = np.array([-2.0, -0.5, 1.5]) + rng.uniform(-0.3, 0.3, size=(4, 3))
        return (t + distance, t), {"delta": 1.0, "reduction": "mean"}


class L2Penalty(Op):
    """The penalty on large weights, y = rate/2 · Σ x², over all elements of all inputs; with half=false, rate · Σ x².

    xs: any shapes → y: (). With the ½ the gradient is rate · x ("weight decay"); Keras's L2 regulariser has no ½.

    >>> from graphlab.ops import Context
    >>> float(L2Penalty.forward(Context(), np.array([1.0, 2.0]), np.array(3.0), rate=0.5, half=True)[0])
    3.5
    """

    name = "l2_penalty"
    family = "loss"
    slots = ("*xs",)
    attrs = {
        "rate": Attr(0.01, help="strength of the penalty, often called lambda"),
        "half": Attr(True, kind="boolean", help="rate/2, so that the gradient is rate · x"),
    }

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        return ()

    @staticmethod
    def formula(shapes: Sequence[Shape], rate: float, half: bool) -> str:
        terms = " + ".join(f"sum(xs{i}**2)" for i in range(len(shapes)))
        return f"rate{' / 2' if half else ''} * ({terms})"

    @staticmethod
    def local(shapes: Sequence[Shape], rate: float, half: bool) -> dict[str, str]:
        return {"*xs": "upstream * rate * x" if half else "upstream * 2 * rate * x"}

    @staticmethod
    def forward(ctx: Context, *xs: Array, rate: float, half: bool) -> tuple[Array, tuple[Any, ...]]:
        squares = total(xs[0] * xs[0])
        for x in xs[1:]:
            squares = squares + total(x * x)
        return squares * (0.5 * rate if half else rate), ()

    @staticmethod
    def vjp(
        ctx: Context,
        g: Array,
        primals: Sequence[Array],
        value: Array,
        residuals: tuple[Any, ...],
        rate: float,
        half: bool,
    ) -> tuple[Array | None, ...]:
        factor = g * (rate if half else 2.0 * rate)
        return tuple(factor * x for x in primals)

    @staticmethod
    def expand(build: Any, *xs: Any, rate: float, half: bool) -> Any:
        total = None
        for i, x in enumerate(xs):
            term = build("sum", build("square", x, name=f"square{i}"), name=f"sum{i}")
            total = term if total is None else build("add", total, term, name=f"total{i}")
        return build("mul", total, 0.5 * rate if half else rate, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), rng.normal(size=2)), {"rate": 0.01, "half": True}
