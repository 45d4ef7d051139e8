"""What a node can compute. One file a family; importing this package registers every op."""

from graphlab.ops import (
    activation,
    arithmetic,
    comparison,
    elementary,
    gathering,
    joining,
    leaves,
    linear,
    loss,
    loss_binary,
    loss_class,
    loss_smooth,
    norm,
    random,
    rectifier,
    reduction,
    shape,
    softmax,
)
from graphlab.ops.base import (
    REGISTRY,
    REQUIRED,
    Attr,
    Context,
    Op,
    Parameter,
    check_arity,
    check_attrs,
    get,
    mode_of,
    unbroadcast,
)

__all__ = [
    "REGISTRY",
    "REQUIRED",
    "Attr",
    "Context",
    "Op",
    "Parameter",
    "check_arity",
    "check_attrs",
    "families",
    "get",
    "mode_of",
    "unbroadcast",
]

_MODULES = (
    leaves,
    arithmetic,
    elementary,
    comparison,
    linear,
    activation,
    rectifier,
    softmax,
    norm,
    loss,
    loss_smooth,
    loss_binary,
    loss_class,
    reduction,
    shape,
    joining,
    gathering,
    random,
)


def families() -> dict[str, list[type[Op]]]:
    """The ops by family, in the order they are written."""
    out: dict[str, list[type[Op]]] = {}
    for op in REGISTRY.values():
        out.setdefault(op.family, []).append(op)
    return out
