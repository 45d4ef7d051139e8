"""One fuzzed input: it ends in a result or in a GraphlabError with one message, soon, and leaves nothing behind."""

from __future__ import annotations

import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphlab.engine.doubts import DoubtWarning
from graphlab.errors import GraphlabError

SECONDS = 10  # of one input
MEGABYTES = 500  # that one input may add to what the process has needed so far


class TooSlow(BaseException):
    """The time of one input is over. Not an Exception, so that nothing takes it for a mistake in the file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input. make: from a generator of random numbers; run: what reads it, in a folder of its own."""

    name: str
    make: Callable[[random.Random], Any]
    run: Callable[[Any, Path], None]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that ended in something else. what: in a line, without the input's own words, to find it again."""

    kind: str
    number: int
    what: str
    given: Any
    told: str


def one(kind: Kind, seed: int, number: int, folder: Path) -> Finding | None:
    """Run the input with this number; the same one on every machine."""
    given = kind.make(random.Random(f"{seed} {kind.name} {number}"))
    found = judged(lambda: kind.run(given, folder))
    return None if found is None else Finding(kind.name, number, found[0], given, found[1])


def judged(run: Callable[[], None]) -> tuple[str, str] | None:
    """What is wrong with how it ended, in a line and in full; None if nothing is."""
    before = _megabytes()
    try:
        with _limited(), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DoubtWarning)  # said of what is legal
            run()
    except GraphlabError as error:
        text = str(error)
        if not error.message.strip() or "Traceback" in text:
            return f"{type(error).__name__} without a message at {_place(error)}", text
    except (Exception, TooSlow) as error:
        return f"{type(error).__name__} at {_place(error)}", "".join(traceback.format_exception(error))
    if _megabytes() - before > MEGABYTES:
        return "too much memory", f"{_megabytes() - before:.0f} MB"
    return None


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024) / 1024


def _place(error: BaseException) -> str:
    """The innermost place in the program itself."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/graphlab/" in f.filename.replace("\\", "/")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"


@contextmanager
def _limited() -> Iterator[None]:
    def over(*_: Any) -> None:
        raise TooSlow(f"over {SECONDS} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def many(
    kinds: Iterable[Kind], seed: int, folder: Path, seconds: float = float("inf"), count: float = float("inf"),
    start: int = 0,
) -> tuple[dict[str, int], dict[str, Finding]]:  # fmt: skip
    """Inputs of all kinds in turn, until the time or the count is over: how many of each, and each finding once."""
    done: dict[str, int] = {kind.name: 0 for kind in kinds}
    found: dict[str, Finding] = {}
    turns = [kind for kind in kinds for _ in range(kind.weight)]
    ends = time.monotonic() + seconds
    total = 0
    while total < count and time.monotonic() < ends:
        kind = turns[total % len(turns)]
        finding = one(kind, seed, start + done[kind.name], folder)
        done[kind.name] += 1
        total += 1
        if finding is not None:
            found.setdefault(f"{kind.name}: {finding.what}", finding)
    return done, found
