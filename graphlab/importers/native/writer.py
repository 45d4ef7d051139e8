"""Graph → model file: one canonical text per graph, which reads back as the same graph."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from graphlab import builder
from graphlab.arrays.state import OPTIONS
from graphlab.builder import frozen_graph
from graphlab.errors import UsageError
from graphlab.graph import Graph, Node
from graphlab.importers.native.document import is_text
from graphlab.importers.native.names import is_plain
from graphlab.importers.native.reader import FORMAT, SECTIONS
from graphlab.importers.native.unparse import Expressions, array_list, number_text, own_states
from graphlab.losses import sum_of
from graphlab.messages import tr

MAX_NESTED = 20  # scopes inside scopes that are written as nested mappings
_SAFE_IN_FLOW = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_SAFE_IN_BLOCK = re.compile(
    r"(?:[\w(]|-(?=[^\s\d.]))(?:[^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff#:]|:(?=\S)|(?<=\S)#)*"
)
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NOT_FINITE = {"nan": (".nan", '"NaN"'), "inf": (".inf", '"Infinity"'), "-inf": ("-.inf", '"-Infinity"')}


class Block(dict[str, Any]):
    """A mapping that is written with a line for each entry: a section or a scope."""


def save(model: Graph | builder.Graph, path: str | os.PathLike[str]) -> None:
    """Write a graph as a .yaml, .yml or .json file, whole or not at all.

    Data files that it was read from stay references if it is written into their folder; otherwise their numbers are
    written out. Raises UsageError where the path cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise UsageError(tr("'{path}' is not a model file's name; it ends in .yaml, .yml or .json", path=target))
    made = frozen_graph(model)
    content = structure(made, keeps_files=_same_folder(made.source, target))
    text = json_text(content) if target.suffix.lower() == ".json" else yaml_text(content)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise UsageError(tr("'{path}' cannot be written: {reason}", path=target, reason=error.strerror)) from None


def dumps(model: Graph | builder.Graph) -> str:
    """The graph as a model file's text, complete in itself.

    >>> import graphlab as gl
    >>> print(dumps(gl.loads("nodes: {y: w*w+1}\\nparams: {w: 2}\\ngraphlab: 1")), end="")
    graphlab: 1
    params:
      w: 2.0
    nodes:
      y: w * w + 1
    """
    return yaml_text(structure(frozen_graph(model), keeps_files=False))


def _same_folder(source: str | None, target: Path) -> bool:
    return source is not None and os.path.realpath(Path(source).parent) == os.path.realpath(target.parent)


def structure(made: Graph, keeps_files: bool) -> Block:
    """The file as nested mappings, lists, numbers and texts."""
    out = Block(graphlab=FORMAT)
    out |= {key: text for key, text in (("name", made.name), ("description", made.description)) if text}
    if made.dtype != "float64":
        out["dtype"] = made.dtype
    if made.random_seed:
        out["seed"] = made.random_seed
    implied = {name for node in made.nodes for name in node.inputs[len(node.inputs) - own_states(made, node) :]}
    for section, role in SECTIONS.items():
        leaves = [node for node in made.leaves(role) if node.name not in implied]
        out |= (
            {section: Block({_key(n.name): leaf_entry(n, made.dtype, keeps_files) for n in leaves})} if leaves else {}
        )
    nodes = _node_entries(made)
    if nodes:
        out["nodes"] = scopes(nodes)
    if made.losses:
        out["loss"] = [_key(name) for name in made.losses]
    elif made.loss:
        out["loss"] = _key(made.loss)
    if made.backward_node and made.backward_gradient is not None:
        out["backward"] = {"node": _key(made.backward_node), "gradient": array_list(made.backward_gradient)}
    return out


def _node_entries(made: Graph) -> list[tuple[str, Any]]:
    """Each constant and expression, in the graph's order."""
    texts = Expressions(made)
    summed = {node.name for node in sum_of(made.losses, str(made.loss))}  # the list of losses says them
    out: list[tuple[str, Any]] = []
    for node in made.nodes:
        if node.name in texts.inlined | summed or (node.is_leaf and node.op != "constant"):
            continue
        entry = leaf_entry(node, made.dtype, False) if node.is_leaf else texts.text(node.name)
        out.append((node.name, entry))
    return out


def leaf_entry(node: Node, dtype: str, keeps_files: bool) -> Any:
    """What stands after a leaf's name: its value alone where that says it all."""
    attrs = node.attrs
    out: dict[str, Any] = {}
    from_file = keeps_files and "file" in attrs
    if from_file:
        out |= {key: attrs[key] for key in ("file", "key", "rows") if key in attrs}
    elif "value" in attrs:
        value = np.asarray(attrs["value"])
        out["value"] = array_list(value) if value.size else []
        if not value.size:
            out["shape"] = list(value.shape)
    else:
        out |= {"shape": list(attrs["shape"]), "init": attrs.get("init", "zeros")}
        out |= {key: attrs[key] for key in OPTIONS if key in attrs}
    if node.op in ("input", "constant") and (attrs["dtype"] != dtype or from_file):
        out["dtype"] = attrs["dtype"]
    out |= {key: False for key in ("grad", "trainable") if attrs.get(key) is False}
    return out["value"] if list(out) == ["value"] else out


def _key(name: str) -> str:
    return name if is_plain(name) else f"`{name}`"


def scopes(entries: list[tuple[str, Any]]) -> Block:
    """Nested mappings for scopes whose nodes stand together; any other scope in dotted names."""
    paths = [name.split(".") if is_plain(name) else [f"`{name}`"] for name, _ in entries]
    return _nested(list(zip(paths, (entry for _, entry in entries), strict=True)), 0)


def _nested(entries: list[tuple[list[str], Any]], depth: int) -> Block:
    runs: list[list[tuple[list[str], Any]]] = []
    for path, entry in entries:
        if len(path) > 1 and runs and len(runs[-1][0][0]) > 1 and runs[-1][0][0][0] == path[0]:
            runs[-1].append((path, entry))
        else:
            runs.append([(path, entry)])
    heads = [run[0][0][0] for run in runs]
    count = dict.fromkeys(heads, 0)
    for head in heads:
        count[head] += 1
    out = Block()
    for head, run in zip(heads, runs, strict=True):
        if len(run[0][0]) == 1:
            out[head] = run[0][1]
        elif count[head] == 1 and depth < MAX_NESTED:
            out[head] = _nested([(path[1:], entry) for path, entry in run], depth + 1)
        else:
            out |= {".".join(path): entry for path, entry in run}
    return out


def yaml_text(content: Block) -> str:
    """The structure as YAML 1.2: a line for each entry."""
    lines: list[str] = []
    _yaml_lines(content, "", lines)
    return "".join(f"{line}\n" for line in lines)


def _yaml_lines(block: Block, indent: str, lines: list[str]) -> None:
    for key, value in block.items():
        head = f"{indent}{_yaml_key(key)}:"
        if isinstance(value, Block):
            lines.append(head)
            _yaml_lines(value, indent + "  ", lines)
        elif isinstance(value, str):
            plain = _SAFE_IN_BLOCK.fullmatch(value) and value[-1] not in " :" and is_text(value)
            lines.append(f"{head} {value if plain else _quoted(value)}")
        else:
            lines.append(f"{head} {_flow(value, json_like=False)}")


def _yaml_key(key: str) -> str:
    return "'" + key.replace("'", "''") + "'" if key[0] == "`" else key


def _quoted(text: str) -> str:
    """In double quotes, as YAML and JSON both read it."""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # half a character pair is none
    return _ESCAPED.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(whole, ensure_ascii=False))


def _flow(value: Any, json_like: bool) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        pairs = (f"{_flow(k, json_like)}: {_flow(v, json_like)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item, json_like) for item in value) + "]"
    if isinstance(value, str):
        plain = not json_like and _SAFE_IN_FLOW.fullmatch(value) and is_text(value)
        return value if plain else _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return _NOT_FINITE[str(value)][json_like]
    return number_text(value)


def json_text(content: Block) -> str:
    """The structure as JSON: a line for each entry; what is no finite number is a text."""
    return _json_block(content, "") + "\n"


def _json_block(block: Block, indent: str) -> str:
    inner = indent + "  "
    lines = [
        f"{inner}{_quoted(key)}: "
        + (_json_block(value, inner) if isinstance(value, Block) else _flow(value, json_like=True))
        for key, value in block.items()
    ]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
