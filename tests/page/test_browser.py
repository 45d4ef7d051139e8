"""The page in a real browser: every key and button, every number, folding, search, the address, hostile names."""

from __future__ import annotations

import json
import re

import pytest
from browsing import SAMPLES, need_a_browser, page_of

import graphlab as gl
from graphlab.base.numbers import number
from graphlab.explain.rounding import read
from graphlab.storage.tracefile import to_json

need_a_browser()
pytestmark = pytest.mark.browser

CHAIN = """graphlab: 1
inputs: {x: [[0.5, -1, 2]]}
nodes:
  first: {fc: "affine(x, units=2)", act: tanh(fc)}
  second: {fc: "affine(first.act, units=2)", act: relu(fc)}
  L: sum(second.act)
"""
FAN = "graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * b, d: a + c, L: c * d}"


# Numbers


@pytest.mark.parametrize("name", ["affine_bn_relu", "sigmoid_neuron", "digits", "micrograd", "vanishing"])
def test_stepping_to_the_end_has_every_number_of_the_trace(open_tab, sample_pages, name):
    trace = read(gl.backward(gl.forward(gl.load(SAMPLES[name]))))  # as it is shown: 0 where terms cancel
    told = json.loads(to_json(trace))
    tab = open_tab(sample_pages(name), "#step=0")
    for _ in range(tab.length):
        tab.press("ArrowRight")
    assert tab.step == tab.length
    found = tab.js(
        """() => graphlab.data.nodes.filter((node) => node.part_of === undefined).map((node, place) => [
            node.name, graphlab.run.value(place, graphlab.run.length),
            graphlab.run.grad(place, graphlab.run.length)])"""
    )
    assert [name for name, _, _ in found] == [node["name"] for node in told["nodes"]]
    for (_, value, grad), node in zip(found, told["nodes"], strict=True):
        assert same(value, node["value"]), node["name"]
        assert same(grad, node["grad"]), node["name"]


def same(array, told):
    """Whether the page's array is the trace's; a large one is there as its summary."""
    if array is None or told is None:
        return array is None and told is None
    return "data" not in array or array["data"] == flat(told)


def flat(nested):
    return [n for item in nested for n in flat(item)] if isinstance(nested, list) else [nested]


def test_every_contribution_is_the_traces(open_tab, sample_pages):
    trace = gl.backward(gl.forward(gl.load(SAMPLES["affine_bn_relu"])))
    told = json.loads(to_json(trace))
    tab = open_tab(sample_pages("affine_bn_relu"))
    sent = tab.js(
        """() => graphlab.run.moments.filter((m) => m.step.kind === "contribution").map((m) => [
            graphlab.data.nodes[m.step.node].name, graphlab.data.nodes[m.step.to].name,
            graphlab.data.arrays[m.step.array].data])"""
    )
    wanted = [
        [step["node"], part["to"], flat(part["value"])]
        for step in told["steps"] if step["phase"] == "backward" for part in step["contributions"]
    ]  # fmt: skip
    assert sent == wanted


def test_partial_sums_at_a_fan_out_are_shown_term_by_term(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path))
    adds = tab.js("graphlab.run.moments.flatMap((m, k) => (m.step.kind === 'add' ? [k + 1] : []))")
    assert len(adds) == 2
    tab.js("(p) => graphlab.state.set({ step: p })", adds[0])
    rows = tab.page.locator(".terms tr").all_inner_texts()
    assert [row.split() for row in rows] == [["9", "from", "L"], ["+", "6", "from", "d"], ["=", "15", "∂L/∂c"]]


def test_going_back_shows_what_was_shown(open_tab, sample_pages):
    tab = open_tab(sample_pages("xor"), "#step=0")
    look = """() => ([...graphlab.picture.root.children].map((part) => part.outerHTML).join()
        + graphlab.parts.step.outerHTML + graphlab.parts.node.outerHTML)
        .replace(/class="([^"]*)"/g, (_, names) => names.split(" ").sort().join(" "))"""
    there = [tab.js(look)]
    for _ in range(tab.length):
        tab.press("ArrowRight")
        there.append(tab.js(look))
    for k in range(tab.length - 1, -1, -1):
        tab.press("ArrowLeft")
        assert tab.js(look) == there[k]


def test_a_step_never_moves_a_box(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    places = "() => [...document.querySelectorAll('.card')].map((card) => card.getAttribute('transform'))"
    before = tab.js(places)
    for _ in range(tab.length):
        tab.press("ArrowRight")
        assert tab.js(places) == before


def test_numbers_are_written_as_everywhere(open_tab, tmp_path):
    """The page's own number writing against graphlab's, at ties, at borders of notation and at extremes."""
    values = [
        0.0, 1.0, -1.0, 100.25, 0.125, 2.5, 12345.5, 12344.5, 123456.0, 999949.9999, 1e6, 1e-4, 9.9999e-5, 0.00012345,
        1e300, 5e-324, 0.1 + 0.2, 2 / 3, -2e-7, 9999.5, 99995.0, 1e4, 8.125, 0.5, 1.00005, 3.14159265, -0.0625, 217.0,
    ]  # fmt: skip
    tab = open_tab(page_of(FAN, tmp_path))
    for precision in (2, 3, 4, 7, 12):
        written = tab.js(
            """async ([values, precision]) => values.map((n) => graphlab.format.number(n, precision))""",
            [values, precision],
        )
        assert written == [number(n, precision) for n in values]


# Keys and buttons


def test_moving_by_keys_and_buttons(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    tab.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert tab.step == 3
    tab.press("ArrowLeft")
    assert tab.step == 2
    tab.press("End")
    assert tab.step == tab.length
    tab.press("Home")
    assert tab.step == 0
    for name, wanted in (("forward", 1), ("forward", 2), ("back", 1), ("last", tab.length), ("first", 0)):
        tab.page.click(f"[data-go={name}]")
        assert tab.step == wanted
    assert tab.page.is_disabled("[data-go=back]")
    assert not tab.page.is_disabled("[data-go=forward]")


def test_shift_steps_over_a_node(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    stops = tab.js("graphlab.run.stops")
    for stop in stops[1:]:
        tab.press("Shift+ArrowRight")
        assert tab.step == stop
    assert len(stops) < tab.length
    tab.press("Shift+ArrowLeft")
    assert tab.step == stops[-2]


def test_the_slider_goes_anywhere_and_says_where(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    slider = tab.page.locator("input[type=range]")
    slider.fill("9")
    assert tab.step == 9
    assert slider.get_attribute("aria-valuetext").startswith(f"step 9 of {tab.length} · backward · ")
    assert tab.page.inner_text(".count") == f"step 9 of {tab.length}"


def test_playing_ends_at_the_end_and_at_breakpoints(open_tab, sample_pages):
    tab = open_tab(sample_pages("sigmoid_neuron"), "#step=0")
    tab.page.select_option(".moves select", "8")
    tab.press("p")
    tab.wait("graphlab.state.get('step') >= 2")
    tab.press("p")
    here = tab.step
    tab.page.wait_for_timeout(400)
    assert tab.step == here
    tab.js("(name) => graphlab.breakAt(graphlab.nodeOf(name))", tab.js("graphlab.data.nodes[graphlab.data.loss].name"))
    tab.press("Home", "c")
    stop = tab.step
    assert 0 < stop < tab.length
    tab.press("Home", "p")
    tab.wait("graphlab.timeline.timer === null")
    assert tab.step == stop
    assert tab.page.locator(".tick-breakpoint").count() >= 1


def test_choosing_nodes_by_keys_and_clicks(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    names = tab.js("graphlab.picture.boxes.map((box) => graphlab.data.nodes[box.main].name)")
    tab.press("ArrowDown")
    assert tab.node == names[0]
    tab.press("ArrowDown")
    assert tab.node == names[1]
    tab.press("ArrowUp", "ArrowUp")
    assert tab.node == names[-1]
    tab.page.keyboard.press("Space")
    tab.page.locator(".card[data-name='hidden.act']").click()
    assert tab.node == "hidden.act"
    assert "hidden.act" in tab.page.inner_text(".node h2")
    tab.page.locator(".node .link", has_text="hidden.bn").first.click()
    assert tab.node == "hidden.bn"


def test_zoom_pan_and_fit(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    scale = "graphlab.camera.scale"
    before = tab.js(scale)
    tab.press("+")
    assert tab.js(scale) == pytest.approx(before * 1.25)
    tab.page.click("[data-tool=out]")
    assert tab.js(scale) == pytest.approx(before)
    tab.page.mouse.move(400, 400)
    tab.page.mouse.wheel(0, -200)
    tab.wait(f"{scale} > {before} * 1.1")
    at = tab.js("[graphlab.camera.x, graphlab.camera.y]")
    tab.page.mouse.down()
    tab.page.mouse.move(450, 430, steps=4)
    tab.page.mouse.up()
    moved = tab.js("[graphlab.camera.x, graphlab.camera.y]")
    assert [b - a for a, b in zip(at, moved, strict=True)] == pytest.approx([50, 30])
    tab.press("Space")
    picture = tab.js("graphlab.state.get('scene').pictures.both")
    box = tab.js("(() => { const b = graphlab.canvas.getBoundingClientRect(); return [b.width, b.height]; })()")
    assert picture["w"] * tab.js(scale) <= box[0]
    assert picture["h"] * tab.js(scale) <= box[1]


def test_views_by_keys_and_buttons(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=5")
    for key, view in (("1", "forward"), ("2", "backward"), ("3", "both")):
        tab.press(key)
        assert tab.js("graphlab.state.get('view')") == view
        assert tab.page.get_attribute(f"[data-tool=view-{view}]", "aria-pressed") == "true"
    tab.page.click("[data-tool=view-backward]")
    assert tab.js("graphlab.state.get('view')") == "backward"
    assert tab.step == 5


def test_help_says_all_keys_and_closes(open_tab, sample_pages):
    tab = open_tab(sample_pages("xor"), "#step=3")
    tab.press("?")
    assert tab.page.is_visible("dialog.help")
    assert tab.page.locator("dialog.help tr").count() == 15
    tab.press("ArrowRight")
    assert tab.step == 3
    tab.press("Escape")
    assert not tab.page.is_visible("dialog.help")
    tab.page.click("[data-tool=help]")
    tab.page.click("dialog.help button")
    assert not tab.page.is_visible("dialog.help")


# The picture


def test_the_current_node_its_upstream_and_what_comes_are_marked(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=0")
    tab.press("ArrowRight")
    assert tab.js("document.querySelector('.card.now').dataset.name") == "c"
    first = tab.js("graphlab.run.moments.findIndex((m) => m.step.kind === 'contribution')")
    tab.js("(p) => graphlab.state.set({ step: p })", first)
    assert tab.page.locator(".arrow.coming").count() == 1
    style = "getComputedStyle(document.querySelector('.arrow.coming .arrow-line'))"
    assert tab.js(f"{style}.strokeDasharray") == "none"  # dashed is an arrow without a gradient
    assert tab.js(f"parseFloat({style}.strokeWidth)") > 4


LIT = """graphlab.picture.arrows.filter((arrow) => arrow.element.classList.contains("%s")).map((arrow) =>
    [arrow.link.kind, ...arrow.link.edges[0]])"""


@pytest.mark.parametrize("view", ["forward", "backward", "both"])
def test_the_arrow_that_carries_the_gradient_is_lit(open_tab, tmp_path, view):
    tab = open_tab(page_of(FAN, tmp_path), f"#step=0&view={view}")
    for p in range(1, tab.js("graphlab.run.length") + 1):
        tab.js("(p) => graphlab.state.set({ step: p })", p)
        step = tab.js("graphlab.run.moments[graphlab.state.get('step') - 1].step")
        lit = tab.js(LIT % "lit")
        if step["kind"] == "seed":
            assert lit == []
        elif step["kind"] == "forward":
            assert all(kind in ("forward", "data") and consumer == step["node"] for kind, consumer, _ in lit)
            assert bool(lit) == (view != "backward")
        else:  # a contribution, or adding it
            wanted = [["backward", step["node"], step["slot"]]]
            assert lit == (wanted if view != "forward" else [])


def test_the_legend_says_what_the_page_s_own_colours_mean(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=3")
    said = tab.page.locator(".legend").text_content()
    assert "orange, heavy: the arrows of this step" in said
    assert "blue, broad and pale: those of the next" in said
    for name, of in (("lit", "--mark-now"), ("coming", "--accent")):
        colour = tab.js(f"getComputedStyle(document.querySelector('.legend .text-{name}')).color")
        tab.js("(of) => document.body.style.setProperty('outline-color', `var(${of})`)", of)
        assert colour == tab.js("getComputedStyle(document.body).outlineColor")


def test_dashed_is_an_arrow_without_a_gradient(open_tab, tmp_path):
    dead = "graphlab: 1\ninputs: {x: -1, t: 3}\nparams: {w: 2}\nnodes: {r: relu(w * x), L: r + w * t}\nloss: L\n"
    tab = open_tab(page_of(dead, tmp_path), "#step=99&view=backward")
    dashes = """graphlab.picture.arrows.map((arrow) => [arrow.link.weight === undefined,
        getComputedStyle(arrow.element.querySelector(".arrow-line")).strokeDasharray !== "none"])"""
    found = tab.js(dashes)
    assert all(without == dashed for without, dashed in found)
    assert {without for without, _ in found} == {True, False}


def test_what_is_not_computed_yet_is_a_dash_and_told_apart_without_colour(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=0")
    hidden = "getComputedStyle(document.querySelector('.card[data-name=c] .row-value .row-text')).visibility"
    dashed = "getComputedStyle(document.querySelector('.card[data-name=c] .card-edge')).strokeDasharray"
    assert tab.js(hidden) == "hidden"
    assert tab.js(dashed) != "none"
    dash = tab.page.locator(".card[data-name=c] .row-value .dash")
    assert dash.text_content() == "value –"
    tab.press("ArrowRight")
    assert tab.js(hidden) == "visible"
    assert tab.js(dashed) == "none"
    assert dash.evaluate("(element) => getComputedStyle(element).visibility") == "hidden"


# Folding


def test_unfolding_batchnorm_and_folding_it_again(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=2&node=hidden.bn")
    short = tab.length
    tab.press("Enter")
    assert tab.js("graphlab.state.get('scene').unfolded") == ["hidden.bn"]
    names = tab.js("graphlab.picture.boxes.map((box) => box.name)")
    assert {"hidden.bn.mu", "hidden.bn.xmu", "hidden.bn.var", "hidden.bn"} <= set(names)
    assert tab.length > short
    last = tab.js("graphlab.run.moments[graphlab.state.get('step') - 1]")
    assert last["owner"] == tab.js("graphlab.nodeOf('hidden.bn')")
    assert last["phase"] == "forward"
    tab.press("Enter")
    assert tab.js("graphlab.state.get('scene').unfolded") == []
    assert tab.step == 2


def test_the_numbers_of_an_unfolded_node_are_those_of_the_unfolded_run(open_tab, sample_pages):
    from graphlab.engine.expand import expand_trace

    trace = expand_trace(gl.backward(gl.forward(gl.load(SAMPLES["affine_bn_relu"]))), ["hidden.bn"])
    tab = open_tab(sample_pages("affine_bn_relu"), "#unfold=hidden.bn")
    found = tab.js(
        """() => graphlab.picture.boxes.map((box) => [box.name,
            graphlab.run.value(box.main, graphlab.run.length).data,
            graphlab.run.grad(box.main, graphlab.run.length)])"""
    )
    assert len(found) > 15
    for name, value, grad in found:
        record = trace[name]
        assert value == pytest.approx(record.value.ravel().tolist(), rel=1e-12)
        assert (grad is None) == (record.grad is None)
        if grad is not None:
            assert grad["data"] == pytest.approx(record.grad.ravel().tolist(), rel=1e-12, abs=1e-15)


def test_scopes_fold_and_unfold_by_frame_key_and_double_click(open_tab, tmp_path):
    tab = open_tab(page_of(CHAIN, tmp_path), "#step=4")
    tab.press("Space")
    tab.page.locator(".frame-button", has_text="first").click()
    assert tab.js("graphlab.state.get('scene').folded") == ["first"]
    assert tab.step == 4
    box = tab.page.locator(".card.role-fold[data-name=first]")
    assert box.count() == 1
    tab.page.locator(".frame-button", has_text="second").click()
    assert tab.js("graphlab.state.get('scene').folded") == ["first", "second"]
    box.dblclick()
    assert tab.js("graphlab.state.get('scene').folded") == ["second"]


def test_stepping_through_a_folded_scope_marks_its_box(open_tab, tmp_path):
    tab = open_tab(page_of(CHAIN, tmp_path), "#step=1&fold=first")
    assert tab.js("document.querySelector('.card.now').dataset.name") == "first"


# Looking closely


def test_an_entry_lights_up_what_it_was_computed_from(open_tab, tmp_path):
    model = "graphlab: 1\ninputs: {x: [[1, 2], [3, 4]], w: [[5, 6], [7, 8]]}\nnodes: {y: x @ w, L: sum(y)}"
    tab = open_tab(page_of(model, tmp_path), "#step=1")
    tab.page.locator(".array.result td[data-place='1']").hover()
    assert tab.page.inner_text(".arithmetic") == "y[0,1] = 1 × 6 + 2 × 8 = 22"
    lit = tab.js(
        """() => [...document.querySelectorAll('.step .array')].map((view) =>
            [...view.querySelectorAll('td.lit')].map((cell) => Number(cell.dataset.place)))"""
    )
    assert lit == [[0, 1], [1, 3], [1]]
    tab.page.locator(".array.result td[data-place='2']").focus()  # by keyboard, too
    assert tab.page.inner_text(".arithmetic") == "y[1,0] = 3 × 5 + 4 × 7 = 43"


def test_formulas_are_mathml(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=2")
    assert tab.page.locator(".equation math").count() >= 2
    assert tab.page.locator(".equation math mfrac").count() >= 1
    said = tab.page.get_attribute(".equation", "aria-label")
    assert said.startswith("bn = γ × (fc − μ) / √(σ² + ε) + β = ")


def test_why_a_gradient_is_what_it_is(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=99&node=a")
    texts = tab.page.locator(".why .path").all_inner_texts()
    found = gl.why(gl.backward(gl.forward(gl.loads(FAN))), "a.grad")
    assert texts == [f"{number(path.product)} {' → '.join(path.nodes)}" for path in found.paths]
    tab.page.locator(".why .path").first.hover()
    assert tab.page.locator(".card.pointed").count() == len(found.paths[0].nodes)
    assert tab.page.locator(".arrow.pointed").count() == 2 * (len(found.paths[0].nodes) - 1)  # both directions


def test_large_arrays_are_a_histogram(open_tab, sample_pages):
    tab = open_tab(sample_pages("digits"), "#step=99")
    name = tab.js("graphlab.data.nodes.find((node) => graphlab.data.arrays[node.value].bins).name")
    tab.js("(name) => graphlab.choose(graphlab.nodeOf(name))", name)
    assert tab.page.locator(".node .histogram rect").count() == 24


def test_a_mean_that_rounding_left_of_0_is_0(open_tab, sample_pages):
    tab = open_tab(sample_pages("digits"), "#step=99")
    tab.js("graphlab.choose(graphlab.nodeOf('logits'))")
    said = tab.page.locator(".node .array .numbers").all_inner_texts()
    assert re.search(r"μ 0\s+σ", said[1])  # each row of softmax's gradient adds up to 0
    assert not any(re.search(r"e-(1[5-9]|2\d)", text) for text in said)


# Search, address, language, theme


def test_search_by_name_op_and_shape(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    for text, first in (("act", "hidden.act"), ("batchnorm", "hidden.bn"), ("4x2", "hidden.fc"), ("label", "label")):
        tab.press("/")
        tab.page.keyboard.type(text)
        tab.press("Enter")
        assert tab.node == first
    tab.press("/")
    tab.page.keyboard.type("nosuchthing")
    assert "nothing found" in tab.page.inner_text("#hits")
    tab.press("Escape")
    assert tab.page.is_hidden("#hits")
    assert tab.js("document.activeElement.tagName") == "BODY"


def test_the_address_brings_a_scene_back(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    tab.press("1", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight")
    tab.js("graphlab.folding.unfoldNode(graphlab.nodeOf('hidden.bn'))")
    tab.page.click("[data-tool=lang]")
    tab.wait("location.hash.includes('lang=ko')")
    fragment = tab.js("location.hash")
    assert re.search(r"step=\d+", fragment)
    other = open_tab(sample_pages("affine_bn_relu"), fragment)
    look = """() => [...["step", "node", "view", "lang"].map((name) => graphlab.state.get(name)),
        graphlab.state.get("scene").unfolded, graphlab.picture.root.textContent]"""
    assert other.js(look) == tab.js(look)
    tab.js("location.hash = '#step=1&view=both&lang=en'")
    tab.wait("graphlab.state.get('step') === 1")
    assert tab.js("graphlab.state.get('view')") == "both"


@pytest.mark.parametrize(
    "fragment",
    ["#step=-1", "#step=999999", "#step=x&node=no&view=no&lang=xx", "#fold=no&unfold=no", "#%00%ff", "#a=b=c&&"],
)
def test_a_broken_address_is_taken_as_far_as_it_goes(open_tab, sample_pages, fragment):
    tab = open_tab(sample_pages("xor"), fragment)
    assert 0 <= tab.step <= tab.length
    tab.press("ArrowLeft")


def test_both_languages(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=5")
    tab.page.click("[data-tool=lang]")
    assert tab.js("document.documentElement.lang") == "ko"
    assert tab.page.inner_text("[data-tool=view-forward]") == "순전파"
    assert tab.page.inner_text("h1") == "Affine → 배치 정규화 → ReLU → Affine → 소프트맥스 교차 엔트로피"
    assert tab.page.title() == tab.page.inner_text("h1")
    assert "매개변수" in tab.js("graphlab.pane.textContent")
    words = tab.page.inner_text("body")
    for english in ("Forward", "next:", "unfold", "breakpoint", "made from", "legend", "predict"):
        assert english not in words
    tab.page.click("[data-tool=lang]")
    assert tab.page.inner_text("[data-tool=view-forward]") == "forward"


def test_themes_follow_the_reader_and_the_button(open_tab, sample_pages):
    tab = open_tab(sample_pages("xor"), color_scheme="dark")
    assert tab.js("document.documentElement.dataset.theme") == "dark"
    dark = tab.js("getComputedStyle(document.body).backgroundColor")
    tab.page.click("[data-tool=theme]")
    assert tab.js("getComputedStyle(document.body).backgroundColor") != dark


def test_reduced_motion_is_honoured(open_tab, sample_pages):
    motion = "getComputedStyle(document.querySelector('.arrow.coming .arrow-line')).animationName"
    assert open_tab(sample_pages("xor"), "#step=0", reduced_motion="reduce").js(motion) == "none"
    assert open_tab(sample_pages("xor"), "#step=0").js(motion) != "none"
