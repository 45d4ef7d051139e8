"""The grammar: Python's precedence, a closed list of forms, a printed tree that reads back, and clear refusals."""

import ast
import math
import re

import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphlab.formula import FormulaError, evaluate, names, parse, postorder, show
from graphlab.formula.parse import MAX_DEPTH
from graphlab.formula.show import symbol
from graphlab.formula.tree import Binary, Call, Index, List, Name, Negative, Number, Slice, Word

VALUES = {"a": 2.0, "b": 3.0, "c": -1.5, "x": np.array([[1.0, 2.0], [3.0, 4.0]]), "y": np.array([0.5, -1.0])}


@pytest.mark.parametrize(
    "text",
    [
        "a + b - c", "a - b - c", "a - (b - c)", "a / b / c", "a / b * c", "a * b / c", "a / (b * c)",
        "-a**2", "(-a)**2", "a**-b", "2**3**2", "(2**3)**2", "a * -b", "-a * b", "- -a", "-(a + b) * c",
        "a + b * c ** 2", "(a + b) * c", "a < b", "a + b <= c * 2", "a == 2", "a != b - 1", "x @ y", "x @ x @ y",
        "2 * x @ y", "x @ y * 2", "x @ (y * 2)", "-x @ y", "x @ -y", "x[0]", "x[-1, :]", "x[:, 1:] * 2", "x[::-1]",
        "(x + 1)[0]", "x[0][1]", "1e-3 + .5 + 2.",
    ],
)  # fmt: skip
def test_precedence_is_pythons(text):
    expected = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, dict(VALUES))
    assert np.array_equal(evaluate(parse(text), VALUES), expected)


def test_the_forms():
    assert parse("3") == Number(3)
    assert parse("-3") == Number(-3)
    assert parse("-x") == Negative(Name("x"))
    assert parse("a.b_1.γ") == Name("a.b_1.γ")
    assert parse("`layers.0/weight`") == Name("layers.0/weight")
    assert parse("'he'") == parse('"he"') == Word("he")
    assert parse("[1, -2.5]") == List((Number(1), Number(-2.5)))
    assert parse("(1, 2)") == List((Number(1), Number(2)))
    assert parse("()") == List(())
    assert parse("(x)") == Name("x")
    assert parse("f(x, 2, axis=[0, 1], init=he)") == Call(
        "f", (Name("x"), Number(2)), (("axis", List((Number(0), Number(1)))), ("init", Name("he")))
    )
    assert parse("f()") == Call("f", ())
    assert parse("x[1:3, ::2, -1]") == Index(Name("x"), (Slice(1, 3, None), Slice(None, None, 2), -1))
    assert parse(" a\n + b ") == parse("a+b")


def test_names_are_normalised():
    assert parse("ﬁ") == Name("fi")
    assert parse("𝑥 + x").left == parse("x")


def test_columns_point_at_the_text():
    tree = parse("aa + f(bb, k=3) * cc[0]")
    assert {(type(p).__name__, p.column) for p in postorder(tree)} == {
        ("Name", 0), ("Binary", 3), ("Call", 5), ("Name", 7), ("Binary", 16), ("Name", 18), ("Index", 20),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 0, "expected a name, a number or '(' but the expression ends here"),
        ("a +", 3, "expected a name, a number or '(' but the expression ends here"),
        ("a b", 2, "'b' is not expected here; a product is written with *: a * b, a function with brackets: a(b)"),
        ("(a", 2, "expected ',' or ')' but found the end"),
        ("f(a", 3, "expected ',' or ')' but found the end"),
        ("a)", 1, "')' is not expected here"),
        ("a $ b", 2, "'$' is not part of an expression"),
        ("a = b", 2, "'=' is not expected here; write a == b"),
        ("f(x, k=1, k=2)", 10, "attribute 'k' is given twice"),
        ("f(k=1, x)", 7, "inputs come before attributes"),
        ("a < b < c", 6, "comparisons cannot be chained; write them one by one and multiply"),
        ("x[]", 1, "an index needs a number or a slice, such as x[0] or x[1:3]"),
        (
            "x[a]",
            2,
            "a in an index is a node; write x[range(3), a] for one entry of each row, "
            "gather(x, a, axis=…) for entries along an axis, or embedding(a, x) for rows of x",
        ),
        ("x[1.5]", 2, "an index is a whole number, not 1.5"),
        ("x[1:2:3:4]", 2, "an index is a whole number or a slice such as 1:3"),
        (
            "99999999999999999999",
            0,
            "the integer 99999999999999999999 does not fit in 64 bits; write a smaller one, or a float such as 1e20",
        ),
        (
            "9" * 5000,
            0,
            "the integer 99999999999999999999… does not fit in 64 bits; write a smaller one, or a float such as 1e20",
        ),
        ("1e999", 0, "1e999 is too large for a float64"),
        ("a; b", 1, "';' is not part of an expression"),
        ("lambda x: x", 7, "'x' is not expected here; an expression has no 'lambda' as Python has"),
        ("a if b else c", 2, "'if' is not expected here; write where(condition, a, b)"),
        (
            "'open",
            0,
            "''' is not part of an expression; a text in quotes does not end here, and a transpose is written "
            "transpose(x)",
        ),
    ],
)
def test_refusals(text, column, message):
    with pytest.raises(FormulaError) as error:
        parse(text)
    assert (str(error.value), error.value.column) == (message, column)


@pytest.mark.parametrize("opening", ["(", "-", "f(", "[", "2**"])
def test_absurd_nesting_is_refused(opening):
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(FormulaError, match="nested deeper than 100 levels"):
            parse(opening * depth + "x")


def test_nesting_that_is_allowed():
    inside = MAX_DEPTH - 1
    assert parse("(" * inside + "x" + ")" * inside) == Name("x")
    assert evaluate(parse("a" + " + a" * 90), {"a": 1.0}) == 91.0


def test_long_sums_are_not_deep():
    tree = parse("a" + " + a" * 5_000)
    assert sum(isinstance(part, Binary) for part in postorder(tree)) == 5_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a + b - c", "a + b − c"),
        ("a - (b - c)", "a − (b − c)"),
        ("a - (b + c)", "a − (b + c)"),
        ("a / (b / c)", "a / (b / c)"),
        ("a * (b / c)", "a × (b / c)"),
        ("(a + b) * c", "(a + b) × c"),
        ("-a**2", "−a²"),
        ("(-a)**2", "(−a)²"),
        ("(a**b)**2", "(a^b)²"),
        ("a**(b + 1)", "a^(b + 1)"),
        ("a**-1", "a⁻¹"),
        ("a * -2", "a × (-2)"),
        ("a - -b", "a − (−b)"),
        ("x @ W + b", "x · W + b"),
        ("upstream * (x > 0)", "∂L/∂y × [x > 0]"),
        ("x >= 0", "x ≥ 0"),
        ("gamma * xhat + beta", "γ × x̂ + β"),
        ("sum(x, axis=[0, 1])", "Σ₀,₁ x"),
        ("mean(x)", "mean(x)"),
        ("mean(x, axis=-1)", "meanₖ(x)"),
        ("sqrt(var + eps)", "√(σ² + ε)"),
        ("abs(x - t)", "|x − t|"),
        ("transpose(rows(x)) @ rows(upstream)", "xᵀ · ∂L/∂y"),
        ("x[1:3, -1]", "x[1:3, -1]"),
        ("where(x > 0, x, slope * x)", "where(x > 0, x, slope × x)"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_printing(text, shown):
    assert show(parse(text)) == shown


def test_numbers_take_the_places_of_names():
    tree = parse("upstream * y * (1 - y)")
    assert show(tree, {"upstream": "-0.5", "y": "0.731"}) == "-0.5 × 0.731 × (1 − 0.731)"
    assert show(parse("a - b"), {"a": "1", "b": "-2"}) == "1 − (-2)"
    assert show(parse("x**2"), {"x": "-3"}) == "(-3)²"
    assert show(parse("-x"), {"x": "-3"}) == "−(-3)"
    assert symbol("h.gamma") == "h.γ"


LEAVES = st.one_of(
    st.sampled_from(["a", "b", "c"]).map(Name),
    st.integers(0, 9).map(Number),
    st.floats(0.1, 9).map(lambda v: Number(round(v, 3))),
)


def combined(children):
    def negative(operand):
        return Number(-operand.value) if isinstance(operand, Number) else Negative(operand)

    return st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), children, children),
        st.builds(lambda base, power: Binary("**", base, Number(power)), children, st.integers(2, 3)),
        st.builds(negative, children),
    )


TREES = st.recursive(LEAVES, combined, max_leaves=12)
ASCII = str.maketrans("×−ᵀ", "*-T")
POWERS = {"²": "**2", "³": "**3", "⁰": "**0"}


@given(TREES)
def test_what_is_printed_means_what_was_parsed(tree):
    """The Unicode line, read again as Python, has the tree's value: no bracket is missing."""
    text = show(tree).translate(ASCII)
    for sign, power in POWERS.items():
        text = text.replace(sign, power)
    values = {"a": 1.5, "b": -0.75, "c": 2.25}
    with np.errstate(all="ignore"):
        want = float(evaluate(tree, {k: np.float64(v) for k, v in values.items()}))
        text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e-?\d+)?)", r"f(\1)", text)
        got = float(eval(text, {"f": np.float64}, {k: np.float64(v) for k, v in values.items()}))
    assert got == pytest.approx(want, rel=1e-9, nan_ok=True)


def test_names_of_a_formula():
    assert names(parse("x @ W + f(b, axis=k)[0]")) == {"x", "W", "b", "k"}


def test_constants():
    assert evaluate(parse("pi"), {}) == math.pi
    assert evaluate(parse("f(x, keepdims=true)").keywords[0][1], {}) is True
    with pytest.raises(KeyError):
        evaluate(parse("unknown"), {})


def test_a_few_primitives():
    x = np.arange(6.0).reshape(2, 3)
    env = {
        "x": x,
        "g": np.ones((4, 2, 3)),
        "row": np.ones((1, 3)),
        "k": np.array([1, 1]),
        "W": np.zeros((3, 2)),
        "u": np.ones((2, 2)),
    }
    cases = {
        "sum_to(g, row)": np.full((1, 3), 8.0),
        "sum_to(g, x)": np.full((2, 3), 4.0),
        "rows(g)": np.ones((8, 3)),
        "count(x)": 6,
        "count(x, axis=0)": 2,
        "batch(g)": 8,
        "transpose(x)": x.T,
        "transpose(g, axes=[2, 0, 1])": np.ones((3, 4, 2)),
        "one_hot(k, x)": np.eye(3)[[1, 1]],
        "scatter_add(k, u, W)": np.array([[0, 0], [2, 2], [0, 0]]),
        "place(1, x, '0, 1:')": np.array([[0, 1, 1], [0, 0, 0]]),
        "spread(sum(x, axis=1), x, axis=1)": np.repeat(x.sum(axis=1)[:, None], 3, axis=1),
        "erf(0.5)": math.erf(0.5),
        "reshape(x, shape=[3, 2])": x.reshape(3, 2),
        "maximum(x, 2.5)": np.maximum(x, 2.5),
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluate(parse(text), env), expected, err_msg=text)
