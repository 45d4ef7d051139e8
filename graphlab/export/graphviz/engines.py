"""The layout engines in child processes: graphviz-pure, which is installed with graphlab, and the system's `dot`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from graphlab.export.metrics import blanks, cells
from graphlab.export.theme import Theme, get_theme
from graphlab.messages import tr

EMBEDDED = "graphviz-pure"
PROGRAMS = (EMBEDDED, "dot")  # in the order in which they are tried
PATIENCE = 20.0  # seconds, where our own layout can draw instead

# graphviz-pure measures texts by its own tables of a few fonts' ASCII letters; each byte of any other letter counts as
# a blank. These two are the widest of the themes' fonts, so that a picture holds its texts in any of them.
FONT, MONO = "DejaVu Sans", "Courier"
_MONO = re.compile(f'<FONT FACE="{MONO}">(.*?)</FONT></TD>', re.DOTALL)
_SPARE = {1: "~^@$`|", 2: "".join(map(chr, range(0x780, 0x7B2)))}


class EngineError(Exception):
    """An engine is not there, or broke."""


class SlowError(Exception):
    """An engine took too long."""


def program(name: str) -> str | None:
    """Where an engine is, whether or not the environment that graphlab is in was activated."""
    if name != EMBEDDED:
        return shutil.which(name)
    try:
        found = [Path(str(file.locate())) for file in files(EMBEDDED) or () if Path(file).stem == EMBEDDED]
    except PackageNotFoundError:
        return None
    for path in (*found, *(Path(sysconfig.get_path("scripts")) / path.name for path in found)):
        if path.is_file():
            return str(path)
    return shutil.which(EMBEDDED)


def measured(theme: str | Theme) -> Theme:
    """A theme in the fonts that every engine can measure."""
    return replace(get_theme(theme), font=FONT, mono=MONO)


def lay_out(name: str, sources: Sequence[str], fmt: str, placed: bool, timeout: float) -> str:
    """What an engine makes of DOT texts in measured fonts, one after the other. placed: every box says where it is.

    Raises: EngineError, SlowError.
    """
    path = program(name)
    if path is None:
        raise EngineError(tr("it is not installed"))
    how = ["-Kneato", "-n2"] if placed else ["-Kdot"]
    source, back = "\n".join(sources), dict[int, str]()
    if name == EMBEDDED:
        source, back = measurable(source)
    out = _run([path, *how, f"-T{fmt}"], source.encode(), timeout).decode("utf-8", "replace").translate(back)
    if fmt == "svg" and not ("<svg" in out and out.rstrip().endswith("</svg>")):
        raise EngineError(tr("it wrote no SVG"))
    return out


def run_engine(sources: Sequence[str]) -> list[dict[str, Any]] | None:
    """Each DOT text laid out, as the engine's JSON; None where no engine works, or they take too long together."""
    for name in PROGRAMS:
        try:
            out = lay_out(name, sources, "json0", False, PATIENCE + 0.5 * len(sources))
        except (EngineError, SlowError):
            continue
        return [json.loads(text) for text in re.split(r"(?<=^\})\s+(?=\{)", out.strip(), flags=re.MULTILINE)]
    return None


def measurable(source: str) -> tuple[str, dict[int, str]]:
    """DOT whose texts graphviz-pure takes for about as wide as they are, and the letters to put back in its SVG.

    A letter beyond ASCII is stood in for by an unused one of so many bytes that it measures what the letter needs.

    >>> text, back = measurable("a [label=<한 ∂2>]")
    >>> text.translate(back), [len(letter.encode()) for letter in text[10:15]]
    ('a [label=<한 ∂2>]', [3, 1, 2, 1, 1])
    """
    used = set(source)
    mono = {letter for text in _MONO.findall(source) for letter in text if cells(letter) == 1}
    spare = {size: (letter for letter in letters if letter not in used) for size, letters in _SPARE.items()}
    there: dict[int, str] = {}
    for letter in sorted(used):
        if letter.isascii():
            continue
        size = 1 if letter in mono else blanks(letter)
        stand_in = next(spare[size], None) if size in spare and size != len(letter.encode()) else None
        if stand_in is not None:
            there[ord(letter)] = stand_in
    return source.translate(there), {ord(stand_in): chr(code) for code, stand_in in there.items()}


def version(name: str) -> str:
    """What an engine says of itself. Raises: EngineError, SlowError."""
    path = program(name)
    if path is None:
        raise EngineError(tr("it is not installed"))
    said = _run([path, "-V"], b"", PATIENCE, say=True).decode("utf-8", "replace").strip()
    return re.sub(r"^.*? version ", "", said)


def install(name: str) -> str:
    """What to do where an engine does not work."""
    if name == "dot":
        return tr("install Graphviz: apt install graphviz, or brew install graphviz")
    return tr("pip install 'graphviz-pure>=0.2.2,<0.3'")


def _run(command: list[str], source: bytes, timeout: float, say: bool = False) -> bytes:
    """A child's standard output (say: or what it says); it is gone when this returns or raises, also on Ctrl-C."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise EngineError(str(error)) from None
    try:
        out, err = child.communicate(source, timeout)
    except subprocess.TimeoutExpired:
        raise SlowError from None
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    if say:
        out = out or err
    if child.returncode or not out:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        raise EngineError(lines[-1] if lines else tr("it ended with status {status}", status=child.returncode))
    return out
