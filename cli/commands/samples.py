"""graphlab samples: list the samples, and copy one out."""

from __future__ import annotations

from pathlib import Path

import click

from graphlab.lines import Line, Styled, Text
from graphlab.lines.table import text_width, words
from graphlab.messages import tr

from ..terminal.screen import say, say_all, width

_HELP = tr("""List the sample models that come with graphlab, or copy one into a folder.

\b
Examples:
  graphlab samples
  graphlab samples mazur -o mazur
  graphlab render mazur/mazur.yaml""")


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from graphlab.importers.samples import sample_names

    return [name for name in sample_names() if name.startswith(incomplete)]


@click.command("samples", help=_HELP, short_help=tr("List the sample models, or copy one out."))
@click.argument("name", required=False, shell_complete=_complete)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(file_okay=False),
    help=tr("Copy the sample's files into DIR (default: ./NAME)."),
)  # fmt: skip
@click.option("--force", is_flag=True, help=tr("Overwrite what is there."))
def command(name: str | None, output: str | None, force: bool) -> None:
    from graphlab.importers.samples import copy_sample

    if name is None:
        if output is not None or force:
            raise click.UsageError(tr("say which sample is to be copied"), click.get_current_context())
        _list()
        return
    written = copy_sample(name, Path(output or name), force)
    say(*map(str, written))


def _list() -> None:
    from graphlab.importers.samples import sample_titles

    titles = sample_titles()
    column = max(map(text_width, titles), default=0) + 2
    lines: list[Line] = []
    for name, (title, description) in titles.items():
        texts = words(tr(description or title), None if width() is None else (width() or 0) - column)
        for k, text in enumerate(texts):
            head: Text = Styled(name, "strong") if k == 0 else ""
            lines.append([head, " " * (column - (text_width(name) if k == 0 else 0)), text])
    say_all(lines)
    say("", Styled(tr("graphlab samples NAME -o DIR   copies one out"), "quiet"))
