"""Course packs: what they ask for, that all is made, and nothing twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphlab.errors import DataError
from graphlab.handout.pack import RECORD, build, read_pack

SAMPLES = Path(__file__).parents[2] / "samples"
PACK = """\
graphlab-pack: 1
defaults: {format: html}
handouts:
  - {name: one, model: net.yaml, title: First}
  - {name: two, model: net.yaml, worksheet: true, variants: 2, sections: [given, forward]}
"""
NET = "graphlab: 1\ninputs: {x: 3}\nparams: {w: 0.5}\nnodes: {y: tanh(x * w), L: y * y}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    (tmp_path / "out").mkdir()
    return tmp_path


def made(folder: Path) -> list[str]:
    written, _ = build(read_pack(folder / "pack.yaml"), folder / "out", workers=2)
    return [path.name for path in written]


def test_all_are_made_once_and_again_only_what_changed(folder: Path) -> None:
    assert made(folder) == ["one.html", "two.html"]
    assert "First" in (folder / "out" / "one.html").read_text(encoding="utf-8")
    assert "variant 2" in (folder / "out" / "two.html").read_text(encoding="utf-8")
    before = {path: path.read_bytes() for path in (folder / "out").iterdir()}
    assert made(folder) == []
    (folder / "pack.yaml").write_text(PACK.replace("First", "Other"), encoding="utf-8")
    assert made(folder) == ["one.html"]
    (folder / "net.yaml").write_text(NET.replace("0.5", "0.25"), encoding="utf-8")
    assert made(folder) == ["one.html", "two.html"]
    os.remove(folder / "out" / "two.html")
    assert made(folder) == ["two.html"]
    assert {path.name for path in before} == {"one.html", "two.html", RECORD}


def test_the_course_that_comes_along_can_be_read() -> None:
    entries = read_pack(SAMPLES / "backpropagation-course.yaml")
    assert len(entries) == 7
    assert all(entry.model.is_file() and entry.format == "pdf" for entry in entries)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("handouts: []", "a pack has 'graphlab-pack: 1'"),
        ("graphlab-pack: 2\nhandouts: []", "a pack has 'graphlab-pack: 1'"),
        ("graphlab-pack: 1\nhandouts: [{name: x}]", "handout 1: a handout has at least a model"),
        ("graphlab-pack: 1\nhandouts: [{model: n.yaml, titel: x}]", "unknown key 'titel' (did you mean 'title'?)"),
        ("graphlab-pack: 1\nhandouts: [{model: n.yaml, name: ../x}]", "'../x' is no name for a file"),
        ("graphlab-pack: 1\nhandouts: [{model: n.yaml}, {model: n.yaml}]", "two handouts are called 'n'"),
        ("graphlab-pack: 1\nhandouts: [{model: n.yaml, sections: [nope]}]", "there is no section 'nope'"),
        ("graphlab-pack: 1\nhandouts: [{model: n.yaml, blanks: many}]", "a value is of the wrong kind"),
        ("graphlab-pack: [1", "pack.yaml:1:18: this is no YAML"),
        ("!!python/object:os.system x", "this is no YAML"),
    ],
)
def test_what_is_no_pack_is_said_so(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_pack(tmp_path / "pack.yaml")
    assert message in str(caught.value)


def test_a_handout_that_fails_is_named(folder: Path) -> None:
    (folder / "net.yaml").write_text("graphlab: 1\nnodes: {y: nope(1)}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^(one|two): .*nope"):
        made(folder)
