"""Timeline: a trace as one row of moments: forward nodes, the seed, then edge by edge back to the leaves."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from copy import copy
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from graphlab.planning import seed_of
from graphlab.trace import Trace, frozen_view

KINDS = ("forward", "seed", "contribution", "add")
SEED, CONTRIBUTION, ADD = 1, 2, 3  # places in KINDS


class Moment(NamedTuple):
    """One thing that happens: a value is made, the seed is set, an edge's product is made, or added to a sum.

    kind: forward, seed, contribution or add. node: whose work it is. slot: which of its inputs a contribution goes to.
    """

    kind: str
    node: int
    slot: int


class Timeline:
    """The moments of a trace. Position p: the first p moments have happened; 0 is before all of them.

    A node's work is one moment forward; backward one for each edge, and one more where the product is added to what had
    arrived before. `stops` are the positions between nodes; the others are inside one. Nothing is stored but the order,
    so any position costs the same.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}")))
    >>> [moment.kind for moment in Timeline(trace)]
    ['forward', 'seed', 'contribution', 'contribution', 'add']
    >>> [Timeline(trace).grad(0, p) for p in (2, 3, 4, 5)] == [None, 3.0, 3.0, 6.0]
    True
    """

    def __init__(self, trace: Trace) -> None:
        order, n = trace.plan.order, len(trace.graph)
        self.trace = trace
        self._kinds, self._nodes = array("b", bytes(len(order))), array("l", order)
        self._slots = array("l", [-1]) * len(order)
        self.made_at = array("l", [0]) * n  # a value is there from this position on; 0: it was given
        self.sent_from = array("l", [-1]) * n  # the position at which a node begins to send
        self.stops = array("l", range(len(order) + 1))
        for p, i in enumerate(order, 1):
            self.made_at[i] = p
        self.seed_at = -1
        if trace.contributions is not None and trace.plan.target is not None:
            self._backward(trace, trace.plan.target)
        self.borders = array("l", self._borders())  # where another scope or phase begins

    def like(self, trace: Trace) -> Timeline:
        """The timeline of another run; of the same plan it has the same moments, and costs nothing."""
        same = trace.plan is self.trace.plan and trace.has_gradients == self.trace.has_gradients
        if not same or trace.summaries or self.trace.summaries:
            return Timeline(trace)
        twin = copy(self)
        twin.trace = trace
        return twin

    def _backward(self, trace: Trace, target: int) -> None:
        """The seed and every edge; written out, since there may be hundreds of thousands."""
        kinds, nodes, slots = self._kinds, self._nodes, self._slots
        operands, contributions, summaries = trace.plan.operands, trace.contributions or (), trace.summaries
        arrived = bytearray(len(operands))
        arrived[target] = 1
        kinds.append(SEED)
        nodes.append(target)
        slots.append(-1)
        self.seed_at = len(kinds)
        self.stops.append(self.seed_at)
        for i in range(target, -1, -1):
            if summaries:
                sent = self.slots_sent(i)
            else:
                sent = [k for k, part in enumerate(contributions[i] or ()) if part is not None]
            start = len(kinds)
            for k in sent:
                j = operands[i][k]
                both = 1 + arrived[j]
                kinds.extend((CONTRIBUTION, ADD)[:both])
                nodes.extend((i, i)[:both])
                slots.extend((k, k)[:both])
                arrived[j] = 1
            if len(kinds) > start:
                self.sent_from[i] = start
                self.stops.append(len(kinds))

    def _borders(self) -> list[int]:
        scopes = [node.scope for node in self.trace.graph.nodes]
        starts = [0, *([self.seed_at - 1, self.seed_at] if self.seed_at > 0 else [])]
        if any(scopes):
            where = [scopes[i] for i in self._nodes]
            starts += [p for p, (a, b) in enumerate(pairwise(where), 1) if a != b]
        return sorted({p for p in starts if p < len(self)})

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, p: int) -> Moment:
        return Moment(KINDS[self._kinds[p]], self._nodes[p], self._slots[p])

    def slots_sent(self, i: int) -> list[int]:
        """The inputs of node i that it sends a contribution to."""
        trace = self.trace
        parts = trace.contributions[i] if trace.contributions is not None else None
        kept = trace.summaries
        return [k for k, part in enumerate(parts or ()) if part is not None or (kept and (i, f"sent {k}") in kept)]

    def is_stop(self, p: int) -> bool:
        """Whether p is between nodes."""
        return self.stops[bisect_left(self.stops, p)] == p

    def stop_after(self, p: int) -> int:
        """The next position between nodes; the end where there is none."""
        k = bisect_right(self.stops, p)
        return self.stops[k] if k < len(self.stops) else len(self)

    def stop_before(self, p: int) -> int:
        """The position between nodes before p; 0 where there is none."""
        return self.stops[max(bisect_left(self.stops, p) - 1, 0)]

    def work(self, i: int) -> list[int]:
        """The positions at which node i's own work ends: its value made, and all it sends back sent."""
        out = [self.made_at[i]] if self.made_at[i] else []
        if i == self.trace.plan.target and self.seed_at > 0:
            out.append(self.seed_at)
        return [*out, self.stop_after(self.sent_from[i])] if self.sent_from[i] >= 0 else out

    def arrivals(self, j: int) -> list[tuple[int, int, int]]:
        """(position, consumer, slot) of each term of node j's gradient, in the order of arrival; the seed has slot -1.

        The position is the one from which the term is in the sum.
        """
        out = [(self.seed_at, j, -1)] if j == self.trace.plan.target and self.seed_at > 0 else []
        for c, k in sorted(self.trace.graph.consumers[j], key=lambda edge: (-edge[0], edge[1])):
            p = self.sent_from[c]
            if p < 0 or k not in self.slots_sent(c):
                continue
            end = self.stop_after(p)
            last = max(q for q in range(p, end) if self._slots[q] == k)  # the product, or its addition
            out.append((last + 1, c, k))
        return out

    def value(self, i: int, p: int) -> Any:
        """Node i's value at position p; None: not made yet, or left out of a trace file."""
        return frozen_view(self.trace.values[i]) if self.made_at[i] <= p else None

    def grad(self, j: int, p: int) -> Any:
        """Node j's gradient as far as it is summed at position p; None: nothing has arrived."""
        trace = self.trace
        terms = self.arrivals(j)
        if trace.cotangents is None or not terms or terms[0][0] > p:
            return None
        if terms[-1][0] <= p:
            return frozen_view(trace.cotangents[j])
        total = None
        for _, c, k in (term for term in terms if term[0] <= p):
            part = self.term(c, k)
            with np.errstate(all="ignore"):
                total = part if total is None or part is None else total + part
        return frozen_view(total)

    def seen(self, p: int) -> Trace:
        """The trace as far as it has come at position p; what has not happened yet is None."""
        trace, n = self.trace, len(self.trace.graph)
        values = [self.trace.values[i] if i >= n or self.made_at[i] <= p else None for i in range(len(trace.values))]
        kept = {key: summary for key, summary in trace.summaries.items() if self._known(*key, p)}
        short = Trace(trace.graph, trace.plan, trace.state, trace.feeds, trace.mode, trace.iteration, values,
                      trace.residuals, summaries=kept)  # fmt: skip
        if self.seed_at < 0 or p < self.seed_at:
            return short
        return short.with_gradients([self.grad(j, p) for j in range(n)], [self._sent(i, p) for i in range(n)])

    def _known(self, i: int, what: str, p: int) -> bool:
        """Whether the value, the gradient or "sent k" of node i is there at position p."""
        if what == "value":
            return self.made_at[i] <= p
        if what == "grad":
            terms = self.arrivals(i)
            return bool(terms) and terms[-1][0] <= p
        start, k = self.sent_from[i], int(what.split()[1])
        return 0 <= start < p and any(self._slots[q] == k for q in range(start, min(p, self.stop_after(start))))

    def _sent(self, i: int, p: int) -> tuple[Any, ...] | None:
        """What node i has sent at position p; None: nothing yet."""
        start = self.sent_from[i]
        parts = None if self.trace.contributions is None else self.trace.contributions[i]
        if parts is None or not 0 <= start < p:
            return None
        done = {self._slots[q] for q in range(start, min(p, self.stop_after(start)))}
        return tuple(part if k in done else None for k, part in enumerate(parts))

    def term(self, consumer: int, slot: int) -> Any:
        """What one edge sent; with slot -1 the seed."""
        trace = self.trace
        if slot >= 0:
            return None if trace.contributions is None else trace.contributions[consumer][slot]
        return seed_of(trace.graph, trace.plan, consumer)
