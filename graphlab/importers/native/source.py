"""Where things stand in a file: path:line:column, also inside a quoted or folded text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from graphlab.errors import GraphlabError
from graphlab.messages import tr

if TYPE_CHECKING:
    from graphlab.importers.native.document import Value

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACE = (re.compile(r"\s+"), re.compile(r"(?:\s|\\(?:[ tnrNLP_]|x20|u0020|\r?\n))+"))  # plain, and in double quotes
Error = TypeVar("Error", bound=GraphlabError)
Place = tuple[int, int]  # line and column, from 0


@dataclass(frozen=True, slots=True)
class File:
    """A model's text, and what to call it in errors."""

    path: str
    text: str = ""

    def where(self, place: Place) -> str:
        """model.yaml:3:7, counted from 1."""
        return f"{self.path}:{place[0] + 1}:{place[1] + 1}"

    def error(self, kind: type[Error], place: Place, message: str) -> Error:
        """An error at this place. What would move a terminal's cursor is written as an escape."""
        return kind(_UNPRINTABLE.sub(lambda m: repr(m[0])[1:-1], message), where=self.where(place))

    def inside(self, value: Value, offset: int) -> Place:
        """Where a scalar's character `offset` stands, spaces aside."""
        if value.places is None:
            value.places = self._places(value)
        return value.places[offset] if value.places else (value.line, value.column + offset)

    def _places(self, value: Value) -> list[Place]:
        """Where each of a scalar's characters stands, and its end; nothing where that is the column plus the offset."""
        if value.style is None and self.text.startswith(value.text, value.index):
            return []  # plain and on one line: nothing was folded
        written = list(self._characters(value)) or [value.place]
        out = []
        i = 0
        for character in f"{value.text} ":
            out.append(written[min(i, len(written) - 1)])
            i += not character.isspace()
        return out

    def _characters(self, value: Value) -> Iterator[Place]:
        """The place of each character of the scalar that is not a space."""
        text, i, line, column = self.text, value.index, value.line, value.column
        if value.style in ("|", ">"):
            i = text.find("\n", i)
        elif value.style:
            i, column = i + 1, column + 1
        for _ in "".join(value.text.split()):
            if space := _SPACE[value.style == '"'].match(text, i):
                lines = text.count("\n", i, space.end())
                last = text.rfind("\n", i, space.end())
                line, column = (line + lines, space.end() - last - 1) if lines else (line, column + space.end() - i)
                i = space.end()
            yield line, column
            width = _width(text, i, value.style)
            i, column = i + width, column + width


def in_braces(value: Value, file: File) -> str:
    """What to say of an expression that a comma ended, which in { } parts the entries; or nothing."""
    end = value.index + len(value.text)
    cut = value.style is None and file.text.startswith(value.text, value.index) and file.text[end:].lstrip()[:1] == ","
    return tr("; inside { } a comma ends the entry: put the expression in quotes") if cut else ""


def _width(text: str, i: int, style: str | None) -> int:
    """How many characters of the file one character of the scalar takes."""
    if style == "'" and text[i : i + 2] == "''":
        return 2
    if style == '"' and text[i : i + 1] == "\\":
        return {"x": 4, "u": 6, "U": 10}.get(text[i + 1 : i + 2], 2)
    return 1
