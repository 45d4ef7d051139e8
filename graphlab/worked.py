"""One step of a trace worked out: symbolic → numbers put in → result: one tree, so that they cannot drift apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.formula import evaluate, parse, show
from graphlab.formula.show import symbol
from graphlab.formula.tree import COMPARISONS, Binary, Call, Expr, Name, Negative, Number
from graphlab.numbers import MISSING, matrix_lines, number, shape_text, summarise, summary_text
from graphlab.trace import Trace

INLINE = 6  # arrays of up to this many numbers are written out in a line
_SIZES = ("batch", "count")


@dataclass(frozen=True, slots=True)
class Worked:
    """left = symbolic = substituted = result. symbolic and substituted are None where an op has no short formula."""

    left: str
    symbolic: str | None
    substituted: str | None
    result: str


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
            return symbol(operand[len(prefix) + 1 :])
    return symbol(operand)


def own_name(trace: Trace, i: int) -> str:
    """How a node is called in its own scope."""
    node = trace.graph.nodes[i]
    if node.scope == node.name:  # the last step of an unfolded node
        return symbol(node.name.rpartition(".")[2])
    return short_name(trace, i, node.name) if node.scope else symbol(node.name)


def forward_worked(trace: Trace, i: int, precision: int = 4, numbers: bool = True) -> Worked:
    """How node i's value came about."""
    value = trace.values[i]
    text = _formula(trace, i)
    result = inline(value, None, precision)
    if text is None:
        return Worked(own_name(trace, i), None, None, result)
    tree = parse(text)
    symbolic = show(_written(tree, trace, i), _symbols(trace, i), _attrs(trace, i))
    substituted = _substituted(trace, i, tree, precision) if numbers else None
    return Worked(own_name(trace, i), symbolic, substituted, result)


def backward_worked(trace: Trace, i: int, k: int, precision: int = 4, numbers: bool = True) -> Worked:
    """How the contribution of node i to its k-th input came about."""
    parts = trace.contributions[i] if trace.contributions is not None else None
    part = None if parts is None else parts[k]
    node = trace.graph.nodes[i]
    left = f"∂L/∂{short_name(trace, i, node.inputs[k])}"
    tree = rule_tree(trace, i, k)
    result = inline(part, None, precision)
    if tree is None:
        return Worked(left, None, None, result)
    symbolic = show(_written(tree, trace, i), _symbols(trace, i), _attrs(trace, i))
    substituted = _substituted(trace, i, tree, precision, node.slots[k]) if numbers and part is not None else None
    return Worked(left, symbolic, substituted, result)


def local_derivative(trace: Trace, i: int, k: int, numbers: bool = True) -> LocalDerivative | None:
    """∂y/∂slot where the rule is upstream × local, element by element; None for matrix products and the like."""
    tree = _rule(trace, i, k)
    local = None if tree is None else without_upstream(tree)
    if local is None:
        return None
    node = trace.graph.nodes[i]
    left = f"∂{own_name(trace, i)}/∂{short_name(trace, i, node.inputs[k])}"
    value = None
    env = None
    if all(trace.values[j] is not None for j in trace.plan.operands[i]):
        env = environment(trace, i, node.slots[k])
        if numbers:
            with np.errstate(all="ignore"):
                value = evaluate(local, env)
    symbolic = _factor(_written(local, trace, i, node.slots[k], env), _symbols(trace, i), _attrs(trace, i))
    return LocalDerivative(left, symbolic, value)


def without_upstream(tree: Expr) -> Expr | None:
    """The factor beside `upstream`, or None where the rule is no product with it.

    >>> from graphlab.formula import parse, show
    >>> show(without_upstream(parse("upstream * y * (1 - y)")))
    'y × (1 − y)'
    """
    match tree:
        case Name(id="upstream"):
            return Number(1)
        case Call(function="spread", args=(inner, *_)):
            return without_upstream(inner)
        case Negative(operand=operand):
            inner_local = without_upstream(operand)
            if isinstance(inner_local, Number):
                return Number(-inner_local.value)
            return None if inner_local is None else Negative(inner_local)
        case Binary(op="*" | "/" as op, left=left, right=right):
            local = without_upstream(left)
            if local is not None and not _mentions(right):
                return right if op == "*" and local == Number(1) else Binary(op, local, right)
            if op == "*" and (local := without_upstream(right)) is not None and not _mentions(left):
                return left if local == Number(1) else Binary("*", left, local)
    return None


def rule_tree(trace: Trace, i: int, k: int) -> Expr | None:
    """The chain rule of node i's k-th slot, with the sum over broadcast axes where there is one."""
    tree = _rule(trace, i, k)
    node = trace.graph.nodes[i]
    j = trace.plan.operands[i][k]
    if tree is not None and ops.get(node.op).elementwise and j < len(trace.graph):
        shape, out = trace.plan.shapes[j], trace.plan.shapes[i]
        if shape != out:
            lead = len(out) - len(shape)
            axes = [a for a in range(len(out)) if a < lead or (shape[a - lead] == 1 and out[a] != 1)]
            every = len(axes) == len(out)
            axis = Name("none") if every else Number(axes[0]) if len(axes) == 1 else None
            return (
                Call("sum_to", (tree, Name(node.slots[k]))) if axis is None else Call("sum", (tree,), (("axis", axis),))
            )
    return tree


def environment(trace: Trace, i: int, slot: str | None = None) -> dict[str, Any]:
    """The values of the names in node i's formulas: slots, y, upstream, residuals and attributes."""
    node = trace.graph.nodes[i]
    op = ops.get(node.op)
    env: dict[str, Any] = dict(node.attrs)
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
    if array.size == 1:
        text = number(array.reshape(()), precision)
        return text if array.ndim == 0 or name is None else f"[{text}]"
    if array.size <= INLINE and array.ndim <= 2:
        rows = [" ".join(line[2:-2].split()) for line in matrix_lines(array, precision)]
        return "[" + "; ".join(rows) + "]"
    if name is not None:
        return f"{name}⟨{shape_text(array.shape)}⟩"
    return f"{shape_text(array.shape)} · {summary_text(summarise(array))}"


def _rule(trace: Trace, i: int, k: int) -> Expr | None:
    text = trace.rule(i, k)
    return None if text.startswith("vjp(") else parse(text)


def _formula(trace: Trace, i: int) -> str | None:
    node = trace.graph.nodes[i]
    if node.is_leaf:
        return None
    return ops.get(node.op).formula_text(_shapes(trace, i), node.attrs)


def _shapes(trace: Trace, i: int) -> list[tuple[int, ...]]:
    n = len(trace.graph)
    return [trace.plan.shapes[j] if j < n else () for j in trace.plan.operands[i]]


def _symbols(trace: Trace, i: int) -> dict[str, str]:
    node = trace.graph.nodes[i]
    out = {slot: short_name(trace, i, operand) for slot, operand in zip(node.slots, node.inputs, strict=True)}
    out["y"] = own_name(trace, i)
    out["upstream"] = f"∂L/∂{out['y']}"
    return out


def _attrs(trace: Trace, i: int) -> Mapping[str, Any]:
    return trace.graph.nodes[i].attrs


def _substituted(trace: Trace, i: int, tree: Expr, precision: int, slot: str | None = None) -> str | None:
    """The formula with numbers for names; None where nothing short can be put in."""
    if any(trace.values[j] is None for j in trace.plan.operands[i]):
        return None  # a trace file left them out
    env = environment(trace, i, slot)
    symbols = _symbols(trace, i)
    names = {}
    for name, value in env.items():
        if value is None or isinstance(value, str | bool | tuple):
            continue
        names[name] = inline(value, symbols.get(name, symbol(name)), precision)
    return show(_written(tree, trace, i, slot, env), names, _attrs(trace, i))


def _written(tree: Expr, trace: Trace, i: int, slot: str | None = None, env: dict[str, Any] | None = None) -> Expr:
    """The tree as it is written for this node: the model's literal numbers in the place of their slots, and folded.

    With `env`, sizes (how many examples, how many elements) are the numbers they are, too.
    """
    match tree:
        case Call(function=function) if function in _SIZES:
            return tree if env is None else Number(int(evaluate(tree, env)))
        case Name(id=name):
            return _literals(trace, i).get(name, tree)
        case Call(function=function, args=args, keywords=keywords):
            return Call(function, tuple(_written(arg, trace, i, slot, env) for arg in args), keywords)
        case Binary(op=op, left=left, right=right):
            return _folded(op, _written(left, trace, i, slot, env), _written(right, trace, i, slot, env))
        case Negative(operand=operand):
            return Negative(_written(operand, trace, i, slot, env))
    return tree


def _literals(trace: Trace, i: int) -> dict[str, Expr]:
    node = trace.graph.nodes[i]
    return {s: Number(o) for s, o in zip(node.slots, node.inputs, strict=True) if not isinstance(o, str)}


def _folded(op: str, left: Expr, right: Expr) -> Expr:
    """Exponents such as 2 - 1 worked out, and a power of one left away."""
    if op == "-" and isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value - right.value)
    if op == "**" and right == Number(1):
        return left
    return Binary(op, left, right)


def _factor(tree: Expr, symbols: Mapping[str, str], attrs: Mapping[str, Any]) -> str:
    """A local derivative in symbols; a condition is 1 or 0, in Iverson's brackets."""
    text = show(tree, symbols, attrs)
    return f"[{text}]" if isinstance(tree, Binary) and tree.op in COMPARISONS else text


def _mentions(tree: Expr) -> bool:
    return (isinstance(tree, Name) and tree.id == "upstream") or any(_mentions(part) for part in tree.parts())
