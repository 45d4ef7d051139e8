"""Expressions over a moment of a trace: what `print`, conditions and `assert` evaluate. Never Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.base.numbers import summarise
from graphlab.errors import GraphlabError, ModelError
from graphlab.explain.timeline import Timeline
from graphlab.formula import parse
from graphlab.formula.evaluate import evaluate
from graphlab.formula.tree import Call, Expr, Index, Name, postorder
from graphlab.graph import no_node
from graphlab.messages import did_you_mean, tr
from graphlab.ops.foreign import meant


class NotComputedError(ModelError):
    """What is asked for is not computed yet, or nothing reaches it."""


def _argmax(x: Any) -> list[int]:
    x = np.asarray(x)
    return [int(k) for k in np.unravel_index(int(np.argmax(x)), x.shape)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "all": np.all,
    "any": np.any,
    "argmax": _argmax,
    "exp": np.exp,
    "inf": lambda x: int(np.isinf(x).sum()),
    "log": np.log,
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "nan": lambda x: int(np.isnan(x).sum()),
    "norm": lambda x: float(np.linalg.norm(np.ravel(x))),
    "rms": lambda x: summarise(x).rms,
    "shape": lambda x: list(np.shape(x)),
    "sign": np.sign,
    "sqrt": np.sqrt,
    "std": np.std,
    "sum": np.sum,
    "transpose": np.transpose,
}


class _Names(Mapping[str, Any]):
    """Names at a position: NODE and NODE.value, NODE.grad, NODE.shape; value, grad and shape of the node at hand."""

    def __init__(self, timeline: Timeline, position: int, node: int | None, computed: bool) -> None:
        self.timeline = timeline
        self.position = position
        self.node = node
        self.computed = computed  # something is computed with them: whole numbers as floats, which do not wrap around

    def __contains__(self, name: object) -> bool:
        return name not in ("true", "false", "none")

    def __iter__(self) -> Any:
        return iter(self.timeline.trace.graph.index)

    def __len__(self) -> int:
        return len(self.timeline.trace.graph)

    def __getitem__(self, name: str) -> Any:
        graph = self.timeline.trace.graph
        if name in graph:
            return self.look(graph.index[name], "value", name)
        if name == "position":
            return self.position
        if name == "loss" and graph.target is not None and not graph.backward_node:
            return self.look(graph.index[graph.target], "value", name)
        owner, _, what = name.rpartition(".")
        if what in ("value", "grad", "shape"):
            if owner in graph:
                return self.look(graph.index[owner], what, name)
            if not owner and self.node is not None:
                return self.look(self.node, what, name)
        if owner and what in ("value", "grad", "shape"):
            raise ModelError(no_node(owner, graph.index))
        if what == "T" and owner in graph:
            raise ModelError(tr("there is no '{name}' to look at; write transpose({owner})", name=name, owner=owner))
        if any(other.startswith(f"{name}.") for other in graph.index):
            raise ModelError(no_node(name, graph.index))
        known = [
            *graph.index,
            *([f"{owner}.grad", f"{owner}.value"] if owner in graph else ()),
            "value",
            "grad",
            "shape",
            "loss",
            "position",
        ]
        raise ModelError(tr("there is no '{name}' to look at{hint}", name=name, hint=did_you_mean(name, known)))

    def look(self, i: int, what: str, name: str) -> Any:
        if what == "shape":
            return list(self.timeline.trace.plan.shapes[i])
        found = (self.timeline.value if what == "value" else self.timeline.grad)(i, self.position)
        if found is None:
            raise NotComputedError(tr("'{name}' is not computed here: –", name=name))
        return found.astype(np.float64) if self.computed and found.dtype.kind in "iu" else found


def look(timeline: Timeline, position: int, node: int | None, text: str) -> Any:
    """The value of an expression at a position. node: whose are plain `value` and `grad`.

    Raises NotComputedError for what is not there yet, ModelError for what does not parse or has no meaning.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: [3, 4]}\\nnodes: {y: sum(x * x)}")))
    >>> timeline = Timeline(trace)
    >>> look(timeline, len(timeline), None, "norm(x.grad)"), look(timeline, 0, None, "argmax(x)")
    (10.0, [1])
    """
    tree = _parsed(text)
    try:
        with np.errstate(all="ignore"):
            return evaluate(tree, _Names(timeline, position, node, not isinstance(tree, Name | Index)), FUNCTIONS)
    except GraphlabError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, ArithmeticError) as error:
        raise ModelError(tr("'{text}' cannot be computed: {why}", text=text, why=error)) from None


@lru_cache(maxsize=256)
def _parsed(text: str) -> Expr:
    """The tree of an expression; a condition is asked at a hundred thousand places."""
    tree = parse(text)
    _check_functions(tree)
    return tree


def _check_functions(tree: Expr) -> None:
    for part in postorder(tree):
        if isinstance(part, Call) and part.function not in FUNCTIONS:
            other = meant(part.function, FUNCTIONS)
            hint = tr(" (did you mean '{word}'?)", word=other) if other else did_you_mean(part.function, FUNCTIONS)
            hint = hint or tr("; there are: {names}", names=", ".join(FUNCTIONS))
            raise ModelError(tr("there is no function '{name}'{hint}", name=part.function, hint=hint))


def is_true(value: Any) -> bool:
    """Whether a condition holds: everywhere, for an array."""
    return bool(np.all(value)) if np.size(value) else False
