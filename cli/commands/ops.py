"""graphlab ops: the catalogue of ops, and one op in full."""

from __future__ import annotations

import click

from graphlab.messages import tr

from ..terminal.screen import say_all, width

_HELP = tr("""List the ops by family, or show one in full: formula, chain rule, shapes, attributes, conventions, its
example computed forward and backward, and the steps it is made of.

\b
Examples:
  graphlab ops
  graphlab ops batchnorm""")


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from graphlab.ops import REGISTRY

    return sorted(name for name in REGISTRY if name.startswith(incomplete))


@click.command("ops", help=_HELP, short_help=tr("List the ops with their formulas, or show one in full."))
@click.argument("name", required=False, shell_complete=_complete)
def command(name: str | None) -> None:
    from ..terminal.catalogue import catalogue, one_op

    say_all(catalogue(width()) if name is None else one_op(name, width() or 80))
