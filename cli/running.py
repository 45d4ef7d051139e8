"""Running a model for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.errors import LossError
from graphlab.messages import tr

from .screen import note

if TYPE_CHECKING:
    from graphlab.trace import Trace


def backward_if_possible(trace: Trace) -> Trace:
    """The trace after backward; as it is, with a note, where the model names no loss and has none."""
    from graphlab import autodiff

    try:
        return autodiff.backward(trace)
    except LossError as error:
        if trace.graph.loss or trace.graph.backward_node:
            raise
        note(tr("forward only: {why}", why=error.message))
        return trace
