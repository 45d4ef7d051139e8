"""Our own layout: nothing overlaps, arrows meet their boxes, frames hold their members."""

from __future__ import annotations

import dataclasses
import itertools
import re
import time
import xml.etree.ElementTree as ET

import pictures
import pytest
from hypothesis import given, settings, strategies as st

from graphlab.diagram import Arrow, Box, Diagram, Group, Span
from graphlab.export.theme import THEMES
from graphlab.layout.coordinates import spread
from graphlab.layout.layered import Picture, Rect, lay_out, to_svg
from graphlab.layout.ranks import arrange

LIGHT = THEMES["light"]


def overlap(a: Rect, b: Rect) -> bool:
    return (
        a.x + a.width > b.x + 0.01
        and b.x + b.width > a.x + 0.01
        and a.y + a.height > b.y + 0.01
        and b.y + b.height > a.y + 0.01
    )


def contains(a: Rect, b: Rect) -> bool:
    return a.x <= b.x and a.y <= b.y and b.x + b.width <= a.x + a.width and b.y + b.height <= a.y + a.height


def on_rim(point: tuple[float, float], rect: Rect, circle: bool) -> bool:
    x, y = point[0] - rect.x - rect.width / 2, point[1] - rect.y - rect.height / 2
    if circle:
        return abs((x * x + y * y) ** 0.5 - rect.width / 2) < 0.01
    inside = abs(x) <= rect.width / 2 + 0.01 and abs(y) <= rect.height / 2 + 0.01
    return inside and (abs(abs(x) - rect.width / 2) < 0.01 or abs(abs(y) - rect.height / 2) < 0.01)


def check(diagram: Diagram) -> Picture:
    """The invariants of every picture of ours."""
    picture = lay_out(diagram, LIGHT)
    index = {box.id: k for k, box in enumerate(diagram.boxes)}
    assert not [
        pair
        for pair in itertools.combinations(range(len(picture.boxes)), 2)
        if overlap(*(picture.boxes[k] for k in pair))
    ]
    for arrow, route in zip(diagram.arrows, picture.routes, strict=True):
        for end, point in ((arrow.tail, route.points[0]), (arrow.head, route.points[-1])):
            k = index[end]
            assert on_rim(point, picture.boxes[k], diagram.boxes[k].form == "circle"), (arrow, point)
    for label, box in itertools.product(picture.labels.values(), picture.boxes):
        assert not overlap(label, box)
    for a, b in itertools.combinations(picture.labels.values(), 2):
        assert not overlap(a, b)
    parents = {group.id: group.parent for group in diagram.groups}
    for group, frame in picture.frames.items():
        for box, rect in zip(diagram.boxes, picture.boxes, strict=True):
            trail, here = [], box.group
            while here is not None:
                trail.append(here)
                here = parents[here]
            assert contains(frame, rect) if group in trail else not overlap(frame, rect)
        if parents[group] in picture.frames:
            assert contains(picture.frames[parents[group]], frame)
    return picture


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_invariants(name: str) -> None:
    check(pictures.PICTURES[name]())


@pytest.mark.parametrize("name", ["mlp", "mlp_tb"])
def test_the_scope_has_its_frame(name: str) -> None:
    assert list(check(pictures.PICTURES[name]()).frames) == ["g0"]


def towers() -> Diagram:
    """Two scopes side by side, with a stranger that both use, between them and at their last rank."""
    boxes, arrows = [Box("n0", "x", (Span("x"),), "leaf", "input")], []
    for group in ("g0", "g1"):
        for k in range(4):
            boxes.append(Box(f"n{len(boxes)}", "h", (Span("h" * 9 * (k + 1)),), "leaf", "node", group=group))
            arrows.append((0 if k == 0 else len(boxes) - 2, len(boxes) - 1))
    boxes.append(Box("n9", "t", (Span("t"),), "leaf", "input"))
    ends = [*arrows, (9, 4), (9, 8)]
    drawn = tuple(Arrow(f"e{k}", f"n{a}", f"n{b}", "forward", ((Span("4×3"),),)) for k, (a, b) in enumerate(ends))
    return Diagram("", "", "forward", tuple(boxes), drawn, (Group("g0", "left"), Group("g1", "right")))


@pytest.mark.parametrize("direction", ["lr", "tb"])
def test_a_stranger_between_two_scopes_costs_neither_its_frame(direction: str) -> None:
    assert sorted(check(dataclasses.replace(towers(), direction=direction)).frames) == ["g0", "g1"]


def test_a_chain_with_parameters_is_straight() -> None:
    """The parameters make room for the chain, not the other way round."""
    chain, leaves = range(6), range(6, 12)
    boxes = tuple(Box(f"n{k}", "x", (Span("x"),), "leaf", "node") for k in range(12))
    ends = [(k, k + 1) for k in chain[:-1]] + [(leaf, leaf - 5) for leaf in leaves[:-1]]
    arrows = tuple(Arrow(f"e{k}", f"n{a}", f"n{b}", "forward") for k, (a, b) in enumerate(ends))
    picture = check(Diagram("", "", "forward", boxes, arrows))
    middles = [picture.boxes[k].y for k in chain[1:]]  # the first shares its box with a leaf on either side
    assert max(middles) - min(middles) < 3


def test_data_runs_to_the_right_and_gradients_to_the_left() -> None:
    picture = check(pictures.sigmoid_backward())
    assert picture.boxes[8].x > picture.boxes[7].x > picture.boxes[5].x > picture.boxes[0].x
    assert all(route.points[0][0] > route.points[-1][0] for route in picture.routes)
    forward, down = check(pictures.mlp_forward()), check(pictures.mlp_forward("tb"))
    assert all(route.points[0][0] < route.points[-1][0] for route in forward.routes)
    assert all(route.points[0][1] < route.points[-1][1] for route in down.routes)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    """Random graphs with nested scopes; also cycles, loops and double arrows, which a diagram may bring."""
    count = draw(st.integers(1, 14))
    groups = [Group("g0", "a"), Group("g1", "b", "g0"), Group("g2", "c")]
    homes = draw(st.lists(st.sampled_from([None, "g0", "g1", "g2"]), min_size=count, max_size=count))
    boxes = tuple(Box(f"n{k}", f"x{k}", (Span("x" * (k + 1)),), "leaf", "node", group=homes[k]) for k in range(count))
    ends = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(ends, ends).filter(lambda p: p[0] < p[1]), max_size=25))
    kind = draw(st.sampled_from(["forward", "backward"]))
    arrows = tuple(
        Arrow(
            f"e{k}",
            f"n{a if kind == 'forward' else b}",
            f"n{b if kind == 'forward' else a}",
            kind,
            ((Span("4×3"),),) * (k % 3),
        )
        for k, (a, b) in enumerate(pairs)
    )
    return Diagram("t", "s", kind, boxes, arrows, tuple(groups), draw(st.sampled_from(["lr", "tb"])))


@settings(max_examples=150, deadline=None)
@given(diagrams())
def test_invariants_of_random_graphs(diagram: Diagram) -> None:
    check(diagram)


def test_cycles_and_loops_are_drawn() -> None:
    boxes = tuple(Box(f"n{k}", "x", (Span("x"),), "leaf", "node") for k in range(3))
    ends = [(0, 1), (1, 2), (2, 0), (1, 1), (0, 1)]
    arrows = tuple(Arrow(f"e{k}", f"n{a}", f"n{b}", "forward") for k, (a, b) in enumerate(ends))
    ET.fromstring(to_svg(Diagram("", "", "forward", boxes, arrows)))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.data())
def test_spread_is_the_least_squares_answer(wish: list[float], data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.floats(0, 10), min_size=len(wish) - 1, max_size=len(wish) - 1))
    out = spread(wish, gaps)
    assert all(b - a >= gap - 1e-6 for (a, b), gap in zip(itertools.pairwise(out), gaps, strict=True))
    cost = sum((a - b) ** 2 for a, b in zip(out, wish, strict=True))
    for k, step in itertools.product(range(len(out)), (-0.01, 0.01)):
        for moved in (out[:k] + [p + step for p in out[k:]], [p + step for p in out[: k + 1]] + out[k + 1 :]):
            if all(b - a >= gap for (a, b), gap in zip(itertools.pairwise(moved), gaps, strict=True)):
                assert sum((a - b) ** 2 for a, b in zip(moved, wish, strict=True)) >= cost - 1e-6


def test_leaves_stand_next_to_their_consumers() -> None:
    chain = [(k, k + 1) for k in range(9)]
    assert arrange(12, [*chain, (10, 9), (10, 11), (11, 8)], [()] * 12).rank[10:12] == [6, 7]


def test_barycentres_undo_a_crossing() -> None:
    orders = arrange(4, [(0, 3), (1, 2)], [()] * 4).orders
    assert orders in ([[0, 1], [3, 2]], [[1, 0], [2, 3]])


def test_ten_thousand_boxes_in_a_few_seconds() -> None:
    diagram = pictures.grid(10_000)
    start = time.perf_counter()
    svg = to_svg(diagram)
    assert time.perf_counter() - start < 20  # about 1.5 s alone
    assert svg.count('class="node"') == 10_000


def test_long_edges_do_not_explode() -> None:
    count = 1500
    boxes = tuple(Box(f"n{k}", "x", (Span("x"),), "leaf", "node") for k in range(count))
    ends = [(k, k + 1) for k in range(count - 1)] + [(k, count - 1) for k in range(0, count - 2)]
    items = arrange(count, ends, [()] * count)
    assert len(items.rank) < 8 * len(boxes) + 4 * len(ends)
    arrows = tuple(Arrow(f"e{k}", f"n{a}", f"n{b}", "forward") for k, (a, b) in enumerate(ends))
    assert to_svg(Diagram("", "", "forward", boxes, arrows)).count('class="edge"') == len(ends)


def test_one_box_that_goes_to_every_box_of_a_chain_is_drawn() -> None:
    """The longest of its edges have no dummies, and no crossings to count."""
    ends = [(k, k + 1) for k in range(1, 61)] + [(0, k) for k in range(2, 62)]
    items = arrange(62, ends, [()] * 62)
    assert any(items.rank[chain[-1]] - items.rank[chain[0]] > len(chain) - 1 for chain in items.chains)
    assert sorted(item for order in items.orders for item in order) == list(range(len(items.rank)))


def test_labels_of_neurons_keep_apart() -> None:
    picture = check(pictures.neurons())
    assert len(picture.labels) == len(pictures.neurons().arrows)


def test_labels_of_two_weights_on_one_line_keep_apart() -> None:
    twice = pictures.neurons()
    again = twice.arrows[0]._replace(id="e99")
    check(dataclasses.replace(twice, arrows=(*twice.arrows, again)))


def test_text_fits_its_card() -> None:
    """Base lines and widths stay within the card's rectangle, by the widths of DejaVu Sans."""
    svg = ET.fromstring(to_svg(pictures.mlp_forward()))
    for card in (g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"):
        rect = next(card.iter("{http://www.w3.org/2000/svg}rect"))
        top, height = float(rect.get("y", "")), float(rect.get("height", ""))
        for text in card.iter("{http://www.w3.org/2000/svg}text"):
            assert top + 9 < float(text.get("y", "")) < top + height - 2


def test_same_bytes() -> None:
    assert to_svg(pictures.hostile()) == to_svg(pictures.hostile())
    assert not re.search(r"0x[0-9a-f]{6}", to_svg(pictures.hostile()))


def twins(direction: str, kind: str = "forward") -> Diagram:
    """x joined to y by two arrows with labels of two lines."""
    boxes = tuple(Box(f"n{k}", name, (Span(name),), "leaf", "node") for k, name in enumerate("xy"))
    lines = ((Span("value 3"),), (Span("gradient 3"),))
    arrows = tuple(Arrow(f"e{k}", "n0", "n1", kind, lines) for k in range(2))
    return Diagram("", "", "forward", boxes, arrows, (), direction)


def strikes(route: tuple[tuple[float, float], ...], label: Rect) -> bool:
    """Whether a route's straight pieces run through a label."""
    return any(
        overlap(Rect(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1])), label)
        for a, b in zip(route[::2], route[1::2], strict=True)
    )


@pytest.mark.parametrize("kind", ["forward", "backward"])
def test_neither_of_two_arrows_between_the_same_boxes_runs_through_a_label(kind: str) -> None:
    picture = check(twins("lr", kind))
    for label, route in itertools.product(picture.labels.values(), picture.routes):
        assert not strikes(route.points, label)
    assert all(
        0 <= min(abs(y - label.y - label.height) for _, y in picture.routes[k].points) < 6
        for k, label in picture.labels.items()
    )


def test_where_labels_crowd_each_arrow_runs_through_its_own_and_no_other() -> None:
    boxes = tuple(Box(f"n{k}", "h", (Span("h"),), "leaf", "node") for k in range(8))
    label = ((Span("-333.2"),), (Span("0.123456"),))
    arrows = tuple(Arrow(f"e{k}", f"n{k % 2}", f"n{2 + k // 2}", "forward", label) for k in range(12))
    picture = check(Diagram("", "", "forward", boxes, arrows, (), "tb"))
    for (k, rect), (j, route) in itertools.product(picture.labels.items(), enumerate(picture.routes)):
        assert strikes(route.points, rect) == (k == j)


def test_a_title_of_400_characters_is_three_lines() -> None:
    svg = to_svg(dataclasses.replace(twins("lr"), title="x" * 400))
    assert float(re.search(r'width="(\d+)pt"', svg)[1]) < 1300  # type: ignore[index]
    assert "x…<" in svg
