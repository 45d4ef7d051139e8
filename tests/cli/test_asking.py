"""graphlab why and compare, the same at a stop, pictures of steps, and runs read from files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from commandline import Run, chain

import graphlab as gl

TRYING = (
    "goto end", "why W1.grad[0,1]", "element", "nudge W1[0,1] 1e-3", "set W1[0,1] = 0.5", "changes", "undo", "reset",
    "update lr=0.1 adam", "iteration 0", "goto hidden.act", "check", "check W1", "jacobian hidden.act",
    "expand y", "fold y",
)  # fmt: skip


def answers(run: Run, *said: str, options: tuple[str, ...] = ()) -> Any:
    return run("step", "model.yaml", "-c", "; ".join(said), *options)


def test_why_says_the_paths_the_edges_and_who_carries_it(run: Run) -> None:
    result = run("why", "model.yaml", "W1.grad[0,1]")
    assert result.exit_code == 0
    for text in (
        "∂L/∂W1[0,1] = ",
        "the one path from the loss",
        "what each consumer sends",
        "by unit",
        "further up: why ",
    ):
        assert text in result.stdout
    target = re.search(r"further up: why (.*)", result.stdout)
    assert target is not None
    assert run("why", "model.yaml", target[1]).exit_code == 0


def test_why_of_an_expression_as_json(run: Run) -> None:
    result = run("why", "-e", "x*x + 3*x", "x=2", "x.grad", "--json", "-k", "1")
    found = json.loads(result.stdout)
    assert (found["target"], found["value"], found["count"], found["rest"]) == ("x.grad", 7.0, 3, 4.0)
    assert found["paths"] == [{"nodes": ["out", "out#2", "x"], "product": 3.0, "factors": [1.0, 1.0, 3.0]}]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("model.yaml",), 2, "give a MODEL and a TARGET"),
        (("model.yaml", "nope.grad"), 1, "there is no node 'nope'; write NODE.grad"),
        (("model.yaml", "W1.grad[9,9]"), 1, "is no element"),
        (("noloss.yaml", "x.grad"), 1, "loss"),
    ],
)
def test_what_cannot_be_asked(run: Run, words: tuple[str, ...], status: int, message: str) -> None:
    result = run("why", *words)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_compare_names_the_first_that_differs_and_draws_it(run: Run, folder: Path) -> None:
    text = (folder / "model.yaml").read_text(encoding="utf-8")
    (folder / "other.yaml").write_text(text.replace("0.15", "0.16"), encoding="utf-8")
    result = run("compare", "model.yaml", "other.yaml", "-o", "d.dot")
    assert result.exit_code == 0
    assert "the first that differs: W1" in result.stdout
    assert "≠ value ±0.01" in (folder / "d.dot").read_text(encoding="utf-8")
    found = json.loads(run("compare", "model.yaml", "other.yaml", "--json").stdout)
    assert (found["same"], found["first"]) == (False, "W1")
    same = run("compare", "model.yaml", "model.yaml")
    assert "are the same, matched by name" in same.stdout


def test_runs_can_be_read_from_files_everywhere(run: Run) -> None:
    for name in ("t.npz", "t.json"):
        assert run("trace", "model.yaml", "-o", name).exit_code == 0
        assert "12 of 12 nodes are the same" in run("compare", "model.yaml", name).stdout
        assert run("why", name, "W1.grad[0,1]").stdout == run("why", "model.yaml", "W1.grad[0,1]").stdout
        assert run("blame", name, "--all").stdout == run("blame", "model.yaml", "--all").stdout
        said = "goto end; p W1.grad; set W1[0,0] = 1; goto loss"
        assert run("step", name, "-c", said).stdout == run("step", "model.yaml", "-c", said).stdout


def test_blame_of_a_file_that_left_arrays_out_uses_their_summaries(run: Run) -> None:
    run("trace", "model.yaml", "-o", "t.json", "--max-elements", "1")
    assert run("blame", "t.json").stdout == run("blame", "model.yaml").stdout


def test_what_is_no_trace_is_said_so(run: Run, folder: Path) -> None:
    (folder / "bad.npz").write_bytes(b"not a zip")
    result = run("step", "bad.npz", "-c", "next")
    assert result.exit_code == 1
    assert result.stderr.startswith("bad.npz: ")


def test_trying_at_a_stop(run: Run) -> None:
    result = answers(run, *TRYING)
    assert result.exit_code == 0
    assert "***" not in result.stdout
    for text in (
        "● W1[0,1]: 0.25 → 0.5",
        "undone: W1[0,1] = 0.5",
        "iteration 1: loss",
        "gradient × nudge = ",
        "∂hidden.act/∂x: ",
    ):
        assert text in result.stdout


def test_each_answer_in_json_is_an_object_in_a_line(run: Run) -> None:
    result = answers(run, *TRYING, options=("--json",))
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) >= len(TRYING)
    assert result.stderr == ""


def test_a_changed_value_is_marked_at_stops_and_in_pictures(run: Run, folder: Path) -> None:
    result = answers(run, "set W1[0,1] = 0.5", "goto end", "draw d.dot")
    assert re.search(r"● value: .* → .*", result.stdout)
    assert "→" in (folder / "d.dot").read_text(encoding="utf-8")
    assert "● value: " in (folder / "d.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    ["set W1", "set W1[0,1] =", "set attr y.nope = 1", "set y = 3", "nudge W1", "nudge W1[0,1] much", "update",
     "update lr=x", "update lr=0.1 adm", "iteration 9", "fold y", "expand hidden.act", "jacobian", "jacobian W1",
     "element [9,9]", "undo", "why nope.grad", "check nope"],
)  # fmt: skip
def test_what_cannot_be_tried_says_so_and_the_next_is_taken(run: Run, said: str) -> None:
    result = answers(run, "goto end", said, "goto loss")
    assert result.exit_code == 0
    assert sum(line.startswith("*** ") for line in result.stdout.splitlines()) == 1
    assert result.stdout.splitlines()[-1].startswith("    next: the seed")


def test_every_position_as_a_picture_with_a_contact_sheet(run: Run, folder: Path) -> None:
    (folder / "frames").mkdir()
    positions = len(gl.Debugger(gl.backward(gl.forward(gl.load("model.yaml")))).timeline)
    result = run("render", "model.yaml", "--step", "all", "-o", "frames/")
    files = [*(f"frames/model-step-{p:03}.svg" for p in range(positions + 1)), "frames/model-contact-sheet.svg"]
    assert result.stdout.splitlines() == files
    sheet = (folder / files[-1]).read_text(encoding="utf-8")
    assert re.findall(r'<image href="([^"]+)"', sheet) == [Path(name).name for name in files[:-1]]
    one = run("render", "model.yaml", "--step", "3", "--view", "forward", "-o", "three.svg")
    assert one.stdout == "three.svg\n"
    assert "step 3 of" in (folder / "three.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--step", "99999"), "--step is 'all' or a position from 0 to"),
        (("--step", "x"), "--step is 'all' or a position"),
        (("--step", "all", "-o", "x.svg"), "give a folder"),
        (("--step", "1", "-o", "x.png"), "--step writes .svg files"),
        (("--step", "1", "--view", "neurons", "--view", "both"), "--step draws one view"),
        (("--view", "both", "--example", "0"), "--example is for the views neurons and neurons-backward"),
    ],
)
def test_steps_that_cannot_be_drawn(run: Run, folder: Path, options: tuple[str, ...], message: str) -> None:
    before = set(folder.iterdir())
    result = run("render", "model.yaml", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert set(folder.iterdir()) == before


def test_a_long_chain_can_be_asked_and_changed(run: Run, folder: Path) -> None:
    chain(folder / "long.yaml")
    said = "goto end; why; set x = 0.25; changes; update lr=0.1"
    result = run("step", "long.yaml", "-c", said, catch_exceptions=False)
    assert result.exit_code == 0
    assert "***" not in result.stdout
