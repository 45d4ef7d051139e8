"""Numbers at the ends of what a dtype holds: taken exactly, or refused by name and place."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from graphlab_cli import program

import graphlab as gl
from graphlab.base.numbers import matrix_lines, number, shortest
from graphlab.export.theme import THEMES
from graphlab.export.web.board import board_json
from graphlab.page import storyboard
from graphlab.storage.tracefile import plain


def run(*words: str, input: str | None = None) -> Any:
    return CliRunner().invoke(program, list(words), input=input)


WHOLE = {"int64": (-(2**63), 2**63 - 1), "int32": (-(2**31), 2**31 - 1), "bool": (0, 1)}
MODEL = """graphlab: 1
dtype: float32
inputs: {x: [0.1, 0.7, -0.3]}
params: {w: [0.3, 0.2, 0.9]}
nodes: {y: tanh(x * w), L: sum(y * y)}
"""


def refused(text: str, base: Path = Path(".")) -> str:
    with pytest.raises(gl.GraphlabError) as caught:
        gl.loads(text, base=base)
    return str(caught.value)


@pytest.mark.parametrize("dtype", WHOLE)
def test_whole_numbers_reach_to_the_ends_of_their_range_and_no_further(dtype: str) -> None:
    low, high = WHOLE[dtype]
    text = "graphlab: 1\ninputs: {{x: {{value: [{}], dtype: {}}}}}"
    for inside in (low, high):
        graph = gl.loads(text.format(inside, dtype))
        assert graph.first_value(graph["x"]).tolist() == [inside]
    for beyond in (f"{float(high) * 3 + 2:.0e}", f"{float(low) * 3 - 2:.0e}"):
        said = refused(text.format(f"1, {beyond}", dtype))
        assert f"'{beyond}' is outside {dtype}'s range, {low} … {high}" in said
        assert said.startswith("<text>:2:25:")


@pytest.mark.parametrize("dtype", WHOLE)
def test_arrays_in_python_and_in_files_too(dtype: str, tmp_path: Path) -> None:
    low, high = WHOLE[dtype]
    for beyond in (
        np.array([[1.0, float(high) * 2 + 2]]),
        np.array([[1, high + 1]], np.uint64),
        np.array([[0, low * 4.0 - 1]]),
    ):
        with pytest.raises(gl.GraphlabError, match=rf"'x': \S+ at \[0, 1\] is outside {dtype}'s range"):
            gl.Graph().input("x", beyond, dtype=dtype)
        np.save(tmp_path / "x.npy", beyond)
        assert f"at [0, 1] is outside {dtype}'s range" in refused(
            f"graphlab: 1\ninputs: {{x: {{file: x.npy, dtype: {dtype}}}}}", tmp_path
        )


def test_the_float_next_to_2_to_the_63_is_outside() -> None:
    graph = gl.Graph()
    with pytest.raises(gl.GraphlabError, match="outside int64's range"):
        graph.input("x", np.array([2.0**63]), dtype="int64")
    inside = np.nextafter(2.0**63, 0)
    graph.input("x", np.array([inside, -(2.0**63)]), dtype="int64")
    assert graph.freeze().first_value(graph.freeze()["x"]).tolist() == [int(inside), -(2**63)]
    for value in (2**70, [2**70], [[1, -(2**64)]]):
        with pytest.raises(gl.GraphlabError, match="does not fit in 64 bits"):
            gl.Graph().input("x", value, dtype="int64")


F32 = "graphlab: 1\ndtype: float32\n"
LARGE = ("4e38", "-1e40", "1e300")


@pytest.mark.parametrize("large", LARGE)
@pytest.mark.parametrize(
    "text",
    [
        "params: {{p: [1, {0}]}}", "inputs: {{p: {0}}}", "inputs: {{p: {{value: [[{0}]]}}}}", "nodes: {{p: {0}}}",
        "nodes: {{p: {{value: [{0}]}}}}", "nodes: {{p: '{0}'}}", "inputs: {{x: 2}}\nnodes: {{p: 'x * {0}'}}",
        "inputs: {{x: 2}}\nnodes: {{p: 'x < {0}'}}", "inputs: {{x: 2}}\nnodes: {{p: 'maximum(x, [1, {0}])'}}",
        "inputs: {{x: 2}}\nnodes: {{p: 'clip(x, min=-inf, max={0})'}}",
        "inputs: {{x: [2]}}\nnodes: {{p: 'leaky_relu(x, slope={0})'}}",
        "inputs: {{x: 2}}\nnodes: {{p: x * x}}\nbackward: {{node: p, gradient: {0}}}",
        "params: {{p: {{shape: [2], init: normal, mean: {0}}}}}", "state: {{p: [{0}]}}",
    ],
)  # fmt: skip
def test_what_a_float32_cannot_hold_is_refused_wherever_it_stands(text: str, large: str) -> None:
    said = refused(F32 + text.format(large))
    assert re.match(r"<text>:\d+:\d+: ", said)
    assert "is too large for a float32, whose largest is 3.4028235e+38" in said
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gl.forward(gl.loads(F32 + text.format("3.4028234e38")))  # the largest but a rounding
        if "slope" not in text and "init" not in text:
            gl.loads((F32 + text.format(large)).replace("float32", "float64"))


@pytest.mark.parametrize("large", LARGE)
def test_what_a_float32_cannot_hold_is_refused_in_files_feeds_and_states(large: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", p=np.array([1, float(large)]))
    np.save(tmp_path / "d.npy", np.array([1, float(large)]))
    (tmp_path / "d.csv").write_text(f"p\n1\n{large}\n", "utf-8")
    for file in ("d.npz", "d.npy", "d.csv, key: p"):
        for role in ("inputs", "params"):
            said = refused(f"{F32}{role}: {{p: {{file: {file}}}}}", tmp_path)
            assert "'p': " in said and " at [1] is too large for a float32" in said
    graph = gl.loads(F32 + "inputs: {x: [1, 2]}\nparams: {w: [1, 2]}\nnodes: {y: sum(x * w)}")
    for given in ({"feeds": {"x": [1, float(large)]}}, {"state": {"w": [1, float(large)]}}):
        with pytest.raises(gl.GraphlabError, match=r"at \[1\] is too large for a float32"):
            gl.forward(graph, **given)
    with pytest.raises(gl.GraphlabError, match="too large for a float64"):
        (tmp_path / "d.csv").write_text("p\n1e400\n", "utf-8")
        gl.loads("graphlab: 1\ninputs: {p: {file: d.csv}}", base=tmp_path)


def test_what_was_given_as_infinite_stays_so() -> None:
    graph = gl.loads(F32 + 'params: {p: [.inf, -.inf, .nan, 3.4028235e38]}\ninputs: {q: ["Infinity", 1]}')
    trace = gl.forward(graph)
    assert str(trace["p"].value.tolist()) == "[inf, -inf, nan, 3.4028234663852886e+38]"
    assert trace["q"].value.tolist() == [np.inf, 1]
    gl.Graph(dtype="float32").param("p", np.array([np.inf, np.nan]))


# The shortest text that brings the same float back


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "a.yaml").write_text(MODEL, "utf-8")
    (tmp_path / "b.yaml").write_text(MODEL.replace("0.9", "0.8"), "utf-8")
    return str(tmp_path / "a.yaml")


def floats(value: Any) -> list[float]:
    if isinstance(value, dict | list):
        return [x for item in (value.values() if isinstance(value, dict) else value) for x in floats(item)]
    return [value] if isinstance(value, float) else []


def is_shortest(x: float) -> bool:
    """Whether no float32 is written with more digits than it needs."""
    narrow = np.float32(x)
    return float(narrow) != x or x == float(str(narrow))


def test_the_loss_is_written_as_its_node_is(file: str) -> None:
    record = json.loads(run("trace", file, "--json").stdout)
    assert record["loss"]["value"] == next(node["value"] for node in record["nodes"] if node["name"] == "L")
    trace = gl.forward(gl.load(file))
    assert repr(record["loss"]["value"]) == str(trace["L"].value[()])
    assert np.float32(record["loss"]["value"]) == trace["L"].value


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "A", "--json"), ("why", "A", "x.grad[1]", "--json"), ("why", "A", "w.grad[2]", "--json", "-k", "9"),
        ("blame", "A", "--json"), ("blame", "A", "--all", "--json"), ("compare", "A", "B", "--json"),
        ("check", "A", "--json"), ("summary", "A", "--json"),
    ],
)  # fmt: skip
def test_no_command_writes_more_digits_of_a_float32_than_it_needs(file: str, words: tuple[str, ...]) -> None:
    given = [{"A": file, "B": file.replace("a.yaml", "b.yaml")}.get(word, word) for word in words]
    found = floats(json.loads(run(*given).stdout))
    assert [x for x in found if not is_shortest(x)] == []


def test_the_debugger_and_the_page_neither(file: str, tmp_path: Path) -> None:
    said = run(
        "step",
        file,
        "--json",
        input="run\nnudge w[1] 0.25\nwhy w.grad[0]\njacobian y a\nprint L\nprint x.grad\nblame\n",
    )
    lines = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    assert len(lines) >= 5
    assert [x for x in floats(lines) if not is_shortest(x)] == []
    board = json.loads(board_json(storyboard(gl.backward(gl.forward(gl.load(file)))), THEMES["light"]))
    numbers = floats([board["arrays"], [node["why"] for node in board["nodes"] if "why" in node]])
    assert len(numbers) > 30
    assert [x for x in numbers if not is_shortest(x)] == []


def test_no_precision_shows_more_digits_than_bring_the_number_back(file: str) -> None:
    said = run("trace", file, "--precision", "17").stdout
    loss = gl.forward(gl.load(file))["L"].value
    assert "L = " + str(loss[()]) in said
    for x in (0.1, 1 / 3, 2 / 3, 1e-7 / 3, 123.456):
        assert number(x, 17) == repr(x).replace("e-0", "e-")
        assert len(number(x, 16)) <= len(number(x, 17))
        narrow = np.float32(x)
        assert float(number(narrow, 17)) == float(str(narrow))
        assert matrix_lines(np.array([narrow]), 17) == [f"[ {number(narrow, 17)} ]"]


@pytest.mark.parametrize("make", [np.float32, lambda x: np.array(x, np.float32), lambda x: np.float32([x, 1 / x])])
def test_plain_brings_the_same_float32_back(make: Callable[[float], Any]) -> None:
    for x in np.random.default_rng(3).lognormal(0, 20, 200):
        array = make(x)
        text = json.dumps(plain(array))
        assert np.array_equal(np.float32(json.loads(text)), array)
        assert len(text) <= len(json.dumps(np.asarray(array).tolist()))


def test_a_float64_that_never_was_a_float32_keeps_its_digits() -> None:
    assert plain(1 / 3, "float32") == 1 / 3
    assert plain(float(np.float32(1 / 3)), "float32") == 0.33333334
    assert plain([0.1, float(np.float32(0.1))], "float32") == [0.1, float(np.float32(0.1))]
    assert plain(float("nan"), "float32") == "NaN"
    assert shortest(np.arange(3)).dtype == np.int64
