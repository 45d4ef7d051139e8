"""One array's gradient against differences: which elements and directions, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.arrays.state import generator
from graphlab.base.notebook import Result
from graphlab.check.finite_differences import Verdict, compare
from graphlab.errors import DataError
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.lines import Line


DIRECTIONS = 2  # random directions through all elements of an array that is sampled
ORDER = ("wrong", "kink", "ok", "skipped")


@dataclass(frozen=True, slots=True)
class Worst:
    """The element that fits least. index: None where it is a direction through all elements."""

    index: tuple[int, ...] | None
    analytic: float
    numeric: float


@dataclass(frozen=True, slots=True)
class Check(Result):
    """One slot of a node, or (slot "") a leaf end to end.

    status: ok, wrong, kink (right, but some elements sit where the function bends) or skipped, with the reason.
    error: the largest relative error; None where nothing was compared. checked of size elements were compared one by
    one, and `directions` through all of them; undefined of these are not finite, and of unclear ones no step size shows
    the slope. spared: left out to keep to the budget.
    """

    node: str
    op: str
    slot: str
    status: str
    error: float | None = None
    worst: Worst | None = None
    checked: int = 0
    size: int = 0
    directions: int = 0
    kinks: int = 0
    undefined: int = 0
    unclear: int = 0
    spared: bool = False
    reason: str = ""

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.check import check_lines

        return check_lines(self)

    def __repr__(self) -> str:
        what = f"{self.node}, ∂L/∂{self.slot}" if self.slot else self.node
        return f"<Check of {what}: {self.status}>"


class Function:
    """φ(x) = Σ u (f(x) − f(x₀)), and a place x to be moved from x₀ and back.

    rounding: the size of the numbers behind f whose rounding reaches it; unless given that of f's elements that any
    step so far has moved: a change that rounds to 0 is noise too, an element that does not depend on x is none.
    """

    def __init__(
        self, function: Callable[[Any], Any], point: Any, base: Any, weights: np.ndarray, rounding: float | None = None
    ) -> None:
        self.function = function
        self.point = np.array(point, dtype=np.float64)
        self.base = np.array(base)
        self.weights = weights
        self.magnitudes = np.abs(weights)
        self.rounding = rounding
        self.broken = not np.isfinite(self.base).all()  # then NaN stays NaN, and says nothing about a slope
        self.calls = 0
        self.moved = np.zeros(self.base.shape, dtype=bool)
        self.sizes = np.where(np.isfinite(self.base), self.magnitudes * np.abs(self.base), 0.0)
        largest = [float(np.max(np.abs(a), initial=1.0, where=np.isfinite(a))) for a in (self.point, self.base)]
        self.far = (0.1 * largest[0], 2.0 * largest[0], 2.0 * largest[1])

    def at(self, x: np.ndarray) -> tuple[float, float]:
        self.calls += 1
        value = self.function(x[()])
        change = value - self.base
        if self.broken:
            change = np.where(np.isfinite(self.base) | np.isfinite(value), change, 0.0)
        total = float(np.sum(self.weights * change))
        if self.rounding is not None:
            return total, self.rounding
        now = change != 0
        self.moved |= now
        # nothing moved: a change below the rounding of f itself cannot be seen, so a slope of 0 proves nothing
        known = self.sizes[self.moved].sum() if self.moved.any() else self.sizes.max(initial=0.0)
        return total, float(known + np.sum(self.magnitudes * np.abs(value), where=now))

    def element(self, index: tuple[int, ...], analytic: float) -> Verdict:
        x, start = self.point, float(self.point[index])
        self.moved[...] = False

        def along(t: float) -> tuple[float, float]:
            x[index] = start + t
            try:
                return self.at(x)
            finally:
                x[index] = start

        return self._judged(compare(along, analytic, abs(start), self.far))

    def direction(self, towards: np.ndarray, analytic: float) -> Verdict:
        self.moved[...] = False
        scale = math.sqrt(float(np.mean(np.square(self.point))))
        return self._judged(compare(lambda t: self.at(self.point + t * towards), analytic, scale, self.far))

    def _judged(self, verdict: Verdict) -> Verdict:
        return Verdict("undefined", math.nan, math.nan) if self.broken and verdict.status == "wrong" else verdict


def compared(function: Function, analytic: Any, blank: Check, samples: int, limit: int) -> Check:
    """All comparisons of one array, where x can be moved: class numbers that stand as floats cannot."""
    try:
        return _compared(function, analytic, blank, samples, limit)
    except DataError:
        return replace(blank, status="skipped", reason=tr("only these values fit"))


def _compared(function: Function, analytic: Any, blank: Check, samples: int, limit: int) -> Check:
    """Directions, then elements, until about `limit` evaluations are spent."""
    shape = function.point.shape
    size = function.point.size
    if analytic is None:
        analytic = np.zeros(shape)
    if np.shape(analytic) != shape:
        reason = tr("the gradient is {got} but x is {want}", got=np.shape(analytic), want=shape)
        return replace(blank, status="wrong", error=math.inf, size=size, reason=reason)
    gradient = np.asarray(analytic)
    rng = generator(0, f"{blank.node}/{blank.slot}")
    whole = size <= min(samples, limit // 2)
    found: list[tuple[Worst, Verdict]] = []
    for _ in range(0 if whole else DIRECTIONS):
        towards = rng.normal(size=shape)
        slope = float(np.sum(gradient * towards))
        verdict = function.direction(towards, slope)
        found.append((Worst(None, slope, verdict.numeric), verdict))
    directions = len(found)
    for n in range(size) if whole else rng.choice(size, min(samples, size), replace=False):
        if function.calls >= limit and found:
            break
        index = tuple(int(k) for k in np.unravel_index(n, shape))
        slope = float(gradient[index])
        verdict = function.element(index, slope)
        found.append((Worst(index, slope, verdict.numeric), verdict))
    return _tallied(replace(blank, checked=len(found) - directions, size=size, directions=directions), found)


def _tallied(blank: Check, found: list[tuple[Worst, Verdict]]) -> Check:
    count = {status: sum(verdict.status == status for _, verdict in found) for status in
             ("ok", "wrong", "kink", "undefined", "unclear")}  # fmt: skip
    tally = replace(blank, kinks=count["kink"], undefined=count["undefined"], unclear=count["unclear"])
    judged = [(worst, verdict) for worst, verdict in found if verdict.status in ("ok", "wrong", "kink")]
    if not judged:
        return replace(tally, status="skipped", reason=reason([tally]) or tr("the array is empty"))
    worst, verdict = max(judged, key=lambda pair: pair[1].error)
    status = next(status for status in ORDER if count[status])
    return replace(tally, status=status, error=verdict.error, worst=worst, reason=reason([tally]))


def reason(checks: Sequence[Check]) -> str:
    """What kept slopes of these arrays from being judged; empty if nothing did."""
    parts = []
    if undefined := sum(check.undefined for check in checks):
        parts.append(tr("{n} slopes are not finite", n=undefined))
    if unclear := sum(check.unclear for check in checks):
        parts.append(tr("{n} slopes are unclear", n=unclear))
    return ", ".join(parts)
