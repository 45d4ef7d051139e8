"""A MODEL as the command line has it: files, names in Python code, standard input and expressions."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlab as gl
from graphlab import errors
from graphlab.importers import assignments, from_expression, load_argument

MODEL = "graphlab: 1\nparams: {w: 2}\nnodes: {y: w * w}\n"
CODE = """import graphlab as gl

def build():
    g = gl.Graph("from code")
    x = g.input("x", [1.0, 2.0])
    gl.sum(x * x, name="y")
    return g

ready = build()
frozen = ready.freeze()
number = 3

def fails():
    value = {}
    return value["missing"]

def wrong_shapes():
    g = gl.Graph()
    return g.input("x", [1.0, 2.0]) @ g.param("W", [[1.0], [2.0], [3.0]])

def needs(one):
    return one

def leaves():
    raise SystemExit(3)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "net.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def failure(model: str) -> tuple[str, str]:
    with pytest.raises(gl.GraphlabError) as caught:
        gl.load(model)
    return type(caught.value).__name__, str(caught.value)


def test_a_file_a_graph_and_a_builder(folder: Path) -> None:
    graph = gl.load("model.yaml")
    assert graph.source == "model.yaml"
    assert gl.load(graph) is graph
    assert gl.load(gl.Graph("empty")).name == "empty"
    assert gl.load(folder / "model.yaml").locations["y"] == f"{folder / 'model.yaml'}:3:14"


def test_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MODEL.encode())))
    assert gl.load("-").locations["y"] == "<stdin>:3:14"


def test_what_is_not_there_or_cannot_be_read(folder: Path) -> None:
    (folder / "model.txt").write_text(MODEL, encoding="utf-8")
    (folder / "folder.yaml").mkdir()
    listed = (
        "is not a model that can be read; those are .yaml, .yml, .json files, file.py:NAME, package.module:NAME, and - "
        "for standard input"
    )
    for model, message in (
        ("modle.yaml", "there is no file 'modle.yaml' (did you mean 'model.yaml'?)"),
        ("nowhere/m.yaml", "there is no file 'nowhere/m.yaml'"),
        ("model.txt", f"'model.txt' {listed}"),
        ("net.onnx", f"'net.onnx' {listed}"),
        ("", f"'' {listed}"),
        ("folder.yaml", "'folder.yaml' cannot be read: Is a directory"),
        ("net.py", "say which graph of 'net.py' is meant: net.py:NAME"),
        ("gone.py:build", "there is no file 'gone.py'"),
        ("no.such.module:build", "there is no module 'no.such.module'"),
        ("net.py:biuld", "'net.py' has no 'biuld' (did you mean 'build'?)"),
        ("a\0b.yaml", "'a\\x00b.yaml' cannot be read: embedded null byte"),
    ):
        assert failure(model) == ("UsageError", message)


@pytest.mark.parametrize("model", ["net.py:build", "net.py:ready", "net.py:frozen", "net:build", "./net.py:build"])
def test_graphs_in_python_code(folder: Path, model: str) -> None:
    path = list(sys.path)
    graph = gl.load(model)
    sys.modules.pop("net", None)
    assert graph.name == "from code"
    assert graph.target == "y"
    assert sys.path == path


def test_errors_in_python_code_are_one_message_with_its_line(folder: Path) -> None:
    (folder / "broken.py").write_text("x = 1\ny = = 2\n", encoding="utf-8")
    (folder / "imports.py").write_text("import no_such_package\n", encoding="utf-8")
    line = {text: i + 1 for i, text in enumerate(CODE.split("\n"))}
    fails = line['    return value["missing"]']
    shapes = line['    return g.input("x", [1.0, 2.0]) @ g.param("W", [[1.0], [2.0], [3.0]])']
    for model, message in (
        ("net.py:fails", f"net.py:{fails}: the model's Python code failed: KeyError: 'missing'"),
        ("net.py:number",
         "'number' of 'net.py' is int but must be a gl.Graph, or a function without arguments that returns one"),
        ("net.py:needs",
         "net.py: the model's Python code failed: TypeError: needs() missing 1 required positional argument: 'one'"),
        ("net.py:leaves", f"net.py:{line['    raise SystemExit(3)']}: the model's Python code failed: SystemExit: 3"),
        ("imports.py:g",
         "imports.py:1: the model's Python code failed: ModuleNotFoundError: No module named 'no_such_package'"),
    ):  # fmt: skip
        assert failure(model) == ("ModelError", message)
    assert failure("net.py:wrong_shapes")[1].startswith(
        f"net.py:{shapes}: matmul 'matmul1': a is (D=2) but b is (D=3, M=1)"
    )
    assert failure("broken.py:g")[1].startswith("broken.py:2:5: the model's Python code failed: SyntaxError: ")


def test_an_expression_and_its_values() -> None:
    graph = load_argument(["w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"], "sigmoid(w0*x0 + w1*x1 + w2)")
    trace = gl.backward(gl.forward(graph))
    y = 1 / (1 + np.exp(-(2 * -1 + -3 * -2 - 3)))
    assert float(trace["out"].value) == pytest.approx(y, rel=1e-15)
    assert float(trace["x1"].grad) == pytest.approx(-3 * y * (1 - y), rel=1e-14)
    assert [n.name for n in graph.leaves("param")] == ["w0", "x0", "w1", "x1", "w2"]
    assert graph.name == "sigmoid(w0*x0 + w1*x1 + w2)"
    assert graph.locations["out#2"] == "<expression>:1:19"
    matrix = from_expression("sum(W @ x)", assignments(["W=[[1, 2], [3, 4]]", "x=[1,1e-3]"]))
    assert float(gl.forward(matrix)["out"].value) == 4.0 + 6e-3
    assert gl.loads(gl.dumps(graph)).nodes[-1].name == "out"


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("a + b*c", {"b": 1}, "<expression>:1:1: no value is given for 'a', 'c'; add a=… c=…"),
        ("a +", {"a": 1}, "<expression>:1:4: expected a name, a number or '(' but the expression ends here"),
        ("relo(a)", {"a": 1},
         "<expression>:1:1: unknown op 'relo' (did you mean 'relu'?); `graphlab ops` lists them all"),
        ("1 + a @ b", {"a": [1, 2], "b": [1, 2, 3]},
         "<expression>:1:7: matmul 'out#1': a is (D=2) but b is (D=3); D must agree"),
        ("a", {"a": 1}, "<expression>:1:1: 'out' would only be another name for 'a'; use 'a' itself"),
        ("out + 1", {"out": 1}, "'out' is the expression's own name; choose another one"),
        ("__import__('os')", {}, "<expression>:1:1: unknown op '__import__'; `graphlab ops` lists them all"),
        ("exp('os')", {}, "<expression>:1:5: 'os' in quotes can only be an attribute's value"),
    ],
)  # fmt: skip
def test_expressions_that_are_wrong(text: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ModelError) as caught:
        from_expression(text, values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("x", "'x' is not name=value, such as w0=2 or W=[[1, 2], [3, 4]]"),
        ("x=", "'x=' is not name=value, such as w0=2 or W=[[1, 2], [3, 4]]"),
        ("=3", "'=3' is not name=value, such as w0=2 or W=[[1, 2], [3, 4]]; no blanks stand around ="),
        ("2x=3", "'2x=3' is not name=value: '2x' cannot be a name"),
        ("grad=3", "'grad=3' is not name=value: 'grad' is reserved"),
        ("x=two", "'x=two' on the command line: two is no number, and no list of numbers such as [[1, 2], [3, 4]]"),
        ("x=[1, [2]]", "'x=[1, [2]]' on the command line: 'x': a list stands where the first entry is a number"),
        ("x=[1", "'x=[1' on the command line: its brackets [ ] do not match"),
        ("x={a: 1}", "'x={a: 1}' on the command line: {a: 1} is no number"),
    ],
)
def test_malformed_assignments_are_wrong_usage(word: str, message: str) -> None:
    with pytest.raises(errors.UsageError) as caught:
        assignments(["y=1", word])
    assert str(caught.value).startswith(message)


def test_a_name_given_twice() -> None:
    with pytest.raises(errors.UsageError, match="'x' is given twice"):
        assignments(["x=1", "x=2"])
