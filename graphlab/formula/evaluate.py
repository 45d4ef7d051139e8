"""A formula's value: a closed list of primitives over numpy arrays, never a call of an op."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphlab.formula.parse import parse
from graphlab.formula.tree import Binary, Call, Expr, Index, List, Name, Negative, Number, Slice, Word

INTEGER_BITS = 1024


def _power(a: Any, b: Any) -> Any:
    """a ** b; of plain integers with so many digits that it would take forever, as floats."""
    if isinstance(a, int) and isinstance(b, int) and abs(b) * a.bit_length() > INTEGER_BITS:
        return np.float64(a) ** np.float64(b)
    return a**b


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": np.true_divide,  # two plain numbers too: 1 / 0 is Inf
    "**": _power,
    "@": lambda a, b: a @ b,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ERF = np.frompyfunc(math.erf, 1, 1)


def _erf(x: Any) -> Any:
    return np.asarray(_ERF(x), dtype=np.result_type(x, 1.0))


def sum_to(g: Any, like: Any) -> Any:
    """Sum over the axes along which `like` was broadcast to g's shape."""
    g, shape = np.asarray(g), np.shape(like)
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return _sum(g, axes).reshape(shape) if axes else g


def _spread(g: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """What a reduction over `axis` gave, repeated back to x's shape."""
    if not keepdims and axis is not None:
        g = np.expand_dims(g, _axes(axis))
    return np.broadcast_to(g, np.shape(x))


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def _count(x: Any, axis: Any = None) -> int:
    shape = np.shape(x)
    return math.prod(shape if axis is None else (shape[i] for i in np.atleast_1d(axis)))


def _rows(x: Any) -> Any:
    """x as a matrix: all axes but the last folded into one."""
    shape = np.shape(x)
    return np.reshape(x, (math.prod(shape[:-1]), shape[-1]))  # -1 would fail where the last is empty


def _transpose(x: Any, axes: Any = None) -> Any:
    """By default the last two axes change places."""
    return np.swapaxes(x, -1, -2) if axes is None else np.transpose(x, axes)


def _one_hot(labels: Any, like: Any) -> Any:
    """Row n is 1 at labels[n], with as many columns as `like`; a label beyond them has a row of zeros."""
    return np.where(np.expand_dims(labels, -1) == np.arange(np.shape(like)[-1]), 1.0, 0.0)


def _scatter_add(index: Any, g: Any, like: Any) -> Any:
    """Zeros shaped as `like`, plus g[k] added at row index[k]."""
    out = np.zeros(np.shape(like))
    np.add.at(out, np.asarray(index), g)
    return out


def _gather(x: Any, index: Any, axis: int) -> Any:
    """Entry by entry, x at index along an axis."""
    return np.asarray(x)[_along(index, axis)]


def _scatter_along(index: Any, g: Any, like: Any, axis: int) -> Any:
    """Zeros shaped as `like`, plus each entry of g where gather took it from."""
    out = np.zeros(np.shape(like))
    np.add.at(out, _along(index, axis), g)
    return out


def _along(index: Any, axis: int) -> tuple[Any, ...]:
    places: list[Any] = list(np.indices(np.shape(index), sparse=True))
    places[axis] = np.asarray(index).astype(int)
    return tuple(places)


def _pick(x: Any, index: Any, n: int) -> Any:
    """x[range(n), index]."""
    return np.asarray(x)[np.arange(n), np.asarray(index).astype(int)]


def _place_picked(g: Any, index: Any, like: Any, n: int) -> Any:
    """Zeros shaped as `like`, with g at [range(n), index]."""
    out = np.zeros(np.shape(like))
    out[np.arange(n), np.asarray(index).astype(int)] = g
    return out


def _place(g: Any, x: Any, key: str) -> Any:
    """Zeros shaped as x, with g at x[key]."""
    tree = parse(f"x[{key}]")
    out = np.zeros(np.shape(x))
    out[numpy_key(tree.key if isinstance(tree, Index) else ())] = g
    return out


def _reshape(x: Any, like: Any = None, shape: Any = None) -> Any:
    return np.reshape(x, np.shape(like) if shape is None else shape)


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ x; of float32 in float64, as the ops add."""
    dtype = np.float64 if np.asarray(x).dtype == np.float32 else None
    return np.sum(x, axis=_axes(axis), keepdims=keepdims, dtype=dtype)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _sum(x, axis, keepdims) / _count(x, axis)


def _reducer(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis=None, keepdims=False: function(x, axis=_axes(axis), keepdims=keepdims)


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "batch": lambda x: math.prod(np.shape(x)[:-1]),
    "broadcast_to": np.broadcast_to,
    "column": lambda x: np.expand_dims(x, -1),
    "concat": lambda *xs, axis: np.concatenate(xs, axis=axis),
    "cos": np.cos,
    "count": _count,
    "erf": _erf,
    "exp": np.exp,
    "gather": _gather,
    "log": np.log,
    "max": _reducer(np.max),
    "maximum": np.maximum,
    "mean": _mean,
    "min": _reducer(np.min),
    "minimum": np.minimum,
    "one_hot": _one_hot,
    "pick": _pick,
    "place": _place,
    "place_picked": _place_picked,
    "reshape": _reshape,
    "row": lambda x: np.expand_dims(x, -2),
    "rows": _rows,
    "scatter_add": _scatter_add,
    "scatter_along": _scatter_along,
    "sign": np.sign,
    "sin": np.sin,
    "spread": _spread,
    "sqrt": np.sqrt,
    "stack": lambda *xs, axis: np.stack(xs, axis=axis),
    "sum": _sum,
    "sum_to": sum_to,
    "tan": np.tan,
    "tanh": np.tanh,
    "transpose": _transpose,
    "where": np.where,
}


def evaluate(tree: Expr, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = PRIMITIVES) -> Any:
    """The value of a formula, its names taken from `values`, its functions from `functions`.

    >>> from graphlab.formula import parse
    >>> float(evaluate(parse("1 / (1 + exp(-x))"), {"x": 0.0}))
    0.5
    """
    match tree:
        case Number(value=value):
            return value
        case Name(id=name):
            return _named(name, values)
        case Word(text=text):
            return text
        case Negative(operand=operand):
            return np.negative(evaluate(operand, values, functions))
        case Binary(op=op, left=left, right=right):
            return _BINARY[op](evaluate(left, values, functions), evaluate(right, values, functions))
        case Call(function=function, args=args, keywords=keywords):
            given = {name: evaluate(value, values, functions) for name, value in keywords}
            return functions[function](*(evaluate(arg, values, functions) for arg in args), **given)
        case List(items=items):
            return [evaluate(item, values, functions) for item in items]
        case Index(base=base, key=key):
            return np.asarray(evaluate(base, values, functions))[numpy_key(key)]
    raise TypeError(f"not a formula: {tree!r}")


def numpy_key(key: tuple[int | Slice, ...]) -> tuple[int | slice, ...]:
    """An index as numpy takes it."""
    return tuple(k if isinstance(k, int) else slice(k.start, k.stop, k.step) for k in key)


def _named(name: str, values: Mapping[str, Any]) -> Any:
    constants = {"true": True, "false": False, "none": None, "pi": math.pi}
    return values[name] if name in values else constants[name]
