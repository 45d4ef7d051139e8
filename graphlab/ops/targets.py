"""The labels of a class loss: class numbers or soft labels, with class weights, ignored rows and smoothing.

Each row's loss is −Σ q log p over the classes, with q = weight · ((1 − label_smoothing) t + label_smoothing / C) and t
the label, one-hot or soft; q is 0 for an ignored row. A mean divides the sum by the weights of the rows' class numbers,
or for soft labels by the number of rows. This is PyTorch's cross_entropy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.errors import ModelError, ShapeError
from graphlab.messages import tr
from graphlab.ops.base import Array, Attr, Shape
from graphlab.ops.sums import total

CHOICES = {
    "weight": Attr(None, kind="numbers", help="one number for each class; none: 1 each", optional=True),
    "ignore_index": Attr(None, kind="integer", help="rows with this class number are left out", optional=True),
    "label_smoothing": Attr(0.0, help="the share of a label that is spread evenly over all classes"),
}


def is_soft(x: Shape, t: Shape) -> bool:
    """Whether the labels are a number for each class, not class numbers."""
    return len(t) == len(x)


def is_plain(weight: Any = None, ignore_index: Any = None, label_smoothing: float = 0.0) -> bool:
    """Whether the labels are taken as they are."""
    return weight is None and ignore_index is None and not label_smoothing


def check_choices(
    shapes: Sequence[Shape], weight: Any = None, ignore_index: Any = None, label_smoothing: float = 0.0
) -> None:
    """Raises ShapeError or ModelError for weights of other classes and the like."""
    x, t = shapes
    if weight is not None and len(weight) != x[-1]:
        message = tr(
            "weight has {n} numbers but the last axis has {classes} classes; give one number for each class",
            n=len(weight), classes=x[-1],
        )  # fmt: skip
        raise ShapeError(message)
    for k, one in enumerate(weight or ()):
        if not 0 <= one < math.inf:
            raise ModelError(tr("weight[{k}] is {value} but must be 0 or more, and finite", k=k, value=one))
    if not 0 <= label_smoothing <= 1:
        raise ModelError(tr("label_smoothing is {value} but must be from 0 to 1", value=label_smoothing))
    if ignore_index is not None and is_soft(x, t):
        message = tr(
            "ignore_index is for class numbers, but t has a number for each class, shape {t}; give those rows the "
            "labels 0 instead", t=t,
        )  # fmt: skip
        raise ModelError(message)


@dataclass(frozen=True, slots=True)
class Targets:
    """q: (…, C). slope: ∂q/∂t, class by class. over: what the sum over all rows is divided by. ignored: (…), or None
    where no row can be."""

    q: Array
    slope: Array
    over: Array
    ignored: Array | None

    def loss(self, log_p: Array) -> Array:
        """−Σ q log p, divided; a q of 0 leaves its log p out, even −∞. NaN where every row is ignored: 0 / 0."""
        products = np.multiply(self.q, log_p, out=np.zeros_like(log_p), where=self.q != 0)
        return -total(products) / self.over

    def share(self, g: Array, parts: Array) -> Array:
        """The upstream gradient times each row's parts, divided; 0 in ignored rows, even where all are."""
        out = parts * (g / self.over)
        if self.ignored is not None:
            out[self.ignored] = 0
        return out


def targets(
    x: Array, t: Array, labels: Array | None, reduction: str,
    weight: Any = None, ignore_index: Any = None, label_smoothing: float = 0.0,
) -> Targets:  # fmt: skip
    """labels: t as class numbers that fit, an ignored one being any; None for soft labels."""
    classes, dtype = x.shape[-1], x.dtype
    each = np.ones(classes, dtype) if weight is None else np.asarray(weight, dtype)
    over, ignored = dtype.type(math.prod(x.shape[:-1])), None
    if labels is None:
        t = np.asarray(t, dtype)
    else:
        kept = np.ones(x.shape[:-1], dtype)
        if ignore_index is not None:
            ignored = np.asarray(t) == ignore_index
            kept = np.asarray(~ignored, dtype)
        over = total(each[labels] * kept.reshape(-1))
        rows = np.zeros((len(labels), classes), dtype)
        rows[np.arange(len(labels)), labels] = 1
        t = rows.reshape(x.shape)
        each = each * kept[..., None]
    q = each * (t * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else t)
    return Targets(q, each * dtype.type(1 - label_smoothing), over if reduction == "mean" else dtype.type(1), ignored)


@dataclass(frozen=True, slots=True)
class Texts:
    """The same in formulas. sum_of_q: row by row, empty where it is 1; over: the division that a mean ends with;
    slope: a factor, empty where it is 1; ignored: which rows are."""

    q: str
    sum_of_q: str
    over: str
    slope: str
    ignored: str

    def shared(self, parts: str) -> str:
        """A chain rule: the upstream gradient times each row's parts, divided; 0 in ignored rows."""
        whole = f"upstream * {parts}{self.over}"
        return f"where({self.ignored}, 0, {whole})" if self.ignored else whole


def texts(
    shapes: Sequence[Shape], slot: str, reduction: str,
    weight: Any = None, ignore_index: Any = None, label_smoothing: float = 0.0,
) -> Texts:  # fmt: skip
    """For a loss whose first slot is called `slot`."""
    soft, weighted = is_soft(*shapes), weight is not None
    label = q = "t" if soft else f"one_hot(t, {slot})"
    if label_smoothing:
        q = f"((1 - label_smoothing) * {label} + label_smoothing / count({slot}, axis=-1))"
    if weighted:
        q, label = f"weight * {q}", f"weight * {label}"
    total = f"sum({q}, axis=-1, keepdims=true)" if soft or weighted else ""
    over = f"batch({slot})" if soft or not weighted else f"sum({label})"
    if ignore_index is not None:
        q = f"{q} * column(t != ignore_index)"
        over = f"sum({label} * column(t != ignore_index))" if weighted else "sum(t != ignore_index)"
    slope = (" * (1 - label_smoothing)" if label_smoothing else "") + (" * weight" if weighted else "")
    ignored = "" if ignore_index is None else "column(t == ignore_index)"
    return Texts(q, total, f" / {over}" if reduction == "mean" else "", slope, ignored)
