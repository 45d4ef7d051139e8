"""A graph written out and read back is the same graph, and the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings, strategies as st

import graphlab as gl
from graphlab import graph as structure

NAMES = (
    "x", "y", "a", "b", "γ", "gamma", "on", "null", "true", "inf", "W", "fc", "layers.0.weight", "/conv1/out",
    "value", "grad",
    "shape", "lambda", "y#1", "y#2", "a#1", "a b", "it's", 'quo"te', "<b>&amp;", "n: [1]", "x#1#1", "#", "1", "-",
    "é", "ﬁ",
    "y.W", "s.y", "s.t.x", "s", "x²",
)  # fmt: skip
SCOPES = ("s", "t", "hidden", "a", "layers.0", "odd name")
FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64)
UNARY = ("neg", "relu", "sigmoid", "exp", "square", "tanh")
BINARY = ("add", "sub", "mul", "div", "pow", "maximum", "less", "not_equal")


def same(a: structure.Graph, b: structure.Graph) -> None:
    """Assert that two graphs are the same, attribute by attribute and bit by bit."""
    assert [n.name for n in a.nodes] == [n.name for n in b.nodes]
    for m, n in zip(a.nodes, b.nodes, strict=True):
        assert (m.op, m.inputs, m.scope) == (n.op, n.inputs, n.scope), m.name
        assert [(type(v), str(v)) for v in m.inputs] == [(type(v), str(v)) for v in n.inputs]
        assert list(m.attrs) == list(n.attrs) or m.is_leaf
        for key in {*m.attrs, *n.attrs}:
            if key == "value":
                v, w = np.asarray(m.attrs[key]), np.asarray(n.attrs[key])
                assert (v.shape, v.dtype, v.tobytes()) == (w.shape, w.dtype, w.tobytes()) or np.isnan(v).any(), m.name
                np.testing.assert_array_equal(v, w)
            else:
                assert (type(m.attrs[key]), m.attrs[key]) == (type(n.attrs[key]), n.attrs[key]), (m.name, key)
    for field in ("name", "description", "dtype", "random_seed", "loss", "losses", "backward_node"):
        assert getattr(a, field) == getattr(b, field), field
    assert np.array_equal(a.backward_gradient, b.backward_gradient) or a.backward_gradient is b.backward_gradient


def check(graph: structure.Graph) -> str:
    text = gl.dumps(graph)
    again = gl.loads(text)
    same(graph, again)
    assert gl.dumps(again) == text
    return text


class Drawn:
    """A random graph, one step after another."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        dtype = draw(st.sampled_from(["float64", "float64", "float32"]))
        text = st.text(max_size=12)
        self.g = gl.Graph(
            draw(text), description=draw(text), dtype=dtype, seed=draw(st.integers(0, 2**40))
        )  # fmt: skip
        self.refs: list[Any] = [self.g.param("first", [[1.0, -0.5], [0.25, 2.0]])]
        for _ in range(draw(st.integers(0, 10))):
            self.attempt(draw(st.sampled_from([self.leaf, self.op, self.op, self.nested, self.layer])))
        self.target()

    def attempt(self, step: Any) -> None:
        """A step within a scope or not; one that the builder refuses is left out."""
        before = dict(self.g.nodes)
        scope = self.draw(st.none() | st.sampled_from(SCOPES))
        try:
            if scope is None:
                step()
            else:
                with self.g.scope(scope):
                    step()
        except gl.GraphlabError:
            self.g.nodes = before
            self.refs = [r for r in self.refs if r.name in before]

    def name(self) -> str | None:
        return self.draw(st.none() | st.sampled_from(NAMES) | st.text(min_size=1, max_size=5))

    def value(self) -> Any:
        shape = self.draw(st.sampled_from([(), (2,), (3, 2), (0, 3), (2, 1, 2), (1,)]))
        kind = self.draw(st.sampled_from(["float64", "float64", "float32", "int64", "bool"]))
        size = int(np.prod(shape))
        if kind == "int64":
            flat: Any = self.draw(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=size, max_size=size))
        elif kind == "bool":
            flat = self.draw(st.lists(st.booleans(), min_size=size, max_size=size))
        else:
            width = 32 if kind == "float32" else 64
            flat = self.draw(st.lists(st.floats(width=width), min_size=size, max_size=size))
        return np.array(flat, dtype=kind).reshape(shape)

    def leaf(self) -> None:
        name = self.name() or f"leaf{len(self.refs)}"
        role = self.draw(st.sampled_from(["input", "param", "state", "constant"]))
        options: dict[str, Any] = {}
        if role == "constant":
            self.refs.append(self.g.constant(self.value(), name))
            return
        if self.draw(st.booleans()):
            options = self.draw(
                st.sampled_from([
                    {"init": "zeros"}, {"init": "normal", "std": 0.01}, {"init": "uniform", "low": -1, "high": 1.5},
                    {"init": "xavier", "distribution": "normal"}, {"init": "he"}, {},
                    {"init": "normal", "zero_row": -1},
                ])
            ) | {"shape": self.draw(st.sampled_from([(), (3,), (3, 2), (0,)]))}  # fmt: skip
        else:
            options["value"] = self.value()
        if role == "input":
            options["grad"] = self.draw(st.booleans())
        if role == "param":
            options["trainable"] = self.draw(st.booleans())
        self.refs.append(getattr(self.g, role)(name, **options))

    def ref(self) -> Any:
        return self.draw(st.sampled_from(self.refs))

    def operand(self) -> Any:
        other = st.one_of(
            st.integers(-(2**63) + 1, 2**63 - 1), FLOATS, st.just([1.0, -0.0]), st.just(np.ones((3, 2))),
            st.just(np.array([1, 2])), st.booleans(),
        )  # fmt: skip
        return self.draw(other) if self.draw(st.integers(0, 3)) == 0 else self.ref()

    def op(self) -> None:
        kind = self.draw(
            st.sampled_from(["unary", "binary", "index", "sum", "concat", "clip", "literal", "pick", "gather", "loss"])
        )
        name = self.name()
        if kind == "unary":
            made = self.g.op(self.draw(st.sampled_from(UNARY)), self.operand(), name=name)
        elif kind == "binary":
            made = self.g.op(self.draw(st.sampled_from(BINARY)), self.operand(), self.operand(), name=name)
        elif kind == "index":
            key = self.draw(st.sampled_from(["0", "-1", "1:3, :", "::2", " 0 ", "0:1"]))
            made = self.g.op("index", self.ref(), key=key, name=name)
        elif kind == "sum":
            axis = self.draw(st.sampled_from([None, 0, -1, (0,), [0, 1]]))
            made = self.g.op("sum", self.ref(), axis=axis, keepdims=self.draw(st.booleans()), name=name)
        elif kind == "concat":
            made = self.g.op("concat", self.ref(), self.ref(), axis=self.draw(st.integers(-1, 1)), name=name)
        elif kind == "pick":
            n = self.draw(st.sampled_from([None, 0, 1, 2, 3]))
            index: Any = self.draw(st.sampled_from([[0, 1], np.array([1, 0]), [-1.0], 0])) if n else self.ref()
            made = self.g.op("pick", self.ref(), index, n=n, name=name)
        elif kind == "gather":
            made = self.g.op("gather", self.ref(), self.operand(), axis=self.draw(st.integers(-1, 1)), name=name)
        elif kind == "loss":
            choices = {"weight": [0.5, 2], "ignore_index": -100, "label_smoothing": 0.25, "clip": 1e-7}
            given = {key: value for key, value in choices.items() if self.draw(st.booleans())}
            made = self.g.op("cross_entropy", self.ref(), np.array([1, 0]), name=name, **given)
        elif kind == "clip":
            low = self.draw(st.sampled_from([None, 0, -0.5, float("-inf"), 1e-300]))
            made = self.g.op("clip", self.ref(), min=low, max=float("inf"), name=name)
        else:
            made = self.g.op("add", 2, self.draw(FLOATS), name=name)
        self.refs.append(made)

    def nested(self) -> None:
        """Nodes named as the parts of an expression are."""
        base = self.draw(st.sampled_from(["y", "E", "s.y", "odd one"]))
        numbers = self.draw(st.sampled_from([(1, 2), (2, 1), (1, 3)]))
        first = self.g.op("mul", self.operand(), self.ref(), name=f"{base}#{numbers[0]}")
        second = self.g.op("sub", first, self.operand(), name=f"{base}#{numbers[1]}")
        self.refs += [first, second] if self.draw(st.booleans()) else []
        if self.draw(st.integers(0, 2)) == 0:
            self.op()
        args = (second, self.operand()) if self.draw(st.booleans()) else (self.operand(), second)
        self.refs.append(self.g.op(self.draw(st.sampled_from(BINARY)), *args, name=base))

    def layer(self) -> None:
        name = self.name()
        kind = self.draw(st.sampled_from(["affine", "batchnorm", "layernorm"]))
        sizes = {"units": 2, "init": "xavier"} if kind == "affine" else {}
        if kind == "batchnorm":
            sizes["mode"] = self.draw(st.sampled_from([None, "eval", "train"]))
        self.refs.append(self.g.op(kind, self.ref(), name=name, **sizes))

    def target(self) -> None:
        how = self.draw(st.sampled_from(["none", "loss", "losses", "backward"]))
        ref = self.ref()
        if how == "loss" and all(n == 1 for n in ref.shape):
            self.g.loss(ref)
        elif how == "losses":
            fit = {r.name: r for r in self.refs if all(n == 1 for n in r.shape) and r.dtype == self.g.dtype}
            if fit:
                self.g.loss(
                    self.draw(st.lists(st.sampled_from(list(fit.values())), min_size=1, unique_by=lambda r: r.name))
                )
        elif how == "backward" and 0 not in ref.shape:
            self.g.backward_from(ref, np.full(ref.shape, 0.1))


@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_graphs_come_back_the_same(data: st.DataObject) -> None:
    check(Drawn(data.draw).g.freeze())


def test_parts_are_inlined_only_where_they_stand_directly_before_their_root() -> None:
    g = gl.Graph()
    x = g.input("x", 2.0)
    part = gl.exp(x, name="y#1")
    gl.sin(x, name="between")
    g.op("add", part, 1, name="y")
    text = check(g.freeze())
    assert "  '`y#1`': exp(x)\n  between: sin(x)\n  y: \"`y#1` + 1\"\n" in text
    g = gl.Graph()
    g.op("add", gl.exp(g.input("x", 2.0), name="y#1"), 1, name="y")
    assert "  y: exp(x) + 1\n" in check(g.freeze())


def test_titles_that_look_like_something_else() -> None:
    titles = (
        "99999999999999999999", "1e999", "null", "~", "true", "1e-3", "0x1F", ".nan", "- a", "a: b", "a #b", " a ",
        "*a",
        "…", "---", "--- a", "-x", "? a", "a, b]", "x]: y", "\u00a0a", "a\u00a0", "a:", "a\tb", "\\n", "%a", "@a", "{a",
        "'", '"', "a\r\nb",
    )  # fmt: skip
    for title in titles:
        check(gl.Graph(title, description=title).freeze())


def test_names_that_a_file_reserves_come_back_in_backquotes() -> None:
    names = ("if", "grad", "value", "shape", "a#1", "s.grad", "lambda.if")
    g = gl.Graph()
    total = g.input("x", 1.0)
    for name in names:
        leaf = g.param(name, 2.0)
        total = gl.add(total, leaf, name=f"n.{name}")
    with g.scope("t"):
        total = gl.mul(total, g.constant(3.0, "shape"), name="if")
    text = check(g.freeze())
    assert all(f"'`{name}`': 2.0" in text for name in names)
