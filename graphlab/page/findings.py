"""What a page points at: the first number that is not finite, a gradient that vanished; and why gradients are what they
are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from graphlab.blaming import Birth, Blame, blame
from graphlab.errors import GraphlabError
from graphlab.formula.show import reference
from graphlab.messages import in_language, tr
from graphlab.numbers import number, shortest
from graphlab.paths import why
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


def findings(trace: Trace, board: Storyboard, languages: Sequence[str]) -> Storyboard:
    """The page with marks where something is wrong."""
    try:
        found = blame(trace)
    except GraphlabError:
        return board
    marks = []
    if found.birth is not None:
        marks.append(_finding("nan", _place(board, found.birth), found.birth, languages))
    elif found.culprit is not None and 0 not in trace[found.target].shape:
        marks.append(_finding(found.verdict, _sends(board, found.culprit), found, languages))
    return replace(board, findings=tuple([mark for mark in marks if mark.at >= 0]))


def _finding(kind: str, at: int, found: Birth | Blame, languages: Sequence[str]) -> Finding:
    texts = {}
    for lang in languages:
        with in_language(lang):
            texts[lang] = _birth(found) if isinstance(found, Birth) else _blame(found)
    return Finding(kind, at, texts)


def _birth(found: Birth) -> str:
    values = {"node": found.node, "count": found.count, "size": found.size}
    if found.phase == "backward":
        return tr("first not finite here: the gradient that '{node}' sends ({count} of {size} numbers)", **values)
    return tr("first not finite here: the value of '{node}' ({count} of {size} numbers)", **values)


def _blame(found: Blame) -> str:
    values = {"node": found.culprit, "target": found.target, "total": number(found.total, 3)}
    if found.verdict == "exploded":
        return tr("the gradient explodes on its way to '{target}' (×{total}), most of all here, at '{node}'", **values)
    if found.verdict == "zero":
        return tr("no gradient arrives at '{target}': it becomes 0 here, at '{node}'", **values)
    return tr("the gradient vanishes on its way to '{target}' (×{total}), most of all here, at '{node}'", **values)


def _place(board: Storyboard, found: Birth) -> int:
    """The step at which a number that is not finite first shows; of a leaf the first step that uses it."""
    names = [node.name for node in board.nodes]
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
