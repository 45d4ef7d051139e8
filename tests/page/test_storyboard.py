"""What a page holds, without a browser: steps, arrays, entries, folding, hiding, findings, tours."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import ModelError, UsageError
from graphlab.explain.rounding import read
from graphlab.explain.timeline import Timeline
from graphlab.export.theme import THEMES
from graphlab.export.web.board import board_json
from graphlab.messages import LANGUAGES
from graphlab.page import PageOptions, read_tour, storyboard, with_tour
from graphlab.page.arrays import LARGE, Arrays, histogram
from graphlab.page.texts import texts

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))
WEB = Path(gl.__file__).parent / "export" / "web"
FAN = "graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * b, d: a + c, L: c * d}"
NORM = """graphlab: 1
inputs: {x: [[1, 2], [3, 5], [-1, 0.5]]}
nodes:
  layer: {fc: "affine(x, units=2)", bn: batchnorm(fc), act: relu(bn)}
  L: mean(layer.act)
"""


def traced(text):
    return gl.backward(gl.forward(gl.loads(text)))


@lru_cache(maxsize=len(SAMPLES))
def sample(path):
    """A sample's run and its page."""
    trace = gl.backward(gl.forward(gl.load(path)))
    return trace, storyboard(trace)


def moments(board):
    """The steps in the order of the page, with nothing unfolded."""
    forward = [at for block in board.blocks for at in block.forward]
    backward = [at for block in reversed(board.blocks) for at in block.backward]
    return [board.steps[at] for at in [*forward, *([] if board.seed is None else [board.seed]), *backward]]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_steps_are_the_timelines_moments(path):
    trace, board = sample(path)
    steps = moments(board)
    timeline = Timeline(trace)
    assert [(s.kind, s.node) for s in steps] == [(m.kind, m.node) for m in timeline]
    assert [s.slot for s in steps if s.kind == "contribution"] == [m.slot for m in timeline if m.kind == "contribution"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_array_of_a_step_is_the_traces(path):
    trace, board = sample(path)
    trace = read(trace)
    for step, moment in zip(moments(board), Timeline(trace), strict=True):
        if step.array is None:
            assert step.kind == "add"
            continue
        value = trace.values[moment.node] if step.kind == "forward" else Timeline(trace).term(moment.node, moment.slot)
        array = board.arrays[step.array]
        assert array.shape == np.shape(value)
        if array.data is not None:
            assert array.data == tuple(np.ravel(value).tolist())
        else:
            assert array.summary["mean"] == pytest.approx(np.mean(value), abs=1e-12)
            assert sum(array.bins[2]) == np.size(value)


def test_entries_say_what_they_were_made_of():
    trace = traced("graphlab: 1\ninputs: {x: [[1, 2], [3, 4]], w: [[5, 6], [7, 8]]}\nnodes: {y: x @ w, L: sum(y)}")
    board = storyboard(trace)
    made = board.steps[board.blocks[0].forward[0]]
    assert [name for name, _ in made.operands] == ["x", "w"]
    assert made.entries[1] == ("1 × 6 + 2 × 8", "0:0 1:1 0:1 1:3")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_changing_an_entry_that_is_not_named_changes_nothing(path):
    """Each step's entry depends on the entries it names, and on no others: by what the formula gives of them."""
    from graphlab.explain.rules import formula_of
    from graphlab.explain.worked import environment
    from graphlab.formula import evaluate

    trace, board = sample(path)
    rng = np.random.default_rng(0)
    tried = 0
    for step in moments(board):
        if step.kind != "forward" or not step.entries or tried > 12:
            continue
        i = step.node
        formula, env = formula_of(trace, i), environment(trace, i)
        names = [n for n, v in env.items() if n in formula.names and np.ndim(v) and not isinstance(v, str | tuple)]
        place = int(rng.integers(len(step.entries)))
        used = {tuple(map(int, one.split(":"))) for one in step.entries[place][1].split()}
        changed = dict(env)
        for k, name in enumerate(names):
            if np.asarray(env[name]).dtype.kind != "f":
                continue
            array = np.array(env[name])
            flat = array.reshape(-1)
            flat[[n for n in range(flat.size) if (k, n) not in used]] += 0.37
            changed[name] = array
        with np.errstate(all="ignore"):
            before, after = (np.asarray(evaluate(formula.numbered, e)) for e in (env, changed))
        key = np.unravel_index(place, trace.plan.shapes[i])
        shape = trace.plan.shapes[i]
        assert np.broadcast_to(after, shape)[key] == pytest.approx(np.broadcast_to(before, shape)[key], rel=1e-12)
        tried += 1


def test_a_node_unfolds_into_the_steps_of_the_unfolded_run():
    from graphlab.engine.expand import expand_trace

    trace = traced(NORM)
    board = storyboard(trace)
    unfolding = next(u for u in board.unfoldings if board.nodes[u.node].name == "layer.bn")
    names = [board.nodes[board.steps[at].node].name for at in unfolding.forward]
    graph = expand_trace(trace, ["layer.bn"]).graph
    assert names == [n.name for n in graph.nodes if n.name.startswith("layer.bn") and not n.is_leaf]
    assert names[-1] == "layer.bn"
    assert all(board.nodes[board.steps[at].node].part_of == unfolding.node for at in unfolding.forward)
    assert {board.steps[at].kind for at in unfolding.backward} >= {"contribution", "add"}


def test_each_scope_and_node_has_a_scene_of_its_own():
    board = storyboard(traced(NORM))
    states = {(scene.folded, scene.unfolded) for scene in board.scenes}
    assert ((), ()) in states
    assert (("layer",), ()) in states
    for unfolding in board.unfoldings:
        assert ((), (board.nodes[unfolding.node].name,)) in states
    first = board.scenes[0]
    assert (first.folded, first.unfolded) == ((), ())
    assert list(first.pictures) == ["forward", "backward", "both"]


def test_boxes_and_arrows_know_their_nodes_and_edges():
    board = storyboard(traced(NORM))
    for scene in board.scenes:
        for picture in scene.pictures.values():
            diagram = picture.diagrams["en"]
            for box, nodes in zip(diagram.boxes, picture.boxes, strict=True):
                assert all(place >= 0 for place in nodes)
                assert box.name in (board.nodes[nodes[-1]].name, *scene.folded)
            for edges in picture.arrows:
                assert edges
                for consumer, slot in edges:
                    assert board.nodes[consumer].inputs[slot] is not None


def test_a_run_without_a_loss_has_a_forward_picture_alone():
    board = storyboard(gl.forward(gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes: {y: exp(x)}")))
    assert list(board.scenes[0].pictures) == ["forward"]
    assert (board.seed, board.loss) == (None, None)


def test_a_large_graph_opens_folded_and_each_scope_can_be_opened():
    lines = ["graphlab: 1", "inputs: {x: [[1, 2]]}", "nodes:"]
    before = "x"
    for k in range(30):
        lines.append(f"  block{k}:")
        for n in range(8):
            lines.append(f"    h{n}: tanh({before})")
            before = f"h{n}"
        before = f"block{k}.h7"
    board = storyboard(traced("\n".join([*lines, f"  L: mean({before})"])))
    assert len(board.scenes[0].folded) == 30
    assert all(any(scope not in scene.folded for scene in board.scenes[1:]) for scope in board.scenes[0].folded)
    assert all(len(scene.pictures["both"].boxes) <= 150 for scene in board.scenes[:5])


# What is hidden is not in the file


def numbers_in(board):
    return board_json(board, THEMES["light"])


@pytest.mark.parametrize("hide", ["values", "gradients", "rules"])
def test_what_is_hidden_is_not_in_the_file(hide):
    text = "graphlab: 1\nparams: {a: 3.25, b: 2.5}\nnodes: {c: a * b, d: tanh(c * 0.1) + a, L: 2 * d}"
    trace = traced(text)
    page = numbers_in(storyboard(trace, PageOptions(hide=(hide,))))
    whole = numbers_in(storyboard(trace))
    values = [repr(float(trace[name].value)) for name in ("c", "d", "L")]
    gradients = [repr(float(trace[name].grad)) for name in ("a", "b", "c")]
    for n in (*values, *gradients):
        assert n in whole
    hidden = {"values": values, "gradients": gradients, "rules": []}[hide]
    assert [n for n in hidden if n in page] == []
    from graphlab.base.numbers import number

    assert [n for n in hidden if f'"{number(float(n))}"' in page] == []
    if hide == "rules":
        assert '"symbolic"' not in page
        assert '"formula"' not in page
        assert all(n in page for n in values)
    if hide == "values":
        assert '"3.25"' in page  # what is given stays


def test_hiding_something_else_is_an_error():
    with pytest.raises(UsageError, match="there is no 'gradient' to hide \\(did you mean 'gradients'"):
        PageOptions(hide=("gradient",))


# Findings


def test_the_first_nan_is_found_where_it_was_made():
    board = storyboard(traced("graphlab: 1\nparams: {w: 0}\nnodes: {a: w * 2, b: log(a), L: b * 3}"))
    (finding,) = board.findings
    assert finding.kind == "nan"
    assert board.nodes[board.steps[finding.at].node].name == "b"
    assert set(finding.texts) == set(LANGUAGES)


def test_a_nan_that_was_given_is_found_where_it_is_used_first():
    board = storyboard(traced("graphlab: 1\nparams: {w: .nan}\nnodes: {a: w * 2, L: a * 3}"))
    assert [board.nodes[board.steps[f.at].node].name for f in board.findings] == ["a"]


def test_a_vanishing_gradient_is_found_where_it_shrinks_most():
    board = storyboard(traced("graphlab: 1\nparams: {w: 9}\nnodes: {a: sigmoid(w), b: sigmoid(a * 0.01), L: b * 1}"))
    assert [(f.kind, board.nodes[board.steps[f.at].node].name) for f in board.findings] == [("vanished", "a")]
    assert storyboard(traced(FAN)).findings == ()


# Tours


def tour_file(folder, stops, **more):
    path = folder / "t.tour.json"
    path.write_text(json.dumps({"format": "graphlab.tour/1", "stops": stops, **more}), encoding="utf-8")
    return path


def test_a_tour_stands_where_it_says(tmp_path):
    board = storyboard(traced(FAN))
    path = tour_file(tmp_path, [
        {"phase": "start", "text": "a"}, {"node": "c", "phase": "forward", "text": "b"},
        {"node": "c", "phase": "backward", "to": "a", "text": {"en": "c", "ko": "다"}}, {"phase": "end", "text": "d"},
    ])  # fmt: skip
    stops = with_tour(board, read_tour(path), path).tour
    assert [stop.step for stop in stops][::3] == [-1, -2]
    assert board.steps[stops[1].step].kind == "forward"
    last = board.steps[stops[2].step]
    assert (last.kind, board.nodes[last.to].name) == ("add", "a")
    assert stops[2].texts == {"en": "c", "ko": "다"}


def test_a_stop_is_a_step_of_the_folded_page(tmp_path):
    """Not one of the like-named last step of the node unfolded; and the seed only where a node sends nothing."""
    trace = traced("graphlab: 1\ninputs: {x: [[1], [4]]}\nnodes: {bn: batchnorm(x), L: sum(bn * bn)}")
    board = storyboard(trace)
    path = tour_file(tmp_path, [
        {"node": "bn", "phase": "forward", "text": "a"}, {"node": "L", "phase": "backward", "text": "b"},
        {"node": "bn", "phase": "backward", "to": "bn.gamma", "text": "c"}, {"text": "d"},
    ])  # fmt: skip
    stops = with_tour(board, read_tour(path), path).tour
    folded = {step for block in board.blocks for step in (*block.forward, *block.backward)}
    assert {stop.step for stop in stops} <= folded
    assert [board.steps[stop.step].kind for stop in stops] == ["forward", *["contribution"] * 3]
    assert stops[3].step == stops[2].step


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"node": "zz", "text": "x"}, "stop 1: there is no node 'zz'"),
        ({"nod": "c", "text": "x"}, "stop 1: unknown key 'nod' (did you mean 'node'?)"),
        ({"node": "c"}, "stop 1: text must be a string"),
        ({"text": {"fr": "x"}}, "stop 1: the languages of a text are en, ko"),
        ({"text": "x", "view": "sideways"}, "stop 1: view is 'sideways' but must be one of forward, backward, both"),
        ({"text": "x", "highlight": "c"}, "stop 1: highlight must be a list of names"),
        ({"text": "x", "node": "a", "phase": "forward"}, "stop 1: 'a' does nothing there"),
        ("c", "stop 1: must be an object with a text"),
    ],
)
def test_a_wrong_tour_says_where_and_why(tmp_path, stop, said):
    path = tour_file(tmp_path, [stop])
    with pytest.raises(ModelError) as error:
        with_tour(storyboard(traced(FAN)), read_tour(path), path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


def test_a_page_of_a_part_goes_without_the_stops_at_the_rest(tmp_path):
    path = tour_file(tmp_path, [{"node": "c", "text": "x"}, {"node": "e", "phase": "forward", "text": "y"}])
    trace = traced("graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * a, e: b * b, L: c + e}")
    board = storyboard(trace, PageOptions(only=("c",)))
    assert [stop.texts["en"] for stop in with_tour(board, read_tour(path), path, part=True).tour] == ["x"]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "x", "stops": []}', '{"format": "graphlab.tour/1"}'])
def test_what_is_no_tour_is_an_error(tmp_path, content):
    (tmp_path / "t.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"t\.json: "):
        read_tour(tmp_path / "t.json")


# Arrays and texts


def test_large_arrays_are_summarised_unless_asked_for():
    big = np.arange(LARGE + 1.0)
    arrays = Arrays()
    assert arrays.all[arrays.place(big)].data is None
    whole = Arrays(full=True)
    assert whole.all[whole.place(big)].data == tuple(big.tolist())


def test_equal_arrays_are_there_once():
    arrays = Arrays()
    assert arrays.place(np.array([1.0, 2.0])) == arrays.place(np.array([1.0, 2.0]))
    assert arrays.place(np.array([1.0, 2.0])) != arrays.place(np.array([[1.0, 2.0]]))
    assert arrays.place(np.array([0.0])) != arrays.place(np.array([-0.0]))
    assert arrays.place(None) is None


def test_histograms_count_what_is_finite():
    assert histogram([1.0, 1.0]) == (1.0, 1.0, (2, *[0] * 23))
    assert histogram([float("nan")]) is None
    assert histogram([-1e308, 1e308]) is None  # as wide as no float is


def test_the_page_has_every_text_that_its_scripts_ask_for():
    asked = set()
    for path in WEB.glob("*.js"):
        asked |= set(re.findall(r'\bt\("([^"]+)"', path.read_text("utf-8")))
    keys = set(re.findall(r'\["[^"]+", "([^"]+)"\]', (WEB / "keys.js").read_text("utf-8")))
    assert len(keys) == 15
    for lang in LANGUAGES:
        assert sorted((asked | keys) - {"title"} - set(texts(lang))) == []


def test_the_languages_say_the_same_with_the_same_blanks():
    for key, text in texts("en").items():
        other = texts("ko")[key]
        assert sorted(re.findall(r"\{\w+\}", other)) == sorted(re.findall(r"\{\w+\}", text)), key
