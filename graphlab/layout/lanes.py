"""Where arrows cross the gaps between columns, and where their labels stand there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from graphlab.layout.coordinates import spread
from graphlab.layout.ranks import Ranked

PORT = 12.0  # the most that ports on a side are apart
ROOM, TALL_ROOM = 48.0, 68.0  # beside a label, for the curves that lead its arrow to it and on
NEAR = 6.0  # as far off its arrow as a label may be and still be read with it

Size = tuple[float, float]  # main, cross


@dataclass(frozen=True, slots=True)
class Lane:
    """label: the cross centre of a label. arrow: where its arrow passes it; None: on its own way. length: for how far.

    room: what the arrow's curves need in the gap beside the label.
    """

    label: float
    arrow: float | None = None
    length: float = 0.0
    room: float = 0.0


def crossings(items: Ranked, sizes: Sequence[Size], at: Sequence[float]) -> list[list[float]]:
    """Per edge its cross places, from the port where it leaves to the one where it enters."""
    leave, enter = _ports(items, sizes, at, 1), _ports(items, sizes, at, 0)
    return [[leave[k], *[at[item] for item in chain[1:-1]], enter[k]] for k, chain in enumerate(items.chains)]


def label_lanes(
    items: Ranked, gap_of: Sequence[int], cross: Sequence[Sequence[float]], sizes: Sequence[Size], across: bool
) -> dict[int, Lane]:
    """Each label as near to its arrow as the others let it; arrows are led to their labels where these crowd."""
    by_gap: dict[int, list[int]] = {}
    for k, size in enumerate(sizes):
        if size[1]:
            by_gap.setdefault(gap_of[k], []).append(k)
    twins = _twins(items)
    out = {}
    for _, members in sorted(by_gap.items()):
        wish, room = {}, {}
        for k in members:
            gap = (len(items.chains[k]) - 1) // 2  # the gap that holds the label
            here, there = cross[k][gap], cross[k][gap + 1]
            led = across and k in twins
            lift = 0.0 if led or not across else _lift(abs(there - here), sizes[k][1])
            wish[k], room[k] = (here + there) / 2 - lift, sizes[k][1] + (10.0 if led else 0.0)
        members.sort(key=lambda k: (wish[k], k))
        gaps = [(room[a] + room[b]) / 2 + (2 if across else 8) for a, b in itertools.pairwise(members)]
        places = spread([wish[k] for k in members], gaps)
        crowded = not across and any(abs(place - wish[k]) > NEAR for k, place in zip(members, places, strict=True))
        for k, place in zip(members, places, strict=True):
            out[k] = Lane(place)
            if items.rank[items.chains[k][0]] >= items.rank[items.chains[k][-1]]:
                continue  # an arrow of a cycle crosses no gap
            if crowded:
                out[k] = Lane(place, place, sizes[k][0], TALL_ROOM)
            elif across and k in twins:  # under its label
                out[k] = Lane(place - 4, place + sizes[k][1] / 2, sizes[k][0], ROOM)
    return out


def _twins(items: Ranked) -> set[int]:
    """The edges that join the same two boxes as another."""
    by_ends: dict[tuple[int, int], list[int]] = {}
    for k, chain in enumerate(items.chains):
        by_ends.setdefault((chain[0], chain[-1]), []).append(k)
    return {k for edges in by_ends.values() if len(edges) > 1 for k in edges}


def _lift(drop: float, height: float) -> float:
    """A label that its arrow, running `drop` across, would strike through stands above it."""
    return height / 2 + 3 + 0.45 * drop if drop < 1.5 * height else 0.0


def _ports(items: Ranked, sizes: Sequence[tuple[float, float]], at: Sequence[float], side: int) -> list[float]:
    """Where each edge leaves (1) or enters (0) its box: spread over the side, in the order of the other ends."""
    by_box: dict[int, list[int]] = {}
    for k, chain in enumerate(items.chains):
        by_box.setdefault(chain[0] if side else chain[-1], []).append(k)
    out = [0.0] * len(items.chains)
    for box, edges in by_box.items():
        edges.sort(key=lambda k: (at[items.chains[k][1 if side else -2]], k))
        room = min(PORT, sizes[box][1] * 0.7 / len(edges))
        for i, k in enumerate(edges):
            out[k] = at[box] + (i - (len(edges) - 1) / 2) * room
    return out
