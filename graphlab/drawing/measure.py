"""Sizes of values, gradients and contributions, each measured once a picture."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from graphlab.base.numbers import Summary, rms_all, summarise_all
from graphlab.explain.worked import short_name
from graphlab.trace import Trace

SMALLEST = 5e-324  # what no number above zero is less than
NARROWEST, WIDEST = 2.0, 6.0  # decades that the arrows' widths span: a factor of two must not look like a thousand


class Measures:
    """Summaries by node, RMS by edge, and the log scale of the arrows."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._summaries: dict[str, list[Summary | None]] = {}
        self._finite: dict[str, set[int]] = {}

    def of(self, i: int, kind: str) -> Summary | None:
        """The summary of node i's value or grad; None where there is none."""
        if kind not in self._summaries:
            found = summarise_all(self._column(kind))
            kept = self.trace.summaries
            self._summaries[kind] = [s or kept.get((k, kind)) for k, s in enumerate(found)] if kept else found
        return self._summaries[kind][i]

    def is_finite(self, i: int, kind: str) -> bool:
        """Whether node i's value or grad is there and has no NaN or Inf; needs no summary, but uses one."""
        if kind in self._summaries:
            summary = self._summaries[kind][i]
            return summary is not None and not (summary.nan or summary.inf)
        if kind not in self._finite:
            there = [(k, array) for k, array in enumerate(self._column(kind)) if array is not None]
            sizes = rms_all([array for _, array in there])
            self._finite[kind] = {k for (k, _), size in zip(there, sizes, strict=True) if math.isfinite(size)}
        return i in self._finite[kind]

    def _column(self, kind: str) -> list[Any]:
        """The values or gradients of all nodes, without the literals behind them."""
        column = self.trace.values if kind == "value" else self.trace.cotangents
        n = len(self.trace.graph)
        return [None] * n if column is None else column[:n]

    def edge(self, i: int, k: int) -> float | None:
        """RMS of what node i sent to its k-th input; None: nothing."""
        return self.edges.get((i, k))

    @cached_property
    def edges(self) -> dict[tuple[int, int], float]:
        """RMS of every contribution that was sent."""
        edges, parts = [], []
        for c, sent in enumerate(self.trace.contributions or ()):
            for k, part in enumerate(sent or ()):
                if part is not None:
                    edges.append((c, k))
                    parts.append(part)
        out = dict(zip(edges, rms_all(parts), strict=True))
        kept = ((key, summary) for key, summary in self.trace.summaries.items() if key[1].startswith("sent "))
        out.update(((i, int(what.split()[1])), summary.rms) for (i, what), summary in kept)
        return out

    def ratios(self, i: int) -> list[tuple[str, float, bool]]:
        """Per input how much the gradient shrank or grew on the way, and whether that is a factor with its sign.

        Between two numbers it is contribution / upstream; else RMS(contribution) / RMS(upstream), which has no sign.
        """
        upstream = self.of(i, "grad")
        if upstream is None or not upstream.rms or not math.isfinite(upstream.rms):
            return []
        out = []
        for k, operand in enumerate(self.trace.graph.nodes[i].inputs):
            size = self.edge(i, k)
            if size is None or not math.isfinite(size):
                continue
            if 0 not in self.trace.plan.shapes[self.trace.plan.operands[i][k]]:  # nothing neither shrinks nor grows
                factor = self._factor(i, k)
                ratio = size / upstream.rms if factor is None else factor
                out.append((short_name(self.trace, i, operand), ratio, factor is not None))
        return out

    def _factor(self, i: int, k: int) -> float | None:
        """What one number, node i's gradient, was multiplied with on its way to the k-th input; None for arrays."""
        parts = (self.trace.cotangents or ())[i], ((self.trace.contributions or ())[i] or ())[k]
        if any(part is None or np.size(part) != 1 for part in parts):
            return None
        upstream, sent = (float(np.reshape(part, ())) for part in parts)
        return sent / upstream

    def scale(self, edges: list[tuple[int, int]]) -> tuple[float, float]:
        """Smallest and largest finite RMS among these edges; two to six decades apart.

        What is smaller still than the largest by six decades is drawn as the smallest.
        """
        sizes = self._sizes(edges)
        if not sizes:
            return (0.0, 0.0)
        high = max(sizes)
        low = min(size for size in sizes if size >= high * 10**-WIDEST)
        return max(min(low, high * 10**-NARROWEST), SMALLEST), high

    def least(self, edges: list[tuple[int, int]]) -> float:
        """The smallest RMS among these edges; 0 where there is none."""
        return min(self._sizes(edges), default=0.0)

    def _sizes(self, edges: list[tuple[int, int]]) -> list[float]:
        return [s for s in map(self.edges.get, edges) if s is not None and 0 < s < math.inf]


def weight(size: float | None, scale: tuple[float, float]) -> float | None:
    """Where a size stands on the log scale, 0 to 1 in hundredths; what is not finite counts as largest.

    None for what is 0, or not there: it stands on no log scale.
    """
    if not size:
        return None
    low, high = scale
    if not math.isfinite(size):
        return 1.0
    if size <= low or high <= 0:
        return 1.0 if low == high else 0.0
    spread = math.log(high) - math.log(low)
    return round(min(1.0, (math.log(size) - math.log(low)) / spread), 2) if spread > 0 else 1.0
