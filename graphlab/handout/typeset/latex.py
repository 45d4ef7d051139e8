"""Handout → LaTeX for xelatex or lualatex, which know Unicode: a source that teachers can edit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graphlab.base.escape import isolated, visible
from graphlab.export.letters import DOUBTFUL
from graphlab.handout.content import (
    HANGUL,
    KOREAN,
    ROWS,
    Blank,
    Block,
    Cell,
    Equation,
    Figure,
    Handout,
    Heading,
    Paragraph,
    Rows,
    Sheet,
    Step,
    Table,
    Value,
    breakable,
)
from graphlab.messages import tr

LONG = 40  # letters of a table's cell that stay in one line
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "\u200b": r"\hspace{0pt}", "[": "{[}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "*": "{*}",
    "`": r"\textasciigrave{}", '"': r"\textquotedbl{}",
}  # fmt: skip
_TABLE = str.maketrans(_SPECIAL)
_TWICE = re.compile(r"([-',<>])(?=\1)")  # what TeX's fonts make one sign of
_FONTS = r"""%% Korean letters, and others that the main font has not: the first of these fonts that is here.
\newif\ifkorean
%s
"""
_KOREAN = r"""\ifdefined\XeTeXlinebreaklocale\XeTeXlinebreaklocale "ko"\fi
\ifkorean\else\GenericError{}{no font with Korean letters is installed: NanumMyeongjo, for example}{}{}\fi
"""
_LETTER = r"""% A letter by its code point, which is shown itself where no font has the letter.
\newcommand{\letter}[1]{\iffontchar\font"#1\relax\char"#1\relax\else{\ifkorean\korean\fi
  \iffontchar\font"#1\relax\char"#1\relax\else\setlength{\fboxsep}{1pt}\fbox{\tiny U+#1}\fi}\fi}
"""
_FONT = r"\ifkorean\else\IfFontExistsTF{%s}{\newfontfamily\korean{%s}\koreantrue}{}\fi"
_PREAMBLE = r"""\documentclass[11pt,%(paper)s]{article}
\usepackage[margin=20mm]{geometry}
\usepackage{fontspec,graphicx,array,booktabs,longtable,needspace}
\setmainfont{DejaVu Serif}[Scale=0.9]
\setlength{\LTleft}{0pt}\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}
\newcommand{\blank}[3]{\ifnum#3>1
  \fbox{\parbox[c][#3\baselineskip][t]{#2}{\footnotesize (#1)}}\else\underline{\makebox[#2][l]{\footnotesize (#1)}}\fi}
\newenvironment{step}[2]{\par\needspace{3\baselineskip}\textbf{#1} \textperiodcentered{} #2\par\leftskip=1em}{\par}
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
    body = "\n".join([r"\begin{document}", *parts, "", r"\end{document}"]) + "\n"
    korean, others = HANGUL.search(body) is not None, r"\letter{" in body
    if korean or others:
        head += _FONTS % "\n".join(_FONT % (font, font) for font in KOREAN)
    return head + (_KOREAN if korean else "") + (_LETTER if others else "") + body


def text(words: str) -> str:
    """Text that is nothing but text."""
    words = _TWICE.sub(r"\1{}", isolated(breakable(visible(words))).translate(_TABLE))
    words = DOUBTFUL.sub(lambda letter: rf"\letter{{{ord(letter[0]):04X}}}", words)
    return HANGUL.sub(r"{\\korean \g<0>}", words)


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
            kind = "longtable" if len(rows) > ROWS else "tabular"  # a short one is not broken over pages
            yield rf"\begin{{{kind}}}{{{_columns(rows, right)}}}\toprule"
            head = " & ".join(rf"\textbf{{{text(t)}}}" for t in titles) + r" \\ \midrule"
            yield head + (r" \endhead" if kind == "longtable" else "")
            yield from (" & ".join(map(_cell, row)) + r" \\" for row in rows)
            yield rf"\bottomrule\end{{{kind}}}\par"
        case Figure(name=name, caption=caption):
            size = r"width=\linewidth,height=225mm,keepaspectratio"
            yield r"\begin{center}"
            yield rf"\includegraphics[{size}]{{{figure.replace('{name}', name)}}}\par"
            yield rf"{{\footnotesize {text(caption)}}}"
            yield r"\end{center}"


def _columns(rows: Sequence[Sequence[Cell]], right: Sequence[bool]) -> str:
    """How a table's columns are set: long ones, and the last, in as many lines as they need."""
    longest = [
        max((len(cell) for cell in column if isinstance(cell, str)), default=0) for column in zip(*rows, strict=True)
    ]
    wide = any(length > LONG for length in longest[:-1])
    kinds = ["r" if r else "p{60mm}" if n > LONG else "l" for r, n in zip(right, longest, strict=True)]
    if not right[-1]:
        kinds[-1] = "p{60mm}" if wide else "p{90mm}"
    return "".join(rf">{{\raggedright\arraybackslash}}{kind}" if kind[0] == "p" else kind for kind in kinds)


def _equation(equation: Equation) -> str:
    rule = _blank(equation.rule) if isinstance(equation.rule, Blank) else text(equation.rule)
    parts = [text(equation.left), rf"\textit{{{rule}}}" if rule else "", text(equation.numbers)]
    shape = rf" {text(tr('shape'))} {_blank(equation.shape)}" if equation.shape else ""
    return " = ".join(part for part in parts if part) + f" {equation.sign} " + _result(equation.result) + shape


def _result(result: Value | Blank) -> str:
    if isinstance(result, Blank):
        return _blank(result)
    shape = rf" {{\footnotesize {text(result.shape)}}}" if result.shape else ""
    if result.text:
        return rf"\textbf{{{text(result.text)}}}{shape}"
    return " ".join(_matrix(place, rows) for place, rows in result.tables) + shape


def _matrix(place: str, rows: Rows) -> str:
    cells = r" \\ ".join(" & ".join(map(text, row)) for row in rows)
    array = rf"$\left[\begin{{array}}{{*{{{len(rows[0])}}}{{r}}}} {cells} \end{{array}}\right]$"
    return (rf"{{\footnotesize {text(place)}}} " if place else "") + array


def _blank(blank: Blank) -> str:
    return rf"\blank{{{blank.number}}}{{{blank.width}mm}}{{{blank.rows}}}"


def _cell(cell: Cell) -> str:
    return text(cell) if isinstance(cell, str) else _result(cell)
