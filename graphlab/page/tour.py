"""A guided tour: a small JSON file beside the model, checked, as stops of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphlab.errors import ModelError
from graphlab.messages import LANGUAGES, did_you_mean, tr
from graphlab.storyboard import VIEWS, Storyboard, TourStop

KEYS = ("node", "phase", "to", "view", "highlight", "unfold", "text")
START, END = -1, -2  # in the place of a step
FORMAT = "graphlab.tour/1"


def read_tour(path: str | Path) -> list[dict[str, Any]]:
    """The stops of a tour file. Raises ModelError where it is none.

    {"format": "graphlab.tour/1", "stops": [{"node": "bn", "phase": "backward", "text": "…"}]}. A text is a string, or
    one a language: {"en": "…", "ko": "…"}.
    """
    try:
        found = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ModelError(tr("{path}: cannot be read: {why}", path=path, why=error.strerror or error)) from None
    except ValueError as error:
        raise ModelError(tr("{path}: is no JSON: {why}", path=path, why=error)) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("stops"), list):
        text = '{path}: a tour is {{"format": "{format}", "stops": […]}}'
        raise ModelError(tr(text, path=path, format=FORMAT))
    for n, stop in enumerate(found["stops"], 1):
        _check(stop, f"{path}: " + tr("stop {n}", n=n))
    return list(found["stops"])


def _check(stop: Any, where: str) -> None:
    if not isinstance(stop, dict):
        raise ModelError(tr("{where}: must be an object with a text", where=where))
    for key in stop:
        if key not in KEYS:
            hint, listed = did_you_mean(str(key), KEYS), ", ".join(KEYS)
            text = "{where}: unknown key '{key}'{hint}; a stop has {listed}"
            raise ModelError(tr(text, where=where, key=key, hint=hint, listed=listed))
    words = stop.get("text")
    texts = list(words.values()) if isinstance(words, dict) else [words]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ModelError(tr('{where}: text must be a string, or one a language: {{"en": …, "ko": …}}', where=where))
    if isinstance(words, dict) and not set(words) <= set(LANGUAGES):
        raise ModelError(tr("{where}: the languages of a text are {listed}", where=where, listed=", ".join(LANGUAGES)))
    for key, known in (("view", VIEWS), ("phase", ("start", "forward", "backward", "end"))):
        if key in stop and stop[key] not in known:
            text = "{where}: {key} is '{word}' but must be one of {listed}"
            raise ModelError(tr(text, where=where, key=key, word=stop[key], listed=", ".join(known)))
    for key in ("node", "to"):
        if not isinstance(stop.get(key, ""), str | None):
            raise ModelError(tr("{where}: {key} must be a name", where=where, key=key))
    for key in ("highlight", "unfold"):
        listed = stop.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise ModelError(tr("{where}: {key} must be a list of names", where=where, key=key))


def with_tour(
    board: Storyboard, stops: list[dict[str, Any]], path: str | Path = "", part: bool = False
) -> Storyboard:  # fmt: skip
    """The page with a tour. part: a page with a part of the run alone goes without the stops at what it leaves out.

    Raises ModelError for names that are not on it.
    """
    if not stops:
        return board
    names = {node.name for node in board.nodes}
    tour: list[TourStop] = []
    for n, stop in enumerate(stops, 1):
        where = f"{path}: " + tr("stop {n}", n=n)
        asked = [stop.get("node"), stop.get("to"), *stop.get("unfold", ())]
        asked += [name for text in stop.get("highlight", ()) for name in text.split("->")]
        for name in asked:
            if name is not None and name not in names:
                hint = did_you_mean(str(name), names)
                raise ModelError(tr("{where}: there is no node '{name}'{hint}", where=where, name=name, hint=hint))
        if not (part and _left_out(board, stop)):
            made = _stop(board, stop, where)
            # one that says no place stands where the one before does, from whichever side a reader comes
            tour.append(made if made.step is not None or not tour else replace(made, step=tour[-1].step))
    return replace(board, tour=tuple(tour))


def _left_out(board: Storyboard, stop: Mapping[str, Any]) -> bool:
    """Whether a stop is at a node that has no step on the page."""
    return "node" in stop and not any(board.nodes[step.node].name == stop["node"] for step in board.steps)


def _stop(board: Storyboard, stop: Mapping[str, Any], where: str) -> TourStop:
    words = stop["text"]
    texts = dict(words) if isinstance(words, dict) else {board.lang: words}
    node = stop.get("node")
    highlight = tuple(stop.get("highlight") or ([node] if node else ()))
    return TourStop(texts, _step(board, stop, where), stop.get("view"), highlight, _unfolded(board, stop))


def _unfolded(board: Storyboard, stop: Mapping[str, Any]) -> tuple[str, ...]:
    """What a stop unfolds; where it says nothing, what its node is a step of."""
    owner = None if stop.get("node") is None else board.nodes[_place(board, stop["node"])].part_of
    return tuple(stop.get("unfold") or (() if owner is None else (board.nodes[owner].name,)))


def _place(board: Storyboard, name: str) -> int:
    """A node by name: the model's own before the last step of that node unfolded, which is called like it."""
    return next(i for i, node in enumerate(board.nodes) if node.name == name)


def _step(board: Storyboard, stop: Mapping[str, Any], where: str) -> int | None:
    """The place of the step at which a stop stands: the node's last of that phase, or what it sends to `to`.

    Of a node that can be unfolded it is a step of the node itself; the page finds its like where it is unfolded.
    """
    phase, name, to = stop.get("phase"), stop.get("node"), stop.get("to")
    if phase in ("start", "end"):
        return START if phase == "start" else END
    if name is None:
        return None
    node, target = _place(board, name), None if to is None else _place(board, to)
    own = [(n, step) for n, step in enumerate(board.steps) if step.node == node and target in (None, step.to)]
    kinds = ("contribution", "add") if phase == "backward" else ("forward",)
    found = [n for n, step in own if step.kind in kinds]
    if not found and phase == "backward":  # the seed is a node's last step where it sends nothing
        found = [n for n, step in own if step.kind == "seed"]
    if not found and phase is not None:
        said = tr("'{node}' does nothing there", node=name)
        raise ModelError(f"{where}: {said}")
    return found[-1] if found else None
