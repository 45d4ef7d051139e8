"""The Python way to write a model: gl.Graph collects nodes and freezes into a graph.Graph when it is run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from graphlab import graph as structure, ops
from graphlab.arrays.values import FLOATS, RANGES, array_of, leaf_attrs, overflows, too_large
from graphlab.errors import GraphlabError, ModelError, ShapeError, UsageError
from graphlab.formula.show import key_text
from graphlab.formula.tree import Slice
from graphlab.graph import Node
from graphlab.losses import check_gradient, check_scalar, sum_of
from graphlab.messages import tr
from graphlab.ops import foreign
from graphlab.ops.inference import infer, literal

MAX_NAME = 500
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f`\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


class Ref:
    """A node of a graph being built. Arithmetic on it makes new nodes: x @ W + b, x > 0, x[1:3], x[range(3), t]."""

    __slots__ = ("graph", "name")
    __array_ufunc__ = None  # so that array @ ref asks the ref

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.graph.shapes[self.name]

    @property
    def dtype(self) -> str:
        return self.graph.dtypes[self.name]

    def __repr__(self) -> str:
        return f"<{self.name}: {self.dtype} {self.shape}>"

    def __getattr__(self, attr: str) -> Any:
        if attr.startswith("_"):
            raise AttributeError(attr)
        raise AttributeError(tr("a node of a graph has no '{attr}'{hint}", attr=attr, hint=_instead(attr)))

    def __getitem__(self, key: Any) -> Ref:
        items = key if isinstance(key, tuple) else (key,)
        if len(items) == 2 and isinstance(items[0], range) and items[0] == range(len(items[0])):
            return self.graph.op("pick", self, items[1], n=len(items[0]))
        for item in items:
            if not isinstance(item, int | slice) or isinstance(item, bool):
                message = tr(
                    "an index is a whole number, a slice such as 1:3, or range(n) and a node, x[range(3), t], not "
                    "{item!r}; gl.gather takes entries along an axis", item=item,
                )  # fmt: skip
                raise ModelError(message)
        parts = tuple(Slice(i.start, i.stop, i.step) if isinstance(i, slice) else i for i in items)
        return self.graph.op("index", self, key=key_text(parts))

    def __len__(self) -> int:
        if not self.shape:
            message = tr("node '{name}' is a scalar: it has no length and nothing to go through", name=self.name)
            raise ShapeError(message)
        return self.shape[0]

    def __iter__(self) -> Iterator[Ref]:
        return map(self.__getitem__, range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        message = tr("node '{name}' has no value while the graph is built; gl.stack joins nodes", name=self.name)
        raise UsageError(message)

    def __eq__(self, other: object) -> Any:
        return self.graph.op("equal", self, other) if _is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self.graph.op("not_equal", self, other) if _is_operand(other) else NotImplemented

    __hash__ = object.__hash__  # of the object itself: as a key, a Ref is only ever equal to itself

    def __bool__(self) -> bool:
        raise UsageError(tr("node '{name}' has no value while the graph is built; use gl.where", name=self.name))

    def __neg__(self) -> Ref:
        return self.graph.op("neg", self)

    def __abs__(self) -> Ref:
        return self.graph.op("abs", self)


def _instead(attr: str) -> str:
    """What to write for an attribute that a tensor has in another library."""
    if attr in ("value", "grad", "data", "item", "numpy", "backward", "contributions"):
        return tr("; its numbers are in a trace: trace = gl.backward(gl.forward(graph)), trace[name].{attr}",
                  attr=attr if attr in ("grad", "contributions") else "value")  # fmt: skip
    found = "transpose" if attr in ("T", "mT") else foreign.meant(attr, ops.REGISTRY)
    return tr("; that is gl.{op}", op=found) if found else ""


def _operator(op: str, swapped: bool = False) -> Callable[[Ref, Any], Ref]:
    def method(self: Ref, other: Any) -> Ref:
        return self.graph.op(op, other, self) if swapped else self.graph.op(op, self, other)

    return method


for _symbol, _op in (
    ("add", "add"),
    ("sub", "sub"),
    ("mul", "mul"),
    ("truediv", "div"),
    ("pow", "pow"),
    ("matmul", "matmul"),
):
    setattr(Ref, f"__{_symbol}__", _operator(_op))
    setattr(Ref, f"__r{_symbol}__", _operator(_op, swapped=True))
for _symbol, _op in (("lt", "less"), ("le", "less_equal"), ("gt", "greater"), ("ge", "greater_equal")):
    setattr(Ref, f"__{_symbol}__", _operator(_op))


class Graph:
    """A graph being built; every function that takes a graph takes this too, as a snapshot.

    dtype: float64 or float32, of every floating-point node. seed: all randomness comes from it.

    >>> import graphlab as gl
    >>> g = gl.Graph("one neuron")
    >>> x, w = g.input("x", [1.0, 2.0]), g.param("w", [0.5, -0.25])
    >>> y = gl.sum(w * x, name="y")
    >>> float(gl.forward(g)["y"].value)
    0.0
    """

    def __init__(self, name: str = "", *, description: str = "", dtype: str = "float64", seed: int = 0) -> None:
        if dtype not in FLOATS:
            raise ModelError(tr("dtype is {dtype!r} but must be float64 or float32", dtype=dtype))
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise ModelError(tr("seed is {seed!r} but must be a whole number, 0 or more", seed=seed))
        self.name = name
        self.description = description
        self.dtype = dtype
        self.seed = seed
        self.nodes: dict[str, Node] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, str] = {}
        self._scope = ""
        self._counts: dict[str, int] = {}
        self._target: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self.nodes)} nodes>"

    def input(
        self, name: str, value: Any = None, *, shape: Sequence[int] | None = None, init: str | None = None,
        dtype: str | None = None, grad: bool = True, **options: Any,
    ) -> Ref:  # fmt: skip
        """Data fed in. Without a value: a shape, and an initialiser (zeros) with its options.

        Raises DataError for a value that is not a number or a regular nested list of them, ModelError otherwise.
        """
        attrs = leaf_attrs(name, value, shape, init, dtype, options, self.dtype)
        return self._add_leaf(name, "input", attrs if grad else {**attrs, "grad": False})

    def param(
        self, name: str, value: Any = None, *, shape: Sequence[int] | None = None, init: str | None = None,
        trainable: bool = True, **options: Any,
    ) -> Ref:  # fmt: skip
        """A learned array. trainable=False: it has a gradient, but an optimiser leaves it alone."""
        attrs = leaf_attrs(name, value, shape, init, self.dtype, options, self.dtype)
        return self._add_leaf(name, "param", attrs if trainable else {**attrs, "trainable": False})

    def state(
        self,
        name: str,
        value: Any = None,
        *,
        shape: Sequence[int] | None = None,
        init: str | None = None,
        **options: Any,
    ) -> Ref:
        """An array a layer keeps between runs, such as a running mean. It has no gradient."""
        return self._add_leaf(name, "state", leaf_attrs(name, value, shape, init, self.dtype, options, self.dtype))

    def constant(self, value: Any, name: str | None = None, *, dtype: str | None = None) -> Ref:
        """A fixed array."""
        name = name or self._auto_name("constant")
        return self._add_leaf(name, "constant", leaf_attrs(name, value, None, None, dtype, {}, self.dtype))

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names made inside are prefixed with `name.`; drawn as a group."""
        before = self._scope
        self._scope = f"{before}.{_checked_name(name)}" if before else _checked_name(name)
        try:
            yield
        finally:
            self._scope = before

    def op(self, op: str, *inputs: Any, name: str | None = None, **attrs: Any) -> Ref:
        """A node. Inputs: Refs, numbers and arrays; a layer given its size instead of parameters makes them.

        Raises ModelError for an unknown op, wrong arity or attributes, ShapeError where shapes do not fit.
        """
        kind = ops.get(op)
        full = self._full(name) if name else self._auto_name(op)
        before = len(self.nodes)
        try:
            operands = self._operands(kind, inputs, full)
            checked = self._make_parameters(kind, full, operands, attrs)
            seen = [self._seen(o) for o in operands]
            shape, dtype = infer(kind, seen, checked, self.dtype, operands)
            _check_literals(operands, next((d for _, d in seen if d in FLOATS), self.dtype))
        except GraphlabError as error:
            self._forget(before)
            raise about(error, op, full) from None
        try:
            self._add(Node(full, op, tuple(operands), checked), shape, dtype)
        except ModelError:
            self._forget(before)
            raise
        return Ref(self, full)

    def loss(self, ref: Ref | Sequence[Ref]) -> None:
        """Say which scalar is the loss, or which ones' sum. Not needed where it is the one node that nothing consumes.

        A list's sum is a node of its own, called loss. Raises LossError for what is no scalar, ModelError for a list
        that is empty or names a node twice.

        >>> import graphlab as gl
        >>> g = gl.Graph()
        >>> w = g.param("w", 3.0)
        >>> g.loss([gl.square(w, name="data"), gl.mul(w, 0.5, name="penalty")])
        >>> gl.backward(gl.forward(g))["loss"]
        <loss: add float64 () value=10.5 grad=1>
        """
        if not isinstance(ref, list | tuple):
            self._target = {"loss": self._own(ref)}
            return
        names = [self._own(one) for one in ref]
        for k, name in enumerate(names):
            check_scalar(name, self.shapes[name], self.dtypes[name])
            if name in names[:k]:
                raise ModelError(tr("the loss '{name}' is in the list twice; write 2 * {name} under nodes", name=name))
        if not names:
            raise ModelError(tr("the list of losses is empty; name one scalar or more"))
        self._target = {"losses": tuple(names)} if len(names) > 1 else {"loss": names[0]}

    def backward_from(self, ref: Ref, gradient: Any) -> None:
        """Start the chain rule from any node, with its upstream gradient given."""
        array = array_of(gradient, None, "gradient", self.dtype)
        check_gradient(self._own(ref), array.shape, self.shapes[ref.name])
        self._target = {"backward_node": ref.name, "backward_gradient": array}

    def freeze(self, **about: Any) -> structure.Graph:
        """The graph as it now stands, immutable."""
        values = {
            "name": self.name, "description": self.description, "dtype": self.dtype, "random_seed": self.seed,
            **self._target, **about,
        }  # fmt: skip
        nodes = [*self.nodes.values()]
        if values.get("losses"):
            total = self.loss_name()
            nodes += sum_of(values["losses"], total)
            values["loss"] = total
        return structure.make_graph(nodes, **values)

    def loss_name(self) -> str:
        """What the sum of a list of losses is called: loss, with _ behind it where that is taken."""
        name = "loss"
        while any(node == name or node.startswith((f"{name}#", f"{name}.")) for node in self.nodes):
            name += "_"
        return name

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.freeze()._repr_mimebundle_()

    def _full(self, name: str) -> str:
        return f"{self._scope}.{name}" if self._scope else name

    def _auto_name(self, op: str) -> str:
        """The op's name and a counter, per scope."""
        base = self._full(op)
        count = self._counts.get(base, 1)
        while f"{base}{count}" in self.nodes:
            count += 1
        self._counts[base] = count  # all before it are taken; this one only once its node is there
        return f"{base}{count}"

    def _forget(self, count: int) -> None:
        """Take back what was added after the first `count` nodes: a refused layer leaves nothing behind."""
        while len(self.nodes) > count:
            name, _ = self.nodes.popitem()
            del self.shapes[name], self.dtypes[name]

    def _own(self, ref: Any) -> str:
        if not isinstance(ref, Ref) or ref.graph is not self:
            raise ModelError(tr("{ref!r} is not a node of this graph", ref=ref))
        return ref.name

    def _operands(self, kind: type[ops.Op], inputs: Sequence[Any], consumer: str) -> list[structure.Operand]:
        """Names and literal numbers; arrays become constants, `consumer#1` and so on."""
        out: list[structure.Operand] = []
        made = 0
        slots = kind.slot_names(len(inputs))
        for i, value in enumerate(inputs):
            if isinstance(value, Ref):
                out.append(self._own(value))
            elif _is_literal(value):
                out.append(float(value) if isinstance(value, float) else value)
            else:
                made += 1
                slot = slots[i] if i < len(slots) else tr("input {n}", n=i + 1)
                array = array_of(value, None, slot, self.dtype)
                attrs = {"value": array, "shape": array.shape, "dtype": array.dtype.name}
                out.append(self._add_leaf(f"{consumer}#{made}", "constant", attrs, scoped=True).name)
        return out

    def _seen(self, operand: structure.Operand) -> tuple[tuple[int, ...], str | None]:
        """An operand's shape and dtype; a literal takes the dtype of its company."""
        return (self.shapes[operand], self.dtypes[operand]) if isinstance(operand, str) else literal(operand)

    def _make_parameters(
        self, kind: type[ops.Op], full: str, operands: list[structure.Operand], attrs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Add what a layer makes for itself to `operands`; its own attributes, checked."""
        count = len(operands)
        made = kind.slots[count:]
        sizes = {k: v for k, v in attrs.items() if k in kind.layer_attrs}
        if kind.parameters is None or not made or count == 0:
            ops.check_arity(kind, count, sizes)
            return ops.check_attrs(kind, attrs)
        checked = ops.check_attrs(kind, attrs, layer=True)
        missing = [k for k, a in kind.layer_attrs.items() if k not in sizes and a.default is ops.REQUIRED]
        if missing:
            ops.check_arity(kind, count, {})
        for size in sizes.values():
            if isinstance(size, int) and size < 1:
                raise ModelError(tr("a size is {size} but must be 1 or more", size=size))
        shapes = {slot: self._seen(o)[0] for slot, o in zip(kind.slots, operands, strict=False)}
        if any(shape == () for shape in shapes.values()):
            raise ShapeError(tr("x is a scalar but a layer needs at least one axis of features"))
        for slot, spec in kind.parameters(shapes, **{**checked, **sizes}).items():
            if slot in made:
                attrs_of_leaf = leaf_attrs(slot, None, spec.shape, spec.init, None, spec.options, self.dtype)
                operands.append(self._add_leaf(f"{full}.{slot}", spec.role, attrs_of_leaf, scoped=True).name)
        ops.check_arity(kind, len(operands), {})
        return {k: v for k, v in checked.items() if k in kind.attrs}

    def _add_leaf(self, name: str, role: str, attrs: dict[str, Any], scoped: bool = False) -> Ref:
        full = name if scoped else self._full(name)
        self._add(Node(full, role, (), attrs), attrs["shape"], attrs["dtype"])
        return Ref(self, full)

    def _add(self, node: Node, shape: tuple[int, ...], dtype: str) -> None:
        _checked_name(node.name)
        _checked_name(node.name.rpartition(".")[2])
        if node.name in self.nodes:
            raise ModelError(tr("'{name}' is defined twice; every node needs its own name", name=node.name))
        self.nodes[node.name] = node
        self.shapes[node.name] = shape
        self.dtypes[node.name] = dtype


def frozen_graph(graph: Graph | structure.Graph) -> structure.Graph:
    """A builder's snapshot, or the graph itself. Raises UsageError for what is neither."""
    if isinstance(graph, Graph):
        return graph.freeze()
    if not isinstance(graph, structure.Graph):
        raise UsageError(_no_graph(graph))
    return graph


def _no_graph(given: Any) -> str:
    """What was given instead of a graph, and how to come by one."""
    if isinstance(getattr(given, "graph", None), structure.Graph):
        return tr("expected a graph but found a trace, which has run already; its graph is trace.graph")
    if isinstance(given, Ref):
        return tr("expected a graph but found its node '{name}'; give the graph itself", name=given.name)
    if isinstance(given, str | Path):
        return tr("expected a graph but found a path; load it first: gl.load(path)")
    kind = type(given).__name__
    return tr("expected a graph but found {kind}; make one with gl.Graph, gl.load or gl.loads", kind=kind)


def op_function(op: str) -> Callable[..., Ref]:
    """gl.relu and its kin: a node in the graph of its first Ref."""
    kind = ops.get(op)

    def function(*inputs: Any, name: str | None = None, **attrs: Any) -> Ref:
        flat = inputs[0] if kind.variadic() and len(inputs) == 1 and isinstance(inputs[0], list | tuple) else inputs
        for value in flat:
            if isinstance(value, Ref):
                return value.graph.op(op, *flat, name=name, **attrs)
        raise UsageError(tr("{op} needs a node of a graph among its inputs", op=op))

    function.__name__ = function.__qualname__ = op
    function.__doc__ = kind.__doc__
    return function


def _is_operand(value: object) -> bool:
    """What a comparison makes a node of; anything else is simply not equal to a Ref."""
    return isinstance(value, Ref | int | float | list | tuple | np.ndarray | np.generic)


def _is_literal(value: Any) -> bool:
    """A number that a model file can write inside an expression."""
    if isinstance(value, bool):
        return False
    return (isinstance(value, float) and math.isfinite(value)) or (isinstance(value, int) and _fits(value))


def _fits(value: int) -> bool:
    low, high = RANGES["int64"]
    return low <= value <= high


def _check_literals(operands: Sequence[structure.Operand], dtype: str) -> None:
    """Raises ModelError for a literal number that would become infinite among operands of this dtype."""
    for operand in operands:
        if not isinstance(operand, str) and overflows(operand, dtype):
            raise ModelError(tr("the number {number} {why}", number=str(operand), why=too_large(dtype)))


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not name or len(name) > MAX_NAME or _NOT_IN_NAMES.search(name):
        shown = repr(name if len(str(name)) <= MAX_NAME else str(name)[:40] + "…")
        message = tr(
            "{name} cannot be a name: it is empty, has over {n} characters, or a control character or a backquote",
            name=shown, n=MAX_NAME,
        )  # fmt: skip
        raise ModelError(message)
    return name


def about(error: GraphlabError, op: str, name: str, where: str | None = None) -> GraphlabError:
    """The error with the node it is about at its head, and its place if it had none."""
    head = f"{op} '{name}': "
    if not error.message.startswith(head):
        error = type(error)(head + error.message.removeprefix(f"{op}: "), where=error.where)
    return error.at(where)
