"""graphlab view: one HTML file that lets anyone step through backpropagation in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import LANGUAGES, language, tr

from ..options import check_file, complete_nodes, model_argument, precision_option, run_options
from ..run import is_trace_file, read_run
from ..terminal.screen import note, progress, say
from .render import file_name

if TYPE_CHECKING:
    from graphlab.storyboard import Storyboard

HIDE = ("values", "gradients", "rules", "later")
ENDINGS = (".html", ".htm")
_HELP = tr("""Make a page that steps through a model in a browser: one file, which works offline.

Without -o it is opened in the browser, from a temporary file. A guided tour in MODEL.tour.json beside the model is
part of the page.

\b
Examples:
  graphlab view model.yaml
  graphlab view model.yaml -o page.html
  graphlab view model.yaml --expand bn --hide gradients -o task.html
  graphlab view -e "sigmoid(w*x + b)" w=2 x=-1 b=0.5
  graphlab view model.yaml --serve""")


@click.command("view", help=_HELP, short_help=tr("Make a page that steps through a model in a browser."))
@model_argument
@click.option("-o", "--output", metavar="FILE.html", type=click.Path(), help=tr("Write the page; do not open it."))
@click.option(
    "--serve", is_flag=True, help=tr("Show it on this machine alone, and anew each time the model file is saved.")
)
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), help=tr("With --serve (default: any free one)."))
@click.option(
    "--hide", multiple=True, type=click.Choice(HIDE),
    help=tr("What the page is not to give away; later: what has not happened yet. May be repeated."),
)  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="NODE", shell_complete=complete_nodes,
    help=tr("Show only what leads to or from this node; may be repeated."),
)  # fmt: skip
@click.option(
    "--expand", multiple=True, metavar="NODE|OP|all", shell_complete=complete_nodes,
    help=tr("Open the page with a node, or every node of an op, unfolded; may be repeated."),
)  # fmt: skip
@click.option("--fold", multiple=True, metavar="SCOPE|all", help=tr("Draw a scope as one box; may be repeated."))
@click.option(
    "--max-nodes", metavar="N", type=click.IntRange(1), default=150,
    help=tr("Boxes from where on scopes are folded (default 150)."),
)  # fmt: skip
@click.option("--no-params", is_flag=True, help=tr("Leave out parameters and constants."))
@click.option("--full", is_flag=True, help=tr("Large arrays whole, not as summaries."))
@click.option("--tour", metavar="FILE.json", type=click.Path(), help=tr("Another guided tour than MODEL.tour.json."))
@click.option("--title", help=tr("Another title than the model's name."))
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default=language,
    help=tr("Language the page opens in (default: the program's)."),
)  # fmt: skip
@precision_option
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, output: str | None, serve: bool, port: int | None,
    tour: str | None, mode: str, seed: int | None, max_memory: int | None, no_params: bool, **options: Any,
) -> None:  # fmt: skip
    context = click.get_current_context()
    path = None if output is None else check_file(output, ENDINGS)
    if serve and (path is not None or expression is not None or len(model) != 1 or not _file(model[0])):
        raise click.UsageError(tr("--serve watches one model file, and takes no -o"), context)
    if port is not None and not serve:
        raise click.UsageError(tr("--port goes with --serve"), context)
    tour_file = _tour(tour, model)
    options["params"] = not no_params

    def made() -> Storyboard:
        from graphlab.display.viewing import Page
        from graphlab.page import PageOptions

        return Page(read_run(model, expression, seed, mode, max_memory), PageOptions(**options), tour_file).board

    if serve:
        from ..serve import serve_page

        serve_page(made, [Path(_file(model[0]))], tour_file, port or 0)
        return
    with progress(tr("drawing"), 1) as step:
        step("")
        from graphlab.base.files import write_file
        from graphlab.export.web.page import to_html

        board = made()
        page = to_html(board).encode()
        target = path or _temporary(file_name(model, expression, board.title))
        write_file(target, page)
    say(str(target))
    if path is None:
        open_page(target.resolve().as_uri())


def open_page(address: str) -> None:
    """Show it in the reader's browser; a machine without one is told where the page is."""
    import webbrowser

    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        note(tr("no browser could be opened here; open {address} in one", address=address))


def _file(model: str) -> str:
    """The file that a MODEL is in; nothing where it is none."""
    for name in (model, re.sub(r":[^:/\\]*$", "", model)):
        if Path(name).is_file() and not is_trace_file(name):
            return name
    return ""


def _tour(given: str | None, model: tuple[str, ...]) -> Path | None:
    """The tour's file: the one given, or the one beside the model."""
    if given is not None:
        return Path(given)
    file = _file(model[0]) if len(model) == 1 else ""
    beside = Path(file).with_suffix(".tour.json") if file else None
    return beside if beside is not None and beside.is_file() else None


def _temporary(name: str) -> Path:
    """A new file of ours alone; it stays, since the browser reads it after we are gone."""
    import os
    import tempfile

    handle, path = tempfile.mkstemp(prefix=f"graphlab-{name[:40]}-", suffix=".html")
    os.close(handle)
    return Path(path)
