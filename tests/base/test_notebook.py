"""What print, a REPL and a notebook show of a result: one line, the command line's lines, HTML that escapes."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from graphlab_cli import program

import graphlab as gl
from graphlab.base.notebook import Result
from graphlab.engine.jacobian import jacobian_of
from graphlab.engine.summary import summarise_model
from graphlab.errors import LossError, UsageError
from graphlab.lines import Styled, to_html, to_text

MODEL = """
graphlab: 1
name: A small one
inputs: {x: [[1, 2, -1], [0.5, -3, 2]], t: {value: [[1], [0]]}}
nodes:
  hidden: {fc: "affine(x, units=4)", act: tanh(fc)}
  y: sigmoid(affine(hidden.act, units=1))
  E: bce(y, t)
"""
HOSTILE = """
graphlab: 1
inputs: {"`<img src=x>`": [[1, 2], [3, 5]]}
nodes: {"`a<b>&\\"'`": "`<img src=x>` * 3", L: "sum(`a<b>&\\"'`)"}
"""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def trace() -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(MODEL)))


def results(trace: gl.Trace) -> dict[str, Result]:
    """One of each kind."""
    debugger = gl.Debugger(trace)
    leaf = next(node.name for node in trace.graph.nodes if node.is_leaf)
    node = next(node.name for node in trace.graph.nodes if not node.is_leaf)
    return {
        "break": debugger.break_("*"),
        "start": debugger.stop(),
        "stop": debugger.next(),
        "end": debugger.goto("end"),
        "nudge": debugger.nudge(f"`{leaf}`[0,0]", 0.01),
        "change": debugger.set(f"`{leaf}`[0,0]", 4.0),
        "changed": debugger.stop(),
        "check": gl.check_gradients(trace.graph),
        "one": gl.check_gradients(trace.graph).checks[0],
        "why": gl.why(trace, f"`{leaf}`.grad"),
        "blame": gl.blame(trace, leaf),
        "compare": gl.compare(trace, debugger.trace),
        "summary": summarise_model(trace.graph),
        "jacobian": jacobian_of(trace, node),
    }


def test_repr_is_one_short_line_and_names_no_place_in_memory(trace: gl.Trace) -> None:
    drawing = gl.draw(trace)
    debugger = gl.Debugger(trace)
    others = [
        trace, trace.graph, trace.plan, trace.state, trace["E"], trace.steps[0], trace.steps[-1],
        trace["hidden.fc"].contributions[0], trace.graph.nodes[0], trace.graph.nodes[-1], drawing, drawing.diagram,
        debugger, debugger.runs, gl.view(trace), gl.Graph("g"), gl.Graph("g").input("x", 1.0),
    ]  # fmt: skip
    for one in [*others, *results(trace).values()]:
        text = repr(one)
        assert len(text) <= 120, text
        assert text.isprintable(), text
        assert "array(" not in text
        assert " at 0x" not in text
        assert str(one)


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (["check"], lambda trace: gl.check_gradients(trace.graph)),
        (["blame"], gl.blame),
        (["summary"], lambda trace: summarise_model(trace.graph)),
        (["trace"], lambda trace: trace),
    ],
)
def test_print_says_what_the_command_says(
    tmp_path: Any, trace: gl.Trace, words: list[str], made: Callable[[gl.Trace], Any]
) -> None:
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    said = CliRunner().invoke(program, [*words, str(tmp_path / "m.yaml")])
    assert said.output.removeprefix("A small one\n\n").rstrip("\n") == str(made(trace)).removeprefix("A small one\n\n")


def test_print_says_what_why_and_compare_say(tmp_path: Any, trace: gl.Trace) -> None:
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path, text in zip(paths, (MODEL, MODEL.replace("0.5", "0.75")), strict=True):
        path.write_text(text, encoding="utf-8")
    other = gl.backward(gl.forward(gl.load(paths[1])))
    said = CliRunner().invoke(program, ["compare", *map(str, paths)])
    assert said.output.rstrip("\n") == str(gl.compare(trace, other))
    said = CliRunner().invoke(program, ["why", str(paths[0]), "x.grad[1,2]"])
    assert said.output.rstrip("\n") == str(gl.why(trace, "x.grad[1,2]"))


def test_print_says_what_step_says(tmp_path: Any, trace: gl.Trace) -> None:
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    debugger = gl.Debugger(trace)
    stops = [debugger.next(), debugger.step(), debugger.goto("E"), debugger.next(), debugger.back()]
    said = CliRunner().invoke(program, ["step", str(tmp_path / "m.yaml"), "-c", "next; step; goto E; next; back"])
    words = ("next", "step", "goto E", "next", "back")
    assert said.output == "".join(f"> {word}\n{stop}\n" for word, stop in zip(words, stops, strict=True))


def test_html_is_the_lines_and_escapes_every_name() -> None:
    trace = gl.backward(gl.forward(gl.loads(HOSTILE)))
    for name, one in results(trace).items():
        shown = one._repr_html_()
        inside = re.sub(r'<pre style="[^"]*">|</pre>|<span style="[^"]*">|</span>', "", shown)
        assert "<" not in inside, name
        assert html.unescape(inside) == to_text(one.lines(100)), name
        assert one._repr_mimebundle_() == {"text/html": shown, "text/plain": str(one)}


def test_control_characters_are_written_out() -> None:
    lines = ["a\x1b[2J", [Styled("b\nc", "bad")]]
    assert to_text(lines) == "a\\x1b[2J\nb\\nc"
    assert "\x1b" not in to_html(lines)


# In a notebook


def test_a_notebook_gets_a_png_beside_the_svg(trace: gl.Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    from graphlab import export

    made: list[str] = []

    def png(diagram: Any, extension: str, *rest: Any) -> tuple[bytes, list[str]]:
        made.append(extension)
        return b"\x89PNG", []

    monkeypatch.setattr(export, "render", png)
    for shown in (trace, trace.graph, gl.draw(trace), gl.draw(trace).diagram, gl.view(trace), gl.Graph("empty")):
        bundle = shown._repr_mimebundle_()
        assert bundle["image/svg+xml"].startswith("<")
        assert base64.b64decode(bundle["image/png"]) == b"\x89PNG"
    assert set(made) == {".png"}
    assert "image/png" not in gl.draw(trace)._repr_mimebundle_(exclude={"image/png"})


def test_where_no_png_can_be_made_it_is_left_out(trace: gl.Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlab import export
    from graphlab.errors import MissingDependencyError

    def none(*given: Any) -> None:
        raise MissingDependencyError("no engine")

    monkeypatch.setattr(export, "render", none)
    assert set(trace._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}


def test_the_picture_of_a_page_tells_no_more_than_the_page(trace: gl.Trace) -> None:
    bundle = gl.view(trace, hide="gradients")._repr_mimebundle_()
    assert "∂L" not in bundle["image/svg+xml"]
    assert "∂L" in gl.view(trace)._repr_mimebundle_()["image/svg+xml"]


# Given the wrong thing


CALLS: dict[str, Callable[[Any], Any]] = {
    "gl.backward": gl.backward,
    "gl.why": lambda given: gl.why(given, "x.grad"),
    "gl.blame": gl.blame,
    "gl.Debugger": gl.Debugger,
    "gl.compare": lambda given: gl.compare(given, given),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_function_of_a_trace_says_how_to_make_one(call: str, trace: gl.Trace) -> None:
    built = gl.Graph("g")
    node = gl.sum(built.input("x", [1.0]) * 2)
    whole = "gl.forward({})" if call == "gl.backward" else "gl.backward(gl.forward({}))"
    for given, what, way in (
        (trace.graph, "a graph", "graph"), (built, "a graph", "graph"), (node, "a node", "graph"),
        ("model.yaml", "a path", "gl.load(path)"), (None, "NoneType", "graph"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as error:
            CALLS[call](given)
        assert str(error.value).startswith(f"{call} takes a trace, not {what}; ")
        assert str(error.value).endswith(f": {whole.format(way)}")
    for given, graph in ((trace.graph, "graph"), (built, "graph")):
        made = eval(whole.format(graph), {"gl": gl, "graph": given})
        if call == "gl.backward" or not isinstance(given, gl.Graph):
            assert isinstance(CALLS[call](made), object)


@pytest.mark.parametrize("call", ["gl.why", "gl.blame"])
def test_without_gradients_it_says_what_is_missing(call: str, trace: gl.Trace) -> None:
    with pytest.raises(LossError, match=r"run backward first, gl\.backward\(trace\)"):
        CALLS[call](gl.forward(trace.graph))


GRAPH_CALLS: dict[str, Callable[[Any], Any]] = {
    "forward": gl.forward, "plan": gl.plan, "check_gradients": gl.check_gradients, "dumps": gl.dumps, "load": gl.load,
    "loads": gl.loads, "summarise_model": summarise_model,
}  # fmt: skip


@pytest.mark.parametrize("call", GRAPH_CALLS)
def test_a_function_of_a_graph_says_what_it_found(call: str, trace: gl.Trace) -> None:
    node = gl.Graph("g").input("x", [1.0])
    cases = [(trace, "its graph is trace.graph"), (node, "found its node 'x'"), (None, "found NoneType")]
    if not call.startswith("load"):
        cases.append(("model.yaml", "load it first: gl.load(path)"))
    for given, said in cases:
        with pytest.raises(UsageError, match=re.escape(said)):
            GRAPH_CALLS[call](given)


def test_a_trace_is_loaded_from_a_path(trace: gl.Trace) -> None:
    with pytest.raises(UsageError, match="read from a path, not from Trace"):
        gl.load_trace(trace)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [gl.draw, gl.view])
def test_a_picture_runs_a_graph_by_itself(call: Callable[[Any], Any], trace: gl.Trace) -> None:
    assert repr(call(trace.graph))
