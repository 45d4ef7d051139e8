"""Engines: which draws, what is said when one is missing or slow, and what the SVG may hold."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pictures
import pytest

from graphlab.base.escape import isolated, visible
from graphlab.diagram import Arrow, Box, Diagram, Group, Row, Span
from graphlab.errors import ExportError, MissingDependencyError, UsageError
from graphlab.export.graphviz import engines
from graphlab.export.metrics import text_width
from graphlab.export.picture import engine_status, picture_sizes, to_picture

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {"svg", "g", "title", "text", "tspan", "rect", "path", "polygon", "polyline", "ellipse", "circle"}
EMBEDDED = "graphviz-pure"


@pytest.fixture
def no_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(engines, "files", missing)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, no_embedded: None) -> None:
    monkeypatch.setattr(engines.shutil, "which", lambda name: None)


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `dot` of our own, first on the PATH."""
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.mark.parametrize("engine", [EMBEDDED, "layered"])
@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_svg_is_plain_and_its_ids_are_ours(name: str, engine: str) -> None:
    diagram = pictures.PICTURES[name]()
    svg, notes = to_picture(diagram, "svg", engine=engine)
    assert not notes and to_picture(diagram, "svg", engine=engine)[0] == svg
    root = ET.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= KNOWN
    for element in root.iter():
        for name_, value in element.attrib.items():
            assert not re.match(r"on|.*href|style$|src$", name_), name_
            assert "url(" not in value and "javascript:" not in value
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {i for i in ids if i[0] == "n"} == {box.id for box in diagram.boxes}
    assert {i for i in ids if i[0] == "e"} == {arrow.id for arrow in diagram.arrows}
    assert {i for i in ids if i[0] not in "ne"} <= {group.id for group in diagram.groups}
    assert b"<!DOCTYPE" not in svg and b"<!--" not in svg and b"<?" not in svg
    assert next(root.iter(f"{SVG}title")).text


@pytest.mark.parametrize("engine", [EMBEDDED, "layered"])
def test_a_title_says_the_full_name(engine: str) -> None:
    root = ET.fromstring(to_picture(pictures.mlp_forward(), "svg", engine=engine)[0])
    titles = {g.get("id"): g.findtext(f"{SVG}title") for g in root.iter(f"{SVG}g")}
    assert titles["n6"] == "hidden.fc" and titles["g0"] == "hidden"


def test_a_line_of_several_inks_is_one_text() -> None:
    root = ET.fromstring(to_picture(pictures.sigmoid_backward(), "svg")[0])
    lines = ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
    assert "0.1966 × 2 = 0.3932" in lines and "w0 param = 2" in lines


def test_the_embedded_engine_is_found_where_no_environment_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    before = to_picture(pictures.korean(), "svg")
    monkeypatch.setenv("PATH", "/nowhere")
    assert to_picture(pictures.korean(), "svg") == before
    assert before[1] == [] and before[0] != to_picture(pictures.korean(), "svg", engine="layered")[0]


def test_no_font_of_the_machine_changes_a_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [to_picture(pictures.hostile(), fmt)[0] for fmt in ("svg", "png", "pdf")]
    config = tmp_path / "fonts.conf"
    config.write_text("<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    assert [to_picture(pictures.hostile(), fmt)[0] for fmt in ("svg", "png", "pdf")] == before


def test_without_any_engine_the_plain_layout_draws(no_engine: None) -> None:
    for fmt in ("svg", "png", "pdf"):
        picture, notes = to_picture(pictures.korean(), fmt)
        assert picture == to_picture(pictures.korean(), fmt, engine="layered")[0]
        assert "plain layout" in notes[0] and "pip install 'graphviz-pure" in notes[0]
    assert picture_sizes([pictures.korean()])[0][0] > 50


@pytest.mark.parametrize("fmt", ["svg", "png", "pdf"])
def test_an_engine_that_is_missing_names_those_that_are_not(fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = rf"'dot' does not work here \(it is not installed\): .*apt install graphviz.*: {EMBEDDED} · layered work"
    with pytest.raises(MissingDependencyError, match=said):
        to_picture(pictures.korean(), fmt, engine="dot")


def test_the_embedded_engine_that_is_missing_says_what_to_install(no_engine: None) -> None:
    with pytest.raises(
        MissingDependencyError, match=r"'graphviz-pure' does.*pip install 'graphviz-pure.*: layered work"
    ):
        to_picture(pictures.korean(), "svg", engine=EMBEDDED)


@pytest.mark.skipif(sys.platform == "win32", reason="a script with #! is no program there")
class TestFakeDot:
    def test_dot_draws_where_the_embedded_engine_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_embedded: None
    ) -> None:
        drawn = '<svg width=\\"8pt\\" height=\\"9pt\\" viewBox=\\"0 0 8 9\\"></svg>'
        fake(tmp_path, monkeypatch, f'import sys; sys.stdin.read(); print("{drawn}")')
        monkeypatch.setenv("PATH", str(tmp_path))
        svg, notes = to_picture(pictures.korean(), "svg")
        assert b'width="8pt" height="9pt"' in svg and not notes

    def test_a_dot_that_fails_is_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_embedded: None
    ) -> None:
        fake(tmp_path, monkeypatch, "import sys; sys.exit('libXrender.so.1: cannot open shared object file')")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "plain layout" in to_picture(pictures.korean(), "svg")[1][0]
        with pytest.raises(MissingDependencyError, match=r"'dot' does not work here \(libXrender"):
            to_picture(pictures.korean(), "pdf", engine="dot")

    @pytest.mark.parametrize("junk", ["%PDF fake", "<svg width='8pt'><g>", "</svg> before <svg>"])
    def test_what_is_no_svg_is_not_taken_for_one(
        self, junk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_embedded: None
    ) -> None:
        fake(tmp_path, monkeypatch, f"import sys; sys.stdin.read(); print({junk!r})")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "plain layout" in to_picture(pictures.korean(), "svg")[1][0]
        with pytest.raises(MissingDependencyError, match="it wrote no SVG"):
            to_picture(pictures.korean(), "png", engine="dot")

    def test_a_slow_engine_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_embedded: None) -> None:
        pid = tmp_path / "pid"
        fake(tmp_path, monkeypatch, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        monkeypatch.setenv("PATH", str(tmp_path))
        start = time.perf_counter()
        svg, notes = to_picture(pictures.korean(), "svg", timeout=1.0)
        assert time.perf_counter() - start < 30
        assert svg == to_picture(pictures.korean(), "svg", engine="layered")[0]
        assert "dot took longer than 1 s for 2 boxes" in notes[0]
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
        with pytest.raises(ExportError, match="took longer than 1 s"):
            to_picture(pictures.korean(), "png", engine="dot", timeout=1.0)

    def test_ctrl_c_ends_the_engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fake(tmp_path, monkeypatch, "import time; time.sleep(60)")
        started: list[subprocess.Popen[bytes]] = []
        real = subprocess.Popen.communicate

        def interrupted(self, *args, **kwargs):
            if not started:
                started.append(self)
                raise KeyboardInterrupt
            return real(self, *args, **kwargs)

        monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            to_picture(pictures.korean(), "svg", engine="dot")
        assert started[0].poll() is not None


def test_many_boxes_are_drawn_plainly_and_say_so() -> None:
    svg, notes = to_picture(pictures.grid(3001), "svg")
    assert svg.count(b'class="node"') == 3001 and "3001 boxes are many" in notes[0]


def test_a_png_of_too_many_boxes_is_refused_with_a_word() -> None:
    with pytest.raises(ExportError, match=r"1501 boxes are too many for a PNG.*\.svg"):
        to_picture(pictures.grid(1501), "png")


def test_wrong_words() -> None:
    with pytest.raises(
        UsageError, match=r"no engine 'doz' \(did you mean 'dot'\?\); choose one of graphviz-pure, dot, layered"
    ):
        to_picture(pictures.korean(), "svg", engine="doz")
    with pytest.raises(UsageError, match="svg, png or pdf; got 'bmp'"):
        to_picture(pictures.korean(), "bmp")


def test_the_status_of_every_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    embedded, dot, layered = engine_status()
    assert embedded.works and embedded.version.startswith("0.2.") and not embedded.install
    assert not dot.works and "it is not installed; install Graphviz" in dot.install
    assert layered.works and layered.version == "built in"


def test_arrows_that_pass_many_ranks_are_drawn_plainly_too() -> None:
    _, notes = to_picture(pictures.grid(350, 4, skip=20), "svg")
    assert "1400 boxes are many" in notes[0]


def test_frames_names_are_drawn_last() -> None:
    svg = to_picture(pictures.mlp_forward(), "svg")[0].decode()
    assert svg.find(">hidden</text>") > svg.rfind('class="edge"') > 0
    assert svg.count(">hidden</text>") == 1


@pytest.mark.parametrize(
    "text", ["∂L/∂W = xᵀ · ∂L/∂y", "한국어 이름", "−0.25 × (−1) ≈ 0.25", "漢字", "[ −1.5  −2.25 ]"]
)
def test_a_text_fits_its_own_room(text: str) -> None:
    """A frame's name has no width of its own in the DOT: the engine has to measure it, in the widest usual font."""
    box = Box("n0", "x", (Span("x"),), "leaf", "node", group="g0")
    plain = Diagram("", "", "forward", (box,), (), (Group("g0", "x"),))
    named = Diagram("", "", "forward", (box,), (), (Group("g0", text * 4),))
    (narrow, _), (wide, _) = picture_sizes([plain, named])
    needed = text_width(text * 4, 10, bold=True)
    assert 0.9 * needed < wide - narrow + 40 < 1.3 * needed + 60


def test_hostile_letters_come_back_as_they_were() -> None:
    texts = ["~^@$`|", "\u0780\u07b1", "\U000f0000", "fontname=Courier", "🦊 ݀ ހ −", 'FACE="Courier"', "&amp; <b> \\N"]
    boxes = tuple(Box(f"n{k}", bad, (Span(bad), Span(" −×")), "leaf", "node") for k, bad in enumerate(texts))
    root = ET.fromstring(to_picture(Diagram("", "", "forward", boxes, ()), "svg")[0])
    said = {"".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")}
    assert {f"{isolated(visible(bad))} −×" for bad in texts} <= said


@pytest.mark.parametrize("engine", ["graphviz-pure", "layered"])
def test_texts_of_circles_and_labels_stand_in_their_middle(engine: str) -> None:
    """In a narrower font than the engine's they would stand to the left, with a hole in the line beside them."""
    row = Row("value", ((Span("a ", "quiet"), Span("0.25", "value")),))
    boxes = [
        Box(f"n{k}", f"h{k}", (Span(f"h{k}", "strong"),), "leaf", "node", (row,), None, (), "circle", (250.0 * k, 0.0))
        for k in range(2)
    ]
    boxes.append(Box("c0", "said", (Span("a = tanh"),), "leaf", "fold", (), None, (), "text", (250.0, -80.0)))
    arrow = Arrow("e0", "n0", "n1", "forward", ((Span("-0.5", "value"),),), 0.5)
    svg = to_picture(Diagram("", "", "neurons", tuple(boxes), (arrow,)), "svg", engine=engine)[0].decode()
    texts = re.findall(r"<text ([^>]*)>(?! <)", svg)
    loose = [text for text in texts if 'text-anchor="middle"' in text]
    assert len(loose) == 2 * 2 + 1 + 1 == len(texts)
    if engine != "layered":
        for cx, body in re.findall(r'<ellipse [^>]*cx="([^"]+)"[^>]*/>(.*?)</g>', svg, re.DOTALL):
            assert {float(x) for x in re.findall(r'<text text-anchor="middle" x="([^"]+)"', body)} == {float(cx)}
    card = Box("n0", "x", (Span("x"),), "leaf", "input", (row,))
    assert "middle" not in to_picture(Diagram("", "", "forward", (card,), ()), "svg", engine=engine)[0].decode()
