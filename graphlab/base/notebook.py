"""What a REPL, `print` and a notebook show of a result: one line, its lines, and these as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphlab.lines import Line

WIDTH = 100  # columns in a notebook


class Result:
    """Something that was found out. str(result) is what the command line prints, as wide as the terminal."""

    __slots__ = ()

    def lines(self, columns: int) -> Iterator[Line]:
        """What is to be said of it."""
        raise NotImplementedError

    def __str__(self) -> str:
        from shutil import get_terminal_size

        from graphlab.lines import to_text

        return to_text(self.lines(get_terminal_size((80, 24)).columns))

    def _repr_html_(self) -> str:
        from graphlab.lines import to_html

        return to_html(self.lines(WIDTH))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """In IPython the lines too, not the one line that stands in lists and elsewhere."""
        return {"text/plain": str(self), "text/html": self._repr_html_()}
