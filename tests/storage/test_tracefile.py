"""A trace written and read back is the same trace."""

import json

import numpy as np
import pytest

import graphlab as gl
from graphlab.base.numbers import summarise, summary_text
from graphlab.errors import TraceError, UsageError
from graphlab.storage.tracefile import to_json


def trace_of(dtype="float64"):
    g = gl.Graph("net", dtype=dtype, seed=3)
    rng = np.random.default_rng(5)
    x, t = g.input("x", rng.normal(size=(4, 3)).tolist()), g.input("t", np.array([0, 1, 1, 0]))
    with g.scope("hidden"):
        h = gl.dropout(gl.batchnorm(gl.affine(x, units=4, name="fc"), name="bn"), name="drop")
    gl.softmax_cross_entropy(gl.affine(h, units=2, name="logits"), t, name="E")
    return gl.backward(gl.forward(g, iteration=2))


def same(a, b):
    assert [n.name for n in a.graph.nodes] == [n.name for n in b.graph.nodes]
    for left, right in zip(a, b, strict=True):
        assert left.node.op == right.node.op
        assert left.node.inputs == right.node.inputs
        assert left.node.scope == right.node.scope
        np.testing.assert_array_equal(left.value, right.value)
        assert left.value.dtype == right.value.dtype
        assert (left.grad is None) == (right.grad is None)
        if left.grad is not None:
            np.testing.assert_array_equal(left.grad, right.grad)
        assert [(c.consumer, c.slot, c.rule) for c in left.contributions] == [
            (c.consumer, c.slot, c.rule) for c in right.contributions
        ]
        for c, d in zip(left.contributions, right.contributions, strict=True):
            np.testing.assert_array_equal(c.value, d.value)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_read_back_is_the_same_and_runs_again(tmp_path, dtype, suffix):
    trace = trace_of(dtype)
    path = tmp_path / f"trace{suffix}"
    trace.save(path)
    again = gl.load_trace(path)
    same(trace, again)
    same(trace, gl.backward(gl.forward(again.graph, again.feeds, state=again.state, iteration=again.iteration)))
    assert to_json(again) == to_json(trace)
    assert gl.draw(again, view="backward").dot == gl.draw(trace, view="backward").dot


def test_the_json_is_what_the_format_says():
    data = json.loads(to_json(trace_of()))
    assert data["format"] == "graphlab.trace/1"
    assert set(data["loss"]) == {"node", "value"}
    for node in data["nodes"]:
        assert {"name", "op", "inputs", "scope", "role", "attrs", "shape", "dtype", "value", "grad"} <= set(node)
    label = next(node for node in data["nodes"] if node["name"] == "t")
    assert label["grad"] is None
    assert label["value"] == [0, 1, 1, 0]
    by_phase = [step["phase"] for step in data["steps"]]
    assert by_phase == sorted(by_phase, reverse=True)
    grads = {n["name"]: np.array(n["grad"]) for n in data["nodes"] if n["grad"] is not None}
    sums = {}
    for step in data["steps"]:
        for c in step.get("contributions", ()):
            assert set(c) - {"value_cancelled"} == {"to", "slot", "rule", "value"}
            sums[c["to"]] = sums.get(c["to"], 0) + np.array(c["value"])
    for name, total in sums.items():
        np.testing.assert_allclose(total, grads[name], rtol=1e-12)


def test_not_finite_numbers_are_words():
    g = gl.Graph("bad")
    gl.sum(gl.log(g.param("x", [0.0, -1.0])))
    text = to_json(gl.backward(gl.forward(g)))
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    log = next(node for node in data["nodes"] if node["op"] == "log")
    assert log["value"] == ["-Infinity", "NaN"]


def test_each_kind_of_not_finite_has_its_own_word():
    g = gl.Graph()
    gl.mul(g.input("x", [np.inf, -np.inf, np.nan, -0.0]), 1.0, name="y")
    node = json.loads(to_json(gl.forward(g)))["nodes"][-1]
    assert node["value"][:3] == ["Infinity", "-Infinity", "NaN"] and str(node["value"][3]) == "-0.0"


def test_large_arrays_are_null_with_a_summary(tmp_path):
    trace = trace_of()
    data = json.loads(to_json(trace, max_elements=5))
    fc = next(node for node in data["nodes"] if node["name"] == "hidden.fc")
    assert fc["value"] is None
    assert fc["value_summary"]["mean"] == pytest.approx(trace["hidden.fc"].value.mean())
    assert fc["grad"] is None
    assert fc["grad_summary"]["size"] == 16
    trace.save(tmp_path / "small.json", max_elements=5)
    again = gl.load_trace(tmp_path / "small.json")
    with pytest.raises(TraceError, match="only its summary"):
        _ = again["hidden.fc"].value
    for name in ("hidden.fc", "logits"):
        for part in summary_text(summarise(trace[name].value)).split(" · "):
            assert part in gl.draw(again, view="forward").text
    for view in ("forward", "backward", "both"):
        trace.save(tmp_path / "nothing.json", max_elements=0)
        assert gl.draw(gl.load_trace(tmp_path / "nothing.json"), view=view).text
    assert json.loads(to_json(again)) == data


def test_before_backward_nothing_is_zero(tmp_path):
    g = gl.Graph("n")
    gl.exp(g.param("x", 1.0))
    gl.forward(g).save(tmp_path / "t.json")
    data = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert [node["grad"] for node in data["nodes"]] == [None, None]
    assert not gl.load_trace(tmp_path / "t.json").has_gradients


def test_an_upstream_gradient_is_kept(tmp_path):
    g = gl.Graph("n")
    y = gl.exp(g.param("x", [1.0, 2.0]))
    g.backward_from(y, [0.5, -1.0])
    trace = gl.backward(gl.forward(g))
    trace.save(tmp_path / "t.json")
    data = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert data["loss"] is None
    assert data["backward"] == {"node": y.name, "gradient": [0.5, -1.0]}
    same(trace, gl.load_trace(tmp_path / "t.json"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "graphlab.trace/2"}',
        "\x00",
        '{"format": "graphlab.trace/1", "nodes": 3}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_one_clear_error(tmp_path, text):
    path = tmp_path / "t.json"
    path.write_text(text, "utf-8")
    with pytest.raises(TraceError) as caught:
        gl.load_trace(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_broken_trace_is_refused(tmp_path):
    data = json.loads(to_json(trace_of()))
    data["nodes"][0]["value"] = [[1.0]]
    (tmp_path / "t.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(TraceError):
        gl.load_trace(tmp_path / "t.json")


def test_pickled_arrays_are_not_loaded(tmp_path):
    np.savez(tmp_path / "t.npz", trace=np.array([{"a": 1}], dtype=object))
    with pytest.raises(TraceError):
        gl.load_trace(tmp_path / "t.npz")


def test_other_extensions_and_places_that_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match=r"as \.json or \.npz"):
        trace_of().save(tmp_path / "t.txt")
    with pytest.raises(UsageError, match="there is no folder"):
        trace_of().save(tmp_path / "nowhere" / "t.json")
    assert list(tmp_path.iterdir()) == []


def test_numbers_stay_numbers_in_an_npz(tmp_path):
    g = gl.Graph("scalars")
    gl.mul(g.param("w", 2.0), g.input("x", 3.0), name="y")
    trace = gl.backward(gl.forward(g))
    trace.save(tmp_path / "t.npz")
    again = gl.load_trace(tmp_path / "t.npz")
    assert [np.shape(c.value) for c in again["w"].contributions] == [()]
    assert to_json(again) == to_json(trace)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((4, 3), dtype="float32")])
@pytest.mark.parametrize("key", ["value/0", "grad/0", "contribution/4/0"])
def test_an_npz_whose_arrays_do_not_fit_is_refused(tmp_path, key, wrong):
    trace_of().save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz") as data:
        arrays = {name: data[name] for name in data.files}
    assert key in arrays
    np.savez(tmp_path / "t.npz", **{**arrays, key: wrong})
    with pytest.raises(TraceError, match="not a trace that graphlab wrote"):
        gl.load_trace(tmp_path / "t.npz")


@pytest.mark.parametrize("suffix", [".JSON", ".NPZ"])
def test_extensions_in_capitals(tmp_path, suffix):
    trace_of().save(tmp_path / f"t{suffix}")
    same(trace_of(), gl.load_trace(tmp_path / f"t{suffix}"))


# Running statistics


NORMED = """
graphlab: 1
inputs: {x: [[1, 2], [5, 3], [0, 7]]}
nodes: {bn: "batchnorm(x, momentum=0.25)", z: "batchnorm(bn)", L: sum(z * z * x)}
"""


@pytest.mark.parametrize("name", ["t.json", "t.npz"])
def test_the_new_running_statistics_are_kept(tmp_path, name):
    trace = gl.backward(gl.forward(gl.loads(NORMED)))
    trace.save(tmp_path / name)
    again = gl.load_trace(tmp_path / name)
    x = np.array([[1.0, 2], [5, 3], [0, 7]])
    np.testing.assert_allclose(again.updates["bn.running_mean"], 0.25 * x.mean(axis=0))
    np.testing.assert_allclose(again.updates["bn.running_var"], 0.75 + 0.25 * x.var(axis=0, ddof=1))
    assert list(again.updates) == list(trace.updates)
    for key, value in trace.updates.items():
        np.testing.assert_array_equal(again.updates[key], value)
    assert not np.array_equal(again["bn.running_mean"].value, again.updates["bn.running_mean"])  # a run changes nothing


def test_a_file_without_them_is_read_and_has_them_computed(tmp_path):
    """As files were written before."""
    trace = gl.backward(gl.forward(gl.loads(NORMED)))
    data = json.loads(to_json(trace))
    assert sum("updated" in node for node in data["nodes"]) == 4
    for node in data["nodes"]:
        node.pop("updated", None)
    (tmp_path / "old.json").write_text(json.dumps(data))
    old = gl.load_trace(tmp_path / "old.json")
    np.testing.assert_array_equal(old.updates["z.running_var"], trace.updates["z.running_var"])


def test_of_a_file_that_left_arrays_out_they_are_as_they_were_written(tmp_path):
    trace = gl.forward(gl.loads(NORMED))
    trace.save(tmp_path / "t.json", max_elements=2)
    again = gl.load_trace(tmp_path / "t.json")
    np.testing.assert_array_equal(again.updates["bn.running_mean"], trace.updates["bn.running_mean"])
    trace.save(tmp_path / "less.json", max_elements=1)
    rows = {node["name"]: node for node in json.loads((tmp_path / "less.json").read_text())["nodes"]}
    assert rows["bn.running_mean"]["updated"] is None
    assert rows["bn.running_mean"]["updated_summary"]["size"] == 2
    assert gl.load_trace(tmp_path / "less.json").updates == {}


def test_evaluation_has_none(tmp_path):
    trace = gl.forward(gl.loads(NORMED), mode="eval")
    assert trace.updates == {}
    assert "updated" not in to_json(trace)


@pytest.mark.parametrize("text", ['"x"', "[1]", "[[0, 1]]", "{}"])
def test_wrong_running_statistics_are_an_error(tmp_path, text):
    data = json.loads(to_json(gl.forward(gl.loads(NORMED))))
    next(node for node in data["nodes"] if node["name"] == "bn.running_var")["updated"] = json.loads(text)
    (tmp_path / "bad.json").write_text(json.dumps(data))
    with pytest.raises(TraceError, match=r"bad\.json"):
        gl.load_trace(tmp_path / "bad.json")
