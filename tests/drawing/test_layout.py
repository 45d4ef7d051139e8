"""Directions, legends, scales, folded boxes and line breaks."""

import numpy as np
import pytest
from drawn import box_of, network, neuron, rows, run

import graphlab as gl
from graphlab.diagram import plain
from graphlab.drawing.annotate import Options, annotate
from graphlab.drawing.cards import wrapped
from graphlab.drawing.measure import Measures


def test_a_deep_graph_runs_down_the_page_and_a_shallow_one_across_it():
    assert annotate(run(neuron())).direction == "lr"
    deep = run(network(2))
    assert [annotate(deep, Options(view=view)).direction for view in ("forward", "backward", "both")] == ["tb"] * 3
    assert annotate(deep, Options(direction="lr")).direction == "lr"


def test_a_sum_whose_printed_terms_do_not_give_the_printed_total_says_so():
    for factor, text in ((0.5, "0.5 + 0.5 = 1"), (1 / 3, "0.33 + 0.33 ≈ 0.67")):
        g = gl.Graph("fan")
        x = g.input("x", 1.0)
        gl.add(x * factor, x * factor, name="y")
        box = box_of(annotate(run(g), Options(view="backward", precision=2)), "x")
        assert rows(box, "sum") == [f"∂L/∂x = {text}"]


def test_the_legend_has_what_the_picture_has_and_no_more():
    def legend(trace, view, **options):
        return plain(annotate(trace, Options(view=view, **options)).legend)

    scalars, arrays = run(neuron()), run(network())
    assert "shape" not in legend(scalars, "forward") + legend(scalars, "backward")
    assert "upstream × local derivative = downstream" in legend(scalars, "backward")
    assert "rows×columns" in legend(arrays, "forward")
    assert "upstream" not in legend(arrays, "backward")
    assert "dashed" in legend(arrays, "backward")  # the labels t
    assert "dashed" not in legend(scalars, "backward")
    assert "–: nothing" in legend(arrays, "backward")
    assert "μ σ" in legend(arrays, "backward", detail="stats")
    assert "μ σ" not in legend(scalars, "backward")
    assert "×k" not in legend(arrays, "backward", detail="shapes") + legend(scalars, "forward")


def test_an_arrow_without_a_gradient_or_with_a_zero_one_has_no_weight():
    g = gl.Graph("dead")
    x = g.input("x", -1.0)
    gl.add(gl.relu(x, name="r"), x, name="y")
    trace = run(g)
    for view in ("backward", "both"):
        weights = {frozenset((a.tail, a.head)): a.weight for a in annotate(trace, Options(view=view)).arrows}
        assert weights[frozenset(("n0", "n1"))] is None  # 1 × 0
        assert weights[frozenset(("n1", "n2"))] == 1.0


def test_rounding_noise_does_not_stretch_the_scale():
    low, high = annotate_scale([1.0, 0.5, 1e-17])
    assert (low, high) == (0.01, 1.0)
    assert annotate_scale([1.0, 1e-4]) == (1e-4, 1.0)


def annotate_scale(sizes):
    measures = Measures(run(neuron()))
    measures.__dict__["edges"] = {(0, k): size for k, size in enumerate(sizes)}
    return measures.scale(list(measures.edges))


def test_whole_numbers_have_a_range_and_no_mean():
    g = gl.Graph("labels")
    gl.softmax_cross_entropy(g.input("x", np.zeros((8, 3))), g.input("t", np.arange(8) % 3), name="E")
    assert rows(box_of(annotate(run(g), Options(detail="stats")), "t"), "value") == ["value 0 … 2"]


def test_a_folded_scope_of_parameters_alone_shows_no_empty_row():
    g = gl.Graph("store")
    with g.scope("store"):
        w, b = g.param("w", [1.0, 2.0]), g.param("b", [1.0, 2.0])
    gl.sum(w + b, name="y")
    box = box_of(annotate(run(g), Options(fold=("store",), view="backward")), "store")
    assert plain((box.header,)) == "store · 2 leaves folded"
    assert rows(box, "note") == ["4 parameters"]
    assert not rows(box, "shape")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("L = −Σ(a × log(b − c)) / n", 24, ["L = −Σ(a × log(b − c))", "/ n"]),
        ("y = γ × (x − μ) / s + β × t", 20, ["y = γ × (x − μ) / s", "+ β × t"]),
        ("∂L/∂h = ∂L/∂y × h × (1 − h)", 22, ["∂L/∂h = ∂L/∂y × h", "× (1 − h)"]),
        ("nothing-to-break-here", 5, ["nothing-to-break-here"]),
    ],
)
def test_formulas_break_where_least_is_torn(text, width, lines):
    assert wrapped(text, width) == lines


def test_direction_counts_the_longest_chain_of_folded_boxes_too():
    text = "graphlab: 1\ninputs: {x: 0.5, y: 0.6}\nnodes:\n  s: {u: exp(x), v: exp(a3)}\n"
    text += "".join(f"  {name}: {call}\n" for name, call in [("b1", "exp(s.u)"), ("b2", "exp(b1)"), ("b3", "exp(b2)")])
    text += "".join(f"  {name}: {call}\n" for name, call in [("a1", "tanh(y)"), ("a2", "tanh(a1)"), ("a3", "tanh(a2)")])
    trace = gl.forward(gl.loads(text + "loss: b3\n"))
    assert annotate(trace, Options(fold=("s",))).direction == "tb"


def test_the_smallest_numbers_can_be_drawn():
    g = gl.Graph("tiny")
    gl.mul(g.input("x", 1.0), 5e-324, name="y")
    trace = run(g)
    assert annotate(trace, Options(view="backward")).arrows[0].weight in (0.0, 1.0)


def test_a_legend_of_bare_arrows_speaks_of_no_numbers_on_them():
    trace = run(network())
    for view in ("forward", "backward", "both"):
        legend = plain(annotate(trace, Options(view=view, detail="names")).legend)
        assert "on each arrow" not in legend
        assert "shape" not in legend
