"""Where a formula, put in numbers, gives none although the op does, the convention stands beside it; else nothing."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.explain.conventions import convention
from graphlab.explain.worked import backward_worked, convention_of, element_worked, forward_worked
from graphlab.formula import parse
from graphlab.handout import HandoutOptions
from graphlab.handout.compose import compose
from graphlab.handout.content import Paragraph
from graphlab.messages import in_language


def run(text, **values):
    g = gl.Graph()
    refs = {
        name: g.param(name, x) if np.asarray(x).dtype.kind == "f" else g.input(name, x) for name, x in values.items()
    }
    y = eval(text, {"gl": gl, **refs})
    if y.shape:
        gl.sum(y, name="L")
    return gl.backward(gl.forward(g))


def said(trace):
    """Every convention of a run: of values by node, of what is sent by node and slot."""
    out = {}
    for i, node in enumerate(trace.graph.nodes):
        if node.is_leaf:
            continue
        out[node.name] = convention_of(trace, i)
        out |= {f"{node.name}.{slot}": convention_of(trace, i, k) for k, slot in enumerate(node.slots)
                if trace.contributions[i] is not None and trace.contributions[i][k] is not None}  # fmt: skip
    return {name: text for name, text in out.items() if text}


LOG, OVER = "0 × log(0) counts as 0", "0 / 0 counts as 0"
CASES = [
    ("a ** b", {"a": 0.0, "b": 0.0}, {"pow1.a": "0 × 0⁻¹ counts as 0", "pow1.b": "log(0) counts as 0"}),
    ("a ** b", {"a": 0.0, "b": 1.5}, {"pow1.b": LOG}),
    ("a ** b", {"a": [3.0, 0.0], "b": [2.0, 4.0]}, {"pow1.b": LOG}),
    ("a ** 0", {"a": 0.0}, {"pow1.a": "0 × 0⁻¹ counts as 0"}),
    ("gl.cross_entropy(p, t, name='E')", {"p": [[0.0, 1.0, 0.0]], "t": [1]}, {"E": LOG, "E.p": OVER}),
    ("gl.cross_entropy(p, t, name='E')", {"p": [[0.25, 0.75], [0.0, 1.0]], "t": [0, 1]}, {"E": LOG, "E.p": OVER}),
    ("gl.bce(p, t, name='E')", {"p": [0.0, 0.25], "t": [0.0, 1.0]}, {"E": LOG, "E.p": "0 / 0 counts as 1"}),
    ("gl.bce(p, t, name='E')", {"p": [1.0, 0.25, 0.5], "t": [1.0, 1.0, 0.0]}, {"E": LOG, "E.p": "0 / 0 counts as -1"}),
    ("gl.softmax(x, name='y')", {"x": [720.0, 721.0]},
     {"y": "exp(720) is too large for a number; it is computed without it"}),
    ("gl.softplus(x, name='y')", {"x": 750.0}, {"y": "exp(750) is too large for a number; it is computed without it"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values", "expected"), CASES)
def test_a_convention_is_said_where_it_is_needed(text, values, expected):
    found = said(run(text, **values))
    soft = {name: text for name, text in found.items() if not name.endswith(".t")}
    assert soft == expected


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a ** b", {"a": 2.0, "b": 0.0}), ("a / b", {"a": 0.0, "b": 0.0}), ("gl.log(a)", {"a": 0.0}),
        ("gl.cross_entropy(p, t)", {"p": [[0.5, 0.5]], "t": [1]}),
        ("gl.cross_entropy(p, t)", {"p": [[0.0, 1.0]], "t": [0]}),
        ("gl.bce(p, t)", {"p": [0.5], "t": [0.0]}), ("gl.sigmoid(x)", {"x": [-800.0, 3.0]}),
        ("gl.relu(x)", {"x": [0.0, 1.0]}), ("gl.softmax(x)", {"x": [1.0, 700.0]}), ("gl.sqrt(x)", {"x": 0.0}),
        ("gl.softmax(x)", {"x": [-np.inf, 1.0]}),
    ],
)  # fmt: skip
def test_nothing_is_said_where_the_formula_gives_the_result_or_nothing_does(text, values):
    assert said(run(text, **values)) == {}


def test_it_stands_beside_the_result_of_a_step_and_of_an_entry():
    trace = run("gl.cross_entropy(p, t, name='E')", p=[[0.0, 1.0], [0.5, 0.5]], t=[1, 1])
    i = trace.graph.index["E"]
    assert forward_worked(trace, i).result == f"0.3466 ({LOG})"
    assert backward_worked(trace, i, 0).result.endswith(f" ({OVER})")
    assert element_worked(trace, i, 0, (0, 0)).result == f"0 ({OVER})"
    assert element_worked(trace, i, 0, (1, 0)).result == "0"


def test_a_handout_says_it_below_the_step_in_both_languages():
    trace = run("a ** b", a=0.0, b=2.0)
    for lang, expected in (("en", f"Here {LOG}."), ("ko", "0 × log(0)")):
        with in_language(lang):
            page = compose(trace, HandoutOptions())
        notes = [block.text for block in page.blocks if isinstance(block, Paragraph) and expected in block.text]
        assert len(notes) == 1
    quiet = compose(run("a ** b", a=2.0, b=2.0), HandoutOptions())
    assert not [block for block in quiet.blocks if isinstance(block, Paragraph) and "counts as" in block.text]


def test_a_formula_that_no_number_mends_says_how_it_is_written():
    tree = parse("a / b")
    assert convention(tree, {"a": 0.0, "b": 0.0}, np.float64(0.5)) == "0 / 0 counts as 0.5"
    assert convention(tree, {"a": np.zeros(3), "b": np.zeros(3)}, np.arange(3.0)) == "as it is written this is 0 / 0"


def test_before_backward_nothing_is_said_of_what_is_not_sent_yet():
    g = gl.Graph()
    gl.cross_entropy(g.param("p", [[1.0, 0.0]]), g.input("t", [0]), name="E")
    trace = gl.forward(g)
    assert backward_worked(trace, trace.graph.index["E"], 0).result == "–"
