"""What stands under inputs, params and state, and constants: a value, a shape with an initialiser, or a data file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from graphlab import builder
from graphlab.arrays.state import OPTIONS
from graphlab.arrays.values import DTYPES, FLOATS, RANGES, out_of_range, overflows, too_large
from graphlab.errors import DataError, GraphlabError, ModelError
from graphlab.importers import datafiles as data
from graphlab.importers.native.document import Value
from graphlab.importers.native.source import File
from graphlab.importers.table import written
from graphlab.messages import did_you_mean, tr

_DATA = ("value", "shape", "init", *OPTIONS, "file", "key", "rows")
KEYS = {
    "input": (*_DATA, "dtype", "grad"),
    "param": (*_DATA, "trainable"),
    "state": _DATA,
    "constant": ("value", "shape", "dtype"),
}
_FROM_FILE = ("file", "key", "rows")
_ELSEWHERE = {  # what others call an option
    **dict.fromkeys(("csv", "npy", "npz", "path", "data", "filename"), "file"), "values": "value", "size": "shape",
    **dict.fromkeys(("column", "columns", "col", "usecols"), "key"), "type": "dtype", "initializer": "init",
    "requires_grad": "grad",
}  # fmt: skip
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def add_leaf(graph: builder.Graph, role: str, name: str, value: Value, file: File, folder: str) -> None:
    """Add an input, param, state or constant as the file describes it. Raises errors with their place."""
    spec = _Spec(graph, role, name, value, file, folder)
    try:
        spec.add()
    except GraphlabError as error:
        raise error.at(file.where(spec.value.place)) from None


class _Spec:
    def __init__(self, graph: builder.Graph, role: str, name: str, value: Value, file: File, folder: str) -> None:
        self.graph = graph
        self.role = role
        self.name = name
        self.value = value
        self.file = file
        self.folder = folder
        entries = {} if value.data is None else {"value": (value, value)}
        entries = value.data if isinstance(value.data, dict) else entries
        self.given: dict[str, Value] = {key: entry for key, (_, entry) in entries.items()}
        for key, (at, _) in entries.items():
            if key not in KEYS[role]:
                hint = did_you_mean(_ELSEWHERE.get(key.casefold(), key), KEYS[role])
                listed = ", ".join(KEYS[role])
                message = tr("unknown option '{key}'{hint}; there are: {listed}", key=key, hint=hint, listed=listed)
                raise file.error(ModelError, at.place, message)

    def fail(self, key: str, kind: type[GraphlabError], message: str) -> GraphlabError:
        return self.file.error(kind, self.given[key].place, message)

    def add(self) -> None:
        array, source = self.array()
        options: dict[str, Any] = {}
        for key in ("grad", "trainable"):
            if key in self.given:
                options[key] = self.option(key, lambda d: isinstance(d, bool), tr("true or false"))
        if self.role in ("input", "constant"):
            options["dtype"] = self.dtype()
        if self.role != "constant":
            options |= self.initialiser()
        elif array is None:
            raise ModelError(tr("'{name}' needs a value", name=self.name))
        try:
            if self.role == "constant":
                self.graph.constant(array, self.name, **options)
            else:
                getattr(self.graph, self.role)(self.name, array, **options)
        except GraphlabError as error:
            at = next((self.given[k] for k in ("init", "shape", "value") if k in self.given), self.value)
            raise error.at(self.file.where(at.place)) from None
        if source:
            node = self.graph.nodes[self.name]
            self.graph.nodes[self.name] = replace(node, attrs={**node.attrs, **source})

    def option(self, key: str, ok: Callable[[Any], bool], expected: str) -> Any:
        value = self.given[key]
        if not ok(value.data):
            message = tr("'{name}': {key} is {found} but must be {expected}",
                         name=self.name, key=key, found=value.shown(), expected=expected)  # fmt: skip
            raise self.fail(key, ModelError, message)
        return value.data

    def dtype(self) -> str | None:
        if "dtype" not in self.given:
            return None
        value = self.given["dtype"]
        if value.text not in DTYPES:
            hint, listed = did_you_mean(value.text, DTYPES), ", ".join(DTYPES)
            message = tr("unknown dtype {found}{hint}; there are: {listed}",
                         found=value.shown(), hint=hint, listed=listed)  # fmt: skip
            raise self.fail("dtype", ModelError, message)
        return value.text

    def initialiser(self) -> dict[str, Any]:
        """shape, init and its options; {} where a value is given."""
        out: dict[str, Any] = {}
        if "shape" in self.given and "value" not in self.given:
            out["shape"] = self.shape()
        if "init" in self.given:
            out["init"] = self.option("init", lambda d: isinstance(d, str), tr("a word such as he"))
        for key in OPTIONS:
            if key in self.given:
                value = self.given[key].data
                if isinstance(value, list | dict):
                    self.option(key, lambda d: False, tr("a number or a word"))
                out[key] = value
        return out

    def shape(self) -> tuple[int, ...]:
        sizes = self.option("shape", lambda d: isinstance(d, list), tr("a list of whole numbers, such as [4, 3]"))
        for size in sizes:
            if not isinstance(size.data, int) or isinstance(size.data, bool) or size.data < 0:
                message = tr("'{name}': a size is {found} but must be a whole number, 0 or more",
                             name=self.name, found=size.shown())  # fmt: skip
                raise self.file.error(ModelError, size.place, message)
        return tuple(size.data for size in sizes)

    def array(self) -> tuple[Any, dict[str, Any]]:
        """The value and, if it comes from a file, which one."""
        for key in ("key", "rows"):
            if key in self.given and "file" not in self.given:
                raise self.fail(key, ModelError, tr("`{key}` picks from a data file; add `file`", key=key))
        if "file" in self.given:
            for key in ("value", "shape", "init"):
                if key in self.given:
                    message = tr("'{name}' has both a file and a {key}; give one of them", name=self.name, key=key)
                    raise self.fail(key, ModelError, message)
            return self.from_file()
        if "value" not in self.given:
            if "shape" not in self.given and self.role != "constant":
                raise ModelError(tr("'{name}' needs a value, or a shape with an initialiser", name=self.name))
            return None, {}
        array = self.numbers(self.given["value"])
        if "shape" in self.given:
            shape = self.shape()
            if 0 not in shape or np.size(array):
                message = tr("'{name}' has both a value and a shape; give one of them", name=self.name)
                raise self.fail("shape", ModelError, message)
            array = np.zeros(shape)
        return array, {}

    def from_file(self) -> tuple[Any, dict[str, Any]]:
        name = self.option("file", lambda d: isinstance(d, str), tr("a file's name"))
        source: dict[str, Any] = {"file": name}
        key = None
        if "key" in self.given:
            value = self.given["key"]
            key = [item.text for item in value.data] if isinstance(value.data, list) else value.text
            if isinstance(value.data, dict) or not key:
                self.option("key", lambda d: False, tr("a name or a list of names"))
            source["key"] = key
        try:
            path = data.find(self.folder, name)
        except DataError as error:
            raise error.at(self.file.where(self.given["file"].place)) from None
        try:
            array = data.read(path, key, whole=self.dtype() not in (None, *FLOATS))
        except GraphlabError as error:
            raise error.at(self.file.where(self.given["key" if key else "file"].place)) from None
        if "rows" in self.given:
            rows = self.given["rows"].text
            source["rows"] = rows
            try:
                array = data.take_rows(array, rows)
            except DataError as error:
                raise error.at(self.file.where(self.given["rows"].place)) from None
        return array, source

    def numbers(self, value: Value) -> Any:
        dtype = self.given["dtype"].text if "dtype" in self.given else self.graph.dtype
        return numbers(value, self.file, self.name, dtype)


def numbers(value: Value, file: File, name: str, dtype: str) -> Any:
    """A number or regular nested lists of them. Raises DataError at the first that is not."""
    sizes: list[int] = []
    first: Value | None = value
    while first is not None and isinstance(first.data, list):
        sizes.append(len(first.data))
        first = first.data[0] if first.data else None

    def convert(item: Value, axis: int) -> Any:
        if isinstance(item.data, list):
            if axis == len(sizes):
                raise ragged(item, tr("a list stands where the first entry is a number"))
            if len(item.data) != sizes[axis]:
                raise ragged(item, tr("a list of {n} where the first has {m}", n=len(item.data), m=sizes[axis]))
            return [convert(inner, axis + 1) for inner in item.data]
        if axis < len(sizes) and not isinstance(item.data, dict):
            raise ragged(item, tr("{found} stands where the first entry is a list", found=item.shown()))
        return _number(item, file, name, dtype)

    def ragged(item: Value, what: str) -> DataError:
        message = tr("'{name}': {what}; all rows must have the same length", name=name, what=what)
        return file.error(DataError, item.place, message)

    return convert(value, 0)


def _number(item: Value, file: File, name: str, dtype: str) -> Any:
    data = item.data
    if isinstance(data, str) and item.style == '"' and data in _NOT_FINITE:
        data = _NOT_FINITE[data]
    if isinstance(data, bool) and dtype != "bool":
        message = tr(
            "'{name}': {found} is not a number; write 1 or 0, or say dtype: bool", name=name, found=item.shown()
        )
        raise file.error(DataError, item.place, message)
    if not isinstance(data, int | float):
        hint = written(item.text) if isinstance(data, str) else ""
        text = "'{name}': {found} is not a number{hint}"
        message = tr(text, name=name, found=item.shown(), hint=hint or tr("; expressions stand under nodes"))
        raise file.error(DataError, item.place, message)
    if isinstance(data, float) and dtype not in FLOATS:
        if not data.is_integer():
            message = tr("'{name}': {found} is not a whole number, but its dtype is {dtype}",
                         name=name, found=item.shown(), dtype=dtype)  # fmt: skip
            raise file.error(DataError, item.place, message)
        data = int(data)
    low, high = RANGES.get(dtype, (-math.inf, math.inf))
    if overflows(data, dtype) or data < low or data > high:
        why = too_large(dtype) if dtype in FLOATS else out_of_range(dtype)
        message = tr("'{name}': {found} {why}", name=name, found=item.shown(), why=why)
        raise file.error(DataError, item.place, message)
    return data
