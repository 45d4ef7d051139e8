"""Text from strangers, made safe: one function per format, and one that makes invisible characters visible."""

from __future__ import annotations

import re

from graphlab.messages import UNSEEN

# words of a script that runs from right to left, as one piece
_LEFTWARD = r"\w*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]\w*"
_LEFTWARDS = re.compile(f"{_LEFTWARD}(?: {_LEFTWARD})*")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
# whatever is not known to be harmless in every format
_HOSTILE = re.compile(
    "[^ !#-%(-;=?-\\[\\]-~\xa1-\xac\xae-\u0587\u1d00-\u1fff\u2010-\u2015\u2020-\u2027\u2030-\u205e\u2070-\u2bff]"
)


def visible(text: str) -> str:
    """Line breaks and control characters as their pictures, other unseen ones as U+FFFD.

    >>> visible("a\\nb"), visible("x\\u202ey")
    ('a␊b', 'x\\ufffdy')
    """
    return UNSEEN.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def isolated(text: str) -> str:
    """Right-to-left names between U+2068 and U+2069, so that they do not reorder what stands around them.

    Isolates of a text's own are none any more after `visible`.

    >>> isolated("\u05d0\u05d1 = 2 + b") == "\u2068\u05d0\u05d1\u2069 = 2 + b"
    True
    """
    return _LEFTWARDS.sub("\u2068\\g<0>\u2069", text)


def xml_text(text: str) -> str:
    """Text for SVG, in an element or a quoted attribute.

    >>> xml_text("<b> & 'c'")
    '&lt;b&gt; &amp; &#39;c&#39;'
    """
    if not _HOSTILE.search(text):
        return text
    return isolated(visible(text)).translate(_MARKUP)


def dot_text(text: str) -> str:
    r"""Text for a DOT HTML-like label, where \N and its kin stand for names even inside HTML.

    >>> dot_text("<i> \\N")
    '&lt;i&gt; \\\\N'
    """
    if not _HOSTILE.search(text):
        return text
    return isolated(visible(text)).translate(_MARKUP).replace("\\", "\\\\")
