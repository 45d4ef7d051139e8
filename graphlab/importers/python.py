"""`file.py:name` and `package.module:name`: a graph, or a function that returns one. This runs the user's Python."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from graphlab import builder, graph
from graphlab.builder import frozen_graph
from graphlab.errors import GraphlabError, ModelError, UsageError
from graphlab.messages import did_you_mean, tr

_FILE = re.compile(r"(?P<module>.+\.py):(?P<name>[^\W\d]\w*)")
_MODULE = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")


def split(model: str) -> tuple[str, str] | None:
    """The file or module, and the name in it; None if this is no such thing.

    >>> split("nets/mlp.py:make"), split("package.nets:mlp"), split("model.yaml")
    (('nets/mlp.py', 'make'), ('package.nets', 'mlp'), None)
    """
    match = _FILE.fullmatch(model) or _MODULE.fullmatch(model)
    return (match["module"], match["name"]) if match else None


def load_python(module: str, name: str) -> graph.Graph:
    """The graph called `name`. Raises UsageError where it is not there, ModelError where the user's code fails."""
    loaded = _loaded(module)
    if not hasattr(loaded, name):
        names = [n for n in vars(loaded) if not n.startswith("_")]
        hint = did_you_mean(name, names)
        raise UsageError(tr("'{module}' has no '{name}'{hint}", module=module, name=name, hint=hint))
    found = getattr(loaded, name)
    if callable(found):
        found = _run(found, module)
    if not isinstance(found, graph.Graph | builder.Graph):
        message = tr(
            "'{name}' of '{module}' is {kind} but must be a gl.Graph, or a function without arguments that returns one",
            name=name, module=module, kind=type(found).__name__,
        )  # fmt: skip
        raise ModelError(message)
    return frozen_graph(found)


def _loaded(module: str) -> ModuleType:
    if not module.endswith(".py"):
        return _with_path(os.getcwd(), lambda: _run(lambda: importlib.import_module(module), module))
    if not Path(module).is_file():
        raise UsageError(tr("there is no file '{path}'", path=module))
    spec = importlib.util.spec_from_file_location(Path(module).stem, module)
    if spec is None or spec.loader is None:
        raise UsageError(tr("'{path}' cannot be loaded as Python", path=module))
    loader = spec.loader
    loaded = importlib.util.module_from_spec(spec)

    def execute() -> ModuleType:
        before = sys.modules.get(loaded.__name__)
        sys.modules[loaded.__name__] = loaded  # as dataclasses and pickle expect while a module runs
        try:
            loader.exec_module(loaded)
        finally:
            if before is None:
                del sys.modules[loaded.__name__]
            else:
                sys.modules[loaded.__name__] = before
        return loaded

    return _with_path(str(Path(module).resolve().parent), lambda: _run(execute, module))


def _with_path(folder: str, action: Callable[[], ModuleType]) -> ModuleType:
    """Run with a folder importable, as Python does for a script's own."""
    sys.path.insert(0, folder)
    try:
        return action()
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _run(action: Callable[[], Any], module: str) -> Any:
    """Call the user's code; what goes wrong in it becomes one error with its file and line."""
    try:
        return action()
    except GraphlabError as error:
        raise error.at(_where(error, module)) from None
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise UsageError(tr("there is no module '{module}'", module=module)) from None
        raise ModelError(_told(error), where=_where(error, module)) from None
    except (Exception, SystemExit) as error:
        raise ModelError(_told(error), where=_where(error, module)) from None


def _told(error: BaseException) -> str:
    text = str(error.msg if isinstance(error, SyntaxError) else error)
    return tr("the model's Python code failed: {kind}: {text}", kind=type(error).__name__, text=text)


def _where(error: BaseException, module: str) -> str:
    """file:line of the innermost line of the user's own file."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{module if module.endswith('.py') else error.filename}:{error.lineno}:{error.offset or 1}"
    path = Path(module).resolve() if module.endswith(".py") else None
    own = Path(__file__).resolve().parents[1]
    where = module
    for frame in traceback.extract_tb(error.__traceback__):
        at = Path(frame.filename)
        if path is not None and at.resolve() == path:
            where = f"{module}:{frame.lineno}"
        elif path is None and not at.resolve().is_relative_to(own) and not frame.filename.startswith("<"):
            where = f"{frame.filename}:{frame.lineno}"
    return where
