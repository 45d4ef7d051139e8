"""Where a gradient vanished, exploded, cancelled or turned NaN: the chain from the loss to a leaf, and what did it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.base.notebook import Result
from graphlab.base.numbers import rms_all
from graphlab.diagnosis.births import Birth, Element, birth
from graphlab.diagnosis.deadunits import DeadUnit, dead_units
from graphlab.errors import ModelError
from graphlab.explain.barriers import why_none
from graphlab.explain.cancelling import Cancelling, cancelled_inside, cancelling
from graphlab.explain.rounding import without_noise
from graphlab.messages import tr
from graphlab.ops import get
from graphlab.trace import Trace, checked_trace

if TYPE_CHECKING:
    from graphlab.lines import Line


__all__ = ["Birth", "Blame", "Cancelling", "DeadUnit", "Element", "Link", "birth", "blame"]

MANY = 20_000  # nodes, up to where gradients that are 0 but for rounding are looked for
CANCELLED = 0.1  # of the largest contribution: a sum smaller than that is one whose terms cancel
VANISHED, EXPLODED = 1e-3, 1e3  # RMS of a leaf's gradient over that next to the loss


@dataclass(frozen=True, slots=True)
class Link:
    """One node of a chain. rms: of its gradient. ratio: RMS(contribution to the next node) / RMS(its gradient);
    None: there is no next node, or nothing to divide by. gathered: RMS(its gradient) / RMS of the largest
    contribution to it, 1 where there is one."""

    node: str
    op: str
    rms: float
    ratio: float | None
    gathered: float = 1.0


@dataclass(frozen=True, slots=True)
class Blame(Result):
    """What became of a gradient. verdict: ok, vanished, exploded, zero, cancelled or not finite.

    culprit: the node that shrank (grew, zeroed) it most, or at which its terms cancel (cancelled: how). total: RMS of
    the leaf's gradient over that next to the loss. nodes: every node that has a gradient, from the loss; ratio: of the
    largest contribution it sends. dead: units without a gradient, of layers in which others have one.
    """

    target: str
    verdict: str
    culprit: str | None
    total: float
    chain: tuple[Link, ...]
    birth: Birth | None
    nodes: tuple[Link, ...] = ()
    cancelled: Cancelling | None = None
    dead: tuple[DeadUnit, ...] = ()

    def lines(self, columns: int) -> Iterator[Line]:
        from graphlab.lines.blame import blame_lines

        return blame_lines(self, columns)

    def __repr__(self) -> str:
        return f"<Blame of {self.target}: {self.verdict}{f' at {self.culprit}' if self.culprit else ''}>"


def blame(trace: Trace, target: str | None = None) -> Blame:
    """Follow the gradient from the loss to a node along its largest contributions.

    target: by default the parameter (or, without any, the input) that is farthest from the loss.
    total: RMS(∂L/∂target) / RMS(gradient of the node next to the loss), the attenuation along the chain. A gradient
    that is 0 but for rounding is 0.
    Raises LossError where the trace has no gradients, ModelError where the target has none, which says why.

    >>> import graphlab as gl
    >>> graph = gl.loads("graphlab: 1\\nparams: {w: 9}\\nnodes: {a: sigmoid(w), b: sigmoid(a * 0.01), L: b * 1}")
    >>> found = blame(gl.backward(gl.forward(graph)))
    >>> found.target, found.verdict, found.culprit, [link.node for link in found.chain]
    ('w', 'vanished', 'a', ['L', 'b', 'b#1', 'a', 'w'])
    """
    checked_trace(trace, "gl.blame", gradients=True)
    found = birth(trace)
    trace = without_noise(trace) if len(trace.graph) <= MANY else trace
    graph = trace.graph
    sizes = _Sizes(trace)
    leaf = _farthest(trace, sizes) if target is None else graph.position(target)
    if leaf not in sizes.of:
        raise ModelError(tr("'{name}' has no gradient: {why}", name=graph.nodes[leaf].name, why=why_none(trace, leaf)))
    chain = tuple(_chain(trace, leaf, sizes))
    after = next((link.rms for link in chain[1:]), chain[0].rms)
    total = chain[-1].rms / after if after else math.nan
    verdict = _verdict(chain[-1].rms, total)
    if verdict == "zero":
        culprit, cancelled = _where_zero(trace, chain)
    else:
        culprit, cancelled = _culprit(trace, chain, verdict)
    if cancelled is not None:
        verdict = "cancelled"
    return Blame(
        graph.nodes[leaf].name, verdict, culprit, total, chain, found, _links(trace, sizes), cancelled,
        dead_units(trace),
    )  # fmt: skip


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
        rms = sizes.of.get(i)
        if rms is not None:
            out.append(_link(trace, sizes, i, rms, max(sizes.sent.get(i, {}).values(), key=_badness, default=None)))
    return tuple(out)


def _badness(size: float) -> tuple[bool, float]:
    return not math.isfinite(size), size


def _chain(trace: Trace, leaf: int, sizes: _Sizes) -> Iterator[Link]:
    """From the loss to the leaf, each time over the edge that brings most."""
    steps: list[tuple[int, float | None]] = [(leaf, None)]
    while steps[-1][0] != trace.plan.target:
        steps.append(_largest_sender(trace, steps[-1][0], sizes))
    for i, sent in reversed(steps):
        yield _link(trace, sizes, i, sizes.of.get(i, 0.0), sent)


def _link(trace: Trace, sizes: _Sizes, i: int, rms: float, sent: float | None) -> Link:
    node = trace.graph.nodes[i]
    most = max((sizes.sent[c][k] for c, k in trace.graph.consumers[i] if k in sizes.sent.get(c, {})), default=0.0)
    gathered = rms / most if most > 0 and math.isfinite(most) and i != trace.plan.target else 1.0
    return Link(node.name, node.op, rms, None if sent is None or rms == 0 else sent / rms, gathered)


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


def _where_zero(trace: Trace, chain: tuple[Link, ...]) -> tuple[str | None, Cancelling | None]:
    """The last node of the chain that has a gradient, which its rule makes 0; or where terms cancel."""
    k = next((k for k, link in enumerate(chain) if link.rms == 0), 0)
    if k == 0:  # the model gives the upstream gradient 0
        return chain[0].node, None
    j, i = (trace.graph.index[chain[n].node] for n in (k, k - 1))
    met = cancelling(trace, j)
    if met is not None:
        return met.node, met
    edges = [(c, slot) for c, slot in trace.graph.consumers[j] if c == i]
    inside = [cancelled_inside(trace, c, slot) for c, slot in edges if _sent(trace, c, slot)]
    found = next((one for one in inside if one is not None), None)
    if found is None and (j, -1) in trace.cancelled:  # what rounding left of it came through, and is 0 where it arrives
        found = _left_by_rounding(trace, chain[: k + 1])
    return (found.node if found else chain[k - 1].node), found


def _left_by_rounding(trace: Trace, chain: tuple[Link, ...]) -> Cancelling:
    """Where along a chain whose end is 0 but for rounding the terms cancelled: at the node that shrank it most."""
    ratios = [math.inf if link.ratio is None else link.ratio for link in chain[:-1]]
    k = ratios.index(min(ratios))
    i, j = (trace.graph.index[chain[n].node] for n in (k, k + 1))
    slot = next(slot for c, slot in trace.graph.consumers[j] if c == i)
    return Cancelling(chain[k].node, trace.graph.nodes[i].slots[slot], (), "")


def _sent(trace: Trace, c: int, k: int) -> bool:
    parts = trace.contributions[c] if trace.contributions is not None else None
    return parts is not None and parts[k] is not None


def _culprit(
    trace: Trace, chain: tuple[Link, ...], verdict: str
) -> tuple[str | None, Cancelling | None]:  # fmt: skip
    """The node that did most of it: by what it sends, or where contributions meet."""
    links = [link for link in chain if link.ratio is not None and math.isfinite(link.ratio)]
    links = [link for link in links if get(link.op).family != "loss"] or links  # a mean over the batch is no fault
    if verdict in ("ok", "not finite") or not links:
        return None, None
    pick = max if verdict == "exploded" else min
    sent = pick(links, key=lambda link: link.ratio or 0.0)
    met = pick(chain, key=lambda link: link.gathered)
    if verdict == "exploded" or met.gathered >= min(sent.ratio or 0.0, CANCELLED):
        return (met if verdict == "exploded" and met.gathered > (sent.ratio or 0.0) else sent).node, None
    return met.node, cancelling(trace, trace.graph.index[met.node])
