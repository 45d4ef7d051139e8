"""The arithmetic of one entry: for every op and every slot it comes to the entry."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from graphlab_cli.terminal.catalogue import example_trace

import graphlab as gl
from graphlab.errors import ModelError
from graphlab.explain.rules import formula_of, rule_of
from graphlab.explain.worked import element_worked, environment
from graphlab.formula import PRIMITIVES, Element, evaluate, parse, show
from graphlab.ops import REGISTRY

FUNCTIONS = {**PRIMITIVES, "maximum": lambda *x: max(x), "minimum": lambda *x: min(x)}  # of any number of entries
OPS = sorted(name for name, op in REGISTRY.items() if op.family != "leaf")


def entries(name: str, mode: str) -> Iterator[tuple[Any, Any, Any, tuple[int, ...]]]:
    """(formula, values, expected, key) of every entry of an op's example, forward and backward."""
    trace = example_trace(REGISTRY[name], mode)
    i = trace.graph.index["y"]
    slots = trace.graph.nodes[i].slots
    parts = (trace.contributions or [()] * (i + 1))[i] or ()
    for k, array in [(None, trace.values[i]), *((k, p) for k, p in enumerate(parts) if p is not None)]:
        formula = formula_of(trace, i) if k is None else rule_of(trace, i, k)
        if formula is not None:
            values = environment(trace, i, None if k is None else slots[k])
            for key in itertools.product(*map(range, np.shape(array))):
                yield formula.numbered, values, array, key


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", OPS)
def test_it_evaluates_to_the_entry(name: str, mode: str) -> None:
    checked = 0
    for tree, values, array, key in entries(name, mode):
        one = Element(tree, values, key)
        if "…" in show(one.tree, one.symbols()):
            continue
        found = evaluate(one.tree, {entry: value for entry, (_, _, value) in one.entries.items()}, FUNCTIONS)
        assert math.isclose(float(found), float(np.asarray(array)[key]), rel_tol=1e-9, abs_tol=1e-12), (key, one.tree)
        checked += 1
    assert checked or name in ("bce", "bce_with_logits", "cross_entropy", "hinge", "huber", "l2_penalty", "mae", "mse",
                               "nll", "softmax_cross_entropy")  # fmt: skip


def test_a_long_sum_shows_its_beginning_and_its_end() -> None:
    one = Element(parse("sum(x)"), {"x": np.arange(9.0)}, ())
    assert show(one.tree, one.symbols()) == "x[0] + x[1] + x[2] + x[3] + … + x[8]"


def test_a_batch_of_matrices() -> None:
    a, b = np.arange(12.0).reshape(2, 2, 3), np.arange(6.0).reshape(3, 2)
    one = Element(parse("a @ b"), {"a": a, "b": b}, (1, 0, 1))
    assert show(one.tree, one.symbols()) == "a[1,0,0] × b[0,1] + a[1,0,1] × b[1,1] + a[1,0,2] × b[2,1]"


def test_it_names_the_nodes_and_comes_to_the_printed_entry() -> None:
    graph = gl.loads("graphlab: 1\ninputs: {x: [[1, 2]]}\nparams: {W: [[3], [4]], b: [5]}\nnodes: {y: x @ W + b}")
    trace = gl.backward(gl.forward(graph))
    matmul = trace.graph.index["y#1"]
    forward = element_worked(trace, matmul, None, (0, 0))
    assert (forward.left, forward.symbolic) == ("y#1[0,0]", "x[0,0] × W[0,0] + x[0,1] × W[1,0]")
    assert (forward.substituted, forward.result) == ("1 × 3 + 2 × 4", "11")
    backward = element_worked(trace, matmul, 1, (1, 0))
    assert (backward.left, backward.symbolic, backward.result) == ("∂L/∂W[1,0]", "x[0,1] × ∂L/∂y#1[0,0]", "2")


def test_no_such_entry() -> None:
    trace = gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * 2}"))
    for key in ((2,), (0, 0), ()):
        with pytest.raises(ModelError, match="has no entry"):
            element_worked(trace, 1, None, key)


def test_the_debugger_steps_from_entry_to_entry() -> None:
    debugger = gl.Debugger(
        gl.backward(gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * 3, L: sum(y)}")))
    )
    debugger.goto("y")
    assert [debugger.element(n)[0].substituted for n in (0, 1, 2)] == ["1 × 3", "2 × 3", "2 × 3"]
    assert debugger.goto("end").node == "y"
    assert [worked.left for worked in debugger.element((1,))] == ["∂L/∂x[1]"]
