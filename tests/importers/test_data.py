"""Arrays from files beside the model: what is read, and what is refused."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlab as gl
from graphlab import errors
from graphlab.graph import Graph


def load(folder: Path, spec: str, role: str = "inputs", rest: str = "") -> Graph:
    (folder / "m.yaml").write_text(f"graphlab: 1\n{role}:\n  x: {{{spec}}}\n{rest}", encoding="utf-8")
    return gl.load(folder / "m.yaml")


def value(graph: Graph) -> np.ndarray:
    return graph.first_value(graph["x"])


def message(folder: Path, spec: str) -> str:
    """The error's text, its place as column:message."""
    with pytest.raises(gl.GraphlabError) as caught:
        load(folder, spec)
    assert str(caught.value).startswith(f"{folder / 'm.yaml'}:3:")
    return str(caught.value).removeprefix(f"{folder / 'm.yaml'}:3:")


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", ">i4", "<i8", "<u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.array([[1, 0, 1], [0, 1, 1]]).astype(dtype, order=order)
    (tmp_path / "below").mkdir()
    np.save(tmp_path / "below" / "a.npy", array)
    graph = load(tmp_path, "file: below/a.npy")
    np.testing.assert_array_equal(value(graph), array)
    kind = np.dtype(dtype).kind
    assert value(graph).dtype == {"f": "float64", "b": "bool"}.get(kind, "int32" if dtype == ">i4" else "int64")
    assert value(load(tmp_path, "file: below/a.npy", "params")).dtype == "float64"
    assert value(load(tmp_path, "file: below/a.npy, dtype: float32")).dtype == "float32"


def test_npz_by_key_and_rows(tmp_path: Path) -> None:
    arrays = {"a": np.arange(12.0).reshape(6, 2), "b": np.arange(3)}
    np.savez_compressed(tmp_path / "d.npz", **arrays)
    np.testing.assert_array_equal(value(load(tmp_path, "file: d.npz, key: b")), arrays["b"])
    for rows, part in (('"2:4"', slice(2, 4)), ('":3"', slice(3)), ('"-2:"', slice(-2, None)), ("0:1", slice(1))):
        np.testing.assert_array_equal(value(load(tmp_path, f"file: d.npz, key: a, rows: {rows}")), arrays["a"][part])
    np.savez(tmp_path / "one.npz", only=arrays["a"])
    np.testing.assert_array_equal(value(load(tmp_path, "file: one.npz")), arrays["a"])


def test_csv(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("\ufeffweight, height,n\n1.5,2,3\n\n-1e3,nan,4\n", encoding="utf-8")
    (tmp_path / "p.csv").write_text("1,2\r\n3,4\r\n", encoding="utf-8")
    whole = np.array([[1.5, 2, 3], [-1000, np.nan, 4]])
    np.testing.assert_array_equal(value(load(tmp_path, "file: h.csv")), whole)
    np.testing.assert_array_equal(value(load(tmp_path, "file: h.csv, key: height")), whole[:, 1])
    np.testing.assert_array_equal(value(load(tmp_path, "file: h.csv, key: [n, weight]")), whole[:, [2, 0]])
    np.testing.assert_array_equal(value(load(tmp_path, 'file: p.csv, rows: "1:2"')), [[3, 4]])
    labels = value(load(tmp_path, "file: h.csv, key: n, dtype: int64"))
    assert labels.dtype == "int64"
    assert labels.tolist() == [3, 4]


def test_wrong_keys_and_rows(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=np.zeros((4, 2)), labels=np.zeros(4))
    np.save(tmp_path / "s.npy", np.zeros(()))
    (tmp_path / "h.csv").write_text("weight,height\n1,2\n", encoding="utf-8")
    (tmp_path / "p.csv").write_text("1,2\n", encoding="utf-8")
    for spec, expected in (
        ("file: d.npz", "13: 'd.npz' holds several arrays; say which one with `key`: images, labels"),
        ("file: d.npz, key: image",
         "25: 'd.npz' holds no array 'image' (did you mean 'images'?); it has: images, labels"),
        ("file: s.npy, key: a", "25: a .npy file holds one array, so it takes no key; leave `key` out"),
        ("file: h.csv, key: wieght",
         "25: 'h.csv' has no column 'wieght' (did you mean 'weight'?); it has: weight, height"),
        ("file: p.csv, key: a",
         "25: 'p.csv' has no row of column names, so `key` picks nothing; add one, or leave `key` out"),
        ("file: d.npz, key: images, rows: 0:5", "39: rows 0:5 do not exist: the data has 4 rows"),
        ("file: d.npz, key: images, rows: 2", "39: rows are written \"a:b\", such as \"0:32\", not '2'"),
        ("file: d.npz, key: images, rows: 3:3", "39: rows 3:3 are none at all; the first must be before the second"),
        ("file: s.npy, rows: 0:1", "26: rows 0:1 do not exist: the data has 0 rows"),
        ("file: dd.npz",
         "13: there is no file 'dd.npz' in the model's folder (did you mean 'd.npz'?); put it there, or "
         "correct `file`"),
    ):  # fmt: skip
        assert message(tmp_path, spec) == expected


def test_tables_that_are_none(tmp_path: Path) -> None:
    for content, expected in (
        (b"a,b\n1,2\n3\n", "'t.csv', line 3: 1 cells, but the names above are 2"),
        (b"1,2\n3,x\n", "'t.csv', line 2, column 2: 'x' is not a number"),
        (b"1,2\n3,1_0\n", "'t.csv', line 2, column 2: '1_0' is not a number"),
        (b"1,2\n3,\n", "'t.csv', line 2, column 2: the cell is empty"),
        (b"", "'t.csv' has no row of numbers"),
        (b"a,b\n", "'t.csv' has no row of numbers"),
        (b"\xff\xfe1\x00", "'t.csv' is not UTF-8 text; save it as UTF-8"),
    ):
        (tmp_path / "t.csv").write_bytes(content)
        assert message(tmp_path, "file: t.csv").startswith(f"13: {expected}")


class Mine:
    """Would leave a file behind if it were ever unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def test_pickles_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "o.npy", np.array([Mine()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "o.npz", a=np.array([Mine()], dtype=object))
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Mine()))
    for name in ("o.npy", "o.npz"):
        assert "holds pickled objects, which could run code, so it is not read" in message(tmp_path, f"file: {name}")
    assert "cannot be read" in message(tmp_path, "file: raw.npy")
    assert not (tmp_path / "unpickled").exists()


def test_arrays_that_are_not_what_they_say(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.save(whole, np.zeros(10))
    (tmp_path / "cut.npy").write_bytes(whole.getvalue()[:-8])
    assert message(tmp_path, "file: cut.npy") == "13: 'cut.npy' is cut short: it has 72 of 80 bytes"
    huge = whole.getvalue().replace(b"(10,), }          ", b"(10000000000000,),}")
    (tmp_path / "huge.npy").write_bytes(huge)
    assert "13: 'huge.npy' says it holds (10000000000000,) numbers" in message(tmp_path, "file: huge.npy")
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("a.npy", huge)
    with pytest.raises(errors.MemoryLimitError):
        load(tmp_path, "file: huge.npz")
    np.save(tmp_path / "c.npy", np.zeros(2, complex))
    assert "holds complex128, not real numbers" in message(tmp_path, "file: c.npy")
    for name, content in (("a.npz", b"no zip"), ("b.npy", b""), ("d.npz", b"PK\x03\x04")):
        (tmp_path / name).write_bytes(content)
        assert f"13: '{name}' cannot be read: " in message(tmp_path, f"file: {name}")
    (tmp_path / "folder.npz").mkdir()
    assert "13: there is no file 'folder.npz'" in message(tmp_path, "file: folder.npz")


def test_only_the_models_folder_and_below(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    np.save(tmp_path / "secret.npy", np.zeros(2))
    np.save(inside / "own.npy", np.zeros(2))
    (inside / "link.npy").symlink_to(tmp_path / "secret.npy")
    (inside / "loop.npy").symlink_to(inside / "loop.npy")
    (inside / "good.npy").symlink_to(inside / "own.npy")
    assert len(value(load(inside, "file: good.npy"))) == 2
    for name in ("../secret.npy", str(tmp_path / "secret.npy"), "link.npy", "../inside/own.npy", '"a\\0b.npy"'):
        assert "is outside the model's folder" in message(inside, f"file: {name}"), name
    with pytest.raises(errors.DataError):
        load(inside, "file: loop.npy")


def test_references_are_kept_only_beside_the_same_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", a=np.arange(4.0), b=np.array([1, 2]))
    graph = load(tmp_path, 'file: d.npz, key: a, rows: "1:3"', rest="nodes: {y: sum(x)}\n")
    gl.save(graph, tmp_path / "same.yaml")
    text = (tmp_path / "same.yaml").read_text(encoding="utf-8")
    assert '  x: {file: d.npz, key: a, rows: "1:3", dtype: float64}\n' in text
    gl.save(gl.load(tmp_path / "same.yaml"), tmp_path / "same.yaml")
    assert (tmp_path / "same.yaml").read_text(encoding="utf-8") == text
    (tmp_path / "other").mkdir()
    gl.save(graph, tmp_path / "other" / "m.yaml")
    assert "  x: [1.0, 2.0]\n" in (tmp_path / "other" / "m.yaml").read_text(encoding="utf-8")
    assert "  x: [1.0, 2.0]\n" in gl.dumps(graph)


def test_base_says_where_the_data_is(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    graph = gl.loads("graphlab: 1\ninputs: {x: {file: a.npy}}", base=tmp_path)
    assert value(graph).tolist() == [1, 1, 1]
