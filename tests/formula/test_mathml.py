"""Formulas as MathML: the same tree as the text, with the same brackets, of texts and known elements only."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import graphlab as gl
from graphlab.explain.typeset import backward_typeset, forward_typeset
from graphlab.formula import parse, show
from graphlab.formula.mathml import math_matrix, math_name, math_number, mathml
from graphlab.ops import REGISTRY, check_attrs

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))
ELEMENTS = {"mrow", "mi", "mn", "mo", "mtext", "mfrac", "msup", "msub", "msqrt", "mtable", "mtr", "mtd"}
CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2}
SCALAR = {"buy_apple", "buy_apple_orange", "mazur_units", "micrograd", "sigmoid_neuron"}
TEXTS = {"mi", "mn", "mo", "mtext"}


def check(math):
    """Well formed: known elements, with as many children as each takes, texts in leaves alone."""
    tag, *parts = math
    assert tag in ELEMENTS
    if tag in TEXTS:
        assert len(parts) == 1
        assert isinstance(parts[0], str)
        return
    assert len(parts) == CHILDREN.get(tag, len(parts))
    for part in parts:
        check(part)


def linear(math):
    """An element read out on one line, so that it can be compared with the text."""
    tag, *parts = math
    if tag in TEXTS:
        return parts[0]
    inner = [linear(part) for part in parts]
    if tag == "mfrac":
        if parts[0][:2] == ("mrow", ("mo", "∂")) and len(parts[0]) == 3:
            return f"{inner[0]}/{inner[1]}"
        return f"{{{inner[0]}}}/{{{inner[1]}}}"
    if tag == "msqrt":
        return f"√{{{inner[0]}}}"
    if tag == "msup":
        return f"{inner[0]}^{{{inner[1]}}}"
    if tag == "msub":
        return f"{inner[0]}_{inner[1]}"
    if tag in ("mtr", "mtable"):
        return " ".join(inner)
    return "".join(inner)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a - (b - c)", "a−(b−c)"),
        ("a * (b + c)", "a×(b+c)"),
        ("a * b / c", "{a×b}/{c}"),
        ("(a + b) / (c * d)", "{a+b}/{c×d}"),
        ("-x ** 2", "−x^{2}"),
        ("(-x) ** 2", "(−x)^{2}"),
        ("a @ (b @ c)", "a·(b·c)"),
        ("a @ b @ c", "a·b·c"),
        ("1 / (1 + exp(-x))", "{1}/{1+e^{−x}}"),
        ("transpose(x) @ upstream", "x^{T}·∂L/∂y"),
        ("sqrt(var + eps)", "√{σ²+ε}"),
        ("upstream * (x > 0)", "∂L/∂y×[x>0]"),
        ("sum(x, axis=0)", "∑_0x"),
        ("mean(x * y, axis=-1)", "mean_k(x×y)"),
        ("abs(x)", "|x|"),
        ("maximum(x, 0)", "maximum(x,0)"),
        ("a * -2", "a×(−2)"),
        ("x[0, 1:3]", "x_[0, 1:3]"),
    ],
)
def test_brackets_stand_where_they_must(text, wanted):
    math = mathml(parse(text))
    check(math)
    assert linear(math) == wanted


def test_every_formula_and_rule_of_every_op_is_well_formed():
    count = 0
    for op in REGISTRY.values():
        if op.family == "leaf":
            continue
        primals, given = op.example(np.random.default_rng(0))
        attrs, shapes = check_attrs(op, given), [np.shape(p) for p in primals]
        for mode in ("train", "eval"):
            for text in [op.formula_text(shapes, attrs, mode), *op.local_texts(shapes, attrs, mode).values()]:
                if text is not None:
                    check(mathml(parse(text), attrs=attrs))
                    count += 1
    assert count > 150


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_step_has_the_numbers_of_its_text(path):
    """The numbers in the MathML are those of the text, for small steps."""
    from graphlab.explain.worked import backward_worked, forward_worked

    trace = gl.backward(gl.forward(gl.load(path)))
    compared = 0
    for i in trace.plan.order:
        pairs = [(forward_typeset(trace, i), forward_worked(trace, i))]
        pairs += [
            (backward_typeset(trace, i, k), backward_worked(trace, i, k))
            for k, part in enumerate((trace.contributions or [()])[i] or ()) if part is not None
        ]  # fmt: skip
        for typeset, worked in pairs:
            assert (typeset.symbolic is None) == (worked.symbolic is None)
            for math in (typeset.left, typeset.symbolic, typeset.substituted):
                if math is not None:
                    check(math)
            if worked.substituted and "⟨" not in worked.substituted:
                assert digits(linear(typeset.substituted)) == digits(worked.substituted)
                compared += 1
    assert compared or path.stem not in SCALAR


def digits(text):
    """Every number in a text, without its sign; exponents and axes of any notation alike."""
    raised = {ord(sign): f" {n % 10}" for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")}
    return sorted(re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", text.translate(raised)))


def test_names_are_texts():
    nasty = "<img src=x>"
    assert math_name(nasty) == ("mi", nasty)
    assert math_name("∂L/∂<b>")[2] == ("mrow", ("mo", "∂"), ("mi", "<b>"))
    assert show(parse("x")) == "x"
    assert math_matrix([["-1", "2"]])[2][1][1] == ("mtd", math_number("-1"))
