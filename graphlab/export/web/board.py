"""Storyboard → the JSON that a page reads: pictures with every place worked out, and each card and arrow once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphlab.base.escape import isolated, visible
from graphlab.diagram import Arrow, Box, Diagram, Line
from graphlab.export.placement import Placed, place_all, sizes_of
from graphlab.export.theme import Theme
from graphlab.layout.fixed import label_lines
from graphlab.storyboard import Array, Node, Picture, Step, Storyboard

FORMAT = "graphlab.page/1"


def board_json(board: Storyboard, look: Theme) -> str:
    """One line of JSON that can stand inside a script element: no < in it."""
    text = json.dumps(_board(board, look), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _board(board: Storyboard, look: Theme) -> dict[str, Any]:
    pools = _Pools()
    return {
        "format": FORMAT,
        "lang": board.lang,
        "precision": board.precision,
        "hide": list(board.hide),
        "loss": board.loss,
        "arrays": [_array(array) for array in board.arrays],
        "nodes": [_node(node) for node in board.nodes],
        "steps": [_step(step) for step in board.steps],
        "blocks": [[block.node, list(block.forward), list(block.backward)] for block in board.blocks],
        "unfoldings": {str(u.node): [list(u.forward), list(u.backward)] for u in board.unfoldings},
        "seed": board.seed,
        "scenes": _scenes(board, look, pools),
        "cards": pools.cards,
        "links": pools.links,
        "findings": [{"kind": f.kind, "at": f.at, "texts": dict(f.texts)} for f in board.findings],
        "tour": [
            {"texts": dict(stop.texts), "step": stop.step, "view": stop.view, "highlight": list(stop.highlight),
             "unfold": list(stop.unfold)}
            for stop in board.tour
        ],
        "texts": {lang: {key: shown(text) for key, text in texts.items()} for lang, texts in board.texts.items()},
    }  # fmt: skip


@lru_cache(maxsize=65536)
def shown(text: str) -> str:
    """A text with what cannot be seen made visible, and right-to-left words kept to themselves."""
    return isolated(visible(text))


# Numbers and steps


def _array(array: Array) -> dict[str, Any]:
    out: dict[str, Any] = {"shape": list(array.shape)}
    if array.data is not None:
        out["data"] = [_number(n) for n in array.data]
    if array.summary is not None:
        out["summary"] = {name: _number(n) for name, n in array.summary.items()}
    if array.bins is not None:
        low, high, counts = array.bins
        out["bins"] = [low, high, list(counts)]
    return out


def _number(n: float) -> Any:
    """As in trace files: what JSON has no number for is a word."""
    if isinstance(n, float) and not math.isfinite(n):
        return "NaN" if math.isnan(n) else "Infinity" if n > 0 else "-Infinity"
    return n


def _node(node: Node) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": node.name, "op": node.op, "role": node.role, "family": node.family, "scope": node.scope,
        "shape": list(node.shape), "slots": list(node.slots), "inputs": list(node.inputs), "value": node.value,
        "grad": node.grad,
    }  # fmt: skip
    if node.part_of is not None:
        out["part_of"] = node.part_of
    if node.without is not None:
        out["without"] = node.without
    if node.why is not None:
        w = node.why
        out["why"] = {
            "element": shown(w.element), "value": _number(w.value), "more": w.more,
            "paths": [[_number(product), list(map(shown, nodes))] for product, nodes in w.paths],
            "rest": None if w.rest is None else _number(w.rest),
            "edges": [[shown(name), _number(value)] for name, value in w.edges],
        }  # fmt: skip
    return out


def _step(step: Step) -> dict[str, Any]:
    out: dict[str, Any] = {"kind": step.kind, "node": step.node, "left": shown(step.left)}
    optional = {
        "to": step.to, "slot": step.slot, "symbolic": _text(step.symbolic), "substituted": _text(step.substituted),
        "result": _text(step.result) or None, "array": step.array,
        "operands": [[shown(name), place] for name, place in step.operands] or None,
        "math": [_math(m) for m in step.math] if step.math[0] is not None else None,
        "entries": None if step.entries is None else [list(entry) for entry in step.entries],
    }  # fmt: skip
    return out | {key: value for key, value in optional.items() if value is not None}


def _text(text: str | None) -> str | None:
    return None if text is None else shown(text)


def _math(math: Any) -> Any:
    if isinstance(math, str):
        return shown(math)
    return None if math is None else [math[0], *map(_math, math[1:])]


# Pictures


class _Pools:
    """Cards and arrows' texts, each once."""

    def __init__(self) -> None:
        self.cards: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []
        self._seen: dict[str, int] = {}

    def card(self, entry: dict[str, Any]) -> int:
        return self._place(self.cards, "card", entry)

    def link(self, entry: dict[str, Any]) -> int:
        return self._place(self.links, "link", entry)

    def _place(self, pool: list[dict[str, Any]], kind: str, entry: dict[str, Any]) -> int:
        key = kind + json.dumps(entry, ensure_ascii=False)
        if key not in self._seen:
            self._seen[key] = len(pool)
            pool.append(entry)
        return self._seen[key]


def _scenes(board: Storyboard, look: Theme, pools: _Pools) -> list[dict[str, Any]]:
    pictures = [picture for scene in board.scenes for picture in scene.pictures.values()]
    sizes = [sizes_of(list(picture.diagrams.values()), look) for picture in pictures]
    placed = iter(place_all([picture.diagrams[board.lang] for picture in pictures], look, sizes))
    return [
        {
            "folded": list(scene.folded),
            "unfolded": list(scene.unfolded),
            "pictures": {
                view: _picture(picture, next(placed), pools, board.lang) for view, picture in scene.pictures.items()
            },
        }
        for scene in board.scenes
    ]


def _picture(picture: Picture, placed: Placed, pools: _Pools, lang: str) -> dict[str, Any]:
    main = picture.diagrams[lang]
    others = {other: diagram for other, diagram in picture.diagrams.items() if other != lang}
    boxes = []
    for k, (box, rect) in enumerate(zip(main.boxes, placed.boxes, strict=True)):
        card = _card(box, [(other, d.boxes[k]) for other, d in others.items()], picture.boxes[k])
        card |= {"w": round(rect.width), "h": round(rect.height)}
        boxes.append([pools.card(card), round(rect.x), round(rect.y)])
    arrows = []
    for k, (arrow, way) in enumerate(zip(main.arrows, placed.ways, strict=True)):
        link = _link(arrow, [(other, d.arrows[k]) for other, d in others.items()], picture.arrows[k])
        label = [round(way.label.x + way.label.width / 2), round(way.label.y)] if way.label else []
        arrows.append([pools.link(link), way.path, way.tip, *label])
    return {
        "w": round(placed.width), "h": round(placed.height), "boxes": boxes, "arrows": arrows,
        "frames": _frames(main, placed), **_around(main, others, lang),
    }  # fmt: skip


def _frames(diagram: Diagram, placed: Placed) -> list[list[Any]]:
    """The outer ones first."""
    found = [(group, placed.frames[group.id]) for group in diagram.groups if group.id in placed.frames]
    found.sort(key=lambda item: -item[1].width * item[1].height)
    return [
        [shown(group.label), group.name, round(r.x), round(r.y), round(r.width), round(r.height)] for group, r in found
    ]


def _around(main: Diagram, others: Mapping[str, Diagram], lang: str) -> dict[str, Any]:
    """The legend and the notes, by language."""
    each = {lang: main, **others}
    return {
        "legend": {language: [_line(line) for line in d.legend] for language, d in each.items()},
        "notes": {language: list(map(shown, d.notes)) for language, d in each.items()},
    }


def _card(box: Box, others: Sequence[tuple[str, Box]], nodes: tuple[int, ...]) -> dict[str, Any]:
    own = _texts(box)
    out: dict[str, Any] = {
        "nodes": list(nodes), "name": box.name, "role": box.role, "family": box.family, **own,
    }  # fmt: skip
    alt = {lang: texts for lang, other in others if (texts := _texts(other)) != own}
    return out | ({"alt": alt} if alt else {})


def _texts(box: Box) -> dict[str, Any]:
    rows = [[row.kind, int(row.mono), [_line(line) for line in row.lines]] for row in box.rows]
    marks = [[mark.kind, shown(mark.text)] for mark in box.marks]
    return {"head": _line(box.header), "rows": rows} | ({"marks": marks} if marks else {})


def _link(arrow: Arrow, others: Sequence[tuple[str, Arrow]], edges: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    lines = [_line(line) for line in label_lines(arrow)]
    out: dict[str, Any] = {"edges": [list(edge) for edge in edges], "kind": arrow.kind, "lines": lines}
    if arrow.weight is not None and not math.isnan(arrow.weight):
        out["weight"] = round(arrow.weight, 3)
    if arrow.marks:
        out["bad"] = 1
    each = {lang: [_line(line) for line in label_lines(other)] for lang, other in others}
    alt = {lang: other for lang, other in each.items() if other != lines}
    return out | ({"alt": alt} if alt else {})


def _line(line: Line) -> list[list[str]]:
    """Spans as [text] or [text, role]."""
    return [[shown(span.text)] if span.role == "plain" else [shown(span.text), span.role] for span in line]
