"""Sums that keep their digits: float32 is added up in float64, and what is centred is shifted first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # a numpy array or numpy scalar
Axis = int | tuple[int, ...] | None
add: Any = np.add.reduce  # np.sum without the Python around it
FAR = 1e4  # the square of how many times a mean may be larger than the deviations before it costs digits


def wide(x: Array) -> Array:
    """float32 as float64, in which sums of it and what they cancel keep all its digits; anything else as it is."""
    return x.astype(np.float64) if x.dtype == np.float32 else x


def narrow(y: Array, dtype: np.dtype) -> Array:
    """What was computed for x of this dtype, widened, in x's own."""
    return y.astype(dtype, copy=False) if dtype == np.float32 else y


def total(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x over the axes, in x's dtype; numpy's own sum of 10,000 float32 down a column may lose three of its digits.

    >>> float(total(np.float32([1e8, 1.0, -1e8])))
    1.0
    """
    if x.dtype == np.float32:
        return add(x, axis=axis, keepdims=keepdims, dtype=np.float64).astype(np.float32)
    return add(x, axis=axis, keepdims=keepdims)


def average(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x / n over the axes, in x's dtype where that is a float; NaN of nothing."""
    n = count(x, axis)
    if x.dtype == np.float32:
        return (add(x, axis=axis, keepdims=keepdims, dtype=np.float64) / n).astype(np.float32)
    return add(x, axis=axis, keepdims=keepdims) / n


def count(x: Array, axis: Axis = None) -> int:
    """How many elements are averaged.

    >>> count(np.zeros((4, 3, 2)), (0, -1))
    8
    """
    shape = np.shape(x)
    return math.prod(shape if axis is None else [shape[i] for i in ((axis,) if isinstance(axis, int) else axis)])


def centred(x: Array, axis: Axis = None) -> tuple[Array, Array, Array]:
    """The mean over the axes, which are kept, x less the mean, and the mean of its squares.

    Where the mean is far larger than the deviations, or they are all 0, the first element is taken off before the mean
    is, so that no digit is lost and elements that are all the same are exactly 0 (shifted data: Chan, Golub and LeVeque
    1983).

    >>> centred(np.array([1e16, 1e16 + 2, 1e16 + 4]), 0)[1].tolist()
    [-2.0, 0.0, 2.0]
    """
    n = count(x, axis)
    mean = add(x, axis=axis, keepdims=True) / n
    rest = x - mean
    var = add(rest * rest, axis=axis, keepdims=True) / n
    if (mean * mean > FAR * var).any():
        first = x[_first(np.ndim(x), axis)]
        rest = np.subtract(x, first, dtype=mean.dtype)
        shift = add(rest, axis=axis, keepdims=True) / n
        rest -= shift
        mean, var = first + shift, add(rest * rest, axis=axis, keepdims=True) / n
    return mean, rest, var


def _first(ndim: int, axis: Axis) -> tuple[slice, ...]:
    """The index of the first element along these axes, which are kept."""
    axes = range(ndim) if axis is None else [i % ndim for i in ((axis,) if isinstance(axis, int) else axis)]
    return tuple(slice(0, 1) if i in axes else slice(None) for i in range(ndim))
