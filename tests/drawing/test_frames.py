"""Every position as a picture: what has not happened is blank, and nothing moves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from random_graphs import arrays, scalars

import graphlab as gl
from graphlab.diagram import HIDDEN, Diagram
from graphlab.drawing.annotate import Options
from graphlab.drawing.frames import Frames
from graphlab.explain.timeline import Timeline
from graphlab.export import to_dot, to_picture
from graphlab.export.svg.tidy import HIDDEN_INK

SAMPLES = Path(__file__).parents[2] / "samples"


def shown(diagram: Diagram) -> int:
    """How many spans are there to be read."""
    lines = [line for box in diagram.boxes for row in box.rows for line in row.lines]
    lines += [line for arrow in diagram.arrows for line in arrow.lines]
    return sum(not span.role.startswith(HIDDEN) for line in lines for span in line)


@pytest.mark.parametrize("view", ["forward", "backward", "both"])
def test_more_and_more_is_there_until_all_is(view: str) -> None:
    timeline = Timeline(arrays(1))
    frames = Frames(timeline, Options(view=view))
    counts = [shown(frames.at(p)) for p in range(len(timeline) + 1)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == shown(frames.whole)


def test_a_gradient_is_there_from_where_it_is_complete() -> None:
    trace = arrays(2)
    timeline = Timeline(trace)
    frames = Frames(timeline, Options(view="backward"))
    i = trace.graph.index["block0.bn"]
    at = timeline.arrivals(i)[-1][0]
    for p, there in ((at - 1, False), (at, True)):
        box = next(box for box in frames.at(p).boxes if box.name == "block0.bn")
        rows = [row for row in box.rows if row.kind == "grad"]
        assert rows
        assert all((not span.role.startswith(HIDDEN)) == there for row in rows for line in row.lines for span in line)


def test_an_edge_s_product_is_there_from_where_it_is_made() -> None:
    timeline = Timeline(scalars(1))
    frames = Frames(timeline, Options(view="backward"))
    for p in range(len(timeline)):
        moment = timeline[p]
        if moment.kind == "contribution":
            name = f"e{moment.node}_{moment.slot}"
            before, after = (next(a for a in frames.at(q).arrows if a.id == name) for q in (p, p + 1))
            assert before.weight is None or before.lines == after.lines == ()
            assert all(span.role.startswith(HIDDEN) for line in before.lines for span in line)
            assert not any(span.role.startswith(HIDDEN) for line in after.lines for span in line)


def places(svg: str) -> dict[str, list[tuple[float, float]]]:
    """The outermost corners of each card, as the middle of its frame's line has them."""
    out = {}
    for name, body in re.findall(r'<g id="(n\d+)" class="node">(.*?)</g>', svg, re.DOTALL):
        outline = re.findall(r'(?:points|d)="([^"]+)"', body)
        points = [(float(x), float(y)) for text in outline for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]
        out[name] = [(f(x for x, _ in points), f(y for _, y in points)) for f in (min, max)]
    return out


@pytest.mark.parametrize(
    ("theme", "view", "engine"),
    [
        ("print", "both", None),
        ("light", "backward", None),
        ("dark", "forward", "layered"),
        ("print", "both", "layered"),
    ],
)
def test_nothing_moves(theme: str, view: str, engine: str | None) -> None:
    """Each node is at hand once: none of them, with its wide frame, is larger or moves another."""
    timeline = Timeline(arrays(1))
    frames = Frames(timeline, Options(view=view))
    at_hand = {timeline[p - 1].node: p for p in range(1, len(timeline) + 1)}
    first = places(to_picture(frames.at(0), "svg", theme, engine)[0].decode())
    assert len(first) > 20
    for p in sorted(at_hand.values())[:: 1 if theme == "print" else 3]:
        later = places(to_picture(frames.at(p), "svg", theme, engine)[0].decode())
        for name, corners in first.items():
            for then, now in zip(corners, later[name], strict=True):
                assert now == pytest.approx(then, abs=1.5)  # points: a frame's own line


def test_blank_texts_are_in_no_picture() -> None:
    frames = Frames(Timeline(arrays(1)), Options(view="both"))
    assert HIDDEN_INK in to_dot(frames.at(0))
    for engine in (None, "layered"):
        svg = to_picture(frames.at(0), "svg", engine=engine)[0].decode()
        assert HIDDEN_INK not in svg
        assert "∂L/∂first" not in svg
        assert "∂L/∂first" in to_picture(frames.whole, "svg", engine=engine)[0].decode()
    assert gl.draw(arrays(1), "both").dot.count(HIDDEN_INK) == 0


def test_the_caption_names_the_step() -> None:
    timeline = Timeline(scalars(0))
    frames = Frames(timeline, Options(view="both"))
    assert frames.caption(0) == f"step 0 of {len(timeline)}"
    assert frames.caption(1).startswith(f"step 1 of {len(timeline)} · forward · ")


@pytest.mark.parametrize("view", ["neurons", "neurons-backward"])
@pytest.mark.parametrize("name", ["mazur", "mazur_units", "affine_bn_relu"])
def test_neurons_say_what_is_known_and_nothing_moves(name: str, view: str) -> None:
    trace = gl.backward(gl.forward(gl.load(SAMPLES / name / f"{name}.yaml")))
    timeline = Timeline(trace)
    frames = Frames(timeline, Options(view=view, example=0))
    every = [frames.at(p) for p in range(len(timeline) + 1)]
    numbers = [[span for box in d.boxes for row in box.rows for line in row.lines for span in line] for d in every]
    known = [sum(span.role in ("value", "grad") for span in spans) for spans in numbers]
    assert known == sorted(known)
    assert known[0] < known[-1]
    assert {tuple((box.id, box.position) for box in d.boxes) for d in every} == {
        tuple((box.id, box.position) for box in frames.whole.boxes)
    }
    last = every[-1]
    assert [arrow.lines for arrow in last.arrows] == [arrow.lines for arrow in frames.whole.arrows]
    assert [box.rows for box in last.boxes] == [box.rows for box in frames.whole.boxes]
    at = timeline.made_at[trace.graph.position(str(trace.graph.loss))]
    marked = [box.name for box in every[at].boxes if box.marks]
    assert marked == [trace.graph.loss]
    to_picture(every[at], "svg", engine="layered")
