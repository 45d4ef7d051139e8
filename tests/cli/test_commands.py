"""What each command prints and writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commandline import CHAIN_LENGTH, Run, Spawn, chain
from graphlab_cli import program
from graphlab_cli.commands import render

import graphlab as gl
from graphlab.importers.samples import sample_names
from graphlab.ops import REGISTRY


def test_render_without_an_output_writes_forward_and_backward_here(run: Run, folder: Path) -> None:
    result = run("render", "model.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["model-forward.svg", "model-backward.svg"]
    assert all((folder / name).read_text(encoding="utf-8").startswith("<") for name in result.stdout.splitlines())


def test_render_of_one_file_shows_both_and_of_several_names_them(run: Run, folder: Path) -> None:
    assert run("render", "model.yaml", "-o", "p.dot").stdout == "p.dot\n"
    assert (folder / "p.dot").read_text(encoding="utf-8") == gl.draw(gl.load("model.yaml"), "both").dot
    result = run("render", "model.yaml", "-o", "p.txt", "--view", "backward", "--view", "forward")
    assert result.stdout.splitlines() == ["p-backward.txt", "p-forward.txt"]
    (folder / "pictures").mkdir()
    result = run("render", "model.yaml", "-o", "pictures", "--view", "all")
    assert result.stdout.splitlines() == [f"pictures/model-{view}.svg" for view in render.VIEWS]


def test_render_hands_every_option_on(run: Run, folder: Path) -> None:
    options = ["--detail", "stats", "--precision", "3", "--direction", "tb", "--theme", "dark", "--title", "Mine"]
    options += ["--fold", "hidden", "--only", "y", "--no-params", "--expand", "mse", "--max-nodes", "20"]
    assert run("render", "model.yaml", "-o", "p.dot", "--view", "backward", *options).exit_code == 0
    drawing = gl.draw(
        gl.load("model.yaml"), "backward", detail="stats", precision=3, direction="tb", theme="dark", title="Mine",
        fold=("hidden",), only=("y",), params=False, expand=["mse"], max_nodes=20,
    )  # fmt: skip
    assert (folder / "p.dot").read_text(encoding="utf-8") == drawing.dot


@pytest.mark.parametrize("option", [["--fold", "nope"], ["--only", "nope"], ["--expand", "nope"]])
def test_render_of_a_name_that_is_not_there(run: Run, folder: Path, option: list[str]) -> None:
    result = run("render", "model.yaml", *option)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'nope'" in result.stderr
    assert not list(folder.glob("*.svg"))


def test_render_with_an_engine(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for extension in ("svg", "png", "pdf"):
        assert run("render", "model.yaml", "-o", f"p.{extension}", "--engine", "layered").exit_code == 0
    monkeypatch.setenv("PATH", "")
    refused = run("render", "model.yaml", "-o", "q.png", "--engine", "dot")
    assert (refused.exit_code, refused.stdout) == (1, "") and not (folder / "q.png").exists()
    assert "graphviz-pure · layered work" in refused.stderr


def test_render_of_a_model_without_a_loss(run: Run, folder: Path) -> None:
    result = run("render", "noloss.yaml")
    assert (result.exit_code, result.stdout) == (0, "noloss-forward.svg\n")
    assert result.stderr.startswith("note: only the forward picture is drawn: the loss 'y' has shape (2,)")
    asked = run("render", "noloss.yaml", "--view", "backward")
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert "the loss 'y' has shape (2,)" in asked.stderr


def test_render_of_one_file_of_a_model_without_a_loss_is_the_forward_picture(run: Run, folder: Path) -> None:
    result = run("render", "noloss.yaml", "-o", "one.dot")
    assert (result.exit_code, result.stdout) == (0, "one.dot\n")
    assert result.stderr.startswith("note: only the forward picture is drawn")
    assert "exp" in (folder / "one.dot").read_text(encoding="utf-8")


def test_the_choices_of_render_are_those_of_the_library() -> None:
    from graphlab.drawing.annotate import DETAILS, VIEWS
    from graphlab.export.picture import ENGINES
    from graphlab.export.theme import THEMES

    assert (render.VIEWS, render.DETAILS, render.ENGINES) == (VIEWS, DETAILS, ENGINES)
    assert tuple(THEMES) == render.THEMES


@pytest.mark.parametrize(
    ("model", "expression", "title", "name"),
    [
        (["nets/digits.yaml"], None, "", "digits"),
        (["nets.py:build"], None, "", "build"),
        (["-"], None, "Mazur's 2-2-2 / network", "Mazur-s-2-2-2-network"),
        (["-"], None, "", "model"),
        (["x=1"], "x*x", "x*x", "expression"),
    ],
)
def test_pictures_are_called_after_the_model(model: list[str], expression: str, title: str, name: str) -> None:
    assert render.file_name(model, expression, title) == name


def test_trace_works_every_step_out(run: Run) -> None:
    result = run("trace", "-e", "sigmoid(w*x) * x", "w=2", "x=-1", "--precision", "5")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout.splitlines()
        == """\
sigmoid(w*x) * x

given
  w = 2   param
  x = -1   param

forward
   1  out#1 · mul
      out#1 = w × x = 2 × (-1) = -2
   2  out#2 · sigmoid
      out#2 = 1 / (1 + exp(−out#1)) = 1 / (1 + exp(−(-2))) = 0.1192
   3  out · mul
      out = out#2 × x = 0.1192 × (-1) = -0.1192

backward, from out = -0.1192 with ∂L/∂out = 1
   4  out · mul
      ∂L/∂out#2 = ∂L/∂out × x = 1 × (-1) = -1
      ∂L/∂x = ∂L/∂out × out#2 = 1 × 0.1192 = 0.1192
   5  out#2 · sigmoid
      ∂L/∂out#1 = ∂L/∂out#2 × out#2 × (1 − out#2)
                = -1 × 0.1192 × (1 − 0.1192)
                = -0.10499
   6  out#1 · mul
      ∂L/∂w = ∂L/∂out#1 × x = -0.10499 × (-1) = 0.10499
      ∂L/∂x = ∂L/∂out#1 × w = -0.10499 × 2 = -0.20999

gradients
  ∂L/∂w = 0.10499
  ∂L/∂x = 0.1192 + (-0.20999) = -0.090784   from out, out#1""".splitlines()
    )


@pytest.mark.parametrize("columns", [60, 110])
@pytest.mark.parametrize("name", sample_names())
def test_trace_and_check_keep_to_the_width(run: Run, name: str, columns: int) -> None:
    from graphlab.lines.table import text_width

    run("samples", name, "-o", ".", "--force")
    for command in ("trace", "check", "summary"):
        result = run(command, f"{name}.yaml", env={"COLUMNS": str(columns)})
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert max(map(text_width, lines)) <= columns, max(lines, key=text_width)


def test_trace_as_json_is_one_object_and_nothing_else(run: Run, folder: Path) -> None:
    result = run("trace", "model.yaml", "--json")
    record = json.loads(result.stdout)
    assert (record["format"], record["model"], record["loss"]["node"]) == ("graphlab.trace/1", "Two layers", "E")
    assert run("trace", "model.yaml", "-o", "t.json").stdout == "t.json\n"
    assert (folder / "t.json").read_text(encoding="utf-8") == result.stdout
    small = json.loads(run("trace", "model.yaml", "--json", "--max-elements", "3").stdout)
    by_name = {node["name"]: node for node in small["nodes"]}
    assert by_name["W1"]["value"] is None
    assert by_name["W1"]["value_summary"]["size"] == 4
    assert by_name["x"]["value"] == [[0.05, 0.1]]


def test_trace_as_npz_can_be_read_back(run: Run) -> None:
    assert run("trace", "model.yaml", "-o", "t.npz").exit_code == 0
    trace = gl.backward(gl.forward(gl.load("model.yaml")))
    again = gl.load_trace("t.npz")
    assert all(np.array_equal(again[r.name].value, r.value) for r in trace)


def test_trace_without_a_loss_goes_forward_and_says_so(run: Run) -> None:
    result = run("trace", "noloss.yaml")
    assert result.exit_code == 0
    assert result.stderr.startswith("note: forward only: the loss 'y' has shape (2,)")
    assert "y = exp(x) = exp([1 2]) = [2.718 7.389]" in result.stdout
    assert "backward" not in result.stdout
    record = json.loads(run("trace", "noloss.yaml", "--json").stdout)
    assert [node["grad"] for node in record["nodes"]] == [None, None]


def test_a_loss_that_is_no_scalar_is_an_error_where_the_model_names_it(run: Run, folder: Path) -> None:
    text = (folder / "noloss.yaml").read_text(encoding="utf-8")
    (folder / "named.yaml").write_text(text + "loss: y\n", encoding="utf-8")
    for command in ("trace", "render"):
        result = run(command, "named.yaml")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "must be a scalar" in result.stderr


def test_mode_seed_and_memory(run: Run, folder: Path) -> None:
    (folder / "drop.yaml").write_text(
        "graphlab: 1\ninputs: {x: {shape: [40], init: ones}}\nnodes: {y: sum(dropout(x))}\n", encoding="utf-8"
    )

    def loss(*options: str) -> float:
        value = json.loads(run("trace", "drop.yaml", "--json", *options).stdout)["loss"]["value"]
        assert isinstance(value, float)
        return value

    assert loss("--mode", "eval") == 40
    assert len({loss("--seed", str(seed)) for seed in range(8)}) > 1
    assert loss("--seed", "0") == loss()
    refused = run("trace", "drop.yaml", "--max-memory", "0.1kB")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "100 B are allowed" in refused.stderr


def test_trace_of_a_long_chain(run: Run, folder: Path) -> None:
    chain(folder / "chain.yaml")
    result = run("trace", "chain.yaml")
    assert result.exit_code == 0
    assert sum(" · sin" in line for line in result.stdout.splitlines()) == 2 * CHAIN_LENGTH


def test_summary_counts_layers_scope_by_scope(run: Run) -> None:
    result = run("summary", "model.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["hidden", "(9)"] in rows
    assert ["fc", "affine", "1×3", "9", "24", "B", "6"] in rows
    assert ["W1", "param", "2×2", "4", "32", "B", "–"] in rows
    assert ["parameters", "21", "(168", "B)"] in rows
    assert ["multiply-adds", "16"] in rows


def test_summary_as_json(run: Run) -> None:
    record = json.loads(run("summary", "model.yaml", "--json").stdout)
    assert record["totals"]["trainable"] == sum(layer["trainable"] for layer in record["layers"]) == 21
    assert [layer["name"] for layer in record["layers"] if layer["scope"] == "hidden"] == [
        "hidden.fc#1", "hidden.fc", "hidden.act",
    ]  # fmt: skip


def test_check_says_ok_and_counts_kinks(run: Run) -> None:
    result = run("check", "-e", "relu(w*x)", "w=2", "x=0")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["out", "relu", "0", "1", "1", "ok"] in rows
    assert rows[-1][:2] == ["all", "5"]


def test_check_fails_with_1_for_a_wrong_gradient(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = REGISTRY["sigmoid"].vjp
    monkeypatch.setattr(REGISTRY["sigmoid"], "vjp", staticmethod(lambda *args: (1.1 * right(*args)[0],)))
    result = run("check", "-e", "sigmoid(w*x)", "w=2", "x=0.5")
    assert (result.exit_code, result.stderr) == (1, "")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["out", "sigmoid", "0.091", "1", "WRONG:", "x"] in rows
    assert "  out, ∂L/∂x: the rule gives" in result.stdout
    assert result.stdout.splitlines()[-1] == "3 of 5 gradients are wrong"
    record = json.loads(run("check", "-e", "sigmoid(w*x)", "w=2", "x=0.5", "--json").stdout)
    assert record["ok"] is False
    assert [check["node"] for check in record["nodes"] if check["status"] == "wrong"] == ["out"]


@pytest.mark.parametrize(
    ("expression", "last"),
    [
        (["log(b)", "b=-1"], "2 not compared: 2 slopes are not finite"),
        (["tanh(a)", "a=17"], "2 not compared: 2 slopes are unclear"),
        (["where(0, log(b), a*2)", "b=-1", "a=3"], "2 not compared: 2 slopes are not finite"),
    ],
)
def test_check_says_last_what_it_did_not_compare(run: Run, expression: list[str], last: str) -> None:
    result = run("check", "-e", *expression)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, last)
    assert "all" not in result.stdout


def test_ops_lists_every_op_with_its_formula(run: Run) -> None:
    result = run("ops")
    listed = {line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")}
    assert listed == set(REGISTRY)
    relu = next(line for line in result.stdout.splitlines() if line.startswith("  relu "))
    assert relu.split(maxsplit=1)[1] == "The rectified linear unit, y = max(x, 0); its derivative at 0 is 0."


@pytest.mark.parametrize("name", list(REGISTRY))
@pytest.mark.parametrize("columns", [60, 120])
def test_ops_shows_each_op_in_full(run: Run, name: str, columns: int) -> None:
    from graphlab.lines.table import text_width

    op = REGISTRY[name]
    result = run("ops", name, env={"COLUMNS": str(columns)})
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{name} · {op.family}\n")
    assert max(map(text_width, result.stdout.splitlines())) <= columns
    assert ">>>" not in result.stdout
    headings = {line.split("  ")[0] for line in result.stdout.splitlines() if line and not line.startswith(" ")}
    assert ("made of" in headings) == (op.expand is not None)
    assert ("attributes" in headings) == bool({**op.attrs, **op.layer_attrs})
    assert ("example" in headings) == (op.family != "leaf")
    assert ("formula  in inference\n" in result.stdout) == (op.eval_formula is not None)
    example = result.stdout.partition("\nexample")[2]
    assert "NaN" not in example
    assert "Inf" not in example


def test_samples_are_listed_and_copied(run: Run, folder: Path) -> None:
    listed = [line.split()[0] for line in run("samples").stdout.splitlines() if line]
    assert listed[:-1] == sample_names()
    result = run("samples", "mazur", "-o", "copy")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "copy/mazur.yaml"
    assert run("samples", "buy_apple").stdout.splitlines()[0] == "buy_apple/buy_apple.yaml"
    assert gl.load("copy/mazur.yaml").name == "Mazur's 2-2-2 network"


def test_samples_are_not_overwritten_unless_told(run: Run, folder: Path) -> None:
    run("samples", "mazur", "-o", "copy")
    (folder / "copy" / "mazur.yaml").write_text("mine", encoding="utf-8")
    refused = run("samples", "mazur", "-o", "copy")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "is there already" in refused.stderr
    assert (folder / "copy" / "mazur.yaml").read_text(encoding="utf-8") == "mine"
    assert run("samples", "mazur", "-o", "copy", "--force").exit_code == 0
    assert gl.load("copy/mazur.yaml").name == "Mazur's 2-2-2 network"


def test_doctor_says_what_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line.split() for line in run("doctor").stdout.splitlines()]
    assert ["numpy", np.__version__, "all", "numbers"] in rows
    assert [".dot", "yes", "nothing", "else"] in rows
    monkeypatch.setenv("PATH", "")
    without = CliRunner().invoke(program, ["doctor"])
    assert without.exit_code == 0
    rows = [line.split() for line in without.stdout.splitlines()]
    assert next(row for row in rows if row[:1] == ["dot"])[:2] == ["dot", "no"]
    assert next(row for row in rows if row[:1] == [".svg"])[-2:] == ["graphviz-pure,", "layered"]


def test_a_folder_named_with_a_slash_is_made(run: Run, folder: Path) -> None:
    assert run("render", "model.yaml", "--engine", "layered", "-o", "pictures/").exit_code == 0
    assert sorted(path.name for path in (folder / "pictures").iterdir()) == ["model-backward.svg", "model-forward.svg"]


def test_a_link_to_standard_output_is_written_to(spawn: Spawn, folder: Path) -> None:
    (folder / "so.svg").symlink_to("/dev/stdout")
    assert spawn("render", "model.yaml", "--engine", "layered", "-o", "so.svg").stdout.startswith("<svg")
