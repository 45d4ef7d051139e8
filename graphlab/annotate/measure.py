"""Sizes of values, gradients and contributions, each measured once a picture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlab.numbers import Summary, summarise
from graphlab.trace import Trace
from graphlab.worked import short_name

NARROWEST, WIDEST = 3.0, 6.0  # decades that the arrows' widths span: a factor of two must not look like a thousand


class Measures:
    """Summaries by node, RMS by edge, and the log scale of the arrows."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._summaries: dict[tuple[int, str], Summary | None] = {}
        self._rms: dict[tuple[int, int], float | None] = {}
        self._scale: tuple[float, float] | None = None

    def of(self, i: int, kind: str) -> Summary | None:
        """The summary of node i's value or grad; None where there is none."""
        key = (i, kind)
        if key not in self._summaries:
            column = self.trace.values if kind == "value" else self.trace.cotangents
            array = None if column is None else column[i]
            self._summaries[key] = self.trace.summaries.get(key) if array is None else summarise(array)
        return self._summaries[key]

    def edge(self, i: int, k: int) -> float | None:
        """RMS of what node i sent to its k-th input; None: nothing."""
        key = (i, k)
        if key not in self._rms:
            parts = self.trace.contributions[i] if self.trace.contributions is not None else None
            part = None if parts is None else parts[k]
            kept = self.trace.summaries.get((i, f"sent {k}"))
            self._rms[key] = rms(part) if part is not None else kept.rms if kept else None
        return self._rms[key]

    def ratios(self, i: int) -> list[tuple[str, float]]:
        """Per input, RMS(contribution) / RMS(upstream): how much the gradient shrank or grew on the way."""
        upstream = self.of(i, "grad")
        if upstream is None or not upstream.rms or not math.isfinite(upstream.rms):
            return []
        out = []
        for k, operand in enumerate(self.trace.graph.nodes[i].inputs):
            size = self.edge(i, k)
            if size is not None and math.isfinite(size):
                out.append((short_name(self.trace, i, operand), size / upstream.rms))
        return out

    def scale(self, edges: list[tuple[int, int]]) -> tuple[float, float]:
        """Smallest and largest finite RMS above zero among these edges; three to six decades apart."""
        sizes = [s for s in (self.edge(i, k) for i, k in edges) if s is not None and math.isfinite(s) and s > 0]
        if not sizes:
            return (0.0, 0.0)
        high = max(sizes)
        return max(min(*sizes, high * 10**-NARROWEST), high * 10**-WIDEST), high


def weight(size: float | None, scale: tuple[float, float]) -> float | None:
    """Where a size stands on the log scale, 0 to 1; what is not finite counts as largest."""
    if size is None:
        return None
    low, high = scale
    if not math.isfinite(size):
        return 1.0
    if size <= low or high <= 0:
        return 1.0 if size and low == high else 0.0
    return min(1.0, math.log(size / low) / math.log(high / low)) if high > low else 1.0


def rms(array: Any) -> float:
    """Root of the mean square of an array."""
    flat = np.asarray(array, dtype=np.float64).ravel()
    if flat.size == 0:
        return 0.0
    with np.errstate(all="ignore"):
        square = float(flat @ flat)
    if math.isfinite(square) and square > 1e-280:
        return math.sqrt(square / flat.size)
    return summarise(flat).rms
