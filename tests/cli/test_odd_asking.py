"""What a reviewer broke: bad values, odd names, files without arrays, numbers without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import Run

import graphlab as gl
from graphlab.engine.expand import expand

ODD = """\
graphlab: 1
inputs:
  "`a b`": [1.0, 2.0]
  "`c;d`": 2.0
  "`e=f`": 2.0
  "`g if h`": 3.0
  attr: 2.0
nodes:
  L: sum(`a b` * `c;d` * `e=f` * `g if h` * attr)
"""


def wrong(run: Run, model: str, *said: str) -> list[str]:
    """The commands that were answered with an error; the walk goes on to its end."""
    result = run("step", model, "-c", "; ".join([*said, "goto end"]))
    assert result.exit_code == 0, result.stderr
    assert "> goto end" in result.stdout
    lines = result.stdout.splitlines()
    return [line for line in lines if line.startswith("*** ")]


@pytest.mark.parametrize(
    "value",
    [
        '"abc"',
        "[[1,2],[3]]",
        "{}",
        "[null]",
        "(-1)**0.5",
        "1" * 400,
        "[" * 3000,
        "nope",
        "true + x",
    ],
)
def test_a_value_that_is_none_is_one_error(run: Run, value: str) -> None:
    assert len(wrong(run, "model.yaml", f"set W1[0,1] = {value}", "p W1")) == 1


@pytest.mark.parametrize(
    "said", ["next 999999999999", "rnext 999999999999", "step 99999999", "list 999999999", "p 9**9**9"]
)
def test_nothing_takes_forever(run: Run, said: str) -> None:
    assert wrong(run, "model.yaml", said) == []


def test_odd_names_everywhere(run: Run, folder: Path) -> None:
    (folder / "odd.yaml").write_text(ODD, encoding="utf-8")
    said = [
        "set `e=f` = 4", "set attr = 3", "set `a b`[0] = 5", "break `g if h`", "c", "goto `a b`.grad", "p `a b.grad`",
        "p `c;d` * 2", "why `a b.grad`[0]", "why `a b`.grad", "info `a b`", "nudge `c;d` 1e-3", "check `a b`",
        "jacobian L `a b`", "watch `a b`.grad",
    ]  # fmt: skip
    errors = wrong(run, "odd.yaml", *said)
    assert [error for error in errors if "sends no gradient to 'a b'" not in error] == []
    found = json.loads(run("why", "odd.yaml", "`a b`.grad", "--json").stdout)
    assert found["target"].startswith("`a b.grad`[")
    again = json.loads(run("why", "odd.yaml", found["target"], "--json").stdout)
    assert again == found


def test_a_gradient_without_end_is_taken_apart(run: Run, folder: Path) -> None:
    texts = ("{x: 1, a: .inf, b: .inf}", "{x: 1, a: 1.0e+308, b: 1.0e+308}")
    for inputs in texts:
        model = f"graphlab: 1\ninputs: {inputs}\nnodes: {{L: x*a + x*b + x*a + x*b - x*a - x*b - x*b + x}}\n"
        (folder / "inf.yaml").write_text(model, encoding="utf-8")
        result = run("why", "inf.yaml", "x.grad", "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["count"] == 8
        assert run("why", "inf.yaml", "x.grad").exit_code == 0


LEFT_OUT = ("update 0.1", "jacobian hidden.fc", "why b.grad", "set W1[0,0] = 1", "nudge W1[0,0] 0.1", "check E")


def test_of_a_file_without_large_arrays_each_says_so(run: Run) -> None:
    run("trace", "model.yaml", "-o", "ts.json", "--max-elements", "1")
    errors = wrong(
        run, "ts.json", *LEFT_OUT, "goto 5", "draw z.dot", "goto end", "draw y.dot", "blame", "changes", "reset"
    )
    assert [("left out large arrays" in error) for error in errors] == [True] * len(errors)
    assert len(errors) >= 4
    result = run("why", "ts.json", "W1.grad")
    assert (result.exit_code, "left out large arrays" in result.stderr) == (1, True)


def test_what_was_folded_away_stops_nothing(run: Run) -> None:
    said = ("expand E", "break * if `E.diff` > 100", "display `E.diff`", "fold E", "run", "next", "c")
    names = [node.name for node in expand(gl.load("model.yaml"), ["E"]).nodes if node.name.startswith("E.")]
    said = tuple(text.replace("E.diff", names[0]) for text in said)
    assert wrong(run, "model.yaml", *said) == []


def test_nested_steps_fold_from_within_and_updates_keep_them(run: Run, folder: Path) -> None:
    (folder / "silu.yaml").write_text("graphlab: 1\nparams: {x: 1.5}\nnodes: {y: silu(x)}\n", encoding="utf-8")
    inner = ("expand y", "expand y.sigmoid", "fold y.sigmoid", "info y.sigmoid", "expand y.sigmoid", "fold y", "info y")
    assert wrong(run, "silu.yaml", *inner) == []
    assert wrong(run, "silu.yaml", "expand y", "update 0.1", "info y.sigmoid", "fold y") == []


def test_everything_in_json_is_json(run: Run) -> None:
    said = "iteration; set x[0,0] = NaN; nudge x[0,1] 0.1; nudge x[0,0] nan; check; why W1.grad[0,0]; iteration; blame"
    result = run("step", "model.yaml", "-c", f"goto end; {said}", "--json")
    records = [json.loads(line, parse_constant=pytest.fail) for line in result.stdout.splitlines()]
    assert len(records) >= 8


def test_an_empty_array_and_the_first_digits(run: Run, folder: Path) -> None:
    (folder / "empty.yaml").write_text(
        "graphlab: 1\ninputs: {x: {shape: [0], init: zeros}}\nnodes: {y: x*x, L: sum(y)}\n", encoding="utf-8"
    )
    assert len(wrong(run, "empty.yaml", "jacobian y", "next", "element", "why x.grad")) <= 2
    (folder / "big.yaml").write_text(
        "graphlab: 1\ninputs: {x: [100.107241955, 1]}\nnodes: {y: x*x, L: sum(y)}\n", encoding="utf-8"
    )
    assert "10021.459891836914" in run("step", "big.yaml", "--precision", "17", "-c", "next; element").stdout


def test_a_place_that_is_none_is_refused(run: Run, folder: Path) -> None:
    (folder / "p.json").write_text(
        '{"format":"graphlab.step/1","position":Infinity,"breakpoints":[]}', encoding="utf-8"
    )
    assert len(wrong(run, "model.yaml", "load p.json", "jacobian E y t x", "element [-9]", "why W1.grad 0")) == 4
