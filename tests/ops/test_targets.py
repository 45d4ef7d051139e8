"""Class weights, ignored rows and smoothing: by the definition, and what does not fit."""

import numpy as np
import pytest
from judge import call, infer, pull

import graphlab as gl
from graphlab.errors import DataError, ModelError, ShapeError
from graphlab.explain.worked import forward_worked

RNG = np.random.default_rng(41)
X = RNG.normal(size=(5, 3))
P = np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)
T = np.array([2, 0, 1, 1, 2])
W = [0.25, 3.0, 1.5]
OPS = [("softmax_cross_entropy", X), ("cross_entropy", P), ("nll", np.log(P))]
each_loss = pytest.mark.parametrize(("name", "x"), OPS)


@each_loss
def test_a_weighted_mean_divides_by_the_weights_of_its_class_numbers(name, x):
    weights = np.array(W)[T]
    by_hand = -np.sum(weights * np.log(P)[range(5), T])
    assert call(name, x, T, weight=W) == pytest.approx(by_hand / weights.sum(), rel=1e-13)
    assert call(name, x, T, weight=W, reduction="sum") == pytest.approx(by_hand, rel=1e-13)
    assert call(name, x, T, weight=[2, 2, 2]) == pytest.approx(call(name, x, T), rel=1e-13)


@each_loss
def test_an_ignored_row_is_as_if_it_were_not_there(name, x):
    t = np.array([2, -7, 1, -7, 2])
    kept = t != -7
    assert call(name, x, t, ignore_index=-7) == pytest.approx(call(name, x[kept], t[kept]), rel=1e-13)
    gx = pull(name, x, t, ignore_index=-7)[0]
    assert not gx[~kept].any()
    np.testing.assert_allclose(gx[kept], pull(name, x[kept], t[kept])[0], rtol=1e-13)


@each_loss
def test_where_all_rows_are_ignored_the_mean_is_nan_and_the_gradient_0(name, x):
    t = np.full(5, 1)
    assert np.isnan(call(name, x, t, ignore_index=1))
    assert call(name, x, t, ignore_index=1, reduction="sum") == 0
    assert not pull(name, x, t, ignore_index=1)[0].any()


@each_loss
def test_smoothing_is_a_share_of_an_even_label(name, x):
    smooth = 0.7 * np.eye(3)[T] + 0.3 / 3
    assert call(name, x, T, label_smoothing=0.3) == pytest.approx(call(name, x, smooth), rel=1e-13)
    np.testing.assert_allclose(pull(name, x, T, label_smoothing=0.3)[0], pull(name, x, smooth)[0], rtol=1e-12)


@each_loss
def test_the_defaults_are_the_plain_loss_to_the_bit(name, x):
    given = {"weight": None, "ignore_index": None, "label_smoothing": 0}
    assert call(name, x, T, **given) == call(name, x, T)
    assert pull(name, x, T, **given)[0].tobytes() == pull(name, x, T)[0].tobytes()


def test_a_label_outside_the_classes_is_still_an_error_beside_an_ignored_one():
    with pytest.raises(DataError, match=r"label 5 at t\[2\] is outside 0 … 2"):
        call("nll", np.log(P), np.array([-100, 0, 5, 1, 1]), ignore_index=-100)
    with pytest.raises(DataError, match=r"label -100 at t\[0\]"):
        call("nll", np.log(P), np.array([-100, 0, 1, 1, 1]))


def test_a_zero_weight_leaves_an_impossible_class_out():
    x = np.array([[0.0, -np.inf], [-1.0, -np.inf]])
    assert call("nll", x, np.array([0, 1]), weight=[1, 0]) == 0


@pytest.mark.parametrize(
    ("shapes", "given", "kind", "message"),
    [
        (((4, 3), (4,)), {"weight": [1, 2]}, ShapeError,
         "weight has 2 numbers but the last axis has 3 classes; give one number for each class"),
        (((4, 3), (4,)), {"weight": [1, -2, 1]}, ModelError, "weight[1] is -2 but must be 0 or more, and finite"),
        (((4, 3), (4,)), {"weight": [1, 2, float("inf")]}, ModelError,
         "weight[2] is inf but must be 0 or more, and finite"),
        (((4, 3), (4,)), {"label_smoothing": 1.5}, ModelError, "label_smoothing is 1.5 but must be from 0 to 1"),
        (((4, 3), (4, 3)), {"ignore_index": 0}, ModelError,
         "ignore_index is for class numbers, but t has a number for each class, shape (4, 3); give those rows the "
         "labels 0 instead"),
        (((4, 3), (4,)), {"weight": 2.0}, ModelError,
         "{op}: attribute 'weight' is 2.0 but must be a list of numbers, such as [1, 2.5]"),
        (((4, 3), (4,)), {"weight": []}, ModelError,
         "{op}: attribute 'weight' is [] but must be a list of numbers, such as [1, 2.5]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["softmax_cross_entropy", "cross_entropy", "nll"])
def test_what_does_not_fit(name, shapes, given, kind, message):
    with pytest.raises(kind) as caught:
        infer(name, *shapes, **given)
    assert str(caught.value) == message.replace("{op}", name)


def test_clip_keeps_probabilities_from_0_and_1_and_stops_their_gradient():
    p = np.array([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])
    assert call("cross_entropy", p, np.array([0, 2]), clip=1e-7) == pytest.approx(
        (-np.log(1e-7) - np.log(0.5)) / 2, rel=1e-13
    )
    assert pull("cross_entropy", p, np.array([0, 2]), clip=1e-7)[0].tolist() == [[0, 0, 0], [0, 0, -1.0]]
    assert np.isinf(call("cross_entropy", p, np.array([0, 2])))
    with pytest.raises(ModelError, match=r"cross_entropy: clip is 0.5 but must be at least 0 and below 0.5"):
        infer("cross_entropy", (2, 3), (2,), clip=0.5)


def test_a_file_that_calls_bces_clip_eps_means_the_same():
    head = "graphlab: 1\ninputs: {p: [0.0, 0.4], t: [1, 0]}\nnodes: {L: '"
    older, newer = (gl.loads(f"{head}bce(p, t, {name}=0.1)'}}\n") for name in ("eps", "clip"))
    assert gl.forward(older).loss == gl.forward(newer).loss == pytest.approx(-(np.log(0.1) + np.log(0.6)) / 2)
    assert gl.dumps(older) == gl.dumps(newer)
    with pytest.raises(ModelError, match="bce is given both 'eps' and 'clip', which are the same; keep clip"):
        gl.loads(f"{head}bce(p, t, eps=0.1, clip=0.1)'}}\n")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_weights_in_a_model_file_and_in_python_come_back(dtype):
    g = gl.Graph(dtype=dtype)
    x, t = g.param("x", X), g.input("t", T)
    attrs = {"weight": np.array(W), "ignore_index": 1, "label_smoothing": 0.1}
    g.loss(gl.softmax_cross_entropy(x, t, name="L", **attrs))
    text = gl.dumps(g)
    assert "softmax_cross_entropy(x, t, weight=[0.25, 3.0, 1.5], ignore_index=1, label_smoothing=0.1)" in text
    again = gl.loads(text)
    assert gl.forward(again).loss == gl.forward(g).loss
    report = gl.check_gradients(again)
    assert report.ok and all(check.status == "ok" for check in report.of("L") if check.slot == "x")


def test_the_weights_stand_in_the_numbers_that_are_put_in():
    g = gl.loads(
        "graphlab: 1\nparams: {x: [[-1, -2], [-0.5, -3]]}\ninputs: {t: [1, 0]}\n"
        "nodes: {L: 'nll(x, t, weight=[4, 0.5])'}\n"
    )
    worked = forward_worked(gl.forward(g), g.index["L"])
    assert worked.symbolic == "−(Σ (weight × onehot(t) × x)) / Σ (weight × onehot(t))"
    assert worked.substituted == "−(Σ ([4 0.5] × onehot([1 0]) × [-1 -2; -0.5 -3])) / Σ ([4 0.5] × onehot([1 0]))"
