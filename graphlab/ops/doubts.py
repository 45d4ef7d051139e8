"""What is hardly meant in the numbers that an op is given: each function says it, or nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError
from graphlab.messages import tr
from graphlab.ops.sums import count, total

SUM = 0.015  # how far a row of probabilities may be from adding up to 1: two digits are often written by hand
ROUNDING = 1e-6  # how far beyond 0 and 1 rounding may put a number


def entry(slot: str, position: Sequence[int]) -> str:
    """An element by its place: p[0, 2], or p itself."""
    return f"{slot}[{', '.join(map(str, position))}]" if len(position) else slot


def _first(wrong: Any) -> tuple[int, ...] | None:
    found = np.argwhere(wrong)
    return tuple(int(i) for i in found[0]) if len(found) else None


def _outside(x: Any) -> tuple[int, ...] | None:
    """Where the first finite number outside 0 … 1 stands."""
    x = np.asarray(x)
    return _first(np.isfinite(x) & ((x < -ROUNDING) | (x > 1 + ROUNDING)))


def binary_probabilities(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of bce. Raises DataError for a p outside 0 … 1, where nothing clips it."""
    p = np.asarray(primals[0])
    if not (attrs.get("clip") or attrs.get("eps")) and (at := _outside(p)) is not None:
        message = tr(
            "{entry} is {value} but a probability is from 0 to 1; for logits use bce_with_logits, or give sigmoid of "
            "them", entry=entry("p", at), value=p[at],
        )  # fmt: skip
        raise DataError(message)
    return binary_labels(primals, attrs)


def binary_labels(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of bce and bce_with_logits."""
    t = np.asarray(primals[1])
    if (at := _outside(t)) is None:
        return mean_of_nothing(primals, attrs)
    text = tr("{entry} is {value} but labels of two classes are from 0 to 1", entry=entry("t", at), value=t[at])
    return text + (tr("; of labels -1 and 1 make (t + 1) / 2") if t[at] == -1 else "")


def no_rows(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of softmax_cross_entropy and the losses that are its end."""
    counts = _counts(primals, attrs)
    if attrs.get("reduction", "mean") != "mean" or counts.any():
        return ""
    if not counts.size:
        return mean_of_nothing(primals, {})
    return tr("every row has the class number that ignore_index leaves out, {index}, so the mean is 0 / 0, NaN",
              index=attrs["ignore_index"])  # fmt: skip


def _counts(primals: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    """Which rows are not ignored."""
    index = attrs.get("ignore_index")
    return np.ones(np.shape(primals[0])[:-1], bool) if index is None else np.asarray(primals[1]) != index


def rows_of_probabilities(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of cross_entropy."""
    p = np.asarray(primals[0])
    if not np.isfinite(p).all():
        return ""  # not finite numbers are another finding
    counts = _counts(primals, attrs)
    remedy = tr("for logits use softmax_cross_entropy")
    if (at := _first((p < -ROUNDING) & counts[..., None])) is not None:
        return tr("{entry} is {value}, which is no probability; {remedy}", entry=entry("p", at), value=p[at],
                  remedy=remedy)  # fmt: skip
    rows = np.asarray(total(p, -1))
    if (at := _first((np.abs(rows - 1) > SUM) & counts)) is not None:
        return tr("{entry} adds up to {value:.4g}, but a row of probabilities adds up to 1; {remedy}",
                  entry=entry("p", at), value=float(rows[at]), remedy=remedy)  # fmt: skip
    return no_rows(primals, attrs)


def log_probabilities(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of nll."""
    x = np.asarray(primals[0])
    at = _first(np.isfinite(x) & (x > ROUNDING) & _counts(primals, attrs)[..., None])
    if at is None:
        return no_rows(primals, attrs)
    likely = _outside(x) is None and bool(np.all(np.abs(total(x, -1) - 1) <= SUM))
    remedy = tr("these are probabilities: use cross_entropy") if likely else tr("for logits use softmax_cross_entropy")
    return tr("{entry} is {value}, but log-probabilities are at most 0; {remedy}", entry=entry("x", at), value=x[at],
              remedy=remedy)  # fmt: skip


def mean_of_nothing(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of mean and the losses that are one."""
    x, shape = primals[0], np.shape(primals[0])
    if attrs.get("reduction", "mean") != "mean" or (np.size(x) and count(x, attrs.get("axis"))):
        return ""
    if "axis" in attrs and 0 in [n for i, n in enumerate(shape) if i not in _axes(attrs["axis"], len(shape))]:
        return ""  # the result is empty too
    return tr("x is {shape}: the mean of no elements is 0 / 0, NaN; feed a non-empty x", shape=shape)


def _axes(axis: Any, ndim: int) -> list[int]:
    if axis is None:
        return list(range(ndim))
    return [i % ndim for i in ((axis,) if isinstance(axis, int) else axis)]


def too_few_for_a_variance(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of var."""
    n, ddof = count(primals[0], attrs["axis"]), attrs["ddof"]
    if n != ddof:
        return ""
    if n > 1:  # of several numbers, which need not be alike: not 0 / 0
        text = (
            "n − ddof is 0 (n is {n}, ddof is {ddof}), so the variance divides by 0; lower ddof or feed more elements"
        )
        return tr(text, n=n, ddof=ddof)
    text = "n − ddof is 0 (n is {n}, ddof is {ddof}), so the variance is 0 / 0, NaN; lower ddof or feed more elements"
    return tr(text, n=n, ddof=ddof)


def one_feature(primals: Sequence[Any], attrs: Mapping[str, Any]) -> str:
    """Of layernorm."""
    if np.shape(primals[0])[-1:] != (1,) or math.prod(np.shape(primals[0])) == 0:
        return ""
    return tr("each row has one feature, which is its own mean: every output is beta and no gradient passes")


def fitting(slots: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    """How the target's shape is made that of the prediction, where they differ by axes of length 1 or in their order.

    >>> fitting(("x", "t"), ((3, 1), (3,)))
    'x has an axis of length 1 too many: write reshape(x, shape=[3]) for x'
    """
    x, t = shapes[:2]
    if x == t or [n for n in x if n != 1] != [n for n in t if n != 1]:
        return ""
    if len(x) == len(t):
        return tr("they differ in where the axes of length 1 stand: write reshape({t}, shape={shape}) for {t}",
                  t=slots[1], shape=list(x))  # fmt: skip
    slot, shape = (slots[0], t) if len(x) > len(t) else (slots[1], x)
    more = abs(len(x) - len(t))
    text = "{slot} has an axis of length 1 too many: write reshape({slot}, shape={shape}) for {slot}"
    many = "{slot} has {n} axes of length 1 too many: write reshape({slot}, shape={shape}) for {slot}"
    return tr(text, slot=slot, shape=list(shape)) if more == 1 else tr(many, slot=slot, n=more, shape=list(shape))
