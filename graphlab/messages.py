"""Every text a user reads goes through `tr`: the English text is the key, as gettext has it."""

from __future__ import annotations

import difflib
import gettext
import re
from collections.abc import Iterable, Iterator, Mapping
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

_PARTICLES = {  # as the catalogue has them, both ways: after a final consonant, after a vowel
    "을(를)": ("을", "를"), "은(는)": ("은", "는"), "이(가)": ("이", "가"), "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"), "(이)어야": ("이어야", "여야"), "(이)": ("이", ""),
}  # fmt: skip
_CLOSING = "'\"’”)]}>`.,"
_BOTH_WAYS = re.compile(rf"(\S*}}[{re.escape(_CLOSING)}]*)({'|'.join(map(re.escape, _PARTICLES))})")
_DIGITS = ("ㅇ", "ㄹ", "", "ㅁ", "", "", "ㄱ", "ㄹ", "ㄹ", "")  # 영 일 이 삼 사 오 육 칠 팔 구
# Latin words that end in a consonant, other than ㄹ: time 타임, embedding 임베딩, step 스텝, out 아웃
_CLOSED = re.compile(r"([mn]e?|ng|((?<![aeiou])[aeiou]|ou)(ck|[ckpt]))$")


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
    >>> with in_language("ko"):
    ...     tr("there is no node '{name}'{hint}", name="fc", hint="")
    "노드 'fc'가 없습니다"
    """
    lang = _language.get()
    if lang != "en" and text:  # the English text is the key
        text = catalogue(lang).gettext(text)
    if not values:
        return text
    shown = {k: _shown(v) for k, v in values.items()}
    return (with_particles(text, shown) if lang == "ko" else text).format(**shown)


def _shown(value: object) -> object:
    """A float32 in as many digits as bring it back, as everywhere; a text without what breaks lines."""
    if type(value).__name__ == "float32":  # numpy's, which --help does without
        return float(str(value))
    return escaped(value) if type(value) is str else value


def with_particles(text: str, values: Mapping[str, object]) -> str:
    """A Korean text, still with its {names}, in which each particle both ways becomes the one that its value takes.

    Where nobody knows how the value is read, it stays both ways. What the values themselves say is left alone.

    >>> with_particles("'{a}'을(를) {b}(으)로", {"a": "노드", "b": "L"}), with_particles("{a}은(는)", {"a": "×"})
    ("'{a}'를 {b}로", '{a}은(는)')
    """

    def chosen(match: re.Match[str]) -> str:
        final = final_consonant(match[1].format(**values))
        if final is None:
            return match[0]
        vowel = final == "" or (final == "ㄹ" and match[2] == "(으)로")
        return match[1] + _PARTICLES[match[2]][vowel]

    return _BOTH_WAYS.sub(chosen, text) if "(" in text else text


def final_consonant(word: str) -> str | None:
    """What a word ends in as Koreans say it: ㄹ, another consonant (any one stands for all), "" a vowel, None unknown.

    Digits by their names. A Latin word without a vowel letter is spelt: only L, M, N and R end in a consonant. Others
    are judged by their last letters, roughly as loanwords are written: model 모델, time 타임, input 인풋; layer 레이어.

    >>> [final_consonant(word) for word in ("기울기", "값", "'손실'", "x[0,7]", "relu", "fc", "L", "model", "input")]
    ['', 'ㅇ', 'ㄹ', 'ㄹ', '', '', 'ㄹ', 'ㄹ', 'ㅇ']
    >>> final_consonant("∂")  # None
    """
    word = word.rstrip(_CLOSING)
    last = word[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return "" if final == 0 else "ㄹ" if final == 8 else "ㅇ"
    if last.isascii() and last.isdigit():
        return _DIGITS[int(last)]
    latin = re.search("[a-z]+$", word.lower())
    if latin is None:
        return None
    if not re.search("[aeiouy]", latin[0]):
        return {"l": "ㄹ", "r": "ㄹ", "m": "ㅁ", "n": "ㄴ"}.get(last.lower(), "")
    return "ㄹ" if re.search("le?$", latin[0]) else "ㅇ" if _CLOSED.search(latin[0]) else ""


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
    >>> did_you_mean("N", ["L", "n"])
    " (did you mean 'n'?)"
    """
    names = sorted(known)
    close = [name for name in names if name.casefold() == word.casefold()]
    close = close or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return tr(" (did you mean '{word}'?)", word=close[0]) if close else ""
