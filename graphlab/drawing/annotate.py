"""Trace → Diagram: what a picture shows. No colours, no DOT: that is the exporters' affair."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from graphlab.base.gcpause import collection_paused
from graphlab.base.numbers import is_small, number
from graphlab.diagram import Arrow, Box, Diagram, Group, Line, Span, plain
from graphlab.drawing.arrows import Arrows
from graphlab.drawing.cache import Shared
from graphlab.drawing.cards import Cards
from graphlab.drawing.fold import Part, prefixes
from graphlab.drawing.neurons.picture import neurons
from graphlab.drawing.options import DETAILS, DIRECTIONS, MAX_NODES, VIEWS, Options
from graphlab.errors import LossError
from graphlab.explain.barriers import unreached
from graphlab.explain.rounding import read
from graphlab.explain.worked import shortened
from graphlab.formula.show import symbol
from graphlab.graph import Graph
from graphlab.messages import tr
from graphlab.trace import Trace

_SIGNS = (
    (r"Σₙ", "Σₙ: sum over the examples"),
    (r"ₖ", "Σₖ: sum over the last axis"),
    (r"x̂", "x̂: (x − μ) / √(σ² + ε)"),
    (r"\bp\b − onehot", "p: softmax"),
    (r"onehot", "onehot: 1 at the label, else 0"),
    (r"/ n\b", "n: how many are averaged"),
    (r"/ N\b", "N: examples"),
    (r"\brms ", "rms: root mean square"),
)
LEGEND_WIDTH = 96
UNREACHED = 4  # parameters without a gradient whose reason is said
DEEP = 6  # boxes in a chain, from where on it is drawn top to bottom

__all__ = ["DETAILS", "DIRECTIONS", "VIEWS", "Options", "Shared", "annotate"]


def annotate(trace: Trace, options: Options | None = None, shared: Shared | None = None) -> Diagram:
    """The picture of a trace. shared: what it has in common with other pictures of this trace.

    Raises LossError for a backward picture of a trace without gradients.

    >>> import graphlab as gl
    >>> trace = gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 2}\\nnodes: {y: x * x}"))
    >>> [box.id for box in annotate(trace).boxes]
    ['n0', 'n1']
    """
    options = options or Options()
    if options.gradients and not trace.has_gradients:
        raise LossError(tr("this trace has no gradients yet: run backward first, gl.backward(trace)"))
    trace = read(trace)
    if options.view.startswith("neurons"):
        return neurons(trace, options)
    with collection_paused():
        return _diagram(trace, options, shared)


def _diagram(trace: Trace, options: Options, shared: Shared | None) -> Diagram:
    graph = trace.graph
    known = shared or Shared(trace)
    parts, folded = known.parts(options)
    detail = options.detail or detail_for(trace, parts)
    cards = Cards(trace, options, detail, known.measures)
    arrows = Arrows(trace, options, detail, known.measures, parts)
    groups, group_of = groups_of(graph, parts)
    if shared is None:
        boxes = tuple([cards.box(part, group_of[part.members[0]]) for part in parts])
        drawn = tuple(arrows.all())
    else:
        boxes = tuple([shared.box(cards, part, group_of[part.members[0]]) for part in parts])
        edges = arrows.edges.items()
        drawn = tuple([arrow for (tail, head, _), of in edges for arrow in shared.between(arrows, tail, head, of)])
    return Diagram(
        title=symbol(graph.name) if options.title is None else options.title,
        subtitle=subtitle(trace, options),
        view=options.view,
        boxes=boxes,
        arrows=drawn,
        groups=tuple(groups),
        direction=options.direction or (direction_for(arrows.edges) if len(boxes) <= MAX_NODES else "lr"),
        legend=tuple(legend(options, cards, arrows, boxes, drawn)),
        notes=(*notes(graph, parts, folded, options), *_without_gradient(trace, options)),
    )


def detail_for(trace: Trace, parts: Sequence[Part]) -> str:
    """How much a picture of this many boxes can say and still be read."""
    count = len(parts)
    if count <= 30:
        large = sum(not is_small(trace.plan.shapes[part.last]) for part in parts)
        if count <= 20 or large <= count / 2:
            return "values"
    if count <= 80:
        return "stats"
    return "shapes" if count <= 400 else "names"


def direction_for(edges: Iterable[tuple[int, int, int]]) -> str:
    """Left to right for a short chain; a long one runs down the page, since a strip a yard wide is read by nobody.

    >>> direction_for([(0, 1, 0)]), direction_for((i, i + 1, 0) for i in range(9))
    ('lr', 'tb')
    """
    heads: dict[int, set[int]] = {}
    waiting: dict[int, int] = {}  # for how many boxes before it a box waits; folding may have closed circles
    for tail, head, _ in edges:
        if head not in heads.setdefault(tail, set()):
            heads[tail].add(head)
            waiting[head] = waiting.get(head, 0) + 1
    depth = {tail: 1 for tail in heads if tail not in waiting}
    ready = list(depth)
    while ready:
        tail = ready.pop()
        for head in heads.get(tail, ()):
            depth[head] = max(depth.get(head, 1), depth[tail] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return "tb" if max(depth.values(), default=1) >= DEEP else "lr"


def groups_of(graph: Graph, parts: Sequence[Part]) -> tuple[list[Group], dict[int, str | None]]:
    """The frames around scopes that are drawn open, and the frame each box stands in."""
    ids: dict[str, str] = {}
    groups: list[Group] = []
    where: dict[int, str | None] = {}
    known: set[str] = set()
    for part in parts:
        first = part.members[0]
        scope = part.scope.rpartition(".")[0] if part.kind == "scope" else graph.nodes[first].scope
        scope = part.scope if part.repeats else scope
        for prefix in prefixes(scope) if scope not in known else ():
            if prefix not in ids:
                ids[prefix] = f"g{len(ids)}"
                outer, _, own = prefix.rpartition(".")
                groups.append(Group(ids[prefix], shortened(symbol(own)), ids.get(outer), prefix))
        known.add(scope)
        where[first] = ids.get(scope)
    return groups, where


def subtitle(trace: Trace, options: Options) -> str:
    """forward · batch 4 · 10 nodes · loss E = 1.0397."""
    work = sum(not node.is_leaf for node in trace.graph.nodes)
    parts = [tr(options.view), tr("{n} nodes", n=work) if work != 1 else tr("1 node")]
    batches = {trace.plan.shapes[trace.graph.index[n.name]][:1] for n in trace.graph.leaves("input")} - {()}
    if len(batches) == 1:
        parts.insert(1, tr("batch {n}", n=batches.pop()[0]))
    if trace.mode == "eval":
        parts.append(tr("evaluation mode"))
    loss = trace.loss
    if loss is not None and options.view != "forward":
        name = shortened(symbol(str(trace.graph.target)))
        parts.append(f"{name if name == 'L' else f'L = {name}'} = {number(loss, options.precision)}")
    elif loss is not None:
        name = shortened(symbol(str(trace.graph.target)))
        parts.append(f"{name} = {number(loss, options.precision)}")
    elif trace.graph.backward_node and options.gradients:
        parts.append(tr("starts at {node} with the gradient given", node=symbol(trace.graph.backward_node)))
    return " · ".join(parts)


def legend(
    options: Options, cards: Cards, arrows: Arrows, boxes: Sequence[Box], drawn: Sequence[Arrow]
) -> list[Line]:  # fmt: skip
    """What the colours, the widths of the arrows and the signs in the cards mean; only what the picture has."""
    lines = [_legend_of_arrows(options.view, arrows, cards.detail == "names")]
    low, high = arrows.least, arrows.scale[1]
    if options.gradients and high and math.isfinite(high):
        text = tr(
            " an arrow, the larger its gradient (root mean square, here {low} to {high}, on a log scale)",
            low=number(low, 2), high=number(high, 2),
        )  # fmt: skip
        lines.append((Span(tr("the wider")), Span(tr(" and stronger in colour"), "hue"), Span(text)))
    if options.gradients and arrows.without:
        lines.append((Span(tr("dashed: no gradient, or one that is 0")),))
    if "factor" in cards.said:
        lines.append((Span(tr("×k → x: this card's gradient, times k, goes on to x")),))
    if "scale" in cards.said:
        text = tr("rms ×k → x: what goes on to x is k times as large as this card's gradient (root mean square)")
        lines.append((Span(text),))
    signs = signs_in(boxes, drawn) if len(boxes) <= MAX_NODES else []
    if "summary" in cards.said:
        signs.append(tr("μ σ a … b: mean, standard deviation, smallest and largest"))
    if "missing" in cards.said:
        signs.append(tr("–: nothing was computed"))
    return [*lines, *((Span(text),) for text in _packed(signs))]


def _packed(items: Sequence[str]) -> list[str]:
    """As many in a line as its width takes."""
    out: list[str] = []
    for item in items:
        if out and len(out[-1]) + len(item) + 3 <= LEGEND_WIDTH:
            out[-1] += f" · {item}"
        else:
            out.append(item)
    return out


def signs_in(boxes: Iterable[Box], arrows: Iterable[Arrow]) -> list[str]:
    """What the signs in the formulas mean that a reader cannot look up in the picture."""
    lines = [row.lines for box in boxes for row in box.rows if row.kind in ("formula", "local")]
    text = "\n".join(map(plain, [*lines, *(arrow.lines for arrow in arrows)]))
    return [tr(meaning) for pattern, meaning in _SIGNS if re.search(pattern, text)]


def _legend_of_arrows(view: str, arrows: Arrows, bare: bool) -> Line:
    """What stands on the arrows; bare: nothing does."""
    if view == "forward":
        said = tr(" computed forward") + (
            "" if arrows.scalar or bare else tr(" · arrows carry it, with its shape (rows×columns)")
        )
        return (Span(tr("value"), "value"), Span(said))
    if view == "both" and not bare:
        return (
            Span(tr("value"), "value"), Span(tr(" on the arrow with the data · ")), Span(tr("gradient"), "grad"),
            Span(tr(" on the one against it")),
        )  # fmt: skip
    if bare:
        return (Span("∂L/∂x", "grad"), Span(tr(" gradient of the loss: it runs along the arrows")))
    said = tr(" gradient of the loss · on each arrow: ") + (
        tr("upstream × local derivative = downstream") if arrows.scalar
        else tr("the chain rule from a node's gradient to its input's, with shape and size (rms)")
    )  # fmt: skip
    return (Span("∂L/∂x", "grad"), Span(said))


def _without_gradient(trace: Trace, options: Options) -> Iterator[str]:
    """Why a parameter has no gradient."""
    for name, why in islice(unreached(trace), UNREACHED) if options.gradients else ():
        yield tr("'{name}' has no gradient: {why}", name=symbol(name), why=why)


def notes(graph: Graph, parts: Sequence[Part], folded: Sequence[str], options: Options) -> list[str]:
    """What the picture leaves out."""
    out = []
    if folded:
        some = ", ".join(symbol(scope) for scope in folded[:6]) + (" …" if len(folded) > 6 else "")
        text = tr(
            "{n} scopes folded to keep the picture readable: {some}; --max-nodes draws more", n=len(folded), some=some
        )
        out.append(text)
    runs = sum(part.kind == "run" for part in parts)
    if runs:
        out.append(tr("repeated neighbours share a box with a count; --max-nodes draws them one by one"))
    alike = sum(part.times for part in parts if part.kind == "siblings")
    if alike:
        text = tr("{n} nodes alike, between the same boxes, share a box with a count; --max-nodes draws more", n=alike)
        out.append(text)
    if options.only:
        out.append(tr("only what leads to or from {names}", names=", ".join(map(symbol, options.only))))
    if not options.params and graph.leaves("param", "constant", "state"):
        out.append(tr("parameters and constants are not drawn"))
    return out
