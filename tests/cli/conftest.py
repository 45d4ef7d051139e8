"""The command line in this process (run) and in one of its own (spawn)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from commandline import CLEARED, FORWARD_ONLY, MODEL, Run, Spawn, command, environment
from graphlab_cli import program


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with model.yaml and noloss.yaml in it."""
    monkeypatch.chdir(tmp_path)
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "noloss.yaml").write_text(FORWARD_ONLY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command line: run("trace", "model.yaml").output, .stderr, .exit_code."""

    def invoke(*args: str, **options: Any) -> Result:
        return CliRunner().invoke(program, list(args), **options)

    return invoke


@pytest.fixture
def spawn(folder: Path) -> Spawn:
    """Run a command line in a process of its own."""

    def start(*args: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 120, **options}
        return subprocess.run(command(*args), env=environment(env), check=False, **options)

    return start
