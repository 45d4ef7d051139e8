"""Handout → Markdown, with its figures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from graphlab.base.escape import isolated
from graphlab.handout.content import (
    Blank,
    Block,
    Cell,
    Equation,
    Figure,
    Handout,
    Heading,
    Paragraph,
    Sheet,
    Step,
    Table,
    Value,
    plain,
)  # fmt: skip
from graphlab.messages import escaped, tr

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|#$~^&@]|:(?=//)|(?<=\bwww)\.")  # what some reader of Markdown takes for a sign
_OPENING = re.compile(r"^(\d*)([-+=.)])(?=\s|\2|$)")  # a list, a rule, a line below a heading


def to_markdown(page: Handout, figure: str) -> str:
    """The page as Markdown. figure: what a figure's file is called, with {name} in it.

    >>> to_markdown(Handout("t", (Heading("h"), Paragraph("a*b"))), "{name}.svg")
    '# t\\n\\n## h\\n\\na\\\\*b\\n'
    """
    parts = [f"# {text(page.title)}", *("\n".join(_block(block, figure)) for block in page.blocks)]
    return "\n\n".join(parts) + "\n"


def text(plain_text: str) -> str:
    r"""Text that is nothing but text.

    >>> print(text("$5 & #2"), text("- a"), text("3. b"), text("0.5"))
    \$5 \& \#2 \- a 3\. b 0.5
    """
    return _OPENING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", isolated(escaped(plain_text)).strip()))


def code(words: str) -> str:
    """Text between so many backticks that those in it end nothing.

    >>> print(code("a = b"), code("a`b"))
    `a = b` `` a`b ``
    """
    words = isolated(escaped(words)).strip()
    fence = "`" * (1 + max(map(len, re.findall("`+", words)), default=0))
    return f"{fence}{words}{fence}" if "`" not in words else f"{fence} {words} {fence}"


def _block(block: Block, figure: str) -> Iterator[str]:
    match block:
        case Heading(text=words):
            yield f"## {text(words)}"
        case Sheet(title=words):
            yield f"---\n\n# {text(words)}"
        case Paragraph(text=words, quiet=quiet):
            yield f"*{text(words)}*" if quiet else text(words)
        case Step():
            yield from _step(block)
        case Table(titles=titles, rows=rows, right=right):
            yield "| " + " | ".join(map(text, titles)) + " |"
            yield "|" + "|".join("---:" if r else "---" for r in right) + "|"
            yield from ("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)
        case Figure(name=name, caption=caption):
            file = quote(figure.replace("{name}", name))
            yield f"![{text(caption)}]({file})"


def _step(step: Step) -> Iterator[str]:
    number = f"{step.number}. " if step.number else ""
    yield f"**{number}{text(step.node)}** · {text(step.op)}"
    for equation in step.equations:
        yield ""
        yield code(_equation(equation))


def _equation(equation: Equation) -> str:
    parts = [equation.left, _rule(equation.rule), equation.numbers]
    shape = f"   {tr('shape')} {blank_text(equation.shape)}" if equation.shape else ""
    return " = ".join(part for part in parts if part) + f" {equation.sign} {_result(equation.result)}{shape}"


def _rule(rule: str | Blank) -> str:
    return blank_text(rule) if isinstance(rule, Blank) else rule


def _result(result: Value | Blank) -> str:
    if isinstance(result, Blank):
        return blank_text(result)
    return plain(result) + (f"   ({result.shape})" if result.shape else "")


def blank_text(blank: Blank) -> str:
    """(7) ________"""
    return f"({blank.number}) " + "_" * 12


def _cell(cell: Cell) -> str:
    return text(cell) if isinstance(cell, str) else text(plain(cell)) if isinstance(cell, Value) else blank_text(cell)


def alt(figure: Figure) -> str:
    """What a figure shows, for those who do not see it."""
    names = ", ".join(box.name for box in figure.diagram.boxes[:20])
    return tr("{caption} Nodes: {names}.", caption=figure.caption, names=names)
