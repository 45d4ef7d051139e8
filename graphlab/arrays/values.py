"""How values given by a user become arrays and a leaf's attributes: dtypes, shapes, initialisers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlab.arrays.state import check_init, frozen
from graphlab.errors import DataError, MemoryLimitError, ModelError
from graphlab.messages import did_you_mean, tr

DTYPES = ("float64", "float32", "int64", "int32", "bool")
FLOATS = ("float64", "float32")
RANGES: dict[str, tuple[int, int]] = {"int64": (-(2**63), 2**63 - 1), "int32": (-(2**31), 2**31 - 1), "bool": (0, 1)}
FLOAT32_OVERFLOW = 2.0**128 - 2.0**103  # from here on the nearest float32 is infinite
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
    for option, given in options.items():
        if isinstance(given, int | float) and overflows(given, dtype):
            raise ModelError(tr("'{name}': {key} {number} {why}",
                                name=name, key=option, number=str(given), why=too_large(dtype)))  # fmt: skip
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
    if array.dtype.kind == "O" and array.size and all(isinstance(item, int | float) for item in array.ravel()):
        message = tr(
            "'{name}' has an integer that does not fit in 64 bits; write a smaller one, or a float such as 1e20",
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
    """The array in this dtype, read-only. Raises DataError where numbers would be lost; fractions are rounded.

    >>> convert(np.array([1e39]), "float32", "p")
    Traceback (most recent call last):
    graphlab.errors.DataError: 'p': 1e+39 at [0] is too large for a float32, whose largest is 3.4028235e+38
    """
    if array.dtype == dtype:
        return frozen(array)
    if dtype in FLOATS:
        with np.errstate(over="ignore"):
            out = array.astype(dtype)
        if array.dtype.kind == "f" and array.dtype.itemsize > out.dtype.itemsize:
            _refuse(np.isinf(out) & np.isfinite(array), array, name, too_large(dtype))
        return frozen(out)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.floor(array)).all()):
        raise DataError(tr("'{name}' has numbers that are not whole, but its dtype is {dtype}", name=name, dtype=dtype))
    low, high = RANGES[dtype]
    if array.dtype.kind == "f":  # as floats: 2**63 - 1 would be rounded up to one more than there may be
        _refuse((array < float(low)) | (array >= float(high + 1)), array, name, out_of_range(dtype))
    elif array.size and not low <= int(array.min()) <= int(array.max()) <= high:
        _refuse((array < low) | (array > high), array, name, out_of_range(dtype))
    return frozen(array.astype(dtype))


def _refuse(bad: np.ndarray, array: np.ndarray, name: str, why: str) -> None:
    """Raises DataError that names the first bad number."""
    if not bad.any():
        return
    index = tuple(map(int, np.argwhere(bad)[0]))
    place = tr(" at {index}", index=str(list(index))) if index else ""
    raise DataError(tr("'{name}': {number}{place} {why}", name=name, number=str(array[index]), place=place, why=why))


def out_of_range(dtype: str) -> str:
    """What is wrong with a whole number that is too small or too large."""
    low, high = RANGES[dtype]
    return tr("is outside {dtype}'s range, {low} … {high}", dtype=dtype, low=low, high=high)


def too_large(dtype: str) -> str:
    """What is wrong with a number that would become infinite."""
    return tr("is too large for a {dtype}, whose largest is {largest}", dtype=dtype, largest=str(np.finfo(dtype).max))


def overflows(value: float, dtype: str) -> bool:
    """Whether a finite number would become infinite in this dtype.

    >>> overflows(3.4028235e38, "float32"), overflows(-1e39, "float32"), overflows(float("inf"), "float32")
    (False, True, False)
    """
    return dtype == "float32" and FLOAT32_OVERFLOW <= abs(value) < math.inf


def checked_dtype(dtype: str) -> str:
    """The dtype, if it is one of ours. Raises ModelError with a "did you mean"."""
    if dtype not in DTYPES:
        listed = ", ".join(DTYPES)
        hint = did_you_mean(str(dtype), DTYPES)
        raise ModelError(
            tr("unknown dtype '{dtype}'{hint}; there are: {listed}", dtype=dtype, hint=hint, listed=listed)
        )
    return dtype
