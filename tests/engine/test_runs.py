"""Runs: memory, dtypes, modes, feeds and states, sizes, and random graphs against differences."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from small_graphs import mixed, run, same_sum

import graphlab as gl
from graphlab.engine.autodiff import bytes_text
from graphlab.errors import DataError, MemoryLimitError, ModelError, ShapeError, TraceError, UsageError
from graphlab.ops import REGISTRY, Context, check_attrs


def test_memory_is_estimated_before_anything_is_allocated():
    g = gl.Graph()
    x = g.input("x", shape=(10**6, 10**6))
    gl.sum(gl.exp(x), name="y")
    with pytest.raises(MemoryLimitError) as error:
        gl.forward(g)
    assert str(error.value) == (
        "input 'x': the values and gradients need about 32 TB but 4 GB are allowed; the largest is "
        "(1000000, 1000000). Make it smaller, or raise the limit with --max-memory (max_memory= in Python)"
    )  # fmt: skip


def test_the_memory_limit_is_what_a_run_keeps():
    g = gl.Graph()
    gl.sum(gl.exp(g.param("x", np.zeros(1000))), name="y")
    need = gl.plan(g).nbytes
    assert need == 2 * 8 * (1000 + 1000 + 1)
    gl.forward(g, max_memory=need)
    with pytest.raises(MemoryLimitError):
        gl.forward(g, max_memory=need - 1)


SIZES = {
    0: "0 B",
    999: "999 B",
    1000: "1 kB",
    999_999: "1 MB",
    123_456_789: "123 MB",
    4 * 10**9: "4 GB",
    5 * 10**16: "50000 TB",
}


@pytest.mark.parametrize(("count", "text"), SIZES.items())
def test_sizes_are_readable(count, text):
    assert bytes_text(count) == text


def test_float32_stays_float32():
    trace = run(mixed("float32"))
    floats = [r for r in trace if r.name != "t"]
    assert {r.dtype for r in floats} == {"float32"}
    for record in floats:
        assert record.value.dtype == np.float32, record
        assert record.grad is None or record.grad.dtype == np.float32, record
        assert all(c.value.dtype == np.float32 for c in record.contributions), record


def test_a_state_in_another_dtype_is_converted():
    g = mixed("float32")
    wide = {name: array.astype(np.float64) for name, array in g.freeze().initial_state().items()}
    given = run(g, state=gl.State(wide))
    assert all(r.value.dtype == np.float32 for r in given if r.name != "t")
    assert given["total" if "total" in given.graph else given.graph.target].value == run(g)[given.graph.target].value


def test_planned_dtypes_and_shapes_are_what_comes_out():
    for dtype in ("float64", "float32"):
        for mode in ("train", "eval"):
            trace = run(mixed(dtype), mode=mode)
            for record in trace:
                assert (record.value.shape, record.value.dtype.name) == (record.shape, record.dtype)
                assert record.grad is None or record.grad.shape == record.shape


def test_modes_and_updates():
    g = mixed()
    train, evaluated = run(g), run(g, mode="eval")
    assert train["hidden.bn"].value.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-12)
    assert evaluated["hidden.drop"].value.tolist() == evaluated["hidden.act"].value.tolist()
    assert train["hidden.drop"].value.tolist() != train["hidden.act"].value.tolist()
    assert set(train.updates) == {"hidden.bn.running_mean", "hidden.bn.running_var"}
    np.testing.assert_allclose(
        train.updates["hidden.bn.running_mean"], 0.1 * train["hidden.fc"].value.mean(axis=0), rtol=1e-12
    )
    assert evaluated.updates == {}
    assert train["hidden.bn.running_mean"].value.tolist() == [0.0] * 5
    later = run(g, state=train.state.replace(train.updates), mode="eval")
    assert later["hidden.bn"].value.tolist() != evaluated["hidden.bn"].value.tolist()
    with pytest.raises(ModelError) as error:
        gl.forward(g, mode="test")
    assert str(error.value) == "mode is 'test' but must be train or eval"


def test_random_masks_are_by_name_seed_and_iteration():
    def mask(g, **options):
        return (gl.forward(g, **options)["hidden.drop"].value != 0).tolist()

    g = mixed()
    assert mask(g) == mask(mixed())
    more = mixed()
    gl.dropout(gl.Ref(more, "x"), rate=0.5, name="another")
    assert mask(more) == mask(g)
    assert mask(g, iteration=1) != mask(g)
    assert mask(mixed(seed=1)) != mask(g)


def test_the_same_bytes_twice():
    first, second = run(mixed()), run(mixed())
    for a, b in zip(first, second, strict=True):
        assert a.value.tobytes() == b.value.tobytes()
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or a.grad.tobytes() == b.grad.tobytes()


def test_feeds_of_another_size():
    g = mixed()
    graph = g.freeze()
    x = np.random.default_rng(2).normal(size=(7, 3))
    trace = run(graph, {"x": x, "t": np.arange(7) % 3})
    assert trace["hidden.fc"].value.shape == (7, 5)
    assert trace["x"].grad.shape == (7, 3)
    assert run(graph)["x"].grad.shape == (4, 3)
    assert len(graph.plans) == 2
    run(graph, {"x": x, "t": np.arange(7) % 3})
    assert len(graph.plans) == 2


@pytest.mark.parametrize(
    ("feeds", "error", "message"),
    [
        ({"y": 1.0}, DataError, "there is no input 'y'; the inputs are: x, t"),
        ({"hidden.fc.W": 1.0}, DataError, "there is no input 'hidden.fc.W'; the inputs are: x, t"),
        ({"x": [[1.0], [2.0, 3.0]]}, DataError,
         "the value fed to 'x' is not a number or a regular array of numbers"),
        ({"x": [["a", "b", "c"]]}, DataError, "the value fed to 'x' is not a number or a regular array of numbers"),
        ({"t": [0.5, 1, 1, 1]}, DataError, "'t' has numbers that are not whole, but its dtype is int64"),
        ({"x": np.zeros((4, 2))}, ShapeError,
         "affine 'hidden.fc': x is (N=4, D=2) but W is (D=3, M=5); D must agree"),
        ({"t": [0, 1, 2, 3]}, DataError, None),
    ],
)  # fmt: skip
def test_feeds_that_do_not_fit(feeds, error, message):
    with pytest.raises(error) as raised:
        gl.forward(mixed(), feeds)
    if message is None:
        assert str(raised.value).startswith("softmax_cross_entropy 'softmax_cross_entropy1': ")
        assert "3" in str(raised.value)
    else:
        assert str(raised.value) == message


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({"nothing": 1.0}, DataError, "the state has no array 'nothing'"),
        ({"out.WW": 1.0}, DataError, "the state has no array 'out.WW' (did you mean 'out.W'?)"),
        ({"out.b": np.zeros(4)}, ShapeError, "the state's 'out.b' is (4,) but the model's is (3,)"),
        (gl.State({}), DataError, "the state has no array for 'out.W'"),
    ],
)
def test_states_that_do_not_fit(state, error, message):
    with pytest.raises(error) as raised:
        gl.forward(mixed(), state=state)
    assert str(raised.value) == message


def test_the_callers_arrays_are_neither_kept_nor_changed():
    fed, value, given = np.ones((4, 3)), np.full((3, 2), 2.0), np.full((3, 2), 5.0)
    g = gl.Graph()
    gl.sum(gl.relu(g.input("x", np.zeros((4, 3))) @ g.param("W", value)) * 2.0, name="loss")
    trace = run(g, {"x": fed}, state={"W": given})
    before = {r.name: r.value.copy() for r in trace}
    fed[:] = 9.0
    value[:] = 9.0
    given[:] = 9.0
    assert all((r.value == before[r.name]).all() for r in trace)
    assert g.freeze().initial_state()["W"].tolist() == [[2.0, 2.0]] * 3
    assert trace["W"].value.tolist() == [[5.0, 5.0]] * 3


def test_what_a_trace_shows_cannot_be_written_to():
    trace = run(mixed())
    arrays = [a for r in trace for a in (r.value, r.grad, *(c.value for c in r.contributions)) if a is not None]
    arrays += [a for step in trace.steps for a in (step.value, step.upstream) if a is not None]
    assert len(arrays) > 50
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_no_vjp_writes_into_its_cotangent():
    for op in REGISTRY.values():
        if op.family == "leaf" or op.result == "bool":
            continue
        primals, attrs = op.example(np.random.default_rng(3))
        attrs = check_attrs(op, attrs)
        context = Context("train", np.random.default_rng(0))
        value, kept = op.forward(context, *primals, **attrs)
        g = np.random.default_rng(5).normal(size=np.shape(value))
        before = g.copy()
        op.vjp(context, g, primals, value, kept, **attrs)
        assert (g == before).all(), op.name


def test_a_trace_file_that_left_values_out_cannot_go_backward(tmp_path):
    g = gl.Graph()
    gl.sum(gl.exp(g.param("x", np.ones(20)), name="y"), name="loss")
    trace = gl.forward(g)
    trace.save(tmp_path / "short.json", max_elements=5)
    trace.save(tmp_path / "whole.npz")
    with pytest.raises(TraceError) as error:
        gl.backward(gl.load_trace(tmp_path / "short.json"))
    assert str(error.value) == (
        "this trace was read from a file that left out large arrays, such as the value of 'x'; a .npz file keeps them "
        "all, or run the model again"
    )
    again = gl.backward(gl.load_trace(tmp_path / "whole.npz"))
    assert again["x"].grad.tolist() == run(g)["x"].grad.tolist()


def test_nan_and_inf_are_data():
    g = gl.Graph()
    gl.sum(gl.log(g.param("x", [-1.0, 0.0, 1.0]), name="log"), name="loss")
    trace = run(g)
    assert np.isnan(trace["log"].value[0])
    assert trace["log"].value[1] == -np.inf
    assert np.isposinf(trace["x"].grad[1])


def chain(length, op=lambda h: h * 1.0001 + 0.001):
    g = gl.Graph("chain")
    h = g.param("x", 0.5)
    for _ in range(length):
        h = op(h)
    return g


def test_a_chain_of_a_hundred_thousand_nodes():
    trace = run(chain(50_000))
    assert len(trace.graph) == 100_001
    assert float(trace["x"].grad) == pytest.approx(1.0001**50_000, rel=1e-9)
    assert len(trace.steps) == 200_000
    assert trace.steps[0].node == "mul1"
    assert trace.steps[-1].node == "mul1"
    assert sum(1 for record in trace if record.grad is not None) == 100_001


@pytest.mark.parametrize("left", [True, False])
def test_deep_trees(left):
    g = gl.Graph()
    leaves = [g.param(f"x{i}", 1.0) for i in range(3_000)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf if left else leaf + total
    trace = run(g)
    assert float(trace[total.name].value) == 3_000
    assert {float(trace[leaf.name].grad) for leaf in leaves} == {1.0}


def test_a_wide_fan_out():
    g = gl.Graph()
    x = g.param("x", 0.5)
    gl.sum(gl.stack(*[x * float(i) for i in range(10_000)], axis=0), name="loss")
    trace = run(g)
    assert len(trace["x"].contributions) == 10_000
    assert float(trace["x"].grad) == sum(range(10_000))


UNARY = ["exp", "sin", "tanh", "sigmoid", "square", "softplus", "neg", "relu", "abs"]
BINARY = ["add", "sub", "mul", "maximum", "minimum"]
SHAPES = [(), (3,), (1, 3), (2, 1), (2, 3)]


@st.composite
def graphs(draw):
    """A random graph of elementwise ops, reductions and broadcasts, its nodes used any number of times."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    g = gl.Graph()
    nodes = [
        g.param(f"p{i}", rng.uniform(-1, 1, draw(st.sampled_from(SHAPES)))) for i in range(draw(st.integers(1, 4)))
    ]
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["unary", "binary", "reduce", "scaled"]))
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        if kind == "unary":
            nodes.append(g.op(draw(st.sampled_from(UNARY)), a))
        elif kind == "binary":
            nodes.append(g.op(draw(st.sampled_from(BINARY)), a, b))
        elif kind == "reduce" and a.shape:
            nodes.append(gl.mean(a, axis=0, keepdims=draw(st.booleans())))
        else:
            nodes.append(a * draw(st.sampled_from([0.5, -2.0, 3])))
    total = gl.mean(nodes[-1])
    for node in nodes[:-1]:
        total = total + gl.mean(node) * 0.25
    g.loss(total)
    return g


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_random_graphs_agree_with_differences(g):
    report = gl.check_gradients(g, budget=1.0)
    assert report.ok, report.wrong
    trace = run(g)
    for record in trace:
        assert record.grad is not None
        assert record.grad.shape == record.shape
        terms = [c.value for c in record.contributions]
        assert not terms or same_sum(terms, record.grad)


def test_errors_tell_the_node_and_its_place_in_the_file():
    graph = gl.loads("graphlab: 1\ninputs: {x: [1, 2]}\nnodes:\n  y: sum(x @ x * x)\n")
    with pytest.raises(ShapeError) as error:
        gl.forward(graph, {"x": [[1.0, 2.0]]})
    assert str(error.value) == "<text>:4:12: matmul 'y#1': a is (N=1, D=2) but b is (D=1, M=2); D must agree"


@pytest.mark.parametrize("iteration", [-1, 1.5, True, "1", None])
def test_an_iteration_is_a_whole_number(iteration):
    g = gl.Graph()
    gl.exp(g.param("x", 1.0))
    with pytest.raises(UsageError, match=r"iteration is .* but must be a whole number, 0 or more"):
        gl.forward(g, iteration=iteration)
    assert gl.forward(g, iteration=np.int64(3)).iteration == 3


def test_what_is_fed_is_by_name_and_has_no_mask():
    g = gl.Graph()
    gl.exp(g.input("x", [1.0, 2.0]) * g.param("w", [1.0, 2.0]))
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    cases = [
        ({"feeds": {1: 2}}, "feeds name inputs, but 1 is not a name"),
        ({"feeds": 5}, "feeds is int but must be a mapping of inputs' names to values"),
        ({"feeds": {"x": masked}}, "'x' is a masked array, whose mask would be lost; give its filled(…) values"),
        ({"state": {"w": masked}}, "'w' is a masked array, whose mask would be lost; give its filled(…) values"),
    ]
    for options, message in cases:
        with pytest.raises(DataError) as raised:
            gl.forward(g, **options)
        assert str(raised.value) == message


def test_only_a_graph_is_run():
    with pytest.raises(UsageError, match=r"expected a graph but found int; make one with gl\.Graph"):
        gl.forward(5)
