"""Two runs node by node, matched by name or by structure: which nodes are the same, how far apart the others are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.base.notebook import Result
from graphlab.errors import UsageError
from graphlab.graph import Graph
from graphlab.messages import tr
from graphlab.trace import Trace, checked_trace

if TYPE_CHECKING:
    from graphlab.lines import Line


WAYS = ("name", "structure")
TOLERANCE = 1e-9
SLOW = 10_000_000  # pairs of nodes
COMMON = 0.5  # of the smaller run's nodes; from where on names are trusted


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two arrays are apart. absolute: max |a − b|. relative: that over max(|a|, |b|). None: not comparable."""

    absolute: float | None = None
    relative: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One node in both runs. status: same, differs, shape (the shapes differ) or unknown (an array is not there).

    a, b: its names; one of them is None where only one run has it, and the status is then only.
    """

    a: str | None
    b: str | None
    op: str
    status: str
    value: Gap = Gap()
    grad: Gap = Gap()


@dataclass(frozen=True, slots=True)
class Comparison(Result):
    """Two runs, in the order of the first.

    first: the first node whose value differs, forward; where all values agree, the first gradient, from the loss.
    """

    matched_by: str
    tolerance: float
    pairs: tuple[Pair, ...]
    first: str | None

    @property
    def same(self) -> bool:
        """Whether nothing differs and no node is in one run only."""
        return all(pair.status in ("same", "unknown") for pair in self.pairs)

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.compare import comparison_lines

        return comparison_lines(self, False, columns)

    def __repr__(self) -> str:
        same = sum(pair.status == "same" for pair in self.pairs)
        first = "" if self.first is None else f", the first that differs: {self.first}"
        return f"<Comparison: {same} of {len(self.pairs)} nodes the same{first}>"


def compare(a: Trace, b: Trace, by: str | None = None, tolerance: float = TOLERANCE) -> Comparison:
    """Compare two runs node by node: values, gradients, the largest differences, the first node that differs.

    by: name or structure; None: by name where half of the smaller run's nodes have one in common. By structure: nodes
    that compute are aligned in order by op and shape, leaves by the slots they feed. A node differs where
    max |a − b| > tolerance · max(|a|, |b|). Raises UsageError for another way or a tolerance below 0.

    >>> import graphlab as gl
    >>> one, two = (gl.loads(f"graphlab: 1\\ninputs: {{x: 3}}\\nnodes: {{y: x * {k}, z: y + 1}}") for k in (2, 5))
    >>> found = compare(gl.forward(one), gl.forward(two))
    >>> found.first, [(pair.a, pair.status, pair.value.absolute) for pair in found.pairs]
    ('y', [('x', 'same', 0.0), ('y', 'differs', 9.0), ('z', 'differs', 9.0)])
    """
    for run in (a, b):
        checked_trace(run, "gl.compare")
    if by is not None and by not in WAYS:
        raise UsageError(tr("nodes are matched by name or by structure, not by '{by}'", by=by))
    if not tolerance >= 0:
        raise UsageError(tr("the tolerance is {tolerance} but must be 0 or more", tolerance=tolerance))
    way = by or _way(a.graph, b.graph)
    found = _by_name(a.graph, b.graph) if way == "name" else _by_structure(a, b)
    pairs = [_pair(a, b, i, found.get(i), tolerance) for i in range(len(a.graph))]
    taken = set(found.values())
    pairs += [Pair(None, node.name, node.op, "only") for j, node in enumerate(b.graph.nodes) if j not in taken]
    return Comparison(way, tolerance, tuple(pairs), _first(a, pairs, tolerance))


def _first(a: Trace, pairs: list[Pair], tolerance: float) -> str | None:
    """In the order of the run: what was given, what was computed; where values agree, gradients from the loss."""
    forward = [*(i for _, i, _ in a.graph.leaf_places), *a.plan.order]
    odd = next(
        (pairs[i] for i in forward if pairs[i].status in ("shape", "only") or _beyond(pairs[i].value, tolerance)), None
    )
    if odd is None:
        odd = next((pair for pair in reversed(pairs[: len(a.graph)]) if pair.status == "differs"), None)
    return None if odd is None else odd.a


def _beyond(gap: Gap, tolerance: float) -> bool:
    return gap.relative is not None and gap.relative > tolerance


def _way(a: Graph, b: Graph) -> str:
    common = sum(name in b.index for name in a.index)
    return "name" if common >= COMMON * min(len(a), len(b)) else "structure"


def _by_name(a: Graph, b: Graph) -> dict[int, int]:
    return {i: b.index[name] for name, i in a.index.items() if name in b.index}


def _by_structure(a: Trace, b: Trace) -> dict[int, int]:
    """Computing nodes by op and shape, in order; then the leaves that feed the same slots of them."""
    kinds, others = ([(t.graph.nodes[i].op, t.plan.shapes[i]) for i in t.plan.order] for t in (a, b))
    found: dict[int, int] = {}
    for n, m in _aligned(kinds, others):
        found[a.plan.order[n]] = b.plan.order[m]
    taken = set(found.values())
    for i, j in list(found.items()):
        for p, q in zip(a.plan.operands[i], b.plan.operands[j], strict=False):
            leaf = p < len(a.graph) and q < len(b.graph) and a.graph.nodes[p].is_leaf and b.graph.nodes[q].is_leaf
            if leaf and p not in found and q not in taken:
                found[p] = q
                taken.add(q)
    return found


def _aligned(a: list[Any], b: list[Any]) -> Iterator[tuple[int, int]]:
    """What two lists have in common, in order: their beginnings, their ends, and the longest runs between these.

    >>> list(_aligned(list("abxcd"), list("abcd")))
    [(0, 0), (1, 1), (4, 3), (3, 2)]
    """
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    yield from ((n, n) for n in range(start))
    most = min(len(a), len(b)) - start
    end = next((n for n in range(most) if a[-1 - n] != b[-1 - n]), most)
    yield from ((len(a) - 1 - n, len(b) - 1 - n) for n in range(end))
    rest, other = a[start : len(a) - end], b[start : len(b) - end]
    if len(rest) * len(other) > SLOW:  # the longest runs of very many would take minutes
        yield from ((start + n, start + n) for n, (x, y) in enumerate(zip(rest, other, strict=False)) if x == y)
        return
    for block in SequenceMatcher(None, rest, other, autojunk=False).get_matching_blocks():
        yield from ((start + block.a + n, start + block.b + n) for n in range(block.size))


def _pair(a: Trace, b: Trace, i: int, j: int | None, tolerance: float) -> Pair:
    node = a.graph.nodes[i]
    if j is None:
        return Pair(node.name, None, node.op, "only")
    other = b.graph.nodes[j]
    op = node.op if node.op == other.op else f"{node.op} / {other.op}"
    if a.plan.shapes[i] != b.plan.shapes[j]:
        return Pair(node.name, other.name, op, "shape")
    value = _gap(a.values[i], b.values[j])
    grads = [None if t.cotangents is None else t.cotangents[k] for t, k in ((a, i), (b, j))]
    grad = _gap(*grads)
    lopsided = a.has_gradients and b.has_gradients and (grads[0] is None) != (grads[1] is None)
    beyond = _beyond(value, tolerance) or _beyond(grad, tolerance)
    left_out = any((k, what) in t.summaries for t, k in ((a, i), (b, j)) for what in ("value", "grad"))
    status = "differs" if beyond or (lopsided and not left_out) else "unknown" if value.absolute is None else "same"
    return Pair(node.name, other.name, op, status, value, grad)


def _gap(x: Any, y: Any) -> Gap:
    """NaN and NaN, Inf and Inf are the same; NaN and a number are as far apart as can be."""
    if x is None or y is None:
        return Gap()
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.size == 0:
        return Gap(0.0, 0.0)
    with np.errstate(all="ignore"):
        apart = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, np.abs(x - y))
        sizes = np.maximum(np.abs(x), np.abs(y))
    if np.isnan(apart).any() or np.isinf(apart).any():
        return Gap(math.inf, math.inf)
    largest, size = float(apart.max()), float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    return Gap(largest, largest / size if size else 0.0)
