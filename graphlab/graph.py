"""Node and Graph: structure only. Shapes belong to a plan, values to a State or a Trace."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.arrays.state import OPTIONS, State, generator, initialise
from graphlab.errors import ModelError, UsageError
from graphlab.messages import did_you_mean, tr

Operand = str | int | float  # a node's name, or a literal number

LEAVES = ("input", "param", "constant", "state")
_RANK = {"input": 0, "param": 1, "state": 2, "constant": 3}


@lru_cache(maxsize=4096)
def _slots(op: str, count: int) -> tuple[str, ...]:
    return ops.get(op).slot_names(count)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation and where its inputs come from: the only truth about edges.

    A leaf's attributes say its shape and dtype and its first value: value, or init with its options, or the file it
    was read from; and grad (input) and trainable (param).
    """

    name: str
    op: str
    inputs: tuple[Operand, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""

    @property
    def role(self) -> str:
        return self.op if self.op in LEAVES else "node"

    @property
    def is_leaf(self) -> bool:
        return self.op in LEAVES

    @property
    def slots(self) -> tuple[str, ...]:
        """The name of each input's position."""
        return _slots(self.op, len(self.inputs))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.op}({', '.join(map(str, self.inputs))})>"


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in topological order (ties by declaration), and from where the chain rule starts.

    loss: a scalar node, seeded with 1. losses: the nodes it is the sum of, where the model has a list. seed: the
    upstream gradient of `target` instead. locations: where in a file each node stands. source: the file itself.
    """

    name: str
    nodes: tuple[Node, ...]
    dtype: str = "float64"
    random_seed: int = 0
    description: str = ""
    loss: str | None = None
    losses: tuple[str, ...] = ()
    backward_node: str | None = None
    backward_gradient: np.ndarray | None = None
    locations: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None

    def __getitem__(self, name: str) -> Node:
        return self.nodes[self.position(name)]

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self.index

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self.nodes)} nodes>"

    @cached_property
    def index(self) -> dict[str, int]:
        """Each node's place in `nodes`."""
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def consumers(self) -> list[list[tuple[int, int]]]:
        """Per node, who takes its value: (consumer, which of its inputs), in order. x*x is two."""
        out: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for i, node in enumerate(self.nodes):
            for k, operand in enumerate(node.inputs):
                if isinstance(operand, str):
                    out[self.index[operand]].append((i, k))
        return out

    @cached_property
    def target(self) -> str | None:
        """The node the chain rule starts from: as declared, or the one node that nothing consumes."""
        if self.loss or self.backward_node:
            return self.loss or self.backward_node
        ends = [node.name for i, node in enumerate(self.nodes) if not node.is_leaf and not self.consumers[i]]
        return ends[0] if len(ends) == 1 else None

    @cached_property
    def plans(self) -> dict[Any, Any]:
        """What autodiff worked out for shapes and a mode; kept because it can be used again."""
        return {}

    def position(self, name: str) -> int:
        """The index of a node. Raises ModelError with a "did you mean"."""
        try:
            return self.index[checked_name(name)]
        except KeyError:
            raise ModelError(no_node(name, self.index)) from None

    def is_idle(self, i: int, mode: str) -> bool:
        """Whether node i is a running statistic that no node takes its numbers from in this mode."""
        consumers = [self.nodes[c] for c, _ in self.consumers[i]] if self.nodes[i].op == "state" else []
        working = any("mode" not in node.attrs or ops.mode_of(node.attrs, mode) == "eval" for node in consumers)
        return self.nodes[i].op == "state" and not working

    @cached_property
    def leaf_places(self) -> list[tuple[str, int, str]]:
        """Each leaf's name, position and role."""
        return [(node.name, i, node.op) for i, node in enumerate(self.nodes) if node.is_leaf]

    def leaves(self, *roles: str) -> list[Node]:
        """The leaves with one of these roles, in order."""
        return [self.nodes[i] for _, i, role in self.leaf_places if role in roles]

    @cached_property
    def _first_state(self) -> State:
        return State({node.name: self.first_value(node) for node in self.leaves("param", "state")})

    @cached_property
    def _first_feeds(self) -> dict[str, np.ndarray]:
        return {node.name: self.first_value(node) for node in self.leaves("input")}

    def initial_state(self) -> State:
        """The parameters and running statistics as the model declares them; random ones from the seed, by name."""
        return self._first_state

    def initial_feeds(self) -> Mapping[str, np.ndarray]:
        """The inputs' values as the model declares them."""
        return self._first_feeds

    def first_value(self, node: Node) -> np.ndarray:
        """A leaf's declared value, or the one its initialiser makes."""
        if "value" in node.attrs:
            return np.asarray(node.attrs["value"])
        options = {name: node.attrs[name] for name in OPTIONS if name in node.attrs}
        rng = generator(self.random_seed, node.name)
        value = initialise(node.attrs["shape"], node.attrs.get("init", "zeros"), options, rng)
        with np.errstate(over="ignore"):
            value = value.astype(node.attrs["dtype"], copy=False)
        value.flags.writeable = False
        return value

    def networkx(self) -> Any:
        """The graph as a networkx.MultiDiGraph: an edge for each input, with its slot."""
        import networkx

        out = networkx.MultiDiGraph(name=self.name)
        for node in self.nodes:
            out.add_node(node.name, op=node.op, scope=node.scope, role=node.role)
        for node in self.nodes:
            for slot, operand in zip(node.slots, node.inputs, strict=True):
                if isinstance(operand, str):
                    out.add_edge(operand, node.name, slot=slot)
        return out

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from graphlab.display.drawing import (
            mimebundle,  # a notebook asks the object itself; drawing stays in its own room
        )

        return mimebundle(self)


def checked_name(name: object) -> str:
    """The name of a node. Raises UsageError for anything but a text, such as the node itself."""
    if isinstance(name, str):
        return name
    own = getattr(name, "name", None)
    hint = tr("; write '{name}'", name=own) if isinstance(own, str) else ""
    raise UsageError(tr("expected a node's name but found {found}{hint}", found=type(name).__name__, hint=hint))


def no_node(name: str, known: Iterable[str]) -> str:
    """That there is no node of this name, and which one may be meant: of a scope its last; of x.grad, x.

    >>> no_node("fc1", ["fc2", "s.a", "s.b"]), no_node("s", ["s.a", "s.b"])
    ("there is no node 'fc1' (did you mean 'fc2'?)", "there is no node 's': it is a scope, whose last node is 's.b'")
    """
    known = list(known)
    last = last_inside(name, known)
    if last is not None:
        return tr("there is no node '{name}': it is a scope, whose last node is '{last}'", name=name, last=last)
    owner, _, what = name.rpartition(".")
    if what in ("grad", "value", "shape"):
        hint = tr("; write '{owner}' alone", owner=owner) if owner in known else did_you_mean(owner, known)
    else:
        hint = did_you_mean(name, known)
    return tr("there is no node '{name}'{hint}", name=name, hint=hint)


def last_inside(scope: str, known: Iterable[str]) -> str | None:
    """The last node in a scope, other than the parts of one; None where this is no scope.

    >>> last_inside("s", ["s.fc", "s.y#1", "s.y", "s.fc.W", "t"]), last_inside("t", ["t"])
    ('s.y', None)
    """
    inside = [other for other in known if other.startswith(f"{scope}.") and "#" not in other]
    whole = [other for other in inside if parent_of(other) not in inside]
    return whole[-1] if whole else None


def make_graph(nodes: Iterable[Node], **about: Any) -> Graph:
    """A Graph of these nodes, sorted and with their scopes. Raises ModelError for a cycle."""
    ordered = sort(list(nodes))
    scopes = scopes_of([(node.name, node.is_leaf) for node in ordered])
    placed = tuple(
        node if node.scope == scope else replace(node, scope=scope) for node, scope in zip(ordered, scopes, strict=True)
    )
    return Graph(nodes=placed, **about)


def sort(nodes: Sequence[Node]) -> list[Node]:
    """Topological order, deterministic: inputs first, then free parameters, states and constants, then as declared.

    A layer's own parameters (fc.W of fc) and an expression's constants stand directly before their consumer.
    Raises ModelError with a cycle's names.
    """
    index = {node.name: i for i, node in enumerate(nodes)}
    sources = [list(dict.fromkeys([index[o] for o in node.inputs if isinstance(o, str)])) for node in nodes]
    order = _by_rank(nodes, sources, _owned(nodes, sources))
    if order is None:
        inputs = {node.name: [nodes[j].name for j in operands] for node, operands in zip(nodes, sources, strict=True)}
        cycle = " → ".join(find_cycle(inputs))
        raise ModelError(tr("the graph has a cycle: {cycle}; a node cannot depend on itself", cycle=cycle))
    return [nodes[i] for i in order]


def _owned(nodes: Sequence[Node], sources: list[list[int]]) -> dict[int, list[int]]:
    """Per node, the leaves that are its own: named after it, and nobody else's."""
    used = [0] * len(nodes)
    for operands in sources:
        for j in operands:
            used[j] += 1
    own: dict[int, list[int]] = {}
    for i, operands in enumerate(sources):
        for j in operands:
            if used[j] == 1 and nodes[j].is_leaf and _belongs(nodes[j], nodes[i].name):
                own.setdefault(i, []).append(j)
    return own


def _by_rank(nodes: Sequence[Node], sources: list[list[int]], own: dict[int, list[int]]) -> list[int] | None:
    """Always the first in rank of what is ready; None where a cycle leaves something over."""
    n = len(nodes)
    owned = {j for leaves in own.values() for j in leaves}
    ranks = [n * _RANK.get(node.op, len(_RANK)) + i for i, node in enumerate(nodes)]
    waiting = [len(operands) - len(own.get(i, ())) for i, operands in enumerate(sources)]
    feeds: list[list[int]] = [[] for _ in nodes]
    for i, operands in enumerate(sources):
        for j in operands:
            feeds[j].append(i)
    ready = sorted(ranks[i] for i in range(n) if waiting[i] == 0 and i not in owned)
    out: list[int] = []
    while ready:
        i = heapq.heappop(ready) % n
        out += own.get(i, ())
        out.append(i)
        for consumer in feeds[i]:
            waiting[consumer] -= 1
            if waiting[consumer] == 0:
                heapq.heappush(ready, ranks[consumer])
    return out if len(out) == n else None


def _belongs(leaf: Node, consumer: str) -> bool:
    """Whether a leaf is named after its consumer: fc.W of fc, or a constant of one expression, y#1 of y or y#2."""
    if leaf.op == "constant":
        return leaf.name.startswith(consumer.partition("#")[0] + "#")
    return leaf.op != "input" and leaf.name.startswith(consumer + ".")


def find_cycle(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """The names around one cycle, first and last the same, in the direction of the data; [] if there is none.

    >>> find_cycle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    ['a', 'c', 'b', 'a']
    """
    done: set[str] = set()
    for start in inputs:
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, k = stack.pop()
            if k == 0:
                if name in on_path:
                    return [name, *reversed(path[on_path[name] :])]
                if name in done:
                    continue
                on_path[name] = len(path)
                path.append(name)
            sources = inputs.get(name, ())
            if k < len(sources):
                stack += [(name, k + 1), (sources[k], 0)]
            else:
                done.add(name)
                path.pop()
                del on_path[name]
    return []


def scopes_of(names: Sequence[tuple[str, bool]]) -> list[str]:
    """Each (name, is leaf)'s scope. A layer's parameters live where the layer does; an unfolded node in its own scope.

    >>> scopes_of([("h.fc.W", True), ("h.fc", False), ("bn.mu", False), ("bn", False)])
    ['h', 'h', 'bn', 'bn']
    """
    is_node = {name for name, is_leaf in names if not is_leaf}
    unfolded: set[str] = set()
    for name in is_node:
        parent = parent_of(name)
        while parent and parent not in unfolded:
            unfolded.add(parent)
            parent = parent_of(parent)
    out = []
    for name, _ in names:
        scope = name if name in unfolded and name in is_node else parent_of(name)
        while scope and scope in is_node and scope not in unfolded:
            scope = parent_of(scope)
        out.append(scope)
    return out


def parent_of(name: str) -> str:
    """The scope a name is written in: hidden.fc is in hidden."""
    return name.rpartition(".")[0]
