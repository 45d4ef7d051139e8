"""Guided tours in a browser: every stop stands where it says, however the page is folded, and from both sides."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from browsing import SAMPLES, need_a_browser

import graphlab as gl
from graphlab.page import read_tour

pytestmark = pytest.mark.browser
need_a_browser()

TOURS = {path.stem: path.with_suffix(".tour.json") for path in SAMPLES.values()}
TOURED = sorted(name for name, path in TOURS.items() if path.exists())
DEEP = """
graphlab: 1
inputs: {x: [[1, 2, -1], [4, 0.5, 6], [-2, 1, 3], [0, 2, 2]]}
nodes:
  first: {fc: "affine(x, units=3)", bn: batchnorm(fc), act: relu(bn)}
  second: {fc: "affine(first.act, units=2)", bn: batchnorm(fc), out: tanh(bn)}
  L: sum(second.out * first.act[:, 1:])
"""
STOPS = [
    {"phase": "start", "text": "a"},
    {"node": "first.fc", "phase": "forward", "text": "b"},
    {"node": "first.bn", "phase": "forward", "text": "c"},
    {"node": "second.bn", "phase": "forward", "view": "forward", "text": "d"},
    {"node": "L", "phase": "backward", "text": "e"},
    {"node": "second.out", "phase": "backward", "to": "second.bn", "view": "both", "text": "f"},
    {"node": "second.bn", "phase": "backward", "to": "second.bn.gamma", "text": "g"},
    {"node": "first.bn", "phase": "backward", "unfold": ["first.bn"], "text": "h"},
    {"node": "first.fc", "phase": "backward", "to": "first.fc.W", "text": "i"},
    {"phase": "end", "text": "j"},
]
# where the page stands: the moment, whether the node's card shows its value, whether a gradient has come to `to`
LOOK = """([node, to]) => {
  const page = graphlab, place = name => name === null ? null : page.nodeOf(name);
  const step = page.state.get("step"), moment = page.run.moments[step - 1], run = page.run;
  const box = node === null ? null : page.picture.boxOf(place(node));
  const name = p => page.data.nodes[p].name;
  return {
    step, length: run.length,
    owner: moment && name(moment.owner), phase: moment ? moment.phase : null, kind: moment ? moment.step.kind : null,
    to: moment && moment.step.to !== undefined ? name(moment.step.to) : null,
    value: node === null || run.value(place(node), step) !== null,
    card: box === null ? null : box.element.querySelector(".row-value .row-text")?.classList.contains("later") ?? null,
    alone: box === null || box.nodes.length === 1,
    arrived: to === null || run.grad(place(to), step) !== null,
    complete: to === null || run.gradAt(place(to)) <= step,
    count: document.querySelector(".count").textContent, text: document.querySelector(".tour").innerText,
  };
}"""


def click(tab, name):
    """A click without Playwright's waiting, of which there would be hundreds."""
    tab.js("(name) => document.querySelector(`[data-tour=${name}]`).click()", name)


def follow(tab, stops, scene=0, lang="en"):
    """Through a tour and back, from a state of folding: the positions, checked at each stop."""
    tab.js("(k) => graphlab.folding.openScene(graphlab.data.scenes[k])", scene)
    tab.press("Home", "t")
    there = [check(tab, stops, 0, lang)]
    for k in range(1, len(stops)):
        click(tab, "on")
        there.append(check(tab, stops, k, lang))
    for k in range(len(stops) - 2, -1, -1):
        click(tab, "back")
        check(tab, stops, k, lang)
    click(tab, "end")
    return there


def check(tab, stops, k, lang):
    stop = stops[k]
    node, phase, to = (stop.get(key) for key in ("node", "phase", "to"))
    seen = tab.js(LOOK, [node, to])
    words = stop["text"] if isinstance(stop["text"], str) else stop["text"][lang]
    assert all(" ".join(part.split()) in " ".join(seen["text"].split()) for part in words.split("\n\n"))
    assert str(seen["step"]) in seen["count"]
    assert seen["value"], f"stop {k + 1}: {node} has no value yet"
    if phase in ("start", "end"):
        assert seen["step"] == (0 if phase == "start" else seen["length"])
        return seen["step"]
    assert (seen["owner"], seen["phase"]) == (node, phase), f"stop {k + 1}"
    assert seen["alone"], f"stop {k + 1}: {node} is folded away"
    assert seen["card"] is not True, f"stop {k + 1}: {node}'s card does not show its value"
    if to is not None:
        assert seen["arrived"]
        assert seen["kind"] in ("contribution", "add")
        assert seen["to"] == to
    return seen["step"]


def moves(stops, positions):
    """The tour goes on at each stop: its stops are told in the order in which things happen."""
    assert len(positions) == len(stops)
    assert all(a < b for a, b in pairwise(positions)), positions


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", TOURED)
def test_every_stop_of_a_samples_tour_is_where_it_speaks_of(open_tab, tmp_path, name, lang):
    stops = read_tour(TOURS[name])
    path = tmp_path / "page.html"
    page = gl.view(gl.load(SAMPLES[name]), tour=TOURS[name], lang=lang)
    page.save(path)
    tab = open_tab(path)
    for scene in range(len(page.board.scenes) if lang == "en" else 1):
        moves(stops, follow(tab, stops, scene, lang))


def test_the_stops_of_a_folded_page_are_the_timelines(open_tab, tmp_path):
    """Positions counted by the debugger, not by the page."""
    name = "affine_bn_relu"
    debugger = gl.Debugger(gl.backward(gl.forward(gl.load(SAMPLES[name]))))
    gl.view(debugger.trace, tour=TOURS[name]).save(tmp_path / "page.html")
    found = follow(open_tab(tmp_path / "page.html"), read_tour(TOURS[name]))
    wanted = [debugger.goto(node).position for node in ("hidden.fc", "hidden.bn", "L")]
    wanted += [debugger.goto(f"{node}.grad").position for node in ("logits", "hidden.bn", "beta")]
    assert found == [*wanted, len(debugger.timeline)]


def test_a_tour_through_scopes_and_unfolded_nodes(open_tab, tmp_path):
    tour = tmp_path / "t.json"
    tour.write_text(json.dumps({"format": "graphlab.tour/1", "stops": STOPS}))
    page = gl.view(gl.loads(DEEP), tour=tour)
    page.save(tmp_path / "page.html")
    assert len(page.board.scenes) > 6
    assert any(scene.folded for scene in page.board.scenes[:7])
    assert any(scene.unfolded for scene in page.board.scenes[:7])
    tab = open_tab(tmp_path / "page.html")
    for scene in range(7):
        moves(STOPS, follow(tab, STOPS, scene))


def test_a_stop_at_a_step_of_an_unfolded_node_unfolds_it(open_tab, tmp_path):
    inner = "first.bn.mu"
    stops = [
        {"node": inner, "phase": "forward", "text": "a"},
        {"text": "b"},
        {"node": "L", "phase": "backward", "text": "c"},
    ]
    tour = tmp_path / "t.json"
    tour.write_text(json.dumps({"format": "graphlab.tour/1", "stops": stops}))
    gl.view(gl.loads(DEEP), tour=tour).save(tmp_path / "page.html")
    tab = open_tab(tmp_path / "page.html")
    tab.press("t")
    place = "() => graphlab.data.nodes[graphlab.run.moments[graphlab.state.get('step') - 1].step.node].name"
    assert tab.js(place) == inner
    at = tab.step
    click(tab, "on")
    assert tab.step == at
    click(tab, "on")
    assert (tab.js(place), tab.js("graphlab.run.moments[graphlab.state.get('step') - 1].step.kind")) == (
        "L",
        "contribution",
    )
    click(tab, "back")
    assert tab.step == at


def test_coming_back_to_the_first_stop_goes_there_again(open_tab, tmp_path):
    gl.view(gl.load(SAMPLES["sigmoid_neuron"]), tour=TOURS["sigmoid_neuron"]).save(tmp_path / "page.html")
    tab = open_tab(tmp_path / "page.html")
    tab.press("t", "End", "t")
    assert tab.step == 0
    tab.press("End")
    tab.page.click("[data-tool=lang]")
    assert tab.step == tab.length  # another language moves nothing


def test_enter_unfolds_what_the_stop_speaks_of(open_tab, tmp_path):
    """As the tour's own text says, whatever was chosen before and wherever the focus is after a click."""
    gl.view(gl.load(SAMPLES["affine_bn_relu"]), tour=TOURS["affine_bn_relu"]).save(tmp_path / "page.html")
    tab = open_tab(tmp_path / "page.html")
    tab.js("graphlab.choose(graphlab.nodeOf('hidden.fc'))")
    tab.press("t")
    tab.page.click("[data-tour=on]")
    at = tab.step
    tab.press("Enter")
    assert tab.js("graphlab.state.get('scene').unfolded") == ["hidden.bn"]
    tab.press("Enter")
    assert tab.js("graphlab.state.get('scene').unfolded") == []
    assert tab.step == at


# Search


HIDDEN = """
graphlab: 1
inputs: {x: [[1, 2], [3, 5], [4, 1]]}
nodes: {norm: batchnorm(x), normal: tanh(norm), L: sum(normal * normal)}
"""


@pytest.mark.parametrize("options", [{}, {"params": False}, {"only": ("norm",)}])
@pytest.mark.parametrize("text", ["norm", "n", "norm.", "a", "2", "state", "batchnorm"])
def test_a_node_that_is_drawn_is_found_before_one_that_is_not(open_tab, tmp_path, options, text):
    gl.view(gl.loads(HIDDEN), **options).save(tmp_path / "page.html")
    tab = open_tab(tmp_path / "page.html")
    for unfold in (False, True):
        if unfold:
            tab.js("graphlab.folding.unfoldNode(graphlab.nodeOf('norm'))")
        tab.press("/")
        tab.page.keyboard.type(text)
        names = tab.page.locator("#hits b").all_inner_texts()
        drawn = tab.js("(() => graphlab.search.hits.map((place) => graphlab.picture.isDrawn(place)))()")
        assert drawn == sorted(drawn, reverse=True), names
        tab.press("Escape")


def test_the_steps_of_a_node_are_found_while_it_is_unfolded(open_tab, tmp_path):
    gl.view(gl.loads(HIDDEN)).save(tmp_path / "page.html")
    tab = open_tab(tmp_path / "page.html")
    for unfolded in (False, True):
        if unfolded:
            tab.js("graphlab.folding.unfoldNode(graphlab.nodeOf('norm'))")
        tab.press("/")
        tab.page.keyboard.type("norm.mu")
        assert tab.page.locator("#hits b").all_inner_texts() == (["norm.mu"] if unfolded else [])
        tab.press("Enter" if unfolded else "Escape")
    assert tab.node == "norm.mu"


def test_a_state_is_not_found_before_its_layer(open_tab, sample_pages):
    """The running mean of a batchnorm is not on the picture and comes before it in the model."""
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    tab.press("/")
    tab.page.keyboard.type("bn")
    assert tab.page.locator("#hits b").all_inner_texts()[0] == "hidden.bn"
