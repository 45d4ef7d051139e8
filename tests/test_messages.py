"""The message catalogue: whole, compiled, with the same blanks in every language."""

from __future__ import annotations

import importlib
import inspect
import io
import re
from pathlib import Path

import pytest
import yaml
from babel.messages import mofile, pofile
from graphlab_cli.terminal.catalogue import paragraphs
from texts import ROOT, texts

import graphlab as gl
from graphlab import messages
from graphlab.handout import HandoutOptions
from graphlab.handout.content import Handout
from graphlab.messages import LANGUAGES, LOCALE, catalogue, final_consonant, in_language, tr, with_particles
from graphlab.ops import REGISTRY

SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*/*.yaml"))
TOO_LARGE = ("digits", "mlp784")  # no result of theirs can be asked for on paper
HANDOUT = (
    "handout.compose", "handout.givens", "handout.equations", "handout.blanks", "handout.many",
    "handout.typeset.markdown",
)  # fmt: skip
DRAWN = ("drawing.annotate", "drawing.cards", "drawing.arrows", "drawing.fold")
HANGUL = re.compile("[\uac00-\ud7a3]")
OTHERS = [lang for lang in LANGUAGES if lang != "en"]


def said_by_ops() -> set[str]:
    """Their descriptions, paragraph by paragraph as `graphlab ops` shows them; what attributes are and must be."""
    out = {expected for _, expected in importlib.import_module("graphlab.ops.base")._KINDS.values()}
    for op in REGISTRY.values():
        out |= {inspect.cleandoc(op.__doc__ or "").partition("\n")[0], *paragraphs(op)}
        out |= {attr.help for attr in (*op.attrs.values(), *op.layer_attrs.values()) if attr.help}
        out |= {attr.kind for attr in (*op.attrs.values(), *op.layer_attrs.values())}
    return out


def po(lang: str) -> pofile.Catalog:
    with (LOCALE / lang / "LC_MESSAGES" / "graphlab.po").open("rb") as file:
        return pofile.read_po(file)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every text that is asked for from here on."""
    texts: set[str] = set()

    def recording(text: str, /, **values: object) -> str:
        texts.add(text)
        return tr(text, **values)

    for name in (*HANDOUT, *DRAWN):
        module = importlib.import_module(f"graphlab.{name}")
        if hasattr(module, "tr"):
            monkeypatch.setattr(module, "tr", recording)
    return texts


def pages() -> list[Handout]:
    variants_of = importlib.import_module("graphlab.handout.many").variants_of
    to_markdown = importlib.import_module("graphlab.handout.typeset.markdown").to_markdown
    out = []
    for path in SAMPLES:
        trace = gl.backward(gl.forward(gl.load(path)))
        out.append(variants_of(trace, HandoutOptions(), 0)[0][0])
        if path.stem not in TOO_LARGE:
            out.append(variants_of(trace, HandoutOptions(blanks=0.5, answers=True), 0)[0][0])
    for page in out:
        to_markdown(page, "{name}")
    small = gl.backward(gl.forward(gl.load(next(path for path in SAMPLES if path.stem == "buy_apple"))))
    out.append(variants_of(small, HandoutOptions(nodes=("price",)), 1)[1][0])
    return out


@pytest.mark.parametrize("lang", OTHERS)
def test_no_text_of_a_handout_is_missing(lang: str, asked: set[str]) -> None:
    pages()
    known = {message.id for message in po(lang) if message.string}
    wordless = {text for text in asked if not re.search("[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))}
    assert len(asked) > 60
    assert sorted(asked - known - wordless - set(REGISTRY)) == []


@pytest.mark.parametrize("lang", OTHERS)
def test_the_ops_and_the_samples_speak_it(lang: str) -> None:
    known = {message.id for message in po(lang) if message.string}
    ops = said_by_ops()
    about = [yaml.safe_load(path.read_text("utf-8")) for path in SAMPLES]
    assert sorted((ops | {text for one in about for text in (one["name"], one["description"])}) - known) == []


@pytest.mark.parametrize("lang", OTHERS)
def test_every_translation_has_the_same_blanks_and_its_own_letters(lang: str) -> None:
    for message in po(lang):
        if message.id:
            blanks = [sorted(re.findall(r"\{\w+[^}]*\}", str(text))) for text in (message.id, message.string)]
            assert blanks[0] == blanks[1], message.id
            assert not message.fuzzy
    assert sum(bool(HANGUL.search(str(message.string))) for message in po(lang)) > 150


@pytest.mark.parametrize("lang", OTHERS)
def test_the_compiled_catalogue_is_the_written_one(lang: str) -> None:
    for name in ("graphlab", "messages"):
        path = LOCALE / lang / "LC_MESSAGES" / f"{name}.mo"
        buffer = io.BytesIO()
        with path.with_suffix(".po").open("rb") as file:
            mofile.write_mo(buffer, pofile.read_po(file))
        assert path.read_bytes() == buffer.getvalue()


def test_a_language_ends_where_its_block_does() -> None:
    with in_language("ko"):
        assert tr("All gradients") == "모든 기울기"
        assert tr("The loss goes from {before} to {after}.", before="2", after="1") == "손실의 변화: 2 → 1."
        assert tr("no such text") == "no such text"
        assert tr("") == ""
    assert tr("All gradients") == "All gradients"
    with pytest.raises(ValueError, match="xx"):
        catalogue("xx")
    assert messages.LANGUAGES[0] == "en"


@pytest.mark.parametrize(
    ("words", "final"),
    [
        (
            "노드 크기 W W2 b4 5 9 relu tanh layer1.act#2 error bias loss node value state weight float64 8GB",
            "",
        ),
        ("mask PNG price graph 'fc' (4×2) x.grad `seed`", ""),
        ("손실 값을 L R lr nll 1 7 8 model scale table HTML 0.1", "ㄹ"),
        (
            "값 형 M N bn 0 3 6 10 1000 4×3 x[0,3] hidden name None embedding step map block input dropout 'logic'",
            "other",
        ),
        ("γ × … ∂ () []", None),
    ],
)
def test_the_final_consonant_of_a_value(words: str, final: str | None) -> None:
    known = {"": "", "ㄹ": "ㄹ", None: None}
    for word in words.split():
        assert known.get(final_consonant(word), "other") == final, word


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("{a}을(를) {a}은(는) {a}이(가) {a}와(과) {a}(으)로", {"a": "값"}, "값을 값은 값이 값과 값으로"),
        ("{a}을(를) {a}은(는) {a}이(가) {a}와(과) {a}(으)로", {"a": "노드"}, "노드를 노드는 노드가 노드와 노드로"),
        ("{a}을(를) {a}은(는) {a}(으)로 {a}(이)라서", {"a": 7}, "7을 7은 7로 7이라서"),
        ("{a}(이)라서 {a}(이)어야 {b}(이)어야", {"a": "a", "b": "수 3"}, "a라서 a여야 수 3이어야"),
        ("'{a}'이(가) [{k}]을(를) `{k}`은(는) ({k})(으)로", {"a": "fc", "k": "0,1"}, "'fc'가 [0,1]을 `0,1`은 (0,1)로"),
        ("index{place}이(가) {a!r}이(가)", {"place": "", "a": "N"}, "index가 'N'이"),
        ("{a}을(를) {n:,}은(는)", {"a": "γ", "n": 12_000}, "γ을(를) 12,000은"),
        ("{a}이(가) 은(는)", {"a": "나는 을(를) 썼다 {b}"}, "나는 을(를) 썼다 {b}가 은(는)"),
    ],
)
def test_a_particle_follows_what_was_filled_in(text: str, values: dict[str, object], said: str) -> None:
    assert with_particles(text, values).format(**values) == said


def test_only_korean_chooses_particles() -> None:
    text = "'{name}' is given twice"
    with in_language("ko"):
        assert tr(text, name="W") == "'W'가 두 번 주어졌습니다"
        assert tr(text, name="b1") == "'b1'이 두 번 주어졌습니다"
        assert tr("no such {name}이(가)", name="W") == "no such W가"
    assert tr("no such {name}이(가)", name="W") == "no such W이(가)"


@pytest.mark.parametrize("name", ["graphlab", "messages"])
def test_particles_stand_both_ways_only_behind_a_blank(name: str) -> None:
    with (LOCALE / "ko" / "LC_MESSAGES" / f"{name}.po").open("rb") as file:
        said = [message.string for message in pofile.read_po(file)]
    both = re.compile(r"\w\((를|는|가|과|을|은|이|와)\)|\((으|이)\)\w")
    behind = re.compile(r"\{[^{}]+\}['`)\]]*(?:을\(를\)|은\(는\)|이\(가\)|와\(과\)|\(으\)로|\(이\))")
    texts = ["".join(one) if isinstance(one, tuple) else one for one in said]
    assert [text for text in texts if both.search(behind.sub("", text))] == []
    counted = sum(len(behind.findall(text)) for text in texts)
    assert counted > 200 if name == "graphlab" else counted == 0  # click fills in its texts itself


WORDS = (  # that are looked up by a name: kinds, phases, verdicts, families, mistakes
    "forward", "backward", "both", "start", "seed", "break", "watch", "ok", "wrong", "kink", "skipped", "name",
    "structure", "sign", "forgotten fan-out term", "missing transpose", "forgotten activation", "not a number",
    "forgotten activation derivative", "forgotten upstream gradient", "forgotten local derivative", "input", "param",
    "constant", "state", "neurons", "neurons-backward", *sorted({op.family for op in REGISTRY.values()}),
)  # fmt: skip
SIGNS = {meaning for _, meaning in importlib.import_module("graphlab.drawing.annotate")._SIGNS}


@pytest.mark.parametrize("lang", OTHERS)
def test_no_text_of_the_program_is_missing(lang: str) -> None:
    known = {message.id for message in po(lang) if message.string}
    wanted = {text for text in texts() if text.strip()} | set(WORDS) | SIGNS
    assert len(wanted) > 800
    assert sorted(wanted - known) == []


@pytest.mark.parametrize("lang", OTHERS)
def test_no_text_is_left_over(lang: str) -> None:
    about = [yaml.safe_load(path.read_text("utf-8")) for path in SAMPLES]
    used = (
        texts()
        | said_by_ops()
        | {text for one in about for text in (one["name"], one["description"])}
        | set(WORDS)
        | SIGNS
    )
    assert sorted({str(message.id) for message in po(lang) if message.id} - used) == []


def test_every_sample_has_a_korean_text_with_the_same_pictures_and_commands() -> None:
    for path in [
        *(path.parent / "README.md" for path in SAMPLES),
        SAMPLES[0].parents[1] / "README.md",
        ROOT / "README.md",
    ]:
        other = path.with_name("README.ko.md")
        english, korean = path.read_text("utf-8"), other.read_text("utf-8")
        assert len(HANGUL.findall(korean)) > 50, other
        assert "[English](README.md)" in korean
        assert "graphlab render" not in english or "graphlab render" in korean
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", english):
            assert f"]({picture})" in korean, (other, picture)


def test_the_korean_readme_has_the_same_two_commands() -> None:
    commands = [
        re.findall(r"^    (python3 -m venv .*)$", (ROOT / name).read_text("utf-8"), re.M)
        for name in ("README.md", "README.ko.md")
    ]
    assert commands[0] == commands[1]
    assert len(commands[0]) == 2
