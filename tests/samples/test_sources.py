"""What single samples promise beyond their printed numbers, against computations of another kind."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from regenerate import FOLDER, run
from sample_reference import Arrays, batchnorm_nine_steps, classifier, logistic, mazur_error, mazur_gradients
from test_samples import disagreements, expected, rounds_to

import graphlab as gl


def close(a: Any, b: Any) -> bool:
    """Equal up to the rounding of a few thousand additions."""
    return bool(np.allclose(a, b, rtol=1e-10, atol=1e-14))


def grad_of(trace: gl.Trace, name: str) -> Any:
    """The gradient, which must be there."""
    grad = trace[name].grad
    assert grad is not None
    return grad


def layers_of(trace: gl.Trace, *names: str) -> list[Arrays]:
    """The parameters of affine layers and, where a layer names one, of its batch normalisation ("fc bn")."""
    out = []
    for name in names:
        affine, _, norm = name.partition(" ")
        layer = {slot: trace[f"{affine}.{slot}"].value for slot in "Wb"}
        layer |= {slot: trace[f"{norm}.{slot}"].value for slot in ("gamma", "beta") if norm}
        out.append(layer)
    return out


def test_sigmoid_neuron_is_the_sigmoid() -> None:
    steps = run(FOLDER / "sigmoid_neuron")
    g = gl.Graph()
    w0, x0, w1, x1, w2 = (g.param(name, steps[name].value) for name in ("w0", "x0", "w1", "x1", "w2"))
    gl.sigmoid(w0 * x0 + w1 * x1 + w2, name="f")
    fused = gl.backward(gl.forward(g))
    for name in ("f", "w0", "x0", "w1", "x1", "w2"):
        assert close(steps[name].value, fused[name].value)
        assert close(steps[name].grad, fused[name].grad)


def test_mazur_after_one_step() -> None:
    """The weights his text prints; and where his error after the step comes from."""
    trace = run(FOLDER / "mazur")
    w = {name: trace[name].value for name in ("i", "target", "W1", "b1", "W2", "b2")}
    printed = expected(FOLDER / "mazur")["after_one_step"]
    new = {name: w[name] - printed["learning_rate"] * grad_of(trace, name) for name in ("W1", "W2")}
    assert disagreements(new["W1"], printed["W1"], "W1") + disagreements(new["W2"], printed["W2"], "W2") == []
    for name, gradient in zip(("W1", "W2"), mazur_gradients(w), strict=True):
        assert close(trace[name].grad, gradient)
    assert rounds_to(mazur_error(w | new), "0.291027774")
    other_order = [w[name] - 0.5 * g for name, g in zip(("W1", "W2"), mazur_gradients(w, False), strict=True)]
    assert rounds_to(mazur_error(w | dict(zip(("W1", "W2"), other_order, strict=True))), printed["E_total"])


def test_mazur_units_add_up_as_printed() -> None:
    trace, wanted = run(FOLDER / "mazur_units"), expected(FOLDER / "mazur_units")
    for name, printed in wanted["contributions"].items():
        sent = {c.consumer.partition(".")[0]: c.value for c in trace[name].contributions}
        assert sent.keys() == printed.keys()
        assert [text for unit in sent for text in disagreements(sent[unit], printed[unit], unit)] == []
        assert close(sum(sent.values()), trace[name].grad)


def test_mazur_units_is_mazur() -> None:
    layers, units = run(FOLDER / "mazur"), run(FOLDER / "mazur_units")
    for matrix, names in (("W1", [["w1", "w3"], ["w2", "w4"]]), ("W2", [["w5", "w7"], ["w6", "w8"]])):
        assert close(layers[matrix].value, [[units[name].value for name in row] for row in names])
        assert close(layers[matrix].grad, [[units[name].grad for name in row] for row in names])
    for name in ("b1", "b2", "E_total"):
        assert close(layers[name].value, units[name].value)
        assert close(layers[name].grad, units[name].grad)


def test_kratzert_batchnorm_by_the_nine_steps() -> None:
    trace = run(FOLDER / "kratzert_batchnorm")
    x, gamma, beta = (trace[name].value for name in ("x", "gamma", "beta"))
    out, grads = batchnorm_nine_steps(x, gamma, beta, trace["out"].grad)
    assert close(trace["out"].value, out)
    assert all(close(trace[name].grad, grad) for name, grad in grads.items())
    assert np.ptp(np.asarray(trace["out"].grad)) > 0, "a uniform gradient would hide a wrong formula"


def test_affine_bn_relu_by_hand() -> None:
    trace = run(FOLDER / "affine_bn_relu")
    value = {record.name: record.value for record in trace}
    first = {"W": value["W1"], "b": value["b1"], "gamma": value["gamma"], "beta": value["beta"]}
    layers = [first, {"W": value["W2"], "b": value["b2"]}]
    loss, grads, dx = classifier(value["x"], value["label"], layers)
    assert close(trace.loss, loss)
    assert close(trace["x"].grad, dx)
    for name, grad in zip(("W1", "b1", "W2", "b2"), [grads[k][s] for k in (0, 1) for s in "Wb"], strict=True):
        assert close(trace[name].grad, grad)
    assert all(close(trace[name].grad, grads[0][name]) for name in ("gamma", "beta"))


CLASSIFIERS = {
    "mlp784": ("layer1.fc", "layer2.fc", "logits"),
    "digits": ("layer1.fc layer1.bn", "layer2.fc", "layer3.fc", "logits"),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_by_plain_numpy(name: str) -> None:
    trace = run(FOLDER / name)
    loss, grads, _ = classifier(trace["x"].value, trace["label"].value, layers_of(trace, *CLASSIFIERS[name]))
    assert close(trace.loss, loss)
    for layer, grad in zip(CLASSIFIERS[name], grads, strict=True):
        affine, _, norm = layer.partition(" ")
        for slot, array in grad.items():
            assert close(trace[f"{affine if slot in 'Wb' else norm}.{slot}"].grad, array), (layer, slot)


@pytest.mark.torch
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_by_torch(name: str) -> None:
    torch = pytest.importorskip("torch")

    trace = run(FOLDER / name)
    h = torch.tensor(trace["x"].value)
    leaves: dict[str, Any] = {}
    for k, (layer, arrays) in enumerate(zip(CLASSIFIERS[name], layers_of(trace, *CLASSIFIERS[name]), strict=True)):
        affine, _, norm = layer.partition(" ")
        own = {f"{affine if slot in 'Wb' else norm}.{slot}": torch.tensor(array) for slot, array in arrays.items()}
        leaves |= {key: tensor.requires_grad_() for key, tensor in own.items()}
        h = h @ leaves[f"{affine}.W"] + leaves[f"{affine}.b"]
        if norm:
            scale = {"weight": leaves[f"{norm}.gamma"], "bias": leaves[f"{norm}.beta"]}
            h = torch.nn.functional.batch_norm(h, None, None, training=True, eps=1e-5, **scale)
        if k < len(CLASSIFIERS[name]) - 1:
            h = torch.relu(h)
    loss = torch.nn.functional.cross_entropy(h, torch.tensor(trace["label"].value))
    loss.backward()
    assert close(trace.loss, loss.item())
    assert all(close(trace[key].grad, tensor.grad.numpy()) for key, tensor in leaves.items())


def test_digits_are_the_published_ones() -> None:
    """All of them whole numbers 0 … 16; the first image is the well-known 0."""
    with np.load(FOLDER / "digits" / "digits.npz", allow_pickle=False) as data:
        images, labels = data["images"], data["labels"]
    assert images.shape == (320, 64)
    assert images.dtype == labels.dtype == np.uint8
    assert images.max() == 16
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert images[0, :16].tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    trace = run(FOLDER / "digits")
    assert np.array_equal(trace["x"].value, images[:32] / 16.0)
    assert np.array_equal(trace["label"].value, labels[:32])


def solved(name: str) -> tuple[gl.Trace, dict[str, Any]]:
    """A sample at the published solution."""
    solution = expected(FOLDER / name)["solution"]
    graph = gl.load(FOLDER / name / f"{name}.yaml")
    params = {key: np.array(json.loads(json.dumps(value)), dtype=float) for key, value in solution["params"].items()}
    return gl.backward(gl.forward(graph, state=graph.initial_state().replace(params))), solution


def test_xor_at_the_books_solution() -> None:
    trace, solution = solved("xor")
    assert [t for name, v in solution["values"].items() for t in disagreements(trace[name].value, v, name)] == []
    assert all(not np.any(trace[name].grad) for name in solution["params"])


def test_linear_regression_at_the_published_solution() -> None:
    """lm's coefficients are the least-squares ones, and there the gradient is what their rounding leaves of it."""
    trace, solution = solved("linear_regression")
    height, weight = trace["height"].value, trace["weight"].value
    design = np.stack([height, np.ones_like(height)], axis=1)
    best = np.linalg.lstsq(design, weight)[0]
    printed = np.array([float(solution["params"][name]) for name in ("slope", "intercept")])
    assert rounds_to(best[0], solution["params"]["slope"])
    assert rounds_to(best[1], solution["params"]["intercept"])
    left = 2 / len(height) * design.T @ design @ (printed - best)
    gradient = np.array([grad_of(trace, name) for name in ("slope", "intercept")])
    assert np.allclose(gradient, left, atol=1e-9)
    exact = gl.forward(trace.graph, state=trace.state.replace({"slope": best[0], "intercept": best[1]}))
    assert np.allclose([grad_of(gl.backward(exact), name) for name in ("slope", "intercept")], 0, atol=1e-9)


def test_linear_regression_residuals_as_printed() -> None:
    trace, solution = solved("linear_regression")
    residuals = trace["weight"].value - trace["fitted"].value
    error = np.sqrt((residuals**2).sum() / (len(residuals) - 2))
    assert rounds_to(error, solution["residual_standard_error"])
    quartiles = np.quantile(residuals, [0, 0.25, 0.5, 0.75, 1])
    for value, printed in zip(quartiles, solution["residuals"].values(), strict=True):
        assert rounds_to(value, printed)


@pytest.mark.parametrize(("scope", "relu"), [("with_sigmoid", False), ("with_relu", True)])
def test_vanishing_by_plain_numpy(scope: str, relu: bool) -> None:
    trace = run(FOLDER / "vanishing")
    h = trace["x"].value
    slopes = []
    for k in range(1, 5):
        net = h @ trace[f"{scope}.h{k}#1.W"].value
        h = np.maximum(net, 0) if relu else logistic(net)
        slopes.append((net > 0) if relu else h * (1 - h))
    d = 2 * (h - trace["t"].value) / h.size
    for k in range(4, 0, -1):
        assert close(trace[f"{scope}.h{k}"].grad, d)
        d = (d * slopes[k - 1]) @ trace[f"{scope}.h{k}#1.W"].value.T


def test_vanishing_fades_with_sigmoid_only() -> None:
    trace = run(FOLDER / "vanishing")

    def left(scope: str) -> float:
        first, last = (np.sqrt(np.mean(np.square(grad_of(trace, f"{scope}.h{k}")))) for k in (1, 4))
        return float(first / last)

    printed = expected(FOLDER / "vanishing")["left_of_the_gradient"]
    assert rounds_to(left("with_sigmoid"), printed["with_sigmoid"])
    assert rounds_to(left("with_relu"), printed["with_relu"])
    assert left("with_relu") > 20 * left("with_sigmoid")
