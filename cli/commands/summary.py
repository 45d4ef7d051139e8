"""graphlab summary: layers, shapes, parameters, bytes and multiply-adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphlab.lines import Styled
from graphlab.messages import tr

from ..options import model_argument, read_model
from ..terminal.screen import say, say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.engine.summary import Layer, ModelSummary

_HELP = tr("""Show layers, output shapes, parameters, bytes and multiply-adds, with totals.

No number is computed for it. A layer's own parameters are counted with the layer; multiply-adds are those of the matrix
products in one forward pass.

\b
Examples:
  graphlab summary model.yaml
  graphlab summary -e "sigmoid(x @ W)" x=[[1,2]] W=[[3],[4]]
  graphlab summary model.yaml --json""")


@click.command("summary", help=_HELP, short_help=tr("List layers, shapes, parameters, bytes and multiply-adds."))
@model_argument
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
def command(model: tuple[str, ...], expression: str | None, as_json: bool) -> None:
    from graphlab.engine.summary import summarise_model
    from graphlab.lines.summary import summary_lines

    summary = summarise_model(read_model(model, expression))
    if as_json:
        say_json(_record(summary))
        return
    if summary.model:
        say(Styled(summary.model, "strong"), "")
    say_all(summary_lines(summary, width()))


def _record(summary: ModelSummary) -> dict[str, Any]:
    def layer(one: Layer) -> dict[str, Any]:
        return {
            "name": one.name, "op": one.op, "scope": one.scope, "role": one.role, "shape": list(one.shape),
            "dtype": one.dtype, "trainable": one.trainable, "frozen": one.frozen, "running_statistics": one.kept,
            "bytes": one.nbytes, "multiply_adds": one.multiply_adds,
        }  # fmt: skip

    return {
        "format": "graphlab.engine.summary/1",
        "model": summary.model,
        "dtype": summary.dtype,
        "layers": [layer(one) for one in summary.layers],
        "totals": {
            "trainable": summary.trainable, "frozen": summary.frozen, "running_statistics": summary.kept,
            "multiply_adds": summary.multiply_adds, "parameter_bytes": summary.parameter_bytes,
            "value_bytes": summary.value_bytes, "gradient_bytes": summary.gradient_bytes,
        },
    }  # fmt: skip
