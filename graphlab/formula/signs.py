"""Signs as mathematics prints them and as they come with a paste: which are read, and what to write for the others."""

from __future__ import annotations

import unicodedata

from graphlab.messages import tr

READ = {
    **dict.fromkeys("×·⋅∙∗✕✖⨯•﹡＊\u0387", "*"),
    **dict.fromkeys("−–‐‑‒﹣－", "-"),  # minus, en dash, hyphens
    **dict.fromkeys("÷∕⁄／", "/"),
    **{"＋": "+", "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "＜": "<", "＞": ">", "＝": "=", "＠": "@"},
    **{"（": "(", "）": ")", "［": "[", "］": "]", "，": ",", "：": ":"},
}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_WRITE = {
    "^": "a ** b", "√": "sqrt(x)", "∛": "x ** (1/3)", "ᵀ": "transpose(x)", "⊤": "transpose(x)", "′": "transpose(x)",
    "∑": "sum(x)", "&": "a * b", "~": "1 - a", "¬": "1 - a", "⊙": "a * b", "∘": "a * b", "∧": "a * b",
    "∨": "maximum(a, b)", "—": "a - b", "±": "a + b", "?": "where(condition, a, b)", "=": "a == b",
}  # fmt: skip
_WORDS = {
    "if": "where(condition, a, b)", "else": "where(condition, a, b)", "and": "a * b", "or": "maximum(a, b)",
    "not": "1 - a",
}  # fmt: skip
_PYTHON = ("for", "lambda", "in", "is", "import")
_QUOTES = "“”„‘’‚«»"
NO_NAME = "".join(READ) + "^√∛′∑∞¬⊙∘∧∨—±∂∇" + _QUOTES  # ends a name that they stand in


def is_raised(character: str) -> bool:
    """Whether it is a small raised figure, sign or letter: x² is no name but a power."""
    return unicodedata.decomposition(character).startswith("<super>")


def remedy(token: str) -> str:
    """What to write for a sign or a word that is not part of an expression; empty where nobody knows.

    >>> remedy("^"), remedy("½"), remedy("ⁿ"), remedy("$")
    ('; write a ** b', '; write (1/2)', '; a power is written x ** n', '')
    """
    if said := _advice(token):
        return said
    if written := _WRITE.get(token) or _WORDS.get(token):
        return tr("; write {written}", written=written)
    if token in _PYTHON:
        return tr("; an expression has no '{word}' as Python has", word=token)
    if token in ("∂", "∇"):
        return tr("; graphlab works gradients out itself, so a model does not write them")
    if token == ".":
        return tr("; what Python writes as a method is a function here: sum(x)")
    if len(token) == 1 and token in _QUOTES:
        return tr("; write plain quotes, ' or \"")
    if token in ("'", '"'):
        return tr("; a text in quotes does not end here, and a transpose is written transpose(x)")
    if len(token) == 1 and is_raised(token):
        return tr("; a power is written x ** n")
    plain = unicodedata.normalize("NFKC", token).replace("⁄", "/")
    if "/" in plain and plain.replace("/", "").isdigit():
        return tr("; write {written}", written=f"({plain})")
    if len(token) == 1 and unicodedata.category(token) == "Cf":
        return tr("; it is an unseen character: remove it")
    return ""


def _advice(token: str) -> str:
    """What to say of a sign that is written otherwise from case to case."""
    if token in ("...", "…"):
        return tr("; an index has a : for each axis that stays whole: x[:, :, 0]")
    if token == "∞":
        return tr("; {name} stands in a node or an input of its own: {name}: .{name}", name="inf")
    if token == "|":
        return tr("; write abs(x) for |x|, maximum(a, b) for a or b")
    if token == "%":
        return tr("; per cent is a / 100, and graphlab has no remainder yet")
    return ""
