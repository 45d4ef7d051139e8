"""A MODEL as the command line and gl.load take it: a file, a name in Python code, standard input or an expression."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphlab import builder, graph
from graphlab.builder import frozen_graph
from graphlab.errors import ModelError, UsageError
from graphlab.formula.parse import FormulaError
from graphlab.importers import python
from graphlab.importers.assignments import assignments
from graphlab.importers.native import reader as native
from graphlab.importers.native.document import Value, decode
from graphlab.importers.native.expressions import Reference, steps_of
from graphlab.importers.native.names import CONSTANTS, NOT_FINITE
from graphlab.importers.native.source import File
from graphlab.messages import did_you_mean, tr

SUFFIXES = (".yaml", ".yml", ".json")
ROOT = "out"  # the name of an expression given on the command line


def load(
    model: str | os.PathLike[str] | graph.Graph | builder.Graph, *, base: str | os.PathLike[str] | None = None
) -> graph.Graph:
    """The graph of a model: a .yaml, .yml or .json file; `file.py:name` or `package.module:name`; - for standard input.

    base: the folder of its data files, by default the model's own (the current one for standard input). Raises
    UsageError where there is no such model, and otherwise GraphlabError naming file:line:column.
    """
    if not isinstance(model, str | os.PathLike):
        return frozen_graph(model)
    path = os.fspath(model)
    if path == "-":
        return native.read(decode(sys.stdin.buffer.read(), "<stdin>"), "<stdin>", os.fspath(base or "."))
    named = None if os.path.exists(path) else python.split(path)
    if named:
        return python.load_python(*named)
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        listed = ", ".join(SUFFIXES)
        if suffix == ".py" and os.path.exists(path):
            raise UsageError(tr("say which graph of '{path}' is meant: {path}:NAME", path=path))
        message = tr(
            "'{path}' is not a model that can be read; those are {listed} files, file.py:NAME, package.module:NAME, "
            "and - for standard input",
            path=path, listed=listed,
        )  # fmt: skip
        raise UsageError(message)
    text = decode(_bytes(path), path)
    return native.read(text, path, os.fspath(base) if base else native.folder_of(path), source=path)


def load_argument(words: Sequence[str], expression: str | None = None) -> graph.Graph:
    """What a command line names: one MODEL, or with an expression its name=value …

    >>> load_argument(["x=3"], "x * x").target
    'out'
    """
    if expression is not None:
        return from_expression(expression, assignments(words))
    return load(words[0])


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        folder = Path(path).parent
        beside = [p.name for p in folder.iterdir() if p.suffix in SUFFIXES] if folder.is_dir() else []
        hint = did_you_mean(Path(path).name, beside)
        raise UsageError(tr("there is no file '{path}'{hint}", path=path, hint=hint)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(tr("'{path}' cannot be read: {reason}", path=path, reason=reason)) from None


def loads(text: str | bytes, *, base: str | os.PathLike[str] | None = None, path: str = "<text>") -> graph.Graph:
    """The graph in a model file's text. base: the folder of its data files; path: what to call the text in errors.

    >>> loads("graphlab: 1\\nparams: {w: 2}\\nnodes: {y: w * w}").nodes[1].inputs
    ('w', 'w')
    """
    if not isinstance(text, str | bytes):
        return frozen_graph(text)
    text = decode(text, path) if isinstance(text, bytes) else text
    return native.read(text, path, os.fspath(base or "."))


def from_expression(text: str, values: Mapping[str, Any]) -> graph.Graph:
    """The graph of one expression; its root is `out`, and the given names are its params.

    values: numbers or nested lists. Raises ModelError for what does not parse and for a name without a value.

    >>> [node.name for node in from_expression("sigmoid(w*x + 1)", {"w": 2, "x": -1}).nodes]
    ['w', 'x', 'out#1', 'out#2', 'out']
    """
    file = File("<expression>", text)
    out = builder.Graph(text)
    key, value = Value(ROOT, 0, 0, 0, ROOT), Value(text, 0, 0, 0, text)
    try:
        steps = steps_of(ROOT, text)
    except FormulaError as error:
        raise ModelError(error.message, where=file.where((0, error.column))) from None
    used = {o.name: o for step in steps for o in step.operands if isinstance(o, Reference)}
    missing = sorted((r for name, r in used.items() if name not in values), key=lambda r: r.column)
    if missing:
        names = ", ".join(f"'{r.name}'" for r in missing)
        usual = {**CONSTANTS, **{name: f".{name}" for name in NOT_FINITE}}
        add = " ".join(f"{r.name}={usual.get(r.name.rpartition('.')[2], '…')}" for r in missing)
        message = tr("no value is given for {names}; add {add}", names=names, add=add)
        raise ModelError(message, where=file.where((0, missing[0].column)))
    if ROOT in values:
        raise ModelError(tr("'{name}' is the expression's own name; choose another one", name=ROOT))
    reader = native.Reader(value, file, ".")
    reader.builder = out
    for name, given in values.items():
        out.param(name, given)
        reader.declared[name] = native.Declaration(name, "param", key, value)
    reader.declare(ROOT, "node", key, value)
    reader.declared[ROOT].steps = steps
    reader.find_names()
    reader.build(reader.declared[ROOT])
    return out.freeze(locations=reader.locations)
