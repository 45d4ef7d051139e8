"""gl.view: a run as a page that lets anyone step through it; in a notebook it shows itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from graphlab.base.escape import xml_text
from graphlab.base.files import write_file
from graphlab.export.web.page import to_html
from graphlab.page import PageOptions, read_tour, storyboard, with_tour
from graphlab.trace import Trace

HEIGHT = 720  # pixels in a notebook


class Page:
    """A page in one file. Shows itself in a notebook, in a frame of its own that reaches nothing outside it."""

    def __init__(self, trace: Trace, options: PageOptions, tour: str | Path | None = None) -> None:
        self.trace = trace
        board = storyboard(trace, options)
        self.board = board if tour is None else with_tour(board, read_tour(tour), tour, part=bool(options.only))

    def __repr__(self) -> str:
        return f"<Page {self.board.title!r}: {len(self.board.steps)} steps>"

    @property
    def html(self) -> str:
        """The whole file."""
        return to_html(self.board)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all. Raises UsageError where it cannot be written."""
        write_file(path, self.html.encode())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The page in a frame, over its picture: a notebook that is not trusted drops the frame and keeps that."""
        from graphlab.display.drawing import draw, mimebundle

        if {"values", "gradients"} & set(self.board.hide):  # nor may the picture tell what the page does not
            detail = "shapes" if "values" in self.board.hide else None
            picture = draw(self.trace, detail=detail)._repr_mimebundle_()
        else:
            picture = mimebundle(self.trace)
        title = xml_text(self.board.title) or "graphlab"
        source = base64.b64encode(picture["image/svg+xml"].encode()).decode()
        shown = (
            f'<div style="position:relative"><img alt="{title}" src="data:image/svg+xml;base64,{source}"'
            f' style="position:absolute;max-width:100%;max-height:{HEIGHT}px"/>'
            f'<iframe title="{title}" width="100%" height="{HEIGHT}" style="position:relative;border:1px solid #888"'
            f' sandbox="allow-scripts allow-forms" srcdoc="{_quoted(self.html)}"></iframe></div>'
        )
        return {"text/html": shown, **picture}


def view(source: Any, *, tour: str | Path | None = None, **options: Any) -> Page:
    """A page of a graph (it is run first) or a trace.

    options: precision, expand, fold, only, max_nodes, params, title, hide, full, lang (graphlab.page.PageOptions).
    tour: a guided tour's JSON file.

    >>> import graphlab as gl
    >>> page = gl.view(gl.loads("graphlab: 1\\ninputs: {x: 2}\\nnodes: {y: x * x}"))
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    for name in ("expand", "fold", "only", "hide"):
        if name in options:
            given = options[name]
            options[name] = (given,) if isinstance(given, str) else tuple(given)
    return Page(prepared(source), PageOptions(**options), tour)


def prepared(source: Any) -> Trace:
    """The trace to show, with gradients where there is a loss."""
    from graphlab.engine import autodiff
    from graphlab.errors import LossError

    trace = source if isinstance(source, Trace) else autodiff.forward(source)
    if trace.has_gradients:
        return trace
    try:
        return autodiff.backward(trace)
    except LossError:
        if trace.graph.loss or trace.graph.backward_node:
            raise
        return trace


def _quoted(html: str) -> str:
    """HTML as an attribute's value."""
    return html.replace("&", "&amp;").replace('"', "&quot;")
