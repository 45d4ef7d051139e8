"""What a user can choose about a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphlab.diagram import Mark
from graphlab.errors import UsageError
from graphlab.messages import did_you_mean, tr

VIEWS = ("forward", "backward", "both", "neurons", "neurons-backward")
DETAILS = ("names", "shapes", "stats", "values")
DIRECTIONS = ("lr", "tb")
MAX_NODES = 150


@dataclass(frozen=True, slots=True)
class Options:
    """How a trace is drawn.

    view: forward, backward, both, neurons or neurons-backward. detail: names, shapes, stats or values; None: by size.
    precision: significant digits. direction: lr or tb; None: by the longest chain. fold: scopes to draw as one box, or
    "all". max_nodes: boxes beyond which scopes are folded by themselves. only: nodes; what leads to or from them is
    drawn. params: whether parameters and constants are drawn. marks: what to say about nodes, by name. example: which
    one of the batch the neurons view shows, counted from 0.
    """

    view: str = "forward"
    detail: str | None = None
    precision: int = 4
    direction: str | None = None
    title: str | None = None
    fold: tuple[str, ...] = ()
    max_nodes: int = MAX_NODES
    only: tuple[str, ...] = ()
    params: bool = True
    marks: Mapping[str, tuple[Mark, ...]] | None = None
    example: int = 0

    def __post_init__(self) -> None:
        _choice("view", self.view, VIEWS)
        if self.direction is not None:
            _choice("direction", self.direction, DIRECTIONS)
        if self.detail is not None:
            _choice("detail", self.detail, DETAILS)
        if not 1 <= self.precision <= 17:
            raise UsageError(tr("precision is {n} but must be 1 to 17 significant digits", n=self.precision))
        if self.max_nodes < 1:
            raise UsageError(tr("max-nodes is {n} but must be 1 or more", n=self.max_nodes))

    @property
    def gradients(self) -> bool:
        return self.view in ("backward", "both", "neurons-backward")


def _choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        hint = did_you_mean(str(value), choices)
        listed = ", ".join(choices)
        message = tr(
            "{what} is '{value}'{hint} but must be one of: {listed}", what=what, value=value, hint=hint, listed=listed
        )
        raise UsageError(message)
