"""What every op is made of: the class, the registry, attributes, shapes and unbroadcast."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from graphlab.errors import ModelError, ShapeError
from graphlab.messages import tr
from graphlab.ops.axes import axes_text, check_axes
from graphlab.ops.foreign import attribute_hint, hint_for
from graphlab.ops.sums import total

Shape = tuple[int, ...]
Array = Any  # a numpy array or numpy scalar: what numpy's own functions return
REQUIRED: Any = object()  # the default of an attribute that has none

REGISTRY: dict[str, type[Op]] = {}


@dataclass(frozen=True)
class Attr:
    """One attribute of an op: its default, what it may be, and a few words.

    kind: "number", "numbers" (a list), "integer", "boolean", "integers" (one or a list), "word" (with choices) or "key"
    (an index).
    optional: none is a value too.
    """

    default: Any = REQUIRED
    kind: str = "number"
    help: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Parameter:
    """A leaf that a layer makes for itself when its size is given instead. options: of its initialiser."""

    shape: Shape
    init: str = "zeros"
    role: str = "param"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What an op may know beyond its inputs.

    mode: "train" or "eval", the node's own (mode_of). rng: a generator of its own, for ops with random = True.
    needs: per slot, whether its cotangent is wanted (None: all); an expensive vjp may return None for the others.
    """

    mode: str = "train"
    rng: np.random.Generator | None = None
    needs: tuple[bool, ...] | None = None


MODE = Attr(None, kind="word", choices=("train", "eval"), optional=True, help="of this node; none: the run's")


def mode_of(attrs: Mapping[str, Any], mode: str) -> str:
    """The mode a node works in: its own where it has one (a frozen layer), else the run's.

    >>> mode_of({"mode": "eval"}, "train"), mode_of({"mode": None}, "train"), mode_of({}, "eval")
    ('eval', 'train', 'eval')
    """
    return attrs.get("mode") or mode


class Op:
    """One operation: y = f(x, ...). Subclassing with a `name` registers it. All methods are static.

    Everything about an op stands in its class: slots, attributes, shapes, the formula and the local rules that are
    shown, and the forward and vjp that compute. `formula` and each value of `local` are texts in the primitives of
    graphlab.formula, over slots, attributes, y, upstream and named residuals; or a static method
    (shapes, **attrs) that returns them, where they depend on those. An op that computes something else in eval mode
    has both `eval_formula` and `eval_local` besides, and the attribute MODE; what that comes to stands in ctx.mode.
    """

    name: ClassVar[str] = ""
    family: ClassVar[str] = ""
    slots: ClassVar[tuple[str, ...]] = ("x",)
    axes: ClassVar[str | None] = None
    attrs: ClassVar[Mapping[str, Attr]] = {}
    renamed: ClassVar[Mapping[str, str]] = {}  # earlier names of attributes, which older files have
    layer_attrs: ClassVar[Mapping[str, Attr]] = {}  # sizes and initialisers, used when the op makes its parameters
    residuals: ClassVar[tuple[str, ...]] = ()  # names of what forward keeps for vjp
    result: ClassVar[str] = "float"  # dtype of y: float, number (integers stay), total (they become int64), bool, same
    as_is: ClassVar[tuple[str, ...]] = ()  # slots whose dtype is left alone: labels, indices, conditions
    nograd: ClassVar[tuple[str, ...]] = ()  # slots without a derivative
    elementwise: ClassVar[bool] = False  # inputs broadcast; the chain rule sums over broadcast axes
    random: ClassVar[bool] = False
    kinks: ClassVar[bool] = False  # not differentiable somewhere: a gradient check may meet a kink
    macs: ClassVar[Callable[..., int] | None] = None  # (shapes, out) -> multiply-adds, for matrix products
    formula: ClassVar[Any] = None
    local: ClassVar[Any] = {}
    eval_formula: ClassVar[Any] = None  # in eval mode; None: as in train mode
    eval_local: ClassVar[Any] = None
    held: ClassVar[Callable[..., Array] | None] = None  # (moved, recorded, **attrs) -> as the chain rule sees it
    expand: ClassVar[Callable[..., Any] | None] = None
    parameters: ClassVar[Callable[..., dict[str, Parameter]] | None] = None
    updates: ClassVar[Callable[..., dict[str, Array]] | None] = None
    remedy: ClassVar[Callable[..., str] | None] = None  # (names, shapes) → how inputs that do not fit are made to
    doubt: ClassVar[Callable[..., str] | None] = None  # (primals, attrs) → what is hardly meant in them: ops/doubts.py
    applies: ClassVar[str] = ""  # the op that a loss of logits applies to its first input itself

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            if cls.name in REGISTRY:
                raise TypeError(f"two ops are called {cls.name!r}")
            REGISTRY[cls.name] = cls

    @staticmethod
    def forward(ctx: Context, *primals: Array, **attrs: Any) -> tuple[Array, tuple[Any, ...]]:
        """The value, and what vjp needs of the way there."""
        raise NotImplementedError

    @staticmethod
    def vjp(
        ctx: Context, g: Array, primals: Sequence[Array], value: Array, residuals: tuple[Any, ...], **attrs: Any
    ) -> tuple[Array | None, ...]:
        """One cotangent per slot for the upstream gradient g; None: not differentiable. Never writes into g."""
        raise NotImplementedError

    @staticmethod
    def example(rng: np.random.Generator) -> tuple[tuple[Array, ...], dict[str, Any]]:
        """Primals and attrs, away from kinks: for the catalogue and the contract tests."""
        raise NotImplementedError

    @classmethod
    def shape(cls, *shapes: Shape, **attrs: Any) -> Shape:
        """The shape of y. Raises ShapeError, naming the axis and both sizes."""
        if cls.elementwise:
            return broadcast_shapes(cls.slots, shapes)
        if cls.axes is None:
            raise NotImplementedError(f"{cls.name} needs axes or a shape method")
        return check_axes(cls.axes, cls.slots, shapes)

    @classmethod
    def formula_text(cls, shapes: Sequence[Shape], attrs: Mapping[str, Any], mode: str = "train") -> str | None:
        """The formula for these shapes and attributes in a mode; None where there is no short one."""
        formula = cls.eval_formula if mode_of(attrs, mode) == "eval" and cls.eval_formula is not None else cls.formula
        return formula(shapes, **attrs) if callable(formula) else formula

    @classmethod
    def local_texts(cls, shapes: Sequence[Shape], attrs: Mapping[str, Any], mode: str = "train") -> Mapping[str, str]:
        """The chain rule in a mode written out, per slot."""
        local = cls.eval_local if mode_of(attrs, mode) == "eval" and cls.eval_local is not None else cls.local
        return local(shapes, **attrs) if callable(local) else local

    @classmethod
    def passes(cls, slot: str, shapes: Sequence[Shape], attrs: Mapping[str, Any]) -> bool:
        """Whether a slot has a derivative; of labels it depends on whether they are class numbers."""
        if slot in cls.nograd:
            return False
        return slot not in cls.as_is or slot in cls.local_texts(shapes, attrs)

    @classmethod
    def variadic(cls) -> bool:
        return cls.slots[-1:] != () and cls.slots[-1].startswith("*")

    @classmethod
    def slot_names(cls, count: int) -> tuple[str, ...]:
        """The slots of `count` inputs; those of *xs are xs0, xs1 …"""
        if not cls.variadic():
            return cls.slots[:count]
        fixed = cls.slots[:-1]
        return fixed + tuple(f"{cls.slots[-1][1:]}{i}" for i in range(count - len(fixed)))


class Elementwise(Op):
    """An op on each element; its inputs broadcast as numpy's do."""

    elementwise = True


def get(name: str) -> type[Op]:
    """The op of that name. Raises ModelError with a "did you mean"."""
    try:
        return REGISTRY[name]
    except KeyError:
        hint = hint_for(name, [op for op, kind in REGISTRY.items() if kind.family != "leaf"])
        message = tr("unknown op '{name}'{hint}; `graphlab ops` lists them all", name=name, hint=hint)
        raise ModelError(message) from None


def broadcast_shapes(slots: Sequence[str], shapes: Sequence[Shape]) -> Shape:
    """numpy's broadcast shape. Raises ShapeError with the axis and both sizes.

    >>> broadcast_shapes(("a", "b"), ((2, 3), (3,)))
    (2, 3)
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    out = [1] * max(map(len, shapes))
    owner = [slots[0]] * len(out)
    for slot, shape in zip(slots, shapes, strict=True):
        for i in range(-len(shape), 0):
            if shape[i] != 1 and out[i] not in (1, shape[i]):
                other = dict(zip(slots, shapes, strict=True))[owner[i]]
                message = tr(
                    "{a} is {sa} but {b} is {sb}; axis {axis} is {na} and {nb}, which do not broadcast",
                    a=owner[i], sa=other, b=slot, sb=shape, axis=i, na=out[i], nb=shape[i],
                )  # fmt: skip
                raise ShapeError(message)
            if shape[i] != 1:
                out[i], owner[i] = shape[i], slot
    return tuple(out)


def unbroadcast(g: Array, shape: Shape) -> Array:
    """Sum g over the axes along which an operand of this shape was broadcast.

    >>> unbroadcast(np.ones((4, 3)), (3,)).tolist()
    [4.0, 4.0, 4.0]
    """
    lead = np.ndim(g) - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return total(g, axes, keepdims=True).reshape(shape) if axes else g


def normalise_axis(axis: int, ndim: int) -> int:
    """A possibly negative axis as 0 … ndim-1. Raises ShapeError where there is no such axis."""
    if not -ndim <= axis < ndim:
        message = tr("axis {axis} does not exist: x has {axes}", axis=axis, axes=axes_text(ndim))
        raise ShapeError(message)
    return axis % ndim


def check_arity(kind: type[Op], count: int, sizes: Mapping[str, Any]) -> None:
    """Raises ModelError unless the op takes this many inputs; sizes: layer attributes given besides."""
    least = len(kind.slots)
    if kind.variadic():
        if count >= least:
            return
        raise ModelError(tr("{op} needs at least one input", op=kind.name))
    if count == least and not sizes:
        return
    wanted = ", ".join(kind.slots)
    if count == least:
        message = tr("{op} has its parameters as inputs, so it takes no '{size}'", op=kind.name, size=next(iter(sizes)))
        raise ModelError(message)
    message = tr(
        "{op} takes {least} {inputs} ({wanted}) but has {count}", op=kind.name, least=least,
        inputs=tr("input") if least == 1 else tr("inputs"), wanted=wanted, count=count,
    )  # fmt: skip
    if count > least and kind.attrs:
        message += tr("; attributes are given by name, such as {name}=…", name=next(iter(kind.attrs)))
    if kind.name in ("max", "min") and count == 2:
        message += tr("; the {name} of two is {op}(a, b)", name=kind.name, op=f"{kind.name}imum")
    required = [k for k, a in kind.layer_attrs.items() if a.default is REQUIRED]
    if kind.parameters is not None:
        sizes_text = "".join(f", {k}=…" for k in required)
        message += tr("; or give it a size: {op}({x}{sizes})", op=kind.name, x=kind.slots[0], sizes=sizes_text)
    raise ModelError(message)


def check_attrs(op: type[Op], given: Mapping[str, Any], layer: bool = False) -> dict[str, Any]:
    """The op's attributes with their defaults filled in.

    Raises ModelError for an unknown name, a missing one or a value of the wrong kind.
    """
    known = {**op.attrs, **op.layer_attrs} if layer else op.attrs
    given = _as_now(op, given)
    for name in given:
        if name not in known:
            listed = ", ".join(known) or tr("none")
            hint = attribute_hint(name, known)
            message = tr(
                "{op} has no attribute '{name}'{hint}; it takes: {listed}",
                op=op.name,
                name=name,
                hint=hint,
                listed=listed,
            )
            raise ModelError(message)
    out = {}
    for name, attr in known.items():
        if name in given:
            out[name] = _checked(op, name, attr, given[name])
        elif attr.default is REQUIRED and name in op.attrs:
            raise ModelError(tr("{op} needs the attribute '{name}': {help}", op=op.name, name=name, help=attr.help))
        elif name in op.attrs:
            out[name] = attr.default
    return out


def _as_now(op: type[Op], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attributes under the names they have now. Raises ModelError where one is given under both."""
    if not op.renamed or op.renamed.keys().isdisjoint(given):
        return given
    for old, new in op.renamed.items():
        if old in given and new in given:
            message = tr(
                "{op} is given both '{old}' and '{new}', which are the same; keep {new}", op=op.name, old=old, new=new
            )
            raise ModelError(message)
    return {op.renamed.get(name, name): value for name, value in given.items()}


def _checked(op: type[Op], name: str, attr: Attr, value: Any) -> Any:
    if value is None and attr.optional:
        return None
    value = _plain(value)
    ok, expected = _KINDS[attr.kind]
    if not ok(value) or (attr.choices and value not in attr.choices):
        wanted = tr(" or ").join(attr.choices) if attr.choices else tr(expected)
        message = tr(
            "{op}: attribute '{name}' is {value!r} but must be {expected}", op=op.name, name=name, value=value,
            expected=wanted,
        )  # fmt: skip
        raise ModelError(message)
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """numpy's scalars as Python's, which leave float32 what it is, and its vectors as tuples of them."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return tuple(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value)) if any(isinstance(item, np.generic) for item in value) else value
    return value.item() if isinstance(value, np.generic) else value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (isinstance(value, float) and not math.isnan(value)) or _is_integer(value)


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "number": (_is_number, "a number"),
    "numbers": (
        lambda v: isinstance(v, list | tuple) and len(v) > 0 and all(map(_is_number, v)),
        "a list of numbers, such as [1, 2.5]",
    ),
    "integer": (_is_integer, "a whole number"),
    "boolean": (lambda v: isinstance(v, bool), "true or false"),
    "integers": (
        lambda v: _is_integer(v) or (isinstance(v, list | tuple) and all(map(_is_integer, v))),
        "a whole number or a list of them",
    ),
    "word": (lambda v: isinstance(v, str), "a word"),
    "key": (lambda v: isinstance(v, str), "an index such as 1:3"),
}
