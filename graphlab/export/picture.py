"""Diagram → SVG by a layout engine, or by our own layout where none works; PNG and PDF are made from the SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graphlab.diagram import Diagram
from graphlab.errors import ExportError, MissingDependencyError, UsageError
from graphlab.export.graphviz.dot import PAD, to_dot
from graphlab.export.graphviz.engines import (
    EMBEDDED,
    FONT,
    MONO,
    PATIENCE,
    PROGRAMS,
    EngineError,
    SlowError,
    install,
    lay_out,
    measured,
    run_engine,
    version,
)  # fmt: skip
from graphlab.export.paper import picture_size, to_paper
from graphlab.export.svg.tidy import tidy
from graphlab.export.theme import Theme, get_theme
from graphlab.layout.layered import reach, to_svg
from graphlab.messages import did_you_mean, tr

ENGINES = (*PROGRAMS, "layered")
FORMATS = ("svg", "png", "pdf")
TIMEOUT = 60.0  # seconds, of an engine that was asked for
SLOW = 3000  # boxes and dense boxes, from where on an engine needs tens of seconds: ours draws
FAR = 16_000  # ranks that all arrows pass together, from where on it does so too
PNG_BOXES = 1500  # more are a smear in the largest PNG


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What `graphlab doctor` says of an engine. install: what to do where it does not work, or nothing."""

    name: str
    works: bool
    version: str
    install: str = ""


def to_picture(
    diagram: Diagram,
    fmt: str,
    theme: str | Theme = "light",
    engine: str | None = None,
    timeout: float | None = None,
) -> tuple[bytes, list[str]]:
    """The picture's bytes as svg, png or pdf, and what there is to say about it (no engine, a scaled PNG, a letter).

    engine: graphviz-pure, dot or layered; None takes the first that works, layered where it takes too long.

    Raises: MissingDependencyError where the engine asked for is missing, ExportError where it takes too long or a
    picture is too large for a PNG, UsageError for an unknown engine or format.
    """
    if fmt not in FORMATS:
        raise UsageError(tr("a picture is svg, png or pdf; got '{fmt}'", fmt=fmt))
    if engine is not None and engine not in ENGINES:
        hint, known = did_you_mean(engine, ENGINES), ", ".join(ENGINES)
        text = "there is no engine '{engine}'{hint}; choose one of {known}"
        raise UsageError(tr(text, engine=engine, hint=hint, known=known))
    count = len(diagram.boxes)
    if fmt == "png" and count > PNG_BOXES:
        text = (
            "{count} boxes are too many for a PNG (at most {most}): write an .svg, or fold the graph with --max-nodes"
        )
        raise ExportError(tr(text, count=count, most=PNG_BOXES))
    svg, notes = _drawn(diagram, theme, engine, timeout)
    if fmt == "svg":
        return svg.encode(), notes
    picture, said = to_paper(svg, fmt)
    return picture, notes + said


def _drawn(diagram: Diagram, theme: str | Theme, engine: str | None, timeout: float | None) -> tuple[str, list[str]]:
    """The SVG by the engine asked for, the first that works, or our own layout."""
    count = len(diagram.boxes)
    if engine == "layered":
        return to_svg(diagram, theme), []
    if engine is None and is_slow(diagram):
        text = "{count} boxes are many for Graphviz: drawn with the plain layout (--engine {name} insists on it)"
        return to_svg(diagram, theme), [tr(text, count=count, name=EMBEDDED)]
    timeout = timeout or (TIMEOUT if engine else PATIENCE)
    for name in [engine] if engine else PROGRAMS:
        try:
            return _by(name, diagram, theme, timeout), []
        except SlowError:
            said = tr(
                "{name} took longer than {seconds:g} s for {count} boxes", name=name, seconds=timeout, count=count
            )
            if engine:
                text = "{said}: fold the graph with --max-nodes, or take --engine layered"
                raise ExportError(tr(text, said=said)) from None
            return to_svg(diagram, theme), [tr("{said}: drawn with the plain layout", said=said)]
        except EngineError as failure:
            if engine:
                raise MissingDependencyError(_broken(engine, str(failure))) from None
    text = "no Graphviz here: drawn with the plain layout ({install})"
    return to_svg(diagram, theme), [tr(text, install=install(EMBEDDED))]


def _by(name: str, diagram: Diagram, theme: str | Theme, timeout: float) -> str:
    """An engine's SVG, made fit for a page."""
    look = get_theme(theme)
    placed = bool(diagram.boxes) and all(box.position is not None for box in diagram.boxes)
    svg = tidy(lay_out(name, [to_dot(diagram, measured(look))], "svg", placed, timeout), diagram)
    for known, asked in ((FONT, look.font), (MONO, look.mono)):  # Graphviz adds what is like the ones that it knows
        svg = re.sub(f'font-family="{known}[^"]*"', f'font-family="{asked}"', svg)
    return svg


def _broken(name: str, why: str) -> str:
    others = [one.name for one in engine_status() if one.works and one.name != name]
    text = "the engine '{name}' does not work here ({why}): {install}; or leave --engine out: {others} work"
    return tr(text, name=name, why=why, install=install(name), others=" · ".join(others))


def picture_sizes(diagrams: Sequence[Diagram]) -> list[tuple[float, float]]:
    """Width and height in points of each diagram's picture, all laid out in one run of the engine."""
    found = run_engine([to_dot(diagram, measured("light")) for diagram in diagrams])
    if found is None:
        return [picture_size(to_svg(diagram)) for diagram in diagrams]
    boxes = [[float(n) for n in one["bb"].split(",")] for one in found]
    around = 2 * 72 * PAD  # points
    return [(x1 - x0 + around, y1 - y0 + around) for x0, y0, x1, y1 in boxes]


def is_slow(diagram: Diagram) -> bool:
    """Whether dot would take tens of seconds; fixed positions cost it nothing."""
    if diagram.boxes and diagram.boxes[0].position is not None:
        return False
    return max(len(diagram.boxes), len(diagram.arrows) / 1.5) > SLOW or reach(diagram) > FAR


def engine_status() -> list[EngineStatus]:
    """Every engine: whether it works here, its version, and what to install where it does not."""
    return [_status(name) for name in PROGRAMS] + [EngineStatus("layered", True, tr("built in"))]


def _status(name: str) -> EngineStatus:
    try:
        lay_out(name, ["digraph { a }"], "svg", False, PATIENCE)
        return EngineStatus(name, True, version(name))
    except (EngineError, SlowError) as failure:
        why = str(failure) or tr("it took too long")
        return EngineStatus(name, False, "", tr("{why}; {install}", why=why, install=install(name)))
