"""graphlab blame, and blame at a stop."""

from __future__ import annotations

import json
from pathlib import Path

from commandline import Run

VANISHING = str(Path(__file__).resolve().parents[2] / "samples/vanishing/vanishing.yaml")
LOG = "graphlab: 1\nparams: {p: [0.5, 0]}\nnodes: {l: log(p), L: sum(l)}\n"


def test_a_vanished_gradient_is_said_with_its_chain(run: Run) -> None:
    result = run("blame", VANISHING)
    assert result.exit_code == 0
    assert "vanished; it shrank most at" in result.stdout
    assert "a cell is a decade" in result.stdout
    found = json.loads(run("blame", VANISHING, "--json").stdout)
    assert found["verdict"] == "vanished"
    assert found["chain"][-1]["ratio"] is None
    assert found["total"] < 1e-3


def test_not_finite_is_json_all_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.yaml").write_text(LOG, encoding="utf-8")
    found = json.loads(run("blame", str(tmp_path / "log.yaml"), "--json").stdout)
    assert found["birth"]["elements"] == [{"index": [1], "value": "-Infinity", "inputs": {"p": 0.0}}]
    text = run("blame", str(tmp_path / "log.yaml")).stdout
    assert (
        "first made by l · log, forward: 1 of 2 elements not finite\n  l = log(p)\n  [1] -Inf   from p[1] = 0\n" in text
    )


def test_a_node_can_be_named_and_a_wrong_one_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.yaml").write_text(LOG, encoding="utf-8")
    assert "∂L/∂l: neither" in run("blame", str(tmp_path / "log.yaml"), "--node", "l").stdout
    wrong = run("blame", str(tmp_path / "log.yaml"), "--node", "k")
    assert wrong.exit_code == 1
    assert "k" in wrong.stderr


def test_the_same_at_a_stop(run: Run) -> None:
    walked = run("step", VANISHING, "-c", "blame").stdout
    assert walked == "> blame\n" + run("blame", VANISHING).stdout
    assert json.loads(run("step", VANISHING, "--json", "-c", "blame").stdout)["chain"]
