"""Which language the command line speaks. It must be known before help texts are made, so it is chosen at import."""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise

from graphlab.messages import LANGUAGES, LOCALE, speak


def wanted_language(args: Sequence[str], environ: Mapping[str, str]) -> str:
    """--lang, else GRAPHLAB_LANG, else the locale; English where that is a language we do not have.

    >>> wanted_language(["--lang", "ko", "render"], {}), wanted_language([], {"LANG": "ko_KR.UTF-8"})
    ('ko', 'ko')
    >>> wanted_language([], {"GRAPHLAB_LANG": "en", "LANG": "ko_KR.UTF-8"}), wanted_language([], {"LANG": "C.UTF-8"})
    ('en', 'en')
    """
    said = [after for word, after in pairwise((*args, "")) if word == "--lang"]
    said += [word.removeprefix("--lang=") for word in args if word.startswith("--lang=")]
    locale = [environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)]
    found = next((place for place in (*said, environ.get("GRAPHLAB_LANG", ""), *locale[:1]) if place), "en")
    return found[:2] if found[:2] in LANGUAGES else "en"


def _choose(lang: str) -> None:
    """Our own texts, and those of click, which asks gettext's default domain in the language of the environment."""
    speak(lang)
    if lang != "en":
        os.environ["LANGUAGE"] = lang
        gettext.bindtextdomain("messages", str(LOCALE))


_choose(wanted_language(sys.argv[1:], os.environ))
