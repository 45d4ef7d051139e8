"""What a formula counts a part of it as where that part, put in numbers, is none: 0 × log 0, 0 × 0⁻¹, 0 / 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from graphlab.base.numbers import number
from graphlab.formula import Expr, evaluate, show
from graphlab.formula.tree import Binary, Call, Name, Negative, Number, postorder
from graphlab.messages import tr

MOST = 4  # parts of one formula
_FIXED = "\ue002"  # the name of a part that was replaced; never one of a formula's own


def convention(tree: Expr, values: Mapping[str, Any], result: Any) -> str:
    """The convention by which a formula gives its result; nothing where it gives it as it stands.

    >>> from graphlab.formula import parse
    >>> convention(parse("-sum(t * log(p))"), {"t": np.array([0.0, 1.0]), "p": np.array([0.0, 1.0])}, np.float64(0.0))
    '0 × log(0) counts as 0'
    """
    if result is None or not _risky(tree):
        return ""
    with np.errstate(all="ignore"):
        if not _odd(evaluate(tree, values), result).any():
            return ""
        too_large = next(_overflows(tree, values), None)
        if too_large is not None:
            return tr("{term} is too large for a number; it is computed without it", term=too_large)
        terms = _terms(tree, values, result)
        if not terms:
            return ""
        counted = _counted(tree, values, result)
    said = ", ".join(dict.fromkeys(terms))
    if counted is None:
        return tr("as it is written this is {term}", term=said)
    return tr("{term} counts as {value}", term=said, value=tr(" or ").join(counted))


@lru_cache(maxsize=4096)
def _risky(tree: Expr) -> bool:
    """Whether finite numbers may make it something that is none."""
    functions = {part.function for part in postorder(tree) if isinstance(part, Call)}
    return bool(functions & {"exp", "log"}) or any(
        isinstance(part, Binary) and part.op in ("/", "**") for part in postorder(tree)
    )


def _odd(written: Any, result: Any) -> np.ndarray:
    """Where a formula, as it is written, is not finite although its result is."""
    if np.shape(written) != np.shape(result):
        return np.zeros((), dtype=bool)
    return np.asarray(~np.isfinite(written) & np.isfinite(result))


def _overflows(tree: Expr, values: Mapping[str, Any]) -> Iterator[str]:
    for part in postorder(tree):
        if isinstance(part, Call) and part.function == "exp":
            argument = np.asarray(evaluate(part.args[0], values))
            beyond = np.isfinite(argument) & np.isinf(np.exp(argument))
            if beyond.any():
                yield show(Call("exp", (Name("x"),)), {"x": number(argument[beyond].ravel()[0])})


def _terms(tree: Expr, values: Mapping[str, Any], result: Any) -> list[str]:
    """The parts that stop a formula from giving its result, in numbers."""
    return [text for _, text in _replaced(tree, values, result, 0.0)[1]]


def _replaced(tree: Expr, values: Mapping[str, Any], result: Any, count: float) -> tuple[Any, list[tuple[Expr, str]]]:
    """The formula's value where each part that is no number counts as this one; and these parts, also in numbers."""
    known: dict[str, Any] = dict(values)
    found: list[tuple[Expr, str]] = []
    while _odd(evaluate(tree, known), result).any() and len(found) < MOST:
        birth = _birth(tree, known)
        if birth is None:
            break
        part, mask = birth
        name, text = f"{_FIXED}{len(found)}", _written(part, known, mask)
        known[name] = np.where(mask, count, evaluate(part, known))
        tree = _with(tree, part, Name(name))
        found.append((part, text))
    return evaluate(tree, known), found


def _birth(tree: Expr, values: Mapping[str, Any]) -> tuple[Expr, np.ndarray] | None:
    """The first part that is NaN though nothing in it is; else the first that is infinite so."""
    for bad in (np.isnan, lambda x: ~np.isfinite(x)):
        for part in postorder(tree):
            if isinstance(part, Binary) or (isinstance(part, Call) and part.function in ("log", "sqrt")):
                mask = np.asarray(bad(np.asarray(evaluate(part, values), dtype=float)))
                operands = [np.asarray(evaluate(child, values), dtype=float) for child in part.parts()]
                if isinstance(part, Binary) and part.op == "@":
                    mask = mask & (not any(bad(operand).any() for operand in operands))
                else:
                    for operand in operands:
                        mask = mask & ~bad(operand)
                if mask.any():
                    return part, mask
    return None


def _with(tree: Expr, part: Expr, other: Expr) -> Expr:
    """The formula with a part of it exchanged."""
    if tree == part:
        return other
    match tree:
        case Negative(operand=operand):
            return Negative(_with(operand, part, other))
        case Binary(op=op, left=left, right=right):
            return Binary(op, _with(left, part, other), _with(right, part, other))
        case Call(function=function, args=args, keywords=keywords):
            return Call(function, tuple(_with(arg, part, other) for arg in args), keywords)
    return tree


def _counted(tree: Expr, values: Mapping[str, Any], result: Any) -> list[str] | None:
    """What the parts count as: a formula is linear in them. None where no number does."""
    (none, _), (one, _) = (_replaced(tree, values, result, count) for count in (0.0, 1.0))
    odd = _odd(evaluate(tree, values), result)
    if np.shape(none) != np.shape(result) or np.shape(one) != np.shape(result):
        return None
    none, one, wanted = (np.asarray(x, np.float64)[odd] for x in (none, one, result))
    counts = np.where(np.isclose(none, wanted, rtol=1e-5, atol=1e-12), 0.0, (wanted - none) / (one - none))
    if not np.isfinite(counts).all():
        return None
    texts = list(dict.fromkeys(number(count) for count in counts))
    return texts if len(texts) <= 2 else None


def _written(part: Expr, values: Mapping[str, Any], mask: np.ndarray) -> str:
    """A part with its numbers, at the first place where it is none."""
    at = tuple(int(k) for k in np.argwhere(mask)[0])

    def figure(child: Expr, deep: bool = True) -> Expr:
        value = np.broadcast_to(np.asarray(evaluate(child, values), dtype=float), mask.shape)[at]
        if deep and not np.isfinite(value) and isinstance(child, Call) and child.function == "log":
            return Call("log", tuple(figure(arg, False) for arg in child.args))
        if deep and not np.isfinite(value) and isinstance(child, Binary) and child.op in ("**", "/"):
            return Binary(child.op, figure(child.left, False), figure(child.right, False))
        if np.isfinite(value) and float(value).is_integer() and abs(value) < 1e6:
            return Number(int(value))
        return Name("∞" if value > 0 else "−∞") if np.isinf(value) else Name(number(value))

    match part:
        case Binary(op="@"):
            return show(Binary("*", Number(0), Name("∞")))
        case Binary(op=op, left=left, right=right):
            return show(Binary(op, figure(left), figure(right)))
        case Call(function=function, args=args):
            return show(Call(function, tuple(figure(arg) for arg in args)))
    return show(part)
