"""A short run of the fuzzer, what it has found so far, and that it sees what it is there for."""

from __future__ import annotations

import io
import json
import random
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import DataError, GraphlabError
from graphlab.handout.pack import read_pack
from graphlab.page import read_tour
from tests.fuzz import kinds, mutations, running
from tests.fuzz.kinds import KINDS, MODELS
from tests.fuzz.running import Kind, judged, many


def test_a_short_run_of_all_kinds_finds_nothing(tmp_path: Path) -> None:
    done, found = many(KINDS, 5, tmp_path, count=600)
    assert all(done.values()) and sum(done.values()) == 600
    assert {key: (finding.given, finding.told) for key, finding in found.items()} == {}


def test_the_same_seed_gives_the_same_inputs_and_most_of_them_differ() -> None:
    for kind in KINDS:
        made = [kind.make(random.Random(f"7 {n}")) for n in range(30)]
        assert made == [kind.make(random.Random(f"7 {n}")) for n in range(30)]
        assert len({repr(one) for one in made}) > 20, kind.name


def test_a_part_of_the_inputs_is_still_read(tmp_path: Path) -> None:
    """Mutations that are all refused at once would test nothing behind the door."""
    for kind in KINDS:
        read = 0
        for n in range(60):
            try:
                kind.run(kind.make(random.Random(f"7 {kind.name} {n}")), tmp_path)
                read += 1
            except GraphlabError:
                pass
        assert read >= 3, kind.name


def hang() -> None:
    while True:
        time.sleep(0.001)


def refuse(message: str) -> None:
    raise DataError(message)


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (lambda: {}["x"], "KeyError"),
        (lambda: np.float64(1) / np.float64(0), "RuntimeWarning"),
        (lambda: warnings.warn("old", DeprecationWarning, stacklevel=1), "DeprecationWarning"),
        (hang, "TooSlow"),
        (lambda: refuse(""), "DataError without a message"),
        (lambda: refuse("well said"), None),
        (lambda: None, None),
    ],
)
def test_it_sees_what_must_not_be(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any], what: str | None) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.2)
    found = judged(run)
    assert (found is None) if what is None else (found is not None and found[0].startswith(what))


def test_it_sees_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([100.0, 700.0, 700.0])
    monkeypatch.setattr(running, "_megabytes", lambda: next(sizes))
    found = judged(lambda: None)
    assert found is not None and found[0] == "too much memory"


def test_a_fault_planted_in_what_reads_a_model_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("graphlab.importers.native.reader.find_cycle", lambda inputs: inputs["no name"])
    planted = Kind(
        "model", lambda rng: HEAD + "  a: w * b\n  b: " + rng.choice(["-2", "a * 2"]) + "\n", kinds.read_model
    )
    _, found = many([planted], 1, tmp_path, count=50)
    assert len(found) == 1 and next(iter(found)).startswith("model: KeyError")


# What it has found

HEAD = "graphlab: 1\nparams: {w: [3, 4]}\nnodes:\n"


@pytest.mark.parametrize(
    "nodes",
    [
        "  a: w * x\n  L: sum(a)\n  x: -2\n",
        "  L: sum(w * x)\n  x: [5, 7]\n",
        "  L: sum(w * s.x)\n  s:\n    x: {value: [5, 7], dtype: float64}\n",
        "  s:\n    a: w * k\n    t:\n      b: a - k\n  L: sum(s.t.b)\n  k: 0.5\n",
        "  L: x[1] * w[0]\n  x: [5, 7]\n",
        "  L: sum(x * w)\n  x: 2 * 3\n",
        "  L: sum(where([true, x], w, x))\n  x: 1\n".replace("[true, x]", "w > x"),
    ],
)
def test_a_constant_may_stand_below_its_use(nodes: str) -> None:
    above = HEAD + "".join(
        sorted(nodes.splitlines(keepends=True), key=lambda line: not line.startswith(("  x:", "  k:")))
    )
    one, other = (gl.backward(gl.forward(gl.loads(text))) for text in (HEAD + nodes, above))
    assert one.loss == other.loss
    assert np.array_equal(one["w"].grad, other["w"].grad)


@pytest.mark.parametrize(
    "start", ["loss: x", "backward: {node: x, gradient: 2}", "backward: {node: y, gradient: [1, 2]}"]
)
def test_a_constant_below_may_be_where_the_chain_rule_starts(start: str) -> None:
    gl.backward(gl.forward(gl.loads(f"{HEAD}  y: w * x\n  x: -2\n{start}\n")))


def archive(**damage: Any) -> bytes:
    """An .npz with one array, something about it changed in both of its headers."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        array = io.BytesIO()
        np.save(array, np.arange(4.0))
        header = array.getvalue().replace(b"(4,)", damage.get("shape", b"(4,)"))
        file.writestr("trace.npy", header, damage.get("compression", zipfile.ZIP_DEFLATED))
    out = bytearray(stream.getvalue())
    central = out.index(b"PK\x01\x02")
    for offset, byte in damage.get("central", ()):
        out[central + offset] = byte
    for offset, byte in damage.get("local", ()):
        out[offset] = byte
    return bytes(out)


ARCHIVES = {
    "a header that does not parse": archive(shape=b"(4()"),
    "a version to come": archive(central=[(6, 200)]),
    "strong encryption": archive(central=[(8, 0x41)], local=[(6, 0x41)]),
    "a password": archive(central=[(8, 1)], local=[(6, 1)]),
    "another name in the other header": archive(local=[(30, ord("x"))]),
    "broken packing": archive(local=[(60, 255), (61, 255), (62, 255), (63, 255)]),
    "a kind of packing that numpy does not use": archive(compression=zipfile.ZIP_BZIP2),
    "more numbers than there are": archive(shape=b"(400000000,)"),
    "more numbers than any memory holds": archive(shape=b"(4000000000000,)"),
    "less than nothing": archive(shape=b"(-4,)"),
    "no directory": archive()[:-30],
    "nothing": b"",
    "no archive": b"PK",
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_a_broken_archive_is_one_message(tmp_path: Path, what: str) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(ARCHIVES[what])
    with pytest.raises(GraphlabError, match=r"t\.npz"):
        gl.load_trace(path)
    with pytest.raises(GraphlabError, match=r"t\.npz"):
        gl.loads("graphlab: 1\ninputs: {x: {file: t.npz, key: trace}}", base=tmp_path)


@pytest.mark.parametrize("shape", [b"(4L,)", b"(True,)", b"(4, )", b"(2, 2L)"])
def test_an_odd_header_leaves_no_warning(tmp_path: Path, shape: bytes) -> None:
    """numpy warns of the headers that Python 2 wrote."""
    array = io.BytesIO()
    np.save(array, np.arange(4.0))
    plain = b"(4,), }" + b" " * (len(shape) - 4)
    (tmp_path / "t.npy").write_bytes(array.getvalue().replace(plain, shape + b", }"))
    text = "graphlab: 1\ninputs: {x: {file: t.npy}}\nnodes: {y: sum(x)}"
    assert judged(lambda: gl.forward(gl.loads(text, base=tmp_path)) and None) is None


def changed(change: Callable[[Any], None]) -> bytes:
    record = json.loads(kinds.to_json(gl.backward(gl.forward(gl.loads(MODELS[1])))))
    change(record)
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda t: next(n for n in t["nodes"] if n["op"] == "mul")["inputs"].pop(),
        lambda t: t["nodes"][-1]["inputs"].append("x"),
        lambda t: t["nodes"][-1].update(inputs=[[1], None]),
        lambda t: t["nodes"][-1].update(inputs=[True, True]),
        lambda t: t["nodes"][-1].update(name=""),
        lambda t: t["nodes"][0].update(name="", scope=""),
        lambda t: t["nodes"][0].update(scope=["s"]),
        lambda t: t["nodes"][0].update(role="node"),
        lambda t: next(n for n in t["nodes"] if n["name"] == "t").update(value=None),
        lambda t: t["nodes"][0].update(op="square"),
        lambda t: t["nodes"][-1].update(role="constant"),
        lambda t: t.update(seed=1e999),
        lambda t: t.update(iteration=-(10**30)),
        lambda t: t.update(seed=-1),
        lambda t: t["nodes"][0].update(dtype="int64", value=[[2**70, 1], [1, 1]]),
        lambda t: t["nodes"][0].update(dtype="float32", value=[[1e39, 1], [1, 1]]),
    ],
)
def test_a_changed_trace_is_one_message(tmp_path: Path, change: Callable[[Any], None]) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(changed(change))
    found = judged(lambda: gl.backward(gl.load_trace(path)) and None)
    assert found is None, found
    with pytest.raises(GraphlabError):
        gl.backward(gl.load_trace(path))


def test_a_name_in_a_tour_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "m.tour.json"
    for stop in ({"node": ["y"]}, {"node": "y", "to": {"x": 1}}, {"node": 3}):
        path.write_text(json.dumps({"format": "graphlab.tour/1", "stops": [{**stop, "text": "one"}]}), "utf-8")
        with pytest.raises(GraphlabError, match="must be a name"):
            read_tour(path)


def test_an_infinite_count_of_variants_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("graphlab-pack: 1\nhandouts: [{model: net.yaml, variants: .inf}]\n", "utf-8")
    with pytest.raises(DataError, match="wrong kind"):
        read_pack(tmp_path / "pack.yaml")


def test_a_deviation_of_minus_zero_is_none() -> None:
    graph = gl.loads("graphlab: 1\ninputs: {x: {shape: [3], init: normal, mean: 2, std: -0.0}}\nnodes: {y: sum(x)}")
    assert gl.forward(graph)["x"].value.tolist() == [2, 2, 2]


@pytest.mark.parametrize("table", ["a,b,t\n1,\n2\n,0\n3.5,4\n", '"a","b"\n1,2,3\n', "a;b;t\n1;2\n"])
def test_a_column_that_a_row_does_not_have_is_one_message(tmp_path: Path, table: str) -> None:
    (tmp_path / "d.csv").write_text(table, "utf-8")
    with pytest.raises(DataError, match=r"d\.csv"):
        gl.loads("graphlab: 1\ninputs: {x: {file: d.csv, key: [a, b]}}", base=tmp_path)


def test_the_mutations_keep_to_what_they_say() -> None:
    rng = random.Random(3)
    assert any(mutations.text(rng, MODELS[0]) != MODELS[0] for _ in range(5))
    assert all(isinstance(mutations.json_text(rng, {"a": [1, 2]}), bytes) for _ in range(50))
    seed = {"a": [1, {"b": 2}]}
    assert sum(mutations.structure(rng, seed) != seed for _ in range(50)) > 40
    assert seed == {"a": [1, {"b": 2}]}
