"""Handout → one HTML file that prints to the same pages: figures inline, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from graphlab.base.escape import xml_text
from graphlab.handout.content import (
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
)
from graphlab.handout.typeset.markdown import alt
from graphlab.messages import tr

_STYLE = """
@page { size: %(paper)s; margin: 20mm }
* { box-sizing: border-box }
body { font: 11pt/1.45 "Libertinus Serif", Georgia, "Noto Serif KR", serif; color: #111; background: #fff;
  max-width: 178mm; margin: 12mm auto; padding: 0 6mm;
  overflow-wrap: anywhere }
h1 { font-size: 20pt; margin: 0 0 6mm } h1.sheet { break-before: page }
h2 { font-size: 13pt; margin: 8mm 0 2mm; break-after: avoid }
figure { margin: 4mm 0; break-inside: avoid; text-align: center }
figure svg { max-width: 100%%; max-height: 218mm; height: auto }
figcaption, .quiet { color: #555; font-size: 9.5pt }
p.lead { break-after: avoid }
.step { break-inside: avoid; margin: 0 0 3mm; padding: 1.5mm 0 1.5mm 4mm; border-left: 2px solid #bbb }
.step b { font-weight: 700 } .op { color: #555 }
.eq { margin: 1mm 0 0 4mm } .rule { font-style: italic } .result { font-weight: 700 }
.matrix { display: inline-block; vertical-align: middle; position: relative; padding: .6mm 1.5mm; margin: .6mm 0 }
.matrix::before, .matrix::after { content: ""; position: absolute; top: 0; bottom: 0; width: 1.6mm;
  border: 1px solid }
.matrix::before { left: 0; border-right: 0 } .matrix::after { right: 0; border-left: 0 }
.matrix td { padding: 0 1.6mm; text-align: right; font-weight: 400 }
.shape { color: #555; font-size: 9pt; font-weight: 400 }
.blank { display: inline-block; border-bottom: 1px solid #111; color: #555; font-size: 8.5pt }
table.plain { border-collapse: collapse; margin: 2mm 0 4mm }
table.plain th { text-align: left; border-bottom: 1px solid #111 }
table.plain th, table.plain td { padding: .8mm 4mm .8mm 0; vertical-align: top }
table.plain tr { break-inside: avoid }
td.right, th.right { text-align: right }
@media (max-width: 600px) { body { margin: 0; font-size: 12pt } .eq { overflow-x: auto } }
"""


def to_html(page: Handout, svgs: dict[str, str], lang: str = "en") -> str:
    """The page as HTML. svgs: each figure's picture, by its name."""
    style = _STYLE % {"paper": "A4" if page.paper == "a4" else "letter"}
    body = "\n".join(line for block in page.blocks for line in _block(block, svgs))
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{xml_text(page.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{xml_text(page.title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block, svgs: dict[str, str]) -> Iterator[str]:
    match block:
        case Heading(text=words):
            yield f"<h2>{xml_text(words)}</h2>"
        case Sheet(title=words):
            yield f'<h1 class="sheet">{xml_text(words)}</h1>'
        case Paragraph(text=words, quiet=quiet, lead=lead):
            kind = ' class="quiet"' if quiet else ' class="lead"' if lead else ""
            yield f"<p{kind}>{xml_text(words)}</p>"
        case Step():
            number = f"{block.number}. " if block.number else ""
            head = f'<b>{number}{xml_text(block.node)}</b> <span class="op">· {xml_text(block.op)}</span>'
            yield f'<div class="step">{head}'
            yield from (f'<div class="eq">{_equation(equation)}</div>' for equation in block.equations)
            yield "</div>"
        case Table(titles=titles, rows=rows, right=right):
            yield '<table class="plain"><thead><tr>'
            yield "".join(f"<th{_side(r)}>{xml_text(t)}</th>" for t, r in zip(titles, right, strict=True))
            yield "</tr></thead><tbody>"
            for row in rows:
                yield (
                    "<tr>"
                    + "".join(f"<td{_side(r)}>{_cell(c)}</td>" for c, r in zip(row, right, strict=True))
                    + "</tr>"
                )
            yield "</tbody></table>"
        case Figure(name=name, caption=caption):
            picture = svgs[name].replace("<svg ", f'<svg aria-label="{xml_text(alt(block))}" ', 1)
            yield f"<figure>{picture}<figcaption>{xml_text(caption)}</figcaption></figure>"


def _side(right: bool) -> str:
    return ' class="right"' if right else ""


def _cell(cell: Cell) -> str:
    return xml_text(cell) if isinstance(cell, str) else _result(cell)


def _equation(equation: Equation) -> str:
    rule = _blank(equation.rule) if isinstance(equation.rule, Blank) else xml_text(equation.rule)
    parts = [xml_text(equation.left), f'<span class="rule">{rule}</span>' if rule else "", xml_text(equation.numbers)]
    shape = f' <span class="shape">{xml_text(tr("shape"))}</span> {_blank(equation.shape)}' if equation.shape else ""
    return " = ".join(part for part in parts if part) + f" {equation.sign} " + _result(equation.result) + shape


def _result(result: Value | Blank) -> str:
    if isinstance(result, Blank):
        return _blank(result)
    shape = f' <span class="shape">{xml_text(result.shape)}</span>' if result.shape else ""
    if result.text:
        return f'<span class="result">{xml_text(result.text)}</span>{shape}'
    return " ".join(_matrix(place, rows) for place, rows in result.tables) + shape


def _matrix(place: str, rows: Rows) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{xml_text(x)}</td>" for x in row) + "</tr>" for row in rows)
    named = f'<span class="shape">{xml_text(place)}</span> ' if place else ""
    return f'{named}<table class="matrix"><tbody>{cells}</tbody></table>'


def _blank(blank: Blank) -> str:
    room = "<br>&#160;" * (blank.rows - 1)
    return f'<span class="blank" style="min-width:{blank.width}mm">({blank.number}){room}</span>'
