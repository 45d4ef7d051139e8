"""Korean on a terminal: a syllable takes two columns, so lines are broken and aligned by columns."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from commandline import Spawn, environment
from graphlab_cli import COMMANDS
from graphlab_cli.terminal.help import HelpFormatter
from rich.cells import cell_len

WIDTH = 80
PAGES = """
from graphlab_cli import COMMANDS, program
for args in ([], *([name] for name in COMMANDS)):
    try:
        program.main([*args, "--help"], "graphlab")
    except SystemExit:
        print(chr(12), end="")
"""


@pytest.fixture(scope="module")
def pages() -> list[str]:
    """The program's help and each command's, as Korean readers get them."""
    env = environment({"GRAPHLAB_LANG": "ko", "COLUMNS": "200"})
    done = subprocess.run(
        [sys.executable, "-c", PAGES], capture_output=True, encoding="utf-8", env=env, check=True, timeout=120
    )
    return done.stdout.split("\f")[:-1]


def columns_of(lines: list[str]) -> set[int]:
    """Where the second column of a table starts."""
    rows = [re.match(r"\S.*?  +(?=\S)", line.removeprefix("  ")) for line in lines]
    return {cell_len(row[0]) for row in rows if row}


def test_no_line_of_a_help_page_is_wider_than_a_terminal(pages: list[str]) -> None:
    assert len(pages) == len(COMMANDS) + 1
    lines = [line for page in pages for line in page.splitlines()]
    assert [line for line in lines if cell_len(line) > WIDTH] == []
    assert max(map(cell_len, lines)) > 70  # the room is used
    assert sum(bool(re.search("[가-힣]", line)) for line in lines) > 200
    assert not any("\0" in page for page in pages)


def test_the_options_of_a_help_page_line_up(pages: list[str]) -> None:
    for page in pages:
        section = page.partition("옵션:\n")[2].partition("\n\n")[0].splitlines()
        starts = columns_of([line for line in section if line.startswith("  -")])
        assert len(starts) == 1, page
        below = {len(line) - len(line.lstrip()) for line in section if line.startswith(" " * 8)}
        assert below <= {next(iter(starts)) + 2}


def test_a_first_column_in_korean_lines_up_too() -> None:
    formatter = HelpFormatter(width=40)
    formatter.write_dl([("값", "기울기와 손실과 가중치와 편향과 활성화 함수"), ("value", "둘째")])
    lines = formatter.getvalue().splitlines()
    assert lines[0].startswith("값     기울기와 손실과")
    assert lines[-1] == "value  둘째"
    assert all(cell_len(line) <= 40 for line in lines)


def test_the_commands_at_a_stop_line_up(spawn: Spawn) -> None:
    said = spawn("step", "model.yaml", "-c", "help; next; list 30", env={"GRAPHLAB_LANG": "ko"}).stdout
    assert [line for line in said.splitlines() if cell_len(line) > WIDTH] == []
    help_page, _, rest = said.partition("> next")
    lines = help_page.splitlines()[1:]
    beside = [line for line in lines if line[0] != " " and re.search("[가-힣]", line)]
    assert len(beside) > 30
    assert columns_of(beside) == {35}
    assert {len(line) - len(line.lstrip()) for line in lines if line[0] == " "} == {35}
    listed = rest.partition("> list")[2].splitlines()[1:]
    assert len(listed) > 8
    assert len({cell_len(line[: line.index(" · ")].rpartition(" ")[0]) for line in listed if " · " in line}) == 1
