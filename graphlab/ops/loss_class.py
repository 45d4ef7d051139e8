"""Losses for many classes: softmax with cross-entropy, cross-entropy on probabilities, and the negative log-likelihood.

Their labels are class numbers, one for each row of x, or soft labels (one-hot among them), a number for each class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError, ShapeError
from graphlab.messages import tr
from graphlab.ops import doubts
from graphlab.ops.base import Array, Attr, Context, Op, Shape
from graphlab.ops.loss import (
    CLIP,
    check_clip,
    clipped,
    clipped_text,
    inside_text,
    position_text,
    ratio,
    times_log,
)
from graphlab.ops.softmax import expand_log_softmax, log_softmax
from graphlab.ops.sums import total
from graphlab.ops.targets import CHOICES, Targets, check_choices, is_plain, is_soft, targets, texts

BATCH_REDUCTION = Attr("mean", kind="word", choices=("mean", "sum"), help="over the batch: all axes but the last")


def indices(t: Array) -> np.ndarray:
    """Class numbers, flat, as numpy indexes with them."""
    return np.asarray(t).reshape(-1).astype(np.intp)


def class_numbers(t: Array, classes: int, ignore_index: int | None = None) -> np.ndarray:
    """The labels as indices; an ignored one as 0.

    Raises DataError for the first one that is no whole number from 0 to classes − 1.
    """
    labels = np.asarray(t) if ignore_index is None else np.where(np.asarray(t) == ignore_index, 0, t)
    if labels.dtype.kind in "iu" and labels.size and labels.min() >= 0 and labels.max() < classes:
        return indices(labels)  # as nearly always, and quickly
    whole = labels == np.floor(labels)
    wrong = np.argwhere(~((labels >= 0) & (labels < classes) & whole))
    if len(wrong):
        position = tuple(int(i) for i in wrong[0])
        values = {"position": position_text(position), "last": classes - 1, "classes": classes}
        if np.isfinite(labels[position]) and whole[position]:
            message = tr(
                "label {label} at {position} is outside 0 … {last}; the last axis has {classes} classes, counted from "
                "0: renumber the labels, or make that axis longer", label=int(labels[position]), **values,
            )  # fmt: skip
        else:
            message = tr(
                "label {label} at {position} is not a whole number; give class numbers 0 … {last}, or {classes} "
                "numbers for each row, one for each class", label=labels[position], **values,
            )  # fmt: skip
        raise DataError(message)
    return indices(labels)


def targets_of(x: Array, t: Array, reduction: str, choices: dict[str, Any]) -> Targets:
    """What weights, ignored rows and smoothing make of the labels."""
    soft = is_soft(x.shape, np.shape(t))
    labels = None if soft else class_numbers(t, x.shape[-1], choices.get("ignore_index"))
    return targets(x, t, labels, reduction, **choices)


def batch_share(g: Array, x: Array, reduction: str) -> Array:
    """What each row's loss gets of the upstream gradient."""
    return g / math.prod(x.shape[:-1]) if reduction == "mean" else g


def batch_reduced(losses: Array, x: Array, reduction: str) -> Array:
    """The losses of rows or of their entries as the rows' mean or sum."""
    return total(losses) / math.prod(x.shape[:-1]) if reduction == "mean" else total(losses)


def picked(x: Array, labels: np.ndarray) -> Array:
    """Each row's element at its label."""
    return x.reshape(-1, x.shape[-1])[np.arange(len(labels)), labels]


def placed(values: Array, x: Array, labels: np.ndarray) -> Array:
    """Zeros of x's shape with each row's value at its label."""
    out = np.zeros(x.shape, dtype=x.dtype)
    out.reshape(-1, x.shape[-1])[np.arange(len(labels)), labels] = values
    return out


class ClassLoss(Op):
    """A loss of each row, over the last axis, then their mean or sum."""

    family = "loss"
    slots = ("x", "t")
    as_is = ("t",)
    attrs = {"reduction": BATCH_REDUCTION, **CHOICES}
    doubt = staticmethod(doubts.no_rows)

    @classmethod
    def remedy(cls, names: Sequence[str], shapes: Sequence[Shape]) -> str:
        x, t = shapes
        return doubts.fitting(names, (x[:-1], t)) or doubts.fitting(names, (x, t))

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        x, t = shapes
        slot = cls.slots[0]
        if x[-1:] in ((), (0,)):
            raise ShapeError(tr("{slot} is {x} but needs a last axis of one class or more", slot=slot, x=x))
        if t not in (x, x[:-1]):
            message = tr(
                "{slot} is {x} but t is {t}; t must be {rows} (a class number for each row) or {x} (a number for each "
                "class)",
                slot=slot, x=x, t=t, rows=x[:-1],
            )  # fmt: skip
            raise ShapeError(message)
        check_choices(shapes, **{name: attrs[name] for name in CHOICES if name in attrs})
        return ()

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (rng.normal(size=(4, 3)), np.array([2, 0, 1, 2])), {"reduction": "mean"}


class SoftmaxCrossEntropy(ClassLoss):
    """Softmax with cross-entropy, y = −Σ t log softmax(x) over the last axis, then the mean over the batch, or the sum.

    x: (…, C) logits; t: (…) class numbers from 0 to C−1, or (…, C) soft labels, which have a gradient → y: ().
    Computed by log-sum-exp, so that no logit is too large. Residual p = softmax(x). Soft labels need not add up to 1;
    a soft label 0 leaves its logit out of the loss, even −∞.

    weight, ignore_index and label_smoothing are those of PyTorch's CrossEntropyLoss: the mean divides by the sum of the
    weights of the class numbers that count (soft labels: by the batch), and is NaN where all rows are ignored.

    Raises DataError for a class number that is not a whole number from 0 to C−1.

    >>> from graphlab.ops import Context
    >>> x = np.array([[0.0, 1000.0], [1000.0, 0.0]])
    >>> float(SoftmaxCrossEntropy.forward(Context(), x, np.array([1, 1]), reduction="mean")[0])
    500.0
    """

    name = "softmax_cross_entropy"
    applies = "softmax"
    residuals = ("p",)

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str, **choices: Any) -> str:
        say = texts(shapes, "x", reduction, **choices)
        return f"-sum({say.q} * (x - log(sum(exp(x), axis=-1, keepdims=true)))){say.over}"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str, **choices: Any) -> dict[str, str]:
        say = texts(shapes, "x", reduction, **choices)
        rules = {"x": say.shared(f"(p * {say.sum_of_q} - {say.q})" if say.sum_of_q else f"(p - {say.q})")}
        if is_soft(*shapes):
            rules["t"] = say.shared(f"(log(sum(exp(x), axis=-1, keepdims=true)) - x){say.slope}")
        return rules

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str, **choices: Any) -> tuple[Array, tuple[Any, ...]]:
        z = x - np.max(x, axis=-1, keepdims=True)
        p = np.exp(z)
        rows = total(p, -1, keepdims=True)
        p /= rows
        if not is_plain(**choices):
            return targets_of(x, t, reduction, choices).loss(z - np.log(rows)), (p,)
        if is_soft(x.shape, np.shape(t)):
            t = np.asarray(t, x.dtype)
            losses = np.multiply(t, np.log(rows) - z, out=np.zeros_like(x), where=t != 0)
        else:
            losses = np.log(rows).reshape(-1) - picked(z, class_numbers(t, x.shape[-1]))
        return batch_reduced(losses, x, reduction), (p,)

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        reduction: str, **choices: Any,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        (x, t), (p,) = primals, residuals
        if not is_plain(**choices):
            made = targets_of(x, t, reduction, choices)
            gx = made.share(g, p * total(made.q, -1, keepdims=True) - made.q)
            return gx, made.share(g, -made.slope * log_softmax(x)) if is_soft(x.shape, np.shape(t)) else None
        g = batch_share(g, x, reduction)
        if not is_soft(x.shape, np.shape(t)):
            gx = np.multiply(p, g, order="C")  # as its rows lie below: written into, not into a copy
            labels = indices(t)
            gx.reshape(-1, x.shape[-1])[np.arange(len(labels)), labels] -= g
            return gx, None
        t = np.asarray(t, x.dtype)
        gt = -g * log_softmax(x) if ctx.needs is None or ctx.needs[1] else None
        return g * (p * total(t, -1, keepdims=True) - t), gt

    @staticmethod
    def expand(build: Any, x: Any, t: Any, reduction: str, **choices: Any) -> Any:
        log_p = expand_log_softmax(build, x, axis=-1, name="log_p")
        return build("nll", log_p, t, reduction=reduction, **choices, name="out")


class CrossEntropy(ClassLoss):
    """Cross-entropy on probabilities, y = −Σ t log p over the last axis, then the mean over the batch, or the sum.

    p: (…, C) probabilities; t: (…) class numbers from 0 to C−1, or (…, C) soft labels, which have a gradient → y: ().
    0 · log 0 counts as 0; its steps agree where p > 0. PyTorch's CrossEntropyLoss takes logits: that is
    softmax_cross_entropy, which explains weight, ignore_index and label_smoothing.

    Keras's categorical and sparse categorical cross-entropy have clip=1e-7: p is kept between clip and 1 − clip, where
    the derivative beyond is 0. Keras divides p by its row's sum before, which changes nothing in rows that add up to 1,
    nor in what goes through a softmax.

    Raises DataError for a class number that is not a whole number from 0 to C−1.

    >>> from graphlab.ops import Context
    >>> p = np.array([[0.5, 0.5, 0.0]])
    >>> float(CrossEntropy.forward(Context(), p, np.array([0]), reduction="mean")[0].round(6))
    0.693147
    """

    name = "cross_entropy"
    doubt = staticmethod(doubts.rows_of_probabilities)
    slots = ("p", "t")
    attrs = {**ClassLoss.attrs, "clip": CLIP}
    kinks = True

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        check_clip(cls.name, attrs.get("clip", 0.0))
        return super().shape(*shapes, **attrs)

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str, clip: float = 0.0, **choices: Any) -> str:
        say = texts(shapes, "p", reduction, **choices)
        return f"-sum({say.q} * log({clipped_text(clip)})){say.over}"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str, clip: float = 0.0, **choices: Any) -> dict[str, str]:
        say = texts(shapes, "p", reduction, **choices)
        rules = {"p": say.shared(f"{inside_text(clip)}-{say.q} / p")}
        return {**rules, "t": say.shared(f"-log({clipped_text(clip)}){say.slope}")} if is_soft(*shapes) else rules

    @staticmethod
    def forward(
        ctx: Context, p: Array, t: Array, reduction: str, clip: float = 0.0, **choices: Any
    ) -> tuple[Array, tuple[Any, ...]]:
        p = clipped(p, clip)
        if not is_plain(**choices):
            return targets_of(p, t, reduction, choices).loss(np.log(p)), ()
        if is_soft(p.shape, np.shape(t)):
            losses = times_log(np.asarray(t, p.dtype), p)
        else:
            losses = np.log(picked(p, class_numbers(t, p.shape[-1])))
        return -batch_reduced(losses, p, reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        reduction: str, clip: float = 0.0, **choices: Any,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        given, t = primals
        p, soft = clipped(given, clip), is_soft(given.shape, np.shape(t))
        gt = None
        if not is_plain(**choices):
            made = targets_of(p, t, reduction, choices)
            gp = made.share(g, -ratio(made.q, p))
            gt = made.share(g, -made.slope * np.log(p)) if soft else None
        elif soft:
            g = batch_share(g, p, reduction)
            gp, gt = -g * ratio(np.asarray(t, p.dtype), p), -g * np.log(p)
        else:
            labels = indices(t)
            gp = placed(-batch_share(g, p, reduction) / picked(p, labels), p, labels)
        return np.where(given == p, gp, 0) if clip else gp, gt

    @staticmethod
    def expand(build: Any, p: Any, t: Any, reduction: str, clip: float = 0.0, **choices: Any) -> Any:
        if clip:
            p = build("clip", p, min=clip, max=1.0 - clip, name="clipped")
        return build("nll", build("log", p, name="log_p"), t, reduction=reduction, **choices, name="out")

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        p = rng.uniform(0.2, 1.0, size=(4, 3))
        return (p / p.sum(axis=-1, keepdims=True), np.array([2, 0, 1, 2])), {"reduction": "mean"}


class NLL(ClassLoss):
    """The negative log-likelihood, y = −Σ t x over the last axis, then the mean over the batch, or the sum.

    x: (…, C) log-probabilities; t: (…) class numbers from 0 to C−1, or (…, C) soft labels, which have a gradient
    → y: (). A soft label 0 leaves its x out, even where that is −∞. weight and ignore_index are PyTorch's, and
    label_smoothing as in softmax_cross_entropy, which explains them.

    Raises DataError for a class number that is not a whole number from 0 to C−1.

    >>> from graphlab.ops import Context
    >>> x = np.array([[-0.5, -2.0], [-3.0, -0.25]])
    >>> float(NLL.forward(Context(), x, np.array([0, 1]), reduction="sum")[0])
    0.75
    """

    name = "nll"
    doubt = staticmethod(doubts.log_probabilities)

    @staticmethod
    def formula(shapes: Sequence[Shape], reduction: str, **choices: Any) -> str:
        say = texts(shapes, "x", reduction, **choices)
        return f"-sum({say.q} * x){say.over}"

    @staticmethod
    def local(shapes: Sequence[Shape], reduction: str, **choices: Any) -> dict[str, str]:
        say = texts(shapes, "x", reduction, **choices)
        rules = {"x": say.shared(f"-{say.q}")}
        return {**rules, "t": say.shared(f"-x{say.slope}")} if is_soft(*shapes) else rules

    @staticmethod
    def forward(ctx: Context, x: Array, t: Array, reduction: str, **choices: Any) -> tuple[Array, tuple[Any, ...]]:
        if not is_plain(**choices):
            return targets_of(x, t, reduction, choices).loss(x), ()
        if is_soft(x.shape, np.shape(t)):
            t = np.asarray(t, x.dtype)
            losses = np.multiply(t, x, out=np.zeros(x.shape, dtype=x.dtype), where=t != 0)
        else:
            losses = picked(x, class_numbers(t, x.shape[-1]))
        return -batch_reduced(losses, x, reduction), ()

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...],
        reduction: str, **choices: Any,
    ) -> tuple[Array | None, ...]:  # fmt: skip
        x, t = primals
        if not is_plain(**choices):
            made = targets_of(x, t, reduction, choices)
            gt = made.share(g, -made.slope * x) if is_soft(x.shape, np.shape(t)) else None
            return made.share(g, -made.q), gt
        g = batch_share(g, x, reduction)
        if not is_soft(x.shape, np.shape(t)):
            return placed(-g, x, indices(t)), None
        return -g * np.asarray(t, x.dtype), -g * x

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        return (log_softmax(rng.normal(size=(4, 3))), np.array([2, 0, 1, 2])), {"reduction": "mean"}
