"""gather and picking one entry of each row: as numpy has them, with indices that repeat, count back or do not fit."""

import numpy as np
import pytest
from judge import call, infer, pull, upstream_like

import graphlab as gl
from graphlab.engine.expand import expand
from graphlab.errors import DataError, ModelError, ShapeError

RNG = np.random.default_rng(17)
X = RNG.normal(size=(3, 4, 2))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_gather_is_take_along_axis(axis):
    shape = list(X.shape)
    shape[axis] = 5
    index = RNG.integers(-X.shape[axis], X.shape[axis], size=shape)
    np.testing.assert_array_equal(call("gather", X, index, axis=axis), np.take_along_axis(X, index, axis))


def test_an_entry_that_is_named_twice_collects_both_gradients():
    index = np.array([[0, 0, 3, 0]])
    g = np.array([[1.0, 2.0, 4.0, 8.0]])
    assert pull("gather", np.ones((2, 4)), index, axis=1, g=g)[0].tolist() == [[11.0, 0, 0, 4.0], [0, 0, 0, 0]]
    assert pull("gather", np.ones((2, 4)), index, axis=1, g=g)[1] is None


def test_gather_of_an_empty_index():
    assert call("gather", X, np.zeros((3, 0, 2), int), axis=1).shape == (3, 0, 2)
    assert not pull("gather", X, np.zeros((3, 0, 2), int), axis=1)[0].any()


@pytest.mark.parametrize("index", [[1, 3, 0], [-1, 0, -4], [2.0, 2.0, 1.0]])
def test_picking_is_integer_indexing(index):
    whole = np.array(index).astype(int)
    np.testing.assert_array_equal(call("pick", X, np.array(index)), X[range(3), whole])
    np.testing.assert_array_equal(call("pick", X[..., 0], np.array(index[:2]), n=2), X[range(2), whole[:2], 0])
    g = upstream_like(X[:, 0])
    sent = pull("pick", X, np.array(index), g=g)[0]
    np.testing.assert_array_equal(sent[range(3), whole], g)
    assert np.count_nonzero(sent) == g.size


@pytest.mark.parametrize(
    ("name", "x", "index", "attrs", "message"),
    [
        ("pick", (3, 4), [1, 4, 0], {},
         "index[1] is 4, but axis 1 of x has size 4: indices are 0 … 3, or −4 … −1 from its end; correct it"),
        ("pick", (3, 4), [1, 1, 0.5], {}, "index[2] is 0.5, which is no whole number; an index counts along axis 1"),
        ("pick", (2, 4), [1, np.nan], {}, "index[1] is nan, which is no whole number; an index counts along axis 1"),
        ("gather", (3, 4), [[0, 1], [2, -4]], {"axis": 0},
         "index[1, 1] is -4, but axis 0 of x has size 3: indices are 0 … 2, or −3 … −1 from its end; correct it"),
    ],
)  # fmt: skip
def test_an_index_out_of_range_is_named(name, x, index, attrs, message):
    with pytest.raises(DataError) as caught:
        call(name, np.ones(x), np.array(index), **attrs)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "shapes", "attrs", "message"),
    [
        ("gather", ((3, 4), (3,)), {"axis": 0},
         "x is (3, 4) but index is (3,); both need the same number of axes, one or more (reshape adds an axis)"),
        ("gather", ((), ()), {"axis": 0},
         "x is () but index is (); both need the same number of axes, one or more (reshape adds an axis)"),
        ("gather", ((3, 4), (4, 2)), {"axis": 1},
         "x is (3, 4) but index is (4, 2); along axis 0 index may not be longer than x"),
        ("gather", ((3, 4), (3, 2)), {"axis": 2}, "axis 2 does not exist: x has 2 axes"),
        ("pick", ((3,), (3,)), {}, "x has 1 axis, shape (3,), but needs rows and columns: two axes or more"),
        ("pick", ((3, 4), (3,)), {"n": 4}, "range(4) names 4 rows but x, shape (3, 4), has 3; write range(3)"),
        ("pick", ((3, 4), (2,)), {},
         "index is (2,) but must be (3,), one column for each row; for other shapes there is gather"),
        ("pick", ((3, 4), ()), {"n": 3},
         "index is () but must be (3,), one column for each row; for other shapes there is gather"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(name, shapes, attrs, message):
    with pytest.raises(ShapeError) as caught:
        infer(name, *shapes, **attrs)
    assert str(caught.value) == message


MODEL = "graphlab: 1\ninputs:\n  y: [2, 0]\nparams:\n  p: [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]\nnodes:\n  L: "


def test_picking_as_it_is_written():
    graph = gl.loads(f'{MODEL}"-mean(log(p[range(2), y]))"\n')
    trace = gl.backward(gl.forward(graph))
    assert trace.loss == pytest.approx(-(np.log(0.5) + np.log(0.6)) / 2)
    np.testing.assert_allclose(trace["p"].grad, [[0, 0, -1.0], [-1 / 1.2, 0, 0]])
    assert "  L: -mean(log(p[range(2), y]))\n" in gl.dumps(graph)
    assert gl.dumps(gl.loads(gl.dumps(graph))) == gl.dumps(graph)
    assert gl.check_gradients(graph).ok


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sum((p * 2)[range(2), y])", "sum(pick(p * 2, y))"),
        ("sum(p[range(2), [2, 0]])", "sum(pick(p, y))"),
        ("sum(p[range(2), 2 - y])", "sum(pick(p, 2 - y))"),
        ("sum(p[range(1), y[0:1]])", "p[0, 2]"),
        ("sum(transpose(p)[range(2), y * 0.5])", "p[1, 0] + p[0, 1]"),
    ],
)
def test_what_stands_in_the_brackets_may_be_any_expression(text, same):
    values = [float(gl.forward(gl.loads(f'{MODEL}"{one}"\n'))["L"].value) for one in (text, same)]
    assert values[0] == pytest.approx(values[1], rel=1e-15)
    written = gl.dumps(gl.loads(f'{MODEL}"{text}"\n'))
    assert gl.dumps(gl.loads(written)) == written


HINT = (
    "y in an index is a node; write x[range(3), y] for one entry of each row, "
    "gather(x, y, axis=…) for entries along an axis, or embedding(y, x) for rows of x"
)
RANGE = "range needs the number of rows: x[range(3), t]; for any number of rows write pick(x, t)"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("sum(p[y])", 13, HINT),
        ("sum(p[0:2, y])", 18, HINT),
        ("sum(p[:, `y`])", 16, HINT),
        ("sum(p[range(n), y])", 19, RANGE),
        ("sum(p[range(1.5), y])", 19, "an index is a whole number, not 1.5"),
        ("sum(p[range(len(y)), y])", 19, RANGE),
        ("sum(p[range(), y])", 19, RANGE),
        ("sum(p[range(2)])", 21, "range in an index stands before a node, x[range(3), t]; for rows write x[0:3]"),
        ("sum(p[range(2), y, 0])", 24, "expected ']' but found ','"),
    ],
)  # fmt: skip
def test_other_indices_get_the_way_to_write_them(text, column, message):
    with pytest.raises(ModelError) as caught:
        gl.loads(f'{MODEL}"{text}"\n', path="m.yaml")
    assert str(caught.value) == f"m.yaml:7:{column}: {message}"


def test_picking_in_python():
    g = gl.Graph()
    p, y = g.param("p", [[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]), g.input("y", np.array([1, 0, 1]))
    picked = [
        p[range(3), y],
        p[range(3), [1, 0, 1]],
        p[range(3), np.array([1, 0, 1])],
        p[range(2), y[:2]],
        gl.pick(p, y),
    ]
    assert [ref.shape for ref in picked] == [(3,), (3,), (3,), (2,), (3,)]
    trace = gl.forward(g, {})
    for ref in picked:
        np.testing.assert_array_equal(trace[ref.name].value, [0.8, 0.6, 0.5][: ref.shape[0]])
    for bad in (y, (slice(None), y), (range(1, 3), y), (range(3), y, 0), 1.5):
        with pytest.raises(ModelError, match=r"x\[range\(3\), t\]"):
            p[bad]


def test_picking_unfolds_into_a_gather():
    graph = expand(gl.loads(f'{MODEL}"sum(p[range(2), y])"\n'), ["L#1"])
    assert [n.op for n in graph.nodes if n.name.startswith("L#1")] == ["reshape", "gather", "reshape"]
    assert gl.forward(graph).loss == pytest.approx(1.1)


def test_padding_has_no_gradient_and_starts_at_0_where_the_layer_makes_its_table():
    g = gl.Graph(seed=4)
    ids = g.input("ids", np.array([[1, 3, 0], [3, 3, 1]]))
    g.loss(gl.sum(gl.square(gl.embedding(ids, vocab=4, units=2, padding_idx=3, name="e")), name="L"))
    trace = gl.backward(gl.forward(g))
    table = trace["e.W"].value
    assert not table[3].any() and table[:3].all()
    assert gl.forward(gl.loads(gl.dumps(g)))["e.W"].value.tobytes() == table.tobytes()
    plain = gl.Graph(seed=4)
    gl.embedding(plain.input("ids", [0]), vocab=4, units=2, name="e")
    np.testing.assert_array_equal(plain.freeze().initial_state()["e.W"][:3], table[:3])
    moved = gl.backward(gl.forward(g, state={"e.W": table + 1.0}))
    assert not moved["e.W"].grad[3].any() and moved["e.W"].grad[:2].all()
    report = gl.check_gradients(g, state={"e.W": table + 1.0})
    assert report.ok and {c.status for c in report.of("e.W") + report.of("e") if c.slot != "index"} == {"ok"}


@pytest.mark.parametrize(("padding", "vocab"), [(4, 4), (-5, 4)])
def test_a_padding_row_that_is_not_there(padding, vocab):
    g = gl.Graph()
    ids = g.input("ids", np.array([0, 1]))
    for inputs, sizes in (((ids, np.ones((vocab, 2))), {}), ((ids,), {"vocab": vocab, "units": 2})):
        message = f"padding_idx is {padding}, but W has rows 0 to 3; name one of them"
        with pytest.raises(ModelError, match=message):
            gl.embedding(*inputs, padding_idx=padding, **sizes)


@pytest.mark.parametrize("row", [2, -3, 0.5, True])
def test_a_zero_row_is_a_row(row):
    with pytest.raises(ModelError, match=r"zero_row is .* but must be one of 2 rows, counted from 0"):
        gl.Graph().param("W", shape=(2, 3), init="normal", zero_row=row)
