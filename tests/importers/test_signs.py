"""Expressions as they are typed, printed and pasted: what is read, and what to write for the rest."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphlab as gl
from graphlab.debug.expressions import look
from graphlab.explain.timeline import Timeline
from graphlab.formula import parse
from graphlab.formula.parse import FormulaError
from graphlab.formula.signs import NO_NAME, READ
from graphlab.importers import from_expression

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@pytest.mark.parametrize("power", [0, 1, 2, 3, 7, 10, 45, -1, -12])
@pytest.mark.parametrize("base", ["a", "h2", "γ", "(a + 2)", "tanh(a)", "a[1]", "s.a"])
def test_a_raised_figure_is_a_power(base: str, power: int) -> None:
    raised = str(power).translate(SUPERSCRIPTS)
    assert parse(f"{base}{raised}") == parse(f"{base} ** {power}" if power >= 0 else f"{base} ** -{-power}")
    assert parse(f"3 * {base}{raised} - 1") == parse(f"3 * ({base} ** ({power})) - 1")


def test_a_power_binds_as_it_does_on_paper() -> None:
    assert parse("-a²") == parse("-(a ** 2)")
    assert parse("2 ** a²") == parse("2 ** (a ** 2)")
    assert parse("a³·b⁻²") == parse("(a ** 3) * (b ** (-2))")
    assert parse("a²[0]") == parse("(a ** 2)[0]")
    assert parse("5²") == parse("5 ** 2")


def test_a_raised_figure_is_no_part_of_a_name() -> None:
    """h² beside a node h2, whose value it took."""
    text = "graphlab: 1\nparams: {h: 3, h2: 50}\nnodes: {L: h² + h2}"
    assert gl.forward(gl.loads(text))["L"].value == 59
    for key in ("h²", "xⁿ", "wᵀ", "a·b", "a×b", "“a”", "x^2", "√x"):
        with pytest.raises(gl.GraphlabError, match="cannot be a name"):
            gl.loads(f"graphlab: 1\nparams: {{'{key}': 3}}")
        assert gl.loads(f"graphlab: 1\nparams: {{'`{key}`': 3}}").nodes[0].name == key  # in backquotes any name


def test_names_are_what_python_takes_them_for() -> None:
    """Letters with another form, and small figures below: one name, and never two that become one."""
    for written, name in (("ｘ", "x"), ("x₂", "x2"), ("µ", "μ"), ("Ω", "Ω"), ("\u212a", "K"), ("ﬁ", "fi"), ("é", "é")):
        graph = gl.loads(f"graphlab: 1\nparams: {{{written}: 4}}\nnodes: {{L: {name} * {written}}}")
        assert gl.forward(graph)["L"].value == 16
        with pytest.raises(gl.GraphlabError, match="twice"):
            gl.loads(f"graphlab: 1\nparams: {{{written}: 4, {name}{'' if written != name else ' '}: 5}}")


@pytest.mark.parametrize("sign", READ)
def test_a_sign_that_is_read_is_read_as_the_plain_one(sign: str) -> None:
    plain = READ[sign]
    if plain in ("(", ")"):
        pair = {"(": "（", ")": "）"}
        assert parse(f"sum{pair['(']}a + b{pair[')']}") == parse("sum(a + b)")
    elif plain in ("[", "]", ":", ","):
        assert parse("a［1：3，0］") == parse("a[1:3, 0]")
    elif plain == "=":
        assert parse(f"sum(a, axis{sign}0)") == parse("sum(a, axis=0)")
    else:
        for left, right in itertools.product(("a", "2", "(a)", "a[0]"), ("b", "3.5", "γ")):
            assert parse(f"{left}{sign}{right}") == parse(f"{left} {plain} {right}")
            assert parse(f"{left} {sign} {right}") == parse(f"{left} {plain} {right}")


def test_what_graphlab_prints_can_be_pasted() -> None:
    made = from_expression("3·x² − 2 × x + w ÷ 4 – x⁻¹", {"x": 2.0, "w": 10.0})
    assert gl.forward(made)["out"].value == 3 * 4 - 2 * 2 + 10 / 4 - 1 / 2
    made = from_expression("W[−1, ０]² + W[0，1]", {"W": [[1.0, 2.0], [5.0, 4.0]]})
    assert gl.forward(made)["out"].value == 27
    assert parse("4e−2·a") == parse("4e-2 * a")
    assert parse("a\u00a0+\u2009b\u3000−\u202f1") == parse("a + b - 1")


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("w^2", 1, "'^' is not part of an expression; write a ** b"),
        ("3w", 1, "a product is written with *: 3 * w"),
        ("4(w - 1)", 1, "a product is written with *: 4 * (…)"),
        ("(w - 1)(w + 1)", 7, "a product is written with *: (…) * (…)"),
        ("w v", 2, "a product is written with *: w * v"),
        ("tanh(2w)", 6, "a product is written with *: 2 * w"),
        ("w²v", 2, "a product is written with *: (…) * v"),
        ("√w", 0, "write sqrt(x)"),
        ("¾ * w", 0, "write (3/4)"),
        ("∂w", 0, "graphlab works gradients out itself"),
        ("wᵀ @ v", 1, "write transpose(x)"),
        ("w' @ v", 1, "a transpose is written transpose(x)"),
        ("wⁿ", 1, "a power is written x ** n"),
        ("²w", 0, "a power stands behind what it raises"),
        ("w — v", 2, "write a - b"),
        ("w & v", 2, "write a * b"),
        ("w | v", 2, "maximum(a, b) for a or b"),
        ("w[..., 0]", 2, "a : for each axis that stays whole"),
        ("w[:, None]", 5, "an axis is added by reshape(x, shape=[…])"),
        ("w[v >= 2]", 2, "are kept by where(condition, x, 0)"),
        ("w[np.arange(3), v]", 2, "write range(3)"),
        ("w[v]", 2, "v in an index is a node"),
        ("|w|", 0, "write abs(x) for |x|"),
        ("w % 3", 2, "graphlab has no remainder yet"),
        ("w = 3", 2, "write a == b"),
        ("tan w", 4, "a function with brackets: tan(w)"),
        ("tan²(w)", 4, "the power of a function behind it: tan(x)²"),
        ("elu(2)(w)", 6, "a layer with what it takes in one pair of brackets"),
        ("nn.Tanh()(w)", 9, "a layer with what it takes in one pair of brackets"),
        ("7_000 * w", 1, "a number has no _ in it"),
        ("w[1", 3, "expected ',' or ']' but found the end"),
        ("w and v", 2, "write a * b"),
        ("w > 1 or v > 1", 6, "write maximum(a, b)"),
        ("not w", 4, "write 1 - a"),
        ("w if v else 0", 2, "write where(condition, a, b)"),
        ("sum(w, axis=“a”)", 12, "write plain quotes"),
        ("w\u200b + v", 1, "it is an unseen character: remove it"),
        ("\ufeffw", 0, "it is an unseen character: remove it"),
        ("w * 2,5", 5, "a decimal point is written ."),
        ("(w + v).sum()", 7, "what Python writes as a method is a function here"),
        ("∞", 0, "inf stands in a node or an input of its own: inf: .inf"),
    ],
)  # fmt: skip
def test_a_sign_that_is_not_read_is_named(text: str, column: int, said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.column == column


def test_only_a_call_is_taken_for_a_layer() -> None:
    for text in ("(w)(v)", "3(w)", "(tanh(w) + 1)(v)"):
        with pytest.raises(FormulaError) as caught:
            parse(text)
        assert "a layer with" not in str(caught.value) and "a product is written" in str(caught.value)


def test_no_sign_stands_in_a_name_that_is_written_without_backquotes() -> None:
    for sign in NO_NAME:
        graph = gl.Graph()
        graph.param(f"a{sign}b", 2.0)
        graph.op("square", gl.Ref(graph, f"a{sign}b"), name="y")
        again = gl.loads(gl.dumps(graph))
        assert [node.name for node in again.nodes] == [f"a{sign}b", "y"]


def test_the_debugger_reads_the_same_signs() -> None:
    timeline = Timeline(gl.backward(gl.forward(gl.loads("graphlab: 1\nparams: {x: [3, 4]}\nnodes: {y: sum(x²)}"))))
    end = len(timeline)
    assert look(timeline, end, None, "y² − 2·y") == 575
    assert np.array_equal(look(timeline, end, None, "x.grad ≥ 7"), [False, True])
    assert look(timeline, end, None, "x[−1]") == 4
    for text, said in (("y^2", "write a \\*\\* b"), ("y > 1 and y < 3", "write a \\* b"), ("x.T", r"transpose\(x\)")):
        with pytest.raises(gl.GraphlabError, match=said):
            look(timeline, end, None, text)


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1])
def test_the_outermost_integers_are_read_everywhere(number: int) -> None:
    graph = gl.loads(f"graphlab: 1\ninputs: {{x: {{value: [{number}], dtype: int64}}}}\nnodes: {{y: 'x - {number}'}}")
    trace = gl.forward(graph)
    assert trace["x"].value.tolist() == [number] and trace["y"].value.tolist() == [0]
    assert gl.forward(gl.loads(gl.dumps(graph)))["y"].value.tolist() == [0]
    for beyond in (2**63, -(2**63) - 1):
        for text in (f"inputs: {{x: {beyond}}}", f"nodes: {{x: '{beyond} + 1'}}"):
            with pytest.raises(gl.GraphlabError, match="64 bits"):
                gl.loads(f"graphlab: 1\n{text}")
