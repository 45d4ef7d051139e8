"""The terminal tree: widths, wide characters, colour, scopes."""

from __future__ import annotations

import re

import pictures
import pytest

from graphlab.diagram import Arrow, Box, Diagram, Row, Span
from graphlab.export.metrics import cells, text_width
from graphlab.export.text import to_text

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", pictures.PICTURES)
def test_lines_fit_and_hold_everything(name: str, width: int) -> None:
    diagram = pictures.PICTURES[name]()
    text = to_text(diagram, width=width)
    assert max(cells(line) for line in text.splitlines()) <= width
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", text)
    assert text == to_text(diagram, width=width)
    assert ANSI.sub("", to_text(diagram, color=True, width=width)) == text


def test_matrices_keep_their_columns_under_one_another() -> None:
    lines = [line for line in to_text(pictures.mlp_forward()).splitlines() if "[" in line][:4]
    assert len({line.index("[") for line in lines}) == len({line.index("]") for line in lines}) == 1


def test_arrows_with_their_labels() -> None:
    text = to_text(pictures.sigmoid_backward())
    assert "└─▶ x0   0.1966 × 2 = 0.3932" in text
    assert text.index("■ f · sigmoid") < text.index("■ s · add") < text.index("○ w0"), "backward starts at the loss"
    assert "◀ now" in text and "∂L/∂w1 –" in text


def test_scopes_are_indented() -> None:
    text = to_text(pictures.mlp_forward())
    assert "\n▸ hidden\n  ○ W param\n" in text and "\n■ L · softmax" in text


def test_long_lines_wrap_between_words_and_deep_scopes_keep_room() -> None:
    words = " ".join(["word"] * 40)
    box = Box("n0", "x", (Span("x"),), "leaf", "node", (Row("note", ((Span(words),),)),))
    text = to_text(Diagram("", "", "forward", (box,), ()), width=40)
    assert max(map(len, text.splitlines())) <= 40
    assert text.split()[2:] == ["word"] * 40


def test_wide_characters_count_two() -> None:
    title = "한글" * 20
    lines = to_text(Diagram(title, "", "forward", (), ()), width=60).splitlines()
    assert [cells(line) for line in lines] == [60, 20] and "".join(lines) == title


def test_colour_speaks_only_where_it_is_asked_for() -> None:
    assert "\x1b" not in to_text(pictures.sigmoid_backward())
    coloured = to_text(pictures.sigmoid_backward(), color=True)
    assert "\x1b[31m0.3932\x1b[0m" in coloured


# Widths in Liberation Sans (Arial's) and in DejaVu Sans, regular and bold, in thousandths, from the fonts' hmtx tables
SAMPLES = {
    "value 0.7311": (5724, 6542, 7258),
    "softmax_cross_entropy": (10334, 11550, 12930),
    "MMMM WWWW": (7381, 7717, 8740),
    "y = γ × (x − μ) / √(σ² + ε) + β": (12442, 15142, 16418),
    "∂L/∂W = xᵀ · ∂L/∂y": (8041, 8830, 9612),
    "0.1966 × (-1) = -0.1966": (10276, 12072, 13213),
}


@pytest.mark.parametrize("text", SAMPLES)
def test_estimated_widths_hold_in_both_fonts(text: str) -> None:
    arial, dejavu, bold = SAMPLES[text]
    assert arial < dejavu <= text_width(text, 1000) < 1.06 * dejavu
    assert 0.985 * bold < text_width(text, 1000, bold=True) < 1.1 * bold  # a card's padding takes up the rest


def test_korean_and_monospace_widths() -> None:
    assert text_width("한국어", 10) == 30.0  # Noto Sans CJK: 920 an em's thousandths a syllable; others 1000
    assert text_width("[  1.5 ]", 10, mono=True) == text_width("[ -0.5 ]", 10, mono=True)


def test_where_both_directions_are_drawn_an_arrow_shows_which_way_it_runs() -> None:
    boxes = tuple(Box(f"n{k}", name, (Span(name, "strong"),), "leaf", "node") for k, name in enumerate("ab"))
    data, back = Arrow("e0", "n0", "n1", "data", ((Span("2"),),)), Arrow("e0b", "n1", "n0", "backward", ((Span("5"),),))
    assert to_text(Diagram("", "", "both", boxes, (data, back))).split("\n\n") == ["■ a\n└─▶ b   2", "■ b\n└◀─ a   5\n"]
    assert "└─▶ a   5" in to_text(Diagram("", "", "backward", boxes, (back,)))
