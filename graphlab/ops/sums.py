"""Sums that keep their digits: float32 is added up in float64, and what is centred is shifted first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # a numpy array or numpy scalar
Axis = int | tuple[int, ...] | None


def wide(x: Array) -> Array:
    """float32 as float64, in which sums of it and what they cancel keep all its digits; anything else as it is."""
    return x.astype(np.float64) if np.asarray(x).dtype == np.float32 else x


def narrow(y: Array, dtype: np.dtype) -> Array:
    """What was computed for x of this dtype, widened, in x's own."""
    return y.astype(dtype, copy=False) if dtype == np.float32 else y


def total(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x over the axes, in x's dtype; numpy's own sum of 10,000 float32 down a column may lose three of its digits.

    >>> float(total(np.float32([1e8, 1.0, -1e8])))
    1.0
    """
    if np.asarray(x).dtype == np.float32:
        return np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64).astype(np.float32)
    return np.sum(x, axis=axis, keepdims=keepdims)


def average(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x / n over the axes, in x's dtype where that is a float; NaN of nothing."""
    n = count(x, axis)
    if np.asarray(x).dtype == np.float32:
        return (np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64) / n).astype(np.float32)
    return np.sum(x, axis=axis, keepdims=keepdims) / n


def count(x: Array, axis: Axis = None) -> int:
    """How many elements are averaged.

    >>> count(np.zeros((4, 3, 2)), (0, -1))
    8
    """
    shape = np.shape(x)
    return math.prod(shape if axis is None else [shape[i] for i in ((axis,) if isinstance(axis, int) else axis)])


def centred(x: Array, axis: Axis = None) -> tuple[Array, Array]:
    """The mean over the axes, which are kept, and x less the mean: exactly 0 where all elements are the same.

    The first element is taken off before the mean is, so that a mean much larger than the deviations costs no digits
    (shifted data: Chan, Golub and LeVeque 1983).

    >>> centred(np.array([1e16, 1e16 + 2, 1e16 + 4]), 0)[1].tolist()
    [-2.0, 0.0, 2.0]
    """
    n = count(x, axis)
    if n == 0:
        mean = average(x, axis, keepdims=True)
        return mean, x - mean
    axes = tuple(range(np.ndim(x))) if axis is None else ((axis,) if isinstance(axis, int) else axis)
    key: list[slice] = [slice(None)] * np.ndim(x)
    for i in axes:
        key[i] = slice(0, 1)
    first = x[tuple(key)]
    rest = np.subtract(x, first, dtype=np.result_type(x, 0.5))
    shift = np.sum(rest, axis=axis, keepdims=True) / n
    rest -= shift
    return first + shift, rest
