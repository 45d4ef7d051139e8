"""The plain layout, second half: coordinates. `main` runs with the data, `cross` across it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from graphlab.layout.ranks import Path, Ranked

CROSS_GAP, LANE = 16.0, 9.0  # between boxes; between arrows that pass a column
FRAME = 12.0  # a frame's distance from what it holds
FRAME_TOP = 16.0  # and on the side of its name
ROUNDS = 8  # of moving groups and strangers apart, before frames are given up

Size = tuple[float, float]  # main, cross


@dataclass
class Frame:
    """A group's rectangle: ranks first to last, cross low to high. kept: it holds its members and nobody else."""

    group: int
    first: int
    last: int
    low: float
    high: float
    depth: int  # frames nested in it, at most
    kept: bool = True


def cross_positions(items: Ranked, sizes: Sequence[Size]) -> list[float]:
    """The cross centre of every item: near its neighbours, none overlapping."""
    half = [size[1] / 2 for size in sizes] + [0.0] * (len(items.rank) - len(sizes))
    count = len(sizes)
    gaps = [_gaps(order, half, items.paths, count) for order in items.orders]
    at = [0.0] * len(items.rank)
    for order, gap in zip(items.orders, gaps, strict=True):
        total, run = sum(gap), 0.0
        for k, item in enumerate(order):
            at[item] = run - total / 2
            run += gap[k] if k < len(gap) else 0.0
    every = [a + b for a, b in zip(items.before, items.after, strict=True)]
    both, before, after = _leaders(items, every)
    ranks = range(len(items.orders))
    rounds = 40 if len(items.rank) <= 500 else 10 if len(items.rank) <= 3000 else 4
    for turn in range(rounds):
        near = both if turn >= rounds - 3 else before if turn % 2 == 0 else after
        for r in ranks if turn % 2 == 0 else reversed(ranks):
            _settle(items.orders[r], gaps[r], near, every, at, count)
    return at


def _leaders(items: Ranked, both: list[list[int]]) -> tuple[list[list[int]], ...]:
    """Neighbours on both sides, before and after; a leaf with one arrow follows its box and never leads it."""
    leads = [len(around) > 1 for around in both]
    sides = (both, items.before, items.after)
    out = tuple([[k for k in around if leads[k]] for around in side] for side in sides)
    for item, around in enumerate(out[0]):
        if not around:
            for led, side in zip(out, sides, strict=True):
                led[item] = side[item]
    return out


def _gaps(order: list[int], half: list[float], paths: list[Path], count: int) -> list[float]:
    """The least distance of the centres of neighbours; frames between them take room."""
    out = []
    for a, b in itertools.pairwise(order):
        gap = half[a] + half[b] + (CROSS_GAP if a < count and b < count else LANE)
        if paths[a] != paths[b]:
            shared = 0
            while shared < min(len(paths[a]), len(paths[b])) and paths[a][shared] == paths[b][shared]:
                shared += 1
            gap += FRAME * (len(paths[a]) - shared) + (FRAME + FRAME_TOP) * (len(paths[b]) - shared)
        out.append(gap)
    return out


def _settle(
    order: list[int], gaps: list[float], near: list[list[int]], both: list[list[int]], at: list[float], count: int
) -> None:
    """One rank's places: near its neighbours' mean; what follows a single box gives way to what has more."""
    wish, weight = [], []
    for item in order:
        around = near[item]
        wish.append(sum([at[k] for k in around]) / len(around) if around else at[item])
        weight.append(0.01 if len(both[item]) < 2 else 1.0 if item < count else 2.0)
    for item, place in zip(order, spread(wish, gaps, weight), strict=True):
        at[item] = place


def spread(wish: Sequence[float], gaps: Sequence[float], weight: Sequence[float] | None = None) -> list[float]:
    """The places closest to the wishes (least squares) that keep order and distances: pool adjacent violators.

    >>> spread([0.0, 0.0, 10.0], [2.0, 2.0])
    [-1.0, 1.0, 10.0]
    """
    offset = [0.0]
    blocks: list[list[float]] = []  # weighted sum, weight, length
    for gap in gaps:
        offset.append(offset[-1] + gap)
    for k, place in enumerate(wish):
        w = weight[k] if weight else 1.0
        block = [(place - offset[k]) * w, w, 1]
        while blocks and blocks[-1][0] / blocks[-1][1] > block[0] / block[1]:
            last = blocks.pop()
            block = [last[0] + block[0], last[1] + block[1], last[2] + block[2]]
        blocks.append(block)
    out: list[float] = []
    for total, w, length in blocks:
        for _ in range(int(length)):
            out.append(total / w + offset[len(out)])
    return out


def frames(items: Ranked, sizes: Sequence[Size], at: list[float], name: float) -> dict[int, Frame]:
    """The groups' frames, after strangers were pushed out of them; one that still holds a stranger is not kept.

    name: the room for a frame's name on its low side.
    """
    for _ in range(ROUNDS):
        found = _measure(items, sizes, at, name)
        order = sorted(found.values(), key=lambda f: (f.low + f.high, f.group))
        moved = _part(order, items, at)
        for frame in order:
            moved |= _push(frame, items, sizes, at)
        if not moved:
            break
    found = _measure(items, sizes, at, name)
    for frame in found.values():
        frame.kept = not any(
            _intrudes(frame, item, items.paths, sizes, at)
            for r in range(frame.first, frame.last + 1)
            for item in items.orders[r]
        )
    _drop_overlapping(found, items.paths)
    return found


def _measure(items: Ranked, sizes: Sequence[Size], at: list[float], name: float) -> dict[int, Frame]:
    found: dict[int, Frame] = {}
    for item, size in enumerate(sizes):
        path, rank = items.paths[item], items.rank[item]
        for depth, group in enumerate(path):
            inner = len(path) - depth
            low = at[item] - size[1] / 2 - (FRAME + name) * inner
            high = at[item] + size[1] / 2 + FRAME * inner
            frame = found.get(group)
            if frame is None:
                found[group] = Frame(group, rank, rank, low, high, inner)
                continue
            frame.first, frame.last = min(frame.first, rank), max(frame.last, rank)
            frame.low, frame.high = min(frame.low, low), max(frame.high, high)
            frame.depth = max(frame.depth, inner)
    return found


def _intrudes(frame: Frame, item: int, paths: list[Path], sizes: Sequence[Size], at: list[float]) -> bool:
    if item >= len(sizes) or frame.group in paths[item]:
        return False
    half = sizes[item][1] / 2
    return at[item] + half > frame.low and at[item] - half < frame.high


def _push(frame: Frame, items: Ranked, sizes: Sequence[Size], at: list[float]) -> bool:
    """Strangers below move down out of the frame; where one is above, the frame moves down."""
    moved, lower = False, 0.0
    for r in range(frame.first, frame.last + 1):
        order = items.orders[r]
        first = next((k for k, item in enumerate(order) if frame.group in items.paths[item]), None)
        for k, item in enumerate(order):
            if not _intrudes(frame, item, items.paths, sizes, at):
                continue
            room = FRAME + (FRAME + FRAME_TOP) * len(items.paths[item])
            half = sizes[item][1] / 2
            if at[item] < (frame.low + frame.high) / 2 if first is None else k < first:
                lower = max(lower, at[item] + half + room - frame.low)
            else:
                shift = frame.high + room - (at[item] - half)
                for beyond in order[k:]:
                    at[beyond] += shift
                moved = True
    if lower:
        _lower(frame, lower, items, at)
    return moved or lower > 0


def _lower(frame: Frame, shift: float, items: Ranked, at: list[float]) -> None:
    """Moves a group, and in each rank what is below its first member."""
    for r in range(frame.first, frame.last + 1):
        order = items.orders[r]
        first = next((k for k, item in enumerate(order) if frame.group in items.paths[item]), len(order))
        for item in order[first:]:
            at[item] += shift
    frame.low, frame.high = frame.low + shift, frame.high + shift


def _part(order: list[Frame], items: Ranked, at: list[float]) -> bool:
    """Of two groups beside each other whose frames overlap, the lower moves down."""
    holders = _holders(items.paths)
    moved = False
    for k, upper in enumerate(order):
        for lower in order[k + 1 :]:
            apart = lower.first > upper.last or upper.first > lower.last or lower.low >= upper.high + FRAME / 2
            if apart or upper.group in holders[lower.group] or lower.group in holders[upper.group]:
                continue
            _lower(lower, upper.high + FRAME - lower.low, items, at)
            moved = True
    return moved


def _holders(paths: list[Path]) -> dict[int, set[int]]:
    """Per group the groups around it."""
    holders: dict[int, set[int]] = {}
    for path in set(paths):
        for depth, group in enumerate(path):
            holders.setdefault(group, set()).update(path[:depth])
    return holders


def _drop_overlapping(found: dict[int, Frame], paths: list[Path]) -> None:
    """Of two frames that overlap without one holding the other, the later is left out."""
    holders = _holders(paths)
    kept: list[Frame] = []
    for frame in sorted((f for f in found.values() if f.kept), key=lambda f: (f.first, f.group)):
        kept = [other for other in kept if other.last >= frame.first or other.group in holders[frame.group]]
        for other in kept:
            related = other.group in holders[frame.group] or frame.group in holders[other.group]
            if not related and other.first <= frame.last and other.low < frame.high and frame.low < other.high:
                frame.kept = False
        if frame.kept:
            kept.append(frame)
