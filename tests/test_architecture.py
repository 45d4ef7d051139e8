"""Who imports whom, what is exported, and what no output may depend on: read from the code itself."""

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

import graphlab

PACKAGE = Path(graphlab.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
PLAIN = {"collecting", "errors", "files", "messages", "numbers", "results"}  # may be used by any room

# A room may import itself, the plain ones, and these with all that they may import.
ABOVE = {
    "errors": set(),
    "messages": set(),
    "numbers": set(),
    "files": set(),
    "collecting": set(),
    "diagram": set(),
    "formula": {"errors"},
    "state": {"errors"},
    "ops": {"formula"},
    "graph": {"ops", "state"},
    "values": {"state"},
    "inference": {"ops", "values"},
    "losses": {"graph", "values"},
    "builder": {"graph", "inference", "losses", "values"},
    "planning": {"builder", "graph"},
    "trace": {"graph", "planning"},
    "doubts": {"planning"},
    "autodiff": {"builder", "doubts", "planning", "trace"},
    "arrayfile": set(),
    "tracefile": {"arrayfile", "autodiff", "builder", "rounding"},
    "expand": {"autodiff"},
    "rules": {"trace"},
    "conventions": {"formula"},
    "worked": {"conventions", "rules", "trace"},
    "rounding": {"ops", "rules", "trace", "worked"},
    "annotate": {"barriers", "cancelling", "diagram", "rounding", "trace", "worked"},
    "storyboard": {"diagram"},
    "export": {"storyboard"},
    "typeset": {"worked"},
    "page": {"annotate", "blaming", "expand", "paths", "storyboard", "timeline", "typeset"},
    "importers": {"arrayfile", "autodiff", "builder", "graph"},
    "rerun": {"autodiff"},
    "differences": {"autodiff"},
    "comparing": {"autodiff", "differences"},
    "precision": {"autodiff", "rules", "worked"},
    "gradcheck": {"autodiff", "barriers", "comparing", "precision", "rerun"},
    "summary": {"autodiff"},
    "timeline": {"trace"},
    "looking": {"formula", "timeline"},
    "watching": {"formula", "graph", "timeline"},
    "blaming": {"barriers", "births", "cancelling", "deadunits", "trace", "worked"},
    "optimisers": {"trace"},
    "whatif": {"autodiff"},
    "jacobian": {"autodiff"},
    "paths": {"autodiff", "barriers", "cancelling", "formula"},
    "matching": {"trace"},
    "experiments": {"expand", "formula", "optimisers", "rounding", "whatif", "worked"},
    "frames": {"annotate", "timeline"},
    "moments": {"cancelling", "timeline", "worked"},
    "debugger": {"experiments", "looking", "moments", "watching"},
    "cancelling": {"formula", "ops", "rounding"},
    "barriers": {"formula", "ops", "trace", "values"},
    "inside": {"autodiff"},
    "births": {"inside", "worked"},
    "deadunits": {"trace"},
    "results": set(),
    "lines": {"barriers", "cancelling", "rounding", "trace", "worked"},
}
NOT_ABOVE = {"__init__", "drawing", "samplefiles", "viewing"}  # the top of the house


def room(module):
    return module.split(".")[1] if module.count(".") else "__init__"


def imports(path):
    """(module, whether at the top of the file) of every import of ours; those for type checkers only are left out."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("graphlab"):
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "graphlab" else [node.module]
            yield from ((name, id(node) in top) for name in names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, id(node) in top) for a in node.names if a.name.startswith("graphlab"))


def allowed(name):
    seen, todo = set(), [name]
    while todo:
        for below in ABOVE[todo.pop()] - seen:
            seen.add(below)
            todo.append(below)
    return seen | PLAIN | {name}


def room_of(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def wrong_imports():
    for path in FILES:
        name = room_of(path)
        if name in NOT_ABOVE or name not in ABOVE:
            continue
        for module, at_top in imports(path):
            target = room(module)
            if at_top and target not in allowed(name) and target != "__version__":
                yield f"{path.relative_to(ROOT)} imports {module}"


def test_imports_run_one_way():
    assert list(wrong_imports()) == []


def test_a_planted_import_is_seen(monkeypatch):
    monkeypatch.setitem(ABOVE, "export", set())
    monkeypatch.setattr(sys.modules[__name__], "PLAIN", set())
    assert any("imports graphlab.diagram" in line for line in wrong_imports())


def test_every_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {".".join(p.parent.relative_to(ROOT).parts) for p in PACKAGE.rglob("__init__.py")}
    assert listed == folders | {"graphlab.samples", "graphlab_cli"}


def test_no_room_imports_the_command_line():
    assert not [path for path in FILES if "graphlab_cli" in path.read_text("utf-8")]


def test_importing_graphlab_is_light():
    code = "import sys, graphlab; print(sorted({'numpy', 'networkx', 'yaml', 'rich', 'graphviz'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_running_a_model_does_not_import_what_only_some_need():
    code = (
        "import sys, graphlab as gl; g = gl.Graph('g'); gl.exp(g.param('x', 1.0)); gl.backward(gl.forward(g));"
        "print(sorted({'networkx', 'yaml', 'rich', 'graphviz', 'click'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", graphlab.__all__)
def test_every_exported_name_is_there(name):
    assert getattr(graphlab, name) is not None


def test_every_op_is_a_function_of_the_package():
    from graphlab.ops import REGISTRY

    for name, op in REGISTRY.items():
        if op.family != "leaf":
            assert callable(getattr(graphlab, name)), name
    with pytest.raises(AttributeError, match="no name 'frobnicate'"):
        _ = graphlab.frobnicate


def test_nothing_prints_or_asks_below_the_command_line():
    for path in FILES:
        calls = [
            n.func.id
            for n in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]
        assert not {"print", "input", "eval", "exec", "id", "hash"} & set(calls), path


def test_nothing_is_unpickled():
    for path in FILES:
        text = path.read_text("utf-8")
        assert "allow_pickle=True" not in text, path
        assert "import pickle" not in text, path


def test_networkx_is_a_view_of_the_same_edges():
    g = graphlab.Graph("g")
    x = g.param("x", 2.0)
    graphlab.exp(x * x, name="y")
    view = g.freeze().networkx()
    assert [(a, b, d["slot"]) for a, b, d in view.edges(data=True)] == [
        ("x", "mul1", "a"),
        ("x", "mul1", "b"),
        ("mul1", "y", "x"),
    ]
