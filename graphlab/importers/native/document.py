"""Text of a model file → values that know their line and column. YAML 1.2 core schema; data only."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from graphlab.errors import ModelError
from graphlab.importers.native.source import File
from graphlab.messages import tr

MAX_DEPTH = 50
MAX_ALIASED = 1_000_000  # values that aliases may add to those written out
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_SURROGATES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Value:
    """One value of the file. data: a number, a text, true, false or None; a list of Values; or a dict of name →
    (key, Value). text: a scalar as it is written, its quotes removed; style: its quote, or | or >; index: where it
    starts in the file; places: where its characters stand, once that is asked for.
    """

    data: Any
    line: int
    column: int
    index: int = 0
    text: str = ""
    style: str | None = None
    places: list[tuple[int, int]] | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.line, self.column

    @property
    def is_text(self) -> bool:
        return isinstance(self.data, str)

    def shown(self) -> str:
        """What it is, for a message."""
        if isinstance(self.data, dict):
            return tr("a mapping")
        if isinstance(self.data, list):
            return tr("a list")
        if self.data is None:
            return tr("nothing")
        text = self.text if len(self.text) <= 40 else f"{self.text[:39]}…"
        return f"'{text}'"


@dataclass(slots=True)
class _Frame:
    """A list or mapping whose end has not come yet."""

    value: Value
    anchor: str | None = None
    key: Value | None = None
    count: int = 1


def decode(data: bytes, path: str) -> str:
    """The file's text. Raises ModelError unless it is UTF-8."""
    file = File(path)
    zeros = [i for i, byte in enumerate(data[:4]) if byte == 0]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or zeros in ([0, 2], [1, 3]):
        raise file.error(ModelError, (0, 0), tr("this file is UTF-16; save it as UTF-8"))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        place = before.count(b"\n"), len(before) - before.rfind(b"\n") - 1
        message = tr("this is not a text in UTF-8; a model file is YAML or JSON, saved as UTF-8")
        raise file.error(ModelError, place, message) from None


def compose(text: str, file: File) -> Value:
    """The file's one document.

    Raises ModelError, with the place, for anything that is not plain data: bad syntax, tags, merge keys, a key
    given twice, several documents, absurd nesting or aliases that grow without measure.
    """
    return _Composer(text, file).document()


@dataclass(slots=True)
class _Composer:
    text: str
    file: File
    root: Value | None = None
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Value, int]] = field(default_factory=dict)
    aliased: int = 0
    documents: int = 0

    def document(self) -> Value:
        self.check_characters()
        try:
            parser = _LOADER(_SURROGATES.sub(_joined, self.text) if "\\u" in self.text else self.text)
            while parser.check_event():
                self.event(parser.get_event())
        except yaml.MarkedYAMLError as error:
            raise self.syntax_error(error) from None
        except yaml.YAMLError:
            raise self.fail((0, 0), tr("this is not YAML; a model file starts with `graphlab: 1`")) from None
        if self.root is None or (self.root.data is None and not self.root.text):
            raise self.fail((0, 0), tr("the file is empty; a model file starts with `graphlab: 1`"))
        return self.root

    def fail(self, place: tuple[int, int], message: str) -> ModelError:
        return self.file.error(ModelError, place, message)

    def check_characters(self) -> None:
        match = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text)
        if match:
            before = self.text[: match.start()]
            place = before.count("\n"), len(before) - before.rfind("\n") - 1
            message = tr("the character U+{code} cannot stand in a model file; remove it", code=f"{ord(match[0]):04X}")
            raise self.fail(place, message)

    def syntax_error(self, error: yaml.MarkedYAMLError) -> ModelError:
        mark = error.problem_mark or error.context_mark
        place = (mark.line, mark.column) if mark else (0, 0)
        found = self.text[mark.index : mark.index + 1] if mark else ""
        problem = str(error.problem or error.context)
        if found == "\t":
            remedy = tr("indent with spaces, not with a tab")
        elif found and found in "`@%" and "start any token" in problem:
            remedy = tr("a value or name that starts with {found} must stand in quotes", found=found)
        elif problem.startswith("mapping values"):
            remedy = tr("a text with ': ' in it must stand in quotes, and a mapping's names need the same indentation")
        else:
            remedy = tr("look for a missing bracket, quote or colon, or lines indented differently")
        return self.fail(place, tr("this is not YAML: {problem}; {remedy}", problem=problem, remedy=remedy))

    def event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.refuse_tag(event)
            value = self.scalar(event)
            self.add(value)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.refuse_tag(event)
            self.open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self.stack.pop()
            if frame.anchor:
                self.anchors[frame.anchor] = (frame.value, frame.count)
            if self.stack:
                self.stack[-1].count += frame.count
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                message = tr("a second document starts here; a model file holds one, so remove the line ---")
                raise self.fail(_place(event), message)

    def refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = tr("the tag '{tag}' is not allowed: a model file is plain data; remove it", tag=event.tag)
            raise self.fail(_place(event), message)

    def open(self, event: Any) -> None:
        is_map = isinstance(event, yaml.MappingStartEvent)
        value = Value({} if is_map else [], *_place(event), event.start_mark.index)
        if len(self.stack) >= MAX_DEPTH:
            raise self.fail(value.place, tr("nested deeper than {n} levels; make it flatter", n=MAX_DEPTH))
        self.add(value)
        if event.anchor:
            self.anchors.pop(event.anchor, None)  # inside itself it names nothing yet
        self.stack.append(_Frame(value, event.anchor))

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            message = tr("*{name} names nothing above it; write &{name} where it is defined", name=event.anchor)
            raise self.fail(_place(event), message)
        target, count = self.anchors[event.anchor]
        self.aliased += count
        if self.aliased > MAX_ALIASED:
            message = tr(
                "the aliases (*{name} …) stand for over {n} values; write less", name=event.anchor, n=MAX_ALIASED
            )
            raise self.fail(_place(event), message)
        self.add(target, _place(event))
        if self.stack:
            self.stack[-1].count += count - 1

    def add(self, value: Value, place: tuple[int, int] | None = None) -> None:
        """Put a value where the file has it: at the top, in a list, or as a mapping's key or value."""
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        frame.count += 1
        data = frame.value.data
        if isinstance(data, list):
            data.append(value)
        elif frame.key is None:
            self.check_key(data, value, place or value.place)
            frame.key = value
        else:
            data[frame.key.text] = (frame.key, value)
            frame.key = None

    def check_key(self, data: dict[str, tuple[Value, Value]], key: Value, place: tuple[int, int]) -> None:
        if isinstance(key.data, list | dict):
            raise self.fail(place, tr("a name is a single word, not {found}", found=key.shown()))
        if key.text == "<<" and key.style is None:
            raise self.fail(place, tr("merge keys (<<) are not allowed; write the entries out"))
        if key.text in data:
            first = self.file.where(data[key.text][0].place)
            message = tr(
                "'{name}' is given twice, first at {first}; rename one, or join them", name=key.text, first=first
            )
            raise self.fail(place, message)

    def scalar(self, event: Any) -> Value:
        mark = event.start_mark
        text: str = event.value
        value = Value(text, mark.line, mark.column, mark.index, text, event.style)
        if event.implicit[0] and event.style in (None, ""):
            value.style = None
            value.data = self.resolved(text, value)
        return value

    def resolved(self, text: str, value: Value) -> Any:
        """A plain scalar by YAML 1.2's core schema."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            return self.integer(text, value)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise self.fail(value.place, tr("{number} is too large for a float64", number=value.shown()))
            return number
        if _INFINITE.fullmatch(text):
            return float("-inf" if text[0] == "-" else "inf")
        return text

    def integer(self, text: str, value: Value) -> int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        digits = text[2:] if base != 10 else text
        # int() of a very long digit string is refused by Python itself: look at the length first
        number = int(digits, base) if len(digits.lstrip("+-0")) <= 22 else MAX_INTEGER + 1
        if not MIN_INTEGER <= number <= MAX_INTEGER:
            message = tr(
                "the integer {number} does not fit in 64 bits; write a smaller one, or a float such as 1e20",
                number=value.shown(),
            )
            raise self.fail(value.place, message)
        return number


def is_text(plain: str) -> bool:
    """Whether a plain scalar is read as a text, not as a number, true, false or nothing.

    >>> is_text("x @ W"), is_text("1e-3"), is_text("yes"), is_text("null")
    (True, False, True, False)
    """
    numbers = (_INTEGER, _FLOAT, _INFINITE)
    return plain not in _WORDS and not any(pattern.fullmatch(plain) for pattern in numbers)


def _joined(match: re.Match[str]) -> str:
    """JSON writes a character beyond U+FFFF as two; YAML as one."""
    code = 0x10000 + ((int(match[1], 16) & 0x3FF) << 10) + (int(match[2], 16) & 0x3FF)
    return f"\\U{code:08X}"


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line, event.start_mark.column
