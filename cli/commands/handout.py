"""graphlab handout: a page that works through a model, with blanks and a key where they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from graphlab.messages import LANGUAGES, language, tr

from ..options import check_file, check_writable, complete_nodes, model_argument, precision_option, run_options
from ..run import read_run
from ..terminal.screen import note, progress, say
from .render import file_name, make_folder

KINDS = ("value", "gradient", "rule", "shape")
_SHOWN_IN = {"lr": ("update",), "question": ("given",), "nodes": ("forward", "backward", "conventions")}
ENDINGS = (".pdf", ".html", ".md", ".tex", ".typ")
_HELP = tr("""Write a handout that works through a model: the graph, each step as rule, numbers and result, the
gradients, a step of gradient descent, and a check.

A .pdf or .html is one file; a .md, .tex or .typ has its figures beside it.

\b
Examples:
  graphlab handout model.yaml -o page.pdf
  graphlab handout model.yaml --worksheet --answers -o sheet.pdf
  graphlab handout model.yaml --blanks 0.5 --seed 3 -o sheet.html
  graphlab handout model.yaml --worksheet --variants 30 -o sheets/
  graphlab handout model.yaml --worksheet -o sheet.pdf --key key.json
  graphlab handout --pack course.yaml -o course/
  graphlab handout model.yaml --expand bn --theme print -o page.pdf""")


@click.command("handout", help=_HELP, short_help=tr("Write a page that works through a model, or a worksheet."))
@model_argument
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(), required=True, help=tr("A .pdf .html .md .tex or .typ file.")
)
@click.option(
    "--pack", metavar="FILE.yaml", type=click.Path(exists=True, dir_okay=False),
    help=tr("Instead of a MODEL: a list of handouts, made into a folder; only what changed."),
)  # fmt: skip
@click.option("--worksheet", is_flag=True, help=tr("Leave blanks for the results (all, or so many as --blanks says)."))
@click.option("--blanks", metavar="SHARE", type=click.FloatRange(0, 1), help=tr("The share of blanks, 0 to 1."))
@click.option(
    "--kinds", multiple=True, type=click.Choice([*KINDS, "everything"]),
    help=tr("What is left blank (default: values and gradients); may be repeated."),
)  # fmt: skip
@click.option("--answers", is_flag=True, help=tr("Print the key at the end."))
@click.option(
    "--seed", metavar="N", type=click.IntRange(0), default=0, help=tr("Draws the blanks and the variants (default 0).")
)
@click.option(
    "--section", "--sections", "sections", multiple=True, metavar="NAME",
    help=tr("given, picture, forward, backward-picture, backward, gradients, update, check or conventions."),
)  # fmt: skip
@click.option("--nodes", multiple=True, metavar="NODE", help=tr("Show these nodes' steps alone; may be a pattern."))
@click.option(
    "--expand", multiple=True, metavar="NODE|OP|all", shell_complete=complete_nodes,
    help=tr("Unfold a node, or every node of an op, into its steps; may be repeated."),
)  # fmt: skip
@click.option(
    "--variants", metavar="N", type=click.IntRange(1, 1000),
    help=tr("So many sheets with other nice numbers; into a folder, or all in one file."),
)  # fmt: skip
@click.option("--key", metavar="FILE", type=click.Path(), help=tr("Write the key as JSON for `graphlab grade`."))
@click.option("--title", default="", help=tr("Another title than the model's name."))
@click.option("--question", default="", help=tr("Another question than: compute the loss and its gradients."))
@click.option("--lr", type=float, default=0.1, help=tr("Learning rate η of the update (default 0.1)."))
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default=language, help=tr("Language of the page (default: the program's).")
)
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", help=tr("Paper (default a4)."))
@click.option("--theme", type=click.Choice(["light", "print"]), default="light", help=tr("print: black and white."))
@precision_option
@run_options(seed=False)
def command(
    model: tuple[str, ...], expression: str | None, output: str, worksheet: bool, blanks: float | None,
    expand: tuple[str, ...], mode: str, seed: int, max_memory: int | None,
    variants: int | None, key: str | None, pack: str | None, **options: Any,
) -> None:  # fmt: skip
    if pack is not None:
        if model or expression:
            raise click.UsageError(tr("give a MODEL or --pack, not both"), click.get_current_context())
        _check_alone()
        _build(pack, output, options["lang"])
        return
    share = blanks if blanks is not None else 1.0 if worksheet else 0.0
    _check_effect(share > 0, bool(variants), options["sections"])
    path = _checked(output, variants)
    if key is not None:
        _check_key(Path(key), path, model)
    options["kinds"] = KINDS if "everything" in options["kinds"] else options["kinds"] or KINDS[:2]

    from graphlab.base.files import write_file
    from graphlab.engine.expand import expand_trace
    from graphlab.handout import HandoutOptions, save
    from graphlab.handout.grading import key_of
    from graphlab.handout.many import joined, variants_of

    trace = read_run(model, expression, None, mode, max_memory)
    if expand:
        trace = expand_trace(trace, expand)
    with progress(tr("writing"), variants or 1) as step:
        pages = variants_of(trace, HandoutOptions(blanks=share, seed=seed, **options), variants or 0)
        sheets = {number: page for number, (page, _) in pages.items()}
        if variants and not path.suffix:
            path = path if path.is_dir() else make_folder(path, output)
            digits = len(str(max(sheets)))
            name = file_name(model, expression, trace.graph.name)
            targets = {path / f"{name}-{number:0{digits}}.pdf": page for number, page in sheets.items()}
        else:
            targets = {path: joined(sheets)}
        written: list[Path] = []
        said: list[str] = []
        for target, page in targets.items():
            step(str(target))
            files, notes = save(page, target)
            written += files
            said += notes
        if key is not None:
            write_file(key, key_of(pages).encode())
            written.append(Path(key))
    for text in dict.fromkeys(said):
        note(text)
    say(*map(str, written))


def _given() -> dict[str, str]:
    """The options of this command line, by their parameters' names."""
    context = click.get_current_context()
    return {
        param.name: param.opts[-1]
        for param in context.command.params
        if param.name is not None and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    }


def _check_alone() -> None:
    """Raises click.UsageError for an option that --pack would not listen to."""
    for name, option in _given().items():
        if name not in ("pack", "output", "lang"):
            text = "{option} does nothing beside --pack; say it in the pack file"
            raise click.UsageError(tr(text, option=option), click.get_current_context())


def _check_effect(sheet: bool, varied: bool, sections: Sequence[str]) -> None:
    """Raises click.UsageError for an option that would change nothing on this page."""
    given = _given()
    needs = {name: "--worksheet" for name in ("answers", "kinds", "key") if not sheet}
    if not sheet and not varied:
        needs["seed"] = "--worksheet / --variants"
    for name, wanted in _SHOWN_IN.items():
        if sections and not set(wanted) & set(sections):
            needs[name] = "--section " + " / ".join(wanted)
    for name in needs.keys() & given.keys():
        text = "{option} does nothing without {needed}"
        raise click.UsageError(tr(text, option=given[name], needed=needs[name]), click.get_current_context())
    if sheet and "lr" in given:
        text = "{option} does nothing on a worksheet, which has no update: that would tell the answers"
        raise click.UsageError(tr(text, option=given["lr"]), click.get_current_context())


def _check_key(key: Path, output: Path, model: tuple[str, ...]) -> None:
    """Raises click.UsageError for a key that would take the place of something else."""
    if key.suffix.lower() != ".json" or key.resolve() in {output.resolve(), *(Path(name).resolve() for name in model)}:
        message = tr("'{path}' must be a .json file of its own", path=key)
        raise click.UsageError(message, click.get_current_context())
    check_writable(key)


def _build(pack: str, output: str, lang: str) -> None:
    """Every handout of a pack that changed."""
    from graphlab.handout.pack import build, read_pack

    entries = read_pack(pack, lang)
    folder = Path(output)
    folder = folder if folder.is_dir() else make_folder(folder, output)
    with progress(tr("writing"), len(entries)) as step:
        written, kept = build(entries, folder, step)
    if kept:
        note(tr("{n} of {all} are as they were", n=len(kept), all=len(entries)))
    say(*map(str, written))


def _checked(output: str, variants: int | None) -> Path:
    """The FILE or, for variants, DIR of -o. Raises click.UsageError where nothing can be written there."""
    path = Path(output)
    if variants and (path.is_dir() or (output.endswith("/") and not path.suffix)):
        return path
    return check_file(output, ENDINGS)
