"""Why a gradient is what it is: the sum over the paths from the loss, and, level by level, who carries most of it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.base.notebook import Result
from graphlab.base.numbers import number
from graphlab.engine import autodiff
from graphlab.errors import ModelError
from graphlab.explain.barriers import why_none
from graphlab.explain.cancelling import reason as why_cancelled
from graphlab.explain.rounding import without_noise
from graphlab.formula import parse
from graphlab.formula.parse import FormulaError
from graphlab.formula.show import reference
from graphlab.formula.tree import Index, Name
from graphlab.graph import checked_name, no_node
from graphlab.messages import tr
from graphlab.planning import seed_of
from graphlab.trace import Trace, checked_trace

if TYPE_CHECKING:
    from graphlab.lines import Line


MANY = 1 << 62  # from where on paths are not counted exactly
LISTED = 512  # paths through arrays up to which each is followed; beyond, the BEAM largest at every node
BEAM = 32
SPLIT = 4096  # examples and units up to which an edge is split
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the loss to the target. factors: the seed, then each edge's local derivative, where all are numbers.

    product: what comes down this path to the target's element.
    """

    nodes: tuple[str, ...]
    product: float
    factors: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a contribution. name: a consumer; or where in the consumer's gradient it comes from. down: what to
    ask next."""

    name: str
    value: float
    down: str = ""


@dataclass(frozen=True, slots=True)
class Why(Result):
    """A gradient's element, taken apart in three ways, each adding up to it.

    value: 0 where its terms cancel but for rounding; note: says so. paths: the largest, in order, and the rest of
    `count` paths summed; exact: none outside is larger.
    edges: each consumer's contribution. examples, units: the largest edge's contribution, split by the first and by the
    last axis of the consumer's gradient; empty where that is one number.
    """

    target: str
    value: float
    paths: tuple[Path, ...]
    rest: float
    count: int
    exact: bool
    edges: tuple[Share, ...]
    through: str
    examples: tuple[Share, ...]
    units: tuple[Share, ...]
    note: str = ""

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.why import why_lines

        return why_lines(self, columns)

    def __repr__(self) -> str:
        return f"<Why {self.target} = {number(self.value)}: {len(self.paths)} of {self.count} paths>"


def why(trace: Trace, target: str, most: int = 5) -> Why:
    """Take the gradient NODE.grad[i,j] apart; of an array without an index its largest element.

    ∂L/∂x = Σ over paths Π ∂(node)/∂(node before). Where all nodes on the way are numbers, the `most` largest paths are
    found by dynamic programming, without listing all. Through arrays a path's product is what the chain rule brings
    down it; more than 512 such paths are searched by a beam of the 32 largest at each node.
    Raises LossError without gradients, ModelError where the target is no gradient.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x, L: y + x}")))
    >>> found = why(trace, "x.grad")
    >>> found.value, [(path.nodes, path.product) for path in found.paths]
    (7.0, [(('L', 'y', 'x'), 3.0), (('L', 'y', 'x'), 3.0), (('L', 'x'), 1.0)])
    """
    checked_trace(trace, "gl.why", gradients=True)
    clean = without_noise(trace.check_whole())
    j, key = target_of(clean, target)
    value, raw = (float(np.asarray(run.cotangents[j])[key]) for run in (clean, trace))  # type: ignore[index]
    cancelled = (j, -1) in clean.cancelled and bool(np.asarray(clean.cancelled[j, -1])[key])
    shown = reference(f"{trace.graph.nodes[j].name}.grad") + _index(key)
    finder = _Finder(trace, j, key)
    count = finder.count()
    paths, exact = finder.paths(most, count)
    if cancelled:
        paths = tuple([replace(path, product=_cleaned(path.product, raw)) for path in paths])
    rest = 0.0 if len(paths) == count else value - total([path.product for path in paths])
    edges = _edges(clean, j, key)
    through, examples, units = _split(trace, j, key, edges)
    shares = tuple(share for _, share in edges)
    said = ""
    if cancelled:
        examples, units = (
            tuple([replace(share, value=_cleaned(share.value, raw)) for share in parts]) for parts in (examples, units)
        )
        reason = why_cancelled(clean, j) if not np.any(clean.cotangents[j]) else ""  # type: ignore[index]
        said = tr("0 (but for rounding): the terms cancel") + (f": {reason}" if reason else "")
    return Why(shown, value, paths, rest, count, exact, shares, through, examples, units, said)


def _cleaned(part: float, raw: float) -> float:
    """A part of a gradient that is 0 but for a rounding `raw`: one that brings no more than that brings nothing."""
    return 0.0 if abs(part) <= 2 * abs(raw) else part


def total(parts: Sequence[float]) -> float:
    """The sum, exact but for one rounding; NaN or Inf where it has no end.

    >>> total([1e16, 1.0, -1e16]), total([math.inf, -math.inf])
    (1.0, nan)
    """
    try:
        return math.fsum(parts)
    except (ValueError, OverflowError):
        with np.errstate(all="ignore"):
            return float(np.sum(np.asarray(parts)))


def target_of(trace: Trace, text: str) -> tuple[int, tuple[int, ...]]:
    """The node and the element that NODE.grad[i,j] means. Raises ModelError for anything else."""
    try:
        tree = parse(checked_name(text))
    except FormulaError:
        raise ModelError(tr("'{text}' is no gradient", text=text) + tr("; write NODE.grad or NODE.grad[0,2]")) from None
    key: tuple[Any, ...] = ()
    if isinstance(tree, Index):
        key, tree = tree.key, tree.base
    graph = trace.graph
    owner, _, what = tree.id.rpartition(".") if isinstance(tree, Name) else ("", "", "")
    if isinstance(tree, Name) and tree.id in graph:
        owner = tree.id
    elif what != "grad" or owner not in graph:
        if isinstance(tree, Name) and (what == "grad" or owner not in graph):
            message = no_node(owner if what == "grad" else tree.id, graph.index)
        else:
            message = tr("'{text}' is no gradient", text=text)
        raise ModelError(message + tr("; write NODE.grad or NODE.grad[0,2]"))
    j = graph.index[owner]
    grad = trace.cotangents[j] if trace.cotangents is not None else None
    if grad is None:
        raise ModelError(tr("'{name}' has no gradient: {why}", name=owner, why=why_none(trace, j)))
    shape = np.shape(grad)
    if not key:
        if np.size(grad) == 0:
            raise ModelError(tr("'{name}' is empty: it has no gradient to take apart", name=owner))
        largest = int(np.argmax(np.nan_to_num(np.abs(grad), nan=np.inf)))
        return j, tuple(int(n) for n in np.unravel_index(largest, shape))
    whole = all(isinstance(k, int) for k in key)
    if not whole or len(key) != len(shape) or any(not -n <= k < n for k, n in zip(key, shape, strict=True)):
        raise ModelError(
            tr("'{text}' is no element: '{name}' has the shape {shape}", text=text, name=owner, shape=shape)
        )
    return j, tuple(k % n for k, n in zip(key, shape, strict=True))


def _index(key: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, key)) + "]" if key else ""


class _Finder:
    """The paths from the loss to one element."""

    def __init__(self, trace: Trace, j: int, key: tuple[int, ...]) -> None:
        self.trace, self.j, self.key = trace, j, key
        self.target: int = trace.plan.target or 0
        self.between = self._between()

    def _between(self) -> list[int]:
        """The nodes on the way, the loss first; each is reached from below by a contribution."""
        on_the_way = {self.j}
        for i in range(self.j + 1, self.target + 1):
            if any(o in on_the_way for _, o in self.sent(i)):
                on_the_way.add(i)
        return sorted(on_the_way, reverse=True)

    def sent(self, i: int) -> Iterator[Edge]:
        """(slot, producer) of what node i sends."""
        parts = self.trace.contributions[i] if self.trace.contributions is not None else None
        for k, part in enumerate(parts or ()):
            o = self.trace.plan.operands[i][k]
            if part is not None or (i, f"sent {k}") in self.trace.summaries:
                yield k, o

    def arrows(self) -> Iterator[tuple[int, list[Edge]]]:
        """Each node on the way, the loss first, with its edges to others on the way."""
        there = set(self.between)
        for i in self.between:
            yield i, [] if i == self.j else [(k, o) for k, o in self.sent(i) if o in there]

    def count(self) -> int:
        """How many paths there are."""
        ways = {self.target: 1}
        for i, edges in self.arrows():
            for _, o in edges:
                ways[o] = min(ways.get(o, 0) + ways[i], MANY)
        return ways.get(self.j, 0)

    def paths(self, most: int, count: int) -> tuple[tuple[Path, ...], bool]:
        """The largest, and whether they are known to be."""
        shapes = self.trace.plan.shapes
        if all(math.prod(shapes[i]) == 1 for i in self.between):
            found = self._numbers(most)
        else:
            keep = None if count <= LISTED else BEAM
            found = self._arrays(keep)
            return tuple(sorted(found, key=_size, reverse=True)[:most]), keep is None
        return tuple(found), True

    def _numbers(self, most: int) -> list[Path]:
        """The k best paths by dynamic programming: a factor keeps the order of the products it multiplies."""
        trace = self.trace
        seed = float(np.reshape(seed_of(trace.graph, trace.plan, self.target), ()))
        best: dict[int, list[tuple[float, Any]]] = {self.target: [(seed, (None, self.target, seed))]}
        for i, edges in self.arrows():
            if not edges:
                continue
            one = np.ones(trace.plan.shapes[i], trace.plan.dtypes[i])[()]
            local = autodiff.sent(trace, i, one)
            for k, o in edges:
                factor = float(np.reshape(local[k], ()))
                new = [(product * factor, (link, o, factor)) for product, link in best[i]]
                best[o] = heapq.nlargest(most, [*best.get(o, []), *new], key=lambda item: _rank(item[0]))
            if i != self.j:
                del best[i]
        return [self._path(product, link) for product, link in best.get(self.j, [])]

    def _path(self, product: float, link: Any) -> Path:
        nodes, factors = [], []
        while link is not None:
            link, i, factor = link
            nodes.append(self.trace.graph.nodes[i].name)
            factors.append(factor)
        return Path(tuple(nodes[::-1]), product, tuple(factors[::-1]))

    def _arrays(self, keep: int | None) -> list[Path]:
        """Each path's gradient brought down by the chain rule; of more than `keep` at a node the largest go on."""
        trace = self.trace
        seed = seed_of(trace.graph, trace.plan, self.target)
        partial: dict[int, list[tuple[Any, Any]]] = {self.target: [(seed, (None, self.target, 1.0))]}
        for i, edges in self.arrows():
            if i == self.j:
                break
            for g, link in partial.pop(i, []):
                parts = autodiff.sent(trace, i, g, edges[0][0] if len(edges) == 1 else None)
                for k, o in edges:
                    partial.setdefault(o, []).append((parts[k], (link, o, 1.0)))
            for o in {o for _, o in edges} - {self.j}:
                if keep is not None and len(partial[o]) > keep:
                    partial[o] = heapq.nlargest(
                        keep, partial[o], key=lambda item: _rank(float(np.max(np.abs(item[0]), initial=0.0)))
                    )
        ends = [(float(np.asarray(g)[self.key]), link) for g, link in partial.get(self.j, [])]
        return [Path(self._path(product, link).nodes, product) for product, link in ends]


def _size(path: Path) -> float:
    return _rank(path.product)


def _rank(product: float) -> float:
    return math.inf if math.isnan(product) else abs(product)


def _edges(trace: Trace, j: int, key: tuple[int, ...]) -> list[tuple[Edge | None, Share]]:
    """What each consumer sends to the element, the largest first; and the seed, where the target is the loss."""
    out: list[tuple[Edge | None, Share]] = []
    if j == trace.plan.target:
        out.append((None, Share(tr("the seed"), float(np.asarray(seed_of(trace.graph, trace.plan, j))[key]))))
    for c, k in sorted(trace.graph.consumers[j], key=lambda edge: (-edge[0], edge[1])):
        parts = trace.contributions[c] if trace.contributions is not None else None
        if parts is not None and parts[k] is not None:
            node = trace.graph.nodes[c]
            down = reference(f"{node.name}.grad") if c != trace.plan.target else ""
            out.append(((c, k), Share(f"{node.name}.{node.slots[k]}", float(np.asarray(parts[k])[key]), down)))
    return sorted(out, key=lambda item: _rank(item[1].value), reverse=True)


def _split(
    trace: Trace, j: int, key: tuple[int, ...], edges: list[tuple[Edge | None, Share]]
) -> tuple[str, tuple[Share, ...], tuple[Share, ...]]:  # fmt: skip
    """The largest edge's contribution by the first and by the last axis of its consumer's gradient."""
    if not edges or edges[0][0] is None:
        return "", (), ()
    c, k = edges[0][0]
    grad = np.asarray(trace.cotangents[c])  # type: ignore[index]
    name = trace.graph.nodes[c].name
    axes = [0, grad.ndim - 1] if grad.ndim > 1 else [0] * grad.ndim
    if grad.size <= 1 or sum(grad.shape[a] for a in axes) > SPLIT:
        return name, (), ()
    parts = [tuple(_slices(trace, c, k, key, grad, axis)) for axis in axes]
    return name, parts[0] if len(parts) > 1 else (), parts[-1]


def _slices(trace: Trace, c: int, k: int, key: tuple[int, ...], grad: np.ndarray, axis: int) -> list[Share]:
    """What each slice of the consumer's gradient along an axis brings: the vjp is linear, so they add up."""
    out = []
    for n in range(grad.shape[axis]):
        masked = np.zeros_like(grad)
        where = (slice(None),) * axis + (n,)
        masked[where] = grad[where]
        value = float(np.asarray(autodiff.sent(trace, c, masked, k)[k])[key])
        place = _index(tuple(n if a == axis else ":" for a in range(grad.ndim)))  # type: ignore[misc]
        out.append(Share(place, value))
    return sorted(out, key=lambda share: _rank(share.value), reverse=True)
