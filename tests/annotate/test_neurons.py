"""The circles-and-lines picture, against the weights it shows."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.annotate import Options, annotate
from graphlab.diagram import plain
from graphlab.errors import LossError, UsageError
from graphlab.numbers import number


def layered(sizes=(2, 3, 1), batch=2):
    g = gl.Graph("layers")
    rng = np.random.default_rng(1)
    h = g.input("x", rng.normal(size=(batch, sizes[0])))
    for k, units in enumerate(sizes[1:]):
        W, b = g.param(f"W{k}", rng.normal(size=(h.shape[1], units))), g.param(f"b{k}", rng.normal(size=units))
        h = (
            gl.sigmoid(gl.add(h @ W, b, name=f"net{k}"), name=f"h{k}")
            if k % 2
            else gl.tanh(gl.affine(h, W, b), name=f"h{k}")
        )
    gl.mse(h, np.zeros((batch, sizes[-1])), name="E")
    return gl.backward(gl.forward(g))


def test_a_circle_a_unit_and_a_line_a_weight():
    trace = layered()
    diagram = annotate(trace, Options(view="neurons"))
    circles = {box.name: box for box in diagram.boxes if box.form == "circle"}
    assert [name for name in circles if "[" in name] == ["x[0]", "x[1]", "h0[0]", "h0[1]", "h0[2]", "h1[0]"]
    assert plain(circles["h0[2]"].rows[0].lines) == number(trace["h0"].value[0, 2])
    assert len(diagram.arrows) == 2 * 3 + 3 + 3 * 1 + 1
    labels = {plain(arrow.lines) for arrow in diagram.arrows}
    expected = {number(v) for name in ("W0", "b0", "W1", "b1") for v in np.ravel(trace[name].value)}
    assert labels == expected


def test_backward_shows_gradients_and_runs_the_other_way():
    trace = layered()
    forward, backward = (annotate(trace, Options(view=v)) for v in ("neurons", "neurons-backward"))
    assert [(a.tail, a.head) for a in backward.arrows] == [(a.head, a.tail) for a in forward.arrows]
    labels = {plain(arrow.lines) for arrow in backward.arrows}
    assert labels == {number(v) for name in ("W0", "b0", "W1", "b1") for v in np.ravel(trace[name].grad)}
    circle = next(box for box in backward.boxes if box.name == "h0[1]")
    assert plain(circle.rows[0].lines) == number(trace["h0"].grad[0, 1])


def test_signs_and_widths_follow_the_weights():
    trace = layered((2, 1))
    diagram = annotate(trace, Options(view="neurons"))
    weights = [*trace["W0"].value[:, 0], trace["b0"].value[0]]
    assert [a.sign for a in diagram.arrows] == [int(np.sign(w)) for w in weights]
    largest = int(np.argmax(np.abs(trace["W0"].value)))
    assert diagram.arrows[largest].weight == 1.0


def test_wide_layers_show_their_ends_only():
    diagram = annotate(layered((20, 12, 2)), Options(view="neurons"))
    assert sum(box.form == "circle" and box.name.startswith("x[") for box in diagram.boxes) == 7
    assert "⋮ 13 more" in {plain((box.header,)) for box in diagram.boxes}
    assert diagram.notes


def test_every_box_has_its_place_and_none_share_it():
    diagram = annotate(layered(), Options(view="neurons"))
    places = [box.position for box in diagram.boxes]
    assert None not in places
    assert len(set(places)) == len(places)


def test_what_has_no_layers_says_so():
    g = gl.Graph("scalar")
    gl.sigmoid(g.param("w", 1.0))
    with pytest.raises(UsageError, match="the neurons view needs layers"):
        annotate(gl.forward(g), Options(view="neurons"))
    with pytest.raises(LossError):
        annotate(gl.forward(g), Options(view="neurons-backward"))


@pytest.mark.filterwarnings("ignore::graphlab.DoubtWarning")  # of a batch of nothing
@pytest.mark.parametrize(("batch", "sizes", "name"), [(0, (2, 3, 1), "x"), (2, (2, 0, 1), "h0")])
def test_no_example_or_no_unit_is_an_error(batch, sizes, name):
    with pytest.raises(UsageError, match=f"'{name}' is .*: empty"):
        annotate(layered(sizes, batch), Options(view="neurons"))
