"""A node's formula and chain rules as trees: as they are written for its attributes, shapes and literal numbers.

Nodes that do the same to inputs of the same shapes share them, so that a large picture costs little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.formula import evaluate, parse, show
from graphlab.formula.tree import COMPARISONS, Binary, Call, Expr, Name, Negative, Number, names
from graphlab.trace import Trace

Shape = tuple[int, ...]
_SIZES = ("batch", "count")
_RAISED = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁻^")
_BLANK = re.compile("\ue000(.*?)\ue001")  # where a name goes in a template; never part of a name


@dataclass(frozen=True, slots=True)
class Setting:
    """What the writing of a formula depends on, besides its text."""

    slots: tuple[str, ...]
    shapes: tuple[Shape, ...]
    literals: tuple[tuple[str, int | float], ...]
    attrs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula or rule. tree: to evaluate. numbered: with sizes as numbers, to put numbers in. plain, template: to
    show, as a tree and as a text with blanks.

    names: those that are in it: a formula may use one of thousands of inputs.
    local, local_template: the factor beside `upstream`, where there is one.
    """

    tree: Expr
    numbered: Expr
    plain: Expr
    template: str
    names: frozenset[str]
    local: Expr | None = None
    local_template: str = ""

    def symbolic(self, names: Mapping[str, str]) -> str:
        """The formula in these names."""
        return filled(self.template, names)


def formula_of(trace: Trace, i: int) -> Formula | None:
    """Node i's formula; None for a leaf, and for an op that has no short one."""
    node = trace.graph.nodes[i]
    setting = _setting(trace, i)
    text = None if node.is_leaf else ops.get(node.op).formula_text(setting.shapes, node.attrs, trace.mode)
    return None if text is None else _written(text, setting, None, None)


def rule_of(trace: Trace, i: int, k: int) -> Formula | None:
    """The chain rule of node i's k-th slot, with the sum over broadcast axes; None where there is no short one."""
    text = trace.rule(i, k)
    if text.startswith("vjp("):
        return None
    op = ops.get(trace.graph.nodes[i].op)
    return _written(text, _setting(trace, i), k, trace.plan.shapes[i] if op.elementwise else None)


def filled(template: str, names: Mapping[str, str]) -> str:
    """A template with names in its blanks.

    >>> filled("\ue000a\ue001² + \ue000b\ue001", {"a": "E#1", "b": "E#2"})
    '(E#1)² + E#2'
    """

    def name(match: re.Match[str]) -> str:
        found = names.get(match[1], match[1])
        raised = "#" in found and template[match.end() : match.end() + 1] in _RAISED
        return f"({found})" if raised else found  # E#1² reads as E#(1²)

    return _BLANK.sub(name, template)


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
            local = without_upstream(operand)
            if isinstance(local, Number):
                return Number(-local.value)
            return None if local is None else Negative(local)
        case Binary(op="*" | "/" as op, left=left, right=right):
            local = without_upstream(left)
            if local is not None and not _mentions_upstream(right):
                return right if op == "*" and local == Number(1) else Binary(op, local, right)
            if op == "*" and (local := without_upstream(right)) is not None and not _mentions_upstream(left):
                return left if local == Number(1) else Binary("*", left, local)
    return None


def _setting(trace: Trace, i: int) -> Setting:
    node, n = trace.graph.nodes[i], len(trace.graph)
    slots = node.slots
    shapes = tuple([trace.plan.shapes[j] if j < n else () for j in trace.plan.operands[i]])
    literals = tuple([(s, o) for s, o in zip(slots, node.inputs, strict=True) if not isinstance(o, str)])
    return Setting(slots, shapes, literals, tuple(node.attrs.items()) if not node.is_leaf else ())


@lru_cache(maxsize=8192)
def _written(text: str, setting: Setting, k: int | None, out: Shape | None) -> Formula:
    tree = parse(text)
    attrs = dict(setting.attrs)
    local = None if k is None else without_upstream(tree)
    if k is not None and out is not None and setting.shapes[k] != out:
        tree = _summed(tree, setting.slots[k], setting.shapes[k], out)
    plain = _simplified(tree, setting, sizes=False)
    template = show(plain, _blanks(plain, setting), attrs)
    numbered, used = _simplified(tree, setting, sizes=True), frozenset(names(tree))
    if local is None:
        return Formula(tree, numbered, plain, template, used)
    factor = _simplified(local, setting, sizes=True)
    shown = show(factor, _blanks(factor, setting), attrs)
    if isinstance(factor, Binary) and factor.op in COMPARISONS:  # a condition is 1 or 0, in Iverson's brackets
        shown = f"[{shown}]"
    return Formula(tree, numbered, plain, template, used, local, shown)


def _summed(tree: Expr, slot: str, shape: Shape, out: Shape) -> Expr:
    """The rule, summed over the axes along which the slot's operand was broadcast."""
    lead = len(out) - len(shape)
    axes = [a for a in range(len(out)) if a < lead or (shape[a - lead] == 1 and out[a] != 1)]
    whole = len(axes) == len(out)
    if (len(axes) > 1 and not whole) or (lead and shape and whole):
        return Call("sum_to", (tree, Name(slot)))
    kept = (("keepdims", Name("true")),) if axes and axes[0] >= lead else ()  # the gradient has the slot's own shape
    return Call("sum", (tree,), (("axis", Name("none") if whole else Number(axes[0])), *kept))


def _blanks(tree: Expr, setting: Setting) -> dict[str, str]:
    return {name: f"\ue000{name}\ue001" for name in (*setting.slots, "y", "upstream")}


def _simplified(tree: Expr, setting: Setting, sizes: bool) -> Expr:
    """The model's literal numbers in the place of their slots, and what follows from them worked out.

    sizes: how many examples or elements there are as a number, too.
    """
    match tree:
        case Call(function=function) if function in _SIZES:
            return Number(_size(tree, setting)) if sizes else tree
        case Name(id=name):
            value = dict(setting.literals).get(name)
            return tree if value is None else Number(value)
        case Call(function=function, args=args, keywords=keywords):
            return Call(function, tuple(_simplified(arg, setting, sizes) for arg in args), keywords)
        case Binary(op=op, left=left, right=right):
            return _folded(op, _simplified(left, setting, sizes), _simplified(right, setting, sizes))
        case Negative(operand=operand):
            return Negative(_simplified(operand, setting, sizes))
    return tree


def _size(tree: Expr, setting: Setting) -> int:
    """How many: it depends on shapes only, so zeros will do."""
    zeros: dict[str, Any] = {s: np.broadcast_to(0.0, n) for s, n in zip(setting.slots, setting.shapes, strict=True)}
    if "x" not in zeros and zeros:
        zeros["x"] = zeros[setting.slots[-1]]
    return int(evaluate(tree, {**dict(setting.attrs), **zeros}))


def _folded(op: str, left: Expr, right: Expr) -> Expr:
    """Exponents such as 2 - 1 worked out, and a power of one left away."""
    if op == "-" and isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value - right.value)
    if op == "**" and right == Number(1):
        return left
    return Binary(op, left, right)


def _mentions_upstream(tree: Expr) -> bool:
    return (isinstance(tree, Name) and tree.id == "upstream") or any(_mentions_upstream(p) for p in tree.parts())
