"""One call of an op by its name, as a graph would make it."""

from __future__ import annotations

from typing import Any

import numpy as np
from contract import case_of, problems

from graphlab.ops import Context, check_attrs, get, unbroadcast


def call(name: str, *primals: Any, **given: Any) -> Any:
    """The op's value, its attributes checked and filled in as a graph does."""
    op = get(name)
    with np.errstate(all="ignore"):
        return op.forward(Context(), *primals, **check_attrs(op, given))[0]


def infer(name: str, *shapes: tuple[int, ...], **given: Any) -> tuple[int, ...]:
    op = get(name)
    return op.shape(*shapes, **check_attrs(op, given))


def pull(
    name: str, *primals: Any, g: Any = None, needs: tuple[bool, ...] | None = None, **given: Any
) -> tuple[Any, ...]:
    """The op's cotangents for an upstream gradient (by default ones), as the chain rule passes them on."""
    op = get(name)
    attrs = check_attrs(op, given)
    with np.errstate(all="ignore"):
        value, kept = op.forward(Context(), *primals, **attrs)
        g = np.ones(np.shape(value), np.asarray(value).dtype)[()] if g is None else g
        parts = op.vjp(Context(needs=needs), g, primals, value, kept, **attrs)
    if not op.elementwise:
        return parts
    return tuple(
        None if part is None else unbroadcast(part, np.shape(x)) for part, x in zip(parts, primals, strict=True)
    )


def upstream_like(value: Any, seed: int = 7) -> Any:
    return np.random.default_rng(seed).normal(size=np.shape(value))


def judge(name: str, *primals: Any, **given: Any) -> None:
    """This call of the op keeps the contract that its example keeps."""
    assert problems(case_of(get(name), primals, given)) == []
