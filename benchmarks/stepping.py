"""The debugger over a long chain: how long it takes to open, to move, and what it holds beside the trace."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import chains


def stepping(length: int) -> dict[str, Any]:
    """Opening over one run; the slowest of a few hundred moves all over the timeline; memory with the debugger over
    that of graph, plan and trace."""
    import graphlab as gl

    graph = chains.graph_of(length, 1)
    gl.plan(graph)
    run = min(_seconds(lambda: gl.backward(gl.forward(graph))) for _ in range(3))
    trace = gl.backward(gl.forward(graph))
    opened = min(_seconds(lambda: gl.Debugger(trace)) for _ in range(3))
    debugger = gl.Debugger(trace)
    last = len(debugger.timeline)
    moves = []
    for k in range(100):
        moves.append(_seconds(lambda k=k: debugger.goto(k * last // 100)))
        moves += [_seconds(move) for move in (debugger.next, debugger.step, debugger.back, debugger.rnext)]
    return {
        "case": f"chain of {length:,}", "open / run": opened / run, "slowest move (ms)": 1e3 * max(moves),
        "memory with it / without": _memory(length),
    }  # fmt: skip


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _memory(length: int) -> float:
    import graphlab as gl

    tracemalloc.start()
    graph = chains.graph_of(length, 1)
    trace = gl.backward(gl.forward(graph))
    without = tracemalloc.get_traced_memory()[0]
    debugger = gl.Debugger(trace)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(debugger.timeline) > length
    return held / without
