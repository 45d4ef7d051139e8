"""How values given by a user become arrays and a leaf's attributes: dtypes, shapes, initialisers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlab.errors import DataError, MemoryLimitError, ModelError
from graphlab.messages import did_you_mean, tr
from graphlab.state import check_init, frozen

DTYPES = ("float64", "float32", "int64", "int32", "bool")
FLOATS = ("float64", "float32")
MAX_AXES = 32  # as many as numpy has


def leaf_attrs(
    name: str,
    value: Any,
    shape: Sequence[int] | None,
    init: str | None,
    dtype: str | None,
    options: Mapping[str, Any],
    default: str,
) -> dict[str, Any]:
    """A leaf's attributes, checked: its value, or its shape and initialiser. default: the graph's float dtype.

    Raises DataError for a value that is no array of numbers, ModelError or MemoryLimitError for the rest.
    """
    if value is not None:
        if shape is not None or init is not None or options:
            raise ModelError(tr("'{name}' has both a value and an initialiser; give one of them", name=name))
        array = array_of(value, dtype, name, default)
        return {"value": array, "shape": array.shape, "dtype": array.dtype.name}
    if shape is None:
        raise ModelError(tr("'{name}' needs a value or a shape", name=name))
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 0 for n in shape):
        message = tr("'{name}': shape is {shape} but must be whole numbers, 0 or more", name=name, shape=list(shape))
        raise ModelError(message)
    if len(shape) > MAX_AXES:
        message = tr("'{name}' has {got} axes; at most {n} are possible", name=name, got=len(shape), n=MAX_AXES)
        raise ModelError(message)
    if math.prod(max(int(n), 1) for n in shape) >= 2**60:
        message = tr("'{name}' has shape {shape}, more than any memory holds; make it smaller",
                     name=name, shape=list(shape))  # fmt: skip
        raise MemoryLimitError(message)
    init = init or "zeros"
    check_init(init, options, tuple(shape))
    dtype = checked_dtype(dtype or default)
    return {"shape": tuple(int(n) for n in shape), "dtype": dtype, "init": init, **options}


def array_of(value: Any, dtype: str | None, name: str, default: str) -> np.ndarray:
    """A value as an array: numpy's integers and booleans stay what they are, all else takes the default."""
    check_unmasked(value, name)
    given = value.dtype.kind if isinstance(value, np.ndarray | np.generic) else ""
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        message = tr("'{name}': the rows of the value have different lengths; make them equal", name=name)
        raise DataError(message) from None
    if isinstance(value, int) and array.dtype.kind == "O":
        message = tr(
            "'{name}' is an integer that does not fit in 64 bits; write a smaller one, or a float such as 1e20",
            name=name,
        )
        raise DataError(message)
    if array.dtype.kind not in "fiub":
        raise DataError(tr("'{name}' is not a number or a nested list of numbers", name=name))
    if dtype is None:
        dtype = array.dtype.name if given in ("i", "u", "b") else default
        dtype = "int64" if dtype not in DTYPES else dtype
    return convert(array, checked_dtype(dtype), name)


def check_unmasked(value: Any, name: str) -> None:
    """Raises DataError for a masked array: the numbers below its mask would be taken for data."""
    if isinstance(value, np.ma.MaskedArray):
        message = tr("'{name}' is a masked array, whose mask would be lost; give its filled(…) values", name=name)
        raise DataError(message)


def convert(array: np.ndarray, dtype: str, name: str) -> np.ndarray:
    """The array in this dtype, read-only. Raises DataError where numbers would be lost."""
    if array.dtype == dtype:
        return frozen(array)
    if dtype not in FLOATS:
        if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.floor(array)).all()):
            raise DataError(
                tr("'{name}' has numbers that are not whole, but its dtype is {dtype}", name=name, dtype=dtype)
            )
        info = np.iinfo(dtype) if dtype != "bool" else np.iinfo("uint8")
        low, high = (0, 1) if dtype == "bool" else (info.min, info.max)
        if array.size and (array.min() < low or array.max() > high):
            message = tr(
                "'{name}' has numbers outside {low} … {high}, the range of {dtype}",
                name=name,
                low=low,
                high=high,
                dtype=dtype,
            )
            raise DataError(message)
    with np.errstate(over="ignore"):
        return frozen(array.astype(dtype))


def checked_dtype(dtype: str) -> str:
    """The dtype, if it is one of ours. Raises ModelError with a "did you mean"."""
    if dtype not in DTYPES:
        listed = ", ".join(DTYPES)
        hint = did_you_mean(str(dtype), DTYPES)
        raise ModelError(
            tr("unknown dtype '{dtype}'{hint}; there are: {listed}", dtype=dtype, hint=hint, listed=listed)
        )
    return dtype
