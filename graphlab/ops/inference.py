"""Shapes and dtypes of a node from those of its inputs, before any number is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlab.arrays.values import FLOATS, overflows, too_large
from graphlab.errors import ModelError, ShapeError
from graphlab.messages import tr
from graphlab.ops import Op

REAL = "real"  # a literal that is no whole number: among integers it makes the value a float
Seen = tuple[tuple[int, ...], str | None]  # shape and dtype; a literal number has no dtype of its own


def literal(value: float) -> Seen:
    """What inference knows of a number written in the model.

    >>> literal(2), literal(0.5), literal(2**40)
    (((), None), ((), 'real'), ((), 'int64'))
    """
    if isinstance(value, int):
        return (), None if -(2**31) <= value < 2**31 else "int64"
    return (), REAL


def infer(
    op: type[Op], inputs: Sequence[Seen], attrs: Mapping[str, Any], default: str, names: Sequence[Any] = ()
) -> tuple[tuple[int, ...], str]:  # fmt: skip
    """The shape and dtype of the op's value. Raises ShapeError; float32 and float64 never mix. names: of the inputs."""
    shapes = [shape for shape, _ in inputs]
    try:
        shape = op.shape(*shapes, **attrs)
    except ShapeError as error:
        remedy = op.remedy(_called(op.slot_names(len(inputs)), names), shapes) if op.remedy else ""
        raise (ShapeError(f"{error.message}; {remedy}") if remedy else error) from None
    numbers = {key: value for key, value in attrs.items() if isinstance(value, float)}
    dtype = result_dtype(op, inputs, default, bool(numbers))
    for key, value in numbers.items():
        if overflows(value, dtype):
            text = "attribute '{key}': {number} {why}"
            raise ModelError(tr(text, key=key, number=str(value), why=too_large(dtype)))
    return shape, dtype


def _called(slots: Sequence[str], names: Sequence[Any]) -> list[str]:
    """What a remedy calls the inputs: by name where an expression can, else as the op does."""
    given = names or slots
    return [name if isinstance(name, str) and name.isidentifier() else slot
            for name, slot in zip(given, slots, strict=True)]  # fmt: skip


def result_dtype(op: type[Op], inputs: Sequence[Seen], default: str, real: bool = False) -> str:
    """The dtype of the value: the one float among the inputs, or what the op says of integers and booleans.

    real: whether an attribute is no whole number.
    """
    slots = op.slot_names(len(inputs))
    real = real or any(dtype == REAL for slot, (_, dtype) in zip(slots, inputs, strict=True) if slot not in op.as_is)
    given = [(slot, dtype) for slot, (_, dtype) in zip(slots, inputs, strict=True) if dtype and dtype != REAL]
    floats = [(slot, dtype) for slot, dtype in given if dtype in FLOATS]
    for slot, dtype in floats[1:]:
        if dtype != floats[0][1]:
            message = tr(
                "{a} is {da} but {b} is {db}; give both the same dtype",
                a=floats[0][0],
                da=floats[0][1],
                b=slot,
                db=dtype,
            )
            raise ShapeError(message)
    if op.result == "bool":
        return "bool"
    counted = [dtype for slot, dtype in given if slot not in op.as_is]
    kept = [dtype for dtype in counted if dtype in FLOATS]
    if kept:
        return kept[0]
    if op.result == "float" or real or not counted:
        return floats[0][1] if floats else default
    if op.result in ("number", "total") and all(dtype == "bool" for dtype in counted):
        return default
    integers = [dtype for dtype in counted if dtype != "bool"]
    if not integers and len(counted) == len(inputs):
        return "bool"
    return "int32" if op.result != "total" and set(integers) == {"int32"} else "int64"


def casts(op: type[Op], inputs: Sequence[Seen], dtype: str) -> tuple[str | None, ...] | None:
    """Per input, the dtype it must be converted to first; None where nothing must be."""
    if op.result == "bool":
        return None
    pairs = [(slot, seen) for slot, (_, seen) in zip(op.slot_names(len(inputs)), inputs, strict=True)]
    numbers = all(seen in (None, REAL) for slot, seen in pairs if slot not in op.as_is)
    keep = (None, REAL, dtype) if op.elementwise and not numbers else (dtype,)  # numpy's own rule serves a literal
    out = tuple(None if slot in op.as_is or seen in keep else dtype for slot, seen in pairs)
    return out if any(out) else None
