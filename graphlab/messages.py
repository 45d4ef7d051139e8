"""Every text a user reads goes through `tr`: the English text is the key, as gettext has it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def tr(text: str, /, **values: object) -> str:
    """The text in the reader's language, with its {names} filled in.

    >>> tr("{count} nodes", count=3)
    '3 nodes'
    """
    return text.format(**values) if values else text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint " (did you mean 'relu'?)", or nothing where no known word is close.

    >>> did_you_mean("relo", ["relu", "selu", "tanh"])
    " (did you mean 'relu'?)"
    """
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return tr(" (did you mean '{word}'?)", word=close[0]) if close else ""
