"""The PDF in a real reader: its text, its pages, its fonts. Needs typst and poppler; a named CI step has both."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import graphlab as gl
from graphlab.export.paper import typst_fonts
from graphlab.handout import HandoutOptions, compose, save
from graphlab.handout.compose import equations_of
from graphlab.handout.content import Equation, Handout, Heading, Step, Value
from graphlab.handout.typeset.typst import to_typst

pytestmark = pytest.mark.pdf
typst = pytest.importorskip("typst")
if shutil.which("pdftotext") is None:
    pytest.skip("poppler's pdftotext is not here", allow_module_level=True)

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))


def read(path: Path, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_pdf_says_what_the_page_says(path: Path, tmp_path: Path) -> None:
    page = compose(gl.backward(gl.forward(gl.load(path))))
    save(page, tmp_path / "page.pdf")
    said = re.sub(r"\s+", "", read(tmp_path / "page.pdf"))
    for equation in equations_of(page.blocks):
        assert isinstance(equation.result, Value)
        numbers = [equation.result.text] if equation.result.text else [x for row in equation.result.matrix for x in row]
        for text in numbers:
            assert re.sub(r"\s+", "", text) in said
    for block in page.blocks:
        if isinstance(block, Heading):
            assert re.sub(r"\s+", "", block.text) in said
    assert "\ufffd" not in said


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_heading_stands_last_on_a_page_and_no_text_leaves_it(path: Path, tmp_path: Path) -> None:
    page = compose(gl.backward(gl.forward(gl.load(path))))
    save(page, tmp_path / "page.pdf")
    headings = {block.text for block in page.blocks if isinstance(block, Heading)}
    for sheet in read(tmp_path / "page.pdf", "-layout").split("\f"):
        lines = [line.strip() for line in sheet.splitlines() if line.strip() and not re.fullmatch(r"\s*\d+\s*", line)]
        assert not lines or lines[-1] not in headings
        assert not lines or not lines[-1].startswith("The chain rule starts at")
    boxes = read(tmp_path / "page.pdf", "-bbox")
    width, height = map(float, re.findall(r'<page width="([\d.]+)" height="([\d.]+)"', boxes)[0])
    for x0, y0, x1, y1 in re.findall(
        r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"', boxes
    ):
        assert 30 < float(x0) <= float(x1) < width - 30
        assert 30 < float(y0) <= float(y1) < height - 20


@pytest.mark.parametrize("rows", [(("1", "-2.5"), ("3", "4")), (("7",), ("-80",), ("9",)), (("1", "2", "3"),)])
def test_a_matrix_stands_between_brackets_that_no_digit_touches(rows: tuple[tuple[str, ...], ...]) -> None:
    equation = Equation("A", "", "", "=", Value(slices=(("[0]", rows), ("[1]", rows)), shape="2×2×2"), "value")
    source = to_typst(Handout("t", (Step(1, "A", "mul", (equation,)),)), "{name}.svg", ["Libertinus Serif"])
    svg = typst.compile(source.encode(), format="svg").decode()
    strokes = re.findall(r'<path[^>]*stroke="#000000"[^>]*translate\(([\d. -]+)\)"[^>]*d="M 0 0([vh]) ([\d.]+)"', svg)
    upright = [float(length) for _, way, length in strokes if way == "v"]
    across = [float(length) for _, way, length in strokes if way == "h"]
    assert len(upright) == 4  # two matrices, with two sides each
    assert len(across) == 8  # bars would have none: | | is a determinant
    assert all(2 < length < 5 for length in across)
    assert min(upright) > 10 * len(rows)  # room above and below


Word = tuple[float, float, float, float, str]


def words(sheet: str) -> list[Word]:
    """The boxes of a page's words, as the reader sees them."""
    found = re.findall(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>', sheet)
    return [(float(a), float(b), float(c), float(d), text) for a, b, c, d, text in found]


def overlap(a: Word, b: Word) -> bool:
    """Whether one word stands on another: a fifth of the smaller one's box."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((w[2] - w[0]) * (w[3] - w[1]) for w in (a, b))
    return wide > 0 and high > 0 and wide * high > smaller / 5


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_word_stands_on_another(path: Path, lang: str, tmp_path: Path) -> None:
    save(compose(gl.backward(gl.forward(gl.load(path))), HandoutOptions(lang=lang)), tmp_path / "page.pdf")
    for sheet in read(tmp_path / "page.pdf", "-bbox").split("<page ")[1:]:
        on = sorted(words(sheet), key=lambda word: word[1])
        for k, one in enumerate(on):
            for other in on[k + 1 :]:
                if other[1] > one[3]:
                    break
                assert not overlap(one, other), (one, other)


def test_a_picture_takes_what_is_left_of_the_first_page(tmp_path: Path) -> None:
    path = next(path for path in SAMPLES if path.stem == "sigmoid_neuron")
    save(compose(gl.backward(gl.forward(gl.load(path)))), tmp_path / "page.pdf")
    first = read(tmp_path / "page.pdf").split("\f")[0]
    assert "What is given" in first
    assert "value 0.7311" in re.sub(r"\s+", " ", first)


def test_long_names_stay_on_the_page(tmp_path: Path) -> None:
    one, two = "without_end" * 9, "encoder.layer.attention.query.weight.of.the.second.block.after.the.first"
    graph = gl.loads(
        f"graphlab: 1\nparams:\n  {one}: [1, 2]\n  {two.replace('.', '_')}: [3, 4]\n"
        f"nodes:\n  y: mul({one}, {two.replace('.', '_')})\n  L: sum(y)\nloss: L\n"
    )
    save(compose(gl.backward(gl.forward(graph))), tmp_path / "page.pdf")
    for sheet in read(tmp_path / "page.pdf", "-bbox").split("<page ")[1:]:
        assert all(30 < word[0] < word[2] < 595 - 30 for word in words(sheet))
    assert one in re.sub(r"[\s\u200b]+", "", read(tmp_path / "page.pdf"))


def test_the_same_page_twice_is_the_same_bytes(tmp_path: Path) -> None:
    trace = gl.backward(gl.forward(gl.load(SAMPLES[0])))
    for name in ("a.pdf", "b.pdf"):
        save(compose(trace), tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_letter_paper_and_a_worksheet_with_its_key(tmp_path: Path) -> None:
    trace = gl.backward(gl.forward(gl.load(next(path for path in SAMPLES if path.stem == "mazur_units"))))
    page = compose(trace, HandoutOptions(paper="letter", blanks=0.5, answers=True, theme="print"))
    save(page, tmp_path / "sheet.pdf")
    said = re.sub(r"\s+", " ", read(tmp_path / "sheet.pdf"))
    assert "Answers" in said
    assert all(f"({blank.number})" in said for blank in page.key)
    boxes = read(tmp_path / "sheet.pdf", "-bbox")
    assert '<page width="612.000000" height="792.000000"' in boxes


def test_korean_letters_come_with_graphlab(tmp_path: Path) -> None:
    trace = gl.backward(gl.forward(gl.load(next(path for path in SAMPLES if path.stem == "buy_apple"))))
    page = compose(trace, HandoutOptions(lang="ko"))
    save(page, tmp_path / "page.pdf")
    said = read(tmp_path / "page.pdf")
    assert "사과 사기" in said
    assert "순전파, 한 단계씩" in said
    fonts = subprocess.run(["pdffonts", str(tmp_path / "page.pdf")], capture_output=True, check=True).stdout.decode()
    assert re.search("NotoSerifKR", fonts) and not re.search("Nanum|CJK|Gothic|Myung|Batang", fonts)


def test_a_letter_that_no_font_has_is_written_as_its_code_point(tmp_path: Path) -> None:
    text = "graphlab: 1\nname: \U00013080 or \u2603\nparams: {\U00013080: 2}\nnodes: {L: \U00013080 * 3}\n"
    page = compose(gl.backward(gl.forward(gl.loads(text))))
    _, notes = save(page, tmp_path / "page.pdf")
    said = read(tmp_path / "page.pdf")
    assert said.startswith("[U+13080] or")
    assert said.count("[U+13080] × 3") == 2  # in the picture and in the step
    assert "\U00013080" not in said
    assert any("no font here has" in note and "\U00013080" in note for note in notes)


def test_korean_headings_and_table_heads_are_bold() -> None:
    """As the Latin beside them: the font has no bold cut, so its letters are stroked."""
    page = to_typst(
        Handout("배타적 XOR", (Heading("주어진 것"),)), "{name}.svg", ["Libertinus Serif", "Noto Serif KR"], "ko"
    )
    page += '\n#strong("이름 z")\n이름 z\n'
    svg = typst.compile(page.encode(), format="svg", font_paths=typst_fonts(False)).decode()
    assert len(re.findall("<use [^>]*stroke=", svg)) == len("배타적주어진것이름")
