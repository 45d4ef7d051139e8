"""The blocks of the documents: what they tell a reader to type, and what they say is answered."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MORE = "…"  # on a line by itself: some lines are left out


@dataclass(frozen=True)
class Block:
    """A fenced block, with the line it begins at."""

    language: str
    text: str
    line: int


def blocks_of(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def calls_of(block: Block) -> list[tuple[str, list[str]]]:
    """Each command of a console block, without its comment, and the lines that are shown below it."""
    calls: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            calls.append((re.sub(r"\s{2,}#.*$", "", line[2:]), []))
        else:
            calls[-1][1].append(line)
    return calls


def headings_of(path: Path) -> list[str]:
    """The headings' levels."""
    outside = FENCE.sub("", path.read_text(encoding="utf-8"))
    return re.findall(r"^(#+) ", outside, re.MULTILINE)


def missing(shown: list[str], answered: str) -> str | None:
    """The first shown line that was not answered where it stands; None where all were.

    >>> answer = "a\\nb\\nc\\n"
    >>> missing(["a", "…", "c"], answer), missing(["a", "c"], answer), missing(["…", "b"], answer)
    (None, 'c', 'the end of what is shown')
    """
    lines, at, free = answered.splitlines(), 0, False
    for line in shown:
        if line.strip() == MORE:
            free = True
            continue
        while free and at < len(lines) and lines[at] != line:
            at += 1
        if at >= len(lines) or lines[at] != line:
            return line
        at, free = at + 1, False
    return None if free or at == len(lines) else "the end of what is shown"


def words_of(command: str) -> list[str]:
    """A command's words, without the choice of a language."""
    words = shlex.split(command)
    if "--lang" in words:
        at = words.index("--lang")
        del words[at : at + 2]
    return words


def uncommented(text: str) -> list[str]:
    """Lines of YAML or Python without their comments."""
    return [re.sub(r"\s*#.*$", "", line) for line in text.splitlines()]
