"""What is hardly meant is said once, with its place; what may well be meant is not."""

import warnings

import numpy as np
import pytest

import graphlab as gl
from graphlab.engine import whatif
from graphlab.errors import DataError, ShapeError


def doubts(text, dtype="float64", mode="train", **values):
    g = gl.Graph(dtype=dtype)
    refs = {name: g.input(name, np.asarray(x)) for name, x in values.items()}
    eval(text, {"gl": gl, **refs})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gl.forward(g, mode=mode)
    assert all(issubclass(one.category, gl.DoubtWarning) and one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


VIEWS = ["{}", "gl.reshape({}, shape=[2, 2])", "gl.transpose(gl.transpose({}))", "{}[:, 0:2]", "gl.stop_gradient({})",
         "gl.clip({}, min=-50.0, max=1.0)"]  # fmt: skip
THIRDS = [[0.333, 0.333, 0.334]]


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("gl.cross_entropy(p, t, name='E')", {"p": [[0.5, 0.5], [0.9, 0.4]], "t": [0, 1]},
         "cross_entropy 'E': p[1] adds up to 1.3, but a row of probabilities adds up to 1; "
         "for logits use softmax_cross_entropy"),
        ("gl.cross_entropy(p, t, name='E')", {"p": [[0.5, 0.5], [1.5, -0.5]], "t": [[0.5, 0.5], [0, 1]]},
         "cross_entropy 'E': p[1, 1] is -0.5, which is no probability; for logits use softmax_cross_entropy"),
        ("gl.cross_entropy(p, t, name='E')", {"p": [0.2, 0.3], "t": 1},
         "cross_entropy 'E': p adds up to 0.5, but a row of probabilities adds up to 1; "
         "for logits use softmax_cross_entropy"),
        ("gl.nll(x, t, name='E')", {"x": [[-1.0, 2.0]], "t": [0]},
         "nll 'E': x[0, 1] is 2.0, but log-probabilities are at most 0; for logits use softmax_cross_entropy"),
        ("gl.nll(x, t, name='E')", {"x": [[0.75, 0.25]], "t": [0]},
         "nll 'E': x[0, 0] is 0.75, but log-probabilities are at most 0; these are probabilities: use cross_entropy"),
        ("gl.bce(p, t, name='E')", {"p": [0.5, 0.5], "t": [1.0, -1.0]},
         "bce 'E': t[1] is -1.0 but labels of two classes are from 0 to 1; of labels -1 and 1 make (t + 1) / 2"),
        ("gl.bce_with_logits(x, t, name='E')", {"x": [[5.0], [-5.0]], "t": [[2.0], [1.0]]},
         "bce_with_logits 'E': t[0, 0] is 2.0 but labels of two classes are from 0 to 1"),
        ("gl.var(x, axis=1, ddof=1, name='v')", {"x": [[3.0], [4.0]]},
         "var 'v': n − ddof is 0 (n is 1, ddof is 1), so the variance is 0 / 0, NaN; lower ddof or feed more elements"),
        ("gl.var(x, ddof=0, name='v')", {"x": np.zeros((0, 2))},
         "var 'v': n − ddof is 0 (n is 0, ddof is 0), so the variance is 0 / 0, NaN; lower ddof or feed more elements"),
        ("gl.mean(x, axis=0, name='m')", {"x": np.zeros((0, 2))},
         "mean 'm': x is (0, 2): the mean of no elements is 0 / 0, NaN; feed a non-empty x"),
        ("gl.mae(x, t, name='m')", {"x": np.zeros(0), "t": np.zeros(0)},
         "mae 'm': x is (0,): the mean of no elements is 0 / 0, NaN; feed a non-empty x"),
        ("gl.bce(p, t, name='m')", {"p": np.zeros(0), "t": np.zeros(0)},
         "bce 'm': x is (0,): the mean of no elements is 0 / 0, NaN; feed a non-empty x"),
        ("gl.softmax_cross_entropy(x, t, name='E')", {"x": np.zeros((0, 3)), "t": np.zeros(0, int)},
         "softmax_cross_entropy 'E': x is (0, 3): the mean of no elements is 0 / 0, NaN; feed a non-empty x"),
        ("gl.softmax_cross_entropy(x, t, ignore_index=-1, name='E')", {"x": [[3.0, 4.0]], "t": [-1]},
         "softmax_cross_entropy 'E': every row has the class number that ignore_index leaves out, -1, so the mean is "
         "0 / 0, NaN"),
        ("gl.cross_entropy(p, t, ignore_index=7, name='E')", {"p": [[3.0, 4.0], [0.0, 0.0]], "t": [7, 7]},
         "cross_entropy 'E': every row has the class number that ignore_index leaves out, 7, so the mean is "
         "0 / 0, NaN"),
        ("gl.cross_entropy(p, t, ignore_index=7, name='E')", {"p": [[3.0, 4.0], [0.5, 0.25]], "t": [7, 1]},
         "cross_entropy 'E': p[1] adds up to 0.75, but a row of probabilities adds up to 1; "
         "for logits use softmax_cross_entropy"),
        ("gl.layernorm(x, name='n')", {"x": [[3.0], [4.0]]},
         "layernorm 'n': each row has one feature, which is its own mean: every output is beta and no gradient passes"),
    ],
)  # fmt: skip
def test_numbers_that_are_hardly_meant(text, values, expected):
    assert doubts(text, **values) == [expected]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("gl.cross_entropy(p, t)", {"p": THIRDS, "t": [2]}),
        ("gl.cross_entropy(gl.softmax(p), t)", {"p": THIRDS, "t": [2]}),
        ("gl.cross_entropy(p, t)", {"p": [[np.nan, 2.0]], "t": [0]}),
        ("gl.nll(gl.log_softmax(x), t)", {"x": THIRDS, "t": [2]}),
        ("gl.nll(x, t)", {"x": [[0.0, -np.inf]], "t": [0]}), ("gl.bce(p, t)", {"p": [0.0, 1.0], "t": [0.3, 1.0]}),
        ("gl.bce(gl.sigmoid(x), t)", {"x": [40.0, -800.0], "t": [1.0, 0.0]}),
        ("gl.var(x, axis=0, ddof=1)", {"x": [[3.0], [4.0]]}), ("gl.mean(x, axis=1)", {"x": np.zeros((0, 2))}),
        ("gl.mse(x, t, reduction='sum')", {"x": np.zeros(0), "t": np.zeros(0)}),
        ("gl.layernorm(x)", {"x": [[3.0, 4.0]]}),
        ("gl.cross_entropy(p, t, ignore_index=-1)", {"p": [[0.5, 0.5], [0.0, -3.0]], "t": [1, -1]}),
        ("gl.nll(x, t, ignore_index=-1)", {"x": [[-0.5, -2.0], [0.0, 3.0]], "t": [1, -1]}),
        ("gl.nll(x, t, ignore_index=-1, reduction='sum')", {"x": [[0.0, 3.0]], "t": [-1]}),
        ("gl.softmax_cross_entropy(gl.relu(x), t)", {"x": [[3.0, 4.0]], "t": [0]}),
        ("gl.softmax_cross_entropy(gl.softmax(x) * 5, t)", {"x": [[3.0, 4.0]], "t": [0]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nothing_is_said_of_what_may_well_be_meant(text, values, dtype):
    kept = {name: np.asarray(x, dtype if np.asarray(x).dtype.kind == "f" else None) for name, x in values.items()}
    assert doubts(text, dtype, **kept) == []


@pytest.mark.parametrize("between", VIEWS)
@pytest.mark.parametrize(
    ("loss", "before", "expected"),
    [
        ("softmax_cross_entropy", "softmax", "applies softmax itself; leave 'p' out, or use cross_entropy"),
        ("softmax_cross_entropy", "sigmoid", "applies softmax itself; leave 'p' out, or use cross_entropy"),
        ("bce_with_logits", "sigmoid", "applies sigmoid itself; leave 'p' out, or use bce"),
        ("softmax_cross_entropy", "log_softmax", "gives the same once more; leave 'p' out, or use nll"),
    ],
)
def test_a_softmax_before_a_loss_that_has_its_own(between, loss, before, expected):
    x = between.format(f"gl.{before}(x, name='p')")
    t = [0, 1] if loss.startswith("softmax") else [[0.0, 1.0], [1.0, 0.0]]
    (text,) = doubts(f"gl.{loss}({x}, t, name='E')", x=[[0.3, 2.0], [1.0, -1.0]], t=t)
    assert text.startswith(f"{loss} 'E': x comes from {before} 'p', but {loss} takes logits and ")
    assert text.endswith(expected)


@pytest.mark.parametrize(("p", "entry", "value"), [([[0.5, 1.25]], "p[0, 1]", "1.25"), ([-0.5, 1.0], "p[0]", "-0.5")])
def test_bce_of_no_probability_is_an_error(p, entry, value):
    with pytest.raises(DataError) as error:
        doubts("gl.bce(p, t, name='E')", p=p, t=np.ones_like(p))
    assert str(error.value) == (
        f"bce 'E': {entry} is {value} but a probability is from 0 to 1; "
        "for logits use bce_with_logits, or give sigmoid of them"
    )


def test_a_float32_in_an_error_has_as_many_digits_as_it_needs():
    for text, said in (("gl.bce(p, t)", "p[0] is 1.2 but"), ("gl.hinge(p, t)", "label 0.3 at t[0]"),
                       ("gl.pick(gl.reshape(p, shape=[1, 1]), t)", "index[0] is 0.3,")):  # fmt: skip
        with pytest.raises(DataError) as error:
            doubts(text, "float32", p=np.float32([1.2]), t=np.float32([0.3]))
        assert said in str(error.value)


def test_bce_that_clips_takes_any_p_and_a_bad_number_is_no_error():
    bound = "clip" if "clip" in gl.builder.ops.get("bce").attrs else "eps"
    assert doubts(f"gl.bce(p, t, {bound}=1e-3)", p=[1.5, -2.0], t=[1.0, 0.0]) == []
    assert doubts("gl.bce(p, t)", p=[np.nan, np.inf], t=[1.0, 0.0]) == []


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "bce", "bce_with_logits", "hinge"])
@pytest.mark.parametrize(
    ("x", "t", "remedy"),
    [
        ((5, 1), (5,), "{x} has an axis of length 1 too many: write reshape({x}, shape=[5]) for {x}"),
        ((4,), (4, 1), "t has an axis of length 1 too many: write reshape(t, shape=[4]) for t"),
        ((2, 3), (1, 2, 1, 3), "t has 2 axes of length 1 too many: write reshape(t, shape=[2, 3]) for t"),
        ((1, 7), (7, 1), "they differ in where the axes of length 1 stand: write reshape(t, shape=[1, 7]) for t"),
        ((), (1,), "t has an axis of length 1 too many: write reshape(t, shape=[]) for t"),
    ],
)
def test_targets_that_would_fit_but_for_an_axis(loss, x, t, remedy):
    g = gl.Graph()
    with pytest.raises(ShapeError) as error:
        getattr(gl, loss)(g.input("guess", np.full(x, 0.5)), g.input("t", np.ones(t)))
    assert str(error.value).endswith("; " + remedy.format(x="guess"))


def test_a_target_that_would_fit_is_called_by_its_name_or_where_it_has_none_by_its_slot():
    model = "graphlab: 1\ninputs: {{x: [[1, 2], [3, 5]], w: [[1], [2]], t: [0, 1]}}\nnodes: {{{}}}"
    for nodes, name in (("y: x @ w, L: 'mse(y, t)'", "y"), ("L: 'mse(x @ w, t)'", "x")):
        with pytest.raises(ShapeError, match=rf"{name} has an axis of length 1 too many: write reshape\({name}, shape"):
            gl.forward(gl.loads(model.format(nodes)))


@pytest.mark.parametrize("t", [(3,), (2, 3), ()])
def test_targets_that_do_not_fit_get_no_such_remedy(t):
    g = gl.Graph()
    with pytest.raises(ShapeError) as error:
        gl.mse(g.input("x", np.zeros((4, 1))), g.input("t", np.zeros(t)))
    assert "reshape" not in str(error.value)


def test_class_numbers_with_an_axis_too_many():
    g = gl.Graph()
    with pytest.raises(ShapeError, match=r"t has an axis of length 1 too many: write reshape\(t, shape=\[2\]\) for t"):
        gl.softmax_cross_entropy(g.input("x", np.zeros((2, 3))), g.input("t", np.zeros((2, 1), int)))


def test_a_changed_run_is_looked_at_as_a_fresh_one_is():
    g = gl.Graph()
    gl.bce(g.param("p", [0.5, 0.25]), g.input("t", [1.0, 0.0]), name="E")
    trace = gl.forward(g)
    assert whatif.with_value(trace, "p", [0.75, 0.25])["E"].value < trace["E"].value
    with pytest.raises(DataError, match=r"bce 'E': p\[1\] is 1.5 but a probability is from 0 to 1"):
        whatif.with_value(trace, "p", [0.5, 1.5])


@pytest.mark.parametrize(
    ("x", "ddof", "said", "judge"),
    [
        ([3.0], 1, "0 / 0, NaN", np.isnan),
        ([3.0, 5.0], 2, "divides by 0", np.isinf),
        ([3.0, 5.0], 1, None, np.isfinite),
    ],
)
def test_a_variance_of_too_few_says_what_it_is(x: list[float], ddof: int, said: str | None, judge: object) -> None:
    graph = gl.loads(f"graphlab: 1\nparams: {{x: {x}}}\nnodes: {{L: 'var(x, ddof={ddof})'}}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trace = gl.forward(graph)
    assert [str(one.message).count(said or "") for one in caught] == ([1] if said else [])
    assert judge(trace.loss)  # type: ignore[operator]
