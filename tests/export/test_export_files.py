"""Files: by extension, whole or not at all, with the permissions a user expects."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pictures
import pytest

import graphlab.export as export_module
from graphlab.errors import ExportError, GraphlabError, UsageError
from graphlab.export import EXPORTERS, export, render

MAGIC = {
    ".dot": b"digraph",
    ".gv": b"digraph",
    ".svg": b"<svg",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".txt": "사과".encode(),
}


@pytest.mark.parametrize("extension", EXPORTERS)
def test_every_exporter_writes_its_file(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{extension.upper()}"
    assert export(pictures.korean(), path, engine="graphviz-pure") == []
    assert path.read_bytes().startswith(MAGIC[extension])
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("extension", EXPORTERS)
def test_same_bytes(extension: str) -> None:
    first, again = (render(pictures.korean(), extension, engine="graphviz-pure")[0] for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.bmp", "cannot write '.bmp'"), ("a", "a file without an extension"), ("a.gvv", "did you mean '.gv'")],
)
def test_unknown_extensions_list_the_known(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in one of \.dot, \.gv, \.svg, \.png, \.pdf, \.txt") as error:
        export(pictures.korean(), tmp_path / name)
    assert said in str(error.value)
    assert not os.listdir(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "out.svg").mkdir()
    with pytest.raises(UsageError, match="is a folder: name a file in it"):
        export(pictures.korean(), tmp_path / "out.svg")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        export(pictures.korean(), tmp_path / "no" / "a.dot")


def test_a_folder_that_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module.os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="is not writable"):
        export(pictures.korean(), tmp_path / "a.dot")


def test_a_failing_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.dot"
    path.write_text("old")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_module.os, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        export(pictures.korean(), path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.dot"]


def test_a_picture_that_fails_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExportError):
        export(pictures.korean(), tmp_path / "a.dot", theme="no such theme")
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions(tmp_path: Path) -> None:
    new, old = tmp_path / "new.dot", tmp_path / "old.dot"
    old.write_text("old")
    old.chmod(0o640)
    before = os.umask(0o022)
    try:
        export(pictures.korean(), new)
        export(pictures.korean(), old)
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o644
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")
def test_links_stay_and_pipes_are_written_to(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.dot", tmp_path / "link.dot", tmp_path / "pipe.dot"
    real.write_text("old")
    link.symlink_to(real)
    export(pictures.korean(), link)
    assert link.is_symlink() and real.read_text().startswith("digraph")
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    export(pictures.korean(), pipe)
    reader.join(10)
    assert read[0].startswith("digraph") and stat.S_ISFIFO(pipe.stat().st_mode)


def test_every_error_is_of_the_tree() -> None:
    assert issubclass(ExportError, GraphlabError) and issubclass(UsageError, GraphlabError)
