"""Shape patterns such as "x: … D, W: D M, b: M -> … M": checked, and the source of every shape message."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from graphlab.errors import ShapeError
from graphlab.messages import tr

REST = "…"


@lru_cache(maxsize=256)
def parse_axes(pattern: str) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Labels per slot, and of the result.

    >>> parse_axes("x: … D, W: D M -> … M")
    ({'x': ('…', 'D'), 'W': ('D', 'M')}, ('…', 'M'))
    """
    inputs, _, out = pattern.partition("->")
    slots = {}
    for part in inputs.split(","):
        slot, _, labels = part.partition(":")
        slots[slot.strip()] = tuple(labels.split())
    return slots, tuple(out.split())


def labelled(labels: Sequence[str], shape: Sequence[int]) -> list[tuple[str, int]]:
    """Each axis with its letter; the axes of … are N, or N1, N2 where there are several."""
    rest = len(shape) - (len(labels) - 1)
    out: list[tuple[str, int]] = []
    at = 0
    for label in labels:
        if label == REST:
            names = ["N"] if rest == 1 else [f"N{i + 1}" for i in range(rest)]
            out += zip(names, shape[at : at + rest], strict=True)
            at += rest
        else:
            out.append((label, shape[at]))
            at += 1
    return out


def labelled_text(labels: Sequence[str], shape: Sequence[int]) -> str:
    """A shape with its letters: (N=2, D=3)."""
    if not _fits(labels, shape):
        return str(tuple(shape))
    return "(" + ", ".join(f"{name}={size}" for name, size in labelled(labels, shape)) + ")"


def _fits(labels: Sequence[str], shape: Sequence[int]) -> bool:
    return len(shape) >= len(labels) - 1 if REST in labels else len(shape) == len(labels)


def check_axes(pattern: str, slots: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The result's shape. Raises ShapeError naming the axis and both sizes.

    >>> check_axes("x: … D, W: D M -> … M", ("x", "W"), ((2, 3), (3, 5)))
    (2, 5)
    """
    wanted, out = parse_axes(pattern)
    sizes: dict[str, int] = {}
    first: dict[str, str] = {}
    rest: tuple[int, ...] | None = None
    for slot, shape in zip(slots, shapes, strict=True):
        labels = wanted[slot]
        if not _fits(labels, shape):
            letters = ", ".join(labels)
            message = tr(
                "{slot} has {axes}, shape {shape}, but must be ({letters})", slot=slot, axes=axes_text(len(shape)),
                shape=shape, letters=letters,
            )  # fmt: skip
            raise ShapeError(message)
        if REST in labels:
            at = labels.index(REST)
            mine = shape[at : len(shape) - (len(labels) - 1 - at)]
            if rest is None:
                rest, first[REST] = mine, slot
            elif mine != rest:
                _disagree(wanted, slots, shapes, first[REST], slot, "N")
            named = [(n, s) for n, s in zip(labels[:at], shape, strict=False)]
            named += zip(labels[at + 1 :], shape[at + len(mine) :], strict=True)
        else:
            named = list(zip(labels, shape, strict=True))
        for label, size in named:
            if sizes.setdefault(label, size) != size:
                _disagree(wanted, slots, shapes, first[label], slot, label)
            first.setdefault(label, slot)
    result: list[int] = []
    for label in out:
        result.extend((rest or ()) if label == REST else (sizes[label],))
    return tuple(result)


def axes_text(count: int) -> str:
    """How many axes, in words.

    >>> axes_text(0), axes_text(1)
    ('0 axes', '1 axis')
    """
    return tr("1 axis") if count == 1 else tr("{n} axes", n=count)


def _disagree(
    wanted: dict[str, tuple[str, ...]],
    slots: Sequence[str],
    shapes: Sequence[tuple[int, ...]],
    a: str,
    b: str,
    label: str,
) -> None:
    by_slot = dict(zip(slots, shapes, strict=True))
    message = tr(
        "{a} is {sa} but {b} is {sb}; {label} must agree", a=a, sa=labelled_text(wanted[a], by_slot[a]), b=b,
        sb=labelled_text(wanted[b], by_slot[b]), label=label,
    )  # fmt: skip
    raise ShapeError(message)
