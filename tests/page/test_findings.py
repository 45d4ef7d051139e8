"""What a page points at: the first bad number where it was made, what cancels, and what stops a gradient."""

from __future__ import annotations

import numpy as np
import pytest

import graphlab as gl
from graphlab.export.theme import THEMES
from graphlab.export.web.board import board_json
from graphlab.page import storyboard
from graphlab.storyboard import Storyboard

BIAS = (
    "inputs: {x: [[1, 1.1], [2, 3], [4.3, 7]], t: [[0.3, 0.1], [0.2, 0.7], [0.5, 0.6]]}\nparams: {b: [0.5, 0.25]}\n"
    "nodes: {h: x + b, y: batchnorm(h), L: 'mse(y, t)'}"
)


def page(text: str) -> Storyboard:
    return storyboard(gl.backward(gl.forward(gl.loads(f"graphlab: 1\n{text}"))))


def said(board: Storyboard) -> list[tuple[str, str, str]]:
    """(kind, the node whose step it is, in English) of every finding."""
    return [(f.kind, board.nodes[board.steps[f.at].node].name, f.texts["en"]) for f in board.findings]


def test_a_bias_before_a_normalisation_is_explained_where_its_gradient_arrives() -> None:
    board = page(BIAS)
    (kind, node, text), *others = said(board)
    assert (kind, node, others) == ("cancelled", "h", [])
    assert text.startswith(
        "∂L/∂b: 0 (but for rounding): the terms cancel: 'y' (batchnorm) subtracts each column's mean"
    )
    step = board.steps[board.findings[0].at]
    assert step.array is not None
    assert board.arrays[step.array].data == (0.0, 0.0)
    assert step.result == "[0 0] (but for rounding)"
    grad = next(node.grad for node in board.nodes if node.name == "b")
    assert grad is not None
    assert board.arrays[grad].data == (0.0, 0.0)
    assert "반올림" in board.findings[0].texts["ko"]


def test_a_page_opens_where_softmax_made_the_nan_and_not_at_the_mask() -> None:
    board = page("inputs: {m: [-.inf, -.inf]}\nparams: {s: [1, 2]}\nnodes: {z: s + m, a: softmax(z), L: sum(a)}")
    found = [(kind, node) for kind, node, _ in said(board) if kind == "nan"]
    assert found == [("nan", "a")]


def test_a_mask_that_does_its_work_is_no_finding() -> None:
    assert (
        said(page("inputs: {m: [-.inf, 0, 0]}\nparams: {s: [1, 2, 4]}\nnodes: {a: softmax(s + m), L: sum(a * a)}"))
        == []
    )


def test_what_was_given_and_goes_through_is_said_to_be_given() -> None:
    (kind, node, text), *_ = said(page("params: {w: [.nan, 2]}\nnodes: {a: w * 2, b: exp(a), L: sum(b)}"))
    assert (kind, node) == ("nan", "a")
    assert text == "'w' was given with 1 of 2 numbers not finite, and passes them on"


def test_a_bad_number_inside_a_loss_names_its_entry() -> None:
    text = said(page("inputs: {p: [[0.5, 0.5], [1, 0]], t: [0, 1]}\nnodes: {L: 'cross_entropy(p, t)'}"))[0][2]
    assert text.endswith("; from p[1,1] = 0")


@pytest.mark.parametrize(("text", "node"), [("y: x - mean(x), L: sum(y)", "y#1"), ("y: x + -x, L: sum(y)", "y#1")])
def test_terms_that_cancel_are_shown_where_the_last_of_them_arrives(text: str, node: str) -> None:
    board = page(f"params: {{x: [1, 2, 4]}}\nnodes: {{{text}}}")
    kind, where, words = said(board)[-1]
    assert (kind, where) == ("cancelled", node)
    assert "the terms cancel: 1 from y, (-1) from y#1" in words


def test_a_reason_is_in_the_language_of_its_page() -> None:
    board = page("params: {w: 0.7}\nnodes: {f: w * 0.99991, y: f - w, L: y * 3}")
    (finding,) = board.findings
    assert finding.texts["en"].endswith(": -3 from y, 3 from f")
    assert finding.texts["ko"].endswith(": y에서 -3, f에서 3")


@pytest.mark.parametrize(("factor", "marks"), [("1.1e308", 1), ("1.1e307", 0)])
def test_terms_that_overflow_together_are_marked_where_the_last_arrives(factor: str, marks: int) -> None:
    board = page(f"params: {{w: 1e-9}}\nnodes: {{a: w * {factor}, b: w * {factor}, L: a + b}}")
    found = [(kind, node, text) for kind, node, text in said(board) if kind == "nan"]
    wanted = ("nan", "a", "first not finite here: the terms of ∂L/∂w add up to it (1 of 1 numbers)")
    assert found == [wanted] * marks


@pytest.mark.parametrize("seed", range(4))
def test_a_healthy_run_has_no_findings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    g = gl.Graph("healthy")
    h = gl.tanh(gl.affine(g.input("x", rng.normal(size=(5, 3))), units=4, name="fc", init="xavier"))
    g.loss(gl.mse(gl.affine(h, units=2, name="out", init="xavier"), g.input("t", rng.normal(size=(5, 2))), name="L"))
    assert said(storyboard(gl.backward(gl.forward(g)))) == []


def test_a_node_without_a_gradient_says_what_stops_it() -> None:
    board = page("params: {w: 2, v: 3}\nnodes: {s: stop_gradient(w * w), L: s * v}")
    without = {node.name: board.texts["en"][node.without] for node in board.nodes if node.without is not None}
    assert without == dict.fromkeys(["w", "s#1"], "'s' (stop_gradient) lets none through")
    data = board_json(board, THEMES["light"])
    assert "lets none through" in str(data)
