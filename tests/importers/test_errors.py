"""Every kind of bad input: one message that says where, what was found, what was expected and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlab as gl
from graphlab import errors
from graphlab.importers.native.document import MAX_ALIASED

HEAD = """graphlab: 1
inputs:
  x: [[1, 2]]
params:
  W: [[1, 2], [3, 4]]
nodes:
"""  # the first node stands in line 7
NO_TEXT = "this is not a text in UTF-8; a model file is YAML or JSON, saved as UTF-8"


def cases() -> list[tuple[str, str, str]]:
    """bad_models/*.txt: a model's text, the class of the error and its message."""
    out = []
    for path in sorted(Path(__file__).with_name("bad_models").glob("*.txt")):
        for record in path.read_text(encoding="utf-8").split("\n%%%%\n")[1:]:
            text, _, expected = record.partition("\n>>>> ")
            kind, message = expected.split("\n")[:2]
            out.append((text.replace("(head)\n", HEAD), kind, message))
    return out


@pytest.mark.parametrize(("text", "kind", "message"), cases(), ids=[message for _, _, message in cases()])
def test_bad_input_is_one_clear_error(text: str, kind: str, message: str) -> None:
    with pytest.raises(gl.GraphlabError) as caught:
        gl.loads(text, path="m.yaml")
    assert str(caught.value) == message
    assert type(caught.value) is getattr(errors, kind)


def test_there_are_as_many_cases_as_the_file_has() -> None:
    assert len(cases()) > 100


def test_aliases_that_grow_without_measure() -> None:
    lines = ["a: &a [" + ",".join("x" * 10) + "]"]
    for old, new in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{new}: &{new} [" + ",".join([f"*{old}"] * 10) + "]")
    with pytest.raises(errors.ModelError) as caught:
        gl.loads("\n".join(lines), path="m.yaml")
    assert str(caught.value).startswith("m.yaml:6:")
    assert f"stand for over {MAX_ALIASED} values" in str(caught.value)


def test_bytes_that_are_no_text() -> None:
    for data, message in (
        (b"\x89PNG\r\n\x1a\n\x00\x00", f"m.yaml:1:1: {NO_TEXT}"),
        (b"graphlab: 1\nname: \xff", f"m.yaml:2:7: {NO_TEXT}"),
        ("graphlab: 1".encode("utf-16"), "m.yaml:1:1: this file is UTF-16; save it as UTF-8"),
        ("graphlab: 1".encode("utf-16-le"), "m.yaml:1:1: this file is UTF-16; save it as UTF-8"),
        ("graphlab: 1".encode("utf-16-be"), "m.yaml:1:1: this file is UTF-16; save it as UTF-8"),
        (b"graphlab: 1\nname: a\x00b", "m.yaml:2:8: the character U+0000 cannot stand in a model file; remove it"),
    ):
        with pytest.raises(errors.ModelError) as caught:
            gl.loads(data, path="m.yaml")
        assert str(caught.value) == message


def test_a_byte_order_mark_of_utf8_is_no_error() -> None:
    assert gl.loads(b"\xef\xbb\xbfgraphlab: 1\nname: n").name == "n"


def test_an_absurd_parameter_is_refused_before_it_is_allocated() -> None:
    graph = gl.loads("graphlab: 1\nparams:\n  W: {shape: [1000000, 1000000]}\nnodes: {y: sum(W)}", path="m.yaml")
    with pytest.raises(errors.MemoryLimitError) as caught:
        gl.forward(graph)
    assert str(caught.value).startswith("m.yaml:3:3: param 'W': the values and gradients need about 16 TB but 4 GB are")


def test_a_label_out_of_range_names_its_loss() -> None:
    text = HEAD.replace("params", "  t: {value: [5], dtype: int64}\nparams") + "  E: softmax_cross_entropy(x @ W, t)\n"
    with pytest.raises(errors.DataError) as caught:
        gl.forward(gl.loads(text, path="m.yaml"))
    assert str(caught.value).startswith("m.yaml:8:6: softmax_cross_entropy 'E': ")
    assert "5" in caught.value.message


def test_a_loss_that_is_no_scalar_and_is_not_declared() -> None:
    graph = gl.loads(HEAD + "  y: relu(x)\n", path="m.yaml")
    with pytest.raises(errors.LossError) as caught:
        gl.backward(gl.forward(graph))
    assert str(caught.value).startswith("m.yaml:7:6: the loss 'y' has shape (1, 2) but must be a scalar; reduce it")


def test_names_with_html_and_dot_are_legal_in_backquotes() -> None:
    names = ['a"b', "<b>x</b>", 'n [label="x"]; }', "it's", "a -> b", "&amp;", "\\n", "x: y", "- #"]
    for name in names:
        graph = gl.Graph("n")
        graph.param(name, 2.0)
        graph.op("square", graph.input("x", 1.0), name=name + "!")
        again = gl.loads(gl.dumps(graph))
        assert [node.name for node in again.nodes] == ["x", name, name + "!"]
