"""A node with a mode of its own: whatever the run is, everything that differs by mode follows the node."""

import numpy as np
import pytest

import graphlab as gl
from graphlab import errors
from graphlab.diagnosis.lint import warnings_of
from graphlab.drawing.annotate import annotate
from graphlab.engine.expand import expand
from graphlab.explain.worked import backward_worked, forward_worked
from graphlab.handout.givens import rows_given

MODEL = """graphlab: 1
inputs:
  x: [[1, -2], [3, 0.5], [-1, 4]]
params:
  w: [1.5, -0.5]
  frozen.gamma: [1.25, -0.75]
  frozen.beta: [0.5, 0.1]
state:
  frozen.running_mean: [0.5, -1]
  frozen.running_var: [4, 0.25]
nodes:
  frozen: batchnorm(x * w, frozen.gamma, frozen.beta, frozen.running_mean, frozen.running_var, mode=eval)
  free: batchnorm(frozen)
  kept: dropout(free, rate=0.5, mode=eval)
  dropped: dropout(kept, rate=0.5)
  L: sum(dropped * x) + sum(frozen)
"""


def run(text: str = MODEL, mode: str = "train") -> gl.Trace:
    return gl.backward(gl.forward(gl.loads(text), mode=mode))


def test_a_frozen_layer_takes_the_running_statistics_and_leaves_them_alone():
    trace = run()
    x = trace["frozen#1"].value
    xhat = (x - [0.5, -1]) / np.sqrt(np.array([4, 0.25]) + 1e-5)
    np.testing.assert_allclose(trace["frozen"].value, [1.25, -0.75] * xhat + [0.5, 0.1], rtol=1e-13)
    np.testing.assert_allclose(trace["free"].value.mean(axis=0), [0, 0], atol=1e-12)
    np.testing.assert_array_equal(trace["kept"].value, trace["free"].value)
    assert np.any(trace["dropped"].value == 0)
    assert sorted(trace.updates) == ["free.running_mean", "free.running_var"]


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_node_without_one_has_the_runs_mode(mode):
    given = MODEL.replace(", mode=eval", f", mode={mode}")
    given = given.replace("batchnorm(frozen)", f"batchnorm(frozen, mode={mode})")
    given = given.replace("dropout(kept, rate=0.5)", f"dropout(kept, rate=0.5, mode={mode})")
    bare = MODEL.replace(", mode=eval", "")
    other = "eval" if mode == "train" else "train"
    for a, b in zip(run(given, other), run(bare, mode), strict=True):
        assert a.value.tobytes() == b.value.tobytes()
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or a.grad.tobytes() == b.grad.tobytes()
    assert run(given, other).updates.keys() == run(bare, mode).updates.keys()


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_every_gradient_agrees_with_differences(mode):
    report = gl.check_gradients(gl.loads(MODEL), mode=mode)
    assert report.ok and {c.status for c in report.checks if c.node in ("frozen", "kept", "w") and c.size} == {"ok"}


def test_what_is_shown_is_the_nodes_own_rule():
    trace = run()
    i, j = trace.graph.index["frozen"], trace.graph.index["free"]
    assert forward_worked(trace, i).symbolic == "γ × (frozen#1 − running_mean) / √(running_var + ε) + β"
    assert forward_worked(trace, j).symbolic == "γ × (frozen − μ) / √(σ² + ε) + β"
    assert backward_worked(trace, i, 0).symbolic == "∂L/∂frozen × γ / √(running_var + ε)"
    assert forward_worked(trace, trace.graph.index["kept"]).symbolic == "free"
    assert forward_worked(trace, trace.graph.index["dropped"]).symbolic == "kept × mask"
    assert trace.rule(i, 0) == run(mode="eval").rule(i, 0)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_unfolded_it_is_the_same_run(mode):
    graph = gl.loads(MODEL)
    before = gl.backward(gl.forward(graph, mode=mode))
    after = gl.backward(gl.forward(expand(graph, ["frozen", "free"], mode), mode=mode))
    for name in ("x", "w", "frozen", "L"):
        np.testing.assert_allclose(after[name].value, before[name].value, rtol=1e-12)
        np.testing.assert_allclose(after[name].grad, before[name].grad, rtol=1e-10, atol=1e-12)
    assert "frozen.running_mean" in after.graph and ("free.running_mean" in after.graph) == (mode == "eval")


@pytest.mark.parametrize(("mode", "shown"), [("train", ["frozen"]), ("eval", ["frozen", "free"])])
@pytest.mark.parametrize("unfold", [[], ["frozen"]])
def test_the_statistics_that_are_used_are_drawn_and_given(mode, shown, unfold):
    trace = gl.forward(expand(gl.loads(MODEL), unfold, mode) if unfold else gl.loads(MODEL), mode=mode)
    names = {box.name for box in annotate(trace).boxes if box.name.endswith("running_mean")}
    assert names == {f"{name}.running_mean" for name in shown}
    given = [str(row[0]) for row in rows_given(gl.backward(trace), (), 4, 16)]
    assert {name for name in given if name.endswith("running_mean")} == names
    assert [name for name in given if "mask" in name] == (["mask of dropped"] if mode == "train" else [])


def test_traces_and_files_keep_it(tmp_path):
    trace = run()
    for suffix in ("json", "npz"):
        trace.save(tmp_path / f"t.{suffix}")
        again = gl.backward(gl.load_trace(tmp_path / f"t.{suffix}"))
        assert again["frozen#1"].grad.tobytes() == trace["frozen#1"].grad.tobytes()
        assert sorted(again.updates) == sorted(trace.updates)
    text = gl.dumps(trace.graph)
    assert "running_var, mode=eval)" in text and "dropout(free, mode=eval)" in text
    assert gl.dumps(gl.loads(text)) == text


def test_a_frozen_batch_of_one_is_nothing_to_warn_of():
    text = "graphlab: 1\ninputs: {x: [[1, 2]]}\nnodes: {y: 'sum(batchnorm(x, mode=eval))'}\n"
    graph = gl.loads(text)
    assert warnings_of(graph, gl.plan(graph).shapes) == []
    plain = gl.loads(text.replace(", mode=eval", ""))
    assert len(warnings_of(plain, gl.plan(plain).shapes)) == 1


@pytest.mark.parametrize("op", ["batchnorm", "dropout"])
def test_another_word_is_refused(op):
    with pytest.raises(errors.ModelError, match=f"{op} 'y': attribute 'mode' is 'test' but must be train or eval"):
        gl.loads(f"graphlab: 1\ninputs: {{x: [[1, 2]]}}\nnodes: {{y: '{op}(x, mode=test)'}}\n")


def test_one_context_serves_all_nodes_of_a_mode():
    """The mode is settled when the run is planned, not while it goes on."""
    plan = gl.plan(gl.loads(MODEL))
    modes = {node.name: plan.back_contexts[i].mode for i, node in enumerate(gl.loads(MODEL).nodes)}
    assert (modes["frozen"], modes["free"], modes["kept"], modes["dropped"]) == ("eval", "train", "eval", "train")
    assert len({id(context) for context in plan.contexts if context is not None}) == 2
