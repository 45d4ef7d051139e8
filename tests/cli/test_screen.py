"""Tables, folding, sizes and the progress bar."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import click
import pytest
from graphlab_cli.options import Size
from graphlab_cli.terminal import screen
from graphlab_cli.terminal.screen import progress, say, say_all

from graphlab.lines import Styled
from graphlab.lines.table import Column, fold, table, text_width, words
from graphlab.messages import UNSEEN

COLUMNS = (Column("name", fold=True), Column("n", right=True))


def lines(rows: list[list[Any]], width: int | None) -> list[str]:
    return ["".join(map(str, (p.text if isinstance(p, Styled) else p for p in line))).rstrip() for line in table(COLUMNS, rows, width)]  # fmt: skip  # noqa: E501


def test_a_table_is_aligned_and_wide_syllables_count_two() -> None:
    assert lines([["한글", "1"], ["x", "1,234"]], None) == ["name      n", "한글      1", "x     1,234"]


def test_names_fold_and_numbers_never_break() -> None:
    rows = lines([["encoder.block.attention.query", "1,234,567"]], 26)
    assert rows == ["name                     n", "encoder.block.   1,234,567", "attention.query"]
    narrow = lines([["encoder.block.attention", "1,234,567"]], 10)
    assert "1,234,567" in narrow[1]


@pytest.mark.parametrize(
    ("text", "size", "folded"),
    [
        ("a.bb.ccc", 4, ["a.", "bb.", "ccc"]),
        ("softmax_cross_entropy", 14, ["softmax_cross_", "entropy"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("한글한글", 5, ["한글", "한글"]),
    ],
)
def test_fold(text: str, size: int, folded: list[str]) -> None:
    assert fold(text, size) == folded
    assert "".join(folded) == text


def test_words_never_break_a_number() -> None:
    text = "−0.123456 × [1.5 -2.25; 3.125 4] + 1e-12"
    for width in range(1, 50):
        parts = list(words(text, width))
        assert " ".join(parts) == text
        longest = max(map(text_width, text.split()))
        assert all(text_width(part) <= max(width, longest) for part in parts)


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8 * 10**9), ("500 mb", 5 * 10**8), ("2GiB", 2 * 2**30), ("1.5kB", 1500), ("1e9", 10**9)]
)
def test_size(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "8XB", "1e999GB", "nan"])
def test_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Size().convert(text, None, None)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(screen, "SLOW", 0.05)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)
    with progress("computing", 3) as step:
        assert terminal.getvalue() == ""
        deadline = time.monotonic() + 20
        while "computing" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        step("drawing forward")
        step("drawing backward")
    assert "computing" in terminal.getvalue()
    assert "drawing backward" in terminal.getvalue()
    assert "1/3" in terminal.getvalue()


def test_progress_is_silent_for_what_is_quick_or_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr("sys.stderr", stream)
        with progress("drawing", 3) as step:
            step("forward")
        time.sleep(0.05)
        assert stream.getvalue() == ""


def test_a_name_breaks_no_line_and_turns_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    say([Styled("a\nb", "strong"), " \u202ec\u2028d"])
    say_all(table([Column("name")], [["x\ny"]], 80))
    assert capsys.readouterr().out.splitlines() == ["a\\nb \\u202ec\\u2028d", "name", "x\\ny"]


def test_json_is_json_and_steers_no_terminal() -> None:
    record = {"na\u202eme\xad\x7f": "a\nb\U000e0041", "한": [1]}
    for text in (screen.json_text(record), screen.json_text(record, indent=2)):
        assert json.loads(text) == record
        assert not UNSEEN.search(text.replace("\n", ""))
