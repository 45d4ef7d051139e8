"""A contact sheet: many pictures, small, side by side, each with a line below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphlab.base.escape import xml_text
from graphlab.export.theme import SANS, Theme, get_theme

CELL, GAP, CAPTION = 360.0, 24.0, 22.0  # points
WIDEST = 12  # pictures in a row


def contact_sheet(
    files: Sequence[tuple[str, str]], size: tuple[float, float], title: str, theme: str | Theme = "light"
) -> str:  # fmt: skip
    """SVG that shows other files, by their names beside it.

    files: (name, caption). size: of each of them, for their proportions.

    >>> contact_sheet([("a.svg", "step 1"), ("b.svg", "step 2")], (100, 50), "t").count("<image")
    2
    """
    look = get_theme(theme)
    width, height = size
    tall = CELL * height / width if width else CELL
    columns = max(
        1, min(WIDEST, round(math.sqrt(1.5 * len(files) * tall / CELL)))
    )  # a sheet half as wide again as high
    rows = -(-len(files) // columns)
    used = min(columns, max(len(files), 1))
    whole = (GAP + used * (CELL + GAP), 2 * GAP + CAPTION + rows * (tall + CAPTION + GAP))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]:.0f}pt" height="{whole[1]:.0f}pt"'
        f' viewBox="0 0 {whole[0]:.0f} {whole[1]:.0f}" role="img" font-family="{SANS}">',
        f"<title>{xml_text(title)}</title>",
        f'<rect width="100%" height="100%" fill="{look.paper}"/>',
        f'<text x="{GAP:g}" y="{GAP + 12:g}" font-size="16" font-weight="bold" fill="{look.ink}">'
        f"{xml_text(title)}</text>",
    ]
    for n, (name, caption) in enumerate(files):
        x, y = GAP + n % columns * (CELL + GAP), 2 * GAP + CAPTION + n // columns * (tall + CAPTION + GAP)
        frame = f'x="{x:.1f}" y="{y:.1f}" width="{CELL:.1f}" height="{tall:.1f}"'
        out += [
            f'<image href="{xml_text(name)}" {frame}/>',
            f'<rect {frame} fill="none" stroke="{look.group_border}"/>',
            f'<text x="{x:.1f}" y="{y + tall + 15:.1f}" font-size="11" fill="{look.quiet}">{xml_text(caption)}</text>',
        ]
    return "\n".join([*out, "</svg>", ""])
