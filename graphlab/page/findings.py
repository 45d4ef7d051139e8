"""What a page points at: the first number that is not finite, a gradient that vanished; and why gradients are what they
are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from graphlab.base.numbers import number, shortest
from graphlab.diagnosis.births import made_text
from graphlab.diagnosis.blame import Birth, Blame, Cancelling, blame
from graphlab.diagnosis.why import why
from graphlab.errors import GraphlabError
from graphlab.explain.barriers import why_none
from graphlab.explain.cancelling import note
from graphlab.formula.show import reference, symbol
from graphlab.messages import in_language, tr
from graphlab.storyboard import Finding, Storyboard, Why
from graphlab.trace import Trace

FEW = 120  # nodes, up to where every gradient is taken apart
LIGHT = 1 << 22  # bytes of a run, up to where it is


def reasons(trace: Trace) -> dict[int, Why]:
    """Per node that has a gradient, the paths it is the sum of."""
    out: dict[int, Why] = {}
    if not trace.has_gradients or len(trace.graph) > FEW or trace.plan.nbytes > LIGHT or trace.summaries:
        return out
    for i, grad in enumerate(trace.cotangents or ()):
        if grad is None or not np.size(grad):
            continue
        try:
            found = why(trace, reference(f"{trace.graph.nodes[i].name}.grad"))
        except GraphlabError:
            continue
        brief = partial(_brief, dtype=trace.plan.dtypes[i])
        paths = tuple([(brief(path.product), path.nodes) for path in found.paths])
        more = found.count - len(paths)
        edges = tuple([(share.name, brief(share.value)) for share in found.edges])
        out[i] = Why(found.target, brief(found.value), paths, more, brief(found.rest) if more else None, edges)
    return out


def _brief(value: float, dtype: str) -> float:
    """With no more digits than bring the same float32 back."""
    return float(shortest(value, dtype))


def without(trace: Trace) -> dict[int, str]:
    """Per node that has no gradient, why."""
    if not trace.has_gradients or len(trace.graph) > FEW:
        return {}
    return {i: why_none(trace, i) for i, reached in enumerate(trace.plan.reached) if not reached}


def findings(trace: Trace, board: Storyboard, languages: Sequence[str]) -> Storyboard:
    """The page with marks where something is wrong, and where terms cancel."""
    marks = list(_cancelled(trace, board, languages))
    try:
        found = blame(trace)
    except GraphlabError:
        return replace(board, findings=tuple(marks))
    if found.birth is not None:
        marks.append(_finding("nan", _place(board, found.birth), found.birth, trace, languages))
    elif found.culprit is not None and 0 not in trace[found.target].shape:
        at = _sends(board, found.culprit) if found.cancelled is None else _arrives(board, found.cancelled)
        if at not in [mark.at for mark in marks]:  # else it is said there already
            marks.append(_finding(found.verdict, at, found, trace, languages))
    return replace(board, findings=tuple([mark for mark in marks if mark.at >= 0]))


def _cancelled(trace: Trace, board: Storyboard, languages: Sequence[str]) -> Iterator[Finding]:
    """Where the last term of a gradient arrives that is 0 but for rounding."""
    for i, node in enumerate(trace.graph.nodes):
        if (i, -1) not in trace.cancelled:
            continue
        at = _last(board, i)
        if at >= 0:
            texts = {}
            for lang in languages:
                with in_language(lang):
                    texts[lang] = f"∂L/∂{symbol(node.name)}: {note(trace, i)}"
            yield Finding("cancelled", at, texts)


def _last(board: Storyboard, place: int) -> int:
    """The step in which the last term of a node's gradient arrives: backward the first consumer comes last."""
    steps = [(-s.node, n) for n, s in enumerate(board.steps) if s.to == place and board.nodes[s.node].part_of is None]
    return max(steps)[1] if steps else -1


def _finding(kind: str, at: int, found: Birth | Blame, trace: Trace, languages: Sequence[str]) -> Finding:
    texts = {}
    for lang in languages:
        with in_language(lang):
            if isinstance(found, Blame) and found.cancelled is not None:
                found = blame(trace)  # its reason is in words
            texts[lang] = _birth(found) if isinstance(found, Birth) else _blame(found)
    return Finding(kind, at, texts)


def _birth(found: Birth) -> str:
    values = {"node": found.node, "count": found.count, "size": found.size}
    if found.phase == "given":
        return tr("'{node}' was given with {count} of {size} numbers not finite, and passes them on", **values)
    if found.phase == "added":
        said = tr("first not finite here: the terms of ∂L/∂{name} add up to it ({count} of {size} numbers)",
                  name=symbol(found.node), **values)  # fmt: skip
    elif found.phase == "backward":
        said = tr("first not finite here: the gradient that '{node}' sends ({count} of {size} numbers)", **values)
    elif found.inside is not None:
        inside = symbol(found.inside)
        said = tr("first not finite here, inside '{node}': {inside} ({count} of {size})", inside=inside, **values)
    else:
        said = tr("first not finite here: the value of '{node}' ({count} of {size} numbers)", **values)
    made = made_text(found.entries)
    return said + (tr("; from {made}", made=made) if made else "")


def _blame(found: Blame) -> str:
    values = {"node": found.culprit, "target": found.target, "total": number(found.total, 3)}
    if found.verdict == "exploded":
        return tr("the gradient explodes on its way to '{target}' (×{total}), most of all here, at '{node}'", **values)
    if found.cancelled is not None:
        said = tr("at '{node}' the terms of the gradient cancel, so that '{target}' gets none or little", **values)
        return said + (f": {found.cancelled.reason}" if found.cancelled.reason else "")
    if found.verdict == "zero":
        return tr("no gradient arrives at '{target}': it becomes 0 here, at '{node}'", **values)
    return tr("the gradient vanishes on its way to '{target}' (×{total}), most of all here, at '{node}'", **values)


def _place(board: Storyboard, found: Birth) -> int:
    """The step at which a number that is not finite first shows; of a leaf the first step that uses it."""
    names = [node.name for node in board.nodes]
    if found.phase == "added":
        return _last(board, names.index(found.node))
    kind = "contribution" if found.phase == "backward" else "forward"
    if found.phase == "given":
        leaf = names.index(found.node)
        return next((n for n, s in enumerate(board.steps) if leaf in board.nodes[s.node].inputs), -1)
    for n, step in enumerate(board.steps):
        to = None if step.to is None else names[step.to]
        if step.kind == kind and names[step.node] == found.node and found.to in (None, to):
            return n
    return -1


def _sends(board: Storyboard, name: str) -> int:
    """The first step in which a node sends a gradient."""
    places = (n for n, s in enumerate(board.steps) if s.kind == "contribution" and board.nodes[s.node].name == name)
    return next(places, -1)


def _arrives(board: Storyboard, found: Cancelling) -> int:
    """The step in which the last of the terms that cancel arrives."""
    if found.slot is not None:
        sends = [n for n, s in enumerate(board.steps) if s.kind == "contribution"]
        return next((n for n in sends if _slot(board, n) == (found.node, found.slot)), -1)
    return _last(board, [node.name for node in board.nodes].index(found.node))


def _slot(board: Storyboard, n: int) -> tuple[str, str | None]:
    node, slot = board.nodes[board.steps[n].node], board.steps[n].slot
    return node.name, None if slot is None else node.slots[slot]
