"""graphlab: a visual debugger for computational graphs.

    import graphlab as gl
    graph = gl.load("model.yaml")                 # or build it: g = gl.Graph("name"); gl.affine(x, units=3) …
    trace = gl.backward(gl.forward(graph))        # every value and every gradient, edge by edge
    gl.draw(trace, view="backward").save("backward.svg")

Every op is a function here too (gl.relu, gl.affine …). Names are loaded when they are first used, so that
`import graphlab` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_EXPORTS = {
    "Graph": "graphlab.builder",
    "Ref": "graphlab.builder",
    "load": "graphlab.importers",
    "loads": "graphlab.importers",
    "save": "graphlab.importers",
    "dumps": "graphlab.importers",
    "plan": "graphlab.engine.autodiff",
    "forward": "graphlab.engine.autodiff",
    "backward": "graphlab.engine.autodiff",
    "check_gradients": "graphlab.check.gradients",
    "State": "graphlab.arrays.state",
    "Trace": "graphlab.trace",
    "load_trace": "graphlab.trace",
    "Debugger": "graphlab.debug.debugger",
    "blame": "graphlab.diagnosis.blame",
    "why": "graphlab.diagnosis.why",
    "compare": "graphlab.check.compare",
    "draw": "graphlab.display.drawing",
    "view": "graphlab.display.viewing",
    "DoubtWarning": "graphlab.engine.doubts",
    "GraphlabError": "graphlab.errors",
}

__all__ = [*_EXPORTS, "__version__"]  # noqa: PLE0604 (the names of the table)

if TYPE_CHECKING:
    from graphlab.arrays.state import State as State
    from graphlab.builder import Graph as Graph, Ref as Ref
    from graphlab.check.compare import compare as compare
    from graphlab.check.gradients import check_gradients as check_gradients
    from graphlab.debug.debugger import Debugger as Debugger
    from graphlab.diagnosis.blame import blame as blame
    from graphlab.diagnosis.why import why as why
    from graphlab.display.drawing import draw as draw
    from graphlab.display.viewing import view as view
    from graphlab.engine.autodiff import backward as backward, forward as forward, plan as plan
    from graphlab.engine.doubts import DoubtWarning as DoubtWarning
    from graphlab.errors import GraphlabError as GraphlabError
    from graphlab.importers import dumps as dumps, load as load, loads as loads, save as save
    from graphlab.trace import Trace as Trace, load_trace as load_trace


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        value = getattr(importlib.import_module(_EXPORTS[name]), name)
    elif not name.startswith("_") and name in importlib.import_module("graphlab.ops").REGISTRY:
        value = importlib.import_module("graphlab.builder").op_function(name)
    else:
        hint = "" if name.startswith("_") else importlib.import_module("graphlab.ops.foreign").hint_for(name, __dir__())
        raise AttributeError(f"graphlab has no name {name!r}, and no op is called so{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from graphlab.ops import REGISTRY

    return sorted({*__all__, *REGISTRY})
