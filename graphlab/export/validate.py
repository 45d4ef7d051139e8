"""What every exporter takes for granted of a diagram."""

from __future__ import annotations

import re

from graphlab.diagram import Diagram
from graphlab.errors import ExportError
from graphlab.messages import tr

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_IDS = re.compile(rf"(?:{_ID.pattern}\n)*")


def check(diagram: Diagram) -> None:
    """Ids are opaque (they are written as they are) and differ; arrows and boxes name what is there.

    Raises: ExportError.
    """
    boxes = {box.id for box in diagram.boxes}
    ids = [item.id for items in (diagram.boxes, diagram.arrows, diagram.groups) for item in items]
    lines = "\n".join([*ids, ""])
    if not _IDS.fullmatch(lines) or lines.count("\n") != len(ids):  # one match for thousands
        odd = next(id for id in ids if not _ID.fullmatch(id))
        raise ExportError(tr("a diagram's ids are letters and digits, such as n0; got {id!r}", id=odd))
    if len(set(ids)) < len(ids):
        twice = next(id for k, id in enumerate(ids) if id in ids[:k])
        raise ExportError(tr("a diagram's ids must differ; '{id}' is there twice", id=twice))
    parents = {group.id: group.parent for group in diagram.groups}
    for arrow in diagram.arrows:
        if arrow.tail not in boxes or arrow.head not in boxes:
            end = arrow.head if arrow.tail in boxes else arrow.tail
            raise ExportError(tr("arrow '{id}' names a box '{end}' that is not there", id=arrow.id, end=end))
    there = {None, *parents}
    for owner, group in [*((box.id, box.group) for box in diagram.boxes), *parents.items()]:
        if group not in there:
            raise ExportError(tr("'{id}' names a group '{group}' that is not there", id=owner, group=group))
    _check_nesting(parents)


def _check_nesting(parents: dict[str, str | None]) -> None:
    for start in parents:
        here: str | None = start
        for _ in parents:
            here = parents[here] if here is not None else None
            if here is None:
                break
        if here is not None:
            raise ExportError(tr("group '{id}' is inside itself", id=start))
