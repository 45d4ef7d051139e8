"""Timing and memory: interleaved repetitions, medians, peaks."""

from __future__ import annotations

import gc
import importlib.util
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

Run = Callable[[], Any]
FEWEST = 5  # rounds, however slow


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def interleaved(runs: Mapping[str, Run], seconds: float) -> dict[str, float]:
    """The median time of each, in seconds, all of them in turn, so that a slow moment of the machine meets all alike.

    In its turn each runs twice and the second run counts: in real life a library does not find the memory as another
    one left it. As timeit does, the cyclic garbage collector is off meanwhile. A slow one is repeated less often, but
    never less than five times.
    """
    first = {name: _timed(run) for name, run in runs.items()}
    quickest = min(first.values())
    rounds = max(FEWEST, min(2000, int(seconds / 2 / max(sum(first.values()), quickest))))
    times: dict[str, list[float]] = {name: [] for name in runs}
    start = time.perf_counter()
    for done in range(rounds):
        if done >= FEWEST and time.perf_counter() - start > 3 * seconds:  # clearing up between runs takes time too
            break
        for name, run in runs.items():
            _timed(run)  # finds caches and free memory as the library before left them; the next one as its own
            times[name].append(_timed(run))
    return {name: statistics.median(values) for name, values in times.items()}


def _timed(run: Run) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        kept = run()
        end = time.perf_counter()
    finally:
        gc.enable()
    del kept
    return end - start


def memory(make: Callable[[], Run]) -> tuple[int, int]:
    """Peak and final bytes that Python and numpy allocated for making a run and running it once; the result is kept."""
    gc.collect()
    tracemalloc.start()
    try:
        run = make()
        kept = run()
        gc.collect()
        current, peak = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return peak, current
