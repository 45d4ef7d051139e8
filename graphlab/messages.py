"""Every text a user reads goes through `tr`: the English text is the key, as gettext has it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# controls, soft hyphen, bidi and zero-width marks, line separators, surrogates, noncharacters, tags
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e007f]"
)


def tr(text: str, /, **values: object) -> str:
    """The text in the reader's language, with its {names} filled in; names from strangers cannot break its lines.

    >>> tr("{count} nodes", count=3)
    '3 nodes'
    >>> tr("unknown op '{op}'", op="re\\nlu")
    "unknown op 're\\\\nlu'"
    """
    if not values:
        return text
    return text.format(**{k: escaped(v) if type(v) is str else v for k, v in values.items()})


def escaped(text: str) -> str:
    """Line breaks, control characters and other unseen ones as Python writes them.

    >>> escaped("a\\nb"), escaped("x\\u202ey")
    ('a\\\\nb', 'x\\\\u202ey')
    """
    return text if text.isprintable() else UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint " (did you mean 'relu'?)", or nothing where no known word is close.

    >>> did_you_mean("relo", ["relu", "selu", "tanh"])
    " (did you mean 'relu'?)"
    """
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return tr(" (did you mean '{word}'?)", word=close[0]) if close else ""
