"""Seeded mutations of texts, bytes and JSON: small damage that keeps most of an input's form."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

TOKENS = re.compile(r"\w+|\s+|[^\w\s]")
NUMBERS = (
    "0", "-0.0", "1", "-1", "2", "3", "0.5", "1e308", "-1e308", "1e-320", "1e39", "3.4e38", "1e999",
    "9007199254740993",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e20", ".nan", ".inf", "-.inf", "NaN",
    "Infinity", "nan", "inf", "0x10", "0o7", "007", "1_000", "1.", ".5", "1e", "--1", "1,5", "99999", "1e5",
)  # fmt: skip
NAMES = (
    "x", "y", "w", "W", "b", "L", "a", "s.x", "x.grad", "x.value", "grad", "out", "x#1", "`a b`", "if", "None",
    "true",
    "γ", "x²", "x2", "x₂", "ｘ", "µ", "Ω", "𝐱", "é", "block", "axis", "relu", "input", "np.exp", "x.T", "Linear",
)  # fmt: skip
SIGNS = (
    "+", "-", "*", "/", "**", "@", "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "<", ">=", "#", "'",
    '"', "`", "&a",
    "*a", "!!str", "|", ">", "---", "?", "- ", "<<", "~", "^", "×", "−", "–", "·", "÷", "√", "½", "π", "²", "⁻¹", "ᵀ",
    "“", "”", "\u00a0", "\u200b", "\ufeff", "\u2028", "\t", "\n", "\r\n", "\0", "\ud800", "😀", "%", "\\", ";", "//",
    "&&",
)  # fmt: skip
OPS = (
    "relu({})", "sum({})", "mean({}, axis=0)", "softmax({})", "exp({})", "log({})", "transpose({})", "{}[0]",
    "{}[::2]",
    "-{}", "affine({}, units=2)", "batchnorm({})", "layernorm({})", "dropout({}, rate=0.5)", "concat([{}, x])",
    "reshape({}, shape=[-1])", "clip({}, min=-1, max=1)", "where({} > 0, x, 1)", "mse({}, x)", "max({})",
    "var({}, ddof=1)",
    "softmax_cross_entropy({}, [0, 1])", "bce({}, 1)", "[{}, 1]", "({})**2", "sqrt({})", "stack({}, {})",
    "sum({}, axis=[0, 0])",
)  # fmt: skip


def text(rng: random.Random, seed: str, partner: str = "") -> str:
    """One to four small changes of a text: its tokens dropped, doubled, exchanged, or nasty ones put in."""
    tokens = TOKENS.findall(seed)
    others = TOKENS.findall(partner) or tokens
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        _change(rng, tokens, others)
    return "".join(tokens)


def _change(rng: random.Random, tokens: list[str], others: Sequence[str]) -> None:
    at = rng.randrange(len(tokens) + 1)
    some = [k for k, token in enumerate(tokens) if token.strip()]
    there = rng.choice(some) if some else 0
    match rng.randrange(9):
        case 0 if tokens:
            del tokens[there : there + rng.choice((1, 1, 1, 2, 5))]
        case 1 if tokens:
            tokens.insert(at, tokens[there])
        case 2 if some:
            other = rng.choice(some)
            tokens[there], tokens[other] = tokens[other], tokens[there]
        case 3:
            tokens.insert(at, rng.choice(SIGNS))
        case 4:
            numbers = [k for k in some if tokens[k][0].isdigit()]
            if numbers:
                tokens[rng.choice(numbers)] = rng.choice(NUMBERS)
        case 5 if some:
            tokens[there] = rng.choice(NAMES)
        case 6 if some:
            tokens[there] = rng.choice(OPS).format(*2 * (tokens[there],))
        case 7 if others:
            start = rng.randrange(len(others))
            tokens[at:at] = others[start : start + rng.randrange(1, 8)]
        case 8 if some:
            k = rng.randrange(len(tokens[there]) + 1)
            tokens[there] = tokens[there][:k] + rng.choice(SIGNS + NUMBERS) + tokens[there][k:]


def data(rng: random.Random, seed: bytes) -> bytes:
    """Some bytes flipped, dropped, doubled or cut off."""
    out = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(5):
            case 0 if out:
                out[at % len(out)] ^= 1 << rng.randrange(8)
            case 1:
                del out[at : at + rng.choice((1, 1, 2, 8, 64))]
            case 2:
                out[at:at] = out[at : at + rng.choice((1, 4, 32))]
            case 3:
                out[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 4)))
            case 4 if rng.random() < 0.2:
                del out[at:]
    return bytes(out)


JSON_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 10**9, 2**63, -(2**63), 1e308, 0.5, "", "x", "y", "NaN", "Infinity",
    "-Infinity", "inf",
    [], [1], [[1, 2], [3, 4]], [[1], [2, 3]], ["NaN"], {}, {"a": 1}, "float64", "float32", "int64", "param", "node",
    "add",
    "train", "eval", "backward", "\ud800", "x.grad", [0], [10**9, 10**9], [-1], "relu", "sum",
)  # fmt: skip


def structure(rng: random.Random, seed: Any) -> Any:
    """A JSON value with one to three of its parts exchanged, dropped, doubled or moved."""
    out = copy.deepcopy(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(out))
        if not places:
            return rng.choice(JSON_VALUES)
        holder, key = rng.choice(places)
        match rng.randrange(5):
            case 0:
                del holder[key]
            case 1:
                other, where = rng.choice(places)
                holder[key] = copy.deepcopy(other[where])
            case 2 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 3 if isinstance(holder, dict):
                holder[rng.choice(("name", "value", "x", "format", key + "s"))] = holder.pop(key)
            case _:
                holder[key] = copy.deepcopy(rng.choice(JSON_VALUES))
    return out


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def json_text(rng: random.Random, seed: Any) -> bytes:
    """A JSON file of which the structure, or now and then the text, is damaged."""
    if rng.random() < 0.15:
        return data(rng, json.dumps(seed).encode())
    return json.dumps(structure(rng, seed)).encode()


def expression(rng: random.Random, depth: int = 0) -> str:
    """An expression that mostly parses."""
    if depth > 4 or rng.random() < 0.3:
        return rng.choice((*NAMES[:8], *NUMBERS[:12], "x", "y", "w", "[1, 2]"))
    build: Callable[[], str] = lambda: expression(rng, depth + 1)  # noqa: E731
    if rng.random() < 0.5:
        return f"{build()} {rng.choice(SIGNS[:6])} {build()}"
    return rng.choice(OPS).format(build(), build())
