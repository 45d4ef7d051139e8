"""What a run's numbers are hardly meant for is said by every command, once; and float32 beside float64 by check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import Run

TWICE = """graphlab: 1
dtype: float32
params: {w: [[0.5, -1], [2, 1.5]]}
inputs: {t: [1, 0]}
nodes: {p: softmax(w), E: "softmax_cross_entropy(p, t)"}
"""
SAID = "warning: twice.yaml:5:28: softmax_cross_entropy 'E': x comes from softmax 'p', but softmax_cross_entropy takes"
COMMANDS = {
    "render": ["render", "twice.yaml", "-o", "p.dot"],
    "trace": ["trace", "twice.yaml"],
    "check": ["check", "twice.yaml"],
    "view": ["view", "twice.yaml", "-o", "p.html"],
    "handout": ["handout", "twice.yaml", "-o", "p.md"],
    "step": ["step", "twice.yaml"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_that_runs_a_model_says_it_once(run: Run, folder: Path, command: list[str]) -> None:
    (folder / "twice.yaml").write_text(TWICE, encoding="utf-8")
    result = run(*command)
    assert result.exit_code == 0
    assert result.stderr.count(SAID) == 1
    assert result.stderr.count("warning:") == 1
    assert "warning" not in result.stdout


def test_a_probability_above_1_ends_a_command(run: Run) -> None:
    result = run("trace", "-e", "bce(p, t)", "p=[0.5, 3]", "t=[1, 0]")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "<expression>:1:1: bce 'out': p[1] is 3.0 but a probability is from 0 to 1; for logits use bce_with_logits, "
        "or give sigmoid of them\n"
    )


def lost(folder: Path, x: str) -> str:
    (folder / "small.yaml").write_text(
        f"graphlab: 1\ndtype: float32\nparams: {{x: {x}}}\nnodes: {{y: exp(x), L: sum(y)}}\n", encoding="utf-8"
    )
    return "small.yaml"


def test_check_of_float32_says_what_float64_gives(run: Run, folder: Path) -> None:
    sound = run("check", lost(folder, "[1, 2]"))
    assert sound.exit_code == 0
    assert sound.stdout.splitlines()[-1] == "float32 gives what float64 does, but for rounding"
    result = run("check", lost(folder, "[1, 92]"))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[lines.index("float32 beside float64") + 1 :] == [
        "  y[1] is Inf in float32 but 9.01763e39 in float64",
        "  2 more values and gradients are off because of it",
        "",
        "all 3 gradients agree with differences",
        "float32 does not give what float64 does",
    ]


def test_check_of_float32_as_json(run: Run, folder: Path) -> None:
    record = json.loads(run("check", lost(folder, "[1, 92]"), "--json").stdout)
    assert not record["ok"]
    twin = record["precision"][0]
    assert twin == {
        "node": "y", "op": "exp", "what": "value", "status": "wrong", "error": "Infinity", "index": [1],
        "float32": "Infinity", "float64": pytest.approx(9.017628405034299e39, rel=1e-12),
    }  # fmt: skip
    assert [one["status"] for one in record["precision"][1:]] == ["inherited", "ok", "ok", "inherited"]
    assert json.loads(run("check", "-e", "w*x", "w=2", "x=1", "--json").stdout)["precision"] is None
