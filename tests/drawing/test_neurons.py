"""The circles-and-lines picture, against the numbers it shows."""

from pathlib import Path

import numpy as np
import pytest

import graphlab as gl
from graphlab.base.numbers import number
from graphlab.diagram import plain
from graphlab.drawing.annotate import Options, annotate
from graphlab.errors import LossError, UsageError

SAMPLES = Path(__file__).parents[2] / "samples"


def layered(sizes=(2, 3, 1), batch=2):
    g = gl.Graph("layers")
    rng = np.random.default_rng(1)
    h = g.input("x", rng.normal(size=(batch, sizes[0])))
    for k, units in enumerate(sizes[1:]):
        W, b = g.param(f"W{k}", rng.normal(size=(h.shape[1], units))), g.param(f"b{k}", rng.normal(size=units))
        h = (
            gl.sigmoid(gl.add(h @ W, b, name=f"net{k}"), name=f"h{k}")
            if k % 2
            else gl.tanh(gl.affine(h, W, b, name=f"net{k}"), name=f"h{k}")
        )
    gl.mse(h, g.input("t", np.full((batch, sizes[-1]), 0.25)), name="E")
    return gl.backward(gl.forward(g))


def run(text):
    trace = gl.forward(gl.loads("graphlab: 1\n" + text))
    return gl.backward(trace) if trace.graph.loss else trace


def sample(name):
    return gl.backward(gl.forward(gl.load(SAMPLES / name / f"{name}.yaml")))


def picture(trace, view="neurons", **options):
    return annotate(trace, Options(view=view, **options))


def circle(diagram, name):
    """What stands in a circle, below its name."""
    box = next(box for box in diagram.boxes if box.form == "circle" and box.name == name)
    return [plain(row.lines) for row in box.rows]


def weights(diagram):
    """The lines but those to and from the loss."""
    return [arrow for arrow in diagram.arrows if "n_loss" not in (arrow.tail, arrow.head)]


def labels(diagram):
    return {plain(arrow.lines) for arrow in weights(diagram)}


def captions(diagram):
    boxes = [box for box in diagram.boxes if box.form == "text"]
    return {plain((box.header, *(line for row in box.rows for line in row.lines))) for box in boxes}


def test_a_circle_a_unit_and_a_line_a_weight():
    trace = layered()
    diagram = picture(trace)
    circles = {box.name: box for box in diagram.boxes if box.form == "circle"}
    assert [name for name in circles if "[" in name] == ["x[0]", "x[1]", "h0[0]", "h0[1]", "h0[2]", "h1[0]"]
    assert circle(diagram, "h0[2]") == [
        f"a {number(trace['h0'].value[0, 2])}", f"z {number(trace['net0'].value[0, 2])}"
    ]  # fmt: skip
    assert circle(diagram, "x[1]") == [number(trace["x"].value[0, 1])]
    assert len(weights(diagram)) == 2 * 3 + 3 + 3 * 1 + 1
    assert labels(diagram) == {number(v) for name in ("W0", "b0", "W1", "b1") for v in np.ravel(trace[name].value)}


def test_backward_shows_gradients_and_runs_the_other_way():
    trace = layered()
    forward, backward = (picture(trace, v) for v in ("neurons", "neurons-backward"))
    assert [(a.tail, a.head) for a in backward.arrows] == [(a.head, a.tail) for a in forward.arrows]
    whole = {f"Σ {number(v)}" for name in ("W0", "b0", "W1", "b1") for v in np.ravel(trace[name].grad)}
    assert labels(backward) == whole
    grads = [f"∂a {number(trace['h0'].grad[0, 1])}", f"∂z {number(trace['net0'].grad[0, 1])}"]
    assert circle(backward, "h0[1]") == grads


def test_what_is_summed_over_the_batch_is_called_a_sum_and_what_is_not_is_not():
    one, many = (picture(layered(batch=n), "neurons-backward") for n in (1, 3))
    assert all(label.startswith("Σ ") for label in labels(many))
    assert not any("Σ" in label for label in labels(one))
    assert "Σ: the sum over all 3 examples" in plain(many.legend)
    assert "Σ" not in plain(one.legend)
    assert "E is that of all 3 examples" in many.notes
    assert not any("examples" in note for note in one.notes)


@pytest.mark.parametrize("view", ["neurons", "neurons-backward"])
@pytest.mark.parametrize("example", [0, 1, 2])
def test_any_example_of_the_batch_can_be_shown(view, example):
    trace = layered(batch=3)
    diagram = picture(trace, view, example=example)
    for name, letter in (("h0", "a"), ("net0", "z")):
        array = trace[name].value if view == "neurons" else trace[name].grad
        sign = letter if view == "neurons" else f"∂{letter}"
        for k in range(3):
            assert f"{sign} {number(array[example, k])}" in circle(diagram, f"h0[{k}]")
    assert f"example {example} of 3, counted from 0" in diagram.subtitle
    assert labels(diagram) == labels(picture(trace, view))  # a weight is that of all
    assert gl.draw(trace, view, example=example).diagram == diagram


@pytest.mark.parametrize("example", [3, 99, -1])
def test_an_example_that_is_not_there_is_an_error(example):
    with pytest.raises(UsageError, match=f"there is no example {example}: 'x' has 3, counted from 0 to 2"):
        picture(layered(batch=3), example=example)


def test_the_ops_between_a_sum_and_its_unit_are_named():
    text = """inputs: {x: [[1, 2], [3, -1], [0, 4]], t: [[1, 0], [0, 1], [1, 1]]}
params: {W: [[1, -2], [0.5, 3]], g: [2, 1], c: [0, 1], V: [[1, 2], [3, 4]]}
nodes: {s: x @ W, n: "batchnorm(s, g, c)", r: leaky_relu(n), y: r @ V, L: "mse(y, t)"}
loss: L"""
    trace = run(text)
    diagram = picture(trace)
    assert "z = s · matmul\na = r · batchnorm → leaky_relu" in captions(diagram)
    assert circle(diagram, "r[0]") == [f"a {number(trace['r'].value[0, 0])}", f"z {number(trace['s'].value[0, 0])}"]
    assert {"z = y · matmul", "mse", "x"} <= captions(diagram)
    assert not diagram.warnings


def test_the_target_and_the_loss_are_drawn():
    trace = layered((2, 3, 2), batch=2)
    diagram = picture(trace)
    assert circle(diagram, "E") == [number(trace["E"].value)]
    into = [arrow.tail for arrow in diagram.arrows if arrow.head == "n_loss"]
    assert into == ["n2_0", "n2_1"]
    assert "t = 0.25" in captions(diagram)
    assert circle(picture(trace, "neurons-backward"), "E") == ["1"]


@pytest.mark.parametrize("example", range(4))
def test_a_label_stands_below_its_own_unit(example):
    trace = sample("affine_bn_relu")
    diagram = picture(trace, example=example)
    label = int(trace["label"].value[example])
    place = next(box.position for box in diagram.boxes if plain((box.header,)) == f"label = {label}")
    unit = next(box.position for box in diagram.boxes if box.name == f"logits[{label}]")
    assert place[0] == unit[0] and place[1] < unit[1]


def test_a_target_that_no_op_compares_with_the_unit_is_not_put_below_it():
    text = """inputs: {x: [[1, 2]], t: [[5, 6]]}
params: {W: [[1, 0], [2, 1]], V: [[1, 1], [0, 2]], U: [[1, 2], [0, 1]]}
nodes: {h: x @ W, k: h @ V, r: h + k, y: r @ U, L: "mse(y, t)"}
loss: L"""
    diagram = picture(run(text))
    assert not any(caption.startswith("t = ") for caption in captions(diagram))
    said = "the chain of layers is cut after 'k', which 'y' does not follow; not drawn: y (matmul)"
    assert diagram.warnings == (said,)
    assert said in diagram.notes


@pytest.mark.parametrize("after", ["h + x", "layernorm(h + x, g, c)", "x - h"])
def test_what_a_residual_adds_is_no_target(after):
    text = f"""inputs: {{x: [[1, 2], [0.5, -1]], t: [[5], [6]]}}
params: {{W: [[1, 0], [2, 1]], U: [[1], [2]], g: [1, 1], c: [0, 0]}}
nodes: {{h: relu(x @ W), r: "{after}", y: r @ U, L: "mse(y, t)"}}
loss: L"""
    said = captions(picture(run(text)))
    assert any(" → mse" in caption for caption in said)
    assert not any(caption.startswith(("x = ", "t = ")) for caption in said)
    last = """inputs: {x: [[1, 2], [0.5, -1]], t: [[5, 6], [7, 8]]}
params: {W: [[1, 0], [2, 1]]}
nodes: {h: relu(x @ W), r: "h + x", L: "mse(r, t)"}
loss: L"""
    assert not any(caption.startswith("x = ") for caption in captions(picture(run(last))))


def test_what_is_cut_is_a_warning_of_whoever_saves_the_picture(tmp_path):
    drawing = gl.draw(sample("vanishing"), "neurons")
    said = drawing.save(tmp_path / "v.dot")
    assert "cut after 'with_sigmoid.h4', which 'with_relu.h1#1' does not follow" in said[0]
    assert "with_relu.h1 (relu)" in said[0]
    assert gl.draw(sample("xor"), "neurons").save(tmp_path / "x.dot") == []


def test_a_tied_decoder_is_a_layer():
    text = """inputs: {x: [[1, 2, 3], [0, -1, 0.5]]}
params: {W: [[0.1, 0.2], [0.3, -0.4], [0.5, 0.7]], b: [0.1, 0.2], c: [0, 0, 0.1]}
nodes: {h: sigmoid(x @ W + b), y: h @ transpose(W) + c, L: "mse(y, x)"}
loss: L"""
    trace = run(text)
    diagram = picture(trace)
    assert diagram.subtitle.startswith("neurons · 3-2-3 · ")
    lines = {(a.tail, a.head): plain(a.lines) for a in weights(diagram)}
    W = trace["W"].value
    for i in range(3):
        for j in range(2):
            assert lines[f"n0_{i}", f"n1_{j}"] == lines[f"n1_{j}", f"n2_{i}"] == number(W[i, j])
    assert not diagram.warnings


@pytest.mark.parametrize("batch", [None, 2])
def test_weights_that_stand_before_the_data(batch):
    x = "[1, -2, 3]" if batch is None else "[[1, 4], [-2, 5], [3, 0.5]]"
    b = "[0.1, 0.2]" if batch is None else "[[0.1], [0.2]]"
    text = f"""inputs: {{x: {x}}}
params: {{W: [[0.1, 0.2, 0.5], [0.3, -0.4, 1]], b: {b}, V: [[2, -3]]}}
nodes: {{z: W @ x + b, h: tanh(z), y: V @ h}}"""
    trace = run(text)
    example = 0 if batch is None else 1
    diagram = picture(trace, example=example)
    lines = {(a.tail, a.head): plain(a.lines) for a in weights(diagram)}
    W, h = trace["W"].value, trace["h"].value.reshape(2, -1)
    assert all(lines[f"n0_{i}", f"n1_{j}"] == number(W[j, i]) for i in range(3) for j in range(2))
    assert lines["n1_bias", "n1_1"] == "0.2"
    assert circle(diagram, "h[1]")[0] == f"a {number(h[1, example])}"
    assert diagram.subtitle.startswith("neurons · 3-2-1")


def test_a_weight_vector_makes_one_unit():
    text = """inputs: {x: [[1, 2, 3], [4, 5, 6]], t: [0, 1]}
params: {w: [0.1, 0.2, -0.1], b: 0.5}
nodes: {z: x @ w + b, L: "bce_with_logits(z, t)"}
loss: L"""
    trace = run(text)
    diagram = picture(trace, example=1)
    assert labels(diagram) == {"0.1", "0.2", "-0.1", "0.5"}
    assert circle(diagram, "z") == [f"z {number(trace['z'].value[1])}"]
    assert "t = 1" in captions(diagram)


# Units written out number by number


def test_mazur_unit_by_unit_has_the_numbers_of_mazur_in_layers():
    names = {
        "h1.out": "out_h[0]",
        "h2.out": "out_h[1]",
        "o1.out": "out_o[0]",
        "o2.out": "out_o[1]",
        "E_total": "E_total",
    }
    for view in ("neurons", "neurons-backward"):
        units, layers = (picture(sample(name), view) for name in ("mazur_units", "mazur"))
        assert not units.warnings
        for one, other in {**names, "E_total": "E_total"}.items():
            assert circle(units, one) == circle(layers, other)
        by_ends = [
            {(a.tail, a.head): plain(a.lines) for a in weights(d) if "bias" not in a.tail + a.head}
            for d in (units, layers)
        ]
        assert by_ends[0] == by_ends[1]
    assert {"target1 = 0.01", "target2 = 0.99", "a = sigmoid"} <= captions(picture(sample("mazur_units")))


def test_a_neuron_taken_apart_is_one_circle():
    trace = sample("sigmoid_neuron")
    diagram = picture(trace)
    assert circle(diagram, "f") == [f"a {number(trace['f'].value)}", f"z {number(trace['z'].value)}"]
    assert {(a.tail, plain(a.lines)) for a in weights(diagram)} == {("n0_0", "2"), ("n0_1", "-3"), ("n1_bias", "-3")}
    assert "a = neg → exp → add 1 → reciprocal" in captions(diagram)
    back = {(a.head, plain(a.lines)) for a in weights(picture(trace, "neurons-backward"))}
    grads = (("n0_0", "w0"), ("n0_1", "w1"), ("n1_bias", "w2"))
    assert back == {(end, number(trace[name].grad)) for end, name in grads}


def test_a_line_through_points_is_a_neuron():
    trace = sample("linear_regression")
    diagram = picture(trace, example=4)
    assert labels(diagram) == {"3", "-60"}
    assert circle(diagram, "height") == [number(trace["height"].value[4])]
    assert f"weight = {number(trace['weight'].value[4])}" in captions(diagram)
    assert not diagram.warnings
    with pytest.raises(UsageError, match="no example 15"):
        picture(trace, example=15)


def test_bias_first_weights_behind_and_a_second_layer():
    text = """inputs: {p: 2, q: -1, t: 1}
params: {u: 3, v: 0.5, c: 0.25, w: -2}
nodes: {h: tanh(c + p*u + q*v), y: h*w, L: (y - t)**2}
loss: L"""
    trace = run(text)
    diagram = picture(trace)
    assert diagram.subtitle.startswith("neurons · 2-1-1")
    assert labels(diagram) == {"3", "0.5", "0.25", "-2"}
    assert circle(diagram, "y") == [f"z {number(trace['y'].value)}"]
    assert "t = 1" in captions(diagram)


def test_a_unit_that_weighs_something_between_units_is_cut_and_said_so():
    text = """inputs: {x: 2, t: 1}
params: {w: 3, v: 0.5, u: 2}
nodes: {a: tanh(w*x), b: tanh(v*x), s: a + b, y: u*s, L: (y - t)**2}
loss: L"""
    diagram = picture(run(text))
    assert diagram.warnings and "not drawn: y (mul)" in diagram.warnings[0]
    assert {box.name for box in diagram.boxes if box.form == "circle"} == {"x", "a", "b", "L"}


# How it looks


def test_signs_and_widths_follow_the_weights():
    trace = layered((2, 1))
    diagram = picture(trace)
    numbers = [*trace["W0"].value[:, 0], trace["b0"].value[0]]
    assert [a.sign for a in weights(diagram)] == [int(np.sign(w)) for w in numbers]
    largest = int(np.argmax(np.abs(numbers)))
    assert weights(diagram)[largest].weight == 1.0
    assert [a.weight for a in weights(diagram)] == [round(abs(w) / max(map(abs, numbers)), 2) for w in numbers]


def test_a_gradient_of_0_is_quiet_whether_it_is_dead_or_cancels():
    dead = """inputs: {x: [[1, 2]], t: [[5]]}
params: {W: [[-1, 1], [-1, 1]], v: [[1], [1]]}
nodes: {h: relu(x @ W), y: h @ v, L: "mse(y, t)"}
loss: L"""
    cancels = """inputs: {x: [[1, 2], [3, -1], [0, 4]], t: [[1], [0], [1]]}
params: {W: [[1], [0.5]], b: [0.3], g: [2], c: [0]}
nodes: {s: "affine(x, W, b)", n: "batchnorm(s, g, c)", L: "mse(n, t)"}
loss: L"""
    for text, tails in ((dead, {"n1_0"}), (cancels, {"n1_bias"})):
        diagram = picture(run(text), "neurons-backward")
        quiet = {a.tail for a in weights(diagram) if a.marks} | {a.head for a in weights(diagram) if a.marks}
        assert tails <= quiet
        for arrow in weights(diagram):
            zero = plain(arrow.lines).removeprefix("Σ ") == "0"
            assert zero == (arrow.sign == 0) == (arrow.weight is None) == bool(arrow.marks)
        assert "thin and pale is 0" in plain(diagram.legend)
        assert 'style="dashed"' not in "".join(
            line for line in gl.draw(run(text), "neurons-backward").dot.splitlines() if "#D0D5DD" in line
        )


def test_the_legend_has_what_the_picture_has_and_no_more():
    positive = picture(run("inputs: {x: [[1, 2]]}\nparams: {W: [[1, 3], [2, 4]]}\nnodes: {y: x @ W}"))
    legend = plain(positive.legend)
    assert "dashed" not in legend and "pale" not in legend and "a: what" not in legend
    negative = picture(run("inputs: {x: [[1, 2]]}\nparams: {W: [[1, -3], [0, 4]]}\nnodes: {y: tanh(x @ W)}"))
    legend = plain(negative.legend)
    assert "dashed is negative" in legend and "pale is 0" in legend and "a: what" in legend


def test_wide_layers_show_their_ends_only():
    diagram = picture(layered((20, 12, 2)))
    shown = [box.name for box in diagram.boxes if box.form == "circle" and box.name.startswith("x[")]
    assert shown == ["x[0]", "x[1]", "x[2]", "x[3]", "x[19]"]
    assert {"⋮ 15 more", "⋮ 7 more"} <= {plain((box.header,)) for box in diagram.boxes}
    assert "wide layers show their first 4 and last 1 units" in diagram.notes


@pytest.mark.parametrize("sizes", [(2, 3, 1), (20, 12, 2)])
def test_every_box_has_its_place_and_none_share_it(sizes):
    diagram = picture(layered(sizes))
    places = [box.position for box in diagram.boxes]
    assert None not in places
    assert len(set(places)) == len(places)
    circles = [box.position for box in diagram.boxes if box.form == "circle"]
    texts = [box for box in diagram.boxes if box.form == "text" and box.id.startswith(("c", "t"))]
    for box in texts:  # none of the words below a unit or a column stands on a circle
        assert all(abs(box.position[0] - x) > 32 or abs(box.position[1] - y) > 38 for x, y in circles)


def test_what_has_no_layers_and_no_units_says_so():
    g = gl.Graph("scalar")
    gl.sigmoid(g.param("w", 1.0))
    with pytest.raises(UsageError, match="the neurons view needs layers"):
        picture(gl.forward(g))
    with pytest.raises(UsageError, match="the neurons view needs layers"):
        picture(run("inputs: {a: 2, b: 3}\nnodes: {y: a * b + a}"))  # nothing here is a weight
    with pytest.raises(LossError):
        picture(gl.forward(g), "neurons-backward")


@pytest.mark.filterwarnings("ignore::graphlab.DoubtWarning")  # of a batch of nothing
@pytest.mark.parametrize(("batch", "sizes", "name"), [(0, (2, 3, 1), "x"), (2, (2, 0, 1), "h0")])
def test_no_example_or_no_unit_is_an_error(batch, sizes, name):
    with pytest.raises(UsageError, match=f"'{name}' is .*: empty"):
        picture(layered(sizes, batch))
