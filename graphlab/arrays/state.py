"""State: the arrays a graph keeps between runs, by name; and the initialisers that make the first one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphlab.errors import DataError, ModelError
from graphlab.messages import did_you_mean, tr

INITIALISERS: dict[str, tuple[str, ...]] = {
    "zeros": (),
    "ones": (),
    "normal": ("mean", "std"),
    "uniform": ("low", "high"),
    "xavier": ("distribution",),
    "he": ("distribution",),
}
NAMED = 8  # arrays that a state names in a REPL
ZERO_ROW = "zero_row"  # an option of all of them
OPTIONS = (*dict.fromkeys(option for options in INITIALISERS.values() for option in options), ZERO_ROW)


class State(Mapping[str, np.ndarray]):
    """Parameters and running statistics, immutable: `replace` gives a new one. Raises DataError for other than numbers.

    >>> s = State({"w": np.array([1.0, 2.0])})
    >>> s.replace({"w": np.array([3.0, 4.0])})["w"].tolist(), s["w"].tolist()
    ([3.0, 4.0], [1.0, 2.0])
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = {name: frozen(value) for name, value in arrays.items()}
        for name, array in self._arrays.items():
            if array.dtype.kind not in "fiub":
                message = tr("the state's '{name}' holds {dtype}, not real numbers", name=name, dtype=array.dtype)
                raise DataError(message)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        more = f", … {len(self._arrays) - NAMED} more" if len(self._arrays) > NAMED else ""
        return f"State({', '.join(list(self._arrays)[:NAMED])}{more})"

    def replace(self, arrays: Mapping[str, Any]) -> State:
        """This state with some arrays exchanged. Raises DataError for a name it does not have."""
        for name in arrays:
            if name not in self._arrays:
                hint = did_you_mean(name, self._arrays)
                raise DataError(tr("the state has no array '{name}'{hint}", name=name, hint=hint))
        return State({**self._arrays, **arrays})


def frozen(value: Any) -> np.ndarray:
    """The array, not to be written to; copied only if someone else could."""
    array = np.asarray(value)
    owner = array
    while isinstance(owner.base, np.ndarray):  # a read-only view changes with the array it looks at
        owner = owner.base
    if array.flags.writeable or owner.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def generator(seed: int, name: str, iteration: int = 0) -> np.random.Generator:
    """Randomness by name: adding a node changes no other node's numbers."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(digest, "big"), iteration])


def check_init(init: str, options: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Raises ModelError for an unknown initialiser or an option it does not take."""
    if init not in INITIALISERS:
        hint = did_you_mean(init, INITIALISERS)
        listed = ", ".join(INITIALISERS)
        raise ModelError(
            tr("unknown initialiser '{init}'{hint}; there are: {listed}", init=init, hint=hint, listed=listed)
        )
    for name, value in options.items():
        if name == ZERO_ROW:
            _check_row(value, shape)
            continue
        if name not in INITIALISERS[init]:
            listed = ", ".join(INITIALISERS[init]) or tr("no options")
            message = tr(
                "initialiser '{init}' has no option '{name}'; it takes: {listed}", init=init, name=name, listed=listed
            )
            raise ModelError(message)
        if name == "distribution":
            ok = value in ("normal", "uniform")
            expected = tr("normal or uniform")
        else:
            ok = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            expected = tr("a finite number")
        if ok and name == "std" and value < 0:
            ok, expected = False, tr("0 or more")
        if not ok:
            message = tr(
                "initialiser '{init}': option '{name}' is {value!r} but must be {expected}",
                init=init, name=name, value=value, expected=expected,
            )  # fmt: skip
            raise ModelError(message)
    low, high = options.get("low", 0.0), options.get("high", 1.0)
    if init == "uniform" and low > high:
        message = tr(
            "initialiser 'uniform': low is {low} but must not be more than high, which is {high}", low=low, high=high
        )
        raise ModelError(message)
    if init == "uniform" and not math.isfinite(high - low):
        message = tr(
            "initialiser 'uniform': from {low} to {high} is further than a float64 reaches", low=low, high=high
        )
        raise ModelError(message)


def _check_row(row: Any, shape: tuple[int, ...]) -> None:
    rows = shape[0] if shape else 0
    if not isinstance(row, int) or isinstance(row, bool) or not -rows <= row < rows:
        message = tr("zero_row is {row!r} but must be one of {rows} rows, counted from 0", row=row, rows=rows)
        raise ModelError(message)


def initialise(shape: tuple[int, ...], init: str, options: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """A first value, float64.

    zeros, ones. normal: mean 0, std 1. uniform: low 0, high 1. xavier (Glorot and Bengio 2010): uniform on
    ±√(6 / (fan_in + fan_out)), or distribution: normal with std √(2 / (fan_in + fan_out)). he (He et al. 2015): normal
    with std √(2 / fan_in), or distribution: uniform on ±√(6 / fan_in). The last axis is fan_out, the others fan_in.
    Whichever it is, the row zero_row is 0.

    >>> initialise((2, 2), "ones", {"zero_row": 1}, generator(0, "W")).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    value = _drawn(shape, init, options, rng)
    if ZERO_ROW in options:
        value[options[ZERO_ROW]] = 0
    return value


def _drawn(shape: tuple[int, ...], init: str, options: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    fan_in, fan_out = math.prod(shape[:-1]) if len(shape) > 1 else math.prod(shape), shape[-1] if shape else 1
    match init:
        case "zeros":
            return np.zeros(shape)
        case "ones":
            return np.ones(shape)
        case "normal":
            return np.asarray(rng.normal(options.get("mean", 0.0), abs(options.get("std", 1.0)), shape))  # -0.0 is 0
        case "uniform":
            return np.asarray(rng.uniform(options.get("low", 0.0), options.get("high", 1.0), shape))
        case "xavier":
            variance, distribution = 2.0 / max(fan_in + fan_out, 1), options.get("distribution", "uniform")
        case _:
            variance, distribution = 2.0 / max(fan_in, 1), options.get("distribution", "normal")
    if distribution == "normal":
        return np.asarray(rng.normal(0.0, math.sqrt(variance), shape))
    return np.asarray(rng.uniform(-math.sqrt(3 * variance), math.sqrt(3 * variance), shape))
