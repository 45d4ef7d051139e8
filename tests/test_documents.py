"""Every block of the documents is run: what a reader is told to type works, and answers what is shown."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from documents import ROOT, Block, blocks_of, calls_of, headings_of, missing, uncommented, words_of
from graphlab_cli import program

import graphlab as gl
from graphlab.messages import in_language
from graphlab.page import read_tour

READMES = {"README.md": "en", "README.ko.md": "ko"}
CONSOLES = [
    pytest.param(name, block, id=f"{name}:{block.line}")
    for name in READMES
    for block in blocks_of(ROOT / name)
    if block.language == "console"
]
# so that a test takes seconds: fewer sheets, and pages that need no program to typeset or draw them
LIGHT = {"--variants 30": "--variants 2", " mazur.pdf": " mazur.html", " both.pdf": " both.svg"}
PRINTF = re.compile(r"printf '(.*)' > (\S+)")
BAD = """\
graphlab: 1
inputs:
  x: {shape: [2, 3], init: ones}
params:
  W: {shape: [4, 2], init: ones}
  b: [0, 0]
nodes:
  fc1: affine(x, W, b)
"""
MODEL = next(block.text for block in blocks_of(ROOT / "README.md") if block.language == "yaml")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader sits: the samples at hand, and the files that the text speaks of."""
    (tmp_path / "samples").symlink_to(ROOT / "samples", target_is_directory=True)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    printf(next(c for b in blocks_of(ROOT / "README.md") for c, _ in calls_of_console(b) if c.startswith("printf")))
    return tmp_path


def calls_of_console(block: Block) -> list[tuple[str, list[str]]]:
    return calls_of(block) if block.language == "console" else []


def printf(command: str) -> None:
    found = PRINTF.fullmatch(command)
    assert found is not None, command
    Path(found[2]).write_text(found[1].replace("\\n", "\n"), encoding="utf-8")


@pytest.mark.parametrize(("name", "block"), CONSOLES)
def test_a_console_block_answers_what_is_shown(name: str, block: Block, desk: Path) -> None:
    """In Korean those with an answer; the others are the same commands, which is tested below."""
    lang = READMES[name]
    for command, shown in calls_of(block):
        if command.startswith("printf"):
            printf(command)
        elif command.startswith("pip install"):
            assert_extra(command)
        elif "--serve" in command:  # it would go on for ever
            assert "--serve" in CliRunner().invoke(program, ["view", "--help"]).output
        elif "--pack" not in command and (shown or lang == "en"):  # tests/handout makes this pack
            run(command, shown, lang)


def run(command: str, shown: list[str], lang: str) -> None:
    for heavy, light in LIGHT.items():
        command = command.replace(heavy, light)
    words = shlex.split(command)
    assert words[0] == "graphlab"
    if words[1] == "grade":
        answers(Path("key.json"), Path("answers.csv"))
    with in_language(lang):
        done = CliRunner().invoke(program, words[1:], input="")
    assert done.exit_code == (1 if "bad.yaml" in words else 0), done.output
    if shown:
        said = done.stderr if done.exit_code else done.stdout
        assert missing(shown, said) is None, f"$ {command}\n{said}"


def assert_extra(command: str) -> None:
    """A package with an extra that there is."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    found = re.search(r"graphlab\[(\w+)\]", command)
    assert found is not None
    assert found[1] in config["options.extras_require"]


def answers(key: Path, path: Path) -> None:
    """A class's answers to a worksheet: of the first student, to the first blank."""
    assert json.loads(key.read_text("utf-8"))
    path.write_text("student,variant,blank,answer\nKim,1,1,0.5\n", encoding="utf-8")


@pytest.mark.parametrize("name", READMES)
def test_python_and_yaml_blocks_run(name: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks_of(ROOT / name):
        if block.language == "yaml":
            assert gl.backward(gl.forward(gl.loads(block.text))).loss is not None
        elif block.language == "python":
            exec(compile(block.text, name, "exec"), {})
            assert str(gl.check_gradients(gl.load("model.yaml"))) in capsys.readouterr().out
        else:
            assert block.language == "console", "a block of a language that no test runs"


def test_the_languages_of_the_readme_tell_the_same() -> None:
    english, korean = (ROOT / name for name in READMES)
    assert headings_of(english) == headings_of(korean)
    pairs = list(zip(blocks_of(english), blocks_of(korean), strict=True))
    for one, other in pairs:
        assert one.language == other.language
        if one.language == "console":
            calls = calls_of(one), calls_of(other)
            assert [words_of(command) for command, _ in calls[0]] == [words_of(command) for command, _ in calls[1]]
            assert [len(shown) for _, shown in calls[0]] == [len(shown) for _, shown in calls[1]]
        else:
            assert uncommented(one.text) == uncommented(other.text)
    texts = [path.read_text(encoding="utf-8") for path in (english, korean)]
    for pattern in (r"^    \S.*$", r"^\|", r"^- ", r"^!\[", r"^\*\*", r"`[^`\n]*`"):  # indented calls, tables, lists …
        found = [sorted(re.findall(pattern, without_blocks(text), re.MULTILINE)) for text in texts]
        if pattern.startswith("`"):
            found = [sorted(set(one)) for one in found]
            assert set(found[0]) <= set(found[1]), "the Korean text leaves out something in ``"
        else:
            assert len(found[0]) == len(found[1]), pattern


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


# The other documents


def test_the_model_file_of_the_documentation_runs(tmp_path: Path) -> None:
    block = next(block for block in blocks_of(ROOT / "docs/model-file.md") if block.language == "yaml")
    shutil.copy(ROOT / "samples/digits/digits.npz", tmp_path)
    (tmp_path / "model.yaml").write_text(block.text, encoding="utf-8")
    trace = gl.backward(gl.forward(gl.load(tmp_path / "model.yaml")))
    assert trace.loss is not None


def test_the_trace_of_the_documentation_has_the_keys_of_one() -> None:
    block = next(block for block in blocks_of(ROOT / "docs/model-file.md") if block.language == "json")
    told = json.loads(block.text)
    graph = gl.loads("graphlab: 1\ninputs: {x: [[1], [2]]}\nnodes: {y: batchnorm(x), L: sum(y * y)}")
    with in_language("en"):
        made = json.loads(to_json(gl.backward(gl.forward(graph))))
    assert set(told) <= set(made)
    keys = set().union(*map(set, made["nodes"]))
    for node in told["nodes"]:
        assert set(node) <= keys
    assert keys - {"updated", "grad_cancelled"} <= set().union(*map(set, told["nodes"]))
    for step, like in zip(told["steps"], (made["steps"][0], made["steps"][-1]), strict=True):
        assert set(step) == set(like)


def to_json(trace: gl.Trace) -> str:
    from graphlab.storage.tracefile import to_json

    return to_json(trace)


def test_the_tour_of_the_documentation_is_one(tmp_path: Path) -> None:
    block = next(block for block in blocks_of(ROOT / "docs/page.md") if block.language == "json")
    (tmp_path / "t.tour.json").write_text(block.text, encoding="utf-8")
    stops = read_tour(tmp_path / "t.tour.json")
    model = (
        "graphlab: 1\ninputs: {x: [[1], [2]]}\nparams: {W1: [[1]], b: [0]}\n"
        "nodes: {fc: 'affine(x, W1, b)', bn: batchnorm(fc), L: sum(bn * bn)}"
    )
    page = gl.view(gl.loads(model), tour=tmp_path / "t.tour.json")
    assert len(page.board.tour) == len(stops)


def test_the_notebook_lines_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = next(block for block in blocks_of(ROOT / "docs/page.md") if block.language == "python")
    exec(block.text, {"gl": gl, "trace": gl.forward(gl.loads(MODEL))})
    assert (tmp_path / "page.html").exists()


def test_the_code_that_contributing_shows_is_the_code() -> None:
    source = re.sub(r"\s*#.*", "", "\n".join(path.read_text("utf-8") for path in (ROOT / "graphlab").rglob("*.py")))
    blocks = [block for block in blocks_of(ROOT / "CONTRIBUTING.md") if block.language == "python"]
    assert len(blocks) == 2
    for block in blocks:
        whole = [part for part in re.sub(r"\s*#.*", "", block.text).split("\n\n") if "..." not in part]
        assert whole
        for part in whole:
            assert part.strip("\n") in source


def test_a_wrong_block_is_seen() -> None:
    shown = ["…", "  1  y", "…", "the end"]
    assert missing(shown, "a\n  1  y\nb\nthe end\n") is None
    assert missing(shown, "a\n  1  z\nb\nthe end\n") == "  1  y"
    assert missing(["…", "the end"], "a\nthe end\nmore\n") == "the end of what is shown"
