"""Engines: which draws, what is said when one is missing or slow, and what the SVG may hold."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pictures
import pytest

import graphlab.export.picture as module
from graphlab.errors import ExportError, MissingDependencyError, UsageError
from graphlab.export.picture import engine_status, to_picture

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {"svg", "g", "title", "text", "tspan", "rect", "path", "polygon", "polyline", "ellipse", "circle"}


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: None)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, no_dot: None) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `dot` of our own, first on the PATH."""
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.mark.parametrize("engine", ["pygraphviz", "layered"])
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


@pytest.mark.parametrize("engine", ["pygraphviz", "layered"])
def test_a_title_says_the_full_name(engine: str) -> None:
    root = ET.fromstring(to_picture(pictures.mlp_forward(), "svg", engine=engine)[0])
    titles = {g.get("id"): g.findtext(f"{SVG}title") for g in root.iter(f"{SVG}g")}
    assert titles["n6"] == "hidden.fc" and titles["g0"] == "hidden"


def test_a_line_of_several_inks_is_one_text(no_dot: None) -> None:
    root = ET.fromstring(to_picture(pictures.sigmoid_backward(), "svg")[0])
    lines = ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
    assert "0.1966 × 2 = 0.3932" in lines and "w0 param = 2" in lines


@pytest.mark.parametrize(("fmt", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_png_and_pdf_come_from_pygraphviz(fmt: str, magic: bytes, no_dot: None) -> None:
    picture, notes = to_picture(pictures.korean(), fmt)
    assert picture.startswith(magic) and not notes


def test_without_any_engine_the_plain_layout_draws(no_engine: None) -> None:
    svg, notes = to_picture(pictures.korean(), "svg")
    assert svg == to_picture(pictures.korean(), "svg", engine="layered")[0]
    assert "apt install graphviz" in notes[0] and "brew install graphviz" in notes[0] and "pip install" in notes[0]


@pytest.mark.parametrize("fmt", ["png", "pdf"])
def test_without_any_engine_png_and_pdf_say_what_to_install(fmt: str, no_engine: None) -> None:
    with pytest.raises(MissingDependencyError, match=r"apt install graphviz.*brew install graphviz.*pip install"):
        to_picture(pictures.korean(), fmt)


def test_a_forced_engine_that_is_missing_says_what_to_install(no_engine: None) -> None:
    with pytest.raises(MissingDependencyError, match=r"dot: it is not installed.*apt install graphviz"):
        to_picture(pictures.korean(), "svg", engine="dot")
    with pytest.raises(MissingDependencyError, match=r"pygraphviz: it is not installed.*pip install"):
        to_picture(pictures.korean(), "svg", engine="pygraphviz")


def test_a_broken_pygraphviz_is_recognised(monkeypatch: pytest.MonkeyPatch, no_dot: None) -> None:
    text = "import sys; sys.exit('ImportError: libXrender.so.1: cannot open shared object file')"
    monkeypatch.setattr(module, "_CHILD", text)
    with pytest.raises(MissingDependencyError, match=r"libXrender\.so\.1"):
        to_picture(pictures.korean(), "png")
    svg, notes = to_picture(pictures.korean(), "svg")
    assert svg.startswith(b"<svg") and notes


@pytest.mark.skipif(sys.platform == "win32", reason="a script with #! is no program there")
class TestFakeDot:
    def test_dot_is_asked_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fake(tmp_path, monkeypatch, "import sys; sys.stdin.read(); print('%PDF fake')")
        assert to_picture(pictures.korean(), "pdf")[0] == b"%PDF fake\n"

    def test_a_dot_that_fails_is_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fake(tmp_path, monkeypatch, "import sys; sys.exit('Format: \"pdf\" not recognized')")
        assert to_picture(pictures.korean(), "pdf")[0].startswith(b"%PDF")
        with pytest.raises(MissingDependencyError, match="not recognized"):
            to_picture(pictures.korean(), "pdf", engine="dot")

    def test_a_slow_engine_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pid = tmp_path / "pid"
        fake(tmp_path, monkeypatch, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        start = time.perf_counter()
        svg, notes = to_picture(pictures.korean(), "svg", timeout=1.0)
        assert time.perf_counter() - start < 30
        assert svg == to_picture(pictures.korean(), "svg", engine="layered")[0]
        assert "dot took longer than 1 s for 2 boxes" in notes[0]
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
        with pytest.raises(ExportError, match="took longer than 1 s"):
            to_picture(pictures.korean(), "png", timeout=1.0)

    def test_ctrl_c_ends_the_engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fake(tmp_path, monkeypatch, "import time; time.sleep(60)")
        started: list[module.subprocess.Popen[bytes]] = []
        real = module.subprocess.Popen.communicate

        def interrupted(self, *args, **kwargs):
            if not started:
                started.append(self)
                raise KeyboardInterrupt
            return real(self, *args, **kwargs)

        monkeypatch.setattr(module.subprocess.Popen, "communicate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            to_picture(pictures.korean(), "svg")
        assert started[0].poll() is not None


def test_many_boxes_are_drawn_plainly_and_say_so() -> None:
    svg, notes = to_picture(pictures.grid(3001), "svg")
    assert svg.count(b'class="node"') == 3001 and "3001 boxes are many" in notes[0]


def test_a_png_of_too_many_boxes_is_refused_with_a_word() -> None:
    with pytest.raises(ExportError, match=r"1501 boxes are too many for a PNG.*\.svg"):
        to_picture(pictures.grid(1501), "png")


def test_a_wide_png_is_scaled_and_says_so(no_dot: None) -> None:
    png, notes = to_picture(pictures.grid(80, 4), "png")
    assert max(module._png_size(png)) <= module.PNG_INCHES * module.PNG_DPI + 1
    assert "scaled down" in notes[0]


def test_a_png_that_would_show_nothing_is_refused(no_dot: None) -> None:
    with pytest.raises(ExportError, match=r"too long for a PNG.*write an \.svg"):
        to_picture(pictures.grid(900, rows=0), "png")


def test_wrong_words() -> None:
    with pytest.raises(
        UsageError, match=r"no engine 'doz' \(did you mean 'dot'\?\); choose one of dot, pygraphviz, layered"
    ):
        to_picture(pictures.korean(), "svg", engine="doz")
    with pytest.raises(UsageError, match="svg, png or pdf; got 'bmp'"):
        to_picture(pictures.korean(), "bmp")
    with pytest.raises(ExportError, match="'layered' writes SVG only, not PNG"):
        to_picture(pictures.korean(), "png", engine="layered")


def test_the_status_of_every_engine(no_dot: None) -> None:
    dot, pygraphviz, layered = engine_status()
    assert not dot.works and dot.formats == () and "apt install graphviz" in dot.install
    assert pygraphviz.works and pygraphviz.formats == ("svg", "png", "pdf") and not pygraphviz.install
    assert re.match(r"2\.\d+", pygraphviz.version)
    assert layered.works and layered.formats == ("svg",)


def test_arrows_that_pass_many_ranks_are_drawn_plainly_too() -> None:
    _, notes = to_picture(pictures.grid(350, 4, skip=20), "svg")
    assert "1400 boxes are many" in notes[0]


def test_a_pdf_carries_no_date() -> None:
    pdf, _ = to_picture(pictures.sigmoid_backward(), "pdf")
    assert b"(D:19700101000000" in pdf


def test_frames_names_are_drawn_last() -> None:
    svg = to_picture(pictures.mlp_forward(), "svg")[0].decode()
    assert svg.find(">hidden</text>") > svg.rfind('class="edge"') > 0
    assert svg.count(">hidden</text>") == 1
