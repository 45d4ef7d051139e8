"""A model's layers as a table, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.base.numbers import MISSING, shape_text
from graphlab.lines import Line, Styled, Text
from graphlab.lines.table import Column, table
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.engine.summary import ModelSummary


def summary_lines(summary: ModelSummary, width: int | None) -> Iterator[Line]:
    """A line a layer, and the totals."""
    columns = [
        Column(tr("layer"), fold=True), Column(tr("op"), fold=True), Column(tr("output"), right=True),
        Column(tr("params"), right=True), Column(tr("bytes"), right=True), Column(tr("mult-adds"), right=True),
    ]  # fmt: skip
    yield from table(columns, _rows(summary), width)
    yield from ("", *_totals(summary))


def _rows(summary: ModelSummary) -> list[list[Text]]:
    """A line a layer, indented below its scope's name."""
    from graphlab.engine.autodiff import bytes_text

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
    from graphlab.engine.autodiff import bytes_text

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
