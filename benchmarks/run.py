"""One command that measures graphlab against its floor and against other libraries: python benchmarks/run.py

One thread, float64. The floor is hand-written numpy that keeps the same arrays. All times of a row are medians of
interleaved repetitions in one run, a row in a process of its own; × is the ratio to the floor. A library that is not
installed is shown as –.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import json
import multiprocessing
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chains
import networks
import numpy as np
import pictures
import stepping
from measure import Run, installed, interleaved, memory

LIBRARIES = {
    "numpy": "numpy", "graphlab": "graphlab", "torch": "torch", "autograd": "autograd", "mygrad": "mygrad",
    "micrograd": "micrograd",
}  # fmt: skip
TITLES = {"numpy": "numpy (floor)", "torch": "PyTorch, retain_grad", "autograd": "HIPS autograd", "mygrad": "MyGrad"}
TARGETS = {"wide, batch 64": 1.10, "wide, batch 1": 1.5, "deep, batch 64": 1.5, "1": 4.0, "8": 2.5}
RECURSIVE_LIMIT = 10_000  # micrograd sorts by recursion
SLOW_LIMIT = 10_000  # longer chains take these minutes
SLOW = ("autograd", "mygrad")

Row = dict[str, Any]


def speed(title: str, target: float, makers: dict[str, Callable[[], Run]], seconds: float) -> Row:
    """One row: each library's median, in ms. Run in a process of its own."""
    if "torch" in makers and installed("torch"):
        import torch

        torch.set_num_threads(1)
    runs = {name: make() for name, make in makers.items() if installed(LIBRARIES[name])}
    times = {name: 1e3 * value for name, value in interleaved(runs, seconds).items()}
    return {"case": title, "target": target, "ms": times, "ratio": {n: t / times["numpy"] for n, t in times.items()}}


def speeds(seconds: float, longest: int) -> list[Row]:
    """The rows, each in a fresh process: what others leave in memory slows down whoever makes many small objects."""
    rows: list[tuple[str, float, dict[str, Callable[[], Run]], float]] = []
    for network, batch in (("wide", 64), ("wide", 1), ("deep", 64)):
        title = f"{network}, batch {batch}"
        makers = {
            name: partial(getattr(networks, f"{network}_{name}"), batch) for name in LIBRARIES if name != "micrograd"
        }
        rows.append((title, TARGETS[title], makers, seconds))
    for elements in (1, 8):
        for length in (n for n in (1_000, 10_000, 100_000) if n <= longest):
            makers = {
                name: partial(getattr(chains, f"chain_{name}"), length, elements)
                for name in LIBRARIES
                if not (name == "micrograd" and (elements > 1 or length > RECURSIVE_LIMIT))
                and not (name in SLOW and length > SLOW_LIMIT)
            }
            title = f"chain of {length:,}, {'scalars' if elements == 1 else '8 elements'}"
            rows.append((title, TARGETS[str(elements)], makers, seconds))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return [pool.apply(speed, row) for row in rows]


def memories(longest: int) -> list[Row]:
    rows = []
    for network, batch in (("wide", 64), ("wide", 1), ("deep", 64)):
        make = getattr(networks, f"{network}_graphlab")
        kept = make(batch)().plan.nbytes
        peak, _ = memory(lambda make=make, batch=batch: make(batch))
        rows.append({"case": f"{network}, batch {batch}", "peak / kept": peak / kept, "target": 1.3})
    for elements in (1, 8):
        length = min(longest, 100_000)
        _, held = memory(lambda e=elements, n=length: chains.chain_graphlab(n, e))
        title = f"chain of {length:,}, {'scalars' if elements == 1 else '8 elements'}"
        rows.append({"case": title, "bytes / node": held / length, "target": 1500.0})
    return rows


def starts(length: int) -> Row:
    """What is paid once: building and freezing a chain, and its plan."""
    import time

    import graphlab as gl

    begin = time.perf_counter()
    graph = chains.graph_of(length, 1)
    built = time.perf_counter()
    gl.plan(graph)
    return {"case": f"chain of {length:,}", "build and freeze": built - begin, "plan": time.perf_counter() - built}


def measured(args: argparse.Namespace) -> dict[str, Any]:
    longest = 10_000 if args.quick else 100_000
    sizes = (300,) if args.quick else (300, 3_000)
    return {  # in this order: files and pictures first, while the process is still small
        "python": platform.python_version(), "numpy": np.__version__,
        "versions": {name: _version(name) for name in ("torch", "autograd", "mygrad")},
        "loading": pictures.loading(longest),
        "drawing": [] if args.no_drawing else [pictures.drawing(nodes) for nodes in sizes],
        "once": starts(longest),
        "stepping": stepping.stepping(longest),
        "memory": memories(longest),
        "speed": speeds(0.5 if args.quick else args.seconds, longest),
    }  # fmt: skip


def _version(name: str) -> str | None:
    from importlib.metadata import version

    return version(name) if installed(name) else None


def lines(out: dict[str, Any]) -> list[str]:
    """The table, as Markdown."""
    names = list(LIBRARIES)
    text = ["| one forward and backward, everything kept (ms) | " + " | ".join(TITLES.get(n, n) for n in names)]
    text[0] += " | graphlab × floor | at most |"
    text.append("|---" * (len(names) + 3) + "|")
    for row in out["speed"]:
        cells = [f"{row['ms'][n]:.3g}" if n in row["ms"] else "–" for n in names]
        text.append(_line([row["case"], *cells, f"**{row['ratio']['graphlab']:.2f}**", f"{row['target']:.2f}"]))
    text += ["", "| memory | measured | at most |", "|---|---|---|"]
    for row in out["memory"]:
        key = next(k for k in row if "/" in k)
        text.append(_line([f"{row['case']}: {key}", f"{row[key]:.4g}", f"{row['target']:.4g}"]))
    once, load = out["once"], out["loading"]
    text += ["", "| once (s) | measured | at most |", "|---|---|---|"]
    text.append(_line([f"{once['case']}: build and freeze", f"{once['build and freeze']:.2f}", "–"]))
    text.append(_line([f"{once['case']}: plan", f"{once['plan']:.2f}", "–"]))
    text.append(_line([f"load a model file of {load['nodes']:,} nodes", f"{load['seconds']:.1f}", "15"]))
    step = out["stepping"]
    for key, most in (("open / run", 2.0), ("slowest move (ms)", 10.0), ("memory with it / without", 1.2)):
        text.append(_line([f"debugger on a {step['case']}: {key}", f"{step[key]:.3g}", f"{most:g}"]))
    for row in out["drawing"]:
        share = row["ours"] / row["dot"]
        title = f"trace to DOT, {row['nodes']:,} nodes, beside {row['dot']:.2f} s of dot -Tsvg"
        text.append(_line([title, f"{row['ours']:.3f} = {share:.3f} of it", "0.1 of it"]))
    return text


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, no chain over 10,000, small drawings")
    parser.add_argument("--no-drawing", action="store_true", help="leave out the layout, which takes longest")
    parser.add_argument("--seconds", type=float, default=6.0, help="about how long each row is repeated")
    args = parser.parse_args()
    out = measured(args)
    print(json.dumps(out, indent=1) if args.json else "\n".join(lines(out)))


if __name__ == "__main__":
    main()
