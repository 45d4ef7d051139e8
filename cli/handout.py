"""graphlab handout: a page that works through a model, with blanks and a key where they are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphlab.messages import tr

from .options import check_writable, complete_nodes, model_argument, precision_option, run_options
from .running import read_run
from .screen import note, progress, say

ENDINGS = (".pdf", ".html", ".md", ".tex", ".typ")
_HELP = tr("""Write a handout that works through a model: the graph, each step as rule, numbers and result, the
gradients, a step of gradient descent, and a check.

A .pdf needs the extra: pip install 'graphlab[handout]'. A .md, .tex or .typ has its figures beside it.

\b
Examples:
  graphlab handout model.yaml -o page.pdf
  graphlab handout model.yaml --worksheet --answers -o sheet.pdf
  graphlab handout model.yaml --blanks 0.5 --seed 3 -o sheet.html
  graphlab handout model.yaml --expand bn --theme print -o page.pdf""")


@click.command("handout", help=_HELP, short_help=tr("Write a page that works through a model, or a worksheet."))
@model_argument
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(), required=True, help=tr("A .pdf .html .md .tex or .typ file.")
)
@click.option("--worksheet", is_flag=True, help=tr("Leave blanks for the results (all, or so many as --blanks says)."))
@click.option("--blanks", metavar="SHARE", type=click.FloatRange(0, 1), help=tr("The share of blanks, 0 to 1."))
@click.option(
    "--kinds", multiple=True, type=click.Choice(["value", "gradient", "rule"]),
    help=tr("What is left blank (default: values and gradients); may be repeated."),
)  # fmt: skip
@click.option("--answers", is_flag=True, help=tr("Print the key at the end."))
@click.option(
    "--blank-seed", "blank_seed", metavar="N", type=click.IntRange(0), default=0, help=tr("Draws the blanks.")
)
@click.option(
    "--section", "sections", multiple=True, metavar="NAME",
    help=tr("given, picture, forward, backward-picture, backward, gradients, update, check or conventions."),
)  # fmt: skip
@click.option("--nodes", multiple=True, metavar="NODE", help=tr("Show these nodes' steps alone; may be a pattern."))
@click.option(
    "--expand", multiple=True, metavar="NODE|OP|all", shell_complete=complete_nodes,
    help=tr("Unfold a node, or every node of an op, into its steps; may be repeated."),
)  # fmt: skip
@click.option("--title", default="", help=tr("Another title than the model's name."))
@click.option("--question", default="", help=tr("Another question than: compute the loss and its gradients."))
@click.option("--lr", type=float, default=0.1, help=tr("Learning rate η of the update (default 0.1)."))
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", help=tr("Paper (default a4)."))
@click.option("--theme", type=click.Choice(["light", "print"]), default="light", help=tr("print: black and white."))
@precision_option
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, output: str, worksheet: bool, blanks: float | None,
    expand: tuple[str, ...], mode: str, seed: int | None, max_memory: int | None, blank_seed: int, **options: Any,
) -> None:  # fmt: skip
    path = Path(output)
    if path.suffix.lower() not in ENDINGS:
        message = tr("'{path}' must end in one of {endings}", path=output, endings=" ".join(ENDINGS))
        raise click.UsageError(message, click.get_current_context())
    check_writable(path)
    share = blanks if blanks is not None else 1.0 if worksheet else 0.0
    options["kinds"] = options["kinds"] or ("value", "gradient")

    from graphlab.expand import expand_trace
    from graphlab.handout import HandoutOptions, compose, save

    with progress(tr("computing"), 3) as step:
        step(tr("computing"))
        trace = read_run(model, expression, seed, mode, max_memory)
        if expand:
            trace = expand_trace(trace, expand)
        step(tr("writing"))
        page = compose(trace, HandoutOptions(blanks=share, seed=blank_seed, **options))
        step(tr("setting the pages"))
        written, said = save(page, path)
    for text in said:
        note(text)
    say(*map(str, written))
