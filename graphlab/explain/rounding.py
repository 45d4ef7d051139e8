"""Gradients that are 0 but for rounding: where terms cancel, what is left of them is no number to be read.

One rule for all that shows gradients: a sum is noise where it is no larger than a few roundings of its terms' sizes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.explain.rules import rule_of
from graphlab.explain.worked import environment
from graphlab.formula import Expr, evaluate, names
from graphlab.formula.tree import Binary, Call, Index, Name, Negative
from graphlab.ops.norm import other_axes
from graphlab.trace import Trace

UNITS = 8  # roundings of the sum of its terms' sizes: a gradient below it is what they left of a 0
LEAST = 1e-6  # of that: what is smaller still is not what rounding leaves of terms that large, but a number of its own
READ, LIGHT = 2000, 1 << 26  # nodes and bytes of a run, up to which it is read number by number
_MOVING = frozenset(["broadcast_to", "column", "reshape", "row", "rows", "spread", "transpose"])


def read(trace: Trace) -> Trace:
    """The run as it is shown: without noise, unless it is so large that nobody reads it number by number."""
    return without_noise(trace) if len(trace.graph) <= READ and trace.plan.nbytes <= LIGHT else trace


def without_noise(trace: Trace) -> Trace:
    """The run with 0 in the place of each gradient that is nothing but rounding noise; all others as they are.

    Its `cancelled` says where: per node (i, -1) and per edge (i, k) the elements whose terms cancel, whether rounding
    left something of it or, on another processor, nothing. The bias before a batch normalisation has such ones. A
    product is never noise, however small.

    >>> import graphlab as gl
    >>> text = "graphlab: 1\\nparams: {x: 0.1}\\nnodes: {a: x * -0.3, b: x * 0.2, c: x * 0.1, L: a + b + c}\\nloss: L"
    >>> trace = gl.backward(gl.forward(gl.loads(text)))
    >>> abs(float(trace["x"].grad)) > 0, float(without_noise(trace)["x"].grad), list(without_noise(trace).cancelled)
    (True, 0.0, [(0, -1)])
    """
    if trace.cotangents is None or trace.contributions is None or trace.plan.target is None:
        return trace
    if trace.cleaned is None:
        trace.cleaned = _Cleaning(trace).made()
    return trace.cleaned


def marked(trace: Trace, cancelled: dict[tuple[int, int], Any]) -> Trace:
    """The trace, with its run without noise as a trace file has marked it, where arrays were left out."""
    cotangents, contributions = list(trace.cotangents or ()), list(trace.contributions or ())
    for (i, k), found in cancelled.items():
        if k < 0:
            cotangents[i] = _zeroed(cotangents[i], found)
        else:
            parts = contributions[i]
            contributions[i] = (*parts[:k], _zeroed(parts[k], found), *parts[k + 1 :])
    clean = trace.with_gradients(cotangents, contributions)
    clean.cancelled, clean.cleaned = cancelled, clean
    trace.cleaned = clean
    return trace


def _zeroed(array: Any, found: Any) -> Any:
    return np.where(found, np.zeros_like(array), array)[()]


def terms_size(trace: Trace, i: int, k: int) -> Any:
    """The sizes of the terms that add up to what node i sent to its k-th input; None where its rule is not written."""
    rule = rule_of(trace, i, k)
    if rule is None or any(trace.values[j] is None for j in trace.plan.operands[i]):
        return None
    with np.errstate(all="ignore"):
        return _size(trace, i, k, rule.tree, trace.cotangents[i])  # type: ignore[index]


class _Cleaning:
    """One pass from the loss to the leaves. noise: of what arrived at a node: the last roundings, not all before."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.noise: list[Any] = [0.0] * len(trace.values)
        self.cancelled: dict[tuple[int, int], Any] = {}

    def made(self) -> Trace:
        trace = self.trace
        cotangents, contributions = list(trace.cotangents or ()), list(trace.contributions or ())
        with np.errstate(all="ignore"):
            for i in range(trace.plan.target or 0, -1, -1):
                if cotangents[i] is None:
                    continue
                found = _is_noise(cotangents[i], self.noise[i])
                noisy = bool(found.any())
                if noisy:
                    cotangents[i] = self.cleaned(i, -1, cotangents[i], found)
                if contributions[i] is not None:
                    contributions[i] = self.sent(i, contributions[i], noisy)
        if not self.cancelled:  # nothing changed: the run itself
            trace.cancelled = {}
            return trace
        clean = trace.with_gradients(cotangents, contributions)
        clean.cancelled, clean.cleaned = self.cancelled, clean
        return clean

    def sent(self, i: int, parts: tuple[Any, ...], noisy: bool) -> tuple[Any, ...]:
        """What node i sends, without noise; how much noise is in it is added to its inputs'."""
        operands = self.trace.plan.operands[i]
        there = all(self.trace.values[j] is not None for j in operands)  # a trace file may leave some out
        return tuple([None if part is None else self.part(i, k, part, noisy, there) for k, part in enumerate(parts)])

    def part(self, i: int, k: int, part: Any, noisy: bool, there: bool) -> Any:
        trace, j = self.trace, self.trace.plan.operands[i][k]
        unit = UNITS * np.finfo(np.asarray(part).dtype).eps
        own = unit * np.abs(part)  # it is added to what others send
        rule = rule_of(trace, i, k)
        if rule is None or not there or (not noisy and is_product(rule.tree)):
            self.noise[j] = self.noise[j] + (own if rule is None or not there else 2 * own)
            return part
        last = unit * _size(trace, i, k, rule.tree, trace.cotangents[i])  # type: ignore[index]
        whole = last + _size(trace, i, k, rule.tree, self.noise[i])
        found = _is_noise(part, whole)
        self.noise[j] = self.noise[j] + np.where(found, whole, last) + own
        return self.cleaned(i, k, part, found) if found.any() else part

    def cleaned(self, i: int, k: int, array: Any, found: Any) -> Any:
        self.cancelled[i, k] = found
        return _zeroed(array, found)


def _is_noise(array: Any, noise: Any) -> Any:
    array, noise = np.abs(array), np.asarray(noise)
    return (array <= noise) & np.isfinite(noise) & (noise > 0) & ((array == 0) | (array >= LEAST * noise))


def _size(trace: Trace, i: int, k: int, rule: Expr, upstream: Any) -> Any:
    """The sizes of the terms that node i's k-th rule adds for an upstream gradient of this size."""
    if not np.any(upstream):
        return 0.0
    upstream = np.broadcast_to(np.abs(upstream), trace.plan.shapes[i])
    values = {**environment(trace, i, trace.graph.nodes[i].slots[k]), "upstream": upstream}
    if "xhat" in values:
        values["xhat"] = np.abs(values["xhat"]) + _off_centre(trace, i, values["xhat"])
    return evaluate(_sized(rule), values)


def _off_centre(trace: Trace, i: int, xhat: Any) -> Any:
    """By how much the mean of normalised numbers is not 0, in our units: rounding, where x is far larger than x − μ."""
    node = trace.graph.nodes[i]
    axes = other_axes(np.ndim(xhat), node.attrs["axis"]) if node.op == "batchnorm" else -1
    return np.abs(np.mean(xhat, axis=axes, keepdims=True)) / (UNITS * np.finfo(xhat.dtype).eps)


@lru_cache(maxsize=8192)
def _sized(tree: Expr) -> Expr:
    """A rule, linear in `upstream`, with the sizes of its terms added, whatever their signs.

    A factor beside it is what it is: 1 − y of a saturated sigmoid is small, and no sum that cancels. Only x − mean(x)
    is one, whose numbers may all be equal.
    """
    match tree:
        case Binary(op="+" | "-", left=left, right=right) if "upstream" in names(tree) or _is_mean_of(right, left):
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


def _is_mean_of(tree: Expr, x: Expr) -> bool:
    return isinstance(tree, Call) and tree.function == "mean" and tree.args[:1] == (x,)


@lru_cache(maxsize=8192)
def is_product(tree: Expr) -> bool:
    """Whether a rule is `upstream` times a factor, entry by entry: nothing is added up that could cancel."""
    match tree:
        case Name():
            return True
        case Negative(operand=operand):
            return is_product(operand)
        case Binary(op="*" | "/", left=left, right=right):
            if "upstream" in names(left):
                return is_product(left) and "upstream" not in names(right) and not _centres(right)
            return is_product(right) and not _centres(left) if "upstream" in names(right) else False
        case Call(function=function, args=args):
            return function in _MOVING and is_product(args[0])
        case Index(base=base):
            return is_product(base)
    return False


def _centres(tree: Expr) -> bool:
    """Whether a factor has x − mean(x) in it."""
    here = isinstance(tree, Binary) and tree.op == "-" and _is_mean_of(tree.right, tree.left)
    return here or any(map(_centres, tree.parts()))
