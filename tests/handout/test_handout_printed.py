"""Handouts as teachers print them: HTML from a real browser, LaTeX from a real LaTeX. A named CI step has both."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import graphlab as gl
from graphlab.handout import HandoutOptions, compose, save
from graphlab.handout.compose import equations_of
from graphlab.handout.content import Handout, Heading, Value

pytestmark = pytest.mark.pdf
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
for missing in [name for name in ("pdftotext", "xelatex") if shutil.which(name) is None] + ["a browser"] * (
    not BROWSER
):
    pytest.skip(f"{missing} is not here", allow_module_level=True)

SAMPLES = {path.stem: path for path in (Path(__file__).parents[2] / "samples").glob("*/*.yaml")}
SHOWN = ["mazur", "affine_bn_relu", "vanishing"]


def page_of(name: str, lang: str) -> Handout:
    return compose(gl.backward(gl.forward(gl.load(SAMPLES[name]))), HandoutOptions(lang=lang))


def printed(path: Path) -> str:
    """An HTML page's PDF, as text."""
    out = path.with_suffix(".print.pdf")
    profile = path.parent / "profile"
    assert BROWSER is not None
    subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
            "--no-pdf-header-footer", f"--print-to-pdf={out}", path.as_uri(),
        ],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    return read(out)


def set_by_latex(path: Path) -> tuple[str, str]:
    """A LaTeX page's PDF, as text, and what LaTeX said."""
    command = ["xelatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, check=False, timeout=120)
    said = path.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, said[-2000:]
    return read(path.with_suffix(".pdf")), said


def read(path: Path, *options: str) -> str:
    return subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True).stdout.decode()


def check(page: Handout, text: str) -> None:
    """Every heading and every number of the page is in the text."""
    said = re.sub(r"\s+", "", text).replace("−", "-")
    for block in page.blocks:
        if isinstance(block, Heading):
            assert re.sub(r"\s+", "", block.text) in said
    for equation in equations_of(page.blocks):
        assert isinstance(equation.result, Value)
        cells = [equation.result.text] if equation.result.text else [x for row in equation.result.matrix for x in row]
        for cell in cells:
            assert re.sub(r"\s+", "", cell).replace("−", "-") in said


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", SHOWN)
def test_a_browser_prints_all_of_the_page(name: str, lang: str, tmp_path: Path) -> None:
    page = page_of(name, lang)
    save(page, tmp_path / "page.html")
    text = printed(tmp_path / "page.html")
    check(page, text)
    starts = {"en": "The chain rule starts at", "ko": "연쇄 법칙은"}[lang]
    for sheet in text.split("\f"):
        lines = [line.strip() for line in sheet.splitlines() if line.strip()]
        assert not lines or not lines[-1].startswith(starts)  # nothing that leads on is the last on its page


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", SHOWN)
def test_latex_sets_all_of_the_page_and_has_every_letter(name: str, lang: str, tmp_path: Path) -> None:
    page = page_of(name, lang)
    save(page, tmp_path / "page.tex")
    text, said = set_by_latex(tmp_path / "page.tex")
    check(page, text)
    assert "Missing character" not in said


def test_latex_shows_a_letter_or_its_code_point(tmp_path: Path) -> None:
    text = "graphlab: 1\nname: \U00013080 \u6f22\nparams: {\u304b: 2}\nnodes: {L: \u304b * 3}\n"
    save(compose(gl.backward(gl.forward(gl.loads(text)))), tmp_path / "page.tex")
    shown, said = set_by_latex(tmp_path / "page.tex")
    assert "U+13080" in shown
    assert "\u304b" in shown or "U+304B" in shown
    assert "Missing character" not in said


def test_latex_says_that_no_font_is_korean(tmp_path: Path) -> None:
    save(page_of("buy_apple", "ko"), tmp_path / "page.tex")
    source = (tmp_path / "page.tex").read_text(encoding="utf-8")
    (tmp_path / "page.tex").write_text(re.sub("FontExistsTF{[^}]*}", "FontExistsTF{no such font}", source), "utf-8")
    with pytest.raises(AssertionError, match="no font with Korean letters is installed"):
        set_by_latex(tmp_path / "page.tex")
