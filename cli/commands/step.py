"""graphlab step: walk through a run, forwards and backwards in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from ..options import model_argument, precision_option, run_options
from ..run import read_run
from ..terminal.screen import say, say_all, width

if TYPE_CHECKING:
    from ..console.console import Console

_HELP = tr("""Walk through a run, node by node, forwards and backwards in time.

On a terminal it asks for commands (help lists them); otherwise it reads them from standard input, line by line.

\b
Examples:
  graphlab step model.yaml
  graphlab step model.yaml -c 'break relu*; continue; print fc1.W.grad'
  graphlab step model.yaml -c 'break * if nan(value); continue; where'
  graphlab step model.yaml -c 'goto end; why W.grad[0,2]; set W[0,2] = 0.5'
  graphlab step trace.npz
  graphlab step model.yaml --script walk.txt --json""")


@click.command("step", help=_HELP, short_help=tr("Walk through a run, forwards and backwards in time."))
@model_argument
@click.option("-c", "--commands", metavar="COMMANDS", help=tr("Commands instead of questions, with ; between them."))
@click.option("--script", metavar="FILE", type=click.File(encoding="utf-8"), help=tr("Commands from a file."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print each stop as one JSON object in a line."))
@precision_option
@run_options()
def command(
    model: tuple[str, ...], expression: str | None, commands: str | None, script: Any, as_json: bool, precision: int,
    mode: str, seed: int | None, max_memory: int | None,
) -> int:  # fmt: skip
    import sys

    if commands is not None and script is not None:
        raise click.UsageError(tr("give -c or --script, not both"), click.get_current_context())
    trace = read_run(model, expression, seed, mode, max_memory)

    from graphlab.debug.debugger import Debugger

    from ..console.console import Console

    console = Console(Debugger(trace, precision), width() or 80, as_json)
    if commands is not None:
        _replay(console, _commands(commands))
    elif script is not None:
        _replay(console, script)
    elif sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        _converse(console)
    else:
        _replay(console, sys.stdin or ())
    return 1 if console.failed else 0


def _commands(text: str) -> Iterator[str]:
    """What stands between the semicolons, but for those in backquotes."""
    from ..console.verbs import cut

    while text:
        said, _, text = cut(text, ";")
        yield said


def _replay(console: Console, lines: Iterable[str]) -> None:
    """Commands that are there already, each shown before what it says."""
    for line in lines:
        if console.done:
            break
        said = line.strip()
        if said and not console.as_json:
            say(f"> {said}")
        if said:
            _obey(console, said)


def _obey(console: Console, line: str) -> None:
    """One command; a wrong one says so, and the next is taken."""
    from graphlab.errors import GraphlabError

    from ..console.console import failure
    from ..terminal.screen import styled

    try:
        say_all(console.run(line))
    except GraphlabError as error:
        click.echo(styled(failure(str(error))), err=console.as_json)


def _converse(console: Console) -> None:
    """Questions on a terminal, with history and completion; Ctrl-C stays inside, Ctrl-D leaves."""
    from prompt_toolkit import PromptSession

    from ..terminal.completion import Words

    session: Any = PromptSession(completer=Words(console.debugger.trace.graph))
    name = console.debugger.trace.graph.name
    say(
        tr(
            "{name}: {n} positions; help lists the commands",
            name=name or tr("a model"),
            n=len(console.debugger.timeline),
        )
    )
    say_all(console.shown(console.debugger.stop()))
    while not console.done:
        try:
            _obey(console, session.prompt("(step) "))
        except KeyboardInterrupt:
            say(tr("interrupted; quit leaves"))
        except EOFError:
            return
