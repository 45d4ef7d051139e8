"""Results as lines of text: what the command line prints, `print` writes and a notebook shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from graphlab.messages import UNSEEN, escaped


class Styled(NamedTuple):
    """A text with its look: value (green), grad (red), strong, quiet, good or bad."""

    text: str
    look: str


Text = str | Styled
Line = str | Styled | list[Text]

_LOOKS = {  # readable on white and on black
    "value": "color:#2e8b57", "grad": "color:#d9534f", "strong": "font-weight:bold", "quiet": "opacity:0.7",
    "good": "color:#2e8b57", "bad": "color:#d9534f;font-weight:bold",
}  # fmt: skip


def clean(text: str) -> str:
    """The text with control characters written out, so that a model's name cannot steer the terminal.

    >>> clean("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return text if text.isprintable() else UNSEEN.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0] if match[0] in "\n\t" else escaped(match[0])


def to_text(lines: Iterable[Line]) -> str:
    """Lines as one text, without their looks.

    >>> print(to_text(["a ", ["b = ", Styled("1", "value")]]))
    a
    b = 1
    """
    return "\n".join("".join(_plain(part) for part in _parts(line)).rstrip(" ") for line in lines)


def to_html(lines: Iterable[Line]) -> str:
    """Lines as HTML, every text in it escaped.

    >>> to_html([["a<b ", Styled("1", "strong")]])
    '<pre style="white-space:pre;overflow-x:auto">a&lt;b <span style="font-weight:bold">1</span></pre>'
    """
    written = ("".join(map(_marked, _parts(line))).rstrip(" ") for line in lines)
    return f'<pre style="white-space:pre;overflow-x:auto">{chr(10).join(written)}</pre>'


def _parts(line: Line) -> list[Text]:
    return line if isinstance(line, list) else [line]


def _plain(part: Text) -> str:
    return clean(part.text if isinstance(part, Styled) else part).replace("\n", "\\n")


def _marked(part: Text) -> str:
    text = escape(_plain(part))
    return f'<span style="{_LOOKS[part.look]}">{text}</span>' if isinstance(part, Styled) and text else text
