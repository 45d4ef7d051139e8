"""One step of a trace as MathML: symbolic → numbers put in, of the same trees that `worked` prints on a line."""

from __future__ import annotations

from dataclasses import dataclass

from graphlab.explain.rules import Formula, formula_of, rule_of
from graphlab.explain.worked import environment, own_name, short_name, symbols_of
from graphlab.formula.mathml import Math, math_name, math_value, mathml
from graphlab.formula.show import symbol
from graphlab.trace import Trace


@dataclass(frozen=True, slots=True)
class Typeset:
    """left = symbolic = substituted. None where an op has no short formula, or a trace file left the numbers out."""

    left: Math
    symbolic: Math | None = None
    substituted: Math | None = None


def forward_typeset(trace: Trace, i: int, precision: int = 4) -> Typeset:
    """How node i's value came about.

    >>> import graphlab as gl
    >>> trace = gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}"))
    >>> forward_typeset(trace, 1).substituted
    ('mrow', ('mn', '3'), ('mo', '×'), ('mn', '3'))
    """
    left = math_name(own_name(trace, i))
    return _typeset(trace, i, left, formula_of(trace, i), None, precision)


def backward_typeset(trace: Trace, i: int, k: int, precision: int = 4) -> Typeset:
    """How the contribution of node i to its k-th input came about."""
    node = trace.graph.nodes[i]
    left = math_name(f"∂L/∂{short_name(trace, i, node.inputs[k])}")
    return _typeset(trace, i, left, rule_of(trace, i, k), node.slots[k], precision)


def _typeset(
    trace: Trace, i: int, left: Math, formula: Formula | None, slot: str | None, precision: int
) -> Typeset:  # fmt: skip
    if formula is None:
        return Typeset(left)
    attrs, shown = trace.graph.nodes[i].attrs, symbols_of(trace, i, formula)
    symbolic = mathml(formula.plain, {name: math_name(text) for name, text in shown.items()}, attrs)
    if any(trace.values[j] is None for j in trace.plan.operands[i]):
        return Typeset(left, symbolic)
    numbers = {
        name: math_value(value, shown.get(name, symbol(name)), precision)
        for name, value in environment(trace, i, slot).items()
        if name in formula.names and value is not None and not isinstance(value, str | bool | tuple)
    }
    return Typeset(left, symbolic, mathml(formula.numbered, numbers, attrs))
