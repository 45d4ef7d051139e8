"""The ops as text: all of them in a line each, and one in full."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import graphlab as gl
from graphlab.base.numbers import matrix_lines, shape_text
from graphlab.engine.expand import expand_trace
from graphlab.errors import GraphlabError, UsageError
from graphlab.explain.worked import forward_worked
from graphlab.formula import parse, show
from graphlab.formula.show import symbol
from graphlab.lines import Line, Styled, Text
from graphlab.lines.equation import equation
from graphlab.lines.table import text_width, words
from graphlab.messages import tr
from graphlab.ops import REGISTRY, REQUIRED, Attr, Op, families
from graphlab.ops.foreign import hint_for
from graphlab.trace import Trace


def catalogue(width: int | None) -> Iterator[Line]:
    """Every op by family, in a line each: its formula and conventions."""
    column = max(map(text_width, REGISTRY)) + 4
    for k, (family, members) in enumerate(sorted(families().items(), key=lambda item: item[0] != "leaf")):
        if k:
            yield ""
        yield Styled(tr(family), "strong")
        for op in members:
            lines = words(tr(summary_of(op)), None if width is None else max(width - column, 20))
            for n, text in enumerate(lines):
                head: Text = f"  {op.name}" if n == 0 else ""
                yield [head, " " * (column - (text_width(op.name) + 2 if n == 0 else 0)), text]


def one_op(name: str, width: int) -> Iterator[Line]:
    """One op in full. Raises UsageError for an unknown name."""
    op = REGISTRY.get({"slice": "index"}.get(name, name))  # x[1:3] is one op with x[0]
    if op is None:
        hint = hint_for(name, REGISTRY)
        raise UsageError(tr("unknown op '{name}'{hint}; `graphlab ops` lists them all", name=name, hint=hint))
    modes = ["train"] if op.eval_formula is None else ["train", "eval"]
    traces = [example_trace(op, mode) for mode in modes if op.family != "leaf"]
    lines: list[Line] = [[Styled(op.name, "strong"), Styled(f" · {tr(op.family)}", "quiet")], ""]
    for paragraph in paragraphs(op):
        lines += [*words(tr(paragraph), width), ""]
    lines += _shapes(op, width)
    lines += _attributes(op, width)
    for trace in traces:
        lines += _rules(trace, op, width)
    for trace in traces[:1]:
        lines += _example(trace, op, width)
    for trace in traces:
        lines += _expansion(trace, op, width)
    while lines[-1] == "":
        lines.pop()
    return iter(lines)


def summary_of(op: type[Op]) -> str:
    """The first line of its description."""
    return paragraphs(op)[0] if op.__doc__ else ""


def paragraphs(op: type[Op]) -> list[str]:
    """The description without its doctest, one text a paragraph."""
    text = inspect.cleandoc(op.__doc__ or "").partition(">>>")[0]
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def example_trace(op: type[Op], mode: str = "train") -> Trace:
    """The op's example, run forward and, where it has a gradient, backward."""
    primals, attrs = op.example(np.random.default_rng(0))
    g = gl.Graph(op.name)
    inputs = [g.input(slot, _array(primal)) for slot, primal in zip(op.slot_names(len(primals)), primals, strict=True)]
    y = g.op(op.name, *inputs, name="y", **attrs)
    trace = gl.forward(g, mode=mode)
    if y.dtype not in ("float64", "float32"):
        return trace
    if y.shape != ():
        upstream = np.random.default_rng(1).integers(-4, 5, size=y.shape) / 2
        g.backward_from(y, upstream)
        trace = gl.forward(g, mode=mode)
    return gl.backward(trace)


def _array(value: Any) -> np.ndarray:
    """An example's value with few digits: easier to read, as good an example."""
    array = np.asarray(value)
    return np.round(array, 2) if array.dtype.kind == "f" else array


def _shapes(op: type[Op], width: int) -> Iterator[Line]:
    if op.elementwise:
        several = len(op.slots) > 1
        said = tr("element by element; inputs broadcast as numpy's do") if several else tr("element by element")
    elif op.axes is not None:
        said = op.axes.replace("->", "→ y:")
    else:
        return
    yield Styled(tr("shapes"), "strong")
    for line in words(said, width - 2):
        yield f"  {line}"
    yield ""


def _attributes(op: type[Op], width: int) -> Iterator[Line]:
    shared: Mapping[str, Attr] = {**op.attrs, **op.layer_attrs}
    if not shared:
        return
    yield Styled(tr("attributes"), "strong")
    column = max(map(len, shared)) + 4
    for name, attr in shared.items():
        default = tr("required") if attr.default is REQUIRED else tr("default {value}", value=_value(attr.default))
        kind = tr(" or ").join(attr.choices) if attr.choices else tr(attr.kind)
        text = "; ".join(filter(None, (tr(attr.help), kind, default)))
        for k, line in enumerate(words(text, width - column)):
            yield (f"  {name}" if k == 0 else "").ljust(column) + line
    yield ""


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)


def _rules(trace: Trace, op: type[Op], width: int) -> Iterator[Line]:
    """The formula and the chain rule, in symbols, for the example's shapes and mode."""
    i = trace.graph.index["y"]
    shapes, attrs = _input_shapes(trace, i), trace.graph["y"].attrs
    yield _heading(tr("formula"), trace)
    formula = op.formula_text(shapes, attrs, trace.mode)
    shown = tr("no short one") if formula is None else show(parse(formula), None, attrs)
    yield from equation(["y", shown], width, 2)
    local = op.local_texts(shapes, attrs, trace.mode)
    if local or op.nograd:
        yield ""
        yield _heading(tr("chain rule"), trace)
    for slot, rule in local.items():
        yield from equation([f"∂L/∂{symbol(slot.lstrip('*'))}", show(parse(rule), None, attrs)], width, 2)
    for slot in op.nograd:
        yield f"  ∂L/∂{symbol(slot)}: {tr('none, it has no derivative')}"
    yield ""


def _heading(text: str, trace: Trace) -> Line:
    """A section's title; of an op that computes something else in inference, with the mode."""
    return [Styled(text, "strong"), tr("  in inference") if trace.mode == "eval" else ""]


def _input_shapes(trace: Trace, i: int) -> Sequence[tuple[int, ...]]:
    return [trace.plan.shapes[j] for j in trace.plan.operands[i]]


def _example(trace: Trace, op: type[Op], width: int) -> Iterator[Line]:
    node = trace.graph["y"]
    given = ", ".join([*map(symbol, map(str, node.inputs)), *(f"{k}={_value(v)}" for k, v in node.attrs.items())])
    yield Styled(tr("example"), "strong")
    for k, line in enumerate(words(f"y = {op.name}({given})", width - 6)):
        yield "      " * (k > 0) + "  " + line
    for record in trace:
        yield from _shown(symbol(record.name), record.value, "value")
    if trace.has_gradients:
        yield ""
        yield [Styled(tr("its gradients"), "strong"), tr("  for the upstream gradient ∂L/∂y")]
        for record in (trace["y"], *(r for r in trace if r.name != "y")):
            if record.grad is not None:
                yield from _shown(f"∂L/∂{symbol(record.name)}", record.grad, "grad")
    yield ""


def _shown(name: str, array: Any, look: str) -> Iterator[Line]:
    head = f"  {name} "
    lines = matrix_lines(array) if np.ndim(array) else [matrix_lines(array)[0][2:-2].strip()]
    for k, line in enumerate(lines):
        tail = f"   {shape_text(np.shape(array))}" if k == 0 and np.ndim(array) else ""
        yield [head if k == 0 else " " * len(head), Styled(line, look), Styled(tail, "quiet")]


def _expansion(trace: Trace, op: type[Op], width: int) -> Iterator[Line]:
    """The steps the op is made of, with the example's numbers."""
    if op.expand is None:
        return
    yield _heading(tr("made of"), trace)
    try:
        steps = expand_trace(trace, ["y"])
    except GraphlabError as error:
        yield from (f"  {error.message}", "")
        return
    for i, node in enumerate(steps.graph.nodes):
        if not node.is_leaf:
            worked = forward_worked(steps, i)
            pieces: list[Text] = [worked.left, worked.symbolic or node.op, Styled(worked.result, "value")]
            yield from equation(pieces, width, 2, node.op)
    yield ""
