"""Our own part of drawing (trace to DOT) against what `dot` needs for the same text; and loading a large model file."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def layered_trace(nodes: int) -> Any:
    """A network of about so many nodes: affine, batchnorm, relu, their parameters and a skip now and then."""
    import graphlab as gl

    g = gl.Graph("drawn")
    h = g.input("x", np.random.default_rng(0).normal(size=(8, 4)))
    i = 0
    while len(g.nodes) < nodes - 2:
        before = h
        with g.scope(f"block{i}"):
            h = gl.relu(gl.batchnorm(gl.affine(h, units=4, name="fc"), name="bn"), name="act")
            h = h + before if i % 3 == 2 else h
        i += 1
    gl.mean(gl.square(h), name="loss")
    return gl.backward(gl.forward(g))


def drawing(nodes: int) -> dict[str, float]:
    """Seconds for trace → DOT and for dot -Tsvg, the best of five of each."""
    from graphlab.drawing.annotate import Options, annotate
    from graphlab.export.graphviz.dot import to_dot

    trace = layered_trace(nodes)
    options = Options(view="backward", max_nodes=10 * nodes)
    ours = min(_seconds(lambda: to_dot(annotate(trace, options)))[0] for _ in range(5))
    dot = to_dot(annotate(trace, options))
    return {"nodes": len(trace.graph), "ours": ours, "dot": min(_layout(dot) for _ in range(5))}


def _layout(dot: str) -> float:
    from graphlab.export.graphviz.engines import PROGRAMS, program

    found = next(path for path in map(program, reversed(PROGRAMS)) if path)  # the system's dot, if there is one
    return _seconds(lambda: subprocess.run([found, "-Tsvg"], input=dot.encode(), capture_output=True, check=True))[0]


def loading(nodes: int) -> dict[str, float]:
    """Seconds to load a model file of so many nodes, and its megabytes."""
    import graphlab as gl

    lines = ["graphlab: 1", "params: {x: 0.5}", "nodes:", "  n0: sin(x)"]
    lines += [f"  n{i}: tanh(n{i - 1} * 1.001 + 0.01)" for i in range(1, (nodes + 2) // 3)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.yaml"
        path.write_text("\n".join(lines), "utf-8")
        seconds, graph = _seconds(lambda: gl.load(path))
        return {"nodes": len(graph), "seconds": seconds, "MB": path.stat().st_size / 1e6}


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
