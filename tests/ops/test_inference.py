"""Dtypes before any number is computed: float32 never mixes, whole numbers become floats where the op says so."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import DataError, ShapeError
from graphlab.ops import REGISTRY
from graphlab.ops.inference import casts, infer, result_dtype

ADD, DIV, RELU, WHERE = (REGISTRY[name] for name in ("add", "div", "relu", "where"))
F64, F32, I64, I32, B, LITERAL = "float64", "float32", "int64", "int32", "bool", None


def seen(*dtypes):
    return [((), dtype) for dtype in dtypes]


@pytest.mark.parametrize(
    ("op", "given", "expected"),
    [
        (ADD, (F64, F64), F64), (ADD, (F32, F32), F32), (ADD, (F32, LITERAL), F32), (ADD, (F32, I64), F32),
        (ADD, (I64, I64), I64), (ADD, (I32, I32), I32), (ADD, (I32, I64), I64), (ADD, (B, I32), I32),
        (ADD, (B, B), F64), (ADD, (LITERAL, LITERAL), F64), (ADD, (I64, LITERAL), I64),
        (DIV, (I64, I64), F64), (DIV, (I64, F32), F32), (RELU, (I64,), F64),
        (REGISTRY["less"], (F32, F32), B), (REGISTRY["equal"], (I64, LITERAL), B),
        (WHERE, (B, F32, F32), F32), (WHERE, (F32, I64, I64), I64), (WHERE, (F32, LITERAL, LITERAL), F32),
        (REGISTRY["embedding"], (I64, F32), F32),
        (REGISTRY["reshape"], (I32,), I32), (REGISTRY["reshape"], (B,), B),
    ],
)  # fmt: skip
def test_results(op, given, expected):
    default = F64
    assert result_dtype(op, seen(*given), default) == expected


def test_the_graphs_dtype_is_what_integers_become():
    assert result_dtype(DIV, seen(I64, I64), "float32") == "float32"
    assert result_dtype(RELU, seen(I64), "float32") == "float32"


@pytest.mark.parametrize("op", [ADD, DIV, REGISTRY["matmul"], REGISTRY["less"], REGISTRY["mse"]])
def test_float32_and_float64_do_not_mix(op):
    with pytest.raises(ShapeError) as error:
        result_dtype(op, seen(F32, F64), F64)
    a, b = op.slots
    assert str(error.value) == f"{a} is float32 but {b} is float64; give both the same dtype"


def test_integers_are_cast_where_they_meet_floats():
    assert casts(ADD, seen(F32, I64), F32) == (None, F32)
    assert casts(ADD, seen(F64, F64), F64) is None
    assert casts(ADD, seen(F64, LITERAL), F64) is None
    assert casts(DIV, seen(I64, I32), F64) == (F64, F64)
    assert casts(REGISTRY["embedding"], seen(I64, F32), F32) is None
    assert casts(REGISTRY["less"], seen(I64, F32), B) is None


def test_shapes_and_dtypes_together():
    assert infer(ADD, [((4, 1), F32), ((3,), I64)], {}, F64) == ((4, 3), F32)


@pytest.mark.parametrize("op", ["concat", "stack"])
def test_joining_whole_numbers_to_floats_stays_in_their_dtype(op):
    g = gl.Graph(dtype="float32")
    x, n = g.param("x", [0.5, 1.5]), g.input("n", np.array([1, 2]))
    gl.sum(g.op(op, n, x, axis=0, name="joined"), name="loss")
    trace = gl.backward(gl.forward(g))
    assert {r.name: r.value.dtype.name for r in trace} == {
        "n": "int64", "x": "float32", "joined": "float32", "loss": "float32",
    }  # fmt: skip
    assert trace["x"].grad.dtype == np.float32


KINDS = {"float64": [0.5, 1.5], "float32": [0.5, 1.5], "int64": [1, 2], "int32": [1, 2], "bool": [True, False]}


@pytest.mark.parametrize("graph_dtype", ["float64", "float32"])
@pytest.mark.parametrize("op", ["add", "mul", "div", "maximum", "less", "pow"])
def test_what_is_inferred_is_what_numpy_computes(op, graph_dtype):
    """For every pair of dtypes that may meet, and a literal on either side."""
    for a in ("int64", "int32", "bool", graph_dtype):
        for b in ("int64", "int32", "bool", graph_dtype, "literal"):
            if op == "pow" and "bool" in (a, b):
                continue
            g = gl.Graph(dtype=graph_dtype)
            x = g.input("x", np.array(KINDS[a]), dtype=a)
            y = 2 if b == "literal" else g.input("y", np.array(KINDS[b]), dtype=b)
            g.op(op, x, y, name="z")
            record = gl.forward(g)["z"]
            assert record.value.dtype.name == record.dtype, (a, b)


@pytest.mark.parametrize("graph_dtype", ["float64", "float32"])
@pytest.mark.parametrize("dtype", ["int64", "int32", "bool", "float"])
@pytest.mark.parametrize("number", [2, 0.5, 2**31, 1e30])
@pytest.mark.parametrize("scalar", [True, False])
def test_a_literal_beside_integers_makes_what_is_inferred(graph_dtype, dtype, number, scalar):
    """0.5 n is a float, in the graph's own dtype; 2 n is not; 2**31 does not fit into int32."""
    dtype = graph_dtype if dtype == "float" else dtype
    for op in ("add", "sub", "mul", "div", "maximum", "minimum", "less", "where", "where-condition", "clip", "stack"):
        g = gl.Graph(dtype=graph_dtype)
        n = g.input("n", np.array(1 if scalar else [1, 0]), dtype=dtype)
        match op:
            case "where":
                gl.where(n, n, number, name="z")
            case "where-condition":
                gl.where(n, number, 3, name="z")
            case "clip" if number != 2**31:
                gl.clip(n, max=number, name="z")
            case "stack" if scalar:
                gl.stack(number, n, name="z")
            case "clip" | "stack":
                continue
            case _:
                g.op(op, n, number, name="z")
        record = gl.forward(g)["z"]
        assert record.value.dtype.name == record.dtype, op
        assert g.freeze() is not None and g.dtypes["z"] == record.dtype, op
        if isinstance(number, float) and op != "less":
            assert record.dtype == graph_dtype, op


def test_half_a_whole_number_has_the_value_a_float_has():
    g = gl.Graph(dtype="float32")
    gl.mul(g.input("n", np.array([1, 2, 3])), 0.5, name="half")
    value = gl.forward(g)["half"].value
    assert value.dtype == np.float32 and value.tolist() == [0.5, 1.0, 1.5]


@pytest.mark.parametrize("op", ["mse", "mae", "huber", "bce", "bce_with_logits", "hinge", "l2_penalty"])
@pytest.mark.parametrize("graph_dtype", ["float64", "float32"])
def test_a_loss_of_a_literal(op, graph_dtype):
    g = gl.Graph(dtype=graph_dtype)
    t = g.input("t", np.array(1.0), dtype=graph_dtype)
    g.op(op, 0.5, t, name="E")
    trace = gl.backward(gl.forward(g))
    h = gl.Graph(dtype=graph_dtype)
    h.op(op, h.input("x", 0.5), h.input("t", 1.0), name="E")
    same = gl.backward(gl.forward(h))
    assert trace["E"].value.dtype.name == graph_dtype and trace["E"].value == same["E"].value
    assert (trace["t"].grad is None) == (op == "hinge") and trace["t"].grad == same["t"].grad


def test_sums_of_int32_are_int64_as_numpys_are():
    g = gl.Graph()
    gl.sum(g.input("n", np.array([2**31 - 1, 1], dtype="int32")), name="total")
    record = gl.forward(g)["total"]
    assert record.dtype == record.value.dtype.name == "int64" and record.value == 2**31


def test_a_bound_beyond_the_integers_says_so():
    g = gl.Graph()
    gl.clip(g.input("n", np.array([1], dtype="int32")), min=2**40, name="y")
    with pytest.raises(DataError, match=r"clip 'y': a bound does not fit into int32; give x dtype: int64"):
        gl.forward(g)


def test_numpys_numbers_as_attributes_are_pythons():
    """np.float64 is a float, but makes float64 of float32."""
    g = gl.Graph(dtype="float32")
    x = g.param("x", [[-1.0, 2.0]])
    y = gl.leaky_relu(x, slope=np.float64(0.1)) + gl.clip(x, min=np.float32(-0.5))
    gl.sum(gl.softmax(y, axis=np.int64(1)), axis=(np.int64(0), np.int32(1)), name="loss")
    trace = gl.backward(gl.forward(g))
    assert {r.value.dtype.name for r in trace} == {r.grad.dtype.name for r in trace} == {"float32"}
    attrs = [value for r in trace if r.node.role == "node" for value in r.node.attrs.values()]
    assert not any(isinstance(value, np.generic) for value in attrs)
