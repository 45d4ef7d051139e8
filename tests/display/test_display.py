"""gl.draw and what a notebook shows."""

import xml.etree.ElementTree as ET
from base64 import b64decode

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import LossError, UsageError


def net():
    g = gl.Graph("net")
    x = g.input("x", [[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])
    h = gl.sigmoid(gl.affine(x, units=2, name="fc"), name="h")
    gl.mse(h, np.ones((3, 2)), name="E")
    return g


@pytest.mark.parametrize("suffix", [".dot", ".svg", ".png", ".pdf", ".txt"])
@pytest.mark.parametrize("view", ["forward", "backward", "both", "neurons", "neurons-backward"])
def test_every_view_in_every_format(tmp_path, suffix, view):
    path = tmp_path / f"picture{suffix}"
    gl.draw(net(), view=view).save(path)
    start = {".dot": b"digraph", ".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".txt": b"net"}[suffix]
    content = path.read_bytes()
    assert content.startswith(start) or (suffix == ".svg" and content.startswith(b"<svg"))
    assert len(content) > 200


def test_the_same_input_gives_the_same_bytes():
    for view in ("forward", "backward", "both"):
        assert gl.draw(net(), view=view).dot == gl.draw(net(), view=view).dot


def test_the_svg_can_be_searched_by_id():
    drawing = gl.draw(net(), view="backward")
    ids = {e.get("id") for e in ET.fromstring(drawing.svg).iter()}
    assert {box.id for box in drawing.diagram.boxes} <= ids
    assert {arrow.id for arrow in drawing.diagram.arrows} <= ids


@pytest.mark.parametrize("source", ["builder", "graph", "forward", "backward", "diagram", "drawing"])
def test_everything_shows_itself_in_a_notebook(source):
    g = net()
    shown = {
        "builder": lambda: g,
        "graph": g.freeze,
        "forward": lambda: gl.forward(g),
        "backward": lambda: gl.backward(gl.forward(g)),
        "diagram": lambda: gl.draw(g).diagram,
        "drawing": lambda: gl.draw(g),
    }[source]()
    bundle = shown._repr_mimebundle_()
    assert set(bundle) - {"image/png"} == {"image/svg+xml", "text/plain"}  # PNG where an engine makes one
    assert b64decode(bundle.get("image/png", "")).startswith(b"\x89PNG" if "image/png" in bundle else b"")
    assert ET.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert "affine" in bundle["text/plain"]
    assert ("∂L/∂" in bundle["text/plain"]) == (source == "backward")


def test_expanding_draws_the_steps_of_the_same_run():
    trace = gl.backward(gl.forward(net()))
    drawing = gl.draw(trace, view="backward", expand=["affine"])
    names = [box.name for box in drawing.diagram.boxes]
    assert "fc.xW" in names
    assert [g.label for g in drawing.diagram.groups] == ["fc"]


def test_a_title_replaces_the_models_name():
    assert gl.draw(net(), title="Lecture 3").diagram.title == "Lecture 3"
    assert gl.draw(net(), title="").diagram.title == ""


def test_without_a_loss_backward_cannot_be_drawn():
    g = gl.Graph("n")
    gl.exp(g.param("x", [1.0, 2.0]))
    with pytest.raises(LossError, match="must be a scalar"):
        gl.draw(g, view="backward")
    assert gl.draw(g).dot


def test_unknown_options_are_refused():
    with pytest.raises(UsageError, match=r"view is 'bakward' \(did you mean 'backward'\?\)"):
        gl.draw(net(), view="bakward")
    with pytest.raises(TypeError):
        gl.draw(net(), colour="red")
