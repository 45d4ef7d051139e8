"""Model files → Graph, and back."""

from __future__ import annotations

from graphlab.importers.assignments import assignments
from graphlab.importers.model import from_expression, load, load_argument, loads
from graphlab.importers.native.writer import dumps, save

__all__ = ["assignments", "dumps", "from_expression", "load", "load_argument", "loads", "save"]
