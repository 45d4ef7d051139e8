"""Normalisation: BatchNorm over the batch, LayerNorm over the features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.messages import tr
from graphlab.ops import doubts
from graphlab.ops.axes import check_axes
from graphlab.ops.base import MODE, Array, Attr, Context, Op, Parameter, Shape, normalise_axis
from graphlab.ops.reduction import expand_centred
from graphlab.ops.sums import add, centred, narrow, wide

EPS = Attr(1e-5, help="added to the variance")


@lru_cache(maxsize=256)
def other_axes(ndim: int, axis: int) -> tuple[int, ...]:
    """All axes but one.

    >>> other_axes(4, 1), other_axes(2, -1)
    ((0, 2, 3), (0,))
    """
    feature = normalise_axis(axis, ndim)
    return tuple(i for i in range(ndim) if i != feature)


def check_eps(op: str, eps: float) -> None:
    """Raises ModelError where the root of var + eps could be imaginary."""
    if not 0 <= eps < math.inf:
        raise ModelError(tr("{op}: eps is {eps} but must be 0 or a little more, such as 1e-5", op=op, eps=eps))


def _is_last(axis: int, ndim: int) -> bool:
    return axis in (-1, ndim - 1)


def _along(v: Array, ndim: int, axis: int) -> Array:
    """A vector of features, shaped to broadcast against x."""
    return v if _is_last(axis, ndim) else v.reshape(v.shape + (1,) * (ndim - 1 - axis % ndim))


class BatchNorm(Op):
    """Batch normalisation, y = γ (x − μ) / √(σ² + ε) + β, feature by feature (Ioffe and Szegedy 2015).

    x: (…, D) with the features on `axis`; gamma, beta, running_mean, running_var: (D,) → y: x's shape. In train mode
    μ and σ² are the batch's mean and variance, with 1/N, over all other axes; in eval mode they are the running ones,
    which have no gradient. A train step reports running = (1 − momentum) running + momentum batch, the variance there
    with 1/(N−1): PyTorch's convention (Keras's momentum is 1 − this one). A batch of one keeps 1/N. A layer with
    mode=eval is frozen: it takes the running statistics, and leaves them alone, in training too.

    Residuals: mu, var, ivar = 1/√(var + ε), xhat = (x − mu) ivar, and n, the number of elements behind mu and var:
    infinite for running statistics, which no single x moves. Given x alone it makes the rest: gamma and running_var
    ones, beta and running_mean zeros. Raises ModelError unless eps ≥ 0 and 0 ≤ momentum ≤ 1.

    >>> from graphlab.ops import Context
    >>> ones, zeros = np.ones(1), np.zeros(1)
    >>> x = np.array([[1.0], [3.0]])
    >>> BatchNorm.forward(Context(), x, ones, zeros, zeros, ones, axis=-1, eps=0.0, momentum=0.1)[0].tolist()
    [[-1.0], [1.0]]
    """

    name = "batchnorm"
    family = "norm"
    slots = ("x", "gamma", "beta", "running_mean", "running_var")
    axes = "x: … D, gamma: D, beta: D, running_mean: D, running_var: D -> … D"
    attrs = {
        "axis": Attr(-1, kind="integer", help="the axis of the features; all others are averaged over"),
        "eps": EPS,
        "momentum": Attr(0.1, help="share of the new batch in the running statistics"),
        "mode": MODE,
    }
    residuals = ("mu", "var", "ivar", "xhat", "n")
    nograd = ("running_mean", "running_var")

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        check_eps(cls.name, attrs["eps"])
        if not 0 <= attrs["momentum"] <= 1:
            message = tr(
                "batchnorm: momentum is {momentum} but must be from 0 to 1; it is the new batch's share of the "
                "running statistics", momentum=attrs["momentum"],
            )  # fmt: skip
            raise ModelError(message)
        feature = normalise_axis(attrs["axis"], len(shapes[0]))
        letters = ["D" if i == feature else f"N{i + 1}" for i in range(len(shapes[0]))]
        x = " ".join("N" if letter == "N1" and len(letters) == 2 else letter for letter in letters)
        vectors = ", ".join(f"{slot}: D" for slot in cls.slots[1:])
        return check_axes(f"x: {x}, {vectors} -> {x}", cls.slots, shapes)

    @staticmethod
    def formula(shapes: Sequence[Shape], axis: int, eps: float, momentum: float, mode: str | None = None) -> str:
        gamma, beta = (_spread_text(v, len(shapes[0]), axis) for v in ("gamma", "beta"))
        return f"{gamma} * (x - mu) / sqrt(var + eps) + {beta}"

    @staticmethod
    def local(
        shapes: Sequence[Shape], axis: int, eps: float, momentum: float, mode: str | None = None
    ) -> dict[str, str]:
        ndim = len(shapes[0])
        gamma = _spread_text("gamma", ndim, axis)
        total, along = (
            _total_text(text, slot, ndim, axis, keep=True)
            for text, slot in (("upstream", "beta"), ("upstream * xhat", "gamma"))
        )
        return {
            "x": f"{gamma} / sqrt(var + eps) * (upstream - {total} / n - xhat * {along} / n)",
            "gamma": _total_text("upstream * xhat", "gamma", ndim, axis),
            "beta": _total_text("upstream", "beta", ndim, axis),
        }

    @staticmethod
    def eval_formula(shapes: Sequence[Shape], axis: int, eps: float, momentum: float, mode: str | None = None) -> str:
        gamma, beta, mean, var = (_spread_text(v, len(shapes[0]), axis) for v in BatchNorm.slots[1:])
        return f"{gamma} * (x - {mean}) / sqrt({var} + eps) + {beta}"

    @staticmethod
    def eval_local(
        shapes: Sequence[Shape], axis: int, eps: float, momentum: float, mode: str | None = None
    ) -> dict[str, str]:
        ndim = len(shapes[0])
        gamma, _, mean, var = (_spread_text(v, ndim, axis) for v in BatchNorm.slots[1:])
        return {
            "x": f"upstream * {gamma} / sqrt({var} + eps)",
            "gamma": _total_text(f"upstream * (x - {mean}) / sqrt({var} + eps)", "gamma", ndim, axis),
            "beta": _total_text("upstream", "beta", ndim, axis),
        }

    @staticmethod
    def parameters(shapes: dict[str, Shape], axis: int = -1, **attrs: Any) -> dict[str, Parameter]:
        features = (shapes["x"][normalise_axis(axis, len(shapes["x"]))],)
        return {
            "gamma": Parameter(features, "ones"),
            "beta": Parameter(features, "zeros"),
            "running_mean": Parameter(features, "zeros", role="state"),
            "running_var": Parameter(features, "ones", role="state"),
        }

    @staticmethod
    def forward(
        ctx: Context, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array,
        axis: int, eps: float, momentum: float, mode: str | None = None,
    ) -> tuple[Array, tuple[Any, ...]]:  # fmt: skip
        n: float = math.inf
        dtype, x = x.dtype, wide(x)
        if ctx.mode == "train":
            others, keep = other_axes(x.ndim, axis), not _is_last(axis, x.ndim)
            n = math.prod(x.shape[i] for i in others)
            mu, xhat, var = centred(x, others)
            if not keep:
                mu, var = mu.reshape(-1), var.reshape(-1)
        else:
            mu, var = _along(running_mean, x.ndim, axis), _along(running_var, x.ndim, axis)
            xhat = x - mu
        ivar = 1.0 / np.sqrt(var + eps)
        xhat *= ivar
        y = xhat * _along(gamma, x.ndim, axis)
        y += _along(beta, x.ndim, axis)
        return narrow(y, dtype), (mu, var, ivar, xhat, n)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: int, eps: float, momentum: float, mode: str | None = None,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        _, _, ivar, xhat, n = residuals
        others = other_axes(g.ndim, axis)
        dtype, g = g.dtype, wide(g)
        ggamma = add(g * xhat, axis=others)
        gbeta = add(g, axis=others)
        gx = None
        if ctx.needs is None or ctx.needs[0]:
            scale = _along(primals[1], g.ndim, axis) * ivar
            if ctx.mode == "eval":
                gx = g * scale
            else:
                gx = xhat * _along(ggamma / -n, g.ndim, axis)
                gx += g
                gx -= _along(gbeta / n, g.ndim, axis)
                gx *= scale
            gx = narrow(gx, dtype)
        return gx, narrow(ggamma, dtype), narrow(gbeta, dtype), None, None

    @staticmethod
    def updates(
        ctx: Context, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        axis: int, eps: float, momentum: float, mode: str | None = None,
    ) -> dict[str, Array]:  # fmt: skip
        if ctx.mode == "eval":
            return {}
        mu, var, _, _, n = residuals
        running_mean, running_var = primals[3:]
        unbiased = var * (n / max(n - 1, 1))
        mixed = ((1 - momentum) * old + momentum * new.reshape(old.shape).astype(old.dtype)
                 for old, new in ((running_mean, mu), (running_var, unbiased)))  # fmt: skip
        return dict(zip(("running_mean", "running_var"), mixed, strict=True))

    @staticmethod
    def expand(
        build: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any,
        axis: int, eps: float, momentum: float, mode: str | None = None,
    ) -> Any:  # fmt: skip
        """In train mode the nine nodes of Kratzert's derivation."""
        ndim = len(build.shape(x))
        last = _is_last(axis, ndim)

        def along(v: Any, name: str) -> Any:
            return v if last else build("reshape", v, shape=(-1,) + (1,) * (ndim - 1 - axis % ndim), name=name)

        if build.mode == "train":
            others = other_axes(ndim, axis)
            over = {"axis": others[0] if len(others) == 1 else others, "keepdims": not last}
            xmu = expand_centred(build, x, **over)
            var = build("mean", build("square", xmu, name="sq"), name="var", **over)
        else:
            mu = build("stop_gradient", running_mean, name="mu")  # statistics are not learned
            xmu = build("sub", x, along(mu, "mu_along"), name="xmu")
            var = along(build("stop_gradient", running_var, name="var"), "var_along")
        ivar = build("reciprocal", build("sqrt", var, eps=eps, name="sqrtvar"), name="ivar")
        xhat = build("mul", xmu, ivar, name="xhat")
        gammax = build("mul", along(gamma, "gamma_along"), xhat, name="gammax")
        return build("add", gammax, along(beta, "beta_along"), name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        running = (rng.normal(size=3), rng.uniform(0.5, 2.0, size=3))
        primals = (rng.normal(1.0, 2.0, size=(5, 3)), rng.uniform(0.5, 2.0, size=3), rng.normal(size=3), *running)
        return primals, {"axis": -1, "eps": 1e-5, "momentum": 0.1, "mode": None}


def _spread_text(name: str, ndim: int, axis: int) -> str:
    """A vector of features in a formula, placed along its axis where that is not the last."""
    if _is_last(axis, ndim):
        return name
    return f"spread({name}, x, axis={list(other_axes(ndim, axis))})"


def _total_text(text: str, slot: str, ndim: int, axis: int, keep: bool = False) -> str:
    """In a formula, the sum over all axes but the features', as a slot of features takes it or kept beside x."""
    if _is_last(axis, ndim):
        return f"sum_to({text}, {slot})"
    return f"sum({text}, axis={list(other_axes(ndim, axis))}{', keepdims=true' if keep else ''})"


class LayerNorm(Op):
    """Layer normalisation, y = γ (x − μ) / √(σ² + ε) + β, row by row (Ba et al. 2016).

    x: (…, D), gamma, beta: (D,) → y: (…, D). μ and σ² are each row's own mean and variance, with 1/D, over the last
    axis, in training and inference alike. Residuals: mu, var, ivar = 1/√(var + ε), xhat = (x − mu) ivar. Given x alone
    it makes gamma ones and beta zeros. Raises ModelError unless eps ≥ 0.

    >>> from graphlab.ops import Context
    >>> LayerNorm.forward(Context(), np.array([1.0, 3.0]), np.ones(2), np.zeros(2), eps=0.0)[0].tolist()
    [-1.0, 1.0]
    """

    name = "layernorm"
    doubt = staticmethod(doubts.one_feature)
    family = "norm"
    slots = ("x", "gamma", "beta")
    axes = "x: … D, gamma: D, beta: D -> … D"
    attrs = {"eps": EPS}
    residuals = ("mu", "var", "ivar", "xhat")
    formula = "gamma * (x - mu) / sqrt(var + eps) + beta"
    local = {
        "x": "1 / sqrt(var + eps) * (upstream * gamma - mean(upstream * gamma, axis=-1, keepdims=true)"
        " - xhat * mean(upstream * gamma * xhat, axis=-1, keepdims=true))",
        "gamma": "sum_to(upstream * xhat, gamma)",
        "beta": "sum_to(upstream, beta)",
    }

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        check_eps(cls.name, attrs["eps"])
        return super().shape(*shapes, **attrs)

    @staticmethod
    def parameters(shapes: dict[str, Shape], **attrs: Any) -> dict[str, Parameter]:
        features = shapes["x"][-1:]
        return {"gamma": Parameter(features, "ones"), "beta": Parameter(features, "zeros")}

    @staticmethod
    def forward(ctx: Context, x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, tuple[Any, ...]]:
        dtype, x = x.dtype, wide(x)
        mu, xhat, var = centred(x, -1)
        ivar = 1.0 / np.sqrt(var + eps)
        xhat *= ivar
        y = xhat * gamma
        y += beta
        return narrow(y, dtype), (mu, var, ivar, xhat)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], eps: float
    ) -> tuple[Array | None, ...]:
        _, _, ivar, xhat = residuals
        rows = tuple(range(g.ndim - 1))
        dtype, g = g.dtype, wide(g)
        ggamma = narrow((g * xhat).sum(axis=rows), dtype)
        gbeta = narrow(g.sum(axis=rows), dtype)
        if ctx.needs is not None and not ctx.needs[0]:
            return None, ggamma, gbeta
        d = g.shape[-1]
        h = g * primals[1]
        along = (h * xhat).sum(axis=-1, keepdims=True) / d
        h -= h.sum(axis=-1, keepdims=True) / d
        h -= xhat * along
        h *= ivar
        return narrow(h, dtype), ggamma, gbeta

    @staticmethod
    def expand(build: Any, x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        xmu = expand_centred(build, x, axis=-1, keepdims=True)
        var = build("mean", build("square", xmu, name="sq"), axis=-1, keepdims=True, name="var")
        xhat = build("div", xmu, build("sqrt", var, eps=eps, name="sqrtvar"), name="xhat")
        return build("add", build("mul", gamma, xhat, name="gammax"), beta, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(1.0, 2.0, size=(4, 3)), rng.uniform(0.5, 2.0, size=3), rng.normal(size=3)), {"eps": 1e-5}
