"""Help pages in columns: click counts characters, but on a terminal a Korean syllable takes two columns."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import east_asian_width

import click

_FILLER = "\x00"  # behind each wide character while click breaks and aligns the lines


def _filled(text: str) -> str:
    """The text with as many characters as it takes columns.

    >>> len(_filled("ab")), len(_filled("한글"))
    (2, 4)
    """
    return "".join(c + _FILLER if east_asian_width(c) in "WF" else c for c in text)


class HelpFormatter(click.HelpFormatter):
    """click's, with lines that fit and columns that line up in Korean too."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _filled(args), prefix)

    def write_text(self, text: str) -> None:
        super().write_text(_filled(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(_filled(first), _filled(second)) for first, second in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return super().getvalue().replace(_FILLER, "")


class Context(click.Context):
    """A command's context, whose help is written so."""

    formatter_class = HelpFormatter
