"""Every sample is complete, runs as it is, shows the numbers that were published, and draws the picture it did."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from regenerate import FOLDER, PICTURES, VIEWS, folders, golden, model, run

import graphlab as gl
from graphlab.diagnosis.lint import warnings_of

FOLDERS = [pytest.param(folder, id=folder.name) for folder in folders()]
each_sample = pytest.mark.parametrize("folder", FOLDERS)
NAMES = (
    "affine_bn_relu", "buy_apple", "buy_apple_orange", "digits", "kratzert_batchnorm", "linear_regression", "mazur",
    "mazur_units", "micrograd", "mlp784", "sigmoid_neuron", "vanishing", "xor",
)  # fmt: skip


def expected(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected.json").read_text(encoding="utf-8")))


def rounds_to(value: float, printed: str) -> bool:
    """Whether the value, printed with as many decimals, is the same text.

    >>> rounds_to(0.29837110876, "0.298371109"), rounds_to(0.29837110876, "0.298371108"), rounds_to(-1e-17, "0.00")
    (True, False, True)
    """
    decimals = len(printed.partition(".")[2])
    text = f"{value:.{decimals}f}"
    return (text.lstrip("-") if float(text) == 0 else text) == printed


def disagreements(array: Any, printed: Any, where: str) -> list[str]:
    """Each element that does not round to what was printed; null in the file: nothing was printed for it."""
    if printed is None:
        return []
    if isinstance(printed, list):
        if np.ndim(array) == 0 or len(array) != len(printed):
            return [f"{where}: shape {np.shape(array)} where {len(printed)} rows are expected"]
        rows = enumerate(zip(array, printed, strict=True))
        return [text for k, (a, p) in rows for text in disagreements(a, p, f"{where}[{k}]")]
    value = float(np.asarray(array).reshape(()))
    return [] if rounds_to(value, printed) else [f"{where} is {value!r}, printed {printed}"]


def test_there_are_all_the_samples() -> None:
    assert tuple(folder.name for folder in folders()) == NAMES


@each_sample
def test_the_folder_is_complete(folder: Path) -> None:
    assert model(folder).is_file()
    names = {"README.md", "expected.json", *(f"{v}.dot" for v in VIEWS), *(f"{v}.svg" for v in PICTURES)}
    assert {name for name in names if not (folder / name).is_file()} == set()
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"graphlab render samples/{folder.name}/{folder.name}.yaml\n" in text
    for part in ("## Numbers to look for", "## Source", "## Try", "](forward.svg)", "](backward.svg)"):
        assert part in text
    assert {"source", "kind"} <= expected(folder).keys()
    assert expected(folder)["kind"] in ("published", "computed")


@each_sample
def test_the_list_has_its_description(folder: Path) -> None:
    about = yaml.safe_load(model(folder).read_text(encoding="utf-8"))
    row = f"| [{folder.name}]({folder.name}/README.md) | {about['description']} |"
    assert row in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()


@each_sample
def test_no_python_lives_here(folder: Path) -> None:
    assert list(folder.rglob("*.py")) == []


@each_sample
def test_numbers_round_to_the_printed_digits(folder: Path) -> None:
    trace, wanted = run(folder), expected(folder)
    found = disagreements(trace.loss, wanted.get("loss"), "loss")
    for name, printed in wanted.get("values", {}).items():
        found += disagreements(trace[name].value, printed, name)
    for name, printed in wanted.get("grads", {}).items():
        found += disagreements(trace[name].grad, printed, f"grad of {name}")
    assert found == []


@each_sample
def test_the_number_of_parameters(folder: Path) -> None:
    graph = gl.load(model(folder))
    count = sum(int(np.prod(node.attrs["shape"])) for node in graph.leaves("param"))
    assert count == expected(folder).get("parameters", count)


@each_sample
def test_nothing_is_suspicious(folder: Path) -> None:
    graph = gl.load(model(folder))
    assert warnings_of(graph, gl.plan(graph).shapes) == []


@each_sample
def test_every_gradient_is_right(folder: Path) -> None:
    report = gl.check_gradients(gl.load(model(folder)), budget=0.5)
    assert report.wrong == ()
    assert any(check.status == "ok" for check in report.ends)


@each_sample
def test_every_learned_number_has_a_gradient(folder: Path) -> None:
    trace = run(folder)
    assert [record.name for record in trace if record.node.op == "param" and record.grad is None] == []


@each_sample
def test_it_runs_after_being_copied_elsewhere(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "eine Kopie"
    shutil.copytree(folder, copy)
    monkeypatch.chdir(tmp_path)
    here, there = run(folder), gl.backward(gl.forward(gl.load(Path("eine Kopie") / model(folder).name)))
    for a, b in zip(here, there, strict=True):
        assert np.array_equal(a.value, b.value)
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or b.grad is None or np.array_equal(a.grad, b.grad)


NOISE = re.compile(r"-?\d(\.\d+)?e-(1[5-9]|[2-9]\d)")


def without_noise(dot: str) -> list[str]:
    """The picture's lines; numbers below 1e-14 (a sum that is 0 but for rounding: a bias before a batchnorm), and the
    widths of the cards they stand in, depend on the processor and are left out.

    >>> without_noise('WIDTH="168" 3.45e-17 0.5') == without_noise('WIDTH="9" -2.8e-18 0.5')
    True
    >>> without_noise('WIDTH="168" 3.45e-14') == without_noise('WIDTH="168" 3.46e-14')
    False
    """
    lines = dot.splitlines()
    return [re.sub(r'WIDTH="\d+"', "", NOISE.sub("~0", line)) if NOISE.search(line) else line for line in lines]


@each_sample
def test_the_pictures_are_the_golden_ones(folder: Path) -> None:
    """A change that is meant: `python -m tests.samples.regenerate`, and look at the pictures."""
    kept = {view: (folder / f"{view}.dot").read_text("utf-8") for view in VIEWS}
    stale = [view for view, dot in golden(run(folder)).items() if without_noise(dot) != without_noise(kept[view])]
    assert stale == []
