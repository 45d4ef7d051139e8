"""Whatever the input, nothing but a GraphlabError is raised."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

import graphlab as gl
from graphlab.importers import assignments, from_expression

SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
PIECES = st.sampled_from([
    "graphlab: 1\n", "inputs:\n", "params:\n", "nodes:\n", "loss: ", "backward: ", "  x: ", "  y: ", "x", "y", "1",
    "[1, 2]", "[",
    "]", "{", "}", "shape: [2]", "init: he", "value: ", "file: a.npz", "\n", "  ", " + ", " @ ", "(", ")", ", ",
    "relu(", "affine(", "units=2", "axis=", "#", "`", "'", '"', "&a ", "*a", "!!str ", "|\n", ">\n", "---\n", "? ",
    "- ", "-",
    "9**9**9", "1e999", "x[0]",
    "[0]", "\t", "%", "γ", "²", "\u2028", ".", "..", "<<: ", "~", "null", "true", ".nan", "0o8",
    "0x", "concat(", "index(", "\\",
])  # fmt: skip
GRAMMAR = st.recursive(
    st.sampled_from(["x", "W", "2", "0.5", "-3", "[1, 2]", "1e-3", "x[0]", "(x)"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**", "@", "<", "=="]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/", "**", "@"]), inner),
        st.builds("-{}".format, inner),
        st.builds("{}({})".format, st.sampled_from(["relu", "sum", "exp", "batchnorm", "neg", "softmax"]), inner),
        st.builds("maximum({}, {})".format, inner, inner),
        st.builds("stack({}, {}, axis=-1)".format, inner, inner),
        st.builds("clip({}, min={}, max=none)".format, inner, st.sampled_from(["0", "-inf", "1/3"])),
        st.builds("affine({}, units=2)".format, inner),
        st.builds("sum({}, axis=[0], keepdims=True)".format, inner),
        st.builds("({})[{}]".format, inner, st.sampled_from(["0", "-1", "::2", "0:1"])),
    ),
    max_leaves=12,
)
HEAD = "graphlab: 1\ninputs: {x: [[1, 2], [3, 4]]}\nparams: {W: [[0.5, 1], [2, -1]]}\nnodes:\n  "


@given(st.binary(max_size=200))
@SETTINGS
@example(b"\xff\xfe")
@example(b"\xfe\xff\x00")
def test_random_bytes(data: bytes) -> None:
    with contextlib.suppress(gl.GraphlabError):
        gl.loads(data)


@given(st.text(max_size=200) | st.lists(PIECES, max_size=30).map("".join))
@SETTINGS
@example("\ud800")
@example('graphlab: 1\nname: "\\ud800"')
@example("&a [*a]")
def test_random_texts(text: str) -> None:
    with contextlib.suppress(gl.GraphlabError):
        gl.dumps(gl.loads(text))


@given(st.text(max_size=60) | st.lists(PIECES, max_size=15).map("".join))
@SETTINGS
@example("1" + "+1" * 5000)
@example("sum(x, axis=1" + "+1" * 5000 + ")")
@example("x" + "[0]" * 5000)
@example("-" * 5000 + "x")
@example("²")
def test_random_expressions(text: str) -> None:
    with contextlib.suppress(gl.GraphlabError):
        gl.dumps(gl.loads(HEAD + "y: " + text))
    with contextlib.suppress(gl.GraphlabError):
        from_expression(text, {"x": 1.0, "y": [1, 2]})


@given(st.lists(st.text(max_size=12) | PIECES.map("x={}".format), max_size=3))
@SETTINGS
def test_random_assignments(words: list[str]) -> None:
    with contextlib.suppress(gl.GraphlabError):
        from_expression("x + y", assignments(words))


@given(GRAMMAR, st.sampled_from(["y", "s:\n    y", "`a.b#1 c`", "x#1"]))
@SETTINGS
def test_expressions_come_back_the_same(text: str, key: str) -> None:
    key = f"'{key}'" if not key[0].isidentifier() else "'`x#1`'" if "#" in key else key
    try:
        graph = gl.loads(f"{HEAD}{key}: {text!r}")
    except gl.GraphlabError:
        return
    written = gl.dumps(graph)
    again = gl.loads(written)
    assert [(n.name, n.op, n.inputs, n.scope) for n in again.nodes] == [
        (n.name, n.op, n.inputs, n.scope) for n in graph.nodes
    ]
    assert gl.dumps(again) == written


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000, "a: \n" * 3, "(" * 100_000]
)
def test_absurd_nesting_is_an_error_at_once(text: str) -> None:
    with pytest.raises(gl.GraphlabError):
        gl.loads(text)
    with pytest.raises(gl.GraphlabError):
        from_expression(text, {"x": 1})
