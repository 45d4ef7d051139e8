"""What ends a command: its exit status, and at most 25 lines on standard error with the warnings. Never a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from graphlab.errors import GraphlabError, UsageError
from graphlab.lines import clean
from graphlab.messages import tr

from .screen import colour_wanted, warnings_shown

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE
MAX_LINES = 18  # leaves room for warnings before and a hint after
MAX_WIDTH = 1000


class Ended(Exception):  # noqa: N818
    """Ctrl-C or a reader that left, on their way past click, which has its own answers to both."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.status = BROKEN_PIPE if isinstance(cause, BrokenPipeError) else INTERRUPTED


def guarded(run: Callable[[], Any]) -> int:
    """The exit status of a command, with whatever went wrong said on standard error."""
    try:
        with warnings_shown():
            status = run()
            if sys.stdout is not None:
                sys.stdout.flush()
    except click.ClickException as error:
        return _said(error.format_message() + _help_hint(error), error.exit_code)
    except UsageError as error:
        return _said(str(error), USAGE)
    except GraphlabError as error:
        # a place comes first in its line, where editors and other tools look for it
        return _said(str(error), FAILED, label=error.where is None)
    except (Ended, KeyboardInterrupt, BrokenPipeError) as error:
        return _ended(error if isinstance(error, Ended) else Ended(error))
    except MemoryError:
        return _said(tr("there is not enough memory for this"), FAILED)
    except Exception as error:
        return _unexpected(error)
    return status if isinstance(status, int) else 0


def _help_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else "\n" + tr("see: {command} --help", command=context.command_path)


def _ended(end: Ended) -> int:
    if end.status == INTERRUPTED:
        return _said(tr("interrupted"), INTERRUPTED)
    _forget_output()
    return BROKEN_PIPE


def _said(message: str, status: int, label: bool = True) -> int:
    lines = [line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 1] + "…" for line in clean(message).splitlines()]
    if len(lines) > MAX_LINES:
        more = len(lines) - MAX_LINES + 1
        lines = [*lines[: MAX_LINES - 1], tr("… and {more} more lines", more=more)]
    head = click.style(tr("error:"), fg="red", bold=True) + " " if label else ""
    click.echo(head + "\n".join(lines), err=True, color=colour_wanted())
    return status


def _unexpected(error: Exception) -> int:
    if isinstance(error, OSError) and error.strerror:
        _forget_output()
        place = f"{error.filename}: " if error.filename else ""
        return _said(f"{place}{error.strerror}", FAILED)
    if os.environ.get("GRAPHLAB_DEBUG"):
        import traceback

        traceback.print_exception(error)
        return FAILED
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    message = tr(
        "something went wrong inside graphlab ({what}); please report it with the command and the model, and with what "
        "GRAPHLAB_DEBUG=1 prints",
        what=what,
    )
    return _said(message, FAILED)


def _forget_output() -> None:
    """Drop what is still buffered, so that Python does not complain about it when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
