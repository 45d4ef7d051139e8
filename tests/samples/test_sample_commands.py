"""Every command that a sample's text tells the reader to type does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from graphlab_cli import program
from regenerate import FOLDER, folders

CALL = re.compile(r"`graphlab (.+?)`|^    graphlab (.+)$", re.MULTILINE)
COMMANDS = [
    pytest.param(call, id=f"{folder.name}: {call}")
    for folder in folders()
    for found in CALL.findall((folder / "README.md").read_text(encoding="utf-8"))
    for call in ["".join(found)]
]


@pytest.mark.parametrize("call", COMMANDS)
def test_a_command_of_a_text(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples").symlink_to(FOLDER, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(program, shlex.split(call))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout
    written = {path.name for path in tmp_path.iterdir()} - {"samples"}
    words = shlex.split(call)
    if "-o" in words:
        assert written == {words[words.index("-o") + 1]}
    elif words[0] == "render":
        assert len(written) == 2
