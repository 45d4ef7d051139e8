"""The kinds of input that come from strangers: a seed of each, its mutations, and what reads it."""

from __future__ import annotations

import io
import json
import random
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import graphlab as gl
from graphlab.debug.expressions import look
from graphlab.engine.autodiff import forward
from graphlab.errors import GraphlabError
from graphlab.explain.timeline import Timeline
from graphlab.handout import HandoutOptions
from graphlab.handout.grading import grade, key_of
from graphlab.handout.many import variants_of
from graphlab.handout.pack import read_pack
from graphlab.importers import assignments, from_expression
from graphlab.page import read_tour, storyboard, with_tour
from graphlab.storage.tracefile import to_json, to_npz
from graphlab.storyboard import Storyboard
from tests.fuzz import mutations
from tests.fuzz.running import Kind

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL = "graphlab: 1\ninputs: {x: [[1, 2], [3, 5]]}\nparams: {w: [[0.5, -1], [2, 0.25]]}\nnodes:\n"
MODELS = (
    SMALL + "  y: relu(x @ w + 1)\n  L: sum(y * y)\nloss: L\n",
    SMALL + "  s:\n    h: tanh(x * k)\n    k: -2\n  p: softmax(s.h @ w)\n"
    "  L: cross_entropy(p, t)\n  t: [0, 1]\n",
    SMALL + "  fc: affine(x, units=3, init=he)\n  bn: batchnorm(fc)\n  act: gelu(bn)\n  L: mean(act[:, 0:2] ** 2)\n",
    SMALL.replace("x:", "c: {value: [1, 0], dtype: int64}, b: {value: [true, false], dtype: bool}, x:")
    + "  y: where(b, x, w)\n  m: concat([y, x], axis=0)\n  L: mse(max(m, axis=0), c)\n",
    "graphlab: 1\ndtype: float32\nseed: 7\ninputs:\n  x: {shape: [3, 2], init: normal, std: 2, grad: false}\nparams:\n"
    "  W: {shape: [2, 2], init: xavier, distribution: normal}\n  b: {value: [0, 0], trainable: false}\nnodes:\n"
    "  y: layernorm(sigmoid(affine(x, W, b)))\nbackward: {node: y, gradient: [[1, 2], [3, 4], [5, 6]]}\n",
    "graphlab: 1\ninputs: &a\n  x: 0.5\n  y: -2.0\nnodes:\n"
    "  a: log(x / y ** 2 + exp(-x))\n  b: maximum(a, abs(y)) * sqrt(x)\n"
    "  `L 1`: a * b + 3e-2\nloss: '`L 1`'\n",
    '{"graphlab": 1, "params": {"w": [3, "NaN"]}, "nodes": {"a": "w * x", "L": "sum(a)", "x": -2}, "loss": "L"}\n',
    "graphlab: 1\ninputs: {x: {file: d.csv, key: [a, b], rows: '0:2'}, t: {file: d.csv, key: t}}\n"
    "params: {w: [1, 2]}\nnodes:\n"
    "  L: mse(x @ w, [1, 2])\n",
)  # fmt: skip
CSV = "a,b,t\n1,2,0\n3.5,-4,1\n1e-3,0,1\n"
TABLES = (
    CSV, CSV.replace(",", ";"), CSV.replace(",", "\t"), CSV.replace(".", ",").replace(",2", ";2"), "\ufeff" + CSV,
    '"a","b","t"\r\n"1","2","0"\r\n\r\n"3","4","1"\r\n', "1 2 3\n4 5 6\n", "x\n1,5\n2,5\n", "a;b\n1,5;2\n3,5;4\n",
)  # fmt: skip
EXPRESSIONS = (
    "sigmoid(w*x + y)", "sum(x @ w, axis=-1)", "x[0, 1:] ** 2 - 3 * y", "softmax(x)[::2] < 1", "-x / (y + 2e-3)",
    "concat([x, y])", "clip(x, min=-inf, max=1/3)", "affine(x, units=2)", "norm(x.grad) > 3", "x² + 2·y − 1", "x.T @ w",
)  # fmt: skip
PACK = """graphlab-pack: 1
defaults: {format: html, lang: en}
handouts:
  - {name: one, model: net.yaml, title: {en: First, ko: 첫째}, precision: 3}
  - {name: two, model: net.yaml, worksheet: true, variants: 2, sections: [given, forward], expand: [y]}
"""
TOUR = {
    "format": "graphlab.tour/1",
    "stops": [
        {"text": {"en": "Start", "ko": "시작"}, "phase": "start"},
        {"node": "y", "phase": "backward", "to": "y#2", "text": "one", "highlight": ["y->y#2", "y"],
         "view": "backward"},
        {"node": "L", "unfold": ["y"], "text": "two"},
    ],
}  # fmt: skip


def ran(graph: gl.Graph | Any) -> gl.Trace:
    """A run with gradients, where there is a loss."""
    trace = forward(graph, max_memory=20_000_000)
    try:
        return gl.backward(trace)
    except GraphlabError:
        return trace


def model_text(rng: random.Random) -> str:
    return mutations.text(rng, rng.choice(models()), rng.choice(models()))


@cache
def models() -> tuple[str, ...]:
    """The small ones above, and the samples that need no data file."""
    samples = [path.read_text("utf-8") for path in sorted(SAMPLES.glob("*/*.yaml")) if path.stat().st_size < 650]
    return (*MODELS, *(text for text in samples if "file:" not in text))


def read_model(text: str, folder: Path) -> None:
    if not (folder / "d.csv").exists():
        (folder / "d.csv").write_text(CSV, "utf-8")
    graph = gl.loads(text, base=folder)
    trace = ran(graph)
    to_json(trace)
    again = gl.loads(gl.dumps(graph), base=folder)
    assert [node.name for node in again.nodes] == [node.name for node in graph.nodes], "the written model is another"


def expression_text(rng: random.Random) -> str:
    seed = mutations.expression(rng) if rng.random() < 0.5 else rng.choice(EXPRESSIONS)
    return seed if rng.random() < 0.3 else mutations.text(rng, seed, rng.choice(EXPRESSIONS))


def read_expression(text: str, folder: Path) -> None:
    ran(from_expression(text, {"x": [[1.0, 2.0], [3.0, 4.0]], "y": -1.5, "w": [[0.5, 1.0], [2.0, -1.0]]}))


@cache
def small() -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(MODELS[0])))


def read_condition(text: str, folder: Path) -> None:
    timeline = Timeline(small())
    look(timeline, len(timeline), 2, text)


def assignment_words(rng: random.Random) -> list[str]:
    seeds = ("x=2", "x=[[1, 2], [3, 4]]", "y=-1.5e3", "x = 1", "x=nan", "x=1,2", "x=", "x=[1,2", "w0=+.5", "x=1/2")
    words = [rng.choice(seeds[:3]), rng.choice(seeds)]
    words[rng.randrange(2)] = mutations.text(rng, rng.choice(seeds))
    return words[: rng.randrange(1, 3)]


def read_assignments(words: list[str], folder: Path) -> None:
    ran(from_expression("sum(x * y)", {"x": 1.0, "y": 2.0, **assignments(words)}))


def table(rng: random.Random) -> bytes:
    text = mutations.text(rng, rng.choice(TABLES), rng.choice(TABLES)).encode("utf-8", "surrogatepass")
    return mutations.data(rng, text) if rng.random() < 0.2 else text


def read_data(suffix: str, given: bytes, folder: Path) -> None:
    (folder / f"given{suffix}").write_bytes(given)
    for more in ("", ", dtype: int64", ", key: a", ", key: [a, t], rows: '0:2'"):
        try:
            graph = gl.loads(
                f"graphlab: 1\ninputs: {{x: {{file: given{suffix}{more}}}}}\nnodes: {{L: sum(x)}}", base=folder
            )
            forward(graph, max_memory=20_000_000)
        except GraphlabError:
            pass


@cache
def arrays(suffix: str) -> tuple[bytes, ...]:
    out = []
    for array in (np.arange(6.0).reshape(2, 3), np.arange(3), np.float32([1, 2]), np.array(["a"]), np.zeros((0, 2))):
        stream = io.BytesIO()
        if suffix == ".npy":
            np.save(stream, array)
        elif suffix == ".npz":
            np.savez(stream, a=array, b=np.arange(2))
        out.append(stream.getvalue())
    return tuple(out)


def array_file(suffix: str, rng: random.Random) -> bytes:
    return mutations.data(rng, rng.choice(arrays(suffix)))


@cache
def board() -> Storyboard:
    return storyboard(small())


def read_tour_file(given: bytes, folder: Path) -> None:
    path = folder / "m.tour.json"
    path.write_bytes(given)
    with_tour(board(), read_tour(path), path)


@cache
def traces() -> tuple[Any, ...]:
    return tuple(json.loads(to_json(gl.backward(gl.forward(gl.loads(text))))) for text in MODELS[:3])


@cache
def packed() -> tuple[bytes, ...]:
    return tuple(to_npz(gl.backward(gl.forward(gl.loads(text)))) for text in MODELS[:3])


def read_trace(suffix: str, given: bytes, folder: Path) -> None:
    path = folder / f"t{suffix}"
    path.write_bytes(given)
    trace = gl.load_trace(path)
    to_json(trace)
    for node in trace.graph.nodes:
        str(trace[node.name])
    Timeline(trace)
    if trace.plan.target is not None:
        gl.backward(trace)


def npz_trace(rng: random.Random) -> bytes:
    """The archive damaged, or its record changed within it."""
    seed = rng.choice(packed())
    if rng.random() < 0.5:
        return mutations.data(rng, seed)
    with np.load(io.BytesIO(seed)) as archive:
        inside = {name: archive[name] for name in archive.files}
    record = mutations.json_text(rng, json.loads(bytes(inside.pop("trace"))))
    stream = io.BytesIO()
    np.savez(stream, trace=np.frombuffer(record, dtype=np.uint8), **inside)
    return stream.getvalue()


@cache
def a_key() -> Any:
    return json.loads(key_of(variants_of(small(), HandoutOptions(blanks=1.0), 2)))


ANSWERS = "student,variant,blank,answer\nKim,1,1,0.5\nLee,2,2,[1 2; 3 4]\n"


def read_answers(given: tuple[bytes, bytes], folder: Path) -> None:
    key, answers = folder / "key.json", folder / "answers.csv"
    key.write_bytes(given[0])
    answers.write_bytes(given[1])
    grade(key, answers)


def key_and_answers(rng: random.Random) -> tuple[bytes, bytes]:
    if rng.random() < 0.5:
        return mutations.json_text(rng, a_key()), ANSWERS.encode()
    seed = ANSWERS if rng.random() < 0.5 else ANSWERS.replace(",", ";").replace(".", ",")
    return json.dumps(a_key()).encode(), mutations.text(rng, seed).encode("utf-8", "surrogatepass")


def read_pack_file(given: bytes, folder: Path) -> None:
    path = folder / "pack.yaml"
    path.write_bytes(given)
    read_pack(path)


def pack_text(rng: random.Random) -> bytes:
    return mutations.text(rng, PACK).encode("utf-8", "surrogatepass")


KINDS = (
    Kind("model", model_text, read_model, 6),
    Kind("expression", expression_text, read_expression, 6),
    Kind("condition", expression_text, read_condition, 4),
    Kind("assignment", assignment_words, read_assignments, 2),
    Kind("csv", table, partial(read_data, ".csv"), 2),
    Kind("npy", partial(array_file, ".npy"), partial(read_data, ".npy")),
    Kind("npz", partial(array_file, ".npz"), partial(read_data, ".npz")),
    Kind("tour", lambda rng: mutations.json_text(rng, TOUR), read_tour_file, 2),
    Kind("trace", lambda rng: mutations.json_text(rng, rng.choice(traces())), partial(read_trace, ".json"), 2),
    Kind("npz trace", npz_trace, partial(read_trace, ".npz")),
    Kind("key", key_and_answers, read_answers, 2),
    Kind("pack", pack_text, read_pack_file),
)
