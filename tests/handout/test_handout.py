"""Handouts: every printed equation holds, worksheets and keys agree, and every format says the same."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt  # rich brings it
from printed import worked_out

import graphlab as gl
from graphlab.base.numbers import number
from graphlab.errors import UsageError
from graphlab.export.letters import missing
from graphlab.handout import SECTIONS, HandoutOptions, compose, save
from graphlab.handout.compose import equations_of
from graphlab.handout.content import Blank, Equation, Figure, Handout, Heading, Paragraph, Step, Table, Value, plain
from graphlab.handout.typeset.html import to_html
from graphlab.handout.typeset.latex import to_latex
from graphlab.handout.typeset.markdown import to_markdown
from graphlab.handout.typeset.typst import string, to_typst
from graphlab.handout.variants import variant

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))
NASTY = '<img src=x onerror=alert(1)> #eval("x") \\input{/etc/passwd} $x$ *b* `c` "q" \n\u202e'


def traced(path: Path) -> gl.Trace:
    return gl.backward(gl.forward(gl.load(path)))


def page_of(name: str, **options: object) -> Handout:
    path = next(path for path in SAMPLES if path.stem == name)
    return compose(traced(path), HandoutOptions(**options))  # type: ignore[arg-type]


def holds(equation: Equation, precision: int) -> bool:
    """Whether the printed numbers give the printed result, digit by digit."""
    assert isinstance(equation.result, Value)
    found = np.asarray(worked_out(equation.numbers), dtype=float)
    result = np.asarray(worked_out(plain(equation.result)), dtype=float)
    a, b = np.broadcast_arrays(found, result.reshape(result.shape if found.ndim else ()))
    return all(
        number(float(x), precision) == number(float(y), precision) for x, y in zip(a.ravel(), b.ravel(), strict=True)
    )


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("precision", [3, 5])
def test_every_printed_equation_holds_or_says_that_it_does_not(path: Path, precision: int) -> None:
    read = 0
    steps = HandoutOptions(precision=precision, sections=("forward", "backward"))  # where the equations are
    for equation in equations_of(compose(traced(path), steps).blocks):
        if not equation.numbers:
            continue
        try:
            exact = holds(equation, precision)
        except ValueError:
            continue
        assert exact == (equation.sign == "="), equation
        read += 1
    scalars = {"buy_apple", "buy_apple_orange", "mazur", "mazur_units", "micrograd", "sigmoid_neuron"}
    assert read >= (5 if path.stem in scalars else 0)


def test_numbers_are_those_of_the_run() -> None:
    trace = traced(next(path for path in SAMPLES if path.stem == "mazur_units"))
    for block in compose(trace).blocks:
        if isinstance(block, Step) and block.equations[0].kind == "value":
            value = trace[block.node].value
            assert isinstance(block.equations[0].result, Value)
            assert block.equations[0].result.text == number(value.reshape(()))


def test_sections_can_be_chosen_and_all_are_there_otherwise() -> None:
    titles = [block.text for block in page_of("mazur").blocks if isinstance(block, Heading)]
    assert len(titles) == len(SECTIONS)
    some = page_of("mazur", sections=("gradients", "given"))
    assert [block.text for block in some.blocks if isinstance(block, Heading)] == ["What is given", "All gradients"]
    with pytest.raises(UsageError, match="no section 'gradient' \\(did you mean 'gradients'\\?\\)"):
        page_of("mazur", sections=("gradient",))


def test_nodes_can_be_chosen_and_what_is_left_out_is_said() -> None:
    page = page_of("mazur_units", nodes=("h1.*",))
    names = {block.node for block in page.blocks if isinstance(block, Step)}
    assert names
    assert all(name.startswith("h1.") for name in names)
    long = gl.Graph("long")
    h = long.param("w", 0.5)
    for k in range(60):
        h = gl.sin(h, name=f"s{k}")
    blocks = compose(gl.backward(gl.forward(long))).blocks
    assert any(isinstance(block, Paragraph) and "Steps not shown here: 20;" in block.text for block in blocks)


def test_the_update_is_the_one_that_a_reader_computes() -> None:
    page = page_of("xor", lr=0.5, precision=6)
    table = next(block for block in page.blocks if isinstance(block, Table) and block.titles[0] == "parameter")
    trace = traced(next(path for path in SAMPLES if path.stem == "xor"))
    for name, before, after in table.rows:
        new = trace[str(name)].value - 0.5 * trace[str(name)].grad
        assert isinstance(before, str)
        np.testing.assert_allclose(worked_out(str(after)), new.reshape(np.shape(worked_out(str(after)))), rtol=1e-5)


def test_a_gradient_that_is_0_but_for_rounding_is_printed_as_0() -> None:
    page = compose(variant(traced(next(path for path in SAMPLES if path.stem == "affine_bn_relu")), 1))
    cells = {str(row[0]): row[-1] for block in page.blocks if isinstance(block, Table) for row in block.rows}
    assert cells["∂L/∂b1"] == "[0 0] (but for rounding)"
    assert not re.search(r"e-1\d", str(page.blocks))
    text = "graphlab: 1\nparams: {x: 0.1}\nnodes: {a: x * -0.3, b: x * 0.2, c: x * 0.1, L: a + b + c}\nloss: L\n"
    steps = compose(gl.backward(gl.forward(gl.loads(text)))).blocks
    total = next(e for e in equations_of(steps) if e.left == "∂L/∂x" and " + " in e.numbers)
    assert (total.numbers, total.sign, total.result) == ("0.1 + 0.2 + (-0.3)", "≈", Value("0"))
    assert not holds(total, 4)


def test_the_first_nan_of_an_array_is_worked_out() -> None:
    text = (
        "graphlab: 1\ninputs: {p: [[0.5, 0, 1, 2], [2, 3, 4, 5]], t: [[0, 0, 2, 2], [2, 3, 4, 5]]}\n"
        "nodes: {l: log(p), m: l * t, L: sum(m)}\nloss: L\n"
    )
    trace = gl.backward(gl.forward(gl.loads(text)))
    equations = {e.left: e for e in equations_of(compose(trace).blocks)}
    wanted = {"l[0,1]": ("log(0)", "-Inf"), "m[0,1]": ("-Inf × 0", "NaN"), "∂L/∂p[0,1]": ("0 × 1 / 0", "NaN")}
    for left, (numbers, result) in wanted.items():
        assert (equations[left].numbers, equations[left].result) == (numbers, Value(result))
        assert holds(equations[left], 4)
    assert not any(e.left == "l[0,1]" for e in equations_of(compose(trace, HandoutOptions(blanks=0.1)).blocks))


def test_a_forward_run_has_no_backward_part() -> None:
    page = compose(gl.forward(gl.loads("graphlab: 1\ninputs: {x: 2}\nnodes: {y: x * x}")))
    assert not any(isinstance(block, Step) and block.equations[0].kind == "gradient" for block in page.blocks)


# Worksheets


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("kinds", [("value", "gradient"), ("rule",), ("value", "gradient", "rule")])
def test_the_key_fills_the_blanks_with_what_the_full_page_has(share: float, kinds: tuple[str, ...]) -> None:
    full = equations_of(page_of("mazur_units").blocks)
    sheet = page_of("mazur_units", blanks=share, kinds=kinds, seed=7, answers=True)
    blanks: dict[int, str] = {}
    for equation, whole in zip(equations_of(sheet.blocks), full, strict=True):
        for blank, answer in ((equation.rule, whole.rule), (equation.result, whole.result)):
            if isinstance(blank, Blank):
                blanks[blank.number] = answer if isinstance(answer, str) else plain(answer)  # type: ignore[arg-type]
                assert plain(blank.answer) == blanks[blank.number]
    places = sum((e.kind in kinds) + ("rule" in kinds and bool(e.rule)) for e in full)
    assert places * share <= len(blanks) < places * share + 12  # results that are printed alike go together
    shown = [e.result for e in equations_of(sheet.blocks) if isinstance(e.result, Value)]
    hidden = {text.replace("-", "") for text in blanks.values()}
    assert "value" not in kinds or not any(plain(value).replace("-", "") in hidden for value in shown)
    key = next(block for block in sheet.blocks if isinstance(block, Table) and block.titles[0] == "blank")
    assert {int(str(n)): str(answer) for n, answer in key.rows} == blanks
    assert list(blanks) == sorted(blanks)


def test_a_worksheet_tells_no_answer_elsewhere() -> None:
    sheet = page_of("mazur_units", blanks=1.0)
    assert all(equation.numbers == "" for equation in equations_of(sheet.blocks))
    assert not any(isinstance(block, Table) and block.titles[0] in ("gradient", "parameter") for block in sheet.blocks)
    figures = [block for block in sheet.blocks if isinstance(block, Figure)]
    texts = [
        span.text for f in figures for box in f.diagram.boxes for row in box.rows for line in row.lines for span in line
    ]
    assert not any("0.5933" in text for text in texts)


def test_a_picture_keeps_its_numbers_where_the_rules_leave_no_room() -> None:
    figures = [block for block in page_of("sigmoid_neuron").blocks if isinstance(block, Figure)]
    kinds = {row.kind for figure in figures for box in figure.diagram.boxes for row in box.rows}
    assert kinds == {"value", "grad"}
    roomy = [block for block in page_of("buy_apple").blocks if isinstance(block, Figure)]
    assert "local" in {row.kind for figure in roomy for box in figure.diagram.boxes for row in box.rows}


def test_a_long_model_leaves_out_the_middle() -> None:
    steps = "".join(f"  n{k}: n{k - 1} * w\n" for k in range(1, 60))
    graph = gl.loads(f"graphlab: 1\nparams: {{w: 1.01}}\nnodes:\n  n0: 2 * w\n{steps}  L: n59 * 1\nloss: L\n")
    page = compose(gl.backward(gl.forward(graph)))
    steps_of = [block for block in page.blocks if isinstance(block, Step)]
    forward = [step.node for step in steps_of if step.equations[0].kind == "value"]
    assert (forward[0], forward[-1], len(forward)) == ("n0", "L", 40)
    assert [step.number for step in steps_of if step.node == "L"] == [61, 1]
    said = [block.text for block in page.blocks if isinstance(block, Paragraph)]
    assert sum(text.startswith("Steps not shown here: 21;") for text in said) == 2
    assert steps_of[-1].node == "w"


def test_a_page_gives_all_that_its_steps_need() -> None:
    graph = gl.loads(
        "graphlab: 1\ninputs: {x: [[1, 2], [3, 5], [4, 1]]}\nnodes:\n"
        "  h: batchnorm(x)\n  d: dropout(h, rate=0.5)\n  L: sum(d * d)\nloss: L\n"
    )
    tables = {}
    for mode, kept in (("train", {"μ", "x̂", "mask"}), ("eval", set())):
        trace = gl.backward(gl.forward(graph, mode=mode))
        blocks = compose(trace).blocks
        said = " ".join(f"{equation.rule} {equation.numbers}" for equation in equations_of(blocks))
        assert {name for name in ("μ", "x̂", "mask", "Inf") if name in said} == kept
        table = next(block for block in blocks if isinstance(block, Table))
        tables[mode] = {str(row[0]): str(row[3]) for row in table.rows}
        texts = [block.text for block in blocks if isinstance(block, Paragraph)]
        assert ("This is a run in inference mode." in texts) == (mode == "eval")
    mask = np.asarray(worked_out(tables["train"]["mask of d"]))
    assert mask.shape == (3, 2)
    assert set(mask.ravel().tolist()) <= {0.0, 2.0}
    assert not any("running" in name for name in tables["train"])
    assert {"[0 0]", "[1 1]"} <= {value for name, value in tables["eval"].items() if "running" in name}
    assert "mask of d" not in tables["eval"]


def test_what_is_given_is_not_rounded() -> None:
    given = next(block for block in page_of("mazur", precision=1).blocks if isinstance(block, Table))
    assert "[0.15 0.25; 0.2 0.3]" in [str(row[3]) for row in given.rows]


def test_markdown_and_latex_leave_numbers_and_brackets_alone() -> None:
    assert "\\0" not in to_markdown(page_of("mazur"), "{name}.svg")
    table = Table(("a",), (("[l]",), ("1. b",)), (False,))
    assert "{[}l" in to_latex(Handout("t", (table,)), "{name}.pdf")
    assert "1\\. b" in to_markdown(Handout("t", (Paragraph("1. b"),)), "{name}.svg")


def test_the_same_seed_the_same_blanks() -> None:
    one, two, other = (page_of("mazur_units", blanks=0.5, seed=seed) for seed in (3, 3, 4))
    assert equations_of(one.blocks) == equations_of(two.blocks)
    assert equations_of(one.blocks) != equations_of(other.blocks)


# Formats


def hostile() -> Handout:
    equation = Equation(NASTY, NASTY, NASTY, "=", Value(NASTY, shape=NASTY), "value")
    table = Table((NASTY,), ((NASTY,), (Blank(1, Value("2")),)), (False,))
    return Handout(NASTY, (Heading(NASTY), Paragraph(NASTY), Step(1, NASTY, NASTY, (equation,)), table))


def test_texts_are_nothing_but_text_in_every_format() -> None:
    page = hostile()
    html = to_html(page, {})
    assert "<img" not in html
    assert "<script" not in html
    assert "default-src 'none'" in html
    latex = to_latex(page, "{name}.pdf")
    assert r"\input" not in latex
    assert r"\textbackslash{}input" in latex
    typ = to_typst(page, "{name}.svg", ["x"])
    assert re.sub(r'"(?:\\.|[^"\\])*"', "", typ).count("eval") == 0
    for text in (html, latex, typ, to_markdown(page, "{name}.svg")):
        assert "\u202e" not in text
    assert string('a"b\\c') == '"a\\"b\\\\c"'


SPECIAL = (
    "$x$ costs $5", "a*b* and __c__", "[link](http://x.y)", "<b>", "&lt; &amp; &", "![i](j)", "`code`", "~~no~~", "- a",
    "+ a", "---", "===", "12) a", "12. a", "# title", "> said", "| a | b |", "\\\\ \\* \\$", "http://x.y", "www.x.y",
    "a^2^", "{.class}", "@me", "    four", "~~~", "```", "-- '' ,, <<", '"quoted"', "$$", "\\(x\\)", "100 % _a_ {b}",
    "#let x = 1",
)  # fmt: skip


@pytest.mark.parametrize("words", SPECIAL)
def test_markdown_shows_what_was_written(words: str) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    equation = Equation(words, "", "", "=", Value("1"), "value")
    table = Table((words,), ((words,),), (False,))
    blocks = (Heading(words), Paragraph(words), Paragraph(words, quiet=True), Step(1, words, "op", (equation,)), table)
    page = to_markdown(Handout(words, blocks), "{name}.svg")
    leaves = [leaf for token in reader.parse(page) for leaf in token.children or ()]
    shown = [leaf.content for leaf in leaves if leaf.type in ("text", "code_inline")]
    kinds = {leaf.type for leaf in leaves} | {token.type for token in reader.parse(page)}
    known = {
        "text", "code_inline", "strong_open", "strong_close", "em_open", "em_close", "inline", "softbreak",
        *(f"{what}_{end}" for what in ("heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td")
          for end in ("open", "close")),
    }  # fmt: skip
    assert kinds <= known
    wanted = [words, words, words, words, f"1. {words}", " · op", f"{words} = 1", words, words]
    assert [" ".join(x.split()) for x in shown if x] == [" ".join(x.split()) for x in wanted]
    lone = re.sub(r"(`+) ?(.*?) ?\1(?!`)", "", page)
    assert not re.search(r"(?<!\\)(\\\\)*[$~]", lone)  # no formula for those who read $ as one


@pytest.mark.parametrize("extension", [".html", ".md", ".tex", ".typ"])
def test_each_format_holds_every_result(tmp_path: Path, extension: str) -> None:
    page = page_of("buy_apple_orange")
    written, _ = save(page, tmp_path / f"page{extension}")
    text = written[0].read_text(encoding="utf-8")
    for equation in equations_of(page.blocks):
        assert isinstance(equation.result, Value)
        assert equation.result.text in text
    figures = {path.name for path in written[1:]}
    fmt = "pdf" if extension == ".tex" else "svg"
    assert figures == (set() if extension == ".html" else {f"page-forward.{fmt}", f"page-backward.{fmt}"})
    assert save(page, tmp_path / f"page{extension}")[0] == written
    assert written[0].read_text(encoding="utf-8") == text


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in one of \.pdf, \.html, \.md, \.tex, \.typ"):
        save(page_of("buy_apple"), tmp_path / "page.docx")
    assert list(tmp_path.iterdir()) == []


def test_a_korean_page_is_korean_and_has_the_same_numbers() -> None:
    english, korean = page_of("mazur_units"), page_of("mazur_units", lang="ko")
    assert korean.title == "마주르의 2-2-2 신경망, 뉴런 하나씩"
    for a, b in zip(english.blocks, korean.blocks, strict=True):
        if isinstance(a, Heading) and isinstance(b, Heading):
            assert re.search("[가-힣]", b.text)
    for one, other in zip(equations_of(english.blocks), equations_of(korean.blocks), strict=True):
        assert (one.numbers, one.sign, one.result) == (other.numbers, other.sign, other.result)
    assert '<html lang="ko">' in to_html(korean, {"forward": "", "backward": ""}, korean.lang)
    with pytest.raises(UsageError, match="there is no language 'xx'"):
        page_of("mazur_units", lang="xx")


def test_shapes_can_be_asked_for(tmp_path: Path) -> None:
    full = equations_of(page_of("affine_bn_relu").blocks)
    sheet = page_of("affine_bn_relu", blanks=1.0, kinds=("value", "gradient", "rule", "shape"))
    for equation, whole in zip(equations_of(sheet.blocks), full, strict=True):
        assert isinstance(whole.result, Value)
        assert isinstance(equation.result, Blank)
        assert (equation.shape is not None) == bool(whole.result.shape)
        assert equation.shape is None or plain(equation.shape.answer) == whole.result.shape
    for extension in (".html", ".md", ".tex", ".typ"):
        written, _ = save(sheet, tmp_path / f"sheet{extension}")
        text = written[0].read_text(encoding="utf-8")
        forms = ("({n})", "blank({n},", r"\blank{{{n}}}")
        assert all(any(form.format(n=blank.number) in text for form in forms) for blank in sheet.key)


def test_latex_asks_its_fonts_for_letters_that_they_may_not_have() -> None:
    def words(text: str) -> str:
        return to_latex(Handout("t", (Paragraph(text),)), "{name}.pdf")

    assert r"\letter{1F600} \letter{304B}é≈" in words("\U0001f600 \u304bé≈")
    assert r"\newcommand{\letter}" in words("\u304b")
    assert "GenericError" not in words("\u304b")
    assert r"\letter" not in words("∂L/∂γ ≈ Σ")
    assert "GenericError" in words("한")


def test_a_font_is_asked_for_its_letters(tmp_path: Path) -> None:
    """A font file with two character maps: A in format 4, and an emoji in format 12."""
    four = struct.pack(">7H", 4, 32, 0, 4, 4, 1, 0) + struct.pack(">9H", 65, 0xFFFF, 0, 65, 0xFFFF, 1, 1, 0, 0)
    twelve = struct.pack(">HHIII", 12, 0, 28, 0, 1) + struct.pack(">III", 0x1F600, 0x1F64F, 1)
    head = struct.pack(">HH", 0, 2) + struct.pack(">HHI", 3, 1, 20) + struct.pack(">HHI", 3, 10, 20 + len(four))
    table = struct.pack(">4sHHHH", b"\0\1\0\0", 1, 0, 0, 0) + struct.pack(">4sIII", b"cmap", 0, 28, 999)
    (tmp_path / "a.ttf").write_bytes(table + head + four + twelve)
    (tmp_path / "b.ttf").write_bytes(b"no font")
    places = [(str(tmp_path / name), 0) for name in ("none.ttf", "b.ttf", "a.ttf")]
    assert missing({"A", "B", "\U0001f600", "\U0001f650"}, places) == {"B", "\U0001f650"}


def test_a_step_that_leads_out_of_the_loss_is_said_and_the_rest_is_there() -> None:
    leaves = "graphlab: 1\nparams: {p: [0.95, 0.5]}\ninputs: {t: [0, 1]}\n"
    page = compose(gl.backward(gl.forward(gl.loads(leaves + "nodes: {L: 'bce(p, t)'}"))), HandoutOptions())
    said = [block.text for block in page.blocks if isinstance(block, Paragraph)]
    assert any("cannot be run: " in str(text) for text in said)
    near = compose(gl.backward(gl.forward(gl.loads(leaves + "nodes: {L: 'bce(p, t)'}"))), HandoutOptions(lr=1e-3))
    assert not any("cannot be run" in str(block.text) for block in near.blocks if isinstance(block, Paragraph))
    assert any("The loss goes from" in str(block.text) for block in near.blocks if isinstance(block, Paragraph))


def test_a_step_warns_of_nothing_that_the_model_is_not() -> None:
    leaves = "graphlab: 1\nparams: {p: [[0.2, 0.8], [0.25, 0.75]]}\ninputs: {t: [1, 0]}\n"
    trace = gl.backward(gl.forward(gl.loads(leaves + "nodes: {L: 'cross_entropy(p, t)'}")))
    compose(trace, HandoutOptions())  # a warning is an error in the tests
