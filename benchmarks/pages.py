"""One command that measures the page `graphlab view` makes, in a real Chromium: python benchmarks/pages.py

Its size, the time to make it, to open it, and to take a step in it. Needs playwright and Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pictures import layered_trace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
ROUNDS = 3  # the best of these counts, step by step: what else the machine does only adds
STEPS = 150  # of a page, spread over the run

# when it is ready, and when that has been painted, in ms from the navigation on
_WATCH = """
Object.defineProperty(window, "graphlab", { configurable: true, set(page) {
  Object.defineProperty(window, "graphlab", { value: page });
  window.readyAt = performance.now();
  requestAnimationFrame(() => setTimeout(() => { window.paintedAt = performance.now(); }));
} });
"""
# ms of script, style and layout for single steps, from places all over the run
_STEPS = """(most) => {
  const page = window.graphlab, length = page.run.length, count = Math.min(most, length), times = [];
  for (let k = 0; k < count; k += 1) {
    page.state.set({ step: Math.floor((k * length) / count) });
    document.body.getBoundingClientRect();
    const start = performance.now();
    page.go("forward");
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}"""
# ms from frame to frame with a step in each
_FRAMES = """(most) => new Promise((done) => {
  const page = window.graphlab, frames = [];
  page.state.set({ step: 0 });
  const next = (at) => {
    frames.push(at);
    if (frames.length > most) done(frames.slice(1).map((end, k) => end - frames[k]));
    else {
      if (page.state.get("step") === page.run.length) page.go("first");
      else page.go("forward");
      requestAnimationFrame(next);
    }
  };
  requestAnimationFrame(next);
})"""

Row = dict[str, Any]


class Case(NamedTuple):
    """A page: the run it is of, how it is made, and what it must not exceed."""

    title: str
    trace: Callable[[], Any]
    options: dict[str, Any] = {}
    size: float | None = None  # kB
    opens: float | None = None  # s
    step: float | None = None  # ms, the 95th percentile


def sample(name: str) -> Any:
    import graphlab as gl

    return gl.backward(gl.forward(gl.load(next((ROOT / "samples").glob(f"*/{name}.yaml")))))


def cases() -> list[Case]:
    return [
        Case("affine_bn_relu", lambda: sample("affine_bn_relu"), size=200, step=16),
        Case("digits", lambda: sample("digits"), size=1000, step=16),
        Case("vanishing", lambda: sample("vanishing"), step=16),
        Case("mlp784", lambda: sample("mlp784"), step=16),
        Case("500 nodes, folded by scope", lambda: layered_trace(500), opens=1, step=16),
        Case("500 nodes, each drawn", lambda: layered_trace(500), {"max_nodes": 600}, opens=1, step=16),
        Case("5,000 nodes, folded by scope", lambda: layered_trace(5000)),
    ]


def measured(case: Case, browser: Any, folder: Path) -> Row:
    """One row: the page is made twice, and opened three times."""
    from graphlab.export.web.page import to_html
    from graphlab.page import PageOptions, storyboard

    trace, made = case.trace(), []
    path = folder / "page.html"
    for _ in range(2):
        start = time.perf_counter()
        board = storyboard(trace, PageOptions(**case.options))
        path.write_text(to_html(board), "utf-8")
        made.append(time.perf_counter() - start)
    pictures = board.scenes[0].pictures
    rounds = [_opened(browser, path) for _ in range(ROUNDS)]
    best = {
        key: list(map(min, zip(*(found[key] for found in rounds), strict=True)))
        if isinstance(rounds[0][key], list)
        else min(found[key] for found in rounds)
        for key in rounds[0]
    }
    return {
        "case": case.title, "nodes": len(trace.graph), "boxes": len(next(iter(pictures.values())).boxes),
        "kB": path.stat().st_size / 1e3, "made": min(made), **best,
    }  # fmt: skip


def _opened(browser: Any, path: Path) -> Row:
    """One visit: seconds to ready and to painted, ms a step and a frame, MB."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(path.as_uri())
    while not page.evaluate("window.paintedAt !== undefined"):  # the page's policy forbids wait_for_function
        page.wait_for_timeout(20)
    ready, painted = page.evaluate("[window.readyAt, window.paintedAt]")
    times = page.evaluate(_STEPS, STEPS)
    frames = page.evaluate(_FRAMES, STEPS)
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    context.close()
    return {
        "ready": ready / 1e3, "painted": painted / 1e3, "step": times, "frame": frames,
        "heap": metrics["JSHeapUsedSize"] / 1e6,
    }  # fmt: skip


def lines(rows: Sequence[Row], listed: Sequence[Case]) -> list[str]:
    """The table, as Markdown."""
    head = [
        "page", "nodes", "boxes", "kB", "make (s)", "ready (s)", "painted (s)", "step (ms)", "frame to frame (ms)",
        "heap (MB)", "at most",
    ]  # fmt: skip
    text = [_line(head), "|---" * len(head) + "|"]
    for row, case in zip(rows, listed, strict=True):
        limits = [(case.size, "kB"), (case.opens, "s ready"), (case.step, "ms")]
        most = ", ".join(f"{limit:g} {unit}" for limit, unit in limits if limit is not None)
        cells = [
            row["case"], f"{row['nodes']:,}", str(row["boxes"]), f"{row['kB']:.0f}", f"{row['made']:.2f}",
            f"{row['ready']:.2f}", f"{row['painted']:.2f}", spread(row["step"]), spread(row["frame"]),
            f"{row['heap']:.0f}", most or "–",
        ]  # fmt: skip
        text.append(_line(cells))
    return text


def spread(times: Sequence[float]) -> str:
    """Mean · 95th percentile · largest."""
    high = sorted(times)[int(0.95 * (len(times) - 1))]
    return f"{statistics.fmean(times):.1f} · {high:.1f} · {max(times):.1f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--only", metavar="TEXT", default="", help="only the pages with this in their name")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    listed = [case for case in cases() if args.only in case.title]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        version = browser.version
        rows = [measured(case, browser, Path(folder)) for case in listed]
        browser.close()
    if args.json:
        print(json.dumps({"chromium": version, "pages": rows}, indent=1))
    else:
        print("\n".join([*lines(rows, listed), "", f"Chromium {version}"]))


if __name__ == "__main__":
    main()
