"""PNG and PDF: from any engine's SVG, with the right letters on a machine without fonts, the same bytes each time."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pictures
import pytest

from graphlab.diagram import Box, Diagram, Row, Span
from graphlab.errors import ExportError, MissingDependencyError
from graphlab.export import paper
from graphlab.export.letters import DOUBTFUL, missing
from graphlab.export.paper import PNG_SIDE, packaged_fonts, to_paper
from graphlab.export.picture import to_picture

ENGINES = ("graphviz-pure", "layered")


@pytest.fixture(autouse=True)
def no_fonts_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    real = paper.typst_fonts
    monkeypatch.setattr(paper, "typst_fonts", lambda system: real(False))


def png_size(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", png[16:24])


def pixels(png: bytes) -> bytes:
    """The pixels as typst writes them, before their filters are undone: enough to see that something was drawn."""
    chunks, at = [], 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks.append((kind, png[at + 8 : at + 8 + size]))
        at += size + 12
    return zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))


def card(text: str, role: str = "plain") -> Diagram:
    row = Row("value", ((Span(text, role),),), mono=role == "mono")
    return Diagram("", "", "forward", (Box("n0", "x", (Span("x"),), "leaf", "node", (row,)),), ())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("fmt", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_every_engine_makes_every_format_with_the_same_bytes(engine: str, fmt: str, magic: bytes) -> None:
    for diagram in (pictures.korean(), pictures.sigmoid_backward(), pictures.neurons()):
        picture, notes = to_picture(diagram, fmt, engine=engine)
        assert picture.startswith(magic) and not notes
        assert to_picture(diagram, fmt, engine=engine)[0] == picture


def test_a_pdf_carries_no_date_of_its_making() -> None:
    pdf, _ = to_picture(pictures.sigmoid_backward(), "pdf")
    assert set(re.findall(rb"\(D:(\d{8})", pdf)) <= {b"19700101"}


def fonts_in(pdf: bytes) -> set[str]:
    streams = [
        zlib.decompress(raw) if packed else raw
        for packed, raw in re.findall(rb"(/FlateDecode)?[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
        if not packed or raw[:1] == b"x"
    ]
    found = re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([\w-]+)", pdf + b"".join(streams))
    return {name.decode().split("-")[0] for name in found}


def test_a_pdf_is_set_in_the_fonts_that_come_along() -> None:
    both = Diagram("사과 2", "", "forward", (*card("[ 1 ]", "mono").boxes,), ())
    assert fonts_in(to_picture(both, "pdf")[0]) == {"Arimo", "NotoSansKR", "DejaVuSansMono"}
    assert "NotoSansKR" not in fonts_in(to_picture(card("2"), "pdf")[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fmt", ["png", "pdf"])
def test_letters_that_no_font_has_are_named(engine: str, fmt: str) -> None:
    _, notes = to_picture(card("\U00013080 か \u0b95 2"), fmt, engine=engine)
    assert len(notes) == 1 and f"in its place in the {fmt.upper()}" in notes[0]
    assert re.search(r"no font here has '\u0b95' \(U\+0B95\), '\U00013080' \(U\+13080\)", notes[0]), "か is in ours"
    assert to_picture(card("\U00013080"), "svg", engine=engine)[1] == []


def test_a_control_character_made_visible_is_no_silent_box() -> None:
    assert "(U+240A)" in to_picture(card("a\nb"), "png")[1][0]


def test_what_the_pictures_say_has_its_letters() -> None:
    said = "∂L/∂W = xᵀ · ∂L/∂ŷ ≈ −0.5 × Σ √ ² ₙ → ← ▶ ▸ ◀ ⋮ ⊞ ⟨⟩ 값 기울기 µσεβγ ∞ ≤ ≥ ● ○ █ … – —"
    for fmt in ("png", "pdf"):
        assert to_picture(card(said), fmt)[1] == []
    # what the two fonts do not have must be in those that typst brings: none of it may be drawn as nothing or a box
    for letter in missing(set(said) - {" "}, ((str(path), 0) for path in packaged_fonts())):
        assert not DOUBTFUL.match(letter)
        drawn, box = (pixels(to_picture(card(text), "png")[0]) for text in (letter, "\U00013080"))
        assert drawn != box, letter


def test_two_signs_are_not_one() -> None:
    """A font may have a dash for two minus signs, which would be another number."""
    assert pixels(to_picture(card("--1"), "png")[0]) != pixels(to_picture(card("–1"), "png")[0])


def test_bold_korean_is_bold() -> None:
    plain, bold = (pixels(to_paper(svg(weight), "png")[0]) for weight in ("normal", "bold"))
    assert sum(byte != 0 for byte in bold) != sum(byte != 0 for byte in plain)


def svg(weight: str) -> str:
    text = f'<text x="5" y="20" font-weight="{weight}">가나다</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="50pt" height="30pt" viewBox="0 0 50 30">{text}</svg>'


def test_a_png_has_two_pixels_a_point() -> None:
    assert png_size(to_paper(svg("bold"), "png")[0]) == (100, 60)


def test_a_wide_png_is_scaled_and_says_so() -> None:
    png, notes = to_picture(pictures.grid(60, 2), "png")
    assert max(png_size(png)) == PNG_SIDE
    assert re.search(r"scaled down to 8640×\d+ pixels", notes[0])


def test_a_png_that_would_show_nothing_is_refused() -> None:
    with pytest.raises(ExportError, match=r"too long for a PNG.*write an \.svg"):
        to_picture(pictures.grid(900, rows=0), "png")


def test_a_pdf_is_no_longer_than_readers_take() -> None:
    pdf, _ = to_picture(pictures.grid(120), "pdf")
    width, height = (float(n) for n in re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert width == pytest.approx(14_400, abs=0.1) and height < 300


def test_texts_stand_where_the_svg_has_them() -> None:
    drawing, lines = paper._texts_apart(to_picture(pictures.sigmoid_backward(), "svg")[0].decode())
    assert "<text" not in drawing and "<title" not in drawing and drawing.count("<path") > 5
    title = next(line for line in lines if line["runs"][0]["text"] == "Sigmoid neuron")
    assert title["runs"][0]["weight"] == "bold" and title["runs"][0]["size"] == 16
    assert 18 <= title["x"] <= 40 and 15 <= title["y"] <= 50


def test_without_typst_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(MissingDependencyError, match=r"PDF needs the typst package: pip install 'typst"):
        to_picture(pictures.korean(), "pdf")


def test_the_fonts_are_files_of_packages() -> None:
    assert {"NotoSansKR-Regular.otf", "Arimo[wght].ttf"} <= {Path(path).name for path in packaged_fonts()}
