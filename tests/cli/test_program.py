"""The program as a whole: help, lazy imports, exit statuses, pipes, signals, colours and encodings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commandline import Run, Spawn, chain, command, environment
from graphlab_cli import COMMANDS

HEAVY = ("numpy", "rich", "yaml", "networkx", "graphviz", "graphlab.ops", "graphlab.graph", "graphlab.export")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"graphlab {name}" in result.output.partition("Example")[2]
    assert all(len(line) <= 80 for line in result.output.splitlines())


def test_help_lists_every_command_and_says_how_to_complete(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)
    assert "_GRAPHLAB_COMPLETE=bash_source" in result.output
    assert run().output == result.output


def test_version(run: Run) -> None:
    from graphlab import __version__

    assert run("--version").output == f"graphlab, version {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, graphlab_cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(graphlab_cli.program, ['--help']).exit_code == 0\n"
        "for name in graphlab_cli.COMMANDS:\n"
        "    assert CliRunner().invoke(graphlab_cli.program, [name, '--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_command_is_wrong_usage(run: Run) -> None:
    result = run("rendr", "model.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no command 'rendr' (did you mean 'render'?)" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["trace"], "give a MODEL, or -e EXPRESSION"),
        (["trace", "model.yaml", "noloss.yaml"], "give one MODEL, not 2"),
        (["trace", "nope.yaml"], "there is no file 'nope.yaml'"),
        (["trace", "-e", "x*x", "x"], "'x' is not name=value"),
        (["trace", "-e", "x*x", "x=abc"], "'x=abc' on the command line: abc is no number"),
        (["trace", "model.yaml", "--mode", "both"], "--mode"),
        (["trace", "model.yaml", "--max-memory", "8XB"], "'8XB' is not a size; write it as 8GB or 500MB"),
        (["trace", "model.yaml", "--json", "-o", "t.json"], "give --json or -o, not both"),
        (["trace", "model.yaml", "-o", "t.txt"], "'t.txt' must end in .json or .npz"),
        (["trace", "model.yaml", "-o", "nope/t.json"], "there is no folder 'nope'"),
        (["render", "model.yaml", "-o", "nope/p.svg"], "there is no folder 'nope'"),
        (["render", "model.yaml", "-o", "nope/pictures/"], "the folder 'nope/pictures/' cannot be made"),
        (["render", "model.yaml", "-o", "p.gif"], "the formats are: .svg .png .pdf .dot .txt"),
        (["render", "model.yaml", "--theme", "pink"], "--theme"),
        (["samples", "nope"], "there is no sample 'nope'"),
        (["samples", "-o", "."], "say which sample is to be copied"),
        (["ops", "relo"], "unknown op 'relo' (did you mean 'relu'?)"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(run: Run, args: list[str], said: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert said in result.stderr


def test_a_folder_that_may_not_be_written_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = run("render", "model.yaml", "-o", "p.svg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'p.svg' cannot be written; choose another place with -o" in result.stderr


@pytest.mark.parametrize("name", ["render", "trace", "summary", "check"])
def test_a_broken_model_ends_with_1_and_its_place(spawn: Spawn, folder: Path, name: str) -> None:
    (folder / "bad.yaml").write_text("graphlab: 1\ninputs: {x: 1}\nnodes:\n  y: relo(x)\n", encoding="utf-8")
    done = spawn(name, "bad.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bad.yaml:4:6: ")
    assert "did you mean 'relu'?" in done.stderr
    assert len(done.stderr.splitlines()) <= 25


def test_a_long_error_is_cut_to_25_lines(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    import graphlab.importers
    from graphlab.errors import ModelError

    def fail(model: str) -> None:
        raise ModelError("\n".join(f"line {k} \x1b[2J" for k in range(100)))

    monkeypatch.setattr(graphlab.importers, "load", fail)
    result = run("summary", "model.yaml")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) <= 25
    assert result.stderr.splitlines()[-1].endswith("more lines")
    assert "\x1b" not in result.stderr


def test_an_unexpected_exception_asks_for_a_report(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    import graphlab.importers

    def fail(model: str) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(graphlab.importers, "load", fail)
    result = run("summary", "model.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "KeyError: 'surprise'" in result.stderr
    assert "please report it" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    monkeypatch.setenv("GRAPHLAB_DEBUG", "1")
    assert "Traceback" in run("summary", "model.yaml").stderr


def test_what_is_suspicious_is_a_warning_on_standard_error(spawn: Spawn, folder: Path) -> None:
    text = "graphlab: 1\ninputs: {x: [[1, 2]]}\nnodes: {y: sum(batchnorm(x))}\n"
    (folder / "one.yaml").write_text(text, encoding="utf-8")
    done = spawn("summary", "one.yaml")
    assert done.returncode == 0
    assert done.stderr.startswith("warning: one.yaml:3:")
    assert "warning" not in done.stdout


def test_many_warnings_are_cut(run: Run, folder: Path) -> None:
    unused = ", ".join(f"w{k}: 1" for k in range(50))
    text = f"graphlab: 1\ninputs: {{x: 1}}\nparams: {{{unused}}}\nnodes: {{y: exp(x)}}\n"
    (folder / "unused.yaml").write_text(text, encoding="utf-8")
    lines = run("summary", "unused.yaml").stderr.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "warning: and 45 more such"


def test_a_users_own_python_warnings_are_one_line(spawn: Spawn, folder: Path) -> None:
    code = "import warnings, graphlab as gl\ndef net():\n    warnings.warn('take care')\n    g = gl.Graph('py')\n"
    code += "    gl.exp(g.param('x', 1.0), name='y')\n    return g\n"
    (folder / "net.py").write_text(code, encoding="utf-8")
    done = spawn("summary", "net.py:net")
    assert (done.returncode, done.stderr) == (0, "warning: take care\n")


def test_what_a_python_model_prints_is_no_output_of_ours(spawn: Spawn, folder: Path) -> None:
    code = "import graphlab as gl\nprint('read')\ndef net():\n    print('built')\n    g = gl.Graph('py')\n"
    code += "    gl.exp(g.param('x', 1.0), name='y')\n    return g\n"
    (folder / "net.py").write_text(code, encoding="utf-8")
    done = spawn("trace", "net.py:net", "--json")
    assert json.loads(done.stdout)["model"] == "py"
    assert done.stderr == "read\nbuilt\n"


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals as POSIX has them")
def test_a_reader_that_leaves_ends_it_quietly(folder: Path) -> None:
    chain(folder / "chain.yaml")
    process = subprocess.Popen(
        command("trace", "chain.yaml"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(60) == 141


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals as POSIX has them")
def test_ctrl_c_ends_with_130_and_one_line(folder: Path) -> None:
    started = folder / "started"
    code = f"import time, pathlib\ndef net():\n    pathlib.Path({str(started)!r}).touch()\n    time.sleep(60)\n"
    (folder / "slow.py").write_text(code, encoding="utf-8")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores Ctrl-C
    process = subprocess.Popen(
        command("trace", "slow.py:net"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    signal.signal(signal.SIGINT, before)
    while not started.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"error: interrupted\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_one_line(spawn: Spawn) -> None:
    with open("/dev/full", "w") as full:
        done = spawn("ops", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device\n"


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
def test_output_is_utf8_in_any_locale(spawn: Spawn, folder: Path, env: dict[str, str]) -> None:
    (folder / "korean.yaml").write_text(
        "graphlab: 1\nparams: {γ: 2, 한글: 3}\nnodes: {out: γ*한글}\n", encoding="utf-8"
    )
    done = spawn("trace", "korean.yaml", env=env)
    assert done.returncode == 0
    assert "out = γ × 한글 = 2 × 3 = 6" in done.stdout
    assert "∂L/∂한글 = 2" in done.stdout


def test_colour_only_where_it_is_wanted(spawn: Spawn) -> None:
    plain = spawn("summary", "model.yaml")
    assert "\x1b" not in plain.stdout
    coloured = spawn("summary", "model.yaml", env={"FORCE_COLOR": "1"})
    assert "\x1b[1mTwo layers\x1b[0m" in coloured.stdout
    assert "\x1b" not in spawn("summary", "model.yaml", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout
    assert "\x1b[31m" in spawn("summary", "nope.yaml", env={"FORCE_COLOR": "1"}).stderr


def test_what_is_not_finite_is_marked(spawn: Spawn) -> None:
    done = spawn("trace", "-e", "log(x) * y", "x=-1", "y=2", env={"FORCE_COLOR": "1"})
    assert "\x1b[31m\x1b[1mNaN\x1b[0m" in done.stdout
    assert "\x1b[32m2\x1b[0m" in done.stdout


def test_a_name_cannot_steer_the_terminal(spawn: Spawn, folder: Path) -> None:
    text = 'graphlab: 1\nname: "a\\e[2Jb"\ninputs: {x: 1}\nnodes: {y: exp(x)}\n'
    (folder / "evil.yaml").write_text(text, encoding="utf-8")
    for name in ("summary", "trace", "check"):
        done = spawn(name, "evil.yaml")
        assert "\x1b" not in done.stdout + done.stderr


def test_standard_input_is_a_model(spawn: Spawn, folder: Path) -> None:
    done = spawn("trace", "-", "--json", input=(folder / "model.yaml").read_text(encoding="utf-8"))
    assert json.loads(done.stdout)["model"] == "Two layers"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("graphlab sum", {"summary"}),
        ("graphlab ops soft", {"softmax", "softplus", "softmax_cross_entropy"}),
        ("graphlab samples kratz", {"kratzert_batchnorm"}),
        ("graphlab render model.yaml --only hidden.", {"hidden.fc", "hidden.act"}),
        ("graphlab render model.yaml --theme p", {"print"}),
    ],
)
def test_completion(spawn: Spawn, line: str, expected: set[str]) -> None:
    words = line.split(" ")
    env = {"_GRAPHLAB_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; sys.argv[0] = 'graphlab'; from graphlab_cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(env), check=False
    )
    found = {row.partition(",")[2] for row in done.stdout.splitlines()}
    assert {name for name in found if "#" not in name} == expected


def test_it_speaks_korean_where_that_is_wanted(spawn: Spawn) -> None:
    for args, env in ((("--lang", "ko", "--help"), {}), (("--help",), {"GRAPHLAB_LANG": "", "LC_ALL": "ko_KR.UTF-8"})):
        said = spawn(*args, env=env).stdout
        assert "사용법: graphlab" in said
        assert "모델의 순전파와 역전파를 그립니다." in said
        assert "이 도움말을 보여 주고 끝냅니다." in said
    wrong = spawn("render", "nope.yaml", env={"GRAPHLAB_LANG": "ko"})
    assert (wrong.returncode, "오류: " in wrong.stderr) == (2, True)
    usage = spawn("summary", "--nope", env={"GRAPHLAB_LANG": "ko"})
    assert (usage.returncode, "옵션은 없습니다" in usage.stderr) == (2, True)
    machine = spawn("trace", "model.yaml", "--json", env={"GRAPHLAB_LANG": "ko"})
    assert machine.stdout == spawn("trace", "model.yaml", "--json").stdout
