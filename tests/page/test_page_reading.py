"""What a reader sees and hears at each step: nothing that is still to come, and all that there is to know."""

from __future__ import annotations

import pytest
from browsing import need_a_browser, page_of

need_a_browser()
pytestmark = pytest.mark.browser

FAN = "graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * b, d: a + c, L: c * d}"
NESTED = """graphlab: 1
inputs: {x: [[0.5, -1, 2]]}
nodes:
  first: {fc: "affine(x, units=2)", act: tanh(fc)}
  second: {fc: "affine(first.act, units=2)", act: relu(fc)}
  L: sum(second.act)
"""


def visible(tab, selector):
    """The texts of what can be seen."""
    return tab.js(
        """(selector) => [...document.querySelectorAll(selector)].filter(
            (one) => getComputedStyle(one).visibility === 'visible').map((one) => one.textContent.trim())""",
        selector,
    )


# Nothing that is still to come


def test_a_card_tells_ears_no_more_than_eyes(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=0")

    def said():
        return tab.page.get_attribute(".card[data-name=c]", "aria-label")

    assert said() == "c · mul; c = a × b; value –; ∂L/∂c –; –; –"
    tab.press("ArrowRight")
    assert said() == "c · mul; c = a × b; = 3 × 2; value 6; ∂L/∂c –; –; –"
    tab.press("End")
    assert "∂L/∂c 15" in said()
    tab.press("Home")
    assert said() == "c · mul; c = a × b; value –; ∂L/∂c –; –; –"


def test_a_formula_is_there_from_the_start_and_its_numbers_come(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=0")
    formula = ".card[data-name=c] .row-formula text"
    assert visible(tab, formula) == ["c = a × b"]
    tab.press("ArrowRight")
    assert visible(tab, formula) == ["c = a × b", "= 3 × 2"]


def test_a_warning_about_a_gradient_comes_with_the_gradient(open_tab, tmp_path):
    model = "graphlab: 1\ninputs: {x: [-1, 2]}\nnodes: {a: log(x), b: sqrt(a), L: sum(b)}"
    tab = open_tab(page_of(model, tmp_path))
    mark = ".card[data-name=a] .mark-warning"
    assert visible(tab, mark) == ["value: 1 NaN"]
    assert "gradient" not in tab.page.get_attribute(".card[data-name=a]", "aria-label")
    tab.press("End")
    assert visible(tab, mark) == ["value: 1 NaN", "gradient: 1 NaN"]


def test_a_question_ends_where_the_page_goes_elsewhere(open_tab, tmp_path):
    tab = open_tab(page_of(FAN, tmp_path), "#step=4")
    tab.press("q", "ArrowRight")
    tab.page.locator("input[type=range]").fill("1")
    assert "What comes next?" not in tab.page.inner_text("body")
    tab.press("+")  # no answer to anything
    assert tab.step == 1
    tab.js("graphlab.state.set({ step: 4 })")
    tab.press("ArrowRight", "+")
    assert tab.step == 5
    assert "right: ∂L/∂c = 9" in tab.page.inner_text(".predict")
    tab.press("Home")
    assert tab.page.inner_text(".predict").strip() == "score: 1 of 1"


# All that there is to know


def test_arrays_whose_entries_light_up_are_whole(open_tab, tmp_path):
    model = "graphlab: 1\nparams: {W: {shape: [20, 2], init: normal}, x: {shape: [2, 20], init: normal}}\n"
    tab = open_tab(page_of(model + "nodes: {y: x @ W, L: sum(y)}", tmp_path), "#step=1")
    tab.page.locator(".array.result td[data-place='3']").hover()
    assert tab.page.locator(".step .array td.lit").count() == 20 + 20 + 1
    seen = "((cell) => cell.left >= cell.frame.left && cell.right <= cell.frame.right)"
    box = """(() => { const cell = document.querySelector('.step td.lit'); const b = cell.getBoundingClientRect();
        return { left: b.left, right: b.right, frame: cell.closest('.table-frame').getBoundingClientRect() }; })()"""
    assert tab.js(f"{seen}({box})")


def test_only_arrays_whose_numbers_go_in_are_shown(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    names = "[...document.querySelectorAll('.step .array-name')].map((one) => one.textContent)"
    for to, shown in (("gamma", ["x̂", "∂L/∂bn", "∂L/∂γ"]), ("beta", ["∂L/∂bn", "∂L/∂β"])):
        tab.js(
            """(to) => graphlab.state.set({ step: 1 + graphlab.run.moments.findIndex(
                ({ step }) => step.kind === 'contribution' && step.to === graphlab.nodeOf(to)) })""",
            to,
        )
        assert tab.js(names) == shown


def test_matrices_of_an_array_with_three_axes_are_set_apart(open_tab, tmp_path):
    model = "graphlab: 1\nparams: {w: {shape: [2, 3, 4], init: normal}}\nnodes: {y: tanh(w), L: sum(y)}"
    tab = open_tab(page_of(model, tmp_path), "#step=1&node=w")
    assert tab.page.locator(".node tr.next").count() == 1
    assert tab.page.locator(".node .matrix tr").nth(3).get_attribute("class") == "next"


def test_an_empty_array_says_so(open_tab, tmp_path):
    tab = open_tab(page_of("graphlab: 1\ninputs: {x: []}\nnodes: {y: x * 2, L: sum(y)}", tmp_path), "#step=1")
    assert tab.page.locator(".step .array .missing").all_inner_texts() == ["empty", "empty"]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("nodes: {y: w * w}\nbackward: {node: y, gradient: [1, -1]}", "the gradient that the model gives"),
        ("nodes: {y: sum(w)}\nbackward: {node: y, gradient: 3}", "the gradient that the model gives"),
        ("nodes: {y: sum(w)}", "the loss changes one to one with itself"),
    ],
)
def test_the_way_back_begins_with_the_loss_or_what_is_given(open_tab, tmp_path, rest, said):
    tab = open_tab(page_of(f"graphlab: 1\nparams: {{w: [1, 2]}}\n{rest}", tmp_path), "#step=2")
    assert said in tab.page.inner_text(".step")


def test_without_a_loss_no_gradients_are_promised(open_tab, tmp_path):
    tab = open_tab(page_of("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: x * x, z: exp(x)}", tmp_path))
    assert "no loss, so no gradients" in tab.page.inner_text(".step")
    assert tab.page.locator("[data-tool=predict]").count() == 0


# Getting about


def test_a_scope_is_folded_from_the_keyboard(open_tab, tmp_path):
    tab = open_tab(page_of(NESTED, tmp_path), "#step=1&node=first.act")
    tab.page.locator("[data-act=fold]").press("Enter")
    assert tab.js("graphlab.state.get('scene').folded") == ["first"]
    assert tab.node == "first.act"
    assert tab.js("document.querySelector('.card.selected').dataset.name") == "first"
    assert tab.page.locator("[data-act=fold]").count() == 0
    tab.page.locator(".card.selected").press("Enter")
    assert tab.js("graphlab.state.get('scene').folded") == []


def test_a_phones_bars_do_not_move_the_picture(open_tab, sample_pages):
    tab = open_tab(sample_pages("xor"), viewport={"width": 390, "height": 844})
    tab.js("graphlab.camera.zoom(1.7)")
    before = tab.js("graphlab.camera.scale")
    tab.page.set_viewport_size({"width": 390, "height": 780})
    tab.page.wait_for_timeout(100)
    assert tab.js("graphlab.camera.scale") == before


def test_on_paper_the_picture_is_whole_and_light(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=9", color_scheme="dark")
    tab.js("dispatchEvent(new Event('beforeprint'))")
    picture = tab.js("graphlab.state.get('scene').pictures.both")
    assert tab.page.get_attribute(".canvas", "viewBox") == f"0 0 {picture['w']} {picture['h']}"
    assert tab.js("document.documentElement.dataset.theme") == "light"
    tab.js("dispatchEvent(new Event('afterprint'))")
    assert tab.page.get_attribute(".canvas", "viewBox") is None
    assert tab.js("document.documentElement.dataset.theme") == "dark"


def test_a_step_of_a_folded_node_is_chosen_as_that_node(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=3&node=hidden.bn.mu")
    assert tab.node == "hidden.bn"
    other = open_tab(sample_pages("affine_bn_relu"), "#step=3&node=hidden.bn.mu&unfold=hidden.bn")
    assert other.node == "hidden.bn.mu"


def test_an_address_without_folding_is_the_page_as_it_opens(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=3&unfold=hidden.bn")
    tab.js("location.hash = '#step=2'")
    tab.wait("graphlab.state.get('step') === 2")
    assert tab.js("graphlab.state.get('scene').unfolded") == []


def test_an_address_that_folds_keeps_the_place(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=99&unfold=hidden.bn")
    tab.js("location.hash = '#lang=ko'")
    tab.wait("graphlab.state.get('lang') === 'ko'")
    assert tab.step == tab.length


def test_names_from_right_to_left_leave_the_order_alone(open_tab, tmp_path):
    model = "graphlab: 1\nparams: {'`אבג`': 2, b: 3}\nnodes: {'`דהו`': '`אבג` * b', L: '`דהו` * 2'}"
    tab = open_tab(page_of(model, tmp_path, lang="ko"), "#step=5")
    assert tab.page.inner_text(".step h2") == "기울기 전달: \u2068דהו\u2069 → \u2068אבג\u2069"


def test_a_question_is_wholly_in_sight_on_a_phone(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=11", viewport={"width": 390, "height": 844})
    tab.press("q", "ArrowRight")
    box = tab.page.locator(".predict").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= tab.page.locator(".timeline").bounding_box()["y"]


def test_steps_in_quick_succession_leave_the_address_alone_until_they_rest(open_tab, sample_pages):
    tab = open_tab(sample_pages("affine_bn_relu"), "#step=0")
    written = tab.js(
        """() => { let count = 0; const write = history.replaceState.bind(history);
            history.replaceState = (...given) => { count += 1; write(...given); };
            for (let k = 0; k < 10; k += 1) graphlab.go("forward");
            return count; }"""
    )
    assert written <= 1
    tab.wait("location.hash.includes('step=10')")
