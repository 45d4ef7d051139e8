"""Formula → Unicode text, with symbols or with numbers in the place of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from graphlab.formula.tree import COMPARISONS, Binary, Call, Expr, Index, List, Name, Negative, Number, Slice, Word

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "theta": "θ", "lambda": "λ",
    "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "eta": "η",
    "upstream": "∂L/∂y",
}  # fmt: skip
_SIGNS = {"*": " × ", "@": " · ", "/": " / ", "<=": " ≤ ", ">=": " ≥ ", "==": " = ", "!=": " ≠ "}
_SUBSCRIPT = str.maketrans("0123456789-,", "₀₁₂₃₄₅₆₇₈₉₋,")
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_COMPARE, _ADD, _MUL, _NEG, _POW, _ATOM = range(1, 7)
_LEVEL = {**dict.fromkeys(COMPARISONS, _COMPARE), "+": _ADD, "-": _ADD, "*": _MUL, "/": _MUL, "@": _MUL, "**": _POW}

Shown = tuple[str, int]  # the text and how tightly it binds


LETTERS = {**GREEK, "var": "σ²", "xhat": "x̂"}  # in formulas only: a node called var keeps its name


@lru_cache(maxsize=65536)
def symbol(name: str) -> str:
    """How a name is shown: gamma as γ; in a dotted name the last part.

    >>> symbol("gamma"), symbol("hidden.bn.beta"), symbol("W1")
    ('γ', 'hidden.bn.β', 'W1')
    """
    scope, dot, last = name.rpartition(".")
    return scope + dot + GREEK[last] if last in GREEK and last != "upstream" else name


def reference(name: str) -> str:
    """A name as an expression takes it: in backquotes where it is no identifier.

    >>> reference("fc.W.grad"), reference("a b.grad")
    ('fc.W.grad', '`a b.grad`')
    """
    parts = re.sub(r"#\d+", "", name).split(".")
    return name if all(part.isidentifier() for part in parts) else f"`{name}`"


def show(tree: Expr, names: Mapping[str, str] | None = None, attrs: Mapping[str, object] | None = None) -> str:
    """One line of Unicode. `names` puts texts (numbers, say) for names; `attrs` gives keywords such as axis.

    >>> from graphlab.formula import parse
    >>> show(parse("gamma * (x - mean(x, axis=0)) / sqrt(v + eps) ** 2"))
    'γ × (x − mean₀(x)) / √(v + ε)²'
    >>> show(parse("upstream * y * (1 - y)"), {"upstream": "-0.5", "y": "0.73"})
    '-0.5 × 0.73 × (1 − 0.73)'
    >>> show(parse("transpose(x) @ upstream"), {"upstream": "∂L/∂fc"})
    'xᵀ · ∂L/∂fc'
    """
    return _Show(names or {}, attrs or {}).text(tree, 0)


class _Show:
    def __init__(self, names: Mapping[str, str], attrs: Mapping[str, object]) -> None:
        self.names = names
        self.attrs = attrs

    def text(self, tree: Expr, level: int) -> str:
        text, binds = self.shown(tree)
        return text if binds >= level else f"({text})"

    def shown(self, tree: Expr) -> Shown:
        match tree:
            case Number(value=value):
                return number_text(repr(value))
            case Name(id=name):
                return self.name(name)
            case Word(text=text):
                return text, _ATOM
            case Negative(operand=operand):
                return "−" + self.text(operand, _POW), _NEG
            case Binary():
                return self.binary(tree)
            case Call(function=function, args=args, keywords=keywords):
                given = {key: self.keyword(value) for key, value in keywords}
                return _CALLS.get(function, _plain(function))(self, args, given)
            case List(items=items):
                return "[" + ", ".join(self.text(item, 0) for item in items) + "]", _ATOM
            case Index(base=base, key=key):
                return f"{self.text(base, _ATOM)}[{key_text(key)}]", _ATOM
        raise TypeError(f"not a formula: {tree!r}")

    def name(self, name: str) -> Shown:
        if name not in self.names:
            return LETTERS.get(name) or symbol(name), _ATOM
        return number_text(self.names[name])

    def keyword(self, tree: Expr) -> object:
        if isinstance(tree, Name):
            return self.attrs.get(tree.id, None if tree.id == "none" else tree.id)
        if isinstance(tree, Number):
            return tree.value
        if isinstance(tree, List):
            return [self.keyword(item) for item in tree.items]
        return self.text(tree, 0)

    def binary(self, tree: Binary) -> Shown:
        level = _LEVEL[tree.op]
        if tree.op == "**":
            base = self.text(tree.left, _ATOM)
            exponent, _ = self.shown(tree.right)
            if exponent.lstrip("-").isdigit():
                return base + exponent.translate(_SUPERSCRIPT), _POW
            return f"{base}^{self.text(tree.right, _ATOM)}", _POW
        left = self.factor(tree.left, level)
        # the right side of a product or a difference is bracketed where leaving it out would change the meaning
        tight = level + 1 if tree.op in "-/@" or level == _COMPARE or _is(tree.right, "/", "@") else level
        right = self.factor(tree.right, tight)
        if right.startswith("-") or right.startswith("−"):
            right = f"({right})"
        sign = "−" if tree.op == "-" else tree.op
        return f"{left}{_SIGNS.get(tree.op, f' {sign} ')}{right}", level

    def factor(self, tree: Expr, level: int) -> str:
        """An operand; a comparison in arithmetic is 1 or 0, in Iverson's brackets."""
        inner = tree.args[0] if isinstance(tree, Call) and tree.function == "column" else tree
        if isinstance(inner, Binary) and inner.op in COMPARISONS:
            return f"[{self.text(inner, 0)}]"
        return self.text(tree, level)


def _is(tree: Expr, *ops: str) -> bool:
    return isinstance(tree, Binary) and tree.op in ops


def number_text(text: str) -> Shown:
    """A negative number binds like a minus sign, a spaced text like a sum."""
    if text.startswith("-"):
        return text, _NEG
    return text, _ATOM


def key_text(key: tuple[int | Slice, ...]) -> str:
    """An index as it is written: 1:3, -1."""
    return ", ".join(str(k) if isinstance(k, int) else _slice_text(k) for k in key)


def _slice_text(key: Slice) -> str:
    start, stop, step = ("" if n is None else str(n) for n in (key.start, key.stop, key.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def axis_text(axis: object) -> str:
    """The subscript that names the summed axis, k for the last; nothing for all of them."""
    if axis is None or isinstance(axis, str):
        return ""
    if axis in (-1, [-1]):
        return "ₖ"
    return (
        ",".join(str(a) for a in axis).translate(_SUBSCRIPT)
        if isinstance(axis, list | tuple)
        else str(axis).translate(_SUBSCRIPT)
    )


Shower = Callable[[_Show, tuple[Expr, ...], Mapping[str, object]], Shown]


def _plain(function: str) -> Shower:
    def shower(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
        parts = [s.text(arg, 0) for arg in args]
        parts += [f"{name}={value}" for name, value in given.items() if value is not None]
        return f"{function}({', '.join(parts)})", _ATOM

    return shower


def _reduced(sign: str) -> Shower:
    def shower(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
        return f"{sign}{axis_text(given.get('axis'))}({s.text(args[0], 0)})", _ATOM

    return shower


def _total(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
    return f"Σ{axis_text(given.get('axis'))} {s.factor(args[0], _POW)}", _NEG


def _inner(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
    return s.shown(args[0])


def _around(before: str, after: str) -> Shower:
    return lambda s, args, given: (f"{before}{s.text(args[0], 0)}{after}", _ATOM)


def _after(sign: str) -> Shower:
    return lambda s, args, given: (s.text(args[0], _ATOM) + sign, _ATOM)


def _transposed(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
    return (_plain("transpose") if "axes" in given else _after("ᵀ"))(s, args, given)


def _rows_picked(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> str:
    return f"[range({given['n']}), {s.text(args[1], 0)}]"


def _scattered(s: _Show, args: tuple[Expr, ...], given: Mapping[str, object]) -> Shown:
    return f"Σ at {s.text(args[0], _ATOM)} of {s.text(args[1], _ATOM)}", _NEG


_CALLS: dict[str, Shower] = {
    "abs": _around("|", "|"),
    "batch": lambda s, args, given: ("N", _ATOM),
    "column": _inner,
    "count": lambda s, args, given: ("n" + axis_text(given.get("axis")), _ATOM),
    "max": _reduced("max"),
    "mean": _reduced("mean"),
    "min": _reduced("min"),
    "one_hot": lambda s, args, given: (f"onehot({s.text(args[0], 0)})", _ATOM),
    "pick": lambda s, args, given: (s.text(args[0], _ATOM) + _rows_picked(s, args, given), _ATOM),
    "place": lambda s, args, given: (f"{s.text(args[0], _ATOM)} at [{given['key']}]", _NEG),
    "place_picked": lambda s, args, given: (f"{s.text(args[0], _ATOM)} at {_rows_picked(s, args, given)}", _NEG),
    "row": _after("ᵀ"),
    "rows": _inner,
    "scatter_add": _scattered,
    "scatter_along": _scattered,
    "spread": _inner,
    "sqrt": lambda s, args, given: ("√" + s.text(args[0], _ATOM), _ATOM),
    "sum": _total,
    "sum_to": lambda s, args, given: (f"Σₙ {s.text(args[0], _POW)}", _NEG),
    "transpose": _transposed,
}
