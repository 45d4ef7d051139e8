"""graphlab summary: layers, shapes, parameters, bytes and multiply-adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .options import model_argument, read_model
from .screen import Line, Styled, Text, say, say_all, say_json, width
from .table import Column, table

if TYPE_CHECKING:
    from graphlab.summary import Layer, ModelSummary

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
    from graphlab.summary import summarise_model

    summary = summarise_model(read_model(model, expression))
    if as_json:
        say_json(_record(summary))
        return
    if summary.model:
        say(Styled(summary.model, "strong"), "")
    columns = [
        Column(tr("layer"), fold=True), Column(tr("op"), fold=True), Column(tr("output"), right=True),
        Column(tr("params"), right=True), Column(tr("bytes"), right=True), Column(tr("mult-adds"), right=True),
    ]  # fmt: skip
    say_all(table(columns, _rows(summary), width()))
    say("", *_totals(summary))


def _rows(summary: ModelSummary) -> list[list[Text]]:
    """A line a layer, indented below its scope's name."""
    from graphlab.autodiff import bytes_text
    from graphlab.numbers import MISSING, shape_text

    inside = _parameters_by_scope(summary)
    rows: list[list[Text]] = []
    scope = ""
    for layer in summary.layers:
        if layer.scope != scope:
            rows += _headings(inside, scope, layer.scope)
            scope = layer.scope
        indent = "  " * (scope.count(".") + 1) if scope else ""
        own = layer.name.removeprefix(scope + ".") if scope else layer.name
        parameters = f"{layer.parameters:,}" if layer.parameters or layer.role == "param" else MISSING
        products = MISSING if layer.multiply_adds is None else f"{layer.multiply_adds:,}"
        op = Styled(layer.op, "quiet")
        rows.append([indent + own, op, shape_text(layer.shape), parameters, bytes_text(layer.nbytes), products])
    return rows


def _parameters_by_scope(summary: ModelSummary) -> dict[str, int]:
    counts: dict[str, int] = {}
    for layer in summary.layers:
        for prefix in _prefixes(layer.scope):
            counts[prefix] = counts.get(prefix, 0) + layer.parameters
    return counts


def _prefixes(scope: str) -> list[str]:
    names = scope.split(".") if scope else []
    return [".".join(names[: depth + 1]) for depth in range(len(names))]


def _headings(inside: dict[str, int], before: str, scope: str) -> list[list[Text]]:
    """A line for each scope that begins here, with the parameters in all of it."""
    rows: list[list[Text]] = []
    for depth, prefix in enumerate(_prefixes(scope)):
        if before == prefix or before.startswith(prefix + "."):
            continue
        total = f"({inside[prefix]:,})" if inside[prefix] else ""
        name = prefix.rpartition(".")[2]
        rows.append([Styled("  " * depth + name, "strong"), "", "", Styled(total, "quiet"), "", ""])
    return rows


def _totals(summary: ModelSummary) -> list[Line]:
    from graphlab.autodiff import bytes_text

    parameters = tr(
        "parameters   {n:,}  ({size})", n=summary.trainable + summary.frozen, size=bytes_text(summary.parameter_bytes)
    )
    lines: list[Line] = [Styled(parameters, "strong")]
    lines.append(tr("  trainable  {n:,}", n=summary.trainable))
    lines.append(tr("  frozen     {n:,}", n=summary.frozen))
    if summary.kept:
        lines.append(tr("running statistics  {n:,}", n=summary.kept))
    lines.append(tr("multiply-adds  {n:,}", n=summary.multiply_adds))
    size = bytes_text(summary.value_bytes), bytes_text(summary.gradient_bytes)
    lines.append(tr("memory of a run  values {values}, gradients {gradients}", values=size[0], gradients=size[1]))
    return lines


def _record(summary: ModelSummary) -> dict[str, Any]:
    def layer(one: Layer) -> dict[str, Any]:
        return {
            "name": one.name, "op": one.op, "scope": one.scope, "role": one.role, "shape": list(one.shape),
            "dtype": one.dtype, "trainable": one.trainable, "frozen": one.frozen, "running_statistics": one.kept,
            "bytes": one.nbytes, "multiply_adds": one.multiply_adds,
        }  # fmt: skip

    return {
        "format": "graphlab.summary/1",
        "model": summary.model,
        "dtype": summary.dtype,
        "layers": [layer(one) for one in summary.layers],
        "totals": {
            "trainable": summary.trainable, "frozen": summary.frozen, "running_statistics": summary.kept,
            "multiply_adds": summary.multiply_adds, "parameter_bytes": summary.parameter_bytes,
            "value_bytes": summary.value_bytes, "gradient_bytes": summary.gradient_bytes,
        },
    }  # fmt: skip
