"""Layout engines' SVG made fit for a page: our ids and names, texts that flow, nothing that points outside."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphlab.base.escape import xml_text
from graphlab.diagram import Diagram
from graphlab.export.metrics import text_width

_TEXT = re.compile(r'<text (?:xml:space="preserve" )?text-anchor="start" x="([^"]+)" y="([^"]+)"([^>]*)>(.*?)</text>\n')
_RUN = re.compile(rf"(?:{_TEXT.pattern})+")
HIDDEN_INK = "#010203"  # the ink of texts that keep their room and are not there
_UNSEEN = re.compile(rf'<text [^>]*fill="{HIDDEN_INK}"[^>]*>.*?</text>\n')
_PAPER = re.compile(r'<polygon fill="([^"]+)" stroke="none"')
_NAME = re.compile(  # a frame: its outline, then its name
    r'(<g id="(g\d+)" class="cluster">\n(?:<title>[^\n]*</title>\n)?<(?:path|polygon)[^>]*/>\n)'
    r'(<text x="([^"]+)" y="([^"]+)"[^>]*>[^\n]*</text>\n)'
)
NAME_SIZE = 10.0  # points
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_TITLED = re.compile(r'(<g id="([^"]*)" class="(node|edge|cluster|graph)"[^>]*>\n)<title>.*?</title>\n', re.DOTALL)
_LABELLED = re.compile(  # a circle, a text without a frame, an arrow's label: texts in the middle of what is below them
    r'<g id="([^"]*)" class="(node|edge)">\n.*?</g>\n', re.DOTALL
)
_MIDDLE = re.compile(r'<ellipse [^>]* cx="([^"]+)"|<polygon [^>]*stroke="none" points="([^,]+),\S+ \S+ ([^,]+),')
_START = re.compile(r'<text x="[^"]+"')
_SIZED = re.compile(r'<svg width="([^"]+)" height="([^"]+)"\s*viewBox="([^"]+)"[^>]*>')


def tidy(svg: str, diagram: Diagram) -> str:
    """An engine's SVG with the diagram's names as titles; neighbouring texts of a line become one that flows.

    A browser without the engine's font then sets each line in one go, from the same left edge, instead of leaving gaps
    or overlaps between its coloured parts. Comments, the DTD and engine-made ids go.
    """
    start = svg.find("<svg")
    svg = _UNSEEN.sub("", _COMMENT.sub("", svg[start:])).replace('stroke="transparent"', 'stroke="none"')
    names = {box.id: box.name for box in diagram.boxes}
    titles = dict(names) | {group.id: group.label for group in diagram.groups}
    for arrow in diagram.arrows:
        titles[arrow.id] = f"{names.get(arrow.tail, '')} → {names.get(arrow.head, '')}"

    def title(match: re.Match[str]) -> str:
        ident, kind = match[2], match[3]
        text = diagram.title if kind == "graph" else titles.get(ident, "")
        opening = match[1] if ident in titles else match[1].replace(f'id="{ident}" ', "", 1)
        return f"{opening}<title>{xml_text(text)}</title>\n" if text else opening

    svg = _TITLED.sub(title, svg)
    svg = _SIZED.sub(_open_svg, svg, count=1)
    loose = {box.id for box in diagram.boxes if box.form != "card"} | {arrow.id for arrow in diagram.arrows}
    svg = _LABELLED.sub(lambda match: _centred(match[0]) if match[1] in loose else match[0], _RUN.sub(_flow, svg))
    return _names_on_top(svg, {group.id: group.label for group in diagram.groups})


def _centred(group: str) -> str:
    """Texts set from the middle: in a narrower font than the engine's they would stand to the left in their room."""
    found = _MIDDLE.search(group)
    if found is None:
        return group
    middle = float(found[1]) if found[1] else (float(found[2]) + float(found[3])) / 2
    return _START.sub(f'<text text-anchor="middle" x="{middle:.2f}"', group)


def _names_on_top(svg: str, names: Mapping[str, str]) -> str:
    """The frames' names drawn last, on patches of paper: no arrow runs through them."""
    paper = _PAPER.search(svg)
    moved: list[str] = []

    def move(match: re.Match[str]) -> str:
        x, y, width = float(match[4]), float(match[5]), text_width(names.get(match[2], ""), NAME_SIZE, bold=True)
        fill = paper[1] if paper else "white"
        top, height = y - 0.85 * NAME_SIZE, 1.15 * NAME_SIZE
        patch = f'<rect x="{x - 2:.2f}" y="{top:.2f}" width="{width + 4:.2f}" height="{height:.2f}" fill="{fill}"/>'
        moved.append(f"{patch}\n{match[3]}")
        return match[1]

    svg = _NAME.sub(move, svg)
    end = svg.rfind("</g>\n</svg>")
    return svg[:end] + "".join(moved) + svg[end:] if moved else svg


def _open_svg(match: re.Match[str]) -> str:
    width, height, view = match.groups()
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{view}" role="img">'


def _flow(match: re.Match[str]) -> str:
    """Consecutive texts on one base line, each further right than the last, as tspans of one text."""
    lines: list[list[tuple[str, str, str, str]]] = []
    for x, y, style, text in _TEXT.findall(match[0]):
        if lines and lines[-1][-1][1] == y and float(x) >= float(lines[-1][-1][0]):
            lines[-1].append((x, y, style, text))
        else:
            lines.append([(x, y, style, text)])
    return "".join(_line(parts) for parts in lines)


def _line(parts: list[tuple[str, str, str, str]]) -> str:
    x, y, style, text = parts[0]
    if len(parts) == 1:
        return f'<text x="{x}" y="{y}"{style} xml:space="preserve">{text}</text>\n'
    spans = "".join(f"<tspan{style}>{text}</tspan>" for _, _, style, text in parts)
    return f'<text x="{x}" y="{y}" xml:space="preserve">{spans}</text>\n'
