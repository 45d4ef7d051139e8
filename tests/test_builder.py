"""gl.Graph: arithmetic on Refs, names, layers that make their parameters, and every refusal's text."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import DataError, LossError, ModelError, ShapeError, UsageError


@pytest.fixture
def g():
    return gl.Graph("g")


def value(g, ref, **options):
    return gl.forward(g, **options)[ref.name].value


def test_operators_are_ops(g):
    a, b = g.param("a", [[1.0, 2.0], [3.0, 4.0]]), g.param("b", [[0.5, 2.0], [1.0, -1.0]])
    x, y = a.graph.nodes["a"].attrs["value"], b.graph.nodes["b"].attrs["value"]
    cases = {
        "add": (a + b, x + y), "sub": (a - b, x - y), "mul": (a * b, x * y), "div": (a / b, x / y),
        "pow": (a**b, x**y), "matmul": (a @ b, x @ y), "neg": (-a, -x), "less": (a < b, x < y),
        "less_equal": (a <= b, x <= y), "greater": (a > b, x > y), "greater_equal": (a >= b, x >= y),
        "index": (a[0, :1], x[0, :1]),
    }  # fmt: skip
    for op, (ref, expected) in cases.items():
        assert g.nodes[ref.name].op == op
        assert value(g, ref).tolist() == expected.tolist()


def test_reflected_operators_keep_the_order(g):
    a = g.param("a", [2.0, 4.0])
    x = np.array([2.0, 4.0])
    left = np.array([1.0, 3.0])
    cases = [(1 - a, 1 - x), (1 / a, 1 / x), (2**a, 2**x), (3 + a, 3 + x), (3 * a, 3 * x),
             (left - a, left - x), (left @ a, left @ x), (left / a, left / x)]  # fmt: skip
    for ref, expected in cases:
        np.testing.assert_allclose(value(g, ref), expected, rtol=1e-15)


def test_indexing(g):
    a = g.param("a", np.arange(12.0).reshape(3, 4))
    x = np.arange(12.0).reshape(3, 4)
    for key in (0, -1, slice(1, 3), (slice(None), 0), (slice(None, None, 2), slice(1, None)), (1, -2)):
        assert value(g, a[key]).tolist() == x[key].tolist()


def test_numbers_stay_in_their_consumer_and_arrays_become_constants(g):
    x = g.param("x", [1.0, 2.0])
    y = gl.add(gl.mul(x, 2, name="y1"), [1.0, 1.0], name="y")
    assert g.nodes["y1"].inputs == ("x", 2)
    assert g.nodes["y"].inputs == ("y1", "y#1")
    assert g.nodes["y#1"].op == "constant"
    assert value(g, y).tolist() == [3.0, 5.0]


def test_scopes_and_automatic_names(g):
    x = g.input("x", [[1.0, 2.0]])
    with g.scope("block"):
        a = gl.relu(gl.affine(x, units=3))
        with g.scope("inner"):
            b = gl.relu(a, name="act")
            c = gl.relu(b)
    d = gl.relu(c)
    e = gl.relu(d)
    assert [r.name for r in (a, b, c, d, e)] == [
        "block.relu1",
        "block.inner.act",
        "block.inner.relu1",
        "relu1",
        "relu2",
    ]
    assert set(g.nodes) >= {"block.affine1", "block.affine1.W", "block.affine1.b"}
    graph = g.freeze()
    assert graph["block.affine1.W"].scope == "block"
    assert graph["block.inner.act"].scope == "block.inner"


def test_an_automatic_name_avoids_taken_ones(g):
    x = g.param("x", 1.0)
    gl.sin(x, name="sin1")
    assert gl.sin(x).name == "sin2"


def test_a_scope_is_left_after_an_error(g):
    with pytest.raises(ValueError, match="stop"), g.scope("a"):
        raise ValueError("stop")
    assert g.param("x", 1.0).name == "x"


def test_layers_make_their_parameters(g):
    x = g.input("x", shape=(5, 3), init="normal")
    fc = gl.affine(x, units=4, init="xavier", name="fc")
    bn = gl.batchnorm(fc, name="bn")
    table = gl.embedding(g.input("i", np.array([1, 0])), vocab=7, units=2, name="emb")
    shapes = {n.name: n.attrs["shape"] for n in g.freeze().nodes if n.is_leaf}
    assert shapes["fc.W"] == (3, 4)
    assert shapes["emb.W"] == (7, 2)
    roles = {name: g.nodes[name].op for name in ("bn.gamma", "bn.beta", "bn.running_mean", "bn.running_var")}
    assert roles == {"bn.gamma": "param", "bn.beta": "param", "bn.running_mean": "state", "bn.running_var": "state"}
    state = g.freeze().initial_state()
    assert (state["bn.gamma"] == 1).all()
    assert (state["bn.running_mean"] == 0).all()
    assert (np.abs(state["fc.W"]) <= np.sqrt(6 / 7)).all()
    assert (bn.shape, table.shape, bn.dtype) == ((5, 4), (2, 2), "float64")


def test_values_take_the_graphs_dtype_but_whole_arrays_stay_whole(g):
    assert g.input("a", [1, 2]).dtype == "float64"
    assert g.input("b", np.array([1, 2])).dtype == "int64"
    assert g.input("c", np.array([1, 2], dtype=np.uint8)).dtype == "int64"
    assert g.input("d", np.array([True])).dtype == "bool"
    assert g.input("e", np.array([1.0], dtype=np.float32)).dtype == "float64"
    assert g.input("f", [0, 1], dtype="int32").dtype == "int32"
    assert gl.Graph(dtype="float32").param("p", np.array([1.0])).dtype == "float32"


def test_freeze_is_a_snapshot(g):
    x = g.param("x", 1.0)
    gl.sin(x)
    before = g.freeze()
    gl.cos(x)
    assert len(before) == 2
    assert len(g.freeze()) == 3


def refused(error, message, make):
    with pytest.raises(error) as raised:
        make()
    assert type(raised.value) is error
    assert str(raised.value) == message


def test_refusals(g):
    x = g.input("x", [[1.0, 2.0]])
    W = g.param("W", [[1.0], [2.0], [3.0]])
    other = gl.Graph().param("x", 1.0)
    cases = [
        (ModelError, "unknown op 'relo' (did you mean 'relu'?); `graphlab ops` lists them all",
         lambda: g.op("relo", x)),
        (ModelError, "relu 'relu1': relu takes 1 input (x) but has 2", lambda: gl.relu(x, x)),
        (ModelError, "elu 'elu1': elu has no attribute 'alfa' (did you mean 'alpha'?); it takes: alpha",
         lambda: gl.elu(x, alfa=1.0)),
        (ModelError, "elu 'elu1': attribute 'alpha' is 'big' but must be a number",
         lambda: gl.elu(x, alpha="big")),
        (ModelError, "'x' is defined twice; every node needs its own name", lambda: g.param("x", 1.0)),
        (ModelError, "'p' needs a value or a shape", lambda: g.param("p")),
        (ModelError, "'p' has both a value and an initialiser; give one of them", lambda: g.param("p", 1.0, init="he")),
        (ModelError, "'p': shape is [2, -1] but must be whole numbers, 0 or more", lambda: g.param("p", shape=(2, -1))),
        (ModelError, "unknown initialiser 'hee' (did you mean 'he'?); there are: "
         "zeros, ones, normal, uniform, xavier, he",
         lambda: g.param("p", shape=(2,), init="hee")),
        (ModelError, "unknown dtype 'float16' (did you mean 'float64'?); there are: "
         "float64, float32, int64, int32, bool",
         lambda: g.input("p", [1.0], dtype="float16")),
        (ModelError, "dtype is 'int64' but must be float64 or float32", lambda: gl.Graph(dtype="int64")),
        (ModelError, "seed is -1 but must be a whole number, 0 or more", lambda: gl.Graph(seed=-1)),
        (ModelError, "'a\\n' cannot be a name: it is empty, has over 500 characters, or a "
         "control character or a backquote",
         lambda: g.param("a\n", 1.0)),
        (ModelError, "affine 'affine1': a size is 0 but must be 1 or more", lambda: gl.affine(x, units=0)),
        (ModelError, "an index is a whole number, a slice such as 1:3, or range(n) and a node, x[range(3), t], not 1.5"
         "; gl.gather takes entries along an axis", lambda: x[1.5]),
        (DataError, "'p': the rows of the value have different lengths; make them equal",
         lambda: g.param("p", [[1.0], [1.0, 2.0]])),
        (DataError, "'p' is not a number or a nested list of numbers", lambda: g.param("p", "abc")),
        (DataError, "'p' has numbers that are not whole, but its dtype is int64",
         lambda: g.input("p", [0.5], dtype="int64")),
        (DataError, "'p': 1099511627776 at [0] is outside int32's range, -2147483648 … 2147483647",
         lambda: g.input("p", [2**40], dtype="int32")),
        (ShapeError, "matmul 'y': a is (N=1, D=2) but b is (D=3, M=1); D must agree",
         lambda: gl.matmul(x, W, name="y")),
        (ShapeError, "add 'z': a is (1, 2) but b is (3, 1, 3); axis -1 is 2 and 3, which do not broadcast",
         lambda: gl.add(x, np.zeros((3, 1, 3)), name="z")),
        (LossError, "the gradient for 'x' is (2,) but the node is (1, 2); they must have the same shape",
         lambda: g.backward_from(x, [1.0, 2.0])),
        (UsageError, "relu needs a node of a graph among its inputs", lambda: gl.relu(1.0)),
        (UsageError, "node 'x' has no value while the graph is built; use gl.where", lambda: bool(x)),
    ]  # fmt: skip
    for error, message, make in cases:
        refused(error, message, make)
    with pytest.raises(ModelError, match="is not a node of this graph"):
        gl.add(x, other)


def test_a_refused_node_is_not_half_there(g):
    """A layer that is refused leaves neither its parameters nor its constants behind."""
    x = g.input("x", [[1.0, 2.0]])
    before = set(g.nodes)
    for make in (
        lambda: gl.affine(x, units=3, init="hee", name="fc"),
        lambda: gl.add(x, [1.0, 2.0, 3.0], name="y"),
        lambda: gl.affine(x, units=2, name="bad`name"),
    ):
        with pytest.raises(ModelError):
            make()
    assert set(g.nodes) == before


def test_equality_is_a_node_and_a_ref_is_still_a_key(g):
    x = g.param("x", [3.0, 1.0])
    same = [x == 3, x == [3.0, 2.0], np.array([3.0, 2.0]) == x, np.float64(3) == x, x == x]  # noqa: PLR0124
    other = [x != 3, np.array([3.0, 2.0]) != x]
    assert [g.nodes[r.name].op for r in same + other] == ["equal"] * 5 + ["not_equal"] * 2
    assert value(g, gl.where(same[0], 10.0, 20.0)).tolist() == [10.0, 20.0]
    assert value(g, other[0]).tolist() == [False, True]
    assert {x: "kept"}[x] == "kept"
    before = len(g.nodes)
    assert (x == None, x != None, x == "x") == (False, True, False)  # noqa: E711
    assert len(g.nodes) == before
    with pytest.raises(UsageError, match=r"has no value while the graph is built; use gl\.where"):
        assert x in [same[0]]


def test_a_ref_is_gone_through_along_its_first_axis(g):
    x = g.param("x", [[1.0, 2.0], [3.0, 4.0]])
    before = len(g.nodes)
    a, b = x
    assert (len(x), len(g.nodes) - before) == (2, 2)
    assert (value(g, a).tolist(), value(g, b).tolist()) == ([1.0, 2.0], [3.0, 4.0])
    assert list(g.param("none", np.zeros((0, 2)))) == []
    scalar = g.param("s", 1.0)
    message = "node 's' is a scalar: it has no length and nothing to go through"
    nodes = set(g.nodes)
    refused(ShapeError, message, lambda: list(scalar))
    refused(ShapeError, message, lambda: len(scalar))
    assert set(g.nodes) == nodes


def test_a_ref_is_not_taken_for_numbers(g):
    """numpy would go through it, element by element, and leave as many nodes behind."""
    x = g.param("x", [1.0, 2.0])
    nodes = set(g.nodes)
    message = "node 'x' has no value while the graph is built; gl.stack joins nodes"
    refused(UsageError, message, lambda: g.param("p", x))
    refused(UsageError, message, lambda: np.asarray([x, x]))
    refused(UsageError, "add 'add1': " + message, lambda: gl.add(x, [x, x]))
    assert set(g.nodes) == nodes


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda x: x + 10**30,
            "add 'add1': 'b' has an integer that does not fit in 64 bits; write a smaller one, or a float such as 1e20",
        ),
        (lambda x: x + None, "add 'add1': 'b' is not a number or a nested list of numbers"),
        (lambda x: 1j + x, "add 'add1': 'a' is not a number or a nested list of numbers"),
        (lambda x: gl.stack(x, "a"), "stack 'stack1': 'xs1' is not a number or a nested list of numbers"),
        (lambda x: gl.relu(x, "a"), "relu 'relu1': 'input 2' is not a number or a nested list of numbers"),
        (lambda x: x + np.ma.array([1.0, 2.0], mask=[True, False]),
         "add 'add1': 'b' is a masked array, whose mask would be lost; give its filled(…) values"),
    ],
)  # fmt: skip
def test_an_input_that_is_no_number_is_named(g, make, message):
    x = g.param("x", [1.0, 2.0])
    refused(DataError, message, lambda: make(x))


def test_an_ops_name_heads_its_error_once(g):
    x = g.param("x", [1.0, 2.0])
    refused(
        ModelError,
        "dropout 'd': rate is 2 but must be at least 0 and below 1; it is the share that is dropped",
        lambda: gl.dropout(x, rate=2, name="d"),
    )
    whole = g.input("n", np.array([2, 3]))
    gl.pow(whole, g.input("k", np.array([-1, 2])), name="y")
    with pytest.raises(gl.GraphlabError, match=r"^pow 'y': a whole number to a negative power"):
        gl.forward(g)


def test_one_is_singular(g):
    x = g.param("x", [1.0, 2.0])
    refused(ShapeError, "sum 'sum1': axis 1 does not exist: x has 1 axis", lambda: gl.sum(x, axis=1))
    refused(ShapeError, "index 'index1': [0, 0] has 2 indices but x, shape (2,), has 1 axis", lambda: x[0, 0])


def test_a_refused_node_uses_up_no_name(g):
    x = g.param("x", [1.0, 2.0])
    assert (x + 1).name == "add1"
    with pytest.raises(ShapeError):
        gl.add(x, [1.0, 2.0, 3.0])
    assert (x + 1).name == "add2"


def test_a_hash_in_a_name_keeps_its_scope(g):
    with g.scope("s"):
        assert g.param("a#1", 1.0).name == "s.a#1"
        assert gl.add(g.param("x", [1.0, 2.0]), [1.0, 2.0]).name == "s.add1"
    assert "s.add1#1" in g.nodes


@pytest.mark.parametrize(
    ("attr", "said"),
    [
        ("T", "that is gl.transpose"), ("mean", "that is gl.mean"), ("mm", "that is gl.matmul"),
        ("detach", "that is gl.stop_gradient"), ("grad", "trace[name].grad"), ("value", "trace[name].value"),
        ("item", "trace[name].value"), ("backward", "trace = gl.backward(gl.forward(graph))"),
    ],
)  # fmt: skip
def test_what_a_tensor_has_elsewhere_is_told_its_name_here(attr: str, said: str) -> None:
    x = gl.Graph().input("x", [[1.0, 2.0]])
    with pytest.raises(AttributeError) as caught:
        getattr(x, attr)
    assert f"a node of a graph has no '{attr}'" in str(caught.value) and said in str(caught.value)
    assert not hasattr(x, "_repr_html_")
    assert getattr(x, "quux", None) is None


def test_a_node_itself_where_its_name_is_wanted() -> None:
    g = gl.Graph()
    x = g.input("x", [1.0, 2.0])
    gl.sum(x * x)
    trace = gl.backward(gl.forward(g))
    for call in (lambda: trace[x], lambda: gl.why(trace, x)):
        with pytest.raises(gl.GraphlabError, match=r"expected a node's name but found Ref; write 'x'"):
            call()
    with pytest.raises(gl.GraphlabError, match=r"expected a node's name but found int$"):
        trace[1]


def test_abs_of_a_node_is_the_op() -> None:
    g = gl.Graph()
    gl.sum(abs(g.input("x", [3.0, -4.0]) - 1))
    assert gl.forward(g).loss == 7
