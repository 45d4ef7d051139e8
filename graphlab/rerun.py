"""A run again, with one leaf moved: only what the leaf reaches is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlab import autodiff
from graphlab.trace import Trace


class Rerun:
    """Values of a trace's graph for another value of one leaf, along the edges that backward uses.

    What the chain rule does not see (the input of stop_gradient, labels) keeps its recorded value, and random masks are the
    trace's own, so that differences of a rerun are what backward computes.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def function(self, leaf: int, target: int) -> Callable[[Any], Any]:
        """The target's value as a function of the leaf's."""
        steps, values = self._steps(leaf, target), list(self.trace.values)

        def run(x: Any) -> Any:
            values[leaf] = x
            for i, function, context, moving in steps:
                operands = [values[j] if moves else recorded for j, moves, recorded in moving]
                context = context or autodiff.random_context(  # noqa: PLW2901
                    self.trace.graph, i, self.trace.mode, self.trace.iteration
                )
                values[i] = function(context, *operands)[0]
            return values[target]

        return run

    def _steps(self, leaf: int, target: int) -> list[tuple[int, Any, Any, list[tuple[int, bool, Any]]]]:
        trace, plan = self.trace, self.trace.plan
        moved = {leaf}
        steps = []
        for i in range(leaf + 1, target + 1):
            if not plan.reached[i] or moved.isdisjoint(plan.operands[i]):
                continue
            passes = plan.passing[i] or (True,) * len(plan.operands[i])
            moving = [
                (j, passing is not False and j in moved, trace.values[j])
                for j, passing in zip(plan.operands[i], passes, strict=True)
            ]
            if any(moves for _, moves, _ in moving):
                moved.add(i)
                steps.append((i, plan.forwards[i], plan.contexts[i], moving))
        return steps
