"""Slopes by differences: what a gradient is compared with, and where there is none to compare with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

RTOL = 1e-6  # of the larger of the two slopes; central differences in float64 give about 1e-9
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)  # below it digits are lost too
STEP = EPS ** (1 / 3)  # where a central difference's rounding and truncation are about equal
LADDER = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 10.0, 100.0)
WIDE = tuple(10.0**k for k in range(3, 13))  # for a change that is lost beside larger numbers
VAGUE = 1e-3  # estimates that differ by more than this share of a slope do not judge it
SAFE = 32.0  # roundings that one evaluation may add up
AROUND = np.array([-0.94, -0.71, -0.47, -0.23, 0.23, 0.47, 0.71, 0.94])  # of a step: where its noise is measured
SCATTER = 8.0  # times what a cubic leaves over there

Along = Callable[[float], tuple[float, float]]  # t → φ(t) − φ(0), and the sum of the magnitudes it was computed from


@dataclass(frozen=True, slots=True)
class Slope:
    """A numeric derivative at t = 0.

    step: at which it was taken. uncertain: by how much its own estimates differ, with their rounding. unsteady: the
    same, the least of it at any small step. forward, backward: the one-sided slopes. persists: they differ, and do not
    meet as the step shrinks.
    """

    value: float
    step: float
    uncertain: float
    noise: float
    unsteady: float
    forward: float
    backward: float
    persists: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison. status: ok, wrong, kink, unclear (no step size shows the slope) or undefined (NaN or Inf)."""

    status: str
    numeric: float
    error: float


def compare(along: Along, analytic: float, scale: float, far: Sequence[float] = ()) -> Verdict:
    """Compare a derivative at t = 0 with differences of φ; `scale` is the size of what t is added to.

    error is |analytic − numeric| over the larger of the two, where rounding counts as agreement. A slope that rounding
    hides at every step is unclear, unless it would not show even over the whole scale. far: how far to move before
    calling a slope wrong, to see all that depends on t and so may have rounded its change away.

    >>> compare(lambda t: ((3.0 + t) ** 2 - 9.0, 9.0), 6.0, 3.0).status
    'ok'
    >>> compare(lambda t: ((3.0 + t) ** 2 - 9.0, 9.0), 6.06, 3.0).status
    'wrong'
    >>> compare(lambda t: (max(t, 0.0), abs(t)), 0.0, 0.0).status
    'kink'
    >>> compare(lambda t: ((1e12 + 2.0 * t) - 1e12, 1e12), 2.0, 1.0).status
    'ok'
    """
    h = STEP * max(scale, 1.0)
    ahead, size = along(h)
    up, down = ahead / h, -along(-h)[0] / h
    middle = (up + down) / 2
    larger = max(abs(analytic), abs(middle))
    if math.isfinite(larger) and abs(analytic - middle) <= RTOL * larger and abs(up - down) <= VAGUE * larger:
        return Verdict("ok", middle, abs(analytic - middle) / larger if larger else 0.0)
    seen = max(abs(analytic), abs(up), abs(down))
    hidden = _noise(size, h) > VAGUE * seen
    slope = best_slope(along, h, scale, WIDE if hidden else ())
    if slope is None:
        return Verdict("undefined", math.nan, math.nan)
    verdict = _judge(analytic, slope)
    if verdict.status == "wrong" and math.isfinite(analytic):
        verdict = _judge(analytic, replace(slope, noise=max(slope.noise, _measured(along, slope, far))))
        if verdict.status == "ok":
            verdict = replace(verdict, status="unclear")
        size = along(h)[1]
    if slope.step > max(LADDER) * h and verdict.status != "ok" and math.isfinite(analytic):
        verdict = replace(verdict, status="unclear", error=0.0)  # so far away it may be another slope
    if hidden and slope.noise > VAGUE * max(abs(analytic), abs(slope.value)):
        verdict = replace(verdict, status="unclear" if verdict.status == "ok" else verdict.status)
    if verdict.status == "unclear" and seen * max(scale, 1.0) <= SAFE * EPS * size:
        return Verdict("ok", slope.value, 0.0)
    return verdict


def _measured(along: Along, slope: Slope, far: Sequence[float]) -> float:
    """The rounding of a difference quotient, by the numbers behind it and by what a cubic leaves over around 0."""
    for t in far:
        along(t)
        along(-t)
    found = [along(c * slope.step)[0] for c in AROUND]
    noise = _noise(along(slope.step)[1], slope.step)
    if slope.persists or not np.isfinite(found).all():
        return noise
    powers = np.vander(AROUND, 4, increasing=True)[:, 1:]
    fit = np.linalg.lstsq(powers, np.array(found), rcond=None)[0]
    scatter = float(np.max(np.abs(powers @ fit - found)))
    return max(noise, SCATTER * scatter / slope.step)


def _judge(analytic: float, slope: Slope) -> Verdict:
    if not math.isfinite(analytic):
        return Verdict("wrong", slope.value, math.inf)
    larger = max(abs(analytic), abs(slope.value))
    distance = abs(analytic - slope.value)
    if not math.isfinite(slope.noise):
        return Verdict("unclear", slope.value, 0.0)
    allowed = slope.noise + RTOL * larger
    if slope.uncertain > VAGUE * abs(slope.value) and slope.unsteady > VAGUE * distance > VAGUE * allowed:
        return Verdict("unclear", slope.value, 0.0)
    if slope.persists:
        low, high = sorted((slope.forward, slope.backward))
        if low - allowed <= analytic <= high + allowed:
            return Verdict("kink", slope.value, 0.0)
    excess = max(0.0, distance - slope.noise - min(slope.uncertain, VAGUE * larger))
    error = excess / larger if larger else 0.0
    return Verdict("ok" if error <= RTOL else "wrong", slope.value, error)


def best_slope(along: Along, h: float, scale: float, wide: Sequence[float] = ()) -> Slope | None:
    """Of several step sizes' extrapolated central differences, the one that agrees best with itself and the one before.

    None where φ is not finite.
    """
    best: tuple[float, float, float, float] | None = None
    least = unsteady = before = math.inf
    steps = [h * k for k in LADDER] + [scale * k for k in (1e-2, 1e-3, 1e-4) if 0 < scale * k < STEP]
    steps += [h * k for k in wide]
    for step in steps:
        value, uncertain, noise = _extrapolated(along, step)
        if step <= h and math.isfinite(uncertain):
            unsteady = min(unsteady, uncertain)
        uncertain, before = max(uncertain, abs(value - before)), value
        if not (math.isfinite(value) and math.isfinite(uncertain)):
            continue
        share = uncertain / (abs(value) + uncertain) if uncertain else 0.0
        if share < least:
            best, least = (value, uncertain, noise, step), share
        if share <= 0.1 * RTOL:
            break
    if best is None:
        return None
    value, uncertain, noise, step = best
    up, down = _one_sided(along, step / 2)
    up_near, down_near = _one_sided(along, step / 20)
    gap, gap_near = abs(up - down), abs(up_near - down_near)
    persists = gap > 1e-2 * max(abs(up), abs(down)) + 8 * noise and gap_near > 0.5 * gap
    return Slope(value, step, uncertain, noise, unsteady, up, down, persists)


def _extrapolated(along: Along, h: float) -> tuple[float, float, float]:
    """Richardson's (4 D(h/2) − D(h)) / 3, how far it is from D(h/2), and the rounding of both."""
    plus, size = along(h)
    whole = (plus - along(-h)[0]) / (2 * h)
    plus, size_half = along(h / 2)
    half = (plus - along(-h / 2)[0]) / h
    noise = _noise(max(size, size_half), h)
    value = (4 * half - whole) / 3
    return value, abs(value - half) + noise, noise


def _noise(size: float, h: float) -> float:
    """What the rounding of numbers of this size does to a difference quotient."""
    return SAFE * (EPS * size + TINY) / h


def _one_sided(along: Along, h: float) -> tuple[float, float]:
    return along(h)[0] / h, -along(-h)[0] / h
