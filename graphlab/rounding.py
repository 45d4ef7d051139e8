"""Gradients that are 0 but for rounding: where terms cancel, what is left of them is no number to be read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.formula import Expr, evaluate, names
from graphlab.formula.tree import Binary, Call, Negative
from graphlab.rules import rule_of
from graphlab.trace import Trace
from graphlab.worked import environment

UNITS = 8  # roundings of the sum of its terms' sizes: a gradient below it is what they left of a 0


def without_noise(trace: Trace) -> Trace:
    """The run with 0 in the place of each gradient that is nothing but rounding noise; all others as they are.

    The bias before a batch normalisation has such a one: its terms cancel. A product is never noise, however small.

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\nparams: {x: 0.1}\\nnodes: {a: x * -0.3, b: x * 0.2, c: x * 0.1, L: a + b + c}\\nloss: L"
    >>> trace = gl.backward(gl.forward(gl.loads(text)))
    >>> abs(float(trace["x"].grad)) > 0, float(without_noise(trace)["x"].grad)
    (True, 0.0)
    """
    if trace.cotangents is None or trace.contributions is None:
        return trace
    cotangents, contributions = list(trace.cotangents), list(trace.contributions)
    noise: list[Any] = [0.0] * len(trace.values)  # of what has arrived at a node: the last roundings, not all before
    with np.errstate(all="ignore"):
        for i in range(len(trace.graph) - 1, -1, -1):
            cotangents[i] = _cleaned(cotangents[i], noise[i])
            if contributions[i] is not None:
                contributions[i] = _sent(trace, i, noise)
    return trace.with_gradients(cotangents, contributions)


def _sent(trace: Trace, i: int, noise: list[Any]) -> tuple[Any, ...]:
    """What node i sends, without noise; how much noise is in it is added to its inputs'."""
    sent: list[Any] = []
    for k, (j, part) in enumerate(zip(trace.plan.operands[i], trace.contributions[i], strict=True)):  # type: ignore[index]
        if part is None:
            sent.append(None)
            continue
        unit = UNITS * np.finfo(np.asarray(part).dtype).eps
        last = unit * _size(trace, i, k, trace.cotangents[i])  # type: ignore[index]
        whole = last + _size(trace, i, k, noise[i])
        noise[j] = noise[j] + np.where(_is_noise(part, whole), whole, last)
        noise[j] = noise[j] + unit * np.abs(part)  # it is added to what others send
        sent.append(_cleaned(part, whole))
    return tuple(sent)


def _is_noise(array: Any, noise: Any) -> Any:
    return (np.abs(array) <= noise) & np.isfinite(noise) & (np.asarray(array) != 0)


def _cleaned(array: Any, noise: Any) -> Any:
    """The array itself where nothing in it is noise."""
    if array is None:
        return None
    found = _is_noise(array, noise)
    return np.where(found, np.zeros_like(array), array)[()] if np.any(found) else array


def _size(trace: Trace, i: int, k: int, upstream: Any) -> Any:
    """The sizes of the terms that node i's k-th rule adds for an upstream gradient of this size; 0 without a rule."""
    rule = rule_of(trace, i, k)
    if rule is None or not np.any(upstream):
        return 0.0
    upstream = np.broadcast_to(np.abs(upstream), trace.plan.shapes[i])
    values = {**environment(trace, i, trace.graph.nodes[i].slots[k]), "upstream": upstream}
    return evaluate(_sized(rule.tree), values)


@lru_cache(maxsize=8192)
def _sized(tree: Expr) -> Expr:
    """A rule, linear in `upstream`, with the sizes of its terms added, whatever their signs."""
    match tree:
        case Binary(op="+" | "-", left=left, right=right):
            return Binary("+", _sized(left), _sized(right))
        case Binary(op="*" | "@" as op, left=left, right=right):
            return Binary(op, _sized(left), _sized(right))
        case Binary(op="/", left=left, right=right):
            return Binary("/", _sized(left), Call("abs", (right,)))
        case Negative(operand=operand):
            return _sized(operand)
        case Call(function=function, args=args, keywords=keywords) if "upstream" in names(tree):
            return Call(function, tuple(_sized(arg) if "upstream" in names(arg) else arg for arg in args), keywords)
    return Call("abs", (tree,))
