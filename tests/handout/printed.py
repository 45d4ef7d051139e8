"""Reading a printed equation again: what stands on the page is worked out as a reader would."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from graphlab.formula import PRIMITIVES, evaluate, parse

_ARRAY = re.compile(r"\[([-\d.e+ ;]|NaN|Inf)+\]")
_CONDITION = re.compile(r"\[([^\[\]]*[<>=≤≥≠][^\[\]]*)\]")
_SIGNS = {
    "×": "*", "·": "@", "−": "-", "²": "**2", "³": "**3", "√": "sqrt ", "≤": "<=", "≥": ">=", "≠": "!=", " = ": " == ",
    "NaN": "nan", "Inf": "inf", "⁻¹": "**(-1)",
}  # fmt: skip
_FUNCTIONS: dict[str, Any] = {**PRIMITIVES, "total": np.sum, "turned": lambda x: np.asarray(x).T}


def worked_out(text: str) -> Any:
    """The value of printed numbers. Raises ValueError for what this does not read."""
    names: dict[str, Any] = {"nan": np.nan, "inf": np.inf}

    def array(match: re.Match[str]) -> str:
        rows = [[float(x) for x in row.split()] for row in match[0][1:-1].split(";")]
        name = f"a{len(names)}"
        names[name] = np.array(rows if len(rows) > 1 else rows[0])
        return name

    text = _ARRAY.sub(array, text)
    text = _CONDITION.sub(r"(\1)", text)
    text = re.sub(r"([\w.]+|\([^()]*\))ᵀ", r"turned(\1)", text)
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    text = re.sub(r"sqrt ([\w.]+)", r"sqrt(\1)", text).replace("sqrt (", "sqrt(")
    text = re.sub(r"Σ[ₙₖ₀]? (\w+|\()", lambda m: f"total({m[1]})" if m[1] != "(" else "total (", text).replace(
        "total (", "total("
    )
    if re.search(r"[^\w\s.+\-*/@()<>=!,\[\]]", text):
        raise ValueError(text)
    with np.errstate(all="ignore"):
        return evaluate(parse(text), names, _FUNCTIONS)
