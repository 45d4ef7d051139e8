"""graphlab blame, and blame at a stop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
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
    assert found["birth"]["elements"] == [
        {"index": [1], "value": "-Infinity", "inputs": {"p": 0.0}, "places": {"p": [1]}}
    ]
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


def written(tmp_path: Path, text: str) -> str:
    (tmp_path / "m.yaml").write_text(f"graphlab: 1\n{text}\n", encoding="utf-8")
    return str(tmp_path / "m.yaml")


def bars(text: str) -> dict[str, tuple[float, float]]:
    """Per node its size and the length of its bar in cells."""
    rows = text.partition("log scale\n")[2].partition("bars:")[0].splitlines()
    cells = {row.split()[0]: (float(row.split()[2]), row) for row in rows if row.strip()}
    return {name: (size, row.count("█") + sum(" ▏▎▍▌▋▊▉".index(c) for c in row if c in "▏▎▍▌▋▊▉") / 8)
            for name, (size, row) in cells.items()}  # fmt: skip


def test_a_cell_of_a_bar_is_a_decade(run: Run, tmp_path: Path) -> None:
    """Equal factors are equal lengths: a root of two is a sixth of a cell, a hundredfold two."""
    model = written(tmp_path, "params: {w: 2}\nnodes: {a: w * 1.4142, b: a * 100, c: b * 1, L: c * 0.05}")
    text = run("blame", model).stdout
    assert "bars: a cell is a decade (×10)" in text
    found = bars(text)
    assert found["b"][0] == found["c"][0]
    assert found["b"][1] == found["c"][1]
    assert found["a"][1] - found["b"][1] == pytest.approx(2.0, abs=0.13)
    assert found["w"][1] - found["a"][1] == pytest.approx(np.log10(1.4142), abs=0.13)
    for size, length in found.values():
        assert length == pytest.approx(1 + np.log10(size) - np.floor(np.log10(0.05)), abs=0.07)


def test_a_wider_range_says_how_many_decades_a_cell_is(run: Run, tmp_path: Path) -> None:
    model = written(tmp_path, "params: {w: 2}\nnodes: {a: w * 1e40, b: a * 1e-60, L: b * 1}")
    text = run("blame", model).stdout
    assert "bars: a cell is 5 decades" in text
    assert max(length for _, length in bars(text).values()) <= 17


def test_terms_that_cancel_are_said(run: Run, tmp_path: Path) -> None:
    text = run("blame", written(tmp_path, "params: {x: [1, 2, 4]}\nnodes: {y: x - mean(x), L: sum(y)}")).stdout
    assert text.startswith("∂L/∂x: is zero everywhere: at x its terms cancel\n  x: 1 from y, (-1) from y#1\n")


def test_an_entry_inside_a_loss_and_what_was_given(run: Run, tmp_path: Path) -> None:
    model = written(tmp_path, "inputs: {p: [[0.5, 0.5], [1, 0]], t: [1, 1]}\nnodes: {L: 'cross_entropy(p, t)'}")
    text = run("blame", model).stdout
    assert "  L = −(Σ (onehot(t) × log(p))) / N\n  from p[1,1] = 0\n" in text
    assert json.loads(run("blame", model, "--json").stdout)["birth"]["entries"] == [["p[1,1]", 0.0]]
    model = written(tmp_path, "inputs: {m: [-.inf, -.inf]}\nparams: {s: [1, 2]}\nnodes: {a: softmax(s + m), L: sum(a)}")
    text = run("blame", model).stdout
    assert "first made by a · softmax, forward: 2 of 2 elements not finite" in text
    assert "  out of what was given as such in m\n" in text


def test_a_dead_unit_is_said(run: Run, tmp_path: Path) -> None:
    leaves = "inputs: {x: [[1, 2], [2, 1], [3, 1]]}\nparams: {W: [[1, -1], [1, -1]], b: [0, 0]}\n"
    model = written(tmp_path, leaves + "nodes: {r: 'relu(affine(x, W, b))', L: sum(r)}")
    said = "unit 1 of 2 is dead: r (relu) is 0 at [:,1] for all 3 examples; for it ∂L/∂W, ∂L/∂b = 0"
    assert said in run("blame", model).stdout
    assert json.loads(run("blame", model, "--json").stdout)["dead"][0]["unit"] == 1


BIAS = (
    "inputs: {x: [[1, 1.1], [2, 3], [4.3, 7]], t: [[0.3, 0.1], [0.2, 0.7], [0.5, 0.6]]}\nparams: {b: [0.5, 0.25]}\n"
    "nodes: {h: x + b, y: batchnorm(h), L: 'mse(y, t)'}"
)
SAID = "0 (but for rounding): the terms cancel"


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "MODEL"),
        ("step", "MODEL", "-c", "goto end"),
        ("why", "MODEL", "b.grad"),
        ("blame", "MODEL", "--node", "b"),
        ("render", "MODEL", "--view", "backward", "-o", "out.txt"),
        ("handout", "MODEL", "-o", "out.md"),
    ],
    ids=lambda words: words[0],
)
def test_a_bias_before_a_normalisation_is_0_everywhere_and_why(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = written(tmp_path, BIAS)
    text = run(*[model if word == "MODEL" else word for word in words]).stdout
    if words[-2] == "-o":
        text = (tmp_path / words[-1]).read_text("utf-8")
    flat = " ".join(text.replace("│", " ").split())
    assert "e-1" not in flat
    assert ("its terms cancel" if words[0] == "blame" else SAID) in flat
    assert "subtracts each column's mean" in flat


def test_json_keeps_the_numbers_and_marks_them(run: Run, tmp_path: Path) -> None:
    data = json.loads(run("trace", written(tmp_path, BIAS), "--json").stdout)
    b = next(node for node in data["nodes"] if node["name"] == "b")
    assert max(map(abs, b["grad"])) < 1e-15
    assert b["grad_cancelled"] == [[0], [1]]


def test_what_stops_a_gradient_is_said_in_a_trace_and_in_a_picture(run: Run, tmp_path: Path) -> None:
    model = written(tmp_path, "params: {w: 2, v: 3}\nnodes: {s: stop_gradient(w * w), L: s * v}")
    said = "'s' (stop_gradient) lets none through"
    assert f"∂L/∂w = –   {said}" in run("trace", model).stdout
    run("render", model, "--view", "backward", "-o", str(tmp_path / "p.txt"))
    assert f"'w' has no gradient: {said}" in (tmp_path / "p.txt").read_text("utf-8")
    run("handout", model, "-o", str(tmp_path / "h.md"))
    assert f"'w' has no gradient: {said}" in (tmp_path / "h.md").read_text("utf-8").replace("\\", "")
