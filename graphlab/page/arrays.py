"""The arrays of a page: each once; a large one as its summary and a histogram."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Any

import numpy as np

from graphlab.base.numbers import shortest, summarise
from graphlab.storyboard import Array

LARGE = 256  # numbers, from where on an array is only summarised
BINS = 24


class Arrays:
    """Gives each array a place. full: no array is too large."""

    def __init__(self, full: bool = False) -> None:
        self.full = full
        self.all: list[Array] = []
        self._places: dict[tuple[object, ...], int] = {}

    def place(self, value: Any) -> int | None:
        """The array's place; None of None."""
        if value is None:
            return None
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, blake2b(array.tobytes()).digest())
        if key not in self._places:
            self._places[key] = len(self.all)
            self.all.append(self._array(array))
        return self._places[key]

    def _array(self, array: np.ndarray) -> Array:
        if self.full or array.size <= LARGE:
            return Array(array.shape, tuple(shortest(array).ravel().tolist()))
        s = summarise(array)
        names = ("mean", "std", "min", "max", "rms", "nan", "inf", "zero")
        return Array(array.shape, None, {name: getattr(s, name) for name in names}, histogram(array))


def histogram(array: Any) -> tuple[float, float, tuple[int, ...]] | None:
    """Lowest, highest and how many of the finite numbers fall in each of 24 equal parts; None where there are none.

    >>> histogram([0.0, 1.0, 1.0, float("nan")])[2][0::23]
    (1, 2)
    """
    flat = np.asarray(array, np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return None
    low, high = float(flat.min()), float(flat.max())
    if not math.isfinite(high - low):
        return None
    counts, _ = np.histogram(flat, bins=BINS, range=(low, high if high > low else low + 1.0))
    return low, high, tuple(counts.tolist())
