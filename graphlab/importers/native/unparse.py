"""Nodes → expressions: the other direction of expressions.py, so that reading them gives the same nodes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.base.numbers import shortest
from graphlab.errors import GraphlabError
from graphlab.formula import parse
from graphlab.formula.parse import MAX_DEPTH
from graphlab.formula.show import key_text
from graphlab.formula.tree import Index
from graphlab.graph import Graph, Node, parent_of
from graphlab.importers.native.expressions import OPERATORS
from graphlab.importers.native.names import candidates, is_plain, scopes_outwards

MAX_INLINE = 16  # elements of a constant that is written inside an expression
_SYMBOLS = {op: symbol for symbol, op in OPERATORS.items()}
_COMPARE, _ADD, _MUL, _NEGATIVE, _POW, _ATOM = range(1, 7)
_LEVELS = {"+": _ADD, "-": _ADD, "*": _MUL, "/": _MUL, "@": _MUL, "**": _POW}
_NOT_WORDS = ("true", "false", "none", "null", "inf")

Piece = str | tuple[Any, int, int]  # a text, or an operand with how tightly it must bind and how deep it is nested


class Expressions:
    """The expressions of a graph's nodes. `inlined`: the nodes that stand inside another's expression."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.inlined: set[str] = set()
        self.place = {node.name: i for i, node in enumerate(n for n in graph.nodes if not n.is_leaf)}
        parts: dict[str, set[str]] = {}
        for node in graph.nodes:
            base, mark, number = node.name.rpartition("#")
            if mark and base in self.place and number.isdecimal():
                parts.setdefault(base, set()).add(node.name)
        for base in sorted(parts, key=lambda name: name.count("#")):
            if base not in self.inlined and self.can_inline(base, parts[base]):
                self.inlined |= parts[base]

    def can_inline(self, base: str, parts: set[str]) -> bool:
        """Whether reading the expression of `base` would number its parts, and place them, as they are."""
        graph, count, steps = self.graph, 0, []
        for node in self.postorder(base, parts):
            for operand in node.inputs:
                if operand in parts and graph[str(operand)].is_leaf:
                    count += 1
                    if operand != f"{base}#{count}" or not self.is_inline_constant(graph[str(operand)]):
                        return False
            count += node.name != base
            if node.name not in (base, f"{base}#{count}"):
                return False
            steps.append(self.place[node.name])
        if count != len(parts) or any(len(graph.consumers[graph.index[name]]) != 1 for name in parts):
            return False
        if steps != list(range(steps[0], steps[0] + len(steps))):
            return False
        return self.text(base, parts) is not None

    def postorder(self, base: str, parts: set[str]) -> Iterator[Node]:
        """The nodes of an expression in order of evaluation; gives up where one is met twice."""
        stack = [(base, False)]
        seen = set()
        while stack:
            name, ready = stack.pop()
            node = self.graph[name]
            if ready:
                yield node
                continue
            if name in seen:
                return
            seen.add(name)
            stack.append((name, True))
            inner = [o for o in node.inputs if o in parts and not self.graph[str(o)].is_leaf]
            stack.extend((str(o), False) for o in reversed(inner))

    def is_inline_constant(self, node: Node) -> bool:
        value = np.asarray(node.attrs.get("value", np.nan))
        return (
            node.op == "constant" and value.dtype == self.graph.dtype and value.ndim > 0
            and 0 < value.size <= MAX_INLINE and bool(np.isfinite(value).all())
        )  # fmt: skip

    def text(self, root: str, parts: set[str] | None = None) -> str | None:
        """The expression of a node; None where it would be nested too deep to be read."""
        parts = self.inlined if parts is None else parts
        scope = parent_of(root)
        out: list[str] = []
        stack: list[Piece] = [(root, 0, 0)]
        while stack:
            piece = stack.pop()
            if isinstance(piece, str):
                out.append(piece)
                continue
            operand, level, depth = piece
            if depth > MAX_DEPTH - 10:
                return None
            if not isinstance(operand, str):
                text = number_text(operand)
                out.append(f"({text})" if text[0] == "-" and level > _NEGATIVE else text)
            elif operand != root and operand not in parts:
                out.append(self.name(operand, scope))
            elif self.graph[operand].op == "constant":
                out.append(_list_text(array_list(self.graph[operand].attrs["value"])))
            else:
                binds, pieces = self.pieces(self.graph[operand], depth)
                stack.extend(reversed(["(", *pieces, ")"] if binds < level else pieces))
        return "".join(out)

    def pieces(self, node: Node, depth: int) -> tuple[int, list[Piece]]:
        """How tightly a node's own operation binds, and its text with its operands still to be written."""
        inner = depth + 1
        attrs = _given(node)
        literals = [not isinstance(o, str) for o in node.inputs]
        if node.op in _SYMBOLS and not attrs and not all(literals):
            symbol = _SYMBOLS[node.op]
            level = _LEVELS.get(symbol, _COMPARE)
            left, right = (level + 1, level) if symbol == "**" else (level + (level == _COMPARE), level + 1)
            a, b = node.inputs
            minus = isinstance(b, int | float) and math.copysign(1, b) < 0  # x * -2 needs no brackets
            before = depth if left <= level else inner
            return level, [(a, left, before), f" {symbol} ", (b, 0 if minus else right, inner)]
        if node.op == "neg" and not literals[0]:
            return _NEGATIVE, ["-", (node.inputs[0], _NEGATIVE, inner)]
        if node.op == "index" and not literals[0] and _is_key(node.attrs["key"]):
            return _ATOM, [(node.inputs[0], _ATOM, inner), f"[{node.attrs['key']}]"]
        if node.op == "pick" and not literals[0] and node.attrs["n"] is not None and node.attrs["n"] >= 0:
            x, index = node.inputs
            return _ATOM, [(x, _ATOM, inner), f"[range({node.attrs['n']}), ", (index, 0, inner), "]"]
        operands = node.inputs[: len(node.inputs) - own_states(self.graph, node)]
        pieces: list[Piece] = [f"{node.op}("]
        for operand in operands:
            pieces += [", "] * (len(pieces) > 1) + [(operand, 0, inner)]
        pieces += [f"{', ' if i or operands else ''}{key}={_attr_text(value)}" for i, (key, value) in enumerate(attrs)]
        return _ATOM, [*pieces, ")"]

    def name(self, full: str, scope: str) -> str:
        """The shortest spelling that means this node in this scope."""
        for outer in scopes_outwards(scope):
            short = full.removeprefix(f"{outer}.") if outer else full
            if (short != full or not outer) and is_plain(short):
                meant = next(name for name in candidates(short, scope, False) if name in self.graph)
                if meant == full:
                    return short
        return f"`{full}`"


def own_states(graph: Graph, node: Node) -> int:
    """How many of the last inputs are states just as the layer itself makes them, and so are left out."""
    kind = ops.get(node.op)
    if kind.parameters is None:
        return 0
    specs = kind.parameters({kind.slots[0]: (1,)})
    states = [slot for slot in kind.slots if slot in specs and specs[slot].role == "state"]
    for slot, operand in zip(node.slots[len(node.slots) - len(states) :], node.inputs[-len(states) :], strict=False):
        leaf = graph[operand] if isinstance(operand, str) else None
        if leaf is None or leaf.op != "state" or leaf.name != f"{node.name}.{slot}" or slot not in states:
            return 0
        extra = set(leaf.attrs) - {"shape", "dtype", "init"}
        if extra or leaf.attrs.get("init") != specs[slot].init or len(graph.consumers[graph.index[leaf.name]]) != 1:
            return 0
    return len(states)


def _given(node: Node) -> list[tuple[str, Any]]:
    """The attributes that are not as they would be by themselves."""
    known = ops.get(node.op).attrs
    return [
        (key, node.attrs[key])
        for key, attr in known.items()
        if key in node.attrs and not (type(node.attrs[key]) is type(attr.default) and node.attrs[key] == attr.default)
    ]


def _is_key(text: str) -> bool:
    """Whether x[text] is read as this very key."""
    try:
        tree = parse(f"x[{text}]")
    except GraphlabError:
        return False
    return isinstance(tree, Index) and key_text(tree.key) == text


def _attr_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_attr_text, value)) + "]"
    if isinstance(value, str):
        if value.isidentifier() and value.isascii() and value.lower() not in _NOT_WORDS:
            return value
        return f'"{value}"' if "'" in value else f"'{value}'"
    return number_text(value)


def number_text(value: int | float) -> str:
    """The shortest text that is read back as the same number.

    >>> number_text(0.1), number_text(-0.0), number_text(3)
    ('0.1', '-0.0', '3')
    """
    return repr(float(value) if isinstance(value, float) else int(value))


def array_list(array: Any) -> Any:
    """Nested lists of Python numbers; those of a float32 as short as it needs."""
    return shortest(array).tolist()


def _list_text(value: Any) -> str:
    return "[" + ", ".join(map(_list_text, value)) + "]" if isinstance(value, list) else number_text(value)
