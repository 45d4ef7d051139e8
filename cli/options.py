"""What several commands have in common: the MODEL, how to run it, and where to write."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .terminal.screen import warn

if TYPE_CHECKING:
    from graphlab.graph import Graph

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_COMPLETED_BYTES = 200_000  # models up to this size are read for their node names while a command line is completed
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


EXPRESSION = tr("Instead of a MODEL: an expression, with its names as name=value behind it.")


class Size(click.ParamType):
    """A number of bytes: 8GB, 500MB, 2GiB, 1e9."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e\d{1,2})?)\s*([kmgt]?i?)b?\s*", value, re.IGNORECASE)
        if match is None or match[2].lower() not in _UNITS:
            self.fail(tr("'{value}' is not a size; write it as 8GB or 500MB", value=value), param, ctx)
        return int(float(match[1]) * _UNITS[match[2].lower()])


def model_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """MODEL, or -e EXPRESSION name=value …"""
    function = click.option("-e", "--expression", metavar="EXPRESSION", help=EXPRESSION)(function)
    return click.argument("model", nargs=-1, metavar="MODEL", type=click.Path(allow_dash=True))(function)


def precision_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--precision N"""
    text = tr("Significant digits (default 4).")
    return click.option("--precision", metavar="N", type=click.IntRange(1, 17), default=4, help=text)(function)


def run_options(seed: bool = True) -> Decorator:
    """How a model is run: --mode, --seed, --max-memory."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        text = tr("Refuse runs that need more than this, such as 8GB (default 4GB).")
        function = click.option("--max-memory", type=Size(), help=text)(function)
        if seed:
            text = tr("Draw initial values and masks from this seed, not the model's.")
            function = click.option("--seed", metavar="N", type=click.IntRange(0), help=text)(function)
        text = tr("Run as in training or as in inference (default train).")
        return click.option("--mode", type=click.Choice(["train", "eval"]), default="train", help=text)(function)

    return decorate


def read_model(model: Sequence[str], expression: str | None, seed: int | None = None, mode: str = "train") -> Graph:
    """The graph that a command line means, with what is suspicious in it said.

    Raises click.UsageError where no one model is given, GraphlabError where it cannot be read.
    """
    import sys
    from contextlib import redirect_stdout
    from dataclasses import replace

    from graphlab.diagnosis.lint import warnings_of
    from graphlab.importers import assignments, from_expression, load
    from graphlab.planning import plan

    if expression is not None:
        graph = from_expression(expression, assignments(model))
    elif len(model) == 1:
        with redirect_stdout(sys.stderr):  # what a Python model prints is no part of our output
            graph = load(model[0])
    else:
        said = tr("give a MODEL, or -e EXPRESSION") if not model else tr("give one MODEL, not {n}", n=len(model))
        if any("=" in word for word in model[1:]):
            said += tr("; name=value gives numbers to -e EXPRESSION, a model's stand in its file")
        raise click.UsageError(said, click.get_current_context())
    if seed is not None:
        graph = replace(graph, random_seed=seed)
    warn(warnings_of(graph, plan(graph, mode=mode).shapes))
    return graph


def memory(max_memory: int | None) -> dict[str, Any]:
    """The keyword for autodiff, where a limit was given."""
    return {} if max_memory is None else {"max_memory": max_memory}


def check_file(output: str, endings: Sequence[str]) -> Path:
    """The FILE of -o. Raises click.UsageError for another ending, and where nothing can be written."""
    path = Path(output)
    if path.suffix.lower() not in endings:
        message = tr("'{path}' must end in one of {endings}", path=output, endings=" ".join(endings))
        raise click.UsageError(message, click.get_current_context())
    return check_writable(path)


def check_writable(path: Path) -> Path:
    """The path of a file to be written. Raises click.UsageError where that cannot be: before anything is computed."""
    folder = path.parent
    if path.is_dir():
        why = tr("'{path}' is a folder, not a file", path=path)
    elif not folder.is_dir():
        why = tr("there is no folder '{folder}' for '{path}'; make it first", folder=folder, path=path)
    elif not _can_write(path):
        why = tr("'{path}' cannot be written; choose another place with -o", path=path)
    else:
        return path
    raise click.UsageError(why, click.get_current_context())


def _can_write(path: Path) -> bool:
    """Whether a file can be made in the path's folder, and the one there, if any, be replaced."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return not path.exists() or os.access(path, os.W_OK)
    except OSError:
        return False


def complete_nodes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the model's nodes, for the shell; none where the model is large or cannot be read."""
    model = [*(ctx.params.get("model") or ()), *ctx.args]  # args: what click had not parsed yet
    try:
        if len(model) != 1 or Path(model[0]).stat().st_size > _COMPLETED_BYTES:
            return []
        from graphlab.importers import load

        names = [node.name for node in load(model[0]).nodes if not node.is_leaf]
    except Exception:  # a completion never fails aloud
        return []
    return [name for name in [*names, "all"] if name.startswith(incomplete)]
