"""A list of losses is their sum, each seeded with 1: run, drawn, traced, explained and written back."""

import json

import numpy as np
import pytest

import graphlab as gl
from graphlab.drawing.annotate import annotate
from graphlab.engine.expand import expand
from graphlab.engine.whatif import with_attr
from graphlab.errors import LossError, ModelError
from graphlab.storage.tracefile import to_json

HEAD = "graphlab: 1\nparams: {w: [2, -1]}\nnodes: {a: sum(w * w), b: '3 * w[0]', c: mean(w), d: w * 2}\n"


def run(loss: str) -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(f"{HEAD}loss: {loss}\n", path="m.yaml")))


@pytest.mark.parametrize(("names", "total", "grad"), [("ab", 11.0, [7.0, -2.0]), ("cab", 11.5, [7.5, -1.5])])
def test_the_loss_is_the_sum_and_each_is_seeded_with_1(names, total, grad):
    trace = run(f"[{', '.join(names)}]")
    assert trace.loss == total and trace.graph.loss == "loss" and trace.graph.losses == tuple(names)
    np.testing.assert_allclose(trace["w"].grad, grad)
    assert [float(trace[name].grad) for name in names] == [1.0] * len(names)
    assert gl.check_gradients(trace.graph).ok


def test_it_is_written_back_as_a_list_in_yaml_and_json(tmp_path):
    graph = run("[b, c, a]").graph
    text = gl.dumps(graph)
    assert text.endswith("loss: [b, c, a]\n") and "loss#1" not in text
    assert gl.dumps(gl.loads(text)) == text
    gl.save(graph, tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text())["loss"] == ["b", "c", "a"]
    assert [n.name for n in gl.load(tmp_path / "m.json").nodes] == [n.name for n in graph.nodes]


def test_a_list_of_one_is_that_loss():
    trace = run("[a]")
    assert trace.graph.loss == "a" and trace.graph.losses == () and "loss" not in trace.graph


def test_a_name_that_is_taken_gives_way():
    text = "graphlab: 1\nparams: {w: 2}\nnodes: {loss: w * 3, loss_: {part: w * 1}, aux: w * w}\nloss: [loss, aux]\n"
    graph = gl.loads(text)
    assert graph.loss == "loss__" and gl.forward(graph).loss == 10.0
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)


def test_in_python():
    g = gl.Graph()
    w = g.param("w", 3.0)
    parts = [gl.square(w, name="data"), gl.mul(w, 0.5, name="penalty"), w * 2]
    g.loss(parts)
    assert gl.forward(g).loss == 16.5
    assert len(g.nodes) == 4  # the sum is made when the graph is frozen, so that another loss may be said
    g.loss(parts[:2])
    trace = gl.backward(gl.forward(g))
    assert trace.loss == 10.5 and float(trace["w"].grad) == 6.5
    g.loss(parts[0])
    assert gl.forward(g).loss == 9.0 and "loss" not in gl.forward(g).graph
    assert gl.dumps(gl.loads(gl.dumps(g))) == gl.dumps(g)


def test_unfolding_and_what_ifs_keep_it():
    g = gl.Graph()
    w = g.param("w", [1.0, 2.0])
    g.loss([gl.mse(w, [0.5, 0.5], name="fit"), gl.l2_penalty(w, name="penalty")])
    unfolded = expand(g, ["fit"])
    assert gl.dumps(unfolded).endswith("loss: [fit, penalty]\n")
    changed = with_attr(gl.backward(gl.forward(g)), "penalty", "rate", 1.0)
    assert gl.dumps(changed.graph).endswith("loss: [fit, penalty]\n")


def test_trace_why_blame_and_step_see_a_sum(tmp_path):
    trace = run("[a, b, c]")
    record = json.loads(to_json(trace))
    assert record["loss"] == {"node": "loss", "value": 11.5}
    assert [row["op"] for row in record["nodes"] if row["name"].startswith("loss")] == ["add", "add"]
    trace.save(tmp_path / "t.json")
    assert gl.load_trace(tmp_path / "t.json").loss == 11.5
    assert gl.blame(trace).chain[0].node == "loss"
    found = gl.why(trace, "w.grad[0]")
    assert sum(path.product for path in found.paths) == pytest.approx(7.5)
    assert {"loss", "loss#1"} <= {box.name for box in annotate(trace).boxes}


@pytest.mark.parametrize(
    ("loss", "kind", "message"),
    [
        ("[]", ModelError, "m.yaml:4:7: the list of losses is empty; name one scalar or more"),
        ("[a, b, a]", ModelError, "m.yaml:4:7: the loss 'a' is in the list twice; write 2 * a under nodes"),
        ("[a, d]", LossError,
         "m.yaml:4:11: the loss 'd' has shape (2,) but must be a scalar; reduce it (sum, mean, a loss op) or give its "
         "upstream gradient with `backward:`"),
        ("[a, e]", ModelError, "m.yaml:4:11: there is no node 'e'"),
        ("[a, [b]]", ModelError, "m.yaml:4:11: `loss` must name a node, or be a list of names, not a list"),
        ("{a: 1}", ModelError, "m.yaml:4:7: `loss` must name a node, or be a list of names, not a mapping"),
        ("[a, w > 0]", ModelError,
         "m.yaml:4:11: `loss` must name a node, or be a list of names, not 'w > 0'; give the expression a name under "
         "nodes"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_losses(loss, kind, message):
    with pytest.raises(kind) as caught:
        run(loss)
    assert str(caught.value).startswith(message)


def test_a_whole_number_is_no_loss():
    g = gl.Graph()
    w = g.param("w", 3.0)
    whole = gl.sum(g.input("k", np.array([1, 2])), name="k2")
    with pytest.raises(LossError, match="the loss 'k2' is int64, which has no gradient"):
        g.loss([w * 2, whole])
