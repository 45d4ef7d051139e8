"""Where a gradient vanished, exploded or turned NaN: the chain from the loss to a leaf, and the first bad number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab.errors import ModelError
from graphlab.messages import tr
from graphlab.numbers import rms_all
from graphlab.ops import get
from graphlab.results import Result
from graphlab.trace import Trace, checked_trace
from graphlab.worked import backward_worked, forward_worked

if TYPE_CHECKING:
    from graphlab.lines import Line


VANISHED, EXPLODED = 1e-3, 1e3  # RMS of a leaf's gradient over that next to the loss
SHOWN = 5  # elements named of an array that is not finite


@dataclass(frozen=True, slots=True)
class Link:
    """One node of a chain. rms: of its gradient. ratio: RMS(contribution to the next node) / RMS(its gradient);
    None: there is no next node, or nothing to divide by."""

    node: str
    op: str
    rms: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Element:
    """One element that is not finite. index: in the array that was made. inputs: what it was made from, by name."""

    index: tuple[int, ...]
    value: float
    inputs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Birth:
    """The first work that made a NaN or an Inf. phase: given, forward or backward. to: backward, whose gradient.

    rule: what was computed, as symbols. count: how many of `size` elements are not finite.
    """

    phase: str
    node: str
    op: str
    to: str | None
    rule: str | None
    count: int
    size: int
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Blame(Result):
    """What became of a gradient. verdict: ok, vanished, exploded, zero or not finite.

    culprit: the node that shrank (grew, zeroed) it most. total: RMS of the leaf's gradient over that next to the loss.
    nodes: every node that has a gradient, from the loss; ratio: of the largest contribution it sends.
    """

    target: str
    verdict: str
    culprit: str | None
    total: float
    chain: tuple[Link, ...]
    birth: Birth | None
    nodes: tuple[Link, ...] = ()

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.blame import blame_lines

        return blame_lines(self, columns)

    def __repr__(self) -> str:
        return f"<Blame of {self.target}: {self.verdict}{f' at {self.culprit}' if self.culprit else ''}>"


def blame(trace: Trace, target: str | None = None) -> Blame:
    """Follow the gradient from the loss to a node along its largest contributions.

    target: by default the parameter (or, without any, the input) that is farthest from the loss.
    total: RMS(∂L/∂target) / RMS(gradient of the node next to the loss), the attenuation along the chain.
    Raises LossError where the trace has no gradients, ModelError where the loss does not depend on the target.

    >>> import graphlab as gl
    >>> graph = gl.loads("graphlab: 1\\nparams: {w: 9}\\nnodes: {a: sigmoid(w), b: sigmoid(a * 0.01), L: b * 1}")
    >>> found = blame(gl.backward(gl.forward(graph)))
    >>> found.target, found.verdict, found.culprit, [link.node for link in found.chain]
    ('w', 'vanished', 'a', ['L', 'b', 'b#1', 'a', 'w'])
    """
    graph = checked_trace(trace, "gl.blame", gradients=True).graph
    sizes = _Sizes(trace)
    leaf = _farthest(trace, sizes) if target is None else graph.position(target)
    if leaf not in sizes.of:
        raise ModelError(tr("'{name}' has no gradient: the loss does not depend on it", name=graph.nodes[leaf].name))
    chain = tuple(_chain(trace, leaf, sizes))
    after = next((link.rms for link in chain[1:]), chain[0].rms)
    total = chain[-1].rms / after if after else math.nan
    verdict = _verdict(chain[-1].rms, total)
    return Blame(
        graph.nodes[leaf].name, verdict, _culprit(chain, verdict), total, chain, birth(trace), _links(trace, sizes)
    )


def _farthest(trace: Trace, sizes: _Sizes) -> int:
    """The parameter, or else the input, with the longest chain to the loss."""
    depth = [-1] * len(trace.graph)
    start = trace.plan.target or 0
    depth[start] = 0
    for i in range(start, -1, -1):
        if depth[i] >= 0:
            for k in sizes.sent.get(i, ()):
                j = trace.plan.operands[i][k]
                depth[j] = max(depth[j], depth[i] + 1)
    for role in ("param", "input"):
        found = [i for _, i, op in trace.graph.leaf_places if op == role and depth[i] >= 0]
        if found:
            return max(found, key=depth.__getitem__)
    return start


class _Sizes:
    """RMS of every gradient and contribution, measured at once; of a summary where a trace file left an array out."""

    def __init__(self, trace: Trace) -> None:
        grads = [(i, grad) for i, grad in enumerate(trace.cotangents or ()) if grad is not None]
        parts = [
            (i, k, part)
            for i, sent in enumerate(trace.contributions or ())
            for k, part in enumerate(sent or ())
            if part is not None
        ]
        self.of = dict(zip((i for i, _ in grads), rms_all([grad for _, grad in grads]), strict=True))
        self.sent: dict[int, dict[int, float]] = {}
        for (i, k, _), size in zip(parts, rms_all([part for *_, part in parts]), strict=True):
            self.sent.setdefault(i, {})[k] = size
        for (i, what), summary in trace.summaries.items():
            if what == "grad":
                self.of[i] = summary.rms
            elif what.startswith("sent "):
                self.sent.setdefault(i, {})[int(what.split()[1])] = summary.rms


def _links(trace: Trace, sizes: _Sizes) -> tuple[Link, ...]:
    """Every node that has a gradient, the loss first, with how much it multiplied it on its largest edge."""
    out = []
    for i in range(trace.plan.target or 0, -1, -1):
        rms, node = sizes.of.get(i), trace.graph.nodes[i]
        if rms is None:
            continue
        sent = max(sizes.sent.get(i, {}).values(), key=_badness, default=None)
        out.append(Link(node.name, node.op, rms, None if sent is None or rms == 0 else sent / rms))
    return tuple(out)


def _badness(size: float) -> tuple[bool, float]:
    return not math.isfinite(size), size


def _chain(trace: Trace, leaf: int, sizes: _Sizes) -> Iterator[Link]:
    """From the loss to the leaf, each time over the edge that brings most."""
    steps: list[tuple[int, float | None]] = [(leaf, None)]
    while steps[-1][0] != trace.plan.target:
        steps.append(_largest_sender(trace, steps[-1][0], sizes))
    for i, sent in reversed(steps):
        node = trace.graph.nodes[i]
        rms = sizes.of.get(i, 0.0)
        yield Link(node.name, node.op, rms, None if sent is None or rms == 0 else sent / rms)


def _largest_sender(trace: Trace, j: int, sizes: _Sizes) -> tuple[int, float]:
    """The consumer that sends node j most, and the RMS of that; what is not finite counts as most."""
    sent = [(c, sizes.sent[c][k]) for c, k in trace.graph.consumers[j] if k in sizes.sent.get(c, {})]
    return max(sent, key=lambda item: _badness(item[1]))


def _verdict(rms: float, total: float) -> str:
    if not math.isfinite(rms):
        return "not finite"
    if rms == 0:
        return "zero"
    return "vanished" if total < VANISHED else "exploded" if total > EXPLODED else "ok"


def _culprit(chain: tuple[Link, ...], verdict: str) -> str | None:
    """The node that did most of it."""
    links = [link for link in chain if link.ratio is not None and math.isfinite(link.ratio)]
    links = [link for link in links if get(link.op).family != "loss"] or links  # a mean over the batch is no fault
    if verdict in ("ok", "not finite") or not links:
        return None
    pick = max if verdict == "exploded" else min
    return pick(links, key=lambda link: link.ratio or 0.0).node


# The first number that is not finite


def birth(trace: Trace) -> Birth | None:
    """The first work that made what is not finite from what is: forward, else backward; None where all is finite."""
    order = [i for i, node in enumerate(trace.graph.nodes) if node.is_leaf] + list(trace.plan.order)
    for i in order:
        if not _finite(trace.values[i]):
            return _made(trace, i)
    for i in range(trace.plan.target or 0, -1, -1):
        parts = trace.contributions[i] if trace.contributions is not None else None
        for k, part in enumerate(parts or ()):
            if not _finite(part):
                return _sent(trace, i, k)
    return None


def _finite(array: Any) -> bool:
    return array is None or np.asarray(array).dtype.kind != "f" or bool(np.isfinite(array).all())


def _made(trace: Trace, i: int) -> Birth:
    node = trace.graph.nodes[i]
    inputs = {str(o): trace.values[j] for o, j in zip(node.inputs, trace.plan.operands[i], strict=True)}
    phase = "given" if node.is_leaf else "forward"
    rule = None if node.is_leaf else forward_worked(trace, i, numbers=False).symbolic
    return _birth(phase, node.name, node.op, None, rule, trace.values[i], inputs)


def _sent(trace: Trace, i: int, k: int) -> Birth:
    node = trace.graph.nodes[i]
    inputs = {
        f"∂L/∂{node.name}": trace.cotangents[i] if trace.cotangents is not None else None,
        node.name: trace.values[i],
    }
    inputs |= {str(o): trace.values[j] for o, j in zip(node.inputs, trace.plan.operands[i], strict=True)}
    rule = backward_worked(trace, i, k, numbers=False).symbolic
    part = trace.contributions[i][k]  # type: ignore[index]
    return _birth("backward", node.name, node.op, str(node.inputs[k]), rule, part, inputs)


def _birth(
    phase: str, node: str, op: str, to: str | None, rule: str | None, array: Any, inputs: dict[str, Any]
) -> Birth:  # fmt: skip
    array = np.asarray(array)
    bad = np.argwhere(~np.isfinite(array))
    elements = tuple(_element(array, tuple(int(n) for n in index), inputs) for index in bad[:SHOWN])
    return Birth(phase, node, op, to, rule, len(bad), array.size, elements)


def _element(array: np.ndarray, index: tuple[int, ...], inputs: dict[str, Any]) -> Element:
    """An element, with those of the inputs that stand at the same place (after broadcasting)."""
    found = {}
    for name, value in inputs.items():
        if value is not None:
            try:
                found[name] = float(np.broadcast_to(value, array.shape)[index])
            except ValueError:  # of another shape: no single element of it stands here
                continue
    return Element(index, float(array[index]), found)
