"""Optimisers: what a step makes of parameters and their gradients. It changes nothing; it gives new arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphlab.arrays.state import State
from graphlab.errors import LossError, UsageError
from graphlab.messages import did_you_mean, tr
from graphlab.trace import Trace

KINDS = ("sgd", "momentum", "adam")
Slots = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Optimiser:
    """A rule to move parameters θ against their gradients g, with the learning rate η.

    sgd: θ ← θ − η g. momentum: v ← μ v + g, θ ← θ − η v (Polyak 1964, in PyTorch's form). adam: m ← β₁ m + (1 − β₁) g,
    s ← β₂ s + (1 − β₂) g², θ ← θ − η m̂ / (√ŝ + ε) with m̂ = m / (1 − β₁ᵗ), ŝ = s / (1 − β₂ᵗ) (Kingma and Ba 2015).
    slots: v, or m and s, by parameter. steps: t so far.

    >>> Optimiser("sgd", lr=0.1).moved("w", np.array(1.0), np.array(2.0))[0]
    np.float64(0.8)

    Raises UsageError for an unknown kind or a learning rate that is no finite number.
    """

    kind: str = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    slots: Slots = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            hint, known = did_you_mean(self.kind, KINDS), ", ".join(KINDS)
            text = "there is no optimiser '{kind}'{hint}; there are: {known}"
            raise UsageError(tr(text, kind=self.kind, hint=hint, known=known))
        if not math.isfinite(self.lr):
            raise UsageError(tr("the learning rate is {lr} but must be a finite number", lr=self.lr))

    def step(self, trace: Trace) -> tuple[State, Optimiser]:
        """The parameters after one step, with the layers' running statistics; and the optimiser for the next.

        Raises LossError where the trace has no gradients.
        """
        if trace.cotangents is None:
            raise LossError(tr("this trace has no gradients yet: run backward first, gl.backward(trace)"))
        new: dict[str, Any] = dict(trace.check_whole().updates)
        slots = dict(self.slots)
        for node in trace.graph.leaves("param"):
            grad = trace.cotangents[trace.graph.index[node.name]]
            if grad is not None and node.attrs.get("trainable", True):
                theta, slots[node.name] = self.moved(node.name, trace.state[node.name], np.asarray(grad))
                new[node.name] = np.asarray(theta, trace.state[node.name].dtype)
        return trace.state.replace(new), replace(self, slots=slots, steps=self.steps + 1)

    def moved(self, name: str, theta: np.ndarray, g: np.ndarray) -> tuple[Any, tuple[Any, ...]]:
        """One parameter after a step, and what the rule remembers of it."""
        with np.errstate(all="ignore"):
            if self.kind == "sgd":
                return theta - self.lr * g, ()
            if self.kind == "momentum":
                v = self.momentum * self.slots[name][0] + g if name in self.slots else g
                return theta - self.lr * v, (v,)
            t, (first, second) = self.steps + 1, self.betas
            m, s = self.slots.get(name, (np.zeros_like(g), np.zeros_like(g)))
            m, s = first * m + (1 - first) * g, second * s + (1 - second) * g * g
            return theta - self.lr * (m / (1 - first**t)) / (np.sqrt(s / (1 - second**t)) + self.eps), (m, s)
