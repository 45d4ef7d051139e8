"""graphlab handout and grade: files, folders, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import Run


def test_a_handout_in_html_and_with_its_figures_beside(run: Run, folder: Path) -> None:
    result = run("handout", "model.yaml", "-o", "page.html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "page.html\n", "")
    assert "One step of gradient descent" in (folder / "page.html").read_text(encoding="utf-8")
    result = run("handout", "model.yaml", "-o", "page.md", "--section", "picture", "--section", "backward")
    assert result.stdout.splitlines() == ["page.md", "page-forward.svg"]
    assert "All gradients" not in (folder / "page.md").read_text(encoding="utf-8")


def test_a_worksheet_its_key_and_marks(run: Run, folder: Path) -> None:
    said = ("--worksheet", "--variants", "2", "-o", "sheets.html", "--key", "key.json")
    assert run("handout", "model.yaml", *said).stdout.splitlines() == ["sheets.html", "key.json"]
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    assert list(key["variants"]) == ["1", "2"]
    first = key["variants"]["1"][0]
    answers = f"student,variant,blank,answer\nkim,1,{first['blank']},0\n"
    (folder / "answers.csv").write_text(answers, encoding="utf-8")
    result = run("grade", "key.json", "answers.csv")
    assert result.exit_code == 0
    assert f"kim, variant 1: 0 / {len(key['variants']['1'])}" in result.stdout
    assert "no answer" in result.stdout
    marks = json.loads(run("grade", "key.json", "answers.csv", "--json").stdout)["marks"]
    assert marks[0]["verdict"] == "wrong"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("-o", "page.docx"), 2, "must end in one of"),
        (("-o", "nowhere/page.html"), 2, "there is no folder"),
        (("-o", "page.html", "--section", "nope"), 2, "there is no section 'nope'"),
        (("-o", "page.html", "--nodes", "nope"), 1, "there is no node 'nope'"),
        (("-o", "page.html", "--expand", "hidden.act"), 1, "is not made of smaller steps"),
        (("-o", "page.html", "--worksheet", "--key", "nowhere/k.json"), 2, "there is no folder"),
        ((), 2, "Missing option"),
        (("-o", "page.html", "--answers"), 2, "--answers does nothing without --worksheet"),
        (("-o", "page.html", "--kinds", "rule", "--blanks", "0"), 2, "--kinds does nothing without --worksheet"),
        (("-o", "page.html", "--key", "k.json"), 2, "--key does nothing without --worksheet"),
        (("-o", "page.html", "--seed", "0"), 2, "--seed does nothing without --worksheet / --variants"),
        (("-o", "page.html", "--worksheet", "--lr", "1"), 2, "--lr does nothing on a worksheet"),
        (("-o", "page.html", "--section", "given", "--lr", "1"), 2, "does nothing without --section update"),
        (("-o", "page.html", "--section", "picture", "--nodes", "L"), 2, "--nodes does nothing without --section forw"),
        (("-o", "page.html", "--section", "picture", "--question", "?"), 2, "--question does nothing without --sect"),
    ],
)
def test_what_cannot_be_written(run: Run, folder: Path, options: tuple[str, ...], status: int, message: str) -> None:
    before = set(folder.iterdir())
    result = run("handout", "model.yaml", *options)
    assert result.exit_code == status
    assert message in result.stderr
    assert set(folder.iterdir()) == before


def test_without_a_loss_the_forward_part_alone(run: Run, folder: Path) -> None:
    result = run("handout", "noloss.yaml", "-o", "page.html")
    assert result.exit_code == 0
    assert "forward only" in result.stderr
    text = (folder / "page.html").read_text(encoding="utf-8")
    assert "Forward, step by step" in text
    assert "Backward, step by step" not in text


@pytest.mark.parametrize("key", ["model.yaml", "page.html", "key.txt"])
def test_a_key_takes_the_place_of_nothing_else(run: Run, folder: Path, key: str) -> None:
    before = (folder / "model.yaml").read_bytes()
    result = run("handout", "model.yaml", "--worksheet", "-o", "page.html", "--key", key)
    assert (result.exit_code, "must be a .json file of its own" in result.stderr) == (2, True)
    assert (folder / "model.yaml").read_bytes() == before
    assert not (folder / "page.html").exists()


def test_odd_file_names(run: Run, folder: Path) -> None:
    result = run("handout", "model.yaml", "-o", "a{b} c#.md", "--section", "picture")
    assert result.stdout.splitlines() == ["a{b} c#.md", "a{b} c#-forward.svg"]
    assert "(a%7Bb%7D%20c%23-forward.svg)" in (folder / "a{b} c#.md").read_text(encoding="utf-8")


def test_nothing_is_left_where_the_model_cannot_be_read(run: Run, folder: Path) -> None:
    assert run("handout", "nope.yaml", "--variants", "2", "-o", "sheets/").exit_code != 0
    assert not (folder / "sheets").exists()


def test_a_pack_listens_to_no_other_option(run: Run, folder: Path) -> None:
    (folder / "pack.yaml").write_text("graphlab-pack: 1\nhandouts: [{model: model.yaml, format: md}]\n", "utf-8")
    for options in (("--worksheet",), ("--blanks", "0.5"), ("--mode", "train"), ("--precision", "4")):
        result = run("handout", "--pack", "pack.yaml", "-o", "out/", *options)
        assert (result.exit_code, f"{options[0]} does nothing beside --pack" in result.stderr) == (2, True)
        assert not (folder / "out").exists()
    assert run("handout", "--pack", "pack.yaml", "-o", "out/", "--lang", "ko").exit_code == 0


def test_a_seed_draws_variants_of_a_full_page_too(run: Run, folder: Path) -> None:
    assert run("handout", "model.yaml", "-o", "page.md", "--variants", "1", "--seed", "3").exit_code == 0
