"""Running a model for a command, or reading a run that a trace file holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.errors import LossError
from graphlab.messages import tr

from .options import memory, read_model
from .terminal.screen import note

if TYPE_CHECKING:
    from graphlab.trace import Trace

_HEAD = 200  # bytes of a .json file in which its format stands


def read_run(
    model: Sequence[str], expression: str | None, seed: int | None, mode: str, max_memory: int | None,
    gradients: bool = False,
) -> Trace:  # fmt: skip
    """The run that a command line means: of a model, forward and backward, or as a trace file has it.

    gradients: without a loss it is an error, not a note.
    """
    from graphlab.engine import autodiff

    if expression is None and len(model) == 1 and is_trace_file(model[0]):
        from graphlab.trace import load_trace

        return load_trace(model[0])
    trace = autodiff.forward(read_model(model, expression, seed, mode), mode=mode, **memory(max_memory))
    return autodiff.backward(trace) if gradients else backward_if_possible(trace)


def is_trace_file(name: str) -> bool:
    """Whether a file was written by `graphlab trace`: an .npz, or .json that says so."""
    path = Path(name)
    if path.suffix.lower() == ".npz":
        return path.is_file()
    if path.suffix.lower() != ".json":
        return False
    try:
        with path.open("rb") as file:
            return b'"graphlab.trace/' in file.read(_HEAD)
    except OSError:
        return False


def backward_if_possible(trace: Trace) -> Trace:
    """The trace after backward; as it is, with a note, where the model names no loss and has none."""
    from graphlab.engine import autodiff

    try:
        return autodiff.backward(trace)
    except LossError as error:
        if trace.graph.loss or trace.graph.backward_node:
            raise
        note(tr("forward only: {why}", why=error.message))
        return trace
