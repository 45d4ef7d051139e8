"""Traces to and from files: JSON for machines to read, .npz with every array. Nothing in them is executed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.arrays.state import State, frozen
from graphlab.arrays.values import DTYPES, FLOATS
from graphlab.base import arrayfile
from graphlab.base.files import write_file
from graphlab.base.numbers import Summary, shortest, summarise
from graphlab.errors import GraphlabError, MemoryLimitError, TraceError, UsageError
from graphlab.explain.rounding import marked, read
from graphlab.graph import LEAVES, Graph, Node, make_graph
from graphlab.messages import tr
from graphlab.trace import Trace

FORMAT = "graphlab.trace/1"
MAX_ELEMENTS = 10_000
_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def save(trace: Trace, path: str | Path, max_elements: int | None = None) -> None:
    """Write .json or .npz. Raises UsageError for another extension or where it cannot be written."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        text = to_json(trace, MAX_ELEMENTS if max_elements is None else max_elements)
        write_file(path, text.encode("utf-8"))
    elif suffix == ".npz":
        write_file(path, to_npz(trace))
    else:
        message = tr("a trace is written as .json or .npz, not as '{suffix}'", suffix=path.suffix or path.name)
        raise UsageError(message)


def to_json(trace: Trace, max_elements: int = MAX_ELEMENTS) -> str:
    """The trace as one JSON object; arrays of more than max_elements are null, with a summary beside them."""
    return json.dumps(record(trace, max_elements), ensure_ascii=False, allow_nan=False) + "\n"


def record(trace: Trace, max_elements: int) -> dict[str, Any]:
    """The JSON object."""
    graph = trace.graph
    out: dict[str, Any] = {
        "format": FORMAT,
        "model": graph.name,
        "description": graph.description,
        "dtype": graph.dtype,
        "seed": graph.random_seed,
        "mode": trace.mode,
        "iteration": trace.iteration,
        "loss": None,
    }
    if graph.backward_node:
        gradient = plain(graph.backward_gradient)
        out["backward"] = {"node": graph.backward_node, "gradient": gradient}
    elif graph.target is not None and trace.plan.target is not None and trace.loss is not None:
        out["loss"] = {"node": graph.target, "value": plain(trace.loss, trace.plan.dtypes[trace.plan.target])}
    out["nodes"] = [_node(trace, i, max_elements) for i in range(len(graph))]
    out["steps"] = [_step(trace, step, max_elements) for step in trace.steps]
    return out


def _node(trace: Trace, i: int, max_elements: int) -> dict[str, Any]:
    node = trace.graph.nodes[i]
    out: dict[str, Any] = {
        "name": node.name,
        "op": node.op,
        "inputs": list(node.inputs),
        "scope": node.scope,
        "role": node.role,
        "attrs": {
            k: _attr(v) for k, v in node.attrs.items() if not (node.is_leaf and k in ("value", "shape", "dtype"))
        },
        "shape": list(trace.plan.shapes[i]),
        "dtype": trace.plan.dtypes[i],
    }
    grad = trace.cotangents[i] if trace.cotangents is not None else None
    for key, array in (("value", trace.values[i]), ("grad", grad)):
        _put(out, key, array, max_elements, trace.summaries.get((i, key)))
    _mark(out, "grad", trace, i, -1)
    if node.name in trace.updates:
        _put(out, "updated", trace.updates[node.name], max_elements)
    return out


def _mark(out: dict[str, Any], key: str, trace: Trace, i: int, k: int) -> None:
    """The places at which a gradient that is written as it was computed is 0 but for rounding."""
    found = read(trace).cancelled.get((i, k))
    if found is not None and out[key] is not None:
        out[f"{key}_cancelled"] = np.argwhere(found).tolist()


def _attr(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _put(out: dict[str, Any], key: str, array: Any, max_elements: int, kept: Summary | None = None) -> None:
    """An array, or null and its summary where it is too large."""
    if array is not None and np.size(array) > max_elements:
        kept, array = summarise(array), None
    out[key] = None if array is None else plain(array)
    if array is None and kept is not None:
        out[f"{key}_summary"] = summary(kept)


def summary(s: Summary) -> dict[str, Any]:
    """An array's summary as JSON."""
    numbers = {"mean": s.mean, "std": s.std, "min": s.min, "max": s.max, "rms": s.rms}
    return {"size": s.size, **{k: plain(v) for k, v in numbers.items()}, "nan": s.nan, "inf": s.inf, "zero": s.zero}


def _summary_of(row: Mapping[str, Any], key: str) -> Summary | None:
    """The summary that stands beside a null."""
    kept = row.get(f"{key}_summary")
    return None if kept is None else Summary(**{name: unnamed(value) for name, value in kept.items()})


def _step(trace: Trace, step: Any, max_elements: int) -> dict[str, Any]:
    out: dict[str, Any] = {"phase": step.phase, "node": step.node}
    if step.phase == "backward":
        i = trace.graph.index[step.node]
        node = trace.graph.nodes[i]
        out["contributions"] = []
        for k, part in enumerate(trace.contributions[i]):  # type: ignore[index]
            kept = trace.summaries.get((i, f"sent {k}"))
            if part is None and kept is None:
                continue
            entry: dict[str, Any] = {"to": node.inputs[k], "slot": node.slots[k], "rule": trace.rule(i, k)}
            _put(entry, "value", part, max_elements, kept)
            _mark(entry, "value", trace, i, k)
            out["contributions"].append(entry)
    return out


def plain(array: Any, dtype: str = "float64") -> Any:
    """Numbers as JSON has them; what is not finite as "NaN", "Infinity" and "-Infinity".

    A float32 has as many digits as bring the same float32 back. dtype: of the run that a Python float comes from.

    >>> plain(np.float32([0.54, 1])), plain(0.5399999618530273), plain(0.5399999618530273, "float32")
    ([0.54, 1.0], 0.5399999618530273, 0.53999996)
    """
    array = np.asarray(array)
    if array.dtype.kind == "f":
        array = np.asarray(shortest(array, dtype))
        if not np.isfinite(array).all():
            return _named(array.tolist())
    return array.tolist()


def float_dtype(trace: Trace) -> str:
    """The dtype of the run's gradients: of Python floats that a command made of them."""
    return trace.graph.dtype if trace.plan.target is None else trace.plan.dtypes[trace.plan.target]


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(v) for v in value]
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def to_npz(trace: Trace) -> bytes:
    """Every array, and the rest as JSON in `trace`."""
    import io

    arrays: dict[str, Any] = {}
    for i in range(len(trace.graph)):
        if trace.values[i] is not None:
            arrays[f"value/{i}"] = np.asarray(trace.values[i])
        if (updated := trace.updates.get(trace.graph.nodes[i].name)) is not None:
            arrays[f"updated/{i}"] = np.asarray(updated)
        if trace.cotangents is not None and trace.cotangents[i] is not None:
            arrays[f"grad/{i}"] = np.asarray(trace.cotangents[i])
        for k, part in enumerate((trace.contributions[i] if trace.contributions is not None else None) or ()):
            if part is not None:
                arrays[f"contribution/{i}/{k}"] = np.asarray(part, order="C")
    text = json.dumps(record(trace, -1), ensure_ascii=False, allow_nan=False)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, trace=np.frombuffer(text.encode("utf-8"), dtype=np.uint8), **arrays)
    return buffer.getvalue()


def load(path: str | Path) -> Trace:
    """Read a trace. Raises TraceError, naming the file, for anything that `save` did not write."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".npz":
            with arrayfile.opened(path) as archive:
                text = bytes(archive.array("trace")).decode("utf-8")
                arrays = {name: archive.array(name) for name in archive.names if name != "trace"}
        else:
            text, arrays = path.read_text("utf-8"), {}
        return from_record(json.loads(text), arrays)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(tr("cannot read the trace: {reason}", reason=reason), where=str(path)) from None
    except GraphlabError as error:
        raise TraceError(error.message, where=str(path)) from None
    except MemoryError:
        raise MemoryLimitError(tr("'{name}' is too large for this machine's memory", name=path.name)) from None
    except (*arrayfile.UNREADABLE, AttributeError) as error:
        message = tr("this is not a trace that graphlab wrote ({kind})", kind=type(error).__name__)
        raise TraceError(message, where=str(path)) from None


def from_record(data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Trace:
    """The trace of a JSON object, with the arrays of an .npz."""
    from graphlab.engine.autodiff import check_iteration, plan

    if data["format"] != FORMAT:
        message = tr("the format is {found!r} but this version reads {known!r}", found=data["format"], known=FORMAT)
        raise TraceError(message)
    seed, iteration = int(data.get("seed", 0)), int(data.get("iteration", 0))
    check_iteration(iteration)
    if not 0 <= seed < 2**63:
        raise ValueError(seed)
    rows = data["nodes"]
    columns = [_Column(row, i, arrays) for i, row in enumerate(rows)]
    graph = _graph(data, [column.node for column in columns])
    if [node.name for node in graph.nodes] != [row["name"] for row in rows]:
        raise TraceError(tr("the nodes are not in topological order"))
    mode = data.get("mode", "train")
    made = plan(graph, mode=mode)
    for i, row in enumerate(rows):
        if list(made.shapes[i]) != row["shape"] or made.dtypes[i] != row["dtype"]:
            message = tr("node '{name}' cannot have the shape {shape}", name=row["name"], shape=row["shape"])
            raise TraceError(message)
    values: list[Any] = [column.value for column in columns]
    values.extend(made.literals)
    leaves = {node.name: values[i] for i, node in enumerate(graph.nodes) if node.op in ("param", "state")}
    state = State({name: value for name, value in leaves.items() if value is not None})
    feeds = {n.name: np.asarray(values[graph.index[n.name]]) for n in graph.leaves("input")}
    contributions, left_out = _contributions(data, graph, arrays)
    cotangents = [column.grad for column in columns] if any(c.computed for c in columns) else None
    summaries = {(i, key): s for i, column in enumerate(columns) for key, s in column.summaries.items()} | left_out
    # of a file that has none, an older one, they are computed when they are asked for
    updates = {column.node.name: column.updated for column in columns if column.updated is not None}
    trace = Trace(
        graph, made, state, feeds, mode, iteration, values, None, cotangents,
        contributions if cotangents is not None else None, summaries, updates or None,
    )  # fmt: skip
    return marked(trace, _marks(data, graph, made.shapes)) if summaries and cotangents is not None else trace


def _marks(
    data: Mapping[str, Any], graph: Graph, shapes: tuple[tuple[int, ...], ...]
) -> dict[tuple[int, int], np.ndarray]:  # fmt: skip
    """Which elements of gradients and contributions the file says are 0 but for rounding."""
    places = {(i, -1): row["grad_cancelled"] for i, row in enumerate(data["nodes"]) if "grad_cancelled" in row}
    of = {key: shapes[key[0]] for key in places}
    for step in data["steps"]:
        for entry in step.get("contributions", ()):
            if "value_cancelled" in entry:
                i = graph.index[step["node"]]
                k = graph.nodes[i].slots.index(entry["slot"])
                places[i, k], of[i, k] = entry["value_cancelled"], shapes[graph.index[entry["to"]]]
    out = {}
    for key, found in places.items():
        out[key] = np.zeros(of[key], bool)
        for place in found:
            out[key][tuple(place)] = True
    return out


class _Column:
    """One node's row: the node, its arrays, and the summaries of those left out."""

    def __init__(self, row: Mapping[str, Any], i: int, arrays: Mapping[str, np.ndarray]) -> None:
        role, dtype, shape = row["role"], row["dtype"], tuple(int(n) for n in row["shape"])
        if not row["name"] or not isinstance(row["scope"], str):
            raise ValueError(row["name"])
        if role != (row["op"] if row["op"] in LEAVES else "node"):
            raise ValueError(role)
        if dtype not in DTYPES or not isinstance(row["name"], str):
            raise TraceError(tr("node '{name}' has the unknown dtype '{dtype}'", name=row["name"], dtype=dtype))
        self.value = _stored(arrays, f"value/{i}", row["value"], dtype, shape)
        self.grad = _stored(arrays, f"grad/{i}", row["grad"], dtype, shape)
        self.updated = _stored(arrays, f"updated/{i}", row.get("updated"), dtype, shape)
        found = {k: _summary_of(row, k) for k in ("value", "grad") if getattr(self, k) is None}
        self.summaries = {k: s for k, s in found.items() if s is not None}
        if self.value is None and "value" not in self.summaries:
            raise ValueError(row["name"])
        self.computed = self.grad is not None or "grad" in self.summaries
        attrs = {k: tuple(v) if isinstance(v, list) else v for k, v in row["attrs"].items()}
        if role in LEAVES:
            attrs = {**attrs, "shape": shape, "dtype": dtype}
            if self.value is not None:
                attrs["value"] = frozen(self.value)
        else:
            attrs = ops.check_attrs(ops.get(row["op"]), attrs)
            ops.check_arity(ops.get(row["op"]), len(row["inputs"]), {})
        if not all(isinstance(operand, str) or _is_literal(operand) for operand in row["inputs"]):
            raise ValueError(row["inputs"])
        self.node = Node(row["name"], row["op"], tuple(row["inputs"]), attrs, row["scope"])


def _is_literal(operand: Any) -> bool:
    """Whether a node's input is a number written in the model."""
    return isinstance(operand, int | float) and not isinstance(operand, bool) and math.isfinite(operand)


def _stored(arrays: Mapping[str, np.ndarray], key: str, value: Any, dtype: str, shape: tuple[int, ...]) -> Any:
    """The array of an .npz, or the one that stands in the JSON."""
    found = arrays.get(key)
    if found is None:
        return array_of(value, dtype, shape)
    if found.shape != shape or found.dtype != dtype:
        raise ValueError(key)
    return found


def array_of(value: Any, dtype: str, shape: tuple[int, ...]) -> Any:
    """The array of some JSON numbers; None for null. Raises ValueError where the shape differs."""
    if value is None:
        return None
    if dtype in FLOATS:
        value = unnamed(value)
    with np.errstate(over="raise"):  # a float32 has no number that large
        array = np.asarray(value, dtype=dtype)
    if array.size == 0:
        array = array.reshape(shape)
    if array.shape != shape:
        raise ValueError(shape)
    return array[()] if shape == () else frozen(array)


def unnamed(value: Any) -> Any:
    """The numbers that "NaN", "Infinity" and "-Infinity" stand for, in nested lists."""
    if isinstance(value, list):
        return [unnamed(v) for v in value]
    return _NAMES[value] if isinstance(value, str) else value


def _graph(data: Mapping[str, Any], nodes: list[Node]) -> Graph:
    about: dict[str, Any] = {}
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        for operand in node.inputs:
            if isinstance(operand, str) and operand not in by_name:
                raise TraceError(
                    tr("node '{name}' takes '{operand}', which is not there", name=node.name, operand=operand)
                )
    if data.get("backward"):
        start = data["backward"]
        about["backward_node"] = start["node"]
        gradient = np.asarray(unnamed(start["gradient"]), dtype=data["dtype"])
        about["backward_gradient"] = frozen(gradient)
    elif data.get("loss"):
        about["loss"] = data["loss"]["node"]
    return make_graph(
        nodes, name=str(data["model"]), description=str(data.get("description", "")), dtype=data["dtype"],
        random_seed=int(data.get("seed", 0)), **about,
    )  # fmt: skip


def _contributions(
    data: Mapping[str, Any], graph: Graph, arrays: Mapping[str, np.ndarray]
) -> tuple[list[Any], dict[tuple[int, str], Summary]]:
    """What each node sent, and the summaries of what the file left out."""
    out: list[Any] = [None] * len(graph)
    left_out = {}
    for step in data["steps"]:
        if step["phase"] != "backward":
            continue
        i = graph.position(step["node"])
        node = graph.nodes[i]
        parts: list[Any] = [None] * len(node.inputs)
        for entry in step["contributions"]:
            k = node.slots.index(entry["slot"])
            producer = graph[str(node.inputs[k])]
            row = data["nodes"][graph.index[producer.name]]
            key = f"contribution/{i}/{k}"
            parts[k] = _stored(arrays, key, entry["value"], row["dtype"], tuple(row["shape"]))
            kept = _summary_of(entry, "value")
            if parts[k] is None and kept is not None:
                left_out[i, f"sent {k}"] = kept
        out[i] = tuple(parts)
    return out, left_out
