"""The plain layout, first half: which column a box stands in, and in which order.

Longest-path ranks, dummy items where an arrow passes a column, barycentre sweeps: the scheme of Sugiyama, Tagawa and
Toda (1981), in about linear time. "Edges" here run with the data, from producer to consumer.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

Edge = tuple[int, int]
Path = tuple[int, ...]  # an item's groups, the outermost first

DUMMIES = 4  # at most so many dummies for each box and edge; longer edges are drawn without
CAREFUL = 2000  # items, up to where crossings are counted and the best order kept


@dataclass
class Ranked:
    """Items in their ranks. Items 0 to n-1 are the boxes, the rest dummies.

    chains: per edge its items from producer to consumer; steps: every pair of neighbours on a chain.
    """

    rank: list[int]
    paths: list[Path]
    chains: list[list[int]]
    orders: list[list[int]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)


def arrange(count: int, edges: Sequence[Edge], paths: Sequence[Path]) -> Ranked:
    """Ranks and orders of `count` boxes; the members of a group stand together in every rank.

    >>> arrange(3, [(0, 1), (1, 2), (0, 2)], [(), (), ()]).orders
    [[0], [1, 3], [2]]
    """
    items = _with_dummies(ranks(count, edges, paths), edges, paths)
    total = len(items.rank)
    items.before, items.after = [[] for _ in range(total)], [[] for _ in range(total)]
    for chain in items.chains:
        for a, b in itertools.pairwise(chain):
            if items.rank[a] < items.rank[b]:
                items.after[a].append(b)
                items.before[b].append(a)
    items.orders = [[] for _ in range(max(items.rank, default=-1) + 1)]
    for item, rank in enumerate(items.rank):
        items.orders[rank].append(item)
    _sweep(items)
    return items


def ranks(count: int, edges: Sequence[Edge], paths: Sequence[Path]) -> list[int]:
    """Longest path from the sources; then what has slack moves to its consumers."""
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        if a != b:
            after[a].append(b)
            before[b].append(a)
    guests = [any(not before[a] and paths[a] == paths[b] and paths[b] for a in before[b]) for b in range(count)]

    def length(a: int, b: int) -> int:
        """Two ranks into a group whose own leaves go to the same box: they stand inside the frame, before it."""
        return 2 if guests[b] and paths[a][: len(paths[b])] != paths[b] else 1

    order = _topological(after, [len(b) for b in before])
    place = {item: k for k, item in enumerate(order)}
    rank = [0] * count
    for a in order:
        for b in after[a]:
            if place[b] > place[a]:
                rank[b] = max(rank[b], rank[a] + length(a, b))
    for a in reversed(order):
        later = [rank[b] - length(a, b) for b in after[a] if place[b] > place[a]]
        if later and len(after[a]) >= len(before[a]):
            rank[a] = max(rank[a], min(later))
    return rank


def _topological(after: list[list[int]], waiting: list[int]) -> list[int]:
    """Kahn's order; a cycle is cut at its first box."""
    order: list[int] = []
    done = [False] * len(after)
    ready = [item for item in range(len(after)) if not waiting[item]][::-1]
    rest = 0
    while len(order) < len(after):
        if not ready:
            while done[rest]:
                rest += 1
            ready.append(rest)
        item = ready.pop()
        if done[item]:
            continue
        done[item] = True
        order.append(item)
        for b in after[item]:
            waiting[b] -= 1
            if not waiting[b] and not done[b]:
                ready.append(b)
    return order


def _with_dummies(rank: list[int], edges: Sequence[Edge], paths: Sequence[Path]) -> Ranked:
    items = Ranked(list(rank), list(paths), [])
    room = DUMMIES * (len(rank) + len(edges)) + 1000
    longest = 0
    for span in sorted(rank[b] - rank[a] for a, b in edges):
        room -= max(span - 1, 0)
        if room < 0:
            break
        longest = span
    for a, b in edges:
        chain = [a]
        if 1 < rank[b] - rank[a] <= longest:
            common = _common(paths[a], paths[b])
            for between in range(rank[a] + 1, rank[b]):
                chain.append(len(items.rank))
                items.rank.append(between)
                items.paths.append(common)
        items.chains.append([*chain, b])
    return items


def _common(a: Path, b: Path) -> Path:
    length = 0
    while length < min(len(a), len(b)) and a[length] == b[length]:
        length += 1
    return a[:length]


def _sweep(items: Ranked) -> None:
    """Barycentre sweeps, forwards and backwards; groups keep one order among themselves over all ranks."""
    careful = len(items.rank) <= CAREFUL
    place = [0.0] * len(items.rank)
    _set_places(items.orders, place)
    _group(items, place, items.orders, place, _means(items.paths, place))
    best, fewest = [list(order) for order in items.orders], _crossings(items) if careful else -1
    for turn in range(12 if careful else 4):
        near = items.before if turn % 2 == 0 else items.after
        ranks = range(len(items.orders)) if turn % 2 == 0 else range(len(items.orders) - 1, -1, -1)
        centre, means = list(place), _means(items.paths, place)
        for r in ranks:
            order = items.orders[r]
            for item in order:
                around = near[item]
                centre[item] = sum([place[k] for k in around]) / len(around) if around else place[item]
            _group(items, centre, [order], place, means)
        if careful:
            count = _crossings(items)
            if count < fewest:
                best, fewest = [list(order) for order in items.orders], count
    if careful:
        items.orders = best


def _set_places(orders: list[list[int]], place: list[float]) -> None:
    for order in orders:
        middle = (len(order) - 1) / 2
        for k, item in enumerate(order):
            place[item] = k - middle


def _group(
    items: Ranked, centre: list[float], orders: list[list[int]], place: list[float], means: dict[int, float]
) -> None:
    """Sorts ranks by centre, keeping a group's members together; its own centre is that of all its members."""

    def key(item: int) -> tuple[tuple[float, int], ...]:
        return (*[(means[group], group) for group in items.paths[item]], (centre[item], -1))

    for order in orders:
        order.sort(key=key if means else centre.__getitem__)
    _set_places(orders, place)


def _means(paths: list[Path], place: list[float]) -> dict[int, float]:
    sums: dict[int, list[float]] = {}
    for item, path in enumerate(paths):
        for group in path:
            entry = sums.setdefault(group, [0.0, 0.0])
            entry[0] += place[item]
            entry[1] += 1
    return {group: total / count for group, (total, count) in sums.items()}


def _crossings(items: Ranked) -> int:
    total = 0
    for order, beyond in zip(items.orders, items.orders[1:], strict=False):
        at = {item: k for k, item in enumerate(beyond)}
        seen: list[int] = []
        for item in order:
            ends = sorted(at[b] for b in items.after[item] if b in at)  # a very long edge has no dummies
            for end in ends:
                total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return total
