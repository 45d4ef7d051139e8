"""Variants of a worksheet and the marking of answers, on mistakes that were planted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlab as gl
from graphlab.base.numbers import number
from graphlab.errors import DataError, UsageError
from graphlab.handout import HandoutOptions
from graphlab.handout.compose import equations_of
from graphlab.handout.content import Handout, Sheet, Step
from graphlab.handout.grading import TOLERANCE, Mark, grade, key_of, parsed, score
from graphlab.handout.many import joined, variants_of
from graphlab.handout.variants import STEPS, variant

SAMPLES = Path(__file__).parents[2] / "samples"


def traced(name: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.load(SAMPLES / name / f"{name}.yaml")))


def sheets(name: str, count: int = 0, **options: Any) -> dict[int, tuple[Handout, gl.Trace]]:
    return variants_of(traced(name), HandoutOptions(blanks=1.0, **options), count)


# Variants


@pytest.mark.parametrize("name", ["mazur_units", "buy_apple_orange", "sigmoid_neuron", "xor", "affine_bn_relu"])
def test_a_variant_has_numbers_as_short_as_the_models_and_is_a_run_of_it(name: str) -> None:
    trace = traced(name)
    other = variant(trace, 3)
    for node in trace.graph.leaves("input", "param"):
        a, b = trace[node.name].value, other[node.name].value
        if a.dtype.kind != "f":
            assert np.array_equal(a, b)
            continue
        assert np.array_equal(np.sign(a), np.sign(b))
        longest = max(len(repr(float(x)).partition(".")[2]) for x in a.ravel())
        assert all(len(repr(float(x)).partition(".")[2]) <= longest for x in b.ravel())
        assert (
            np.abs(a - b).max()
            <= STEPS * 10.0 ** -min(0 if longest == 1 and (a == np.floor(a)).all() else longest, 3) + 1e-9
        )
    again = gl.backward(gl.forward(other.graph, other.feeds, state=other.state))
    assert again.loss == other.loss


def test_the_same_number_the_same_variant_and_another_another() -> None:
    trace = traced("mazur_units")
    losses = [variant(trace, n, seed).loss for n, seed in ((1, 0), (1, 0), (2, 0), (1, 5))]
    assert losses[0] == losses[1]
    assert len(set(losses)) == 3
    assert variant(trace, 0) is trace


def test_a_model_without_numbers_to_vary_is_said_so() -> None:
    trace = gl.backward(
        gl.forward(gl.loads("graphlab: 1\ninputs: {x: {shape: [20, 20], init: normal}}\nnodes: {y: mean(x * x)}"))
    )
    with pytest.raises(UsageError, match="no small arrays"):
        variant(trace, 1)


def test_all_in_one_file_each_from_a_new_page_with_figures_of_its_own() -> None:
    pages = sheets("buy_apple", 3)
    whole = joined({n: page for n, (page, _) in pages.items()})
    assert [block.title for block in whole.blocks if isinstance(block, Sheet)] == [pages[n][0].title for n in (2, 3)]
    names = [block.name for block in whole.blocks if hasattr(block, "name")]
    assert len(names) == len(set(names)) == 3
    assert sum(isinstance(block, Step) for block in whole.blocks) == 3 * sum(
        isinstance(block, Step) for block in pages[1][0].blocks
    )


# Marking

Entry = dict[str, Any]


def written(folder: Path, pages: dict[int, tuple[Handout, gl.Trace]], rows: list[dict[str, Any]]) -> list[Mark]:
    (folder / "key.json").write_text(key_of(pages), encoding="utf-8")
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["student", "variant", "blank", "answer"])
        writer.writeheader()
        writer.writerows(rows)
    return grade(folder / "key.json", folder / "a.csv")


def printed(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return number(float(array))
    rows = array.reshape(1, -1) if array.ndim == 1 else array
    return "[" + "; ".join(" ".join(number(float(x)) for x in row) for row in rows) + "]"


@pytest.mark.parametrize("name", ["mazur_units", "mazur", "kratzert_batchnorm", "affine_bn_relu", "micrograd"])
def test_the_printed_key_is_all_right(name: str, tmp_path: Path) -> None:
    pages = sheets(name, 0)
    rows = [
        {"blank": blank.number, "answer": printed(entry["answer"])}
        for blank, entry in zip(pages[0][0].key, json.loads(key_of(pages))["variants"]["0"], strict=True)
    ]
    marks = written(tmp_path, pages, rows)
    assert score(marks) == (len(rows), len(rows))


def planted(
    name: str, where: Callable[[dict[str, Any]], bool], wrong: Callable[[dict[str, Any]], Any], folder: Path
) -> list[Mark]:
    """The marks of one wrong answer at every place of a kind."""
    pages = sheets(name, 0)
    entries = json.loads(key_of(pages))["variants"]["0"]
    rows = [{"blank": entry["blank"], "answer": printed(wrong(entry))} for entry in entries if where(entry)]
    assert rows
    marks = written(folder, pages, rows)
    return [mark for mark in marks if mark.verdict != "missing"]


def test_a_wrong_sign(tmp_path: Path) -> None:
    marks = planted("mazur_units", lambda e: np.any(e["answer"]), lambda e: -np.asarray(e["answer"]), tmp_path)
    assert {mark.mistake for mark in marks} == {"sign"}


def test_a_forgotten_fan_out_term(tmp_path: Path) -> None:
    trace = traced("mazur_units")
    terms = {node: trace[node].contributions[0].value for node in ("h1.out", "h2.out")}
    marks = planted(
        "mazur_units", lambda e: e["what"] == "sum" and e["node"] in terms, lambda e: terms[e["node"]], tmp_path
    )
    assert len(marks) == 2
    assert {mark.mistake for mark in marks} == {"forgotten fan-out term"}


def test_a_forgotten_activation_derivative(tmp_path: Path) -> None:
    trace = traced("mazur_units")
    marks = planted(
        "mazur_units",
        lambda e: e["what"] == "sent" and e["node"].endswith(".out"),
        lambda e: trace[e["node"]].grad,
        tmp_path,
    )
    assert {mark.mistake for mark in marks} == {"forgotten activation derivative"}


def test_a_forgotten_activation(tmp_path: Path) -> None:
    trace = traced("mazur_units")
    marks = planted(
        "mazur_units",
        lambda e: e["what"] == "value" and e["node"].endswith(".out"),
        lambda e: trace[e["node"].replace(".out", ".net")].value,
        tmp_path,
    )
    assert {mark.mistake for mark in marks} == {"forgotten activation"}


def test_a_missing_transpose(tmp_path: Path) -> None:
    trace = traced("mazur")
    upstream, w = trace["net_o#1"].grad, trace["W2"].value
    wrong = upstream @ w  # instead of W2ᵀ
    pages = sheets("mazur", 0)
    entries = json.loads(key_of(pages))["variants"]["0"]
    entry = next(
        e for e in entries if e["node"] == "net_o#1" and np.shape(e["answer"]) == (1, 2) and e["what"] == "sent"
    )
    marks = written(tmp_path, pages, [{"blank": entry["blank"], "answer": printed(wrong)}])
    assert next(mark for mark in marks if mark.verdict == "wrong").mistake == "missing transpose"


def test_students_variants_and_what_is_missing(tmp_path: Path) -> None:
    pages = sheets("buy_apple", 2)
    entries = json.loads(key_of(pages))["variants"]
    rows = [
        {"student": "kim", "variant": 1, "blank": e["blank"], "answer": printed(e["answer"])} for e in entries["1"]
    ] + [{"student": "lee", "variant": 2, "blank": 1, "answer": "twelve"}]
    marks = written(tmp_path, pages, rows)
    assert score([mark for mark in marks if mark.student == "kim"]) == (6, 6)
    lee = [mark for mark in marks if mark.student == "lee"]
    assert [mark.verdict for mark in lee] == ["wrong", *["missing"] * 5]
    assert lee[0].mistake == "not a number"


def test_a_tolerance_is_a_share_of_the_answer(tmp_path: Path) -> None:
    pages = sheets("buy_apple", 0)
    for off, verdict in ((0.9 * TOLERANCE, "right"), (1.1 * TOLERANCE, "wrong")):
        marks = written(tmp_path, pages, [{"blank": 1, "answer": f"{200 * (1 + off)!r}"}])
        assert marks[0].verdict == verdict


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("-2", -2.0), ("−2", -2.0), ("0,25", 0.25), ("1e-3", 1e-3), ("[1 2]", [1.0, 2.0]),
     ("[1, 2; 3, 4]", [[1, 2], [3, 4]])],
)  # fmt: skip
def test_answers_as_people_write_them(text: str, value: Any) -> None:
    found = parsed(text)
    assert found is not None
    assert np.array_equal(found, value)


@pytest.mark.parametrize(
    ("key", "answers", "message"),
    [
        ("{}", "blank,answer\n1,2\n", "this is no key"),
        ("not json", "blank,answer\n1,2\n", "this is no key"),
        (None, "a,b\n1,2\n", "a.csv:1: the columns are a, b but must have blank and answer"),
        (None, "blank,answer\nx,2\n", "a.csv:2: blank and variant are whole numbers"),
        (None, "blank,answer,variant\n1,2,9\n", "the key has no variant 9; it has: 0"),
    ],
)
def test_files_that_cannot_be_marked(key: str | None, answers: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(key_of(sheets("buy_apple", 0)) if key is None else key, encoding="utf-8")
    (tmp_path / "a.csv").write_text(answers, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        grade(tmp_path / "key.json", tmp_path / "a.csv")
    assert message in str(caught.value)


def test_blanks_of_rules_are_in_no_key() -> None:
    pages = sheets("buy_apple", 0, kinds=("rule",))
    assert json.loads(key_of(pages))["variants"]["0"] == []
    assert equations_of(pages[0][0].blocks)


def test_tiny_answers_are_marked_as_any_others(tmp_path: Path) -> None:
    graph = gl.loads("graphlab: 1\ninputs: {x: 1.0e-14}\nparams: {w: 2}\nnodes: {y: x * w, L: y * 3}")
    pages = variants_of(gl.backward(gl.forward(graph)), HandoutOptions(blanks=1.0), 0)
    entries = json.loads(key_of(pages))["variants"]["0"]
    value = next(entry for entry in entries if entry["node"] == "y" and entry["what"] == "value")
    for given, verdict in (("0", "wrong"), ("5e-13", "wrong"), ("2e-14", "right")):
        marks = written(tmp_path, pages, [{"blank": value["blank"], "answer": given}])
        assert next(mark for mark in marks if mark.blank == value["blank"]).verdict == verdict


def test_answers_that_are_not_finite(tmp_path: Path) -> None:
    graph = gl.loads("graphlab: 1\ninputs: {x: 0}\nparams: {w: 2}\nnodes: {y: log(x), L: y * w}")
    pages = variants_of(gl.backward(gl.forward(graph)), HandoutOptions(blanks=1.0), 0)
    json.loads(key_of(pages), parse_constant=pytest.fail)
    entries = json.loads(key_of(pages))["variants"]["0"]
    value = next(entry for entry in entries if entry["node"] == "y" and entry["what"] == "value")
    marks = written(tmp_path, pages, [{"blank": value["blank"], "answer": "-Inf"}])
    assert next(mark for mark in marks if mark.blank == value["blank"]).verdict == "right"


ROW = '[{"blank": 1, "node": "y", "answer": ANSWER, "mistakes": MISTAKES}]'


@pytest.mark.parametrize(
    "rows",
    ["[{}]", "5", ROW.replace("ANSWER", '"abc"').replace("MISTAKES", "[]"), "[" * 100_000,
     ROW.replace("ANSWER", "null").replace("MISTAKES", "[]"), ROW.replace("ANSWER", "1").replace("MISTAKES", "[1]")],
)  # fmt: skip
def test_malformed_keys_are_one_error(rows: str, tmp_path: Path) -> None:
    key = '{"format": "graphlab.key/1", "variants": {"0": ' + rows + "}}"
    (tmp_path / "key.json").write_text(key, encoding="utf-8")
    (tmp_path / "a.csv").write_text("blank,answer\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="this is no key"):
        grade(tmp_path / "key.json", tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ("blank,answer\n99,2\n", "the key has no blank 99"),
        ("blank,answer\n1,2\n1,3\n", "a.csv:3: blank 1 is answered twice"),
        ("blank,answer\n1,0,5\n", "a.csv:2: there are more values than columns"),
        ("blank,answer\n", "there are no answers in it"),
    ],
)
def test_answers_that_cannot_be_marked(answers: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(key_of(sheets("buy_apple", 0)), encoding="utf-8")
    (tmp_path / "a.csv").write_text(answers, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        grade(tmp_path / "key.json", tmp_path / "a.csv")
    assert message in str(caught.value)


def test_large_arrays_are_no_blanks() -> None:
    assert all("μ" not in (blank.answer.text or "") for blank in sheets("linear_regression")[0][0].key)


def test_answers_as_people_write_them_and_what_should_be_zero(tmp_path: Path) -> None:
    entry = {"blank": 1, "node": "W", "what": "value", "answer": [[81.0, 9.0], [529.0, 72.25]], "mistakes": []}
    zero = {**entry, "blank": 2, "answer": [0.0, 0.0]}
    key = {"format": "graphlab.key/1", "variants": {"0": [entry, zero]}, "unmarked": {"0": [3]}}
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    for text in ("[81 9; 529 72.25]", "[[81, 9],[529, 72.25]]", "81 9; 529 72.25", "81 9 529 72.25"):
        rows = f'blank,answer\n1,"{text}"\n2,0 0\n3,any words\n'
        (tmp_path / "answers.csv").write_text(rows, encoding="utf-8")
        assert [mark.verdict for mark in grade(tmp_path / "key.json", tmp_path / "answers.csv")] == ["right", "right"]


def test_a_key_without_blanks_is_an_error() -> None:
    page = variants_of(traced("mazur"), HandoutOptions(), 0)
    with pytest.raises(UsageError, match="no blank on the page"):
        key_of(page)


def test_a_gradient_that_is_rounding_noise_is_zero(tmp_path: Path) -> None:
    pages = sheets("affine_bn_relu", 1)
    entries = json.loads(key_of(pages))["variants"]["1"]
    bias = next(entry for entry in entries if not np.any(entry["answer"]))
    (mark,) = [m for m in written(tmp_path, pages, [{"blank": bias["blank"], "answer": "0 0", "variant": 1}])
               if m.blank == bias["blank"]]  # fmt: skip
    assert (bias["what"], mark.verdict) == ("sent", "right")
    page, trace = pages[1]
    assert np.any(trace["b1"].grad)  # the run itself keeps what it computed
    (blank,) = [blank for blank in page.key if blank.number == bias["blank"]]
    assert blank.answer.text == "[0 0]"


@pytest.mark.parametrize(
    ("text", "size", "numbers"),
    [
        ("0,25 -1,5", 2, [0.25, -1.5]), ("[[0,25, 3], [2, 1,5]]", 4, [[0.25, 3], [2, 1.5]]),
        ("[0,25; 3]", 2, [[0.25], [3]]),
        ("3,7", 2, [3, 7]), ("3,7", 1, 3.7), ("[3,7 4,1]", 4, [3, 7, 4, 1]), ("3,7 4", 5, [3, 7, 4]),
        ("-0,5e-1 2", 2, [-0.05, 2]),
    ],
)  # fmt: skip
def test_decimal_commas_are_read_where_only_they_give_as_many_numbers(text: str, size: int, numbers: Any) -> None:
    found = parsed(text, size)
    assert found is not None and found.tolist() == numbers


def test_decimal_commas_are_marked_right_and_the_names_of_columns_may_be_large(tmp_path: Path) -> None:
    entry = {"blank": 1, "node": "y", "what": "value", "answer": [[0.25, 1.5]], "mistakes": []}
    (tmp_path / "key.json").write_text(json.dumps({"format": "graphlab.key/1", "variants": {"0": [entry]}}), "utf-8")
    for text in ('blank,answer\n1,"0,25 1,5"\n', "Blank;Answer\n1;[0,25 1,5]\n", "BLANK\tANSWER\n1\t0.25, 1.5\n"):
        (tmp_path / "a.csv").write_text(text, "utf-8")
        assert [mark.verdict for mark in grade(tmp_path / "key.json", tmp_path / "a.csv")] == ["right"]
    (tmp_path / "a.csv").write_text('blank,answer\n1,"0,26 1,5"\n', "utf-8")
    assert [mark.verdict for mark in grade(tmp_path / "key.json", tmp_path / "a.csv")] == ["wrong"]
