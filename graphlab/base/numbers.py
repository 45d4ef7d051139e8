"""How numbers, shapes and arrays are written: one way, everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.messages import tr

MISSING = "–"
TINY = 1e-280  # below it a sum of squares has lost digits
TOGETHER = 4096  # elements of an array, and arrays, up to which many are measured at once
NOISE = 1e-15  # of the mean: a deviation below it is what rounding left of equal numbers
CANCELLED = 1e-14  # of the RMS: a mean below it is what rounding left of a sum that is 0
FULL = 4  # arrays up to this many rows and columns are printed whole


def number(value: Any, precision: int = 4) -> str:
    """`precision` significant digits, no trailing zeros; NaN, Inf and -Inf as words.

    >>> number(0.73105857863), number(-3.0), number(0.00012345), number(123456.0), number(float("-inf"))
    ('0.7311', '-3', '0.0001234', '123456', '-Inf')
    >>> number(1.5e-9), number(2**40), number(217.0, 2)
    ('1.5e-9', '1099511627776', '220')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, int | np.integer):
        return str(int(value))
    value = float(shortest(value)) if getattr(value, "dtype", None) == np.float32 else float(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    if precision > 15:  # no more digits than bring the same number back
        precision = next((n for n in (15, 16) if n < precision and float(f"{value:.{n}g}") == value), precision)
    if 1e4 <= abs(value) < 1e6:  # whole rather than with an exponent
        return f"{value:.0f}" if precision < 7 else f"{value:.{precision}g}"
    text = f"{value:.{precision}g}"
    if "e" in text and 1 <= abs(value) < 1e4:  # fewer digits asked for than stand before the point
        return f"{float(text):.0f}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa}e{int(exponent)}"
    return text


def shortest(array: Any, dtype: str = "float64") -> Any:
    """The array in which each float32 is the float64 that its shortest text is read as; any other array as it is.

    dtype: float32 where a float64, such as a Python float, holds what was a float32.

    >>> float(np.float32(0.1)), shortest(np.float32(0.1)).tolist(), shortest(float(np.float32(0.1)), "float32").tolist()
    (0.10000000149011612, 0.1, 0.1)
    """
    array = np.asarray(array)
    if array.dtype == np.float64 and dtype == "float32":
        with np.errstate(all="ignore"):
            narrow = array.astype(np.float32)
        if not np.array_equal(narrow, array, equal_nan=True):  # a mean, a norm: never was one
            return array
        array = narrow
    if array.dtype != np.float32:
        return array
    return np.array([float(str(x)) for x in array.ravel()], dtype=np.float64).reshape(array.shape)


def signed(value: Any, precision: int = 4) -> str:
    """A number as a factor or a term: in brackets where it is negative.

    >>> signed(-1.0), signed(2.0)
    ('(-1)', '2')
    """
    text = number(value, precision)
    return f"({text})" if text.startswith("-") else text


def shape_text(shape: tuple[int, ...]) -> str:
    """4×3; a scalar has none.

    >>> shape_text((4, 3)), shape_text(())
    ('4×3', 'scalar')
    """
    return "×".join(map(str, shape)) if shape else tr("scalar")


@dataclass(frozen=True, slots=True)
class Summary:
    """An array in few numbers, of its finite elements; counts of the others.

    rms: root of the mean square, the size used for attenuation; NaN where an element is not finite.
    """

    size: int
    mean: float
    std: float
    min: float
    max: float
    rms: float
    nan: int = 0
    inf: int = 0
    zero: int = 0


def summarise(array: Any) -> Summary:
    """Mean, standard deviation, extremes and RMS of an array, with NaN, Inf and zeros counted.

    >>> s = summarise(np.array([3.0, 4.0, 0.0, np.nan]))
    >>> s.max, s.nan, s.zero
    (4.0, 1, 1)
    """
    flat = np.asarray(array, dtype=np.float64).ravel()
    size = flat.size
    if size == 0:
        return Summary(0, math.nan, math.nan, math.nan, math.nan, math.nan)
    nan = inf = 0
    unit = 1.0
    with np.errstate(all="ignore"):
        square = float(flat @ flat)
        rms = math.sqrt(square / size) if square >= 0 else math.nan
        if not math.isfinite(square) or (square < TINY and flat.any()):
            finite = flat[np.isfinite(flat)]
            nan = int(np.isnan(flat).sum())
            inf = size - nan - finite.size
            # tiny or huge elements: their squares leave the range of a float64, their sizes do not
            peak = float(np.max(np.abs(finite), initial=0.0))
            unit = math.ldexp(1.0, math.frexp(peak)[1] - 1)  # a power of two: dividing by it is exact
            scaled = finite / unit
            rms = math.nan if nan else math.inf if inf else unit * math.sqrt(float(scaled @ scaled) / size)
            flat = finite
            if flat.size == 0:
                return Summary(size, math.nan, math.nan, math.nan, math.nan, rms, nan, inf)
        scaled = flat / unit
        mean = float(scaled.sum()) / flat.size
        centred = scaled - mean
        std = math.sqrt(float(centred @ centred) / flat.size)
        return Summary(
            size,
            unit * mean,
            unit * std,
            float(flat.min()),
            float(flat.max()),
            rms,
            nan,
            inf,
            size - int(np.count_nonzero(flat)) - nan - inf,
        )


def summarise_all(arrays: Sequence[Any]) -> list[Summary | None]:
    """`summarise` of each array, None of None; arrays of one size are measured together, which is much faster.

    >>> summarise_all([np.array([3.0, 4.0]), None])[0] == summarise([3.0, 4.0])
    True
    """
    out: list[Summary | None] = [None] * len(arrays)
    by_size: dict[int, list[int]] = {}
    for i, array in enumerate(arrays):
        if array is not None:
            by_size.setdefault(np.size(array), []).append(i)
    for size, places in by_size.items():
        if len(places) < 4 or not 0 < size <= TOGETHER:
            for i in places:
                out[i] = summarise(arrays[i])
            continue
        for start in range(0, len(places), TOGETHER):
            chunk = places[start : start + TOGETHER]
            rows = np.array([np.ravel(arrays[i]) for i in chunk], dtype=np.float64)
            for i, summary in zip(chunk, _summaries(rows), strict=True):
                out[i] = summarise(arrays[i]) if summary is None else summary
    return out


def rms_all(arrays: Sequence[Any]) -> list[float]:
    """Root of the mean square of each array, as `summarise` has it; 0 of an empty one, which is never a large one.

    >>> rms_all([np.array([3.0, 4.0, 0.0, 0.0]), np.float64(-2.0), np.zeros(0)])
    [2.5, 2.0, 0.0]
    """
    arrays = [np.asarray(array) for array in arrays]
    sizes = [array.size for array in arrays]
    places = [i for i, size in enumerate(sizes) if 0 < size <= TOGETHER]
    out = [math.nan if size else 0.0 for size in sizes]
    for i, size in enumerate(sizes):
        if size > TOGETHER:
            out[i] = summarise(arrays[i]).rms
    if not places:
        return out
    counts = np.array([sizes[i] for i in places])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    with np.errstate(all="ignore"):
        flat = np.concatenate([arrays[i].ravel() for i in places]).astype(np.float64, copy=False)
        peak = np.maximum.reduceat(np.abs(flat), starts)
        unit = np.ldexp(1.0, np.frexp(peak)[1] - 1)  # as in summarise: no square leaves the range of a float64
        scaled = flat / np.repeat(unit, counts)
        rms = unit * np.sqrt(np.add.reduceat(scaled * scaled, starts) / counts)
    found: list[float] = np.where(np.isfinite(peak), rms, peak).tolist()
    if len(places) == len(out):
        return found
    for i, value in zip(places, found, strict=True):
        out[i] = value
    return out


def _summaries(rows: np.ndarray) -> list[Summary | None]:
    """A summary a row; None for a row that is not all finite."""
    size = rows.shape[1]
    with np.errstate(all="ignore"):
        low, high = rows.min(axis=1), rows.max(axis=1)
        peak = np.maximum(np.abs(low), np.abs(high))
        unit = np.ldexp(1.0, np.frexp(peak)[1] - 1)  # as in summarise: no square leaves the range of a float64
        scaled = rows / unit[:, None]
        mean = scaled.sum(axis=1) / size
        centred = scaled - mean[:, None]
        std = np.sqrt(np.einsum("ij,ij->i", centred, centred) / size)
        rms = np.sqrt(np.einsum("ij,ij->i", scaled, scaled) / size)
        columns = (unit * mean, unit * std, low, high, unit * rms)
    zero = size - np.count_nonzero(rows, axis=1)
    return [
        Summary(size, m, s, lo, hi, r, zero=z) if ok else None
        for ok, z, m, s, lo, hi, r in zip(
            np.isfinite(peak).tolist(), zero.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def summary_text(s: Summary, precision: int = 3) -> str:
    """μ 0.11 σ 0.93 · -2.1 … 2.4, and how many NaN and Inf.

    >>> summary_text(summarise(np.arange(5.0)))
    'μ 2 σ 1.41 · 0 … 4'
    >>> summary_text(summarise([-1.0, 1.0, 1e-17]))
    'μ 0 σ 0.816 · -1 … 1'
    """
    std = s.std if abs(s.std) > NOISE * abs(s.mean) else 0.0
    mean = s.mean if not abs(s.mean) < CANCELLED * s.rms else 0.0
    parts = [] if math.isnan(s.mean) else [
        f"μ {number(mean, precision)} σ {number(std, precision)}",
        f"{number(s.min, precision)} … {number(s.max, precision)}",
    ]  # fmt: skip
    return " · ".join(parts + not_finite(s))


def not_finite(s: Summary) -> list[str]:
    """What to warn of: 3 NaN, 1 Inf."""
    return [f"{count} {what}" for count, what in ((s.nan, "NaN"), (s.inf, "Inf")) if count]


def is_small(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is printed whole: up to 4×4."""
    return len(shape) <= 2 and all(n <= FULL for n in shape)


def matrix_lines(array: Any, precision: int = 4, full: int = FULL) -> list[str]:
    """Rows of aligned numbers; of an array with more than `full` rows or columns its corner, with … for the rest.

    >>> matrix_lines(np.array([[1.0, -0.5], [0.25, 10.0]]))
    ['[ 1     -0.5 ]', '[ 0.25  10   ]']
    """
    array = np.asarray(array)
    while array.ndim > 2:
        array = array[0]
    rows = array.reshape(1, -1) if array.ndim < 2 else array
    corner = rows[:full, :full]
    cells = [[number(v, precision) for v in row] for row in shortest(corner).tolist()]
    if rows.shape[1] > full:
        cells = [[*row, "…"] for row in cells]
    aligned = _aligned(cells)
    if rows.shape[0] > full:
        aligned.append("[ … ]")
    return aligned


def _aligned(cells: list[list[str]]) -> list[str]:
    """Each column's numbers with their decimal points under one another."""
    columns = []
    for column in zip(*cells, strict=True):
        heads = [text.partition(".")[0] for text in column]
        tails = [text[len(head) :] for text, head in zip(column, heads, strict=True)]
        head_width, tail_width = max(map(len, heads)), max(map(len, tails))
        columns.append([h.rjust(head_width) + t.ljust(tail_width) for h, t in zip(heads, tails, strict=True)])
    return ["[ " + "  ".join(row) + " ]" for row in zip(*columns, strict=True)] if columns else ["[ ]"]
