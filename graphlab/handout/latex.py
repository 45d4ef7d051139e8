"""Handout → LaTeX for xelatex or lualatex, which know Unicode: a source that teachers can edit."""

from __future__ import annotations

from collections.abc import Iterator

from graphlab.export.escape import isolated, visible
from graphlab.handout.content import (
    Blank,
    Block,
    Equation,
    Figure,
    Handout,
    Heading,
    Paragraph,
    Sheet,
    Step,
    Table,
    Value,
)
from graphlab.messages import tr

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
_TABLE = str.maketrans(_SPECIAL)
_PREAMBLE = r"""\documentclass[11pt,%(paper)s]{article}
\usepackage[margin=20mm]{geometry}
\usepackage{fontspec,graphicx,array,booktabs,longtable,needspace}
\setmainfont{DejaVu Serif}[Scale=0.9]
\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}
\newcommand{\blank}[1]{\underline{\makebox[34mm][l]{\footnotesize (#1)}}}
\newenvironment{step}[2]{\par\needspace{3\baselineskip}\textbf{#1} \textperiodcentered{} #2\par\leftskip=1em}{\par}
\begin{document}
"""


def to_latex(page: Handout, figure: str) -> str:
    """The page as LaTeX. figure: what a figure's file is called, with {name} in it.

    >>> to_latex(Handout("a_b", ()), "{name}.pdf").splitlines()[-3]
    '\\\\section*{\\\\LARGE a\\\\_b}'
    """
    head = _PREAMBLE % {"paper": "a4paper" if page.paper == "a4" else "letterpaper"}
    parts = [
        rf"\section*{{\LARGE {text(page.title)}}}",
        *(line for block in page.blocks for line in _block(block, figure)),
    ]
    return head + "\n".join([*parts, "", r"\end{document}"]) + "\n"


def text(words: str) -> str:
    """Text that is nothing but text."""
    return isolated(visible(words)).translate(_TABLE)


def _block(block: Block, figure: str) -> Iterator[str]:
    match block:
        case Heading(text=words):
            yield rf"\subsection*{{{text(words)}}}"
        case Sheet(title=words):
            yield rf"\newpage\section*{{\LARGE {text(words)}}}"
        case Paragraph(text=words, quiet=quiet):
            yield rf"{{\footnotesize {text(words)}}}\par" if quiet else rf"{text(words)}\par"
        case Step():
            number = f"{block.number}. " if block.number else ""
            yield rf"\begin{{step}}{{{text(number + block.node)}}}{{{text(block.op)}}}"
            yield from (rf"{_equation(equation)}\par" for equation in block.equations)
            yield r"\end{step}"
        case Table(titles=titles, rows=rows, right=right):
            columns = "".join("r" if r else "l" for r in right[:-1]) + ("r" if right[-1] else r"p{90mm}")
            yield rf"\begin{{longtable}}{{{columns}}}\toprule"
            yield " & ".join(rf"\textbf{{{text(t)}}}" for t in titles) + r" \\ \midrule \endhead"
            yield from (" & ".join(map(_cell, row)) + r" \\" for row in rows)
            yield r"\bottomrule\end{longtable}"
        case Figure(name=name, caption=caption):
            size = r"width=\linewidth,height=225mm,keepaspectratio"
            yield r"\begin{center}"
            yield rf"\includegraphics[{size}]{{{figure.replace('{name}', name)}}}\par"
            yield rf"{{\footnotesize {text(caption)}}}"
            yield r"\end{center}"


def _equation(equation: Equation) -> str:
    rule = _blank(equation.rule) if isinstance(equation.rule, Blank) else text(equation.rule)
    parts = [text(equation.left), rf"\textit{{{rule}}}" if rule else "", text(equation.numbers)]
    shape = rf" {text(tr('shape'))} {_blank(equation.shape)}" if equation.shape else ""
    return " = ".join(part for part in parts if part) + f" {equation.sign} " + _result(equation.result) + shape


def _result(result: Value | Blank) -> str:
    if isinstance(result, Blank):
        return _blank(result)
    shape = rf" {{\footnotesize {text(result.shape)}}}" if result.shape else ""
    if not result.matrix:
        return rf"\textbf{{{text(result.text)}}}{shape}"
    rows = r" \\ ".join(" & ".join(map(text, row)) for row in result.matrix)
    return rf"$\left[\begin{{array}}{{{'r' * len(result.matrix[0])}}} {rows} \end{{array}}\right]${shape}"


def _blank(blank: Blank) -> str:
    return rf"\blank{{{blank.number}}}"


def _cell(cell: str | Blank) -> str:
    return _blank(cell) if isinstance(cell, Blank) else text(cell)
