"""The page in a real browser: teaching with it, hostile texts, accessibility, small screens, paper, notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browsing import need_a_browser, page_of

import graphlab as gl

need_a_browser()
pytestmark = pytest.mark.browser

FAN = "graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * b, d: a + c, L: c * d}"


# Opening at what is wrong


def test_it_opens_at_the_first_nan(open_tab, tmp_path):
    model = "graphlab: 1\nparams: {w: 0}\nnodes: {a: w * 2, b: log(a), L: b * 3}"
    tab = open_tab(page_of(model, tmp_path))
    assert tab.js("document.querySelector('.card.now').dataset.name") == "b"
    assert tab.page.inner_text(".banner") == "first not finite here: the value of 'b' (1 of 1 numbers)"
    assert tab.page.locator(".tick-finding").count() == 1
    tab.press("ArrowLeft")
    assert tab.page.is_hidden(".banner")


# Predict first


def test_predict_first_asks_before_it_shows(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=3")
    tab.press("q", "ArrowRight")  # the seed: nothing to ask
    assert tab.step == 4
    tab.press("ArrowRight")
    assert tab.step == 4
    assert "∂L/∂c" in tab.page.inner_text(".predict")
    assert "9" not in tab.page.inner_text(".predict")
    tab.press("+")
    assert tab.step == 5
    assert "right: ∂L/∂c = 9" in tab.page.inner_text(".predict")
    tab.press("ArrowRight", "-")
    assert tab.step == 6
    assert "not quite" in tab.page.inner_text(".predict")
    assert "score: 1 of 2" in tab.page.inner_text(".predict")


def test_predict_first_takes_values_from_the_keyboard(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=4")
    tab.press("q", "ArrowRight")
    tab.page.keyboard.press("9")  # a digit starts the value
    assert tab.js("document.activeElement.tagName") == "INPUT"
    assert tab.page.input_value(".predict input") == "9"
    tab.press("Enter")
    assert "right: ∂L/∂c = 9" in tab.page.inner_text(".predict")
    tab.press("ArrowRight")
    tab.page.fill(".predict input", "5.5")
    tab.press("Enter")
    assert "not quite: ∂L/∂d = 6" in tab.page.inner_text(".predict")
    tab.page.keyboard.press("ArrowRight")
    tab.page.click(".predict [data-sign=skip]")
    assert "of 2" in tab.page.inner_text(".predict")


def test_predict_first_does_not_give_the_answer_away(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=4")
    tab.press("q", "ArrowRight")
    seen = tab.js("document.body.innerText")
    assert "= 9" not in seen


# A tour


def test_a_guided_tour(open_tab, tmp_path):
    tour = {
        "format": "graphlab.tour/1",
        "stops": [
            {"phase": "start", "text": {"en": "Look.", "ko": "보세요."}},
            {"node": "c", "phase": "forward", "text": "A product.\n\nOf two.", "highlight": ["a->c", "c"]},
            {"node": "c", "phase": "backward", "to": "b", "view": "backward", "text": "Back."},
        ],
    }
    (tmp_path / "tour.json").write_text(json.dumps(tour))
    tab = open_tab(page_of(FAN, tmp_path, tour=tmp_path / "tour.json"), "#step=9")
    tab.press("t")
    assert tab.step == 0
    assert "Look." in tab.page.inner_text(".tour")
    tab.page.click("[data-tour=on]")
    assert tab.step == 1
    assert tab.page.locator(".tour p").all_inner_texts() == ["A product.", "Of two."]
    assert tab.page.locator(".arrow.pointed").count() == 2  # with the data, and against it
    tab.page.click("[data-tour=on]")
    moment = tab.js("graphlab.run.moments[graphlab.state.get('step') - 1].step")
    assert (moment["kind"], moment["to"]) == ("contribution", tab.js("graphlab.nodeOf('b')"))
    assert tab.js("graphlab.state.get('view')") == "backward"
    assert tab.page.is_disabled("[data-tour=on]")
    tab.page.click("[data-tour=end]")
    assert tab.page.is_hidden(".tour")


# Hiding


def test_later_things_are_not_there_yet(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path, hide=("later",)), "#step=0")
    visible = "getComputedStyle(document.querySelector('.card[data-name=d]')).visibility"
    assert tab.js(visible) == "hidden"
    tab.press("ArrowRight", "ArrowRight")
    assert tab.js(visible) == "visible"


def test_what_is_hidden_is_asked_for_and_what_is_not_computed_is_a_dash(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path, hide=("gradients",)), "#step=0&node=c")
    assert tab.page.locator(".node .missing").all_inner_texts() == ["–", "–"]
    tab.press("End")
    assert tab.page.locator(".node .missing").all_inner_texts() == ["?"]
    assert tab.page.inner_text(".node .numbers") == "6"


# Strangers' names


def test_hostile_names_are_texts(open_tab, tmp_path):
    nasty = "<img src=x onerror=alert(1)>"
    model = (
        "graphlab: 1\nname: '<script>alert(2)</script>'\nparams:\n"
        f"  '`{nasty}`': 2\n  '`</script><b>x`': 3\nnodes:\n  L: '`{nasty}` * `</script><b>x`'\n"
    )
    try:
        path = page_of(model, tmp_path)
    except gl.GraphlabError:  # names as importers have them, where a model file has no such
        graph = gl.Graph("<script>alert(2)</script>")
        a = graph.param(nasty, 2.0)
        path = tmp_path / "page.html"
        gl.view(gl.mul(a, graph.param("</script><b>x", 3.0), name="L").graph).save(path)
    tab = open_tab(path, "#step=9")
    assert tab.page.locator("img").count() == 0
    assert tab.page.locator("b", has_text="x").count() == 0 or nasty in tab.page.inner_text("body")
    assert tab.page.title() == "<script>alert(2)</script>"
    assert nasty in tab.js("document.body.textContent")


def test_the_policy_stops_what_is_put_in(chromium, sample_pages):
    """The page's own policy refuses scripts that are not its own, styles in attributes and requests."""
    from browsing import Tab

    tab = Tab(chromium, sample_pages("xor"))
    refused = []
    tab.page.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    tab.js(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.bad = 1";
            const image = document.createElement("img");
            image.src = "http://localhost:9/x.png";
            document.body.append(script, image);
        }"""
    )
    tab.js("() => fetch('http://localhost:9/x').catch(() => null)")
    tab.page.wait_for_timeout(200)
    assert tab.js("window.bad") is None
    assert sum("Content Security Policy" in line for line in tab.said) >= 3
    asked = [url for url in tab.asked if "localhost" in url]
    assert [(url, "csp") for url in asked] == refused
    tab.close()


# Manners


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["affine_bn_relu", "sigmoid_neuron", "digits"])
def test_accessibility_rules_hold(open_tab, sample_pages, name, theme):
    from axe_playwright_python.sync_playwright import Axe

    tab = open_tab(sample_pages(name), "#step=9999", color_scheme=theme)
    for act in ((), ("ArrowDown", "ArrowDown"), ("q", "Home")):
        tab.press(*act)
        found = Axe().run(tab.page).response["violations"]
        assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]][:3]) for rule in found] == []


@pytest.mark.parametrize("size", [(390, 844), (640, 400), (1280, 800)])  # 640: 1280 at 200 %
def test_nothing_runs_out_of_the_page_sideways(open_tab, sample_pages, size):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=12", viewport={"width": size[0], "height": size[1]})
    assert tab.js("document.documentElement.scrollWidth") <= size[0]
    for name in ("first", "back", "forward", "last", "play"):
        box = tab.page.locator(f"[data-go={name}]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]


def test_everything_works_from_the_keyboard(open_tab, sample_pages):
    """Tab reaches every control, and each of them shows that it is reached."""
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=5")
    reached = []
    for _ in range(60):
        tab.press("Tab")
        here = tab.js(
            """() => { const e = document.activeElement; return [e.dataset.tool ?? e.dataset.go ?? e.tagName,
                getComputedStyle(e).outlineStyle !== 'none' || e.classList.contains('card')]; }"""
        )
        assert here[1] or here[0] == "BODY", here
        reached.append(here[0])
    assert {"view-forward", "view-both", "INPUT", "in", "out", "fit", "predict", "lang", "theme", "help", "g"} <= set(
        reached
    )
    assert {"back", "first", "forward", "last", "play", "SELECT"} <= set(reached)


def test_print_leaves_the_controls_out(open_tab, sample_pages):
    tab = open_tab(sample_pages("xor"), "#step=5")
    tab.page.emulate_media(media="print")
    assert not tab.page.is_visible("[data-go=forward]")
    assert tab.page.is_visible(".step")
    assert tab.page.is_visible(".canvas")


def test_in_a_notebook_the_page_runs_in_its_frame(open_tab, tmp_path):
    bundle = gl.view(gl.loads(FAN))._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    (tmp_path / "notebook.html").write_text(
        f"<!DOCTYPE html><title>n</title><script>window.graphlab = 1</script>{bundle['text/html']}", encoding="utf-8"
    )
    tab = open_tab(Path(tmp_path / "notebook.html"))
    frame = tab.page.frames[1]
    frame.wait_for_selector("[data-go=forward]")
    frame.locator("[data-go=forward]").click()
    assert "c · mul" in frame.inner_text(".step h2")
