"""All numbers of a run can be seen: in trace, at the stops of step, with print; in narrow terminals too."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from graphlab_cli import program

import graphlab as gl
from graphlab.base.numbers import number

MODEL = """
graphlab: 1
inputs:
  x: {shape: [4, 5], init: normal, std: 3}
  v: {shape: [5], init: normal}
  cube: {shape: [2, 3, 2], init: uniform}
  wide: {shape: [3, 40], init: normal}
nodes:
  y: tanh(x * v)
  c: cube * cube
  w: wide * 2
  L: sum(y) + sum(c) + sum(w)
seed: 7
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "m.yaml").write_text(MODEL, encoding="utf-8")
    return str(tmp_path / "m.yaml")


@pytest.fixture
def trace(path: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.load(path)))


def call(*words: str, columns: int = 80) -> str:
    done: Result = CliRunner(env={"COLUMNS": str(columns)}).invoke(program, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


def holds(text: str, array: np.ndarray, precision: int = 4) -> bool:
    """Whether the numbers stand there in order, with nothing but brackets, places and line ends between them."""
    gap = r"[\s\[\]]*(?:\[\d+(?:,\d+)*\][\s\[]*)?"
    return re.search(gap.join(re.escape(number(n, precision)) for n in np.ravel(array)), text) is not None


def test_five_numbers_are_five_numbers(path: str, trace: gl.Trace) -> None:
    v = trace["v"].value
    assert f"v = [{' '.join(number(n) for n in v)}]" in call("trace", path)
    assert "…]" not in call("trace", "-e", "x * 2", "x=[1,2,3,4,5,6]")
    assert "[2 4 6 8 10 12]" in call("trace", "-e", "x * 2", "x=[1,2,3,4,5,6]")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("precision", [3, 9])
def test_full_shows_every_number_of_every_array(path: str, trace: gl.Trace, columns: int, precision: int) -> None:
    said = call("trace", path, "--full", "--precision", str(precision), columns=columns)
    for record in trace:
        assert holds(said, record.value, precision), record.name
        if record.grad is not None:
            assert holds(said, record.grad, precision), record.name
    arrays = [line for line in said.splitlines() if re.match(r"\s+\[? *-?\d", line) and "·" not in line]
    assert max(map(len, arrays)) <= columns


def test_without_it_large_arrays_are_summaries(path: str, trace: gl.Trace) -> None:
    said = call("trace", path)
    assert "w = wide × 2 = wide⟨3×40⟩ × 2 = 3×40 · μ" in said
    assert not holds(said, trace["w"].value)


def test_step_writes_small_arrays_out_and_large_ones_as_a_summary(path: str, trace: gl.Trace) -> None:
    said = call("step", path, "-c", "goto y; goto c; goto w; goto x.grad")
    assert holds(said.partition("> goto c")[0], trace["y"].value)
    assert holds(said.partition("> goto c")[2], trace["c"].value)
    assert not holds(said, trace["w"].value)
    assert holds(said.partition("> goto x.grad")[2], trace["x"].grad)


@pytest.mark.parametrize("columns", [30, 80])
def test_print_shows_the_whole(path: str, trace: gl.Trace, columns: int) -> None:
    said = call("step", path, "-c", "goto end; print w; print wide.grad; print c; print v; print y[0]", columns=columns)
    parts = said.split("> print ")[1:]
    for part, array in zip(parts, ("w", None, "c", "v", None), strict=True):
        assert max(map(len, part.splitlines())) <= max(columns, 40)
        if array is not None:
            assert holds(part, trace[array].value)
    assert holds(parts[1], np.full((3, 40), 2.0))
    assert holds(parts[4], trace["y"].value[0])


def test_print_of_a_very_large_array_is_its_corner_and_summary() -> None:
    said = call("step", "-e", "sum(x)", "x=" + str([[0.25] * 101] * 100).replace(" ", ""), "-c", "print x")
    assert "100×101 · μ 0.25" in said
    assert said.count("0.25") < 30


def test_the_running_statistics_are_shown() -> None:
    said = call("trace", "-e", "sum(batchnorm(x, momentum=0.5))", "x=[[1,10],[3,20]]")
    section = said.partition("running statistics after this run\n")[2]
    assert section.splitlines()[:2] == [
        "  out#1.running_mean = [1 7.5]   was [0 0]",
        "  out#1.running_var = [1.5 25.5]   was [1 1]",
    ]
    assert "running statistics" not in call("trace", "-e", "sum(x)", "x=[1,2]")
    assert "running statistics" not in call("trace", "-e", "sum(batchnorm(x))", "x=[[1],[2]]", "--mode", "eval")
