"""The gradient check on large arrays and networks, under rounding, and with subtle mistakes."""

import numpy as np
import pytest
from test_gradients import plant, statuses

import graphlab as gl
from graphlab.check.rerun import Rerun
from graphlab.ops import REGISTRY


def wide(n=64):
    g = gl.Graph("784-256-256-10", seed=1)
    rng = np.random.default_rng(0)
    h = g.input("x", rng.random((n, 784)))
    for i, units in enumerate((256, 256), 1):
        h = gl.relu(gl.affine(h, units=units, name=f"fc{i}"))
    gl.softmax_cross_entropy(gl.affine(h, units=10, name="fc3"), g.input("t", rng.integers(0, 10, n)), name="loss")
    return g


def test_a_large_network_is_sampled():
    report = gl.check_gradients(wide(), budget=0.5)
    assert report.ok
    by_leaf = {c.node: c for c in report.ends}
    W = by_leaf["fc1.W"]
    assert (W.size, W.directions) == (784 * 256, 2)
    assert W.checked <= 64
    assert by_leaf["fc3.b"].size == 10


def test_one_wrong_element_of_two_hundred_thousand_is_found(monkeypatch):
    """No sample of elements would meet it; the random directions do."""
    right = REGISTRY["affine"].vjp

    def wrong(ctx, g, primals, value, residuals):
        gx, gW, gb = right(ctx, g, primals, value, residuals)
        gW = gW.copy()
        gW[1, 2] += 3 * np.abs(gW).max()
        return gx, gW, gb

    monkeypatch.setattr(REGISTRY["affine"], "vjp", staticmethod(wrong))
    report = gl.check_gradients(wide(8), budget=0.5, end_to_end=False)
    assert [(c.node, c.slot) for c in report.wrong if c.node == "fc1"] == [("fc1", "W")]


def test_many_leaves_are_drawn_from():
    g = gl.Graph()
    h = g.param("x", np.linspace(-1, 1, 8))
    for i in range(300):
        h = gl.tanh(h * g.param(f"w{i}", np.linspace(0.9, 1.1, 8)))
    gl.mean(gl.square(h))
    report = gl.check_gradients(g, budget=0.05)
    assert report.ok
    skipped = [c.reason for c in report.ends if c.status == "skipped"]
    assert skipped[0].endswith("of 301 leaves were drawn; a larger budget checks more")
    assert len(skipped) < 300
    assert all(c.status == "ok" for c in report.nodes if c.op == "tanh")


def test_no_loss_means_no_end_to_end_check():
    g = gl.Graph()
    x = g.param("x", [1.0, 2.0])
    gl.exp(x)
    report = gl.check_gradients(g)
    assert report.ok
    assert (len(report.nodes), report.ends) == (1, ())
    g.loss(gl.sin(x))
    with pytest.raises(gl.GraphlabError, match="must be a scalar"):
        gl.check_gradients(g)


def test_an_empty_array_is_skipped():
    g = gl.Graph()
    gl.sum(gl.exp(g.param("x", np.zeros((0, 3)))))
    report = gl.check_gradients(g)
    assert [(c.status, c.reason) for c in report.of("exp1")] == [("skipped", "the array is empty")]


def test_the_same_report_twice():
    assert gl.check_gradients(wide(4), budget=0.1) == gl.check_gradients(wide(4), budget=0.1)


def test_a_rerun_computes_what_the_whole_forward_computes():
    g = gl.Graph(seed=2)
    x, W = g.param("x", np.linspace(-1, 1, 6).reshape(2, 3)), g.param("W", np.linspace(0.1, 2, 9).reshape(3, 3))
    h = gl.dropout(gl.tanh(x @ W), rate=0.3)
    gl.sum(h * (x + 1.0), name="loss")
    graph = g.freeze()
    trace = gl.forward(graph)
    moved = np.linspace(1, 2, 6).reshape(2, 3)
    target = graph.position("loss")
    again = Rerun(trace).function(graph.position("x"), target)(moved)
    assert again == gl.forward(graph, state={"x": moved})["loss"].value
    assert again != trace["loss"].value


@pytest.mark.parametrize(("op", "x"), [("tanh", [15.0, 17.0]), ("sigmoid", [29.0, 35.0, 0.5])])
def test_a_saturated_slope_below_the_rounding_is_no_error(op, x):
    """tanh(15) is 1 − 2e-13: its slope, 4e-13, moves no digit of it."""
    graph = gl.loads(f"graphlab: 1\nparams: {{x: {x}}}\nnodes: {{y: {op}(x), E: sum(y * y)}}")
    assert [c.status for c in gl.check_gradients(graph).checks if c.status == "wrong"] == []


def built(text, **values):
    """The sum of an expression of parameters, with its inputs' values."""
    g = gl.Graph()
    refs = {name: g.param(name, value) for name, value in values.items()}
    gl.sum(eval(text, {"gl": gl, "g": g, "np": np, **refs}), name="loss")
    return g


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a * b + c", {"a": 1e-9, "b": 1.0, "c": 1e12}),
        ("a * b + c", {"a": 1e-9, "b": [1.0, 1.0, 2.0], "c": [1e12, 1.0, 1e6]}),
        ("gl.affine(a, b, c)", {"a": [[1e10, 1.0], [1.0, 1e-3]], "b": [[1e8, 1.0], [1.0, 2.0]], "c": [1.0, 1e-8]}),
        ("gl.softmax(x) ** 2", {"x": [0.0, 40.0, 5.0]}),
        ("gl.softmax(x) ** 2", {"x": [700.0, -700.0, 5.0, 697.0]}),
        ("gl.softmax(x) ** 2", {"x": [[700.0, 701.0, 699.0], [1.0, 700.0, 2.0]]}),
        ("gl.softmax(x) ** 2", {"x": [1000.0, 970.0, 1001.0]}),
        (
            "gl.softmax_cross_entropy(x, g.input('t', np.array([0, 1])))",
            {"x": [[1000.0, 980.0, 970.0], [-1000.0, 1000.0, 2.0]]},
        ),
        ("gl.softmax_cross_entropy(x, t)", {"x": [[1000.0, 980.0, 970.0]], "t": [[0.9, 0.1, 0.0]]}),
        ("gl.bce_with_logits(x, t)", {"x": [1e-8, 0.3, -1e-9], "t": [0.5, 1.0, 0.0]}),
    ],
)
def test_what_rounding_hides_is_not_wrong(text, values):
    assert gl.check_gradients(built(text, **values)).wrong == ()


def test_a_slope_lost_beside_one_large_element_is_wrong_if_another_shows_it(monkeypatch):
    plant(monkeypatch, REGISTRY["mul"], lambda part, x: part * 1.01)
    report = gl.check_gradients(built("a * c", a=1e-9, c=[1e12, 1.0]), end_to_end=False)
    assert ("mul1", "a") in {(check.node, check.slot) for check in report.wrong}


@pytest.mark.parametrize("gain", [1.0, 10.0])
def test_a_deep_network_of_exploding_values_is_right(gain):
    g, rng = gl.Graph(), np.random.default_rng(0)
    h = g.input("x", rng.normal(size=(2, 4)) * [[1.0], [1e12]])
    for i in range(30):
        W, b = g.param(f"W{i}", rng.normal(size=(4, 4)) * gain), g.param(f"b{i}", rng.normal(size=4) * 0.1)
        h = h + gl.relu(gl.affine(h, W, b))
    gl.softmax_cross_entropy(h, g.input("t", np.array([0, 2])), name="loss")
    assert gl.forward(g).values[-3].max() > 1e15
    assert gl.check_gradients(g, budget=0.5).wrong == ()


@pytest.mark.parametrize(
    ("op", "x", "change"),
    [
        ("max", [1.0, 2.0, 5.0], lambda part, x: np.full(3, part.sum() / 3)),
        ("abs", [1e-9, 2.0, -5.0], lambda part, x: np.where(np.abs(x) < 1e-8, 0.3 * part, part)),
        ("mean", [1.0, 2.0, 5.0], lambda part, x: 2 * part),
    ],
)
def test_subtle_mistakes_are_found(op, x, change, monkeypatch):
    plant(monkeypatch, REGISTRY[op], change)
    assert statuses(gl.check_gradients(built(f"gl.{op}(x)", x=x)), f"{op}1") == {"x": "wrong"}


def test_a_node_of_very_many_inputs_is_drawn_from():
    """Each evaluation costs as much as all inputs together: their product must not be spent."""
    g = gl.Graph()
    gl.sum(gl.square(gl.stack(*(g.param(f"x{i}", float(i)) for i in range(1000)))), name="loss")
    calls = 0
    right = REGISTRY["stack"].forward

    def counted(*args, **attrs):
        nonlocal calls
        calls += 1
        return right(*args, **attrs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(REGISTRY["stack"], "forward", staticmethod(counted))
        report = gl.check_gradients(g, budget=0.2)
    assert report.ok
    assert calls < 400
    assert sum(check.spared for check in report.checks) > 1500
    spared = [check.reason for check in report.checks if check.spared]
    assert all(reason.endswith("were drawn; a larger budget checks more") for reason in spared)


def test_class_numbers_that_stand_as_floats_cannot_be_moved():
    g = gl.Graph()
    gl.softmax_cross_entropy(g.param("x", [[1.0, 2.0, 3.0]]), g.input("t", [2.0]), name="loss")
    report = gl.check_gradients(g)
    assert {c.slot: (c.status, c.reason) for c in report.of("loss")} == {
        "x": ("ok", ""),
        "t": ("skipped", "only these values fit"),
    }
