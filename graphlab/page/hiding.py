"""--hide: what a page is not to give away is not in its file."""

from __future__ import annotations

from dataclasses import replace

from graphlab.diagram import Arrow, Box, Diagram, Line, Row, Span
from graphlab.storyboard import Array, Node, Picture, Scene, Step, Storyboard

ASKED = "?"
_ROWS = {
    "values": {"value"},
    "gradients": {"grad", "sum", "local", "scale"},
    "rules": {"formula", "local"},
}


def hidden(board: Storyboard) -> Storyboard:
    """The page without what it is to hide; `later` is the page's own affair, since steps show it."""
    hide = set(board.hide) & set(_ROWS)
    if not hide:
        return board
    scenes = tuple([_scene(scene, hide) for scene in board.scenes])
    if hide & {"values", "gradients"}:
        board = replace(board, findings=())  # they say how large
    board = replace(board, scenes=scenes, nodes=tuple([_node(node, hide) for node in board.nodes]))
    board = replace(board, steps=tuple([_step(step, hide) for step in board.steps]))
    used = {node.value for node in board.nodes} | {node.grad for node in board.nodes}
    used |= {step.array for step in board.steps} | {place for step in board.steps for _, place in step.operands}
    arrays = tuple([a if n in used else Array(a.shape, None) for n, a in enumerate(board.arrays)])
    return replace(board, arrays=arrays)


def _node(node: Node, hide: set[str]) -> Node:
    given = node.role != "node"  # inputs and parameters are what a reader computes from
    return replace(
        node,
        value=None if "values" in hide and not given else node.value,
        grad=None if "gradients" in hide else node.grad,
        why=None if "gradients" in hide else node.why,
    )


def _step(step: Step, hide: set[str]) -> Step:
    gone = "values" if step.kind == "forward" else "gradients"
    if gone not in hide:
        return step
    return replace(step, result=ASKED, array=None, substituted=None, entries=None, operands=())


def _scene(scene: Scene, hide: set[str]) -> Scene:
    return replace(scene, pictures={view: _picture(picture, view, hide) for view, picture in scene.pictures.items()})


def _picture(picture: Picture, view: str, hide: set[str]) -> Picture:
    return replace(picture, diagrams={lang: _diagram(d, view, hide) for lang, d in picture.diagrams.items()})


def _diagram(diagram: Diagram, view: str, hide: set[str]) -> Diagram:
    arrows = tuple([_arrow(arrow, view, hide) for arrow in diagram.arrows])
    return replace(diagram, boxes=tuple([_box(box, hide) for box in diagram.boxes]), arrows=arrows)


def _box(box: Box, hide: set[str]) -> Box:
    kinds = set().union(*(_ROWS[what] for what in hide))
    if box.role in ("input", "param", "constant", "state"):
        kinds.discard("value")
    rows = []
    for row in box.rows:
        if row.kind == "formula" and row.kind not in kinds and hide & {"values"}:
            symbols = tuple([line for line in row.lines if any(span.role == "formula" for span in line)])
            rows.append(row._replace(lines=symbols))  # without the numbers put in
        elif row.kind == "local" and row.kind not in kinds and "values" in hide:
            rows.append(row._replace(lines=tuple([_unnumbered(line) for line in row.lines])))
        elif row.kind not in kinds:
            rows.append(row)
        elif row.kind in ("value", "grad"):
            rows.append(_asked(row))
    return box._replace(rows=tuple(rows), marks=())


def _unnumbered(line: Line) -> Line:
    """A local derivative without its number behind the last sign: ∂y/∂w = x."""
    return tuple([span for span in line if not (span.role == "strong" and span.text.startswith(" = "))])


def _asked(row: Row) -> Row:
    """A row with its label alone."""
    label = row.lines[0][0].text if row.lines and row.lines[0] and row.lines[0][0].role == "plain" else ""
    return row._replace(lines=((Span(f"{label.rstrip()} " if label else ""), Span(ASKED, "strong")),), mono=False)


def _arrow(arrow: Arrow, view: str, hide: set[str]) -> Arrow:
    roles = {role for what, role in (("values", "value"), ("gradients", "grad"), ("rules", "formula")) if what in hide}
    lines: list[Line] = []
    for line in arrow.lines:
        if view == "backward" and hide & {"gradients", "values"} and any(span.role == "grad" for span in line):
            lines.append((Span(ASKED, "strong"),))
        elif roles & {span.role for span in line}:
            if "formula" not in {span.role for span in line}:
                lines.append((Span(ASKED, "strong"),))
        else:
            lines.append(line)
    weight = None if "gradients" in hide else arrow.weight
    return arrow._replace(lines=tuple(lines), weight=weight, marks=() if hide else arrow.marks)
