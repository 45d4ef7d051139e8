"""Every text of the program that goes through `tr`, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def texts() -> set[str]:
    """The literals that are given to tr, directly or by the name that one was assigned to last."""
    out: set[str] = set()
    for folder in ("graphlab", "cli"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            out |= set(_of(ast.parse(path.read_text("utf-8"))))
    return out


def _of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr" and node.args:
            yield from _literals(node.args[0], tree, node.lineno)


def _literals(argument: ast.expr, tree: ast.AST, line: int) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _literals(argument.body, tree, line)
        yield from _literals(argument.orelse, tree, line)
    elif isinstance(argument, ast.Name):
        assigned = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and node.lineno <= line
            and any(isinstance(target, ast.Name) and target.id == argument.id for target in node.targets)
        ]  # fmt: skip
        if assigned:
            nearest = max(assigned, key=lambda node: node.lineno)
            if not isinstance(nearest.value, ast.Name):
                yield from _literals(nearest.value, tree, nearest.lineno)
