"""Steps of a run as printed equations, whose printed numbers can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlab.base.numbers import number, shape_text, shortest, signed, summarise, summary_text
from graphlab.explain.rules import Formula, formula_of, rule_of
from graphlab.explain.worked import (
    INLINE,
    backward_worked,
    element_worked,
    environment,
    forward_worked,
    inline,
    own_name,
    short_name,
)  # fmt: skip
from graphlab.formula import evaluate
from graphlab.handout.content import Equation, Origin, Rows, Value, plain
from graphlab.messages import tr
from graphlab.trace import Trace

WHOLE = 64  # numbers of a result, up to which it is printed whole
HIGH, WIDE = 20, 76  # rows, and letters of a row, of a matrix that is set as one
LONG = 240  # letters of an entry's arithmetic that are printed
TERMS = 6  # of a sum, up to which they are written out


def value_of(array: Any, precision: int, most: int = WHOLE) -> Value:
    """A number, an array of up to so many numbers in full, or the summary of a larger one."""
    if array is None:
        return Value("–")
    array = np.asarray(array)
    if array.size == 1:
        return Value(number(array.reshape(()), precision))
    shape = shape_text(array.shape)
    if not 0 < array.size <= most:
        return Value(summary_text(summarise(array)) if array.size else tr("empty"), shape=shape, whole=False)
    if array.shape[-1] == array.size:  # one row: in the line
        return Value(plain(Value(matrix=_rows(array.reshape(1, -1), precision))), shape=shape)
    if array.ndim == 2:
        value = Value(matrix=_rows(array, precision), shape=shape)
    else:
        places = list(np.ndindex(array.shape[:-2]))
        named = tuple((f"[{','.join(map(str, place))}]", _rows(array[place], precision)) for place in places)
        value = Value(slices=named, shape=shape)
    return value if _fits(value) else Value(plain(value), shape=shape)


def _rows(array: np.ndarray, precision: int) -> Rows:
    return tuple(tuple(number(x, precision) for x in row) for row in shortest(array).tolist())


def _fits(value: Value) -> bool:
    """Whether its rows can stand below one another on a page."""
    tables = [rows for _, rows in value.tables]
    widths = (sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True)) for rows in tables)
    return max(map(len, tables)) <= HIGH and max(widths) <= WIDE


def forward_equation(trace: Trace, i: int, precision: int) -> Equation:
    """Node i's value: formula → numbers → result."""
    worked = forward_worked(trace, i, precision)
    formula = formula_of(trace, i)
    numbers = _numbers(worked.substituted, trace, i)
    sign = _sign(trace, i, formula, None, trace.values[i], precision) if numbers else "="
    return Equation(
        worked.left,
        worked.symbolic or "",
        numbers,
        sign,
        value_of(trace.values[i], precision),
        "value",
        Origin("value", i),
    )


def backward_equation(trace: Trace, i: int, k: int, precision: int) -> Equation:
    """What node i sends to its k-th input: upstream × local, in numbers, and what comes of it."""
    worked = backward_worked(trace, i, k, precision)
    part = trace.contributions[i][k]  # type: ignore[index]
    rule = rule_of(trace, i, k)
    numbers = _numbers(worked.substituted, trace, i)
    sign = _sign(trace, i, rule, trace.graph.nodes[i].slots[k], part, precision) if numbers else "="
    result = value_of(part, precision)
    left = worked.left + _from(trace, i, k)
    return Equation(left, worked.symbolic or "", numbers, sign, result, "gradient", Origin("sent", i, k))


def entry_equation(trace: Trace, i: int, k: int | None, precision: int) -> Equation | None:
    """How the first NaN or Inf in node i's value, or in what it sends to its k-th input, came about; or None."""
    array = trace.values[i] if k is None else trace.contributions[i][k]  # type: ignore[index]
    odd = np.argwhere(~np.isfinite(np.asarray(array, dtype=float)))
    if not len(odd):
        return None
    worked = element_worked(trace, i, k, odd[0].tolist(), precision)
    if worked.substituted is None or len(worked.substituted) > LONG:
        return None
    kind = "value" if k is None else "gradient"
    return Equation(worked.left, worked.symbolic or "", worked.substituted, "=", Value(worked.result), kind)


def _from(trace: Trace, i: int, k: int) -> str:
    """Whose contribution it is, where it is one of several."""
    j = trace.plan.operands[i][k]
    terms = trace[trace.graph.nodes[j].name].contributions
    if len(terms) < 2:
        return ""
    node = trace.graph.nodes[i]
    twice = sum(term.consumer == node.name for term in terms) > 1
    name = own_name(trace, i) + (f".{node.slots[k]}" if twice else "")
    return tr(" (from {node})", node=name)


def sum_equation(trace: Trace, j: int, precision: int) -> Equation | None:
    """Node j's gradient where several contributions meet, term by term; None where there is one or none."""
    name = trace.graph.nodes[j].name
    record = trace[name]
    terms = record.contributions
    if len(terms) < 2 or record.grad is None:
        return None
    left = f"∂L/∂{own_name(trace, j)}"
    names = [term.consumer for term in terms]
    sources = [short_name(trace, j, t.consumer) + (f".{t.slot}" if names.count(t.consumer) > 1 else "") for t in terms]
    rule = " + ".join(tr("(from {node})", node=source) for source in sources[:TERMS])
    rule += " + …" if len(terms) > TERMS else ""
    if terms[0].value.size > INLINE or len(terms) > TERMS:
        return Equation(left, rule, "", "=", value_of(record.grad, precision), "gradient", Origin("sum", j))
    if terms[0].value.size == 1:
        values = [float(term.value.reshape(())) for term in terms]
        numbers = " + ".join([number(values[0], precision), *(signed(v, precision) for v in values[1:])])
    else:
        numbers = " + ".join(inline(term.value, None, precision) for term in terms)
    printed = sum(_rounded(term.value, precision) for term in terms)
    sign = "=" if _same(printed, record.grad, precision) else "≈"
    return Equation(left, rule, numbers, sign, value_of(record.grad, precision), "gradient", Origin("sum", j))


def _numbers(substituted: str | None, trace: Trace, i: int) -> str:
    """The numbers put in, where every operand is short enough to be written out."""
    if not substituted:
        return ""
    return "" if "⟨" in substituted else substituted


def _sign(trace: Trace, i: int, formula: Formula | None, slot: str | None, value: Any, precision: int) -> str:
    """= where the printed numbers give the printed result, ≈ where rounding shows."""
    if formula is None or value is None:
        return "="
    values = {
        name: _rounded(x, precision) if name in formula.names and _is_number(x) else x
        for name, x in environment(trace, i, slot).items()
    }
    with np.errstate(all="ignore"):
        printed = evaluate(formula.numbered, values)
        if np.any(np.isfinite(value) & ~np.isfinite(printed)):
            return "="  # by a convention, which is said
    return "=" if _same(printed, value, precision) else "≈"


def _is_number(x: Any) -> bool:
    return not isinstance(x, str | bool | tuple | list) and x is not None and np.asarray(x).dtype.kind == "f"


def _rounded(x: Any, precision: int) -> np.ndarray:
    """The numbers as they are printed."""
    array = np.asarray(x, dtype=np.float64)
    flat = [float(number(v, precision).replace("Inf", "inf")) for v in array.ravel().tolist()]
    return np.array(flat).reshape(array.shape)


def _same(printed: Any, value: Any, precision: int) -> bool:
    """Whether two results are printed alike."""
    a, b = np.broadcast_arrays(np.asarray(printed, np.float64), np.asarray(value, np.float64))
    pairs = zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
    return all(number(x, precision) == number(y, precision) for x, y in pairs)
