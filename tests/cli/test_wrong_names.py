"""A name that is wrong, wherever a command takes one: what is said is about the name."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import Run

import graphlab as gl
from graphlab.errors import UsageError
from graphlab.graph import no_node
from graphlab.importers import assignments

MODEL = """graphlab: 1
inputs: {x: [[1, 2]]}
params: {Wide: [[1], [2]]}
nodes:
  block: {fc: x @ Wide, act: relu(fc)}
  N: block.act * 2
  L: sum(N)
"""
SCOPE = "there is no node 'block': it is a scope, whose last node is 'block.act'"


@pytest.fixture
def model(folder: Path) -> str:
    (folder / "m.yaml").write_text(MODEL, "utf-8")
    return "m.yaml"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("why", "M", "Wid.grad"), "there is no node 'Wid' (did you mean 'Wide'?); write NODE.grad"),
        (("why", "M", "wide.grad[0,0]"), "there is no node 'wide' (did you mean 'Wide'?)"),
        (("why", "M", "qq.grad"), "there is no node 'qq'; write NODE.grad"),
        (("why", "M", "Wid"), "there is no node 'Wid' (did you mean 'Wide'?)"),
        (("why", "M", "block.grad"), SCOPE),
        (("why", "M", "N + 1"), "'N + 1' is no gradient; write NODE.grad"),
        (("why", "M", "∂L/∂Wide"), "'∂L/∂Wide' is no gradient; write NODE.grad or NODE.grad[0,2]"),
        (("why", "M", "Wide[1,0].grad"), "'Wide[1,0].grad' is no gradient; write NODE.grad or NODE.grad[0,2]"),
        (("trace", "M", "Wide=3"), "give one MODEL, not 2; name=value gives numbers to -e EXPRESSION"),
        (("trace", "-e", "x * inf", "x=2"), "no value is given for 'inf'; add inf=.inf"),
        (("trace", "-e", "x*y", "x=[[3, 1e999]]", "y=1"), "on the command line: '1e999' is too large for a float64"),
        (("trace", "-e", "x*y", "x=[99999999999999999999]", "y=1"), "does not fit in 64 bits"),
        (("trace", "-e", "x*y", "x=[3,,4]", "y=1"), "[3,,4] is no number, and no list of numbers"),
        (("blame", "M", "--node", "n"), "there is no node 'n' (did you mean 'N'?)"),
        (("blame", "M", "--node", "block"), SCOPE),
        (("blame", "M", "--node", "N.grad"), "there is no node 'N.grad'; write 'N' alone"),
        (("blame", "M", "--node", "Wid.grad"), "there is no node 'Wid.grad' (did you mean 'Wide'?)"),
        (("render", "M", "--only", "block.ac"), "there is no node 'block.ac' (did you mean 'block.act'?)"),
        (("render", "M", "--only", "block"), SCOPE),
        (("render", "M", "--expand", "block"), SCOPE),
        (("render", "M", "--expand", "block.ac"), "(did you mean 'block.act'?)"),
        (("render", "M", "--fold", "blok"), "there is no scope 'blok' (did you mean 'block'?)"),
        (("view", "M", "--only", "Nn", "-o", "p.html"), "there is no node 'Nn' (did you mean 'N'?)"),
        (("handout", "M", "--expand", "block", "-o", "p.html"), SCOPE),
        (("ops", "Linear"), "unknown op 'Linear' (did you mean 'affine'?)"),
        (("ops", "Conv2D"), "unknown op 'Conv2D' (graphlab has none yet)"),
        (("trace", "-e", "MSELoss(x, 1)", "x=2"), "(did you mean 'mse'?)"),
        (("trace", "-e", "π * r²", "r=2"), "no value is given for 'π'; add π=3.141592653589793"),
    ],
)
def test_a_wrong_name(run: Run, model: str, words: tuple[str, ...], said: str) -> None:
    result = run(*[model if word == "M" else word for word in words])
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert not Path("p.html").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("break block", SCOPE), ("break wide", "did you mean 'Wide'?"), ("break op:Relu", "did you mean 'relu'?"),
        ("break op:ReLU", "did you mean 'relu'?"), ("watch block", SCOPE), ("watch Wid.grad", "did you mean 'Wide'?"),
        ("print block", SCOPE), ("print Wid.grad", "there is no node 'Wid' (did you mean 'Wide'?)"),
        ("print N.grd", "did you mean 'N.grad'?"), ("print N.T", "write transpose(N)"),
        ("print np.abs(N)", "did you mean 'abs'?"), ("print reduce_sum(N)", "did you mean 'sum'?"),
        ("print N^2", "write a ** b"), ("print 2N", "a product is written with *: 2 * N"),
        ("break N if value and 3", "write a * b"), ("jacobian block", SCOPE), ("jacobian n", "did you mean 'N'?"),
        ("why Wid.grad", "there is no node 'Wid' (did you mean 'Wide'?)"), ("set block = 2", SCOPE),
        ("set Wide[0,0] = 2e999", "2e999 is too large for a float64"),
        ("set Wide = [[1], [-1e400]]", "-1e400 is too large for a float64"),
        ("nudge wide[0,0] 1", "did you mean 'Wide'?"), ("info block", SCOPE), ("until block", SCOPE),
        ("blame block", SCOPE),
    ],
)  # fmt: skip
def test_a_wrong_name_in_the_debugger(run: Run, model: str, asked: str, said: str) -> None:
    result = run("step", model, input=f"run\n{asked}\nquit\n")
    assert said in result.output


def test_a_name_that_is_right_is_not_talked_about(run: Run, model: str) -> None:
    for words in (("why", model, "Wide.grad[0,0]"), ("blame", model, "--node", "block.act"), ("ops", "relu")):
        result = run(*words)
        assert result.exit_code == 0 and "did you mean" not in result.output
    assert no_node("zzz", ["a", "b.c"]) == "there is no node 'zzz'"
    assert no_node("s#1", ["s#10", "s.x#1"]) == "there is no node 's#1' (did you mean 's#10'?)"


def test_an_op_by_another_name_in_python() -> None:
    with pytest.raises(AttributeError, match=r"'Linear'.*\(did you mean 'affine'\?\)"):
        gl.Linear  # noqa: B018
    with pytest.raises(AttributeError, match="none yet"):
        gl.conv2d  # noqa: B018
    with pytest.raises(AttributeError, match=r"no op is called so$"):
        gl.quux  # noqa: B018
    assert not hasattr(gl, "__wrapped__")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("p=NaN", "NaN is no number; write .nan"), ("p=-Infinity", "-Infinity is no number; write -.inf"),
        ("p=3,4", "several numbers stand in brackets: 'p=[1, 2]'; a decimal point is written ."),
        ("p=3.5 4", "several numbers stand in brackets"), ("p=3;4", "several numbers stand in brackets"),
        ("p=", "no blanks stand around ="), ("p= ", "no blanks stand around ="), ("p", "no blanks stand around ="),
        ("=7", "no blanks stand around ="), ("p=[3,4", "its brackets [ ] do not match"),
        ("p=3]", "its brackets [ ] do not match"), ("p=[[1, 2], [3]", "its brackets [ ] do not match"),
        ("p=[3, nan]", "'nan' is not a number; write .nan"), ("p=[1, 2;]", "'2;' is not a number"),
        ("p=two", "two is no number, and no list of numbers"), ("p=2/3", "2/3 is no number"),
        ("p={q: 1}", "{q: 1} is no number"), ("p=yes", "yes is no number"), ("p=false", "false is no number"),
        ("p=1e500", "'1e500' is too large for a float64"), ("p=[1, [2]]", "all rows must have the same length"),
        ("p==3", "=3 is no number"), ("p=%", "% is no number"), ("p=`", "` is no number"), ("p=!!x 1",
        "!!x 1 is no number"),
        ("7p=3", "'7p' cannot be a name"), ("p²=3", "'p²' cannot be a name"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_about_the_command_line(run: Run, word: str, said: str) -> None:
    result = run("trace", "-e", "p*2", word)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "YAML" not in result.stderr and "graphlab: 1" not in result.stderr and "under nodes" not in result.stderr


def test_right_values_are_read_as_ever() -> None:
    given = ["a=2", "b=-1.5e3", "c=[[1, 2], [3, 4]]", "d=.nan", "e=−3", "f= 4 ", "`g h`=5", "i=[-.inf, 0x10]", "j=+.5"]
    found = assignments(given)
    assert str(found.pop("d")) == "nan"
    assert found == {
        "a": 2, "b": -1500.0, "c": [[1, 2], [3, 4]], "e": -3, "f": 4, "g h": 5, "i": [float("-inf"), 16], "j": 0.5,
    }  # fmt: skip
    with pytest.raises(UsageError, match="twice"):
        assignments(["a=1", "a=2"])
