"""graphlab render: draw a model forward and backward."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.errors import GraphlabError, LossError
from graphlab.messages import tr

from ..options import check_writable, complete_nodes, memory, model_argument, precision_option, read_model, run_options
from ..slides import check_steps, draw_steps
from ..terminal.screen import note, progress, say

if TYPE_CHECKING:
    from graphlab.trace import Trace

VIEWS = ("forward", "backward", "both", "neurons", "neurons-backward")
NEED_A_LOSS = {"backward", "both", "neurons-backward"}
DETAILS = ("names", "shapes", "stats", "values")
THEMES = ("light", "dark", "print", "colorblind")
ENGINES = ("graphviz-pure", "dot", "layered")
EXTENSIONS = (".svg", ".png", ".pdf", ".dot", ".txt")

_HELP = tr("""Draw a model: every value forward, every gradient backward.

Without -o, the forward and the backward picture are written as SVG into the current folder, and their
paths printed. One FILE without --view shows both in one picture.

\b
Examples:
  graphlab render model.yaml
  graphlab render model.yaml --view backward -o back.png
  graphlab render model.yaml --view all -o pictures/
  graphlab render -e "sigmoid(w*x + b)" w=2 x=-1 b=0.5
  graphlab render model.yaml --expand batchnorm --theme print
  graphlab render model.yaml --step all -o frames/""")


@click.command("render", help=_HELP, short_help=tr("Draw a model forward and backward."))
@model_argument
@click.option(
    "-o", "--output", metavar="FILE|DIR", type=click.Path(),
    help=tr("A .svg .png .pdf .dot or .txt file, or a folder for SVG."),
)  # fmt: skip
@click.option(
    "--view", "views", multiple=True, type=click.Choice([*VIEWS, "all"]), help=tr("What to draw; may be repeated.")
)
@click.option("--detail", type=click.Choice(DETAILS), help=tr("How much to show (default: by the picture's size)."))
@precision_option
@click.option(
    "--direction", type=click.Choice(["lr", "tb"]),
    help=tr("Left to right or top to bottom (default: by the longest chain)."),
)  # fmt: skip
@click.option("--theme", type=click.Choice(THEMES), default="light", help=tr("Colours (default light)."))
@click.option(
    "--expand", multiple=True, metavar="NODE|OP|all", shell_complete=complete_nodes,
    help=tr("Unfold a node, or every node of an op, into its steps; may be repeated."),
)  # fmt: skip
@click.option("--fold", multiple=True, metavar="SCOPE|all", help=tr("Draw a scope as one box; may be repeated."))
@click.option(
    "--max-nodes", metavar="N", type=click.IntRange(1), help=tr("Boxes from where on scopes are folded (default 150).")
)
@click.option("--title", help=tr("Another title than the model's name."))
@click.option("--engine", type=click.Choice(ENGINES), help=tr("Layout engine (default: the first that works)."))
@click.option(
    "--only", multiple=True, metavar="NODE", shell_complete=complete_nodes,
    help=tr("Draw only what leads to or from this node; may be repeated."),
)  # fmt: skip
@click.option(
    "--step", metavar="K|all",
    help=tr("Draw the run as it is after K moments; all: every position as a numbered picture, and a contact sheet."),
)  # fmt: skip
@click.option(
    "--example", metavar="N", type=click.IntRange(0),
    help=tr("Which example of the batch the neurons view shows, counted from 0 (default 0)."),
)  # fmt: skip
@click.option("--no-params", is_flag=True, help=tr("Leave out parameters and constants."))
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, output: str | None, views: tuple[str, ...], expand: tuple[str, ...],
    theme: str, engine: str | None, mode: str, seed: int | None, max_memory: int | None, no_params: bool,
    max_nodes: int | None, step: str | None, example: int | None, **options: Any,
) -> None:  # fmt: skip
    target = None if output is None else check_output(Path(output), output)
    graph = read_model(model, expression, seed, mode)
    name = file_name(model, expression, graph.name)
    single = target is not None and not target.is_dir()
    chosen = VIEWS if "all" in views else tuple(dict.fromkeys(views)) or (("both",) if single else VIEWS[:2])
    if step is not None:
        chosen = (check_steps(step, target, views),)
    paths = {view: path_of(target, name, view, len(chosen) > 1) for view in chosen}
    for path in paths.values():
        check_writable(path)
    if max_nodes is not None:
        options["max_nodes"] = max_nodes
    if example is not None:
        options["example"] = example
        if not any(view.startswith("neurons") for view in chosen):
            text = "--example is for the views neurons and neurons-backward, which show one example"
            raise click.UsageError(tr(text), click.get_current_context())

    from graphlab.engine import autodiff
    from graphlab.engine.expand import expand_trace

    with progress(tr("computing"), len(chosen)) as advance:
        trace = autodiff.forward(graph, mode=mode, **memory(max_memory))
        if expand:
            trace = expand_trace(trace, expand)
        trace, chosen = with_gradients(trace, chosen, asked="all" not in views and bool(views))
        if step is not None:
            options["params"] = not no_params
            say(*map(str, draw_steps(trace, step, target, name, chosen[0], theme, engine, **options)))
            return
        written = []
        for view in chosen:
            advance(tr("drawing {view}", view=view))
            path = paths[view] if view in paths else path_of(target, name, view, len(chosen) > 1)
            if save(trace, path, view, "all" in views, theme, engine, params=not no_params, **options):
                written.append(path)
    say(*map(str, written))


def with_gradients(trace: Trace, views: Sequence[str], asked: bool) -> tuple[Trace, tuple[str, ...]]:
    """The trace after backward, and the views that can be drawn of it. Without a loss those are the forward ones."""
    from graphlab.engine import autodiff

    if not NEED_A_LOSS & set(views):
        return trace, tuple(views)
    try:
        return autodiff.backward(trace), tuple(views)
    except LossError as error:
        if trace.graph.loss or trace.graph.backward_node or asked:
            raise
        note(tr("only the forward picture is drawn: {why}", why=error.message))
        forward = tuple(view for view in views if view not in NEED_A_LOSS)
        return trace, forward or ("forward",)


def save(trace: Trace, path: Path, view: str, skip: bool, theme: str, engine: str | None, **options: Any) -> bool:
    """Draw one view into a file. skip: a network that has no such picture is no error."""
    from graphlab.display.drawing import draw

    try:
        drawing = draw(trace, view, theme=theme, engine=engine, **options)
    except GraphlabError as error:
        if not (skip and view.startswith("neurons")):
            raise
        note(tr("no {view} picture: {why}", view=view, why=error.message))
        return False
    for said in drawing.save(path):
        note(said)
    return True


def check_output(path: Path, given: str) -> Path:
    """The FILE or DIR of -o. Raises click.UsageError where nothing can be written there."""
    context = click.get_current_context()
    if path.is_dir():
        return path
    if given.endswith(("/", "\\")):
        return make_folder(path, given)
    if path.suffix.lower() not in EXTENSIONS:
        listed = " ".join(EXTENSIONS)
        message = tr(
            "'{path}' is no folder, and its ending says no format; the formats are: {listed}", path=path, listed=listed
        )
        raise click.UsageError(message, context)
    return check_writable(path)


def make_folder(path: Path, given: str) -> Path:
    """The folder that -o names with a slash at its end, made where it is not there; its parents must be."""
    try:
        path.mkdir()
    except OSError as error:
        message = tr("the folder '{path}' cannot be made: {why}", path=given, why=error.strerror or error)
        raise click.UsageError(message, click.get_current_context()) from None
    return path


def path_of(target: Path | None, name: str, view: str, several: bool) -> Path:
    """Where a view is written: the FILE itself, or beside it with the view in the name where there are several."""
    if target is None or target.is_dir():
        return (target or Path()) / f"{name}-{view}.svg"
    return target.with_name(f"{target.stem}-{view}{target.suffix}") if several else target


def file_name(model: Sequence[str], expression: str | None, title: str) -> str:
    """What pictures are called after: the model's file or name.

    >>> file_name(["nets/mazur.yaml"], None, ""), file_name(["nets.py:build"], None, ""), file_name([], "x*x", "")
    ('mazur', 'build', 'expression')
    """
    if expression is not None:
        return "expression"
    if model[0] == "-":
        stem = title or "model"
    else:
        stem = re.split(r"[:/\\]", model[0])[-1]
        stem = Path(stem).stem if stem.endswith((".yaml", ".yml", ".json", ".onnx", ".keras")) else stem
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "model"
