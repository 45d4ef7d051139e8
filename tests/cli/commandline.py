"""Models and processes for the tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

MODEL = """\
graphlab: 1
name: Two layers
inputs:
  x: [[0.05, 0.10]]
  t: [[0.01, 0.99]]
params:
  W1: [[0.15, 0.25], [0.20, 0.30]]
nodes:
  hidden:
    fc: affine(x @ W1, units=3, init=xavier)
    act: relu(fc)
  y: affine(hidden.act, units=2)
  E: mse(y, t)
loss: E
"""
FORWARD_ONLY = "graphlab: 1\nname: No loss\ninputs: {x: [1, 2]}\nnodes: {y: exp(x)}\n"
CHAIN_LENGTH = 5_000
CLEARED = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GRAPHLAB_DEBUG")

Run = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[str]]


def command(*args: str) -> list[str]:
    """How the installed program is called."""
    return [sys.executable, "-c", "from graphlab_cli import main; main()", *args]


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This environment without what changes colours or widths."""
    return {**{k: v for k, v in os.environ.items() if k not in CLEARED}, **(extra or {})}


def chain(path: Path) -> None:
    """A model of many small steps, whose trace is long."""
    steps = "".join(f"  h{k}: sin(h{k - 1})\n" for k in range(1, CHAIN_LENGTH))
    path.write_text(f"graphlab: 1\nparams: {{x: 1}}\nnodes:\n  h0: sin(x)\n{steps}", encoding="utf-8")
