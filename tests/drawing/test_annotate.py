"""What a picture shows, against the trace it was made from."""

import math

import numpy as np
import pytest
from drawn import box_of, network, neuron, rows, run, text_of

import graphlab as gl
from graphlab.base.numbers import number, rms_all, signed, summarise, summarise_all, summary_text
from graphlab.diagram import Mark, plain
from graphlab.drawing.annotate import Options, Shared, annotate
from graphlab.drawing.cards import wrapped
from graphlab.drawing.measure import weight
from graphlab.errors import LossError, ModelError, UsageError
from graphlab.explain.rounding import without_noise
from graphlab.messages import in_language


@pytest.mark.parametrize("view", ["forward", "both"])
def test_an_arrow_for_each_edge_with_the_data(view):
    trace = run(network())
    diagram = annotate(trace, Options(view=view))
    ids = {box.name: box.id for box in diagram.boxes}
    edges = sorted(
        (ids[operand], ids[node.name])
        for node in trace.graph.nodes
        for operand in node.inputs
        if isinstance(operand, str) and operand in ids
    )
    with_data = [arrow for arrow in diagram.arrows if arrow.kind != "backward"]
    assert sorted((arrow.tail, arrow.head) for arrow in with_data) == edges


def test_every_contribution_is_an_arrow_from_consumer_to_producer():
    trace = without_noise(run(network()))
    diagram = annotate(trace, Options(view="backward"))
    ids = {box.name: box.id for box in diagram.boxes}
    every = [c for i in range(len(trace.graph)) for c in trace.sent(i)]
    sent = sorted((ids[c.consumer], ids[c.producer]) for c in every if np.any(c.value))
    assert len(sent) == len(every) - 1  # the bias before the normalisation gets nothing
    weighted = sorted((arrow.tail, arrow.head) for arrow in diagram.arrows if arrow.weight is not None)
    assert weighted == sent
    ended = [arrow for arrow in diagram.arrows if arrow.weight is None]
    said = {(arrow.tail, arrow.head): plain(arrow.lines).splitlines()[-1] for arrow in ended}
    cancelled = "0 (but for rounding): the terms cancel"
    assert said == {(ids["E"], ids["t"]): "no gradient", (ids["block0.fc"], ids["block0.fc.b"]): cancelled}


def test_the_chain_rule_stands_on_scalar_arrows_with_its_numbers():
    trace = run(neuron())
    diagram = annotate(trace, Options(view="backward"))
    ids = {box.id: box.name for box in diagram.boxes}
    texts = {(ids[a.tail], ids[a.head]): plain(a.lines) for a in diagram.arrows}
    f, s, m = (float(trace[n].value) for n in ("f", "s", "m"))
    local = f * (1 - f)
    assert (s, m) == (-5.0, -2.0)
    assert texts[("f", "s")] == f"1 × {number(local)} = {number(local)}"
    assert texts[("m", "w")] == f"{number(local)} × (-1) = {number(-local)}"
    assert texts[("m", "x")] == f"{number(local)} × 2 = {number(2 * local)}"


def test_a_fan_out_shows_its_sum_term_by_term():
    g = gl.Graph("fan")
    x = g.param("x", 3.0)
    gl.sub(gl.mul(x, x, name="square"), gl.exp(x, name="e"), name="y")
    trace = run(g)
    box = box_of(annotate(trace, Options(view="backward")), "x")
    terms = [float(c.value) for c in trace["x"].contributions]
    assert len(terms) == 3
    total = number(float(trace["x"].grad))
    shown = " ".join(plain(row.lines) for row in box.rows if row.kind == "sum").replace("\n", " ")
    assert shown == f"∂L/∂x = {number(terms[0])} + {signed(terms[1])} + {signed(terms[2])} = {total}"


def test_attenuation_is_rms_of_contribution_over_rms_of_upstream():
    trace = run(network())
    box = box_of(annotate(trace, Options(view="backward")), "block0.act")
    contribution = trace["block0.bn"].contributions[0].value
    ratio = math.sqrt(np.mean(contribution**2)) / math.sqrt(np.mean(trace["block0.act"].grad ** 2))
    assert rows(box, "scale") == [f"rms ×{number(ratio, 3)} → bn"]


def test_what_a_number_sends_on_is_a_factor_with_its_sign():
    g = gl.Graph("signs")
    a, b = g.param("a", -3.0), g.input("b", 0.5)
    y = gl.sub(gl.mul(a, b, name="p"), gl.exp(a, name="e"), name="y")
    gl.mul(y, -2.0, name="L")
    trace = run(g)
    diagram = annotate(trace, Options(view="backward"))
    assert rows(box_of(diagram, "p"), "scale") == ["×0.5 → a · ×(-3) → b"]
    assert rows(box_of(diagram, "y"), "scale") == ["×1 → p · ×(-1) → e"]
    for node in ("p", "e", "y", "L"):  # the sign is that of contribution over upstream, whatever the upstream's own
        upstream = float(trace[node].grad)
        said = rows(box_of(diagram, node), "scale")[0].split(" · ")
        factors = [float(text.split(" → ")[0].strip("×()").replace("(", "")) for text in said]
        parts = [p for p in trace.contributions[trace.graph.index[node]] if p is not None]
        assert factors == pytest.approx([float(part) / upstream for part in parts], rel=1e-2)
    legend = plain(diagram.legend)
    assert "×k → x" in legend
    assert "rms ×k" not in legend
    legend = plain(annotate(run(network()), Options(view="backward")).legend)
    assert "rms ×k → x" in legend


def test_the_legend_s_range_holds_every_arrow_of_the_picture():
    """Also what is smaller than the largest by more decades than the widths tell apart; rounding is 0."""
    text = "graphlab: 1\nparams: {w: 3, v: 2}\nnodes: {small: w * 2.5e-9, y: small + v * 5, L: y * 2}\nloss: L"
    assert "here 5e-9 to 10," in plain(annotate(run(gl.loads(text)), Options(view="backward")).legend)
    cancels = """graphlab: 1
inputs: {x: [[1, 3.3], [0.1, 7], [2.7, -1]]}
params: {b: [0.1, 0.2]}
nodes: {z: x + b, n: batchnorm(z), L: mean(n * n * n)}
loss: L"""
    assert "e-1" not in plain(annotate(run(gl.loads(cancels)), Options(view="backward")).legend)


def test_the_legend_explains_a_summary_only_where_one_is_drawn():
    large = gl.forward(gl.loads("graphlab: 1\ninputs: {x: {init: zeros, shape: [40, 30]}}\nnodes: {y: x * x}"))
    assert "μ σ a … b" in plain(annotate(large, Options(view="forward")).legend)
    empty = gl.forward(gl.loads("graphlab: 1\ninputs: {x: [], w: [2, 3]}\nnodes: {y: w * w}"))
    assert "μ" not in plain(annotate(empty, Options(view="forward")).legend)


def test_local_derivatives_are_shown_with_their_value():
    trace = run(neuron())
    f = float(trace["f"].value)
    box = box_of(annotate(trace, Options(view="backward")), "f")
    assert rows(box, "local") == [f"∂f/∂s = f × (1 − f) = {number(f * (1 - f))}"]


def test_the_forward_card_puts_numbers_into_the_formula():
    trace = gl.forward(neuron())
    box = box_of(annotate(trace), "m")
    assert rows(box, "formula") == ["m = w × x\n= 2 × (-1)"]
    assert rows(box, "value") == ["value -2"]


def test_not_computed_is_a_dash():
    trace = run(network())
    assert rows(box_of(annotate(trace, Options(view="backward")), "t"), "grad") == ["∂L/∂t –"]
    with pytest.raises(LossError, match="no gradients yet"):
        annotate(gl.forward(network()), Options(view="backward"))


def test_a_literal_is_drawn_inside_its_consumers_box():
    g = gl.Graph("literal")
    x = g.param("x", 3.0)
    y = x**2
    diagram = annotate(run(g), Options(view="backward"))
    assert [box.name for box in diagram.boxes] == ["x", y.name]
    assert rows(box_of(diagram, y.name), "local") == ["∂pow1/∂x = 2 × x = 6"]


def test_ids_are_the_same_in_every_view():
    trace = run(network())
    seen = [
        {box.name: box.id for box in annotate(trace, Options(view=v)).boxes} for v in ("forward", "backward", "both")
    ]
    assert seen[0] == seen[1] == seen[2]


def test_nan_and_inf_are_marked_wherever_they_occur():
    g = gl.Graph("bad")
    x = g.param("x", [0.0, -1.0, 2.0])
    gl.sum(gl.log(x, name="l"), name="y")
    diagram = annotate(run(g), Options(view="backward"))
    marks = {box.name: [m.text for m in box.marks] for box in diagram.boxes}
    assert marks["l"] == ["value: 1 NaN, 1 Inf"]
    assert marks["x"] == ["gradient: 1 Inf"]
    assert [m.kind for a in diagram.arrows for m in a.marks] == ["warning"]


def test_marks_by_name_are_put_on_their_boxes():
    mark = Mark("changed", "0.5 → 0.7")
    diagram = annotate(run(neuron()), Options(marks={"m": (mark,)}))
    assert [box.marks for box in diagram.boxes if box.marks] == [(mark,)]


def test_scopes_are_groups():
    diagram = annotate(run(network(2)))
    assert [(g.label, g.parent) for g in diagram.groups] == [("block0", None), ("block1", None)]
    assert box_of(diagram, "block1.fc.W").group == box_of(diagram, "block1.act").group


def test_a_folded_scope_is_one_box_with_a_count():
    diagram = annotate(run(network(2)), Options(fold=("block0",), view="backward"))
    box = box_of(diagram, "block0")
    assert plain((box.header,)) == "block0 · 3 nodes folded"
    assert "affine, batchnorm, relu" in text_of(box)
    assert "18 parameters" in text_of(box)
    assert box_of(diagram, "block1.act").role == "node"
    with pytest.raises(ModelError, match=r"there is no scope 'blok0' \(did you mean 'block0'\?\)"):
        annotate(run(network(2)), Options(fold=("blok0",)))


def test_a_large_graph_is_folded_by_scope_and_says_so():
    diagram = annotate(run(network(60)))
    assert len(diagram.boxes) <= 150
    assert sum(box.role == "fold" for box in diagram.boxes) == 60
    assert any("60 scopes folded" in note for note in diagram.notes)
    whole = annotate(run(network(60)), Options(max_nodes=1000))
    assert not any(box.role == "fold" for box in whole.boxes)


def test_identical_neighbours_share_a_box_with_a_count():
    g = gl.Graph("chain")
    h = g.input("x", 0.5)
    for _ in range(100):
        h = gl.tanh(gl.sin(h))
    diagram = annotate(run(g), Options(max_nodes=20, view="backward"))
    fold = next(box for box in diagram.boxes if box.role == "fold")
    assert plain((fold.header,)) == "sin → tanh ×100"
    assert len(diagram.boxes) == 2
    assert [(a.tail, a.head) for a in diagram.arrows] == [(fold.id, "n0")]


def test_only_what_leads_to_or_from_a_node():
    g = gl.Graph("two")
    a, b = g.param("a", 1.0), g.param("b", 2.0)
    gl.add(gl.exp(a, name="ea"), gl.exp(b, name="eb"), name="y")
    assert [box.name for box in annotate(run(g), Options(only=("ea",))).boxes] == ["a", "ea", "y"]
    with pytest.raises(ModelError, match="there is no node 'c'"):
        annotate(run(g), Options(only=("c",)))


def test_without_parameters():
    names = {box.role for box in annotate(run(network()), Options(params=False)).boxes}
    assert names == {"input", "node"}


def test_running_statistics_are_drawn_in_evaluation_only():
    graph = network()
    assert "state" not in {box.role for box in annotate(gl.forward(graph)).boxes}
    assert "state" in {box.role for box in annotate(gl.forward(graph, mode="eval")).boxes}


@pytest.mark.parametrize("detail", ["names", "shapes", "stats", "values"])
def test_each_detail_says_more(detail):
    box = box_of(annotate(run(network()), Options(view="both", detail=detail)), "block0.fc")
    kinds = {row.kind for row in box.rows}
    assert (
        kinds
        == {
            "names": set(),
            "shapes": {"shape"},
            "stats": {"formula", "shape", "value", "grad", "scale"},
            "values": {"formula", "shape", "value", "grad", "scale"},
        }[detail]
    )
    assert any(row.mono for row in box.rows) == (detail == "values")


def test_detail_is_chosen_by_size():
    few, many = annotate(run(network(1))), annotate(run(network(12)), Options(max_nodes=500))
    assert any(row.mono for box in few.boxes for row in box.rows)
    assert not any(row.mono for box in many.boxes for row in box.rows)


def test_options_are_checked():
    for wrong in ({"view": "forwards"}, {"detail": "all"}, {"direction": "rl"}, {"precision": 0}, {"max_nodes": 0}):
        with pytest.raises(UsageError):
            Options(**wrong)
    with pytest.raises(
        UsageError, match=r"view is 'forwards' \(did you mean 'forward'\?\) but must be one of: forward"
    ):
        Options(view="forwards")


def test_arrow_weights_are_on_a_log_scale():
    assert weight(1e-3, (1e-6, 1.0)) == pytest.approx(0.5)
    assert weight(1.0, (1e-6, 1.0)) == 1.0
    assert weight(1e-9, (1e-6, 1.0)) == 0.0
    assert weight(0.0, (1e-6, 1.0)) is None  # 0 stands on no log scale
    assert weight(float("nan"), (1e-6, 1.0)) == 1.0
    assert weight(None, (1e-6, 1.0)) is None


def test_measuring_many_arrays_at_once_is_measuring_each():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=8) * 10.0**k for k in (0, 3, -170, 170, -3, 0)] + [
        rng.normal(size=(2, 3)) for _ in range(9)
    ]
    arrays += [np.array([1.0, np.nan, np.inf, 0, 0, 0, 0, 0]), np.zeros(8), None, np.zeros(0), np.arange(5000.0)]
    together = summarise_all(arrays)
    for array, found in zip(arrays, together, strict=True):
        if array is None:
            assert found is None
            continue
        one = summarise(array)
        assert (one.size, one.nan, one.inf, one.zero) == (found.size, found.nan, found.inf, found.zero)
        pair = ([getattr(s, k) for k in ("mean", "std", "min", "max", "rms")] for s in (one, found))
        np.testing.assert_allclose(*pair, rtol=1e-12)


def test_sizes_of_many_arrays_at_once():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=n) * 10.0**k for n in (1, 3, 8, 5000) for k in (0, -170, 170)]
    arrays += [np.array([1.0, np.inf]), np.array([np.nan, np.inf]), np.zeros((2, 2)), np.float64(-3.0), np.float32(2.5)]
    np.testing.assert_allclose(rms_all(arrays), [summarise(array).rms for array in arrays], rtol=1e-12)
    assert rms_all([np.zeros((0, 3))]) == [0.0]
    assert rms_all([]) == []


def test_sizes_survive_huge_and_tiny_numbers():
    assert summarise(np.array([3e200, 4e200])).rms == pytest.approx(math.sqrt(12.5) * 1e200)
    assert summarise(np.array([3e-200, 4e-200])).rms == pytest.approx(math.sqrt(12.5) * 1e-200)
    assert summarise(np.array([1.0, np.inf])).rms == np.inf


def test_wrapping_loses_nothing():
    text = "∂L/∂x = a + b × (c − d) / e"
    for width in range(1, 40):
        assert " ".join(wrapped(text, width)) == text


def empty():
    g = gl.Graph("empty")
    y = gl.matmul(g.input("x", np.zeros((0, 3))), g.param("W", np.ones((3, 2))), name="y")
    gl.sum(y, name="E")
    return run(g)


@pytest.mark.parametrize("detail", ["stats", "values"])
@pytest.mark.parametrize("view", ["backward", "both"])
def test_an_empty_array_is_called_empty_and_no_warning(view, detail):
    diagram = annotate(empty(), Options(view=view, detail=detail))
    said = [plain(arrow.lines) for arrow in diagram.arrows]
    assert not [arrow.marks for arrow in diagram.arrows if arrow.marks] and "nan" not in " ".join(said).lower()
    assert not rows(box_of(diagram, "E"), "scale")
    assert "∂L/∂x empty" in text_of(box_of(diagram, "x")) or "∂L/∂x 0×3 · empty" in text_of(box_of(diagram, "x"))


def test_the_loss_has_no_digits_that_a_float_has_not():
    g = gl.Graph("tax")
    gl.mul(g.param("a", 200.0), g.param("t", 1.1), name="price")
    for view in ("forward", "both"):
        said = annotate(run(g), Options(view=view, precision=17)).subtitle
        assert said.endswith(f"price = {number(200 * 1.1, 17)}")


def test_a_slope_that_is_a_number_of_the_model_is_not_rounded_beside_itself():
    g = gl.Graph("scaled")
    gl.mul(g.param("w", 1.0), 1.00001, name="y")
    assert rows(box_of(annotate(run(g), Options(view="backward")), "y"), "local") == ["∂y/∂w = 1.00001"]


def test_very_long_names_are_shortened_in_the_picture_and_whole_in_the_boxes_name():
    g = gl.Graph("long")
    with g.scope("s" * 200):
        gl.exp(gl.exp(g.param("w" * 200, 1.0), name="h" * 200), name="y")
    for view in ("forward", "backward", "both"):
        diagram = annotate(run(g), Options(view=view, detail="values"))
        lines = [line for box in diagram.boxes for line in (box.header, *(x for row in box.rows for x in row.lines))]
        lines += [line for arrow in diagram.arrows for line in arrow.lines]
        texts = [span.text for line in lines for span in line]
        texts += [diagram.subtitle, *(group.label for group in diagram.groups)]
        assert max(map(len, texts)) < 120
        assert f"{'s' * 200}.{'w' * 200}" in {box.name for box in diagram.boxes}


@pytest.mark.parametrize("view", ["forward", "backward", "both"])
def test_siblings_between_the_same_boxes_share_one_with_a_count(view):
    g = gl.Graph("wide")
    w = g.param("w", 2.0)
    gl.sum(gl.stack(*(gl.mul(w, g.param(f"k{k}", float(k)), name=f"h{k}") for k in range(500))), name="L")
    diagram = annotate(run(g), Options(view=view))
    assert [plain((box.header,)).split(" = ")[0] for box in diagram.boxes] == [
        "w param", "mul ×500", "stack1 · stack", "L · sum"
    ]  # fmt: skip
    assert len(diagram.arrows) == (6 if view == "both" else 3)
    assert any("500 nodes alike" in note for note in diagram.notes)
    assert len(annotate(run(g), Options(view=view, max_nodes=2000)).boxes) == 1003


def test_nodes_between_other_boxes_are_no_siblings():
    g = gl.Graph("narrow")
    w, v = g.param("w", 2.0), g.param("v", 3.0)
    gl.sum(gl.stack(gl.mul(w, 2.0), gl.mul(w, 3.0), gl.mul(v, 4.0), gl.exp(w)), name="L")
    boxes = annotate(run(g), Options(max_nodes=3)).boxes
    assert sorted(plain((box.header,)) for box in boxes if box.role == "fold") == ["mul ×2"]


def test_no_line_ends_in_an_operator():
    text = "∂L/∂a = " + " + ".join(["166.6", "(-27.77)"] * 6) + " = 1e9"
    for width in range(8, 60):
        lines = wrapped(text, width)
        assert " ".join(lines) == text
        assert not any(line.endswith(("=", "+")) for line in lines)


def test_not_finite_numbers_are_warnings_not_values():
    g = gl.Graph("nan")
    x, y = g.input("x", np.array([1.0, np.nan, 2.0, 3.0, 4.0])), g.input("y", np.nan)
    gl.add(gl.sum(x, name="s"), y, name="L")
    for box in annotate(run(g), Options(view="both")).boxes:
        for line in (box.header, *(line for row in box.rows for line in row.lines)):
            assert all(span.role == "warning" for span in line if span.text.strip() in ("NaN", "1 NaN")), line


def test_rounding_noise_is_no_deviation():
    assert "σ 0 ·" in summary_text(summarise(np.full(7, 0.1)))
    assert "σ 1e-9" in summary_text(summarise(np.array([1.0, 1.0 + 2e-9])))


@pytest.mark.parametrize("view", ["forward", "backward", "both"])
def test_a_folded_scope_may_hold_parameters_alone(view):
    g = gl.Graph("layers")
    with g.scope("layers"):
        w, b = g.param("w", [1.0, 2.0]), g.param("b", [0.5, 0.5])
    gl.sum(w * b, name="L")
    text = gl.draw(g, view=view, fold=("all",)).text
    assert "layers" in text


def test_pictures_that_share_what_they_have_in_common_are_what_each_is_alone():
    g = gl.Graph("shared")
    h = g.input("x", np.random.default_rng(0).normal(size=(4, 3)))
    for name in ("a", "b"):
        with g.scope(name):
            h = gl.relu(gl.batchnorm(gl.affine(h, units=3, name="fc"), name="bn"), name="act")
    gl.mean(gl.square(h), name="L")
    trace = run(g)
    shared = Shared(trace)
    for view in ("forward", "backward", "both"):
        for fold in ((), ("a",), ("b",), ("a", "b"), ()):
            for lang in ("en", "ko"):
                options = Options(view=view, fold=fold)
                with in_language(lang):
                    assert annotate(trace, options, shared) == annotate(trace, options)


def test_a_scalars_shape_is_written_in_the_language_that_is_spoken():
    trace = run(neuron())
    options = Options(detail="shapes")
    english = annotate(trace, options)
    with in_language("ko"):
        korean = annotate(trace, options)
    said = [[plain(row.lines) for box in diagram.boxes for row in box.rows] for diagram in (english, korean)]
    assert "scalar" in said[0]
    assert "scalar" not in said[1]
