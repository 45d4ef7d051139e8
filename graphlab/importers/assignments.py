"""name=value … of a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from graphlab.errors import DataError, GraphlabError, UsageError
from graphlab.importers.native.document import compose
from graphlab.importers.native.leaves import numbers
from graphlab.importers.native.names import name_of
from graphlab.importers.native.source import File
from graphlab.importers.table import written
from graphlab.messages import tr

_NUMBER = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d*)?")


def assignments(words: Iterable[str]) -> dict[str, Any]:
    """name=value … as the command line has them. Raises UsageError for one that is malformed.

    >>> assignments(["w0=2", "W=[[1, 2], [3, 4]]"])
    {'w0': 2, 'W': [[1, 2], [3, 4]]}
    """
    out: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text.strip() or not name.strip():
            message = tr(
                "'{word}' is not name=value, such as w0=2 or W=[[1, 2], [3, 4]]; no blanks stand around =", word=word
            )
            raise UsageError(message)
        try:
            name = name_of(name.strip())
        except GraphlabError as error:
            raise UsageError(tr("'{word}' is not name=value: {error}", word=word, error=error.message)) from None
        if name in out:
            raise UsageError(tr("'{name}' is given twice", name=name))
        out[name] = _value(name, text.replace("−", "-"), word)
    return out


def _value(name: str, text: str, word: str) -> Any:
    """A number or nested lists of them."""
    file = File(f"<{name}>", text)
    try:
        found = compose(text, file)
    except GraphlabError as error:
        known = _NUMBER.fullmatch(text.strip()) or any(map(_too_large, _NUMBER.findall(text)))
        said = error.message if known else _no_list(name, text)
    else:
        if isinstance(found.data, int | float | list) and not isinstance(found.data, bool):
            try:
                return numbers(found, file, name, "float64")
            except DataError as error:
                said = error.message.removesuffix(tr("; expressions stand under nodes"))
        else:
            said = _no_list(name, text)
    raise UsageError(tr("'{word}' on the command line: {error}", word=word, error=said))


def _too_large(number: str) -> bool:
    """Whether a number is beyond an integer's range, or a float's."""
    try:
        return abs(float(number)) >= 2**63
    except ValueError:
        return False


def _no_list(name: str, text: str) -> str:
    """Why a value is no number and no list of numbers."""
    text = text.strip()
    if text.count("[") != text.count("]"):
        return tr("its brackets [ ] do not match")
    if hint := written(text) if "," not in text else "":
        return tr("{text} is no number{hint}", text=text, hint=hint)
    if "[" not in text and re.search(r"\d\s*[,; ]\s*[-+.\d]", text):
        return tr("several numbers stand in brackets: '{name}=[1, 2]'; a decimal point is written .", name=name)
    return tr("{text} is no number, and no list of numbers such as [[1, 2], [3, 4]]", text=text)
