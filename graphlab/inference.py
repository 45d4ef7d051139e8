"""Shapes and dtypes of a node from those of its inputs, before any number is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlab.errors import ShapeError
from graphlab.messages import tr
from graphlab.ops import Op

FLOATS = ("float64", "float32")
Seen = tuple[tuple[int, ...], str | None]  # shape and dtype; a literal number has no dtype of its own


def infer(op: type[Op], inputs: Sequence[Seen], attrs: Mapping[str, Any], default: str) -> tuple[tuple[int, ...], str]:
    """The shape and dtype of the op's value. Raises ShapeError; float32 and float64 never mix."""
    shape = op.shape(*[shape for shape, _ in inputs], **attrs)
    return shape, result_dtype(op, inputs, default)


def result_dtype(op: type[Op], inputs: Sequence[Seen], default: str) -> str:
    """The dtype of the value: the one float among the inputs, or what the op says of integers and booleans."""
    slots = op.slot_names(len(inputs))
    given = [(slot, dtype) for slot, (_, dtype) in zip(slots, inputs, strict=True) if dtype]
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
    if op.result == "float" or not counted:
        return floats[0][1] if floats else default
    if op.result == "number" and all(dtype == "bool" for dtype in counted):
        return default
    integers = [dtype for dtype in counted if dtype != "bool"]
    if not integers:
        return "bool"
    return "int64" if "int64" in integers else "int32"


def casts(op: type[Op], inputs: Sequence[Seen], dtype: str) -> tuple[str | None, ...] | None:
    """Per input, the dtype it must be converted to first; None where nothing must be."""
    if op.result == "bool":
        return None
    slots = op.slot_names(len(inputs))
    literal = all(seen is None for _, seen in inputs)
    out = tuple(
        dtype if (seen is None and literal) or (seen is not None and seen != dtype and slot not in op.as_is) else None
        for slot, (_, seen) in zip(slots, inputs, strict=True)
    )
    return out if any(out) else None
