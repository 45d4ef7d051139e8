"""An expression → the nodes it is made of: net#1, net#2 … and the root, in order of evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from graphlab import ops
from graphlab.errors import GraphlabError, ModelError
from graphlab.formula import parse, postorder
from graphlab.formula.parse import MAX_INTEGER, MIN_INTEGER, FormulaError
from graphlab.formula.show import key_text
from graphlab.formula.tree import Binary, Call, Expr, Index, List, Name, Negative, Number, Word
from graphlab.messages import tr
from graphlab.ops.foreign import attribute_hint

OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "@": "matmul",
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
ALIAS = ""  # the op of an expression that is only a name: found wrong once the name is known
_FOLDED = ("+", "-", "*", "/", "**")
_WORDS: dict[str, Any] = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None, "null": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """A name as an expression has it; `full` is filled in when it is looked up."""

    name: str
    column: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The node `name`, of this same expression."""

    name: str


@dataclass(frozen=True, slots=True)
class Several:
    """A list that holds more than numbers: the inputs of concat([a, b])."""

    items: tuple[Any, ...]
    column: int


Operand = int | float | Reference | Part | list[Any] | Several


@dataclass(frozen=True, slots=True)
class Step:
    """One node of an expression. op "constant" has its value in `operands`."""

    name: str
    op: str
    operands: tuple[Any, ...]
    column: int
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def made(self) -> tuple[str, ...]:
        """The parameters that the layer makes for itself."""
        if self.op in ("constant", ALIAS) or not self.operands:
            return ()
        kind = ops.get(self.op)
        return () if kind.parameters is None else kind.slots[len(self.operands) :]


def steps_of(name: str, text: str) -> list[Step]:
    """The nodes of an expression, its root last.

    Raises FormulaError, with the column in the text, for what does not parse, an unknown op or a constant too large.

    >>> [(s.name, s.op) for s in steps_of("net", "x @ W + 2 * 3")]
    [('net#1', 'matmul'), ('net', 'add')]
    """
    tree = parse(text)
    flat = _Flat(name, text, tree)
    stack: list[Any] = []
    for part in postorder(tree):
        count = len(part.parts())
        args = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        try:
            stack.append(flat.operand(part, args))
        except FormulaError:
            raise
        except GraphlabError as error:
            raise FormulaError(error.message, part.column) from None
    return flat.finished(stack[0])


class _Flat:
    def __init__(self, name: str, text: str, tree: Expr) -> None:
        self.name = name
        self.text = text
        self.tree = tree
        self.steps: list[Step] = []
        self.count = 0

    def operand(self, part: Expr, args: list[Any]) -> Any:
        """What a part stands for, its own parts being `args`; one that computes adds a step."""
        match part:
            case Number(value=value):
                return value
            case Name(id=name):
                return Reference(name, part.column, self.text[part.column] == "`")
            case List():
                if not part.items and self.text[part.column] == "(":
                    raise ModelError(tr("expected an expression between the brackets but found nothing"))
                if all(isinstance(arg, int | float | list) for arg in args):
                    return args
                return Several(tuple(args), part.column)
            case Negative():
                return -args[0] if isinstance(args[0], int | float) else self.step(part, "neg", args)
            case Binary(op=op):
                folded = fold(op, *args) if op in _FOLDED else None
                return self.step(part, OPERATORS[op], args) if folded is None else folded
            case Index(key=key):
                return self.step(part, "index", args, {"key": key_text(key)})
            case Call(function=function, keywords=keywords):
                return self.call(part, function, args, keywords)
            case Word():
                return part  # refused where an op that there is takes it
        raise TypeError(f"not an expression: {part!r}")

    def call(self, part: Expr, function: str, args: list[Any], keywords: Iterable[tuple[str, Expr]]) -> Part:
        kind = ops.get(function)
        if function in ("input", "param", "constant", "state"):
            message = tr("{op} is not an op to call; write it in its own section: inputs, params or state", op=function)
            raise ModelError(message)
        if kind.variadic() and len(args) == 1 and isinstance(args[0], Several):
            args = list(args[0].items)
        attrs = {}
        for key, value in keywords:
            known = {**kind.attrs, **kind.layer_attrs}
            if key not in known and key not in kind.renamed:
                hint, listed = attribute_hint(key, known), ", ".join(known) or tr("none")
                message = tr("{op} has no attribute '{key}'{hint}; it takes: {listed}",
                             op=function, key=key, hint=hint, listed=listed)  # fmt: skip
                raise FormulaError(message, value.column)
            attrs[key] = attribute(function, key, value)
        return self.step(part, function, args, attrs)

    def step(self, part: Expr, op: str, args: list[Any], attrs: dict[str, Any] | None = None) -> Part:
        operands = tuple(self.input(arg) for arg in args)
        name = self.name if part is self.tree else self.next_name()
        self.steps.append(Step(name, op, operands, part.column, attrs or {}))
        return Part(name)

    def input(self, arg: Any) -> Any:
        """An operand; a list of numbers becomes a constant with a name of its own."""
        if isinstance(arg, Word):
            raise FormulaError(tr("'{text}' in quotes can only be an attribute's value", text=arg.text), arg.column)
        if isinstance(arg, Several):
            message = tr("a list among the inputs holds numbers only; stack(a, b) joins nodes")
            raise FormulaError(message, arg.column)
        if isinstance(arg, list):
            name = self.next_name()
            self.steps.append(Step(name, "constant", (arg,), self.tree.column))
            return Part(name)
        return arg

    def next_name(self) -> str:
        self.count += 1
        return f"{self.name}#{self.count}"

    def finished(self, root: Any) -> list[Step]:
        if isinstance(root, Reference):
            self.steps.append(Step(self.name, ALIAS, (root,), root.column))
            return self.steps
        if isinstance(root, Word):
            self.input(root)
        if isinstance(root, Several):
            raise FormulaError(tr("a list holds numbers only; stack(a, b) joins nodes"), root.column)
        if not isinstance(root, Part):
            self.steps.append(Step(self.name, "constant", (root,), self.tree.column))
        return self.steps


def fold(op: str, a: Any, b: Any) -> int | float | None:
    """The value of an operation on two literal numbers; None where one of them is no number.

    Raises ModelError where it cannot be a 64-bit number, before it is worked out.

    >>> fold("**", 2, 10), fold("/", 1, 4)
    (1024, 0.25)
    """
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return None
    message = tr("the constant {a} {op} {b} is too large, or is no number; work it out by hand", a=a, op=op, b=b)
    try:
        if op == "**":
            value = _power(a, b)
        else:
            value = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[op]()
    except (ArithmeticError, ValueError):
        raise ModelError(message) from None
    too_large = isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER
    if isinstance(value, complex) or not math.isfinite(value) or too_large:
        raise ModelError(message)
    return value


def _power(a: int | float, b: int | float) -> Any:
    if isinstance(a, int) and isinstance(b, int) and abs(a) > 1 and b > 64:
        raise OverflowError
    return a**b


def attribute(op: str, key: str, tree: Expr) -> Any:
    """An attribute's value: a number, a word, true, false, none, or a list of them."""
    match tree:
        case Number(value=value):
            return value
        case Word(text=text):
            return text
        case Name(id=name):
            kind = ops.get(op)
            attr = kind.attrs.get(key)
            if name == "inf" and attr is not None and attr.kind == "number":
                return math.inf
            return _WORDS.get(name, name)
        case List(items=items):
            return [attribute(op, key, item) for item in items]
        case Negative(operand=Name(id="inf")):
            return -math.inf
        case Negative() | Binary():
            folded = _constant(tree)
            if folded is not None:
                return folded
    message = tr(
        "{op}: attribute '{key}' must be a number, a word, true, false, none or a list of them", op=op, key=key
    )
    raise FormulaError(message, tree.column)


def _constant(tree: Expr) -> int | float | None:
    """The number that an expression of literal numbers is; None for any other."""
    stack: list[Any] = []
    for part in postorder(tree):
        match part:
            case Number(value=value):
                stack.append(value)
            case Negative():
                stack[-1] = -stack[-1]
            case Binary(op=op) if op in _FOLDED:
                right = stack.pop()
                try:
                    stack[-1] = fold(op, stack[-1], right)
                except ModelError as error:
                    raise FormulaError(error.message, part.column) from None
            case _:
                return None
    number: int | float = stack[0]
    return number
