"""What a command says and how: colour, width, warnings, progress. Everything printed goes through here."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click

from graphlab.lines import Line, Styled, Text, clean
from graphlab.messages import UNSEEN, tr

SLOW = 1.0  # seconds after which a progress bar appears
MAX_WARNINGS = 5
_BATCH = 500  # lines written at once


_LOOKS: dict[str, dict[str, Any]] = {
    "value": {"fg": "green"},
    "grad": {"fg": "red"},
    "strong": {"bold": True},
    "quiet": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
}


def styled(text: Text) -> str:
    """The text cleaned, with its look as terminal codes; click drops those where there is no terminal."""
    if isinstance(text, Styled) and text.text:
        return click.style(clean(text.text), **_LOOKS[text.look])
    return clean(text.text if isinstance(text, Styled) else text)


def say(*lines: Line) -> None:
    """Write lines to standard output."""
    say_all(lines or ("",))


def say_all(lines: Iterable[Line]) -> None:
    """Write many lines, a batch at a time."""
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        click.echo("\n".join(_written(line) for line in batch))


def _written(line: Line) -> str:
    if isinstance(line, str):
        return styled(line).rstrip(" ")
    parts = line if isinstance(line, list) else [line]
    return "".join(map(styled, parts)).replace("\n", "\\n").rstrip(" ")  # one line, whatever the names in it are


def say_json(record: Any) -> None:
    """Write one JSON object, given as a text or as plain data; nothing in it can steer a terminal."""
    click.echo(json_text(record, indent=2).rstrip("\n"))


def json_text(record: Any, indent: int | None = None) -> str:
    """JSON in which what is unseen is written out; by default in one line."""
    text = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False, indent=indent)
    return UNSEEN.sub(lambda match: match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1], text)


def note(message: str) -> None:
    """Say on standard error what is worth knowing and no error."""
    click.echo(f"{tr('note:')} {clean(message)}", err=True)


def colour_wanted() -> bool | None:
    """NO_COLOR and FORCE_COLOR as no-color.org and force-color.org have them; None: only on a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def width() -> int | None:
    """Columns to write in; None where the output is no terminal and nothing needs to be folded."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError, AttributeError):  # no terminal, or no standard output at all
        return None


def utf8_output() -> None:
    """Write UTF-8 whatever the locale says: a model's names and the formulas need it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def warn(messages: Sequence[str]) -> None:
    """Say on standard error what is legal but suspicious; of many, the first few."""
    label = click.style(tr("warning:"), fg="yellow", bold=True)
    more = [tr("and {n} more such", n=len(messages) - MAX_WARNINGS)] if len(messages) > MAX_WARNINGS else []
    for message in (*messages[:MAX_WARNINGS], *more):
        click.echo(f"{label} {clean(message)}", err=True, color=colour_wanted())


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Write Python's own warnings, of a run or a user's Python model, as one line each, and each text once."""
    said: set[str] = set()

    def show(message: Warning | str, *where: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            warn([str(message)])

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)  # what a run warns of is part of what a command says
        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """A bar on standard error of a terminal, for what takes over a second. Call what it gives as each step begins."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda text: None
        return
    bar = _Bar(label, total)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    """A rich progress bar that a timer brings up; what ends before that never imports rich."""

    def __init__(self, label: str, total: int | None) -> None:
        import threading

        self.label = label
        self.total = total
        self.begun = 0
        self.shown: Any = None
        self.lock = threading.Lock()
        self.timer = threading.Timer(SLOW, self.start)
        self.timer.daemon = True
        self.timer.start()

    def start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with self.lock:
            if self.timer.finished.is_set():
                return
            columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
            if self.total is not None:
                columns.insert(2, MofNCompleteColumn())
            shown = Progress(*columns, console=Console(stderr=True), transient=True)
            shown.add_task(self.label, total=self.total, completed=max(self.begun - 1, 0))
            shown.start()
            self.shown = shown

    def advance(self, text: str) -> None:
        with self.lock:
            self.label = clean(text)
            self.begun += 1
            if self.shown is not None:
                self.shown.update(0, completed=self.begun - 1, description=self.label)

    def stop(self) -> None:
        self.timer.cancel()
        with self.lock:
            self.timer.finished.set()
            if self.shown is not None:
                self.shown.stop()
