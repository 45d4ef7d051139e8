"""DOT: the cards, their escaping, directions, positions and bytes."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import graphviz.quoting
import pictures
import pytest
from hypothesis import given, strategies as st

from graphlab.base.escape import dot_text, isolated, visible, xml_text
from graphlab.diagram import Arrow, Box, Diagram, Group, Row, Span
from graphlab.errors import ExportError
from graphlab.export.graphviz.dot import LARGE, to_dot
from graphlab.export.graphviz.engines import lay_out
from graphlab.export.metrics import text_width
from graphlab.export.theme import THEMES


def laid_out(dot: str, placed: bool = False) -> dict:
    """What the engine reads in a DOT text, and where it puts it: boxes by name, edges, clusters."""
    found = json.loads(lay_out("graphviz-pure", [dot], "json0", placed, 60.0))
    objects = found.get("objects", [])
    return {
        "boxes": {o["name"]: o for o in objects if "nodes" not in o and not o["name"].startswith("cluster")},
        "edges": [(objects[e["tail"]]["name"], objects[e["head"]]["name"], e) for e in found.get("edges", [])],
    }


FORBIDDEN = re.compile(
    r"\b(URL|href|stylesheet|image|shapefile|imagepath|fontpath|target|tooltip|src)\s*=", re.IGNORECASE
)


def markup_only(dot: str) -> str:
    """DOT without the texts between tags: what is left is our own."""
    return re.sub(r">[^<>]*<", "><", dot)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", pictures.PICTURES)
def test_it_is_dot_with_all_ids(name: str, theme: str) -> None:
    diagram = pictures.PICTURES[name]()
    graph = laid_out(to_dot(diagram, theme), placed=diagram.boxes[0].position is not None)
    assert sorted(graph["boxes"]) == sorted(box.id for box in diagram.boxes)
    assert sorted(edge["id"] for _, _, edge in graph["edges"]) == sorted(a.id for a in diagram.arrows)
    assert sorted((a, b) for a, b, _ in graph["edges"]) == sorted((a.tail, a.head) for a in diagram.arrows)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_same_bytes_and_nothing_that_points_outside(name: str) -> None:
    dot = to_dot(pictures.PICTURES[name]())
    assert dot == to_dot(pictures.PICTURES[name]())
    assert not FORBIDDEN.search(markup_only(dot))


@given(st.text())
def test_escaped_text_is_one_piece_of_text(text: str) -> None:
    for escaped in (dot_text(text), xml_text(text)):
        assert escaped.count("\u2068") == escaped.count("\u2069")
        bare = re.sub("\u2068([^\u2066-\u2069]*)\u2069", r"\1", escaped)  # our own isolates, never nested
        assert not re.search(r"""[<>"'\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]""", bare)
        assert not re.search(r"&(?!(amp|lt|gt|quot|#39);)", bare)
    assert html.unescape(xml_text(text)) == isolated(visible(text))
    assert html.unescape(dot_text(text)).replace("\\\\", "\\") == isolated(visible(text))
    assert graphviz.quoting.quote(f"<{dot_text(text)}>") == f"<{dot_text(text)}>"
    dot_text(text).encode()


def labels(dot: str) -> set[str]:
    """The texts that Graphviz itself draws, read back from its own output."""
    drawn = lay_out("graphviz-pure", [dot], "svg", False, 60.0)
    return {html.unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)}


def test_graphviz_draws_hostile_texts_as_they_are() -> None:
    texts = [bad for bad in pictures.HOSTILE if bad.strip()]
    boxes = tuple(Box(f"n{k}", bad, (Span(bad),), "leaf", "node") for k, bad in enumerate(texts))
    found = labels(to_dot(Diagram("", "", "forward", boxes, ())))
    assert {isolated(visible(bad)) for bad in texts} <= found


def test_backward_runs_from_the_loss_with_the_ranks_reversed() -> None:
    diagram = pictures.sigmoid_backward()
    dot = to_dot(diagram)
    assert "rankdir=RL" in dot and "n8 -> n7 [" in dot
    assert "rankdir=BT" in to_dot(dataclasses.replace(diagram, direction="tb"))
    assert "rankdir=LR" in to_dot(pictures.mlp_forward()) and "rankdir=TB" in to_dot(pictures.mlp_forward("tb"))
    place = positions(dot)
    assert place["n8"][0] > place["n7"][0] > place["n5"][0] > place["n0"][0]


def positions(dot: str) -> dict[str, tuple[float, float]]:
    return {name: tuple(float(v) for v in box["pos"].split(",")) for name, box in laid_out(dot)["boxes"].items()}


def test_title_is_at_the_top_and_the_legend_at_the_bottom() -> None:
    drawn = lay_out("graphviz-pure", [to_dot(pictures.sigmoid_backward())], "svg", False, 60.0)
    at = {
        text: (float(x), float(y))
        for x, y, text in re.findall(r'<text[^>]* x="([^"]+)" y="([^"]+)"[^>]*>([^<]+)<', drawn)
    }
    assert at["Sigmoid neuron"][1] == min(y for _, y in at.values())
    assert at["seeded with ∂L/∂f = 1"][1] == max(y for _, y in at.values())
    assert at["Sigmoid neuron"][0] < at["x0"][0] + 20, "at the left, also where the ranks run from right to left"


def test_fixed_places_are_kept() -> None:
    diagram = pictures.neurons()
    dot = to_dot(diagram)
    assert "layout=neato" in dot and 'pos="160.00,90.00!"' in dot
    boxes = laid_out(dot, placed=True)["boxes"]
    place = {name: [float(v) for v in box["pos"].strip("!").split(",")] for name, box in boxes.items()}
    first = diagram.boxes[0]
    for box in diagram.boxes:
        for axis in (0, 1):
            gap = box.position[axis] - first.position[axis]
            assert place[box.id][axis] - place["n0"][axis] == pytest.approx(gap, abs=0.02)


def test_scopes_are_clusters_that_nest() -> None:
    dot = to_dot(pictures.hostile())
    outer, inner = dot.index("subgraph cluster_g0"), dot.index("subgraph cluster_g1")
    assert outer < inner
    assert dot.count("{") == dot.count("}") + dot.count("{{}}") * 0


def test_a_large_graph_is_laid_out_in_a_hurry() -> None:
    assert "nslimit=0.1" in to_dot(pictures.grid(LARGE + 1)) and "mclimit=0.1" in to_dot(pictures.grid(LARGE + 1))
    assert "nslimit" not in to_dot(pictures.grid(50))


@pytest.mark.parametrize("bad", ["n 0", 'n"', "0n", "n0:p", "", "n0\n", "ñ"])
def test_ids_must_be_opaque(bad: str) -> None:
    with pytest.raises(ExportError, match="ids are letters and digits"):
        to_dot(Diagram("", "", "forward", (Box(bad, "x", (), "leaf", "input"),), ()))


def test_ids_must_differ() -> None:
    box = Box("n0", "x", (), "leaf", "input")
    with pytest.raises(ExportError, match="'n0' is there twice"):
        to_dot(Diagram("", "", "forward", (box, box), ()))


@pytest.mark.parametrize(
    ("diagram", "said"),
    [
        (Diagram("", "", "forward", (), (Arrow("e0", "n0", "n1", "forward"),)), "arrow 'e0' names a box 'n0'"),
        (Diagram("", "", "forward", (Box("n0", "x", (), "leaf", "input", group="g7"),), ()), "names a group 'g7'"),
        (Diagram("", "", "forward", (), (), (Group("g0", "a", "g1"), Group("g1", "b", "g0"))), "'g0' is inside itself"),
    ],
)
def test_what_a_diagram_names_must_be_there(diagram: Diagram, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        to_dot(diagram)


def test_a_mark_shows_in_words_and_border() -> None:
    dot = to_dot(pictures.sigmoid_backward())
    assert "◀ now" in dot and f'COLOR="{THEMES["light"].marks["now"].border}"' in dot


def test_every_line_fits_in_the_widest_of_the_usual_fonts() -> None:
    """Whatever the engine's own font: the header's cell is as wide as the widest row, set bold, needs, and no wider
    than an engine that takes ∂ for two blanks makes of it, with a wide frame and a point of rounding a span."""
    line = (Span("∂L/∂h = "), Span("0.0554 + (-0.0190) = 0.0364", "grad"))
    wide = Box("n0", "h", (Span("h"),), "leaf", "node", (Row("sum", (line,)), Row("note", ((Span("한국어"),),))))
    width = int(re.search(r'WIDTH="(\d+)"', to_dot(Diagram("", "", "backward", (wide,), ())))[1])
    needed = text_width(line[0].text, 10) + text_width(line[1].text, 10, bold=True)
    blanks = 2 * (2 * text_width(" ", 10) - text_width("∂", 10))
    assert needed + 8 <= width <= needed + blanks + 8 + 2 + 2 + 1


def in_both() -> Diagram:
    boxes = tuple(Box(f"n{k}", f"x{k}", (Span("x"),), "leaf", "node") for k in range(2))
    data = Arrow("e0", "n0", "n1", "data", ((Span("2", "value"),),))
    return Diagram("", "", "both", boxes, (data, Arrow("e0b", "n1", "n0", "backward", ((Span("-0.1", "grad"),),), 0.5)))


def test_where_both_directions_are_drawn_each_arrow_has_its_head_where_it_leads() -> None:
    dot = to_dot(in_both())
    data, against = (line for line in dot.splitlines() if " -> " in line)
    assert "rankdir=LR" in dot
    assert " dir=" not in data and data.startswith("n0 -> n1 ")
    assert "dir=back" in against and against.startswith("n0 -> n1 ")
    assert f'color="{THEMES["light"].inks["value"].color}"' in data
    assert 'color="#CC3327"' in against
    alone = to_dot(dataclasses.replace(in_both(), arrows=in_both().arrows[1:]))
    assert "rankdir=RL" in alone and "n1 -> n0 " in alone and " dir=" not in alone


def test_an_empty_diagram_is_dot_too() -> None:
    assert not laid_out(to_dot(Diagram("", "", "forward", (), ())))["boxes"]


def test_two_arrows_between_the_same_boxes_keep_off_each_others_labels() -> None:
    boxes = tuple(Box(f"n{k}", "x", (Span("x"),), "leaf", "node") for k in range(2))
    label = ((Span("value 3"),), (Span("gradient 3"),))
    arrows = tuple(Arrow(f"e{k}", *(("n0", "n1")[:: 1 - 2 * k]), ("data", "backward")[k], label) for k in range(2))
    plain = lay_out("graphviz-pure", [to_dot(Diagram("", "", "both", boxes, arrows))], "plain", False, 60.0)
    edges = [line.split() for line in plain.splitlines() if line.startswith("edge")]
    heights = [[float(y) for y in edge[5 : 4 + 2 * int(edge[3]) : 2]] for edge in edges]
    gap = abs(sum(heights[0]) / len(heights[0]) - sum(heights[1]) / len(heights[1])) * 72
    assert gap > 24  # points: two lines of a label


def test_a_long_title_is_wrapped() -> None:
    diagram = Diagram("x" * 400, "", "forward", (Box("n0", "x", (Span("x"),), "leaf", "input"),), ())
    assert "x" * 81 not in to_dot(diagram)
    assert "x…" in to_dot(diagram)


def test_right_to_left_names_are_isolated() -> None:
    name = "\u05d0\u05d1"
    for escape in (dot_text, xml_text):
        assert escape(f"{name} = 2 + b") == f"\u2068{name}\u2069 = 2 + b"
        assert escape(f"\u2069{name}") == f"\ufffd\u2068{name}\u2069"


def in_frames() -> Diagram:
    def box(name: str, group: str | None, role: str = "node") -> Box:
        return Box(name, name, (Span(name),), "linear", role, group=group)

    boxes = (box("n0", None), box("n1", "g0", "param"), box("n2", "g0"), box("n3", "g0"), box("n4", "g1"))
    pairs = ((0, 2), (1, 2), (2, 3), (3, 4))
    arrows = tuple(Arrow(f"e{a}", f"n{a}", f"n{b}", "forward", ((Span("4×2"),),)) for a, b in pairs)
    return Diagram("t", "", "forward", boxes, arrows, (Group("g0", "one"), Group("g1", "two")))


def test_arrows_between_frames_are_longer_but_not_a_parameters() -> None:
    lines = [line for line in to_dot(in_frames()).splitlines() if " -> " in line]
    assert ["minlen=2" in line for line in lines] == [True, False, False, True]


@pytest.mark.parametrize("theme", THEMES)
def test_a_label_stands_on_paper(theme: str) -> None:
    lines = [line for line in to_dot(in_frames(), theme).splitlines() if " -> " in line]
    assert [re.findall(r'BGCOLOR="(.*?)"', line) for line in lines] == [[THEMES[theme].paper]] * 4


@pytest.mark.parametrize("theme", THEMES)
def test_only_a_coloured_theme_speaks_of_colour(theme: str) -> None:
    legend = ((Span("the wider"), Span(" and stronger in colour", "hue"), Span(" an arrow")),)
    dot = to_dot(dataclasses.replace(in_frames(), legend=legend), theme)
    assert ("colour" in dot) == (len(THEMES[theme].scale) > 1)


@pytest.mark.parametrize(("kind", "dashed"), [("backward", [True, False]), ("data", [False, False])])
def test_an_arrow_that_should_carry_a_gradient_and_has_none_is_dashed(kind: str, dashed: list[bool]) -> None:
    arrows = [Arrow("e0", "n0", "n2", kind, weight=weight) for weight in (None, 0.0)]
    assert ["dashed" in to_dot(dataclasses.replace(in_frames(), arrows=(arrow,))) for arrow in arrows] == dashed
