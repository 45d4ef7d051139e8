"""Every text a user reads goes through `tr`: the English text is the key, as gettext has it."""

from __future__ import annotations

import difflib
import gettext
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

# controls, soft hyphen, bidi and zero-width marks, line separators, surrogates, noncharacters, tags
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e007f]"
)


LANGUAGES = ("en", "ko")
DOMAIN, LOCALE = "graphlab", Path(__file__).with_name("locale")
_language: ContextVar[str] = ContextVar("language", default="en")


@lru_cache(maxsize=8)
def catalogue(lang: str) -> gettext.NullTranslations:
    """A language's texts; English stands in the code itself. Raises ValueError for one that there is not."""
    if lang not in LANGUAGES:
        raise ValueError(lang)
    return gettext.NullTranslations() if lang == "en" else gettext.translation(DOMAIN, LOCALE, [lang])


@contextmanager
def in_language(lang: str) -> Iterator[None]:
    """Within it `tr` speaks this language.

    >>> with in_language("ko"):
    ...     tr("All gradients")
    '모든 기울기'
    """
    catalogue(lang)
    token = _language.set(lang)
    try:
        yield
    finally:
        _language.reset(token)


def speak(lang: str) -> None:
    """From here on `tr` speaks this language, in this thread."""
    catalogue(lang)
    _language.set(lang)


def language() -> str:
    """The language that `tr` speaks."""
    return _language.get()


def tr(text: str, /, **values: object) -> str:
    """The text in the reader's language, with its {names} filled in; names from strangers cannot break its lines.

    >>> tr("{count} nodes", count=3)
    '3 nodes'
    >>> tr("unknown op '{op}'", op="re\\nlu")
    "unknown op 're\\\\nlu'"
    """
    lang = _language.get()
    if lang != "en" and text:  # the English text is the key
        text = catalogue(lang).gettext(text)
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
