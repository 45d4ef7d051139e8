"""Diagram → SVG, PNG, PDF through a layout engine: the system's `dot`, pygraphviz in a child process, or our own."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphlab.diagram import Diagram
from graphlab.errors import ExportError, MissingDependencyError, UsageError
from graphlab.export.dot import PAD, to_dot
from graphlab.export.layered import reach, to_svg
from graphlab.export.svg import tidy
from graphlab.export.theme import Theme
from graphlab.messages import did_you_mean, tr

ENGINES = ("dot", "pygraphviz", "layered")
FORMATS = ("svg", "png", "pdf")
TIMEOUT = 60.0  # seconds
PATIENCE = 20.0  # seconds, where our own layout can draw instead
SLOW = 3000  # boxes and dense boxes, from where on an engine needs tens of seconds: ours draws the SVG
FAR = 16_000  # ranks that all arrows pass together, from where on it does so too
PNG_BOXES = 1500  # a PNG of a chain of 1,000 takes 3 GB at full size
PNG_INCHES, PNG_DPI = 60, 144  # at most 8,640 pixels a side
PNG_LEAST = 60  # pixels: a picture that shrank to less shows nothing any more

_SIZE = re.compile(rb'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
_DATE = re.compile(rb"(/CreationDate \(D:)\d{14}")  # as long as it was: the PDF's table of places stays right

# Wheels bring Graphviz along; what a bare Linux lacks then is only shared libraries.
_CHILD = """
import sys
sys.path[:] = [p for p in sys.path if p]
if len(sys.argv) < 2:
    import pygraphviz
    print(pygraphviz.__version__, getattr(pygraphviz, "__graphviz_version__", ""))
else:
    fmt, prog = sys.argv[1:]
    sources = sys.stdin.buffer.read().decode("utf-8").split("\\0")
    import pygraphviz
    drawn = [pygraphviz.AGraph(string=source).draw(format=fmt, prog=prog) for source in sources]
    sys.stdout.buffer.write(b"\\0".join(drawn))
"""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What `graphlab doctor` says of an engine. install: what to do where it does not work, or nothing."""

    name: str
    works: bool
    version: str
    formats: tuple[str, ...]
    install: str = ""


class _EngineError(Exception):
    """An engine is not there, broke, or took too long."""


def to_picture(
    diagram: Diagram,
    fmt: str,
    theme: str | Theme = "light",
    engine: str | None = None,
    timeout: float = TIMEOUT,
) -> tuple[bytes, list[str]]:
    """The picture's bytes as svg, png or pdf, and what there is to say about it (too slow an engine, a scaled PNG).

    engine: dot, pygraphviz or layered; None takes the first that works.

    Raises: MissingDependencyError where no engine draws the format, ExportError where one fails, UsageError for an
    unknown engine or format.
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
    if engine == "layered" and fmt != "svg":
        works = [name for name in ENGINES[:2] if fmt in _status(name).formats]
        remedy = tr("leave --engine out, or --engine {name}", name=works[0]) if works else _install_any()
        text = "the engine 'layered' writes SVG only, not {fmt}: write an .svg, or {remedy}"
        raise ExportError(tr(text, fmt=fmt.upper(), remedy=remedy))
    notes: list[str] = []
    if engine == "layered":
        return to_svg(diagram, theme).encode(), notes
    if engine is None and fmt == "svg" and is_slow(diagram):
        text = "{count} boxes are many for Graphviz: drawn with the plain layout (--engine dot insists on it)"
        notes.append(tr(text, count=count))
        return to_svg(diagram, theme).encode(), notes
    names = [engine] if engine else ["dot", "pygraphviz"]
    if engine is None and fmt == "svg":
        timeout = min(timeout, PATIENCE)
    picture = _first_that_works(names, diagram, fmt, theme, timeout, notes)
    if picture is None:
        return to_svg(diagram, theme).encode(), notes
    if fmt == "svg":
        return tidy(picture.decode("utf-8", "replace"), diagram).encode(), notes
    if fmt == "png" and max(_png_size(picture)) >= PNG_INCHES * PNG_DPI - 1:
        width, height = _png_size(picture)
        if min(width, height) < PNG_LEAST:
            text = "too long for a PNG (it would shrink to {width}×{height} pixels): write an .svg, or use --max-nodes"
            raise ExportError(tr(text, width=width, height=height))
        text = "the PNG was scaled down to {width}×{height} pixels: an .svg keeps every text legible"
        notes.append(tr(text, width=width, height=height))
    return _DATE.sub(rb"\g<1>19700101000000", picture) if fmt == "pdf" else picture, notes


def _first_that_works(
    names: list[str], diagram: Diagram, fmt: str, theme: str | Theme, timeout: float, notes: list[str]
) -> bytes | None:
    """The bytes; None where layered shall draw instead."""
    extra = {"dpi": str(PNG_DPI), "size": f"{PNG_INCHES},{PNG_INCHES}"} if fmt == "png" else {}
    source = to_dot(diagram, theme, **extra).encode()
    program = "neato" if diagram.boxes and all(box.position is not None for box in diagram.boxes) else "dot"
    forced, failures = len(names) == 1, []
    for name in names:
        command = _COMMANDS[name](fmt, program)
        try:
            if command is None:
                raise _EngineError(tr("it is not installed"))
            return _run(command, source, timeout)
        except subprocess.TimeoutExpired:
            count = len(diagram.boxes)
            said = tr(
                "{name} took longer than {seconds:g} s for {count} boxes", name=name, seconds=timeout, count=count
            )
            if forced or fmt != "svg":
                text = "{said}: fold the graph with --max-nodes, or write an .svg with --engine layered"
                raise ExportError(tr(text, said=said)) from None
            notes.append(tr("{said}: drawn with the plain layout", said=said))
            return None
        except _EngineError as failure:
            failures.append((name, str(failure)))
    if forced or fmt != "svg":
        said = "; ".join(f"{name}: {why}" for name, why in failures)
        install = _install(names[0]) if forced else _install_any()
        text = "no engine for {fmt} works ({said}): {install}"
        raise MissingDependencyError(tr(text, fmt=fmt.upper(), said=said, install=install))
    notes.append(tr("no Graphviz here: drawn with the plain layout ({install})", install=_install_any()))
    return None


def run_engine(sources: Sequence[str]) -> list[str] | None:
    """Each DOT text laid out, as the engine's JSON; None where no engine works, or they take too long together."""
    for name in ENGINES[:2]:
        command = _COMMANDS[name]("json0", "dot")
        if command is None:
            continue
        text = (b"\n" if name == "dot" else b"\0").join(source.encode() for source in sources)
        try:
            out = _run(command, text, PATIENCE + 0.5 * len(sources)).decode("utf-8", "replace")
        except (_EngineError, subprocess.TimeoutExpired):
            continue
        return out.split("\0") if name != "dot" else re.split(r"(?<=^\})\s+(?=\{)", out.strip(), flags=re.MULTILINE)
    return None


def picture_sizes(diagrams: Sequence[Diagram]) -> list[tuple[float, float]]:
    """Width and height in points of each diagram's picture, all laid out in one run of the engine."""
    found = run_engine([to_dot(diagram) for diagram in diagrams])
    if found is None:
        drawn = [to_picture(diagram, "svg")[0] for diagram in diagrams]
        return [(float(size[1]), float(size[2])) for svg in drawn if (size := _SIZE.search(svg))]
    boxes = [[float(n) for n in json.loads(text)["bb"].split(",")] for text in found]
    around = 2 * 72 * PAD  # points
    return [(x1 - x0 + around, y1 - y0 + around) for x0, y0, x1, y1 in boxes]


def is_slow(diagram: Diagram) -> bool:
    """Whether dot would take tens of seconds; fixed positions cost it nothing."""
    if diagram.boxes and diagram.boxes[0].position is not None:
        return False
    return max(len(diagram.boxes), len(diagram.arrows) / 1.5) > SLOW or reach(diagram) > FAR


# Engines


def _dot_command(fmt: str, program: str) -> list[str] | None:
    path = shutil.which(program)
    return [path, f"-T{fmt}", *(["-n2"] if program == "neato" else [])] if path else None


def _pygraphviz_command(fmt: str, program: str) -> list[str] | None:
    if not sys.executable or importlib.util.find_spec("pygraphviz") is None:
        return None
    return [sys.executable, "-c", _CHILD, fmt, "neato" if program == "neato" else "dot"]


_COMMANDS: dict[str, Callable[[str, str], list[str] | None]] = {"dot": _dot_command, "pygraphviz": _pygraphviz_command}


def _run(command: list[str], source: bytes, timeout: float) -> bytes:
    """A child's standard output; the child is gone when this returns or raises, also on Ctrl-C."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise _EngineError(str(error)) from None
    try:
        out, err = child.communicate(source, timeout)
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    if child.returncode or not out:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        raise _EngineError(lines[-1] if lines else tr("it ended with status {status}", status=child.returncode))
    return out


def _png_size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


# What is there, what to install


def engine_status() -> list[EngineStatus]:
    """Every engine: whether it works here, its version, its formats, and what to install where it does not."""
    return [_status(name) for name in ENGINES]


def _status(name: str) -> EngineStatus:
    if name == "layered":
        return EngineStatus(name, True, tr("built in"), ("svg",))
    formats, why = [], ""
    for fmt in FORMATS:
        command = _COMMANDS[name](fmt, "dot")
        try:
            if command is None:
                raise _EngineError(tr("it is not installed"))
            _run(command, b"digraph { a }", 20.0)
            formats.append(fmt)
        except (_EngineError, subprocess.TimeoutExpired) as failure:
            why = str(failure)
    version = _version(name) if formats else ""
    install = "" if len(formats) == len(FORMATS) else tr("{why}; {install}", why=why, install=_install(name))
    return EngineStatus(name, bool(formats), version, tuple(formats), install)


def _version(name: str) -> str:
    command = [shutil.which("dot") or "dot", "-V"] if name == "dot" else [sys.executable, "-c", _CHILD]
    said = subprocess.run(command, capture_output=True, timeout=20, check=False)
    if name == "dot":
        return said.stderr.decode("utf-8", "replace").removeprefix("dot - graphviz version ").strip()
    version, _, graphviz = said.stdout.decode("utf-8", "replace").strip().partition(" ")
    return tr("{version} with Graphviz {graphviz}", version=version, graphviz=graphviz) if graphviz else version


def _install(name: str) -> str:
    if name == "dot":
        return tr("install Graphviz: apt install graphviz, or brew install graphviz")
    if name == "pygraphviz" and sys.platform == "linux" and importlib.util.find_spec("pygraphviz") is not None:
        return tr("pygraphviz needs shared libraries here: apt install libglib2.0-0 libxrender1 libxext6")
    return tr("pip install 'pygraphviz>=2.0'")


def _install_any() -> str:
    return tr("{one}; or {other}", one=_install("dot"), other=_install("pygraphviz"))
