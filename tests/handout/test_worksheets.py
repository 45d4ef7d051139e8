"""What a worksheet asks for can be worked out from its pages: nothing that is asked needs what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from printed import worked_out

import graphlab as gl
from graphlab.errors import UsageError
from graphlab.handout import HandoutOptions, compose, save
from graphlab.handout.compose import equations_of
from graphlab.handout.content import Blank, Handout, Origin, Paragraph, Table, Value, plain
from graphlab.handout.equations import value_of
from graphlab.handout.grading import grade, key_of
from graphlab.handout.many import variants_of

LARGE = """
inputs: {x: {shape: [20, 16], init: normal}}
params: {w: {shape: [16, 1], init: normal}}
nodes: {h: x @ w, m: mean(h), L: m * m}
loss: L
"""


def run(text: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}")))


def sheet(text: str, **options: object) -> Handout:
    return compose(run(text), HandoutOptions(blanks=1.0, **options))  # type: ignore[arg-type]


def asked(page: Handout) -> dict[str, bool]:
    """Of each result of the page, by its left side, whether it is asked for."""
    return {equation.left: isinstance(equation.result, Blank) for equation in equations_of(page.blocks)}


def given(page: Handout) -> dict[str, str]:
    table = next(block for block in page.blocks if isinstance(block, Table))
    return {str(row[0]): plain(row[3]) if isinstance(row[3], Value) else str(row[3]) for row in table.rows}


def said(page: Handout, text: str) -> bool:
    return any(isinstance(block, Paragraph) and text in block.text for block in page.blocks)


def test_a_result_that_needs_a_large_array_is_printed() -> None:
    page = sheet(LARGE)
    assert asked(page) == {
        "h": False, "m": True, "L": True, "∂L/∂m": True, "∂L/∂m (from L.a)": True, "∂L/∂m (from L.b)": True,
        "∂L/∂h": True, "∂L/∂x": False, "∂L/∂w": False,
    }  # fmt: skip
    assert said(page, "results that need all of it are printed, not asked for")
    assert not said(sheet("params: {x: 2}\nnodes: {L: x * x}"), "results that need")


def test_the_share_is_one_of_what_can_be_asked_for() -> None:
    page = compose(run(LARGE), HandoutOptions(blanks=0.5))
    assert len(page.key) == 3


def test_what_is_given_is_given_in_full_up_to_two_hundred_numbers() -> None:
    text = "inputs: {{x: {{shape: [20, {n}], init: normal}}}}\nnodes: {{h: mean(x), L: h * h}}\nloss: L"
    trace = run(text.format(n=10))
    page = compose(trace, HandoutOptions(blanks=1.0))
    found = np.asarray(worked_out(given(page)["x"]))
    np.testing.assert_allclose(found, trace["x"].value, rtol=1e-3)
    assert asked(page)["h"]
    assert not asked(sheet(text.format(n=11)))["h"]
    assert "μ" in given(sheet(text.format(n=11)))["x"]


def test_many_equal_numbers_are_said_at_once() -> None:
    assert given(sheet("params: {b: {shape: [30], init: zeros}}\nnodes: {L: sum(b)}"))["b"] == "0 everywhere"


def test_what_the_steps_need_and_do_not_show_is_given() -> None:
    text = "params: {x: 2, w: 3}\nnodes: {a: x * w, b: a * x, c: b * 0.25, L: c * c}\nloss: L"
    trace = run(text)
    page = compose(trace, HandoutOptions(blanks=1.0, nodes=("b",)))
    rows = {name: float(value) for name, value in given(page).items()}
    assert rows == {"x": 2.0, "w": 3.0, "a": 6.0, "∂L/∂b": 1.5}
    assert all(asked(page).values())
    assert "a" not in given(compose(trace, HandoutOptions(nodes=("b",))))
    backward = compose(trace, HandoutOptions(blanks=1.0, sections=("given", "backward")))
    assert {"a", "c"} <= given(backward).keys()


def test_a_sum_whose_terms_are_not_all_on_the_page_is_not_asked_for() -> None:
    steps = "".join(f"  n{k}: n{k - 1} * w\n" for k in range(1, 60))
    page = sheet(f"params: {{w: 1.01}}\nnodes:\n  n0: 2 * w\n{steps}  L: n59 * 1\nloss: L\n")
    assert not asked(page)["∂L/∂w"]
    assert given(page).keys() == {"w", "n40", "∂L/∂n19"}  # where the steps go on
    assert asked(page)["n41"]


def test_a_page_without_anything_to_ask_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing on this page can be left blank"):
        sheet("inputs: {x: {shape: [20, 16], init: normal}}\nnodes: {L: sum(x)}\nloss: L", kinds=("value",))


def test_an_array_with_three_axes_is_printed_by_its_matrices(tmp_path: Path) -> None:
    text = "params: {x: [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}\nnodes: {y: x * x, L: sum(y)}\nloss: L"
    full = compose(run(text))
    (result,) = [e.result for e in equations_of(full.blocks) if e.left == "y"]
    assert isinstance(result, Value)
    assert plain(result) == "[0]: [1 4; 9 16], [1]: [25 36; 49 64]"
    for extension in (".html", ".md", ".tex", ".typ"):
        written = save(full, tmp_path / f"page{extension}")[0][0].read_text(encoding="utf-8")
        assert "[1]" in written.replace("{[}", "[")
        assert "49" in written
    pages = variants_of(run(text), HandoutOptions(blanks=1.0), 0)
    (tmp_path / "key.json").write_text(key_of(pages), encoding="utf-8")
    rows = "".join(f'{blank.number},"{plain(blank.answer)}"\n' for blank in pages[0][0].key)
    (tmp_path / "answers.csv").write_text("blank,answer\n" + rows, encoding="utf-8")
    assert {mark.verdict for mark in grade(tmp_path / "key.json", tmp_path / "answers.csv")} == {"right"}


def test_what_does_not_fit_as_a_matrix_stands_in_lines() -> None:
    assert value_of(np.ones((20, 3)), 4).matrix
    assert value_of(np.ones((21, 3)), 4).text.startswith("[1 1 1; 1 1 1;")
    assert value_of(np.full((2, 30), 0.123), 4).text.startswith("[0.123 ")
    assert not value_of(np.ones((5, 13)), 4).whole


def test_a_blank_has_room_for_its_answer() -> None:
    def room(array: np.ndarray) -> tuple[int, int]:
        blank = Blank(1, value_of(array, 4), Origin("value", 0))
        return blank.rows, blank.width

    assert room(np.array(2.0)) == (1, 34)
    assert room(np.ones((3, 2))) == (3, 60)
    assert room(np.ones((2, 3, 8))) == (6, 112)
    assert room(np.ones(15)) == (2, 140)
    assert room(np.ones((2, 25))) == (2, 140)
    assert Blank(1, Value("4×2")).width == 20


def test_blanks_are_numbered_as_they_stand_on_the_page() -> None:
    page = sheet("params: {x: [1, 2]}\nnodes: {L: sum(x * x)}\nloss: L", kinds=("value", "gradient", "rule", "shape"))
    numbers = [
        part.number
        for equation in equations_of(page.blocks)
        for part in (equation.rule, equation.result, equation.shape)
        if isinstance(part, Blank)
    ]
    assert numbers == list(range(1, len(page.key) + 1))


def test_the_share_of_blanks_is_kept_where_many_results_are_alike() -> None:
    ones = "".join(f"  n{k}: x * 1\n" for k in range(20))
    text = f"params: {{x: 1}}\nnodes:\n{ones}  a: x + 1\n  b: a + 1\n  L: b * 5\nloss: L\n"
    for seed in range(8):
        assert len(sheet_of(text, 0.1, seed)) <= 4


def sheet_of(text: str, share: float, seed: int) -> tuple[Blank, ...]:
    return compose(run(text), HandoutOptions(blanks=share, seed=seed)).key
