"""Storyboard: what a page holds, as plain records: pictures, steps, arrays, texts. No Graph, no Trace, no HTML.

Everything is said once and referred to by its place in a list, so that a step costs one record and not a copy of the
run. An exporter sees this and Diagrams, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphlab.diagram import Diagram

Math = tuple[Any, ...]  # MathML as nested tuples: a tag, then text or elements
VIEWS = ("forward", "backward", "both")


@dataclass(frozen=True, slots=True)
class Array:
    """shape; data: the numbers in C order, None where there are too many; then summary and a histogram stand for it.

    bins: (lowest, highest, counts) of the finite numbers.
    """

    shape: tuple[int, ...]
    data: tuple[float | int | bool, ...] | None
    summary: Mapping[str, float | int] | None = None
    bins: tuple[float, float, tuple[int, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node. inputs: places of its producers, or literal numbers. value, grad: places of arrays, None: not computed.

    part_of: the place of the node that this one is a step of, where that can be unfolded. why: of its gradient.
    without: the key of the text that says why it has none.
    """

    name: str
    op: str
    role: str
    family: str
    scope: str
    shape: tuple[int, ...]
    slots: tuple[str, ...]
    inputs: tuple[int | None, ...]
    value: int | None
    grad: int | None
    part_of: int | None = None
    why: Why | None = None
    without: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """The element a gradient is taken apart for, its value, the largest paths as (product, nodes), and the other
    `more` paths' sum; None for that where all are listed. edges: (consumer.slot, what it sends)."""

    element: str
    value: float
    paths: tuple[tuple[float, tuple[str, ...]], ...]
    more: int
    rest: float | None
    edges: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One moment. kind: forward, seed, contribution or add; node: whose work; to, slot: where a contribution goes.

    left = symbolic = substituted = result, as text and (math) as MathML. array: the place of what was made.
    operands: (name, place of an array) of what went in. entries: per entry of the result (numbers put in, the entries
    it was made of as "operand:place …"), None where they are too many.
    """

    kind: str
    node: int
    to: int | None = None
    slot: int | None = None
    left: str = ""
    symbolic: str | None = None
    substituted: str | None = None
    result: str = ""
    math: tuple[Math | None, Math | None, Math | None] = (None, None, None)
    array: int | None = None
    operands: tuple[tuple[str, int], ...] = ()
    entries: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A node's moments, forward and backward: places of steps."""

    node: int
    forward: tuple[int, ...]
    backward: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unfolding:
    """What stands for a node's block when it is unfolded: the places of its steps, forward and backward."""

    node: int
    forward: tuple[int, ...]
    backward: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A diagram in each language, of the same boxes and arrows. boxes: per box the nodes in it; arrows: per arrow the
    edges it stands for, as (consumer, slot)."""

    diagrams: Mapping[str, Diagram]
    boxes: tuple[tuple[int, ...], ...]
    arrows: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """The pictures, by view, of one state of folding. folded: scopes; unfolded: nodes, by name."""

    folded: tuple[str, ...]
    unfolded: tuple[str, ...]
    pictures: Mapping[str, Picture]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. at: the place of the step where it shows; texts by language."""

    kind: str
    at: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TourStop:
    """One stop of a guided tour: where to stand, what to light up, and what to say, by language."""

    texts: Mapping[str, str]
    step: int | None = None
    view: str | None = None
    highlight: tuple[str, ...] = ()
    unfold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A whole page. blocks: in the order of the forward pass; seed: the place of the seed's step, None without a loss.

    lang: the language it opens in. hide: values, gradients, rules, later. texts: the page's own words by language.
    """

    title: str
    lang: str
    precision: int
    arrays: tuple[Array, ...]
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    blocks: tuple[Block, ...]
    unfoldings: tuple[Unfolding, ...]
    seed: int | None
    loss: int | None
    scenes: tuple[Scene, ...]
    findings: tuple[Finding, ...] = ()
    tour: tuple[TourStop, ...] = ()
    hide: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
