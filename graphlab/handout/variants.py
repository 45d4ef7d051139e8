"""The same exercise with other nice numbers: every student has their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlab.arrays.state import generator
from graphlab.base.numbers import number
from graphlab.engine import autodiff
from graphlab.errors import GraphlabError, UsageError
from graphlab.messages import tr
from graphlab.trace import Trace

MOST = 1000  # variants at once
TRIES = 12  # runs of which the one with the shortest results is taken
STEPS = 6  # of its last decimal that a number moves, at most
SMALL = 64  # elements of an array up to which it gets other numbers


def variant(trace: Trace, number_: int, seed: int = 0) -> Trace:
    """The run with other numbers, as short as those it has; number 0 is the run itself.

    Every small array of floats that was written in the model gets new elements, each a few steps of its last decimal
    away, never 0 and of the same sign. Of a dozen draws the one whose results are shortest in print is taken.
    Raises UsageError where there is nothing to change.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nparams: {w: 0.5}\\nnodes: {y: x * w}")))
    >>> other = variant(trace, 1)
    >>> float(other["x"].value) != 3.0, len(str(float(other["w"].value))) <= 3
    (True, True)
    """
    if number_ == 0:
        return trace
    leaves = [n for n in trace.graph.nodes if n.op in ("input", "param") and _changes(trace, n.name)]
    if not leaves:
        raise UsageError(tr("this model has no small arrays of numbers to vary"))
    best: tuple[float, Trace] | None = None
    for attempt in range(TRIES):
        rng = generator(seed, f"variant {number_} {attempt}")
        new = {node.name: _nice(trace[node.name].value, rng) for node in leaves}
        feeds = {**trace.feeds, **{n.name: new[n.name] for n in leaves if n.op == "input"}}
        state = trace.state.replace({n.name: new[n.name] for n in leaves if n.op == "param"})
        try:
            run = autodiff.forward(trace.graph, feeds, state=state, mode=trace.mode, iteration=trace.iteration)
            run = autodiff.backward(run) if trace.has_gradients else run
        except GraphlabError:
            continue
        length = _length(run)
        if math.isfinite(length) and (best is None or length < best[0]):
            best = length, run
    if best is None:
        raise UsageError(tr("no other numbers were found for which this model can be computed"))
    return best[1]


def _changes(trace: Trace, name: str) -> bool:
    value = trace[name].value
    return value.dtype.kind == "f" and 0 < value.size <= SMALL and bool(np.isfinite(value).all())


def _nice(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each element a few steps of the array's last decimal away, of the same sign; a 0 stays."""
    decimals = min(max((_decimals(float(x)) for x in value.ravel()), default=0), 3)
    step = 10.0**-decimals
    out = []
    for x in value.ravel().tolist():
        choices = [round(x + k * step, decimals) for k in range(-STEPS, STEPS + 1)]
        choices = [c for c in choices if x and c * x > 0 and c != x and abs(c) != 1]  # × 1 teaches nothing
        out.append(choices[int(rng.integers(len(choices)))] if choices else x)
    return np.array(out, dtype=value.dtype).reshape(value.shape)


def _decimals(x: float) -> int:
    text = repr(x)
    return 0 if "e" in text or text.endswith(".0") else len(text.partition(".")[2])


def _length(run: Trace) -> float:
    """How many characters the results take in print; infinite where one is not finite."""
    total = 0.0
    columns: list[Any] = [*run.values[: len(run.graph)], *(run.cotangents or ())]
    for array in columns:
        if array is None or np.size(array) > SMALL:
            continue
        flat = np.ravel(array).tolist()
        if not all(math.isfinite(x) for x in flat):
            return math.inf
        total += sum(len(number(x, 6)) for x in flat)
    return total
