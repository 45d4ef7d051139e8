"""graphlab step: replayed, and driven at a real terminal."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from commandline import MODEL, Run, command, environment
from walks import FOLDER, names, walk

NAN = "graphlab: 1\ninputs: {p: [0.5, 0.0]}\nnodes: {l: log(p), q: p * l, L: sum(q)}\n"


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "model.yaml"
    path.write_text(MODEL, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", names())
def test_the_walks_through_the_samples(name: str) -> None:
    assert walk(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_a_breakpoint_and_a_print(run: Run, model: str) -> None:
    result = run("step", model, "-c", "break op:relu; c; print hidden.act; c; p W1.grad")
    assert result.exit_code == 0
    assert "forward · hidden.act · relu · 1×3   break 1 (op:relu): hidden.act" in result.stdout
    assert "backward · hidden.act · relu" in result.stdout
    assert "W1.grad = –" in result.stdout


def test_the_first_nan_is_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nan.yaml").write_text(NAN, encoding="utf-8")
    result = run("step", str(tmp_path / "nan.yaml"), "-c", "break * if nan(value) > 0; c; where")
    assert "[2/" in result.stdout
    assert "forward · q · mul" in result.stdout
    assert "← l = [-0.6931 -Inf]" in result.stdout


@pytest.mark.parametrize(("said", "status"), [("goto end; assert loss > 0", 0), ("goto end; assert loss < 0", 1)])
def test_assert_decides_the_exit_status(run: Run, model: str, said: str, status: int) -> None:
    result = run("step", model, "-c", said)
    assert result.exit_code == status
    assert ("assertion failed: loss < 0 is" in result.stdout) == (status == 1)


def test_an_assertion_on_what_is_not_computed_fails(run: Run, model: str) -> None:
    result = run("step", model, "-c", "assert W1.grad == 0")
    assert result.exit_code == 1
    assert "is not computed here: –" in result.stdout


def test_a_wrong_command_says_so_and_the_next_is_taken(run: Run, model: str) -> None:
    result = run("step", model, "-c", "nxet; break; goto 99; next")
    assert result.exit_code == 0
    assert "*** there is no command 'nxet' (did you mean 'next'?); see: help" in result.stdout
    assert "*** break needs more: break NODE|GLOB|op:NAME|PHASE [if CONDITION]" in result.stdout
    assert "[1/" in result.stdout


def test_json_is_one_object_a_line_and_errors_go_elsewhere(run: Run, model: str) -> None:
    result = run("step", model, "--json", "-c", "next; wrong; goto end; back")
    stops = [json.loads(line) for line in result.stdout.splitlines()]
    assert [stop["phase"] for stop in stops] == ["forward", "backward", "backward"]
    assert stops[0]["equations"][0]["result"]
    assert "*** there is no command 'wrong'" in result.stderr


def test_json_holds_what_is_printed_and_asserted_and_nothing_else(run: Run, model: str) -> None:
    said = "break hidden.act; list; help; print W1.grad; goto end; print nan(loss); print 1/0; assert loss < 0"
    result = run("step", model, "--json", "-c", said)
    assert result.exit_code == 1
    out = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line for line in out if "position" not in line] == [
        {"print": "W1.grad", "value": None}, {"print": "nan(loss)", "value": 0}, {"print": "1/0", "value": "Infinity"},
        {"assert": "loss < 0", "holds": False},
    ]  # fmt: skip


def test_a_name_in_backquotes(run: Run, tmp_path: Path) -> None:
    text = "graphlab: 1\ninputs: {x: 2}\nnodes:\n  '`a/b<c>.0`': x * x\n  L: exp(`a/b<c>.0`)\n"
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    result = run(
        "step", str(tmp_path / "odd.yaml"), "-c", "break `a/b<c>.0`; c; goto `a/b<c>.0.grad`; print `a/b<c>.0`"
    )
    assert "break 1 (`a/b<c>.0`): a/b<c>.0" in result.stdout
    assert "`a/b<c>.0` = 4" in result.stdout
    assert "***" not in result.stdout


def test_a_script_and_c_together_are_refused(run: Run, model: str, tmp_path: Path) -> None:
    (tmp_path / "walk.txt").write_text("# a walk\nnext\n\nquit\nnext\n", encoding="utf-8")
    result = run("step", model, "--script", str(tmp_path / "walk.txt"))
    assert result.stdout.count("[1/") == 1
    assert run("step", model, "-c", "n", "--script", str(tmp_path / "walk.txt")).exit_code == 2


def test_save_and_load_and_draw(run: Run, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = "b hidden.*; w y.grad; goto 5; save here.json; goto 0; clear; load here.json; breakpoints"
    said += "; draw now.svg; draw x.abc"
    result = run("step", model, "-c", said)
    assert "> load here.json\n[5/" in result.stdout
    assert result.stdout.count("1: break hidden.*") == 1
    assert "<svg" in (tmp_path / "now.svg").read_text("utf-8")
    assert "*** " in result.stdout.splitlines()[-1]
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    assert "*** 'bad.json' holds no place" in run("step", model, "-c", "load bad.json").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a Unix terminal")
class TestTerminal:
    """A real terminal, 60 columns wide."""

    @pytest.fixture
    def child(self, model: str) -> Any:
        import pexpect

        words = command("step", model)
        child = pexpect.spawn(
            words[0], words[1:], encoding="utf-8",
            env=environment({"TERM": "xterm", "NO_COLOR": "1", "PROMPT_TOOLKIT_NO_CPR": "1"}),
            dimensions=(40, 60), timeout=30,
        )  # fmt: skip
        child.expect("positions; help lists the commands")
        child.expect(r"\(step\)")
        yield child
        child.close(force=True)

    def say(self, child: Any, text: str, answer: str) -> None:
        child.send(text)
        child.expect(answer)
        child.expect(r"\(step\)")

    def test_enter_repeats_and_completion_finishes_a_name(self, child: Any) -> None:
        self.say(child, "next\r", r"\[1/")
        self.say(child, "\r", r"\[2/")
        child.send("until hidden.ac")
        child.expect("hidden.ac")
        child.send("\t")
        child.expect("t")
        child.send("\r")
        child.expect(r"forward · hidden.act")

    def test_ctrl_c_stays_inside_and_ctrl_d_leaves(self, child: Any) -> None:
        import pexpect

        child.send("goto 3")
        child.sendintr()
        child.expect("interrupted; quit leaves")
        child.expect(r"\(step\)")
        self.say(child, "next\r", r"\[1/")
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0

    def test_nothing_is_wider_than_the_window(self, child: Any) -> None:
        child.send("goto end\r")
        child.expect(r"W1ᵀ|xᵀ")
        child.send("where\r")
        child.expect("← ")
        child.send("quit\r")
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before)
        assert max(len(line) for line in text.replace("\r", "\n").split("\n")) <= 60
