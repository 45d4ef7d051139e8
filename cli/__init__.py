"""The command line, one file a command. A new command is its file and its name in COMMANDS.

A command's file imports click and graphlab.messages only; everything else where it is needed, so that --help is quick.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, NoReturn

import click

from graphlab import __version__
from graphlab.messages import LANGUAGES, did_you_mean, tr

from .terminal.failures import Ended, guarded
from .terminal.help import Context
from .terminal.language import wanted_language as wanted_language  # chooses the language, before any text is made
from .terminal.screen import colour_wanted, utf8_output

COMMANDS = (
    "render", "view", "trace", "step", "why", "blame", "compare", "handout", "grade", "summary", "check", "ops",
    "samples", "doctor",
)  # fmt: skip

_HELP = tr("""A visual debugger for computational graphs: backpropagation with every number on it.

MODEL is a .yaml or .json file, file.py:name, package.module:name, - for standard input, or -e EXPRESSION name=value …

\b
Examples:
  graphlab samples                   # what there is
  graphlab samples mazur -o mazur    # copy one out
  graphlab render mazur/mazur.yaml   # draw it
  graphlab step mazur/mazur.yaml     # walk through it
  graphlab trace -e "sigmoid(w*x)" w=2 x=-1""")

_EPILOG = tr("""Completion of commands, options and names in bash, for your ~/.bashrc; in zsh and fish likewise with
zsh_source and fish_source:

\b
  eval "$(_GRAPHLAB_COMPLETE=bash_source graphlab)"
""")


class Program(click.Group):
    """The group of commands; each is imported when it is asked for."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".commands.{cmd_name}", __name__).command
        command.context_class = Context
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            listed = ", ".join(COMMANDS)
            message = tr(
                "there is no command '{name}'{hint}; there are: {listed}",
                name=name, hint=did_you_mean(name, COMMANDS), listed=listed,
            )  # fmt: skip
            ctx.fail(message)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as error:
            raise Ended(error) from None

    def main(
        self, args: Any = None, prog_name: str | None = None, complete_var: str | None = None,
        standalone_mode: bool = True, **extra: Any,
    ) -> NoReturn:  # fmt: skip
        """Run a command line and exit with its status."""
        utf8_output()
        args = (sys.argv[1:] if args is None else list(args)) or ["--help"]
        run = super().main
        options = {**extra, "standalone_mode": False, "color": colour_wanted()}
        raise SystemExit(guarded(lambda: run(args, prog_name, complete_var, **options)))


program = Program("graphlab", help=_HELP, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
click.option(
    "--lang", type=click.Choice(LANGUAGES), expose_value=False,
    help=tr("Language (default: GRAPHLAB_LANG, else the locale's)."),
)(program)  # fmt: skip
click.version_option(__version__, prog_name="graphlab", help=tr("Show the version and exit."))(program)


def main() -> NoReturn:
    """The entry point of `graphlab`."""
    program.main(prog_name="graphlab")
