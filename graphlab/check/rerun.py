"""A run again, with one leaf moved: only what the leaf reaches is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlab import ops
from graphlab.engine import autodiff
from graphlab.trace import Trace


class Rerun:
    """Values of a trace's graph for another value of one leaf, along the edges that backward uses.

    What the chain rule does not see (the input of stop_gradient, labels, a padding row) keeps its recorded value, and
    random masks are the trace's own, so that differences of a rerun are what backward computes.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def function(self, leaf: int, target: int) -> Callable[[Any], Any]:
        """The target's value as a function of the leaf's."""
        values, steps = list(self.trace.values), self._steps(leaf, target)

        def run(x: Any) -> Any:
            values[leaf] = x
            for i, function, shared, operands, still, moving in steps:
                context = shared or autodiff.random_context(self.trace.graph, i, self.trace.mode, self.trace.iteration)
                primals = [values[j] for j in operands]
                for k, recorded in still:
                    primals[k] = recorded
                for k, held in moving:
                    primals[k] = held(primals[k], self.trace.values[operands[k]], **self.trace.graph.nodes[i].attrs)
                values[i] = function(context, *primals)[0]
            return values[target]

        return run

    def _steps(self, leaf: int, target: int) -> list[tuple[Any, ...]]:
        """The nodes that move with the leaf; of their operands those that must not, and those that may not wholly."""
        trace, plan = self.trace, self.trace.plan
        moved = {leaf}
        steps = []
        for i in range(leaf + 1, target + 1):
            operands = plan.operands[i]
            if not plan.reached[i] or moved.isdisjoint(operands):
                continue
            passing = plan.passing[i] or (True,) * len(operands)
            moving = [k for k, j in enumerate(operands) if j in moved]
            blocked = [k for k in moving if passing[k] is False]
            if len(blocked) < len(moving):
                moved.add(i)
                still = [(k, trace.values[operands[k]]) for k in blocked]
                held = ops.get(trace.graph.nodes[i].op).held
                partly = [] if held is None else [(k, held) for k in moving if k not in blocked]
                steps.append((i, plan.forwards[i], plan.contexts[i], operands, still, partly))
        return steps
