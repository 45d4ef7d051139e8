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
ANYWHERE = {"base", "errors", "messages"}  # may be used by any room

# A room may import itself, those of ANYWHERE, and these with all that they may import; inside functions too.
ABOVE = {
    "errors": {"messages"},
    "messages": {"errors"},
    "base": set(),
    "arrays": set(),
    "formula": set(),
    "diagram": set(),
    "storyboard": {"diagram"},
    "layout": {"diagram"},
    "ops": {"arrays", "formula"},
    "graph": {"arrays", "ops"},
    "losses": {"arrays", "graph"},
    "builder": {"graph", "losses", "ops"},
    "planning": {"builder", "graph", "losses", "ops"},
    "trace": {"graph", "planning"},
    "importers": {"arrays", "builder", "formula", "graph", "ops"},
    "engine": {"builder", "graph", "planning", "trace"},
    "explain": {"formula", "ops", "trace"},
    "check": {"engine", "explain"},
    "storage": {"engine", "explain"},
    "train": {"engine", "importers", "storage"},
    "diagnosis": {"engine", "explain", "storage"},
    "debug": {"engine", "explain", "train"},
    "lines": {"check", "debug", "diagnosis", "explain"},
    "drawing": {"diagram", "explain"},
    "export": {"diagram", "layout", "storyboard"},
    "page": {"diagnosis", "drawing", "engine", "explain", "storyboard"},
    "display": {"drawing", "engine", "export", "page"},
    "handout": {"debug", "display", "lines"},
}
SHOWN = {"lines", "display"}  # what is looked at shows itself, by an import inside a function
TO_MEND = {  # (file, room): a painter of its own will end these
    ("layout/fixed.py", "export"),
    ("layout/layered.py", "export"),
}
OTHERS = {("trace.py", "builder"), ("trace.py", "storage")}  # what was given instead of a trace; one from a file


def room(module):
    return module.split(".")[1] if module.count(".") else "__init__"


def imports(path):
    """(module, whether at the top of the file) of every import of ours; those for type checkers only are left out."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    typed = {
        id(node) for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in block.body
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
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
    return seen | ANYWHERE | {name}


def wrong_imports(files=None):
    for path in files or FILES:
        relative = path.relative_to(PACKAGE)
        name = relative.parts[0].removesuffix(".py")
        if name == "__init__":
            continue
        if name not in ABOVE:
            yield f"{relative} is in no room that the rules name"
            continue
        for module, at_top in imports(path):
            target = room(module)
            excepted = (relative.as_posix(), target) in TO_MEND | OTHERS or (target in SHOWN and not at_top)
            if target not in allowed(name) and target != "__version__" and not excepted:
                yield f"{relative} imports {module}"


def test_imports_run_one_way():
    assert list(wrong_imports()) == []


def test_what_is_still_to_mend_is_still_there():
    found = {(path.relative_to(PACKAGE).as_posix(), room(module)) for path in FILES for module, _ in imports(path)}
    assert found >= TO_MEND | OTHERS


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("export/planted.py", "def f():\n    from graphlab.trace import Trace\n"),
        ("export/planted.py", "from graphlab import trace\n"),
        ("planted.py", "import graphlab.errors\n"),
        ("planted/room.py", ""),
        ("handout/typeset/planted.py", "def f():\n    import graphlab.cli\n"),
        ("page/planted.py", "from graphlab.handout import save\n"),
        ("formula/planted.py", "from graphlab.lines import Line\n"),
    ],
)
def test_a_planted_import_is_seen(place, text, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    assert len(list(wrong_imports([path]))) == 1


def test_every_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {".".join(p.parent.relative_to(ROOT).parts) for p in PACKAGE.rglob("__init__.py")}
    cli = ROOT / "cli"
    folders |= {".".join(("graphlab_cli", *p.parent.relative_to(cli).parts)) for p in cli.rglob("__init__.py")}
    assert listed == folders | {"graphlab.samples"}


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
