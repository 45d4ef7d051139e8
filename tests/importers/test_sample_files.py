"""The samples are found, described and copied whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.errors import UsageError
from graphlab.importers import samples as samplefiles
from graphlab.importers.samples import copy_sample, sample_model, sample_names, sample_titles


def test_every_sample_has_a_title_and_a_description() -> None:
    titles = sample_titles()
    assert list(titles) == sample_names()
    assert all(title and description and "\n" not in description for title, description in titles.values())


@pytest.mark.parametrize("name", sample_names())
def test_a_copy_is_the_whole_folder(name: str, tmp_path: Path) -> None:
    written = copy_sample(name, tmp_path)
    source = sample_model(name).parent
    assert written[0] == tmp_path / f"{name}.yaml"
    assert {p.relative_to(tmp_path): p.read_bytes() for p in written} == {
        p.relative_to(source): p.read_bytes() for p in source.rglob("*") if p.is_file()
    }


def test_nothing_is_written_where_something_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "digits.npz").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"digits\.npz is there already; choose another folder .* --force"):
        copy_sample("digits", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["digits.npz"]
    copy_sample("digits", tmp_path, overwrite=True)
    assert (tmp_path / "digits.npz").read_bytes().startswith(b"PK")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        copy_sample("mazur", tmp_path / "copy")


def test_an_unknown_sample(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no sample 'mazurr' \(did you mean 'mazur'\?\); there are: "):
        copy_sample("mazurr", tmp_path)


def test_an_installed_package_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "graphlab" / "samples" / "own").mkdir(parents=True)
    (tmp_path / "graphlab" / "samples" / "own" / "own.yaml").write_text("graphlab: 1\n", encoding="utf-8")
    monkeypatch.setattr(samplefiles, "__file__", str(tmp_path / "graphlab" / "importers" / "samples.py"))
    assert sample_names() == ["own"]
