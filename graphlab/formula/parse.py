"""Text → expression tree. One grammar for the ops' formulas and the model file's expressions.

Precedence and associativity are Python's. Nothing is ever evaluated as Python.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache

from graphlab.errors import ModelError
from graphlab.formula import signs
from graphlab.formula.signs import NO_NAME, RAISED, READ
from graphlab.formula.tree import COMPARISONS, Binary, Call, Expr, Index, List, Name, Negative, Number, Slice, Word
from graphlab.messages import tr

MAX_DEPTH = 100
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
_SIGN = f"[{re.escape(''.join(READ))}]"
_FIGURES = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_OTHER = rf"(?![{re.escape(NO_NAME)}⁺⁻{_FIGURES}])"  # no sign and no raised figure stands in a name
_PART = rf"{_OTHER}(?:[^\W\d]|[^\x00-\x7f\s])(?:{_OTHER}(?:\w|[^\x00-\x7f\s]))*(?:\#\d+)?"  # fc, γ, and steps: E#2
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+−]?\d+)?)
  | (?P<name>{0}(?:\.{0})*)
  | `(?P<quoted>[^`\n]*)`(?P<behind>(?:\.{0})*)
  | (?P<word>'[^'\n]*'|"[^"\n]*")
  | (?P<raised>[⁺⁻]?[{figures}]+)
  | (?P<op>\*\*|<=|>=|==|!=|[-+*/@<>()\[\],=:]|{sign})
    )""".replace("{0}", _PART)
    .replace("{figures}", _FIGURES)
    .replace("{sign}", _SIGN),
    re.VERBOSE,
)
_BINDS = {**dict.fromkeys(COMPARISONS, 1), "+": 2, "-": 2, "*": 3, "/": 3, "@": 3, "**": 5}
_UNARY = 4


class FormulaError(ModelError):
    """An expression that does not parse; `column` is where, from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@lru_cache(maxsize=4096)
def parse(text: str) -> Expr:
    """The tree of an expression.

    Raises FormulaError, with the column, for anything outside the grammar.

    >>> parse("x @ W + b").right
    Name(column=8, id='b')
    >>> parse("-x**2") == parse("-(x**2)"), parse("2**3**2") == parse("2**(3**2)")
    (True, True)
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def whole(self) -> Expr:
        tree = self.expression(0)
        kind, token, column = self.tokens[self.at]
        if kind != "end":
            raise FormulaError(tr("'{token}' is not expected here", token=token) + self.remedy(), column)
        return tree

    def remedy(self) -> str:
        """What to write instead of the token at hand, which cannot stand here."""
        kind, token, _ = self.tokens[self.at]
        before, left, _ = self.tokens[self.at - 1] if self.at else ("end", "", 0)
        if hint := signs.remedy(token) or (signs.remedy(left) if before == "name" else ""):
            return hint
        behind = before in ("number", "name", "quoted", "raised") or left in (")", "]")
        if behind and (kind in ("number", "name", "quoted") or token == "("):
            return self.product(before, left, kind, token)
        if token == "," and before == "number":
            return tr("; a decimal point is written .")
        return ""

    def product(self, before: str, left: str, kind: str, token: str) -> str:
        """What to say of two things side by side: a product, or a function that is not written as one."""
        shown = {"(": "(…)", ")": "(…)", "]": "(…)"}
        product = ("(…)" if before == "raised" else shown.get(left, left)), shown.get(token, token)
        said = tr("; a product is written with *: {left} * {right}", left=product[0], right=product[1])
        if before == "number" and token[0] == "_":
            return tr("; a number has no _ in it")
        if before == kind == "name":
            return said + tr(", a function with brackets: {name}({x})", name=left, x=token)
        if before == "raised" and self.at > 1 and self.tokens[self.at - 2][0] == "name":
            name = self.tokens[self.at - 2][1]
            return said + tr(", the power of a function behind it: {name}(x){power}", name=name, power=left)
        if token == "(" and left == ")" and self.called():
            return said + tr(", a layer with what it takes in one pair of brackets: dropout(x, rate=0.5)")
        return said

    def called(self) -> bool:
        """Whether the bracket before the token at hand closes the call of a function."""
        depth = 0
        for i in range(self.at - 1, 0, -1):
            kind, token, _ = self.tokens[i]
            depth += (token == ")") - (token == "(") if kind == "op" else 0
            if depth == 0:
                return self.tokens[i - 1][0] == "name"
        return False

    def take(self, token: str) -> bool:
        if self.tokens[self.at][:2] == ("op", token):
            self.at += 1
            return True
        return False

    def need(self, token: str, hint: bool = True, close: str = "") -> None:
        """Take a token. close: the bracket that might stand there too."""
        if not self.take(token):
            kind, found, column = self.tokens[self.at]
            found = tr("the end") if kind == "end" else f"'{found}'"
            if close:
                message = tr("expected '{token}' or '{close}' but found {found}", token=token, close=close, found=found)
            else:
                message = tr("expected '{token}' but found {found}", token=token, found=found)
            message += self.remedy() if hint else ""
            raise FormulaError(message, column)

    def expression(self, floor: int) -> Expr:
        """Precedence climbing: everything that binds tighter than `floor`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = tr("nested deeper than {n} levels; split it into several nodes", n=MAX_DEPTH)
            raise FormulaError(message, self.tokens[self.at][2])
        left = self.prefix()
        while True:
            kind, op, column = self.tokens[self.at]
            binds = _BINDS.get(op, 0) if kind == "op" else 0
            if binds <= floor:
                break
            self.at += 1
            right = self.expression(binds - 1 if op == "**" else binds)
            left = Binary(op, left, right, column=column)
            if binds == 1 and self.tokens[self.at][1] in COMPARISONS:
                message = tr("comparisons cannot be chained; write them one by one and multiply")
                raise FormulaError(message, self.tokens[self.at][2])
        self.depth -= 1
        return left

    def prefix(self) -> Expr:
        _, _, column = self.tokens[self.at]
        if self.take("-"):
            if self.lowest():
                return Number(MIN_INTEGER, column=column)
            operand = self.expression(_UNARY - 1)
            if isinstance(operand, Number):  # so that -1 is a number wherever a number may stand
                return Number(-operand.value, column=column)
            return Negative(operand, column=column)
        return self.postfix(self.atom())

    def lowest(self) -> bool:
        """Whether 2**63 follows, alone, which is an integer only with its sign."""
        kind, token, _ = self.tokens[self.at]
        found = kind == "number" and token == str(-MIN_INTEGER) and self.tokens[self.at + 1][1] not in ("**", "[")
        self.at += found
        return found

    def atom(self) -> Expr:
        kind, token, column = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Number(_number(token, column), column=column)
        if kind == "word":
            return Word(token[1:-1], column=column)
        if kind == "quoted":
            return Name(token, column=column)
        if kind == "name":
            name = unicodedata.normalize("NFKC", token)
            return self.call(name, column) if self.take("(") else Name(name, column=column)
        if kind == "op" and token in "([":
            return self.bracket(token, column)
        found = tr("the expression ends here") if kind == "end" else tr("found '{token}'", token=token)
        hint = tr("; a power stands behind what it raises") if kind == "raised" else ""
        raise FormulaError(tr("expected a name, a number or '(' but {found}", found=found) + hint, column)

    def bracket(self, opened: str, column: int) -> Expr:
        close = ")" if opened == "(" else "]"
        items = []
        while not self.take(close):
            items.append(self.expression(0))
            if self.take(close):
                if opened == "(" and len(items) == 1:
                    return items[0]
                break
            self.need(",", close=close)
        return List(tuple(items), column=column)

    def call(self, function: str, column: int) -> Expr:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        while not self.take(")"):
            if self.tokens[self.at][0] == "name" and self.tokens[self.at + 1][:2] == ("op", "="):
                name, where = self.tokens[self.at][1:]
                self.at += 2
                if name in dict(keywords):
                    raise FormulaError(tr("attribute '{name}' is given twice", name=name), where)
                keywords.append((name, self.expression(0)))
            elif keywords:
                raise FormulaError(tr("inputs come before attributes"), self.tokens[self.at][2])
            else:
                args.append(self.expression(0))
            if self.take(")"):
                break
            self.need(",", close=")")
        return Call(function, tuple(args), tuple(keywords), column=column)

    def postfix(self, base: Expr) -> Expr:
        """Indices and raised figures: x[0]², which is x[0] ** 2."""
        while True:
            kind, token, column = self.tokens[self.at]
            if kind == "raised":
                self.at += 1
                base = Binary("**", base, Number(_power(token, column), column=column), column=column)
                continue
            if (kind, token) != ("op", "["):
                return base
            self.at += 1
            if self.tokens[self.at][:2] == ("name", "range"):
                base = self.picked(base, column)
                continue
            key: list[int | Slice] = []
            while not self.take("]"):
                key.append(self.index_item())
                if self.take("]"):
                    break
                self.need(",", hint=False, close="]")
            if not key:
                raise FormulaError(tr("an index needs a number or a slice, such as x[0] or x[1:3]"), column)
            base = Index(base, tuple(key), column=column)

    def picked(self, base: Expr, column: int) -> Expr:
        """base[range(n), index]: one entry of each of n rows, which the op `pick` takes."""
        self.at += 1
        self.need("(")
        kind, _, where = self.tokens[self.at]
        count = self.index_number() if kind == "number" else None
        if count is None:
            message = tr("range needs the number of rows: x[range(3), t]; for any number of rows write pick(x, t)")
            raise FormulaError(message, where)
        self.need(")")
        if not self.take(","):
            message = tr("range in an index stands before a node, x[range(3), t]; for rows write x[0:3]")
            raise FormulaError(message, self.tokens[self.at][2])
        index = self.expression(0)
        self.need("]")
        return Call("pick", (base, index), (("n", Number(count)),), column=column)

    def index_item(self) -> int | Slice:
        column = self.tokens[self.at][2]
        bounds: list[int | None] = [self.index_number()]
        while self.take(":"):
            bounds.append(self.index_number())
        if len(bounds) == 1 and bounds[0] is not None:
            return bounds[0]
        if not 2 <= len(bounds) <= 3:
            raise FormulaError(tr("an index is a whole number or a slice such as 1:3"), column)
        start, stop, step = (*bounds, None)[:3]
        return Slice(start, stop, step, column=column)

    def no_index(self, name: str) -> str:
        """What to say of an index that numpy takes; empty for a node, which picks."""
        behind = self.tokens[self.at + 1][1]
        if name == "None":
            return tr("; an axis is added by reshape(x, shape=[…])")
        if behind in COMPARISONS:
            return tr("; entries that fulfil a condition are kept by where(condition, x, 0)")
        return tr("; write range(3)") if behind == "(" else ""

    def index_number(self) -> int | None:
        negative = self.take("-")
        kind, token, column = self.tokens[self.at]
        if kind != "number":
            if kind in ("name", "quoted"):
                if hint := self.no_index(token):
                    raise FormulaError(tr("an index is a whole number or a slice such as 1:3") + hint, column)
                message = tr(
                    "{name} in an index is a node; write x[range(3), {name}] for one entry of each row, "
                    "gather(x, {name}, axis=…) for entries along an axis, or embedding({name}, x) for rows of x",
                    name=token,
                )  # fmt: skip
                raise FormulaError(message, column)
            if negative or kind != "op" or token not in ":],":
                raise FormulaError(tr("an index is a whole number or a slice such as 1:3"), column)
            return None
        self.at += 1
        value = _number(token, column)
        if not isinstance(value, int):
            raise FormulaError(tr("an index is a whole number, not {token}", token=token), column)
        return -value if negative else value


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip())
            raise FormulaError(not_part_of("..." if text.startswith("...", column) else text[column]), column)
        kind = "quoted" if match["quoted"] is not None else str(match.lastgroup)
        token, start = match[kind], match.start(kind)
        if kind == "name" and not token.isascii():
            _check_name(token, start)
        elif kind == "op":
            token = READ.get(token, token)
        if kind == "quoted":
            token, start = token + match["behind"], start - 1
        tokens.append((kind, token, start))
        at = match.end()
    tokens.append(("end", "", end))
    return tokens


def _check_name(token: str, column: int) -> None:
    """Raises FormulaError at the first character that no name can have, such as √ or a raised letter."""
    raised = next((i for i, c in enumerate(token) if signs.is_raised(c)), None)
    if raised is not None:
        raise FormulaError(not_part_of(token[raised]), column + raised)
    parts = re.sub(r"#\d+", "", unicodedata.normalize("NFKC", token)).split(".")
    if not all(part.isidentifier() for part in parts):
        plain = [unicodedata.normalize("NFKC", c) for c in token]
        bad = next((i for i, c in enumerate(plain) if c != "." and not f"a{c}".isidentifier()), 0)
        raise FormulaError(not_part_of(token[bad]), column + bad)


def not_part_of(character: str) -> str:
    """That a character is not part of an expression, and what to write instead."""
    return tr("'{found}' is not part of an expression", found=character) + signs.remedy(character)


def _power(token: str, column: int) -> int:
    """The number that raised figures say."""
    plain = token.translate(RAISED)
    value = _number(plain.lstrip("+-"), column)
    return -int(value) if plain[0] == "-" else int(value)


def _number(token: str, column: int) -> int | float:
    if token.isdigit():
        if token[0] == "0" and token.strip("0"):
            message = tr("the integer {token} starts with 0; write {plain}", token=_short(token),
                         plain=_short(token.lstrip("0")))  # fmt: skip
            raise FormulaError(message, column)
        # int() of a very long digit string is refused by Python itself: look at the length first
        if len(token.lstrip("0")) > 19 or int(token) > MAX_INTEGER:
            message = tr(
                "the integer {token} does not fit in 64 bits; write a smaller one, or a float such as 1e20",
                token=_short(token),
            )
            raise FormulaError(message, column)
        return int(token)
    value = float(token.replace("−", "-"))
    if math.isinf(value):
        raise FormulaError(tr("{token} is too large for a float64", token=_short(token)), column)
    return value


def _short(token: str) -> str:
    return token if len(token) <= 24 else f"{token[:20]}…"
