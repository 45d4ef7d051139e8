"""Handout → Typst: a source that teachers can edit; every text of a model in it is a string, never markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphlab.base.escape import isolated, visible
from graphlab.handout.content import (
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
from graphlab.handout.figures import LEGIBLE, TEXT
from graphlab.handout.typeset.markdown import alt
from graphlab.messages import tr

_PREAMBLE = """\
#set document(title: {title})
#set page(paper: {paper}, margin: 20mm, numbering: "1", number-align: center)
#set text(font: ({fonts}), size: 10.5pt, lang: {lang})
#set par(leading: 0.6em)
#show heading.where(level: 1): set text(size: 19pt)
#show heading.where(level: 2): it => {{
  block(height: 0pt, above: 0pt, below: 0pt, sticky: false, [#metadata(none)<before>])  // how far the page is filled
  block(above: 1.5em, below: 0.7em, sticky: true, text(size: 13pt, it.body))
}}
// the Korean font has no bold cut: its bold letters are drawn with a stroke
#let heavy(it) = {{
  show regex("[\\u{{1100}}-\\u{{11ff}}\\u{{3130}}-\\u{{318f}}\\u{{ac00}}-\\u{{d7a3}}]+"): set text(stroke: 0.035em)
  it
}}
#show heading: heavy
#show strong: heavy
#let quiet(body) = text(fill: luma(35%), size: 0.88em, body)
#let rule(body) = text(style: "italic", body)
#let blank(n, rows, wide) = if rows > 1 {{
  box(width: wide, height: rows * 1.5em, inset: 2pt, stroke: 0.4pt + luma(50%), baseline: 50% - 0.3em,
    place(top, quiet([(#n)])))  // placed, it gives the box no base line of its own
}} else {{
  box(width: wide, inset: (top: 0.5em), outset: (bottom: 3pt), stroke: (bottom: 0.6pt), quiet([(#n)]) + h(1fr))
}}
#let line = 0.6pt
#let matrix(..rows) = h(0.2em) + box(baseline: 50% - 0.3em, grid(
  columns: (2.5pt, auto, 2.5pt),
  grid.cell(stroke: (left: line, top: line, bottom: line), none),  // [ and ]: | and | would be a determinant
  pad(x: 1.5pt, y: 3pt, grid(columns: rows.pos().at(0).len(), align: right, column-gutter: 0.9em, row-gutter: 0.45em,
    ..rows.pos().flatten())),
  grid.cell(stroke: (right: line, top: line, bottom: line), none))) + h(0.15em)
#let eq(..parts) = block(inset: (left: 1em), above: 0.55em, below: 0.55em, parts.pos().join([ ]))
#let step(head, op, ..equations) = block(breakable: false, above: 0.9em, below: 0.9em, width: 100%,
  inset: (left: 0.8em, y: 0.2em), stroke: (left: 1.2pt + luma(70%)), {{
  strong(head); quiet([ · ] + op)
  equations.pos().join()
}})
#let plain(titles, sides, ..rows) = block(breakable: rows.pos().len() > {rows}, table(
  columns: titles.len(), align: sides, stroke: none, inset: (x: 0.5em, y: 0.3em), row-gutter: 0.1em,
  table.header(..titles.map(strong)), table.hline(stroke: 0.6pt), ..rows.pos().flatten()))
#let picture(path, alt, caption) = figure(layout(size => context {{
  let natural = measure(image(path, alt: alt))
  let fit(high) = calc.min(1, size.width / natural.width, high / natural.height)
  let before = query(selector(<before>).before(here())).at(-1, default: none)
  let left = if before == none {{ 0pt }} else {{ page.height - 20mm - before.location().position().y - 66pt }}
  let (whole, rest) = (fit(620pt), fit(calc.max(0pt, left)))
  // what is left of the page will do where the texts stay legible and do not shrink by much
  let scaled = if rest >= calc.min(whole, calc.max({legible}, 0.75 * whole)) {{ rest }} else {{ whole }}
  image(path, alt: alt, width: natural.width * scaled)
}}), caption: caption, supplement: none, numbering: none)

"""


def to_typst(page: Handout, figure: str, fonts: Sequence[str], lang: str = "en") -> str:
    """The page as Typst source. figure: what a figure's file is called, with {name} in it.

    >>> "#heading(level: 2, " in to_typst(Handout("t", (Heading("h"),)), "{name}.svg", ["Libertinus Serif"])
    True
    """
    head = _PREAMBLE.format(
        title=string(page.title), paper=string("a4" if page.paper == "a4" else "us-letter"), lang=string(lang),
        fonts=", ".join(map(string, fonts)) + ",", legible=LEGIBLE / TEXT, rows=ROWS,
    )  # fmt: skip
    parts = [f"#heading(level: 1, {_words(page.title)})"]
    for group in _groups(page.blocks):
        body = "\n\n".join(line for block in group for line in _block(block, figure))
        parts.append(f"#block(breakable: false)[\n{body}\n]" if len(group) > 1 else body)
    return head + "\n\n".join(parts) + "\n"


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks that stay together: a heading, what leads on from it, and the first step."""
    waiting: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) or (isinstance(block, Paragraph) and block.lead):
            waiting.append(block)
            continue
        together = isinstance(block, Step) and waiting
        yield from [[*waiting, block]] if together else [[one] for one in (*waiting, block)]
        waiting = []
    yield from ([one] for one in waiting)


def string(text: str) -> str:
    r"""A Typst string: what is in it is text, whatever it looks like.

    >>> string('#eval("x") \\ $')
    '"#eval(\\"x\\") \\\\ $"'
    """
    return _quoted(isolated(visible(text)))


def _words(text: str) -> str:
    """A text as a Typst string that long names do not carry over the margin."""
    return _quoted(breakable(isolated(visible(text))))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _block(block: Block, figure: str) -> Iterator[str]:
    match block:
        case Heading(text=words):
            yield f"#heading(level: 2, {_words(words)})"
        case Sheet(title=words):
            yield f"#pagebreak()\n#heading(level: 1, {_words(words)})"
        case Paragraph(text=words, quiet=quiet, lead=lead):
            kept = f"#block(sticky: true, {_words(words)})" if lead else f"#par({_words(words)})"
            yield f"#quiet({_words(words)})" if quiet else kept
        case Step():
            number = f"{block.number}. " if block.number else ""
            equations = "".join(f",\n  {_equation(equation)}" for equation in block.equations)
            yield f"#step({_words(number + block.node)}, {_words(block.op)}{equations})"
        case Table(titles=titles, rows=rows, right=right):
            sides = ", ".join("right" if r else "left" for r in right)
            cells = "".join(f",\n  ({', '.join(map(_cell, row))},)" for row in rows)
            yield f"#plain(({', '.join(map(string, titles))},), ({sides},){cells})"
        case Figure(name=name, caption=caption):
            path = figure.replace("{name}", name)
            yield f"#picture({string(path)}, {_words(alt(block))}, {_words(caption)})"


def _equation(equation: Equation) -> str:
    parts = [_words(equation.left)]
    if equation.rule:
        rule = equation.rule
        parts += [_words("="), _blank(rule) if isinstance(rule, Blank) else f"rule({_words(rule)})"]
    if equation.numbers:
        parts += [_words("="), _words(equation.numbers)]
    sign, result = _words(equation.sign), _result(equation.result)
    parts += [f"box({sign} + [ ] + {result})"] if isinstance(equation.result, Blank) else [sign, result]
    parts += [f"box({_words(tr('shape'))} + [ ] + {_blank(equation.shape)})"] if equation.shape else []
    return f"eq({', '.join(parts)})"


def _result(result: Value | Blank) -> str:
    if isinstance(result, Blank):
        return _blank(result)
    shape = f"quiet({_words('  ' + result.shape)})" if result.shape else ""
    if result.text:
        return f"strong({_words(result.text)})" + (f" + {shape}" if shape else "")
    return " + [ ] + ".join([*(_matrix(place, rows) for place, rows in result.tables), *([shape] if shape else [])])


def _matrix(place: str, rows: Rows) -> str:
    cells = ", ".join(f"({', '.join(map(string, row))},)" for row in rows)
    return (f"h(0.6em) + quiet({string(place)}) + " if place else "") + f"matrix({cells})"


def _blank(blank: Blank) -> str:
    return f"blank({blank.number}, {blank.rows}, {blank.width}mm)"


def _cell(cell: Cell) -> str:
    return _words(cell) if isinstance(cell, str) else _result(cell)
