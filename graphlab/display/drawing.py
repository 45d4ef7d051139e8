"""gl.draw: from a graph or a trace to a picture that can be saved or shows itself in a notebook."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphlab.diagram import Diagram
from graphlab.drawing.annotate import Options, annotate
from graphlab.errors import GraphlabError, LossError
from graphlab.graph import Graph
from graphlab.trace import Trace

PIXELS = 200  # boxes, up to where a notebook gets a PNG beside the SVG


class Drawing:
    """A picture: its diagram, and how it is to look. Shows itself in a notebook."""

    def __init__(self, diagram: Diagram, theme: str = "light", engine: str | None = None) -> None:
        self.diagram = diagram
        self.theme = theme
        self.engine = engine

    def __repr__(self) -> str:
        return f"<Drawing of {self.diagram!r}>"

    @property
    def dot(self) -> str:
        """The picture as DOT text; needs no layout program."""
        from graphlab.export.graphviz.dot import to_dot

        return to_dot(self.diagram, self.theme)

    @property
    def text(self) -> str:
        """The picture as a tree of plain text."""
        from graphlab.export.text import to_text

        return to_text(self.diagram)

    @property
    def svg(self) -> str:
        """The picture as SVG, laid out by the first engine that works."""
        from graphlab.export.picture import to_picture

        return to_picture(self.diagram, "svg", self.theme, self.engine)[0].decode("utf-8")

    def save(self, path: str | Path) -> list[str]:
        """Write .dot, .svg, .png, .pdf or .txt; returns what the user should know about it.

        Raises ExportError, or MissingDependencyError where the format needs a program that is not there.
        """
        from graphlab.export import export

        return [*self.diagram.warnings, *export(self.diagram, path, self.theme, self.engine)]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        shown = {"image/svg+xml": self.svg, "text/plain": self.text}
        if len(self.diagram.boxes) <= PIXELS and "image/png" not in (exclude or ()):
            shown |= self._png()
        return shown

    def _png(self) -> dict[str, str]:
        """The picture as PNG, for what a notebook is turned into and knows no SVG; nothing where there is no engine."""
        from graphlab.export import render

        try:
            return {"image/png": base64.b64encode(render(self.diagram, ".png", self.theme, self.engine)[0]).decode()}
        except GraphlabError:
            return {}


def draw(
    source: Any, view: str = "forward", *, theme: str = "light", engine: str | None = None, expand: Iterable[str] = (),
    **options: Any,
) -> Drawing:  # fmt: skip
    """Draw a graph (it is run first) or a trace.

    view: forward, backward, both, neurons or neurons-backward. expand: nodes or ops to unfold, or "all".
    options: detail, precision, direction, title, fold, max_nodes, only, params, marks, example: as
    graphlab.drawing.annotate.Options has them.

    >>> import graphlab as gl
    >>> graph = gl.loads("graphlab: 1\\ninputs: {x: 2}\\nnodes: {y: x * x}")
    >>> gl.draw(graph, view="backward").dot.startswith("digraph")
    True
    """
    names = [expand] if isinstance(expand, str) else list(expand)
    return Drawing(annotate(prepared(source, view, names), Options(view=view, **options)), theme, engine)


def prepared(source: Any, view: str, expand: list[str]) -> Trace:
    """The trace to draw: run as far as the view needs, and unfolded where asked."""
    from graphlab.engine import autodiff
    from graphlab.engine.expand import expand_trace

    trace = source if isinstance(source, Trace) else autodiff.forward(source)
    if expand:
        trace = expand_trace(trace, expand)
    if view in ("backward", "both", "neurons-backward") and not trace.has_gradients:
        trace = autodiff.backward(trace)
    return trace


def mimebundle(shown: Any) -> dict[str, str]:
    """What a notebook shows for a Graph, a Trace or a Diagram: SVG, PNG, or plain text where neither can be."""
    if isinstance(shown, Diagram):
        return Drawing(shown)._repr_mimebundle_()
    if isinstance(shown, Graph):
        return draw(shown)._repr_mimebundle_()
    try:
        return draw(shown, view="backward" if shown.has_gradients else "forward")._repr_mimebundle_()
    except LossError:
        return draw(shown)._repr_mimebundle_()
