"""Places for exporters that draw the cards themselves: those of the layout engine, or our own."""

from __future__ import annotations

import re

import pytest

import graphlab as gl
from graphlab.drawing.annotate import Options, annotate
from graphlab.export import placement as geometry
from graphlab.export.placement import place_all, sizes_of
from graphlab.export.theme import THEMES
from graphlab.layout.routes import Route

LOOK = THEMES["light"]
MODEL = """graphlab: 1
inputs: {x: [[1, 2], [3, 5], [-1, 0.5]]}
nodes:
  layer: {fc: "affine(x, units=2)", bn: batchnorm(fc), act: relu(bn)}
  L: mean(layer.act * layer.fc)
"""


def diagrams():
    trace = gl.backward(gl.forward(gl.loads(MODEL)))
    return [annotate(trace, Options(view=view)) for view in ("forward", "backward", "both")]


def overlap(a, b):
    return min(a.x + a.width, b.x + b.width) - max(a.x, b.x) > 0.6 and min(
        a.y + a.height, b.y + b.height
    ) - max(a.y, b.y) > 0.6  # fmt: skip


@pytest.fixture(params=["engine", "own"])
def placed(request, monkeypatch):
    if request.param == "own":
        monkeypatch.setattr(geometry, "run_engine", lambda sources: None)
    drawn = diagrams()
    return drawn, place_all(drawn, LOOK, [sizes_of([diagram], LOOK) for diagram in drawn])


def test_boxes_keep_their_sizes_and_apart(placed):
    for diagram, found in zip(*placed, strict=True):
        sizes = sizes_of([diagram], LOOK)
        assert [(b.width, b.height) for b in found.boxes] == sizes
        for k, box in enumerate(found.boxes):
            assert 0 <= box.x <= found.width - box.width
            assert 0 <= box.y <= found.height - box.height
            assert not any(overlap(box, other) for other in found.boxes[k + 1 :])


def test_arrows_go_from_box_to_box(placed):
    for diagram, found in zip(*placed, strict=True):
        rects = {box.id: rect for box, rect in zip(diagram.boxes, found.boxes, strict=True)}
        for arrow, way in zip(diagram.arrows, found.ways, strict=True):
            points = [tuple(map(float, p)) for p in re.findall(r"(-?[\d.]+),(-?[\d.]+)", way.path)]
            tip = tuple(map(float, re.match(r"M([\d.]+),([\d.]+)", way.tip).groups()))
            assert near(points[0], rects[arrow.tail])
            assert near(tip, rects[arrow.head])


def near(point, rect, slack=14.0):
    x, y = point
    return rect.x - slack <= x <= rect.x + rect.width + slack and rect.y - slack <= y <= rect.y + rect.height + slack


def test_labels_stand_on_no_box(placed):
    for diagram, found in zip(*placed, strict=True):
        for arrow, way in zip(diagram.arrows, found.ways, strict=True):
            if arrow.lines:
                assert not any(overlap(way.label, box) for box in found.boxes)


def test_frames_hold_their_boxes(placed):
    for diagram, found in zip(*placed, strict=True):
        for box, rect in zip(diagram.boxes, found.boxes, strict=True):
            frame = found.frames.get(box.group)
            if frame is not None:
                assert frame.x <= rect.x
                assert rect.x + rect.width <= frame.x + frame.width
                assert frame.y <= rect.y
                assert rect.y + rect.height <= frame.y + frame.height


def test_many_diagrams_are_placed_as_each_alone():
    drawn = diagrams()
    sizes = [sizes_of([diagram], LOOK) for diagram in drawn]
    together = place_all(drawn, LOOK, sizes)
    assert together == [place_all([d], LOOK, [s])[0] for d, s in zip(drawn, sizes, strict=True)]


def test_a_box_holds_its_text_in_every_language():
    from graphlab.messages import in_language

    trace = gl.backward(gl.forward(gl.loads(MODEL)))
    each = []
    for lang in ("en", "ko"):
        with in_language(lang):
            each.append(annotate(trace, Options(view="both")))
    both = sizes_of(each, LOOK)
    for one in each:
        assert all(w >= x and h >= y for (w, h), (x, y) in zip(both, sizes_of([one], LOOK), strict=True))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(("direction", "axis"), [("lr", 0), ("tb", 1)])
def test_arrows_against_each_other_lie_side_by_side_and_end_where_they_lead(monkeypatch, own, direction, axis):
    if own:
        monkeypatch.setattr(geometry, "run_engine", lambda sources: None)
    trace = gl.backward(gl.forward(gl.loads(MODEL)))
    diagram = annotate(trace, Options(view="both", direction=direction))
    found = place_all([diagram], LOOK, [sizes_of([diagram], LOOK)])[0]
    spans = {
        box.id: ((r.x, r.x + r.width), (r.y, r.y + r.height))[axis]
        for box, r in zip(diagram.boxes, found.boxes, strict=True)
    }
    seen = set()
    for arrow, way in zip(diagram.arrows, found.ways, strict=True):
        (low, high), (other_low, other_high) = spans[arrow.tail], spans[arrow.head]
        before = high < other_low
        assert before or other_high < low
        assert before == (arrow.kind == "data")  # laid out with the data, whichever way an arrow leads
        tip = [float(n) for n in re.match(r"M([\d.-]+),([\d.-]+)", way.tip).groups()]
        start = [float(n) for n in re.match(r"M([\d.-]+),([\d.-]+)", way.path).groups()]
        assert (tip[axis] > start[axis]) == before
        assert min(abs(tip[axis] - end) for end in spans[arrow.head]) < 12 or other_low < tip[axis] < other_high
        seen.add(arrow.kind)
    assert seen == {"data", "backward"}


@pytest.mark.parametrize(("axis", "sign"), [(0, 1), (0, -1), (1, 1), (1, -1)])
@pytest.mark.parametrize("room", [0.0, 3.0, 40.0])
def test_a_line_never_runs_into_its_own_tip(axis, sign, room):
    """The last bend may be right at the card: the line then ends where the tip starts all the same."""
    ends = [(0.0, 0.0), (10.0, 0.0), (60.0 - room, 30.0), (60.0, 30.0)]
    turned = tuple([(sign * main, cross) if axis == 0 else (cross, sign * main) for main, cross in ends])
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", Route(turned, axis).path(13.0))
    assert max(sign * float(point[axis]) for point in points) == pytest.approx(60 - 0.8 * 13)
