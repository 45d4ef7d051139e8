"""One step of a trace worked out: symbolic → numbers put in → result: one tree, so that they cannot drift apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.base.numbers import MISSING, matrix_lines, number, shape_text, summarise, summary_text
from graphlab.errors import ModelError
from graphlab.explain.conventions import convention
from graphlab.explain.rules import Formula, filled, formula_of, rule_of
from graphlab.formula import Element, evaluate, show
from graphlab.formula.show import symbol
from graphlab.formula.tree import Name, names
from graphlab.messages import tr
from graphlab.trace import Trace

INLINE = 6  # arrays of up to this many numbers are written out in a line
LONGEST = 48  # characters of a name; a card a page wide is read by nobody


@dataclass(frozen=True, slots=True)
class Worked:
    """left = symbolic = substituted = result. symbolic and substituted are None where an op has no short formula."""

    left: str
    symbolic: str | None
    substituted: str | None
    result: str

    def __str__(self) -> str:
        parts = [self.left, self.symbolic, self.substituted, self.result]
        return " = ".join(dict.fromkeys(part for part in parts if part is not None))


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """The factor that the chain rule multiplies the upstream gradient with, element by element.

    left: ∂h/∂net. value: its number or array; None where it was not asked for.
    """

    left: str
    symbolic: str
    value: Any


def short_name(trace: Trace, i: int, operand: str | int | float) -> str:
    """How node i's formulas call an input: a layer's own W as W, a name of the same scope without the scope."""
    if not isinstance(operand, str):
        return number(operand)
    node = trace.graph.nodes[i]
    for prefix in (node.name, node.scope):
        if prefix and operand.startswith(prefix + "."):
            return _only(trace, operand[len(prefix) + 1 :], operand)
    return _shown(operand)


def own_name(trace: Trace, i: int) -> str:
    """How a node is called in its own scope."""
    node = trace.graph.nodes[i]
    scope, name = node.scope, node.name
    if not scope:
        return _shown(name)
    if scope == name:  # the last step of an unfolded node
        return _only(trace, name.rpartition(".")[2], name)
    return _only(trace, name[len(scope) + 1 :] if name.startswith(scope) and name[len(scope)] == "." else name, name)


def _only(trace: Trace, short: str, full: str) -> str:
    """A name without its scope; with it where another node's whole name is the same."""
    return _shown(full if short in trace.graph else short)


@lru_cache(maxsize=65536)
def _shown(name: str) -> str:
    return shortened(symbol(name))


def shortened(name: str) -> str:
    """A very long name without its middle.

    >>> shortened("encoder." * 20 + "W")
    'encoder.encoder.encoder.encode…encoder.encoder.W'
    """
    return name if len(name) <= LONGEST else f"{name[:30]}…{name[-17:]}"


def forward_worked(trace: Trace, i: int, precision: int = 4, numbers: bool = True) -> Worked:
    """How node i's value came about."""
    result = inline(trace.values[i], None, precision) if numbers else ""
    formula = formula_of(trace, i)
    if formula is None:
        return Worked(own_name(trace, i), None, None, result)
    substituted = _substituted(trace, i, formula, precision) if numbers else None
    result += _in_brackets(convention_of(trace, i)) if numbers else ""
    return Worked(own_name(trace, i), formula.symbolic(symbols_of(trace, i, formula)), substituted, result)


def backward_worked(trace: Trace, i: int, k: int, precision: int = 4, numbers: bool = True) -> Worked:
    """How the contribution of node i to its k-th input came about."""
    parts = trace.contributions[i] if trace.contributions is not None else None
    part = None if parts is None else parts[k]
    node = trace.graph.nodes[i]
    left = f"∂L/∂{short_name(trace, i, node.inputs[k])}"
    rule = rule_of(trace, i, k)
    result = inline(part, None, precision) + for_rounding(trace, i, k) if numbers else ""
    if rule is None:
        return Worked(left, None, None, result)
    substituted = _substituted(trace, i, rule, precision, node.slots[k]) if numbers and part is not None else None
    result += _in_brackets(convention_of(trace, i, k)) if numbers and part is not None else ""
    return Worked(left, rule.symbolic(symbols_of(trace, i, rule)), substituted, result)


def convention_of(trace: Trace, i: int, k: int | None = None) -> str:
    """By what convention a formula gives its result: 0 × log(0) counts as 0; nothing where it does so as it stands."""
    result = trace.values[i] if k is None else trace.contributions[i][k]  # type: ignore[index]
    formula = formula_of(trace, i) if k is None else rule_of(trace, i, k)
    if formula is None or any(trace.values[j] is None for j in trace.plan.operands[i]):
        return ""
    slot = None if k is None else trace.graph.nodes[i].slots[k]
    return convention(formula.tree, environment(trace, i, slot), result)


def _in_brackets(said: str) -> str:
    return f" ({said})" if said else ""


def for_rounding(trace: Trace, i: int, k: int = -1) -> str:
    """What follows a gradient, or what one edge sends, that is 0 for rounding alone (in a run without noise)."""
    if (i, k) not in trace.cancelled:
        return ""
    array = trace.cotangents[i] if k < 0 else trace.contributions[i][k]  # type: ignore[index]
    return " " + (tr("(but for rounding)") if not np.any(array) else tr("(some 0 but for rounding)"))


def local_derivative(trace: Trace, i: int, k: int, numbers: bool = True) -> LocalDerivative | None:
    """∂y/∂slot where the rule is upstream × local, element by element; None for matrix products and the like."""
    rule = rule_of(trace, i, k)
    if rule is None or rule.local is None:
        return None
    node = trace.graph.nodes[i]
    left = f"∂{own_name(trace, i)}/∂{short_name(trace, i, node.inputs[k])}"
    value = None
    if numbers and all(trace.values[j] is not None for j in trace.plan.operands[i]):
        with np.errstate(all="ignore"):
            value = evaluate(rule.local, environment(trace, i, node.slots[k]))
        if np.asarray(value).dtype == np.bool_:  # a condition is a factor: 1 or 0
            value = np.asarray(value, np.int64)[()]
    return LocalDerivative(left, filled(rule.local_template, symbols_of(trace, i, rule)), value)


def element_worked(trace: Trace, i: int, slot: int | None, key: Sequence[int], precision: int = 4) -> Worked:
    """One entry: of node i's value, or of what it sends to an input. Raises ModelError where there is no such entry.

    >>> import graphlab as gl
    >>> trace = gl.forward(gl.loads("graphlab: 1\\ninputs: {x: [[1, 2]], w: [[3], [4]]}\\nnodes: {y: x @ w}"))
    >>> element_worked(trace, 2, None, (0, 0)).substituted
    '1 × 3 + 2 × 4'
    """
    node = trace.graph.nodes[i]
    part = trace.values[i] if slot is None else (trace.contributions or [()])[i][slot]
    formula = formula_of(trace, i) if slot is None else rule_of(trace, i, slot)
    name = own_name(trace, i) if slot is None else f"∂L/∂{short_name(trace, i, node.inputs[slot])}"
    key = tuple(key)
    if (
        part is None
        or len(key) != np.ndim(part)
        or any(not -n <= k < n for k, n in zip(key, np.shape(part), strict=True))
    ):
        text = "'{name}' has no entry [{key}]; its shape is {shape}"
        shape = shape_text(np.shape(part)) if part is not None else MISSING
        raise ModelError(tr(text, name=name, key=",".join(map(str, key)), shape=shape))
    key = tuple(k % n for k, n in zip(key, np.shape(part), strict=True))
    left = name + ("[" + ",".join(map(str, key)) + "]" if key else "")
    result = number(np.asarray(part)[key], precision)
    if formula is None or any(trace.values[j] is None for j in trace.plan.operands[i]):
        return Worked(left, None, None, result)
    values = environment(trace, i, None if slot is None else node.slots[slot])
    one = Element(formula.numbered, values, key)
    symbols = one.symbols(symbols_of(trace, i, formula) | {name: show(Name(name)) for name in op_names(trace, i)})
    numbers = one.numbers(lambda value: number(value, precision))
    if "…" not in names(one.tree):
        entries = {entry: np.float64(value) for entry, (_, _, value) in one.entries.items()}
        result += _in_brackets(convention(one.tree, entries, np.asarray(part)[key]))
    return Worked(left, show(one.tree, symbols), show(one.tree, numbers), result)


def op_names(trace: Trace, i: int) -> tuple[str, ...]:
    """What a node's formulas call its residuals and attributes."""
    node = trace.graph.nodes[i]
    return (*ops.get(node.op).residuals, *node.attrs)


def environment(trace: Trace, i: int, slot: str | None = None) -> dict[str, Any]:
    """The values of the names in node i's formulas: slots, y, upstream, residuals and attributes."""
    node = trace.graph.nodes[i]
    op = ops.get(node.op)
    env: dict[str, Any] = dict(node.attrs)
    lists = [name for name, attr in op.attrs.items() if attr.kind == "numbers" and env.get(name) is not None]
    env.update((name, np.asarray(env[name])) for name in lists)
    env.update(zip(op.residuals, trace.residuals_of(i), strict=False))
    env.update((name, trace.values[j]) for name, j in zip(node.slots, trace.plan.operands[i], strict=True))
    if op.variadic() and slot is not None:
        k = node.slots.index(slot)
        env.update({"x": trace.values[trace.plan.operands[i][k]], "k": k})
    env["y"] = trace.values[i]
    if trace.cotangents is not None:
        env["upstream"] = trace.cotangents[i]
    return env


def inline(value: Any, name: str | None, precision: int = 4) -> str:
    """A value in a line: a number, a few numbers, or the name with its shape, or the summary."""
    if value is None:
        return MISSING
    array = np.asarray(value)
    if array.size == 0 and name is None:
        return f"{shape_text(array.shape)} · {tr('empty')}"
    if array.size == 1:
        text = number(array.reshape(()), precision)
        return text if array.ndim == 0 or name is None else f"[{text}]"
    if array.size <= INLINE and array.ndim <= 2:
        rows = [" ".join(line[2:-2].split()) for line in matrix_lines(array, precision, INLINE)]
        return "[" + "; ".join(rows) + "]"
    if name is not None:
        return f"{name}⟨{shape_text(array.shape)}⟩"
    return f"{shape_text(array.shape)} · {summary_text(summarise(array))}"


def symbols_of(trace: Trace, i: int, formula: Formula) -> dict[str, str]:
    """What the names in a formula of node i are called."""
    node = trace.graph.nodes[i]
    operands = zip(node.slots, node.inputs, strict=True)
    out = {slot: short_name(trace, i, operand) for slot, operand in operands if slot in formula.names}
    out["y"] = own_name(trace, i)
    out["upstream"] = f"∂L/∂{out['y']}"
    return out


def _substituted(trace: Trace, i: int, formula: Formula, precision: int, slot: str | None = None) -> str | None:
    """The formula with numbers for names; None where a trace file left them out."""
    if any(trace.values[j] is None for j in trace.plan.operands[i]):
        return None
    symbols = symbols_of(trace, i, formula)
    names = {
        name: inline(value, symbols.get(name, symbol(name)), precision)
        for name, value in environment(trace, i, slot).items()
        if name in formula.names and value is not None and not isinstance(value, str | bool | tuple)
    }
    return show(formula.numbered, names, trace.graph.nodes[i].attrs)
