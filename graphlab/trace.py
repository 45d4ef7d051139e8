"""Trace: everything one run computed, in columns. Records, steps and contributions are made when looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlab import ops
from graphlab.arrays.state import State, generator
from graphlab.base.numbers import Summary, number, shape_text
from graphlab.errors import LossError, TraceError, UsageError
from graphlab.graph import Graph, Node
from graphlab.messages import tr
from graphlab.ops import Context

if TYPE_CHECKING:
    from graphlab.planning import Plan


@dataclass(frozen=True, slots=True)
class Contribution:
    """One edge's product: what `consumer` sends back to `producer` through one of its slots.

    rule: the chain rule of that slot, in the names of the consumer's op. value: shaped as the producer.
    """

    consumer: str
    slot: str
    producer: str
    rule: str
    value: np.ndarray

    def __repr__(self) -> str:
        return f"<{self.consumer} sends {self.producer}: {self.rule} {_brief(self.value)}>"


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a run. phase: forward (a value was made) or backward (contributions were sent).

    upstream: the gradient that had arrived at the node, in the backward phase.
    """

    index: int
    phase: str
    node: str
    value: np.ndarray | None = None
    upstream: np.ndarray | None = None
    contributions: tuple[Contribution, ...] = ()

    def __repr__(self) -> str:
        made = _brief(self.value) if self.phase == "forward" else f"sends {len(self.contributions)}"
        return f"<Step {self.index}, {self.phase}: {self.node} {made}>"


class Trace:
    """The record of a run. trace["h"].value and .grad are arrays; grad is None where nothing was computed.

    Columns are indexed as graph.nodes; the model's literal numbers follow in `values`. cotangents and contributions
    are None before backward; contributions[i][k] is what node i sent to its k-th input (None: nothing). cancelled:
    which elements are 0 for rounding alone, in a run without noise; cleaned: that run (graphlab.explain.rounding).
    """

    def __init__(
        self, graph: Graph, plan: Plan, state: State, feeds: Mapping[str, Any], mode: str, iteration: int,
        values: list[Any], residuals: list[Any] | None = None, cotangents: list[Any] | None = None,
        contributions: list[Any] | None = None, summaries: Mapping[tuple[int, str], Summary] | None = None,
        updates: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.plan = plan
        self.state = state
        self.feeds = feeds
        self.mode = mode
        self.iteration = iteration
        self.values = values
        self.residuals = residuals
        self.cotangents = cotangents
        self.contributions = contributions
        self.cancelled: Mapping[tuple[int, int], Any] = {}
        self.cleaned: Trace | None = None
        self._rules: dict[int, tuple[Any, Mapping[str, str]]] = {}
        self._updates = updates  # as a trace file has them; None: to be computed
        self.summaries = summaries or {}  # of arrays that a trace file left out, by node and what (value, grad, sent k)

    def __repr__(self) -> str:
        done = tr("forward and backward") if self.cotangents is not None else tr("forward")
        return f"<Trace of {self.graph.name!r}: {len(self.graph)} nodes, {done}>"

    def __str__(self) -> str:
        """Every step, as `graphlab trace` shows it."""
        from shutil import get_terminal_size

        from graphlab.lines import to_text
        from graphlab.lines.trace import trace_lines

        return to_text(trace_lines(self, 4, get_terminal_size((80, 24)).columns))

    def __getitem__(self, name: str) -> Record:
        return Record(self, self.graph.position(name))

    def __iter__(self) -> Iterator[Record]:
        return (Record(self, i) for i in range(len(self.graph)))

    def mode_of(self, i: int) -> str:
        """The mode node i works in: its own, else the run's."""
        return ops.mode_of(self.graph.nodes[i].attrs, self.mode)

    @property
    def has_gradients(self) -> bool:
        return self.cotangents is not None

    @property
    def loss(self) -> float | None:
        """The loss's value; None where the model starts from an upstream gradient or has no loss."""
        i = self.plan.target
        if i is None or self.graph.backward_node or np.size(self.values[i]) != 1 or self.values[i] is None:
            return None
        return float(np.asarray(self.values[i]).reshape(()))

    def check_whole(self) -> Trace:
        """This trace. Raises TraceError where it was read from a file that left large arrays out."""
        missing = next((i for i, _ in self.summaries if self.values[i] is None), None)
        if missing is None:
            return self
        name = self.graph.nodes[missing].name
        message = tr(
            "this trace was read from a file that left out large arrays, such as the value of '{name}'; a .npz file "
            "keeps them all, or run the model again", name=name,
        )  # fmt: skip
        raise TraceError(message)

    @cached_property
    def updates(self) -> dict[str, np.ndarray]:
        """New values of the layers' states, such as running means; forward itself changes nothing.

        >>> import graphlab as gl
        >>> graph = gl.loads("graphlab: 1\\ninputs: {x: [[1], [5]]}\\nnodes: {y: 'batchnorm(x, momentum=0.5)'}")
        >>> {name: array.tolist() for name, array in gl.forward(graph).updates.items()}
        {'y.running_mean': [1.5], 'y.running_var': [4.5]}
        """
        if self._updates is not None:
            return dict(self._updates)
        out: dict[str, np.ndarray] = {}
        for i, node in enumerate(self.graph.nodes):
            updates = ops.get(node.op).updates
            if updates is None:
                continue
            primals = [self.values[j] for j in self.plan.operands[i]]
            if self.values[i] is None or any(primal is None for primal in primals):
                continue  # a file left them out
            with np.errstate(all="ignore"):
                new = updates(Context(self.mode_of(i)), primals, self.values[i], self.residuals_of(i), **node.attrs)
            sources = dict(zip(node.slots, node.inputs, strict=True))
            out.update((str(sources[slot]), value) for slot, value in new.items() if isinstance(sources[slot], str))
        return out

    @cached_property
    def steps(self) -> Sequence[Step]:
        """Every forward node, then every backward node."""
        return _Steps(self)

    def residuals_of(self, i: int) -> tuple[Any, ...]:
        """What node i's forward kept; computed again where the trace was read from a file."""
        if self.residuals is not None:
            kept: tuple[Any, ...] = self.residuals[i]
            return kept
        node = self.graph.nodes[i]
        op = ops.get(node.op)
        rng = generator(self.graph.random_seed, node.name, self.iteration) if op.random else None
        primals = [self.values[j] for j in self.plan.operands[i]]
        with np.errstate(all="ignore"):
            again: tuple[Any, ...] = op.forward(Context(self.mode_of(i), rng), *primals, **node.attrs)[1]
        return again

    def rule(self, i: int, k: int) -> str:
        """The chain rule of node i's k-th slot, as text."""
        node = self.graph.nodes[i]
        op = ops.get(node.op)
        texts = self._local_texts(i)
        slot = node.slots[k]
        return texts.get(slot) or (texts.get(op.slots[-1]) if op.variadic() else None) or "vjp(upstream)"

    def _local_texts(self, i: int) -> Mapping[str, str]:
        """The rules of all of node i's slots; kept, since there may be thousands and each is asked for by itself."""
        node = self.graph.nodes[i]
        op = ops.get(node.op)
        written = op.local, op.eval_local
        if i in self._rules and self._rules[i][0] == written:
            return self._rules[i][1]
        shapes = [
            np.shape(self.values[j]) if j >= len(self.graph) else self.plan.shapes[j] for j in self.plan.operands[i]
        ]
        texts = op.local_texts(shapes, node.attrs, self.mode)
        if len(shapes) > 3:
            self._rules[i] = written, texts
        return texts

    def sent(self, i: int) -> tuple[Contribution, ...]:
        """The contributions that node i sent to its inputs."""
        parts = self.contributions[i] if self.contributions is not None else None
        node = self.graph.nodes[i]
        return tuple(
            Contribution(node.name, slot, str(operand), self.rule(i, k), frozen_view(part))
            for k, (slot, operand, part) in enumerate(zip(node.slots, node.inputs, parts or (), strict=bool(parts)))
            if part is not None
        )

    def with_gradients(self, cotangents: list[Any], contributions: list[Any]) -> Trace:
        """This trace after backward."""
        return Trace(
            self.graph, self.plan, self.state, self.feeds, self.mode, self.iteration, self.values, self.residuals,
            cotangents, contributions, self.summaries, self._updates,
        )  # fmt: skip

    def save(self, path: str | Path, max_elements: int | None = None) -> None:
        """Write .json (arrays over max_elements as summaries) or .npz (everything).

        Raises UsageError for another extension, and where the file cannot be written.
        """
        from graphlab.storage import tracefile

        tracefile.save(self, path, max_elements)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from graphlab.display.drawing import (
            mimebundle,  # a notebook asks the object itself; drawing stays in its own room
        )

        return mimebundle(self)


@dataclass(frozen=True, slots=True)
class Record:
    """One node of a trace."""

    trace: Trace
    position: int

    @property
    def node(self) -> Node:
        return self.trace.graph.nodes[self.position]

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.trace.plan.shapes[self.position]

    @property
    def dtype(self) -> str:
        return self.trace.plan.dtypes[self.position]

    @property
    def value(self) -> np.ndarray:
        """The node's value, read-only. Raises TraceError where a trace file left it out."""
        value = self.trace.values[self.position]
        if value is None:
            message = tr("the value of '{name}' is not in this trace file, only its summary", name=self.name)
            raise TraceError(message)
        return frozen_view(value)

    @property
    def grad(self) -> np.ndarray | None:
        """∂L/∂(node), read-only; None before backward and where the loss does not depend on it."""
        grad = self.trace.cotangents[self.position] if self.trace.cotangents is not None else None
        return None if grad is None else frozen_view(grad)

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """The terms whose sum is `grad`, in the order they were added: one for each edge to a consumer."""
        trace, i = self.trace, self.position
        order = sorted(trace.graph.consumers[i], key=lambda edge: (-edge[0], edge[1]))
        sent = ((c, k, trace.contributions[c]) for c, k in order) if trace.contributions is not None else ()
        return tuple(
            Contribution(
                trace.graph.nodes[c].name,
                trace.graph.nodes[c].slots[k],
                self.name,
                trace.rule(c, k),
                frozen_view(parts[k]),
            )
            for c, k, parts in sent
            if parts is not None and parts[k] is not None
        )

    def __repr__(self) -> str:
        grad = self.grad
        text = f"<{self.name}: {self.node.op} {self.dtype} {self.shape}"
        if np.size(self.trace.values[self.position]) == 1 and self.trace.values[self.position] is not None:
            text += f" value={number(self.value.reshape(()))}"
            text += f" grad={number(grad.reshape(()))}" if grad is not None else ""
        return text + ">"


def _brief(value: Any) -> str:
    """A number, or an array's shape."""
    return number(np.reshape(value, ())) if np.size(value) == 1 else shape_text(np.shape(value))


class _Steps(Sequence[Step]):
    """A trace's steps, made one at a time."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        sent = trace.contributions or ()
        self.backward = [i for i in reversed(range(len(sent))) if sent[i] is not None]

    def __len__(self) -> int:
        return len(self.trace.plan.order) + len(self.backward)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[j] for j in range(*k.indices(len(self)))]
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        k %= len(self)
        trace, forward = self.trace, len(self.trace.plan.order)
        i = trace.plan.order[k] if k < forward else self.backward[k - forward]
        name = trace.graph.nodes[i].name
        if k < forward:
            return Step(k, "forward", name, value=frozen_view(trace.values[i]))
        upstream = trace.cotangents[i] if trace.cotangents is not None else None
        return Step(k, "backward", name, upstream=frozen_view(upstream), contributions=trace.sent(i))


def frozen_view(value: Any) -> Any:
    """The array as others may see it: not to be written to."""
    if value is None:
        return None
    array = np.asarray(value)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def checked_trace(given: Any, call: str, gradients: bool = False) -> Trace:
    """What a function was given, if it is a run. Raises UsageError that says how to make one of what it is.

    gradients: it must have been run backward too; LossError where it was not.
    """
    from graphlab.builder import Graph as Builder, Ref

    if isinstance(given, Trace):
        if gradients and given.cotangents is None:
            raise LossError(tr("this trace has no gradients yet: run backward first, gl.backward(trace)"))
        return given
    way = "gl.forward({graph})" if call == "gl.backward" else "gl.backward(gl.forward({graph}))"
    if isinstance(given, Graph | Builder):
        message = tr("{call} takes a trace, not a graph; run it first: {way}", call=call, way=way.format(graph="graph"))
    elif isinstance(given, str | Path):
        way = way.format(graph="gl.load(path)")
        message = tr("{call} takes a trace, not a path; load the model and run it: {way}", call=call, way=way)
    elif isinstance(given, Ref):
        message = tr("{call} takes a trace, not a node; run its graph: {way}", call=call, way=way.format(graph="graph"))
    else:
        kind = type(given).__name__
        message = tr("{call} takes a trace, not {kind}; make one: {way}", call=call, kind=kind,
                     way=way.format(graph="graph"))  # fmt: skip
    raise UsageError(message)


def load_trace(path: str | Path) -> Trace:
    """Read a trace written by `save`. Raises TraceError for anything else."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(tr("a trace is read from a path, not from {kind}", kind=type(path).__name__))
    from graphlab.storage import tracefile

    return tracefile.load(path)
