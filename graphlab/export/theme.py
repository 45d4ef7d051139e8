"""Colours, weights and line styles, by role: the one place that knows how a picture looks.

Colour never speaks alone: every meaning is also in the text, and the print theme does without colour altogether.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

from graphlab.diagram import Line
from graphlab.errors import ExportError
from graphlab.messages import did_you_mean, tr

SANS = "Helvetica,Arial,DejaVu Sans,sans-serif"
MONO = "Courier New,Liberation Mono,DejaVu Sans Mono,monospace"
_FONT = re.compile(r"[\w .,-]+")


@dataclass(frozen=True, slots=True)
class Ink:
    """How a span of text is set. color None: whatever its surroundings have."""

    color: str | None = None
    bold: bool = False
    italic: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A card's header: its fill, the ink on it, and the line around the card. whole: the fill covers the card."""

    fill: str
    ink: str
    border: str
    whole: bool = False
    rounded: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Badge:
    """How a mark shows: the card's border, its width, and the ink of its words."""

    border: str
    ink: str
    width: float = 1.0
    symbol: str = ""


class Stroke(NamedTuple):
    """How an arrow is drawn. dashed: it carries no gradient; in the neurons view, a negative number."""

    color: str
    width: float
    dashed: bool = False


@dataclass(frozen=True)
class Theme:
    """Every colour of a picture by role.

    families: op family → band; roles: input, param, constant, state, fold → band (a role wins over a family).
    inks: span role → ink on paper. rows: row kind → fill where it is not the paper. scale: arrow colours from weight
    0 to 1. signs: colours of positive and negative weights in the neurons view.
    """

    name: str
    paper: str
    ink: str
    quiet: str
    families: Mapping[str, Band]
    roles: Mapping[str, Band]
    inks: Mapping[str, Ink]
    rows: Mapping[str, str]
    marks: Mapping[str, Badge]
    group_border: str
    arrow: str
    arrow_ink: str
    grad_ink: str
    scale: tuple[str, ...]
    signs: tuple[str, str]
    font: str = SANS
    mono: str = MONO
    other: Band = field(default=Band("#475467", "#FFFFFF", "#98A2B3"))

    def __post_init__(self) -> None:
        for font in (self.font, self.mono):
            if not _FONT.fullmatch(font):
                raise ExportError(
                    tr("a font name has letters, digits, blanks, dots, commas, dashes; got {font!r}", font=font)
                )

    def band(self, role: str, family: str) -> Band:
        """The header of a box.

        >>> THEMES["light"].band("param", "leaf").rounded
        True
        """
        return self.roles.get(role) or self.families.get(family, self.other)

    def badge(self, kind: str) -> Badge:
        """How a mark of this kind shows; unknown kinds as a finding."""
        return self.marks.get(kind) or self.marks["finding"]

    def stroke(self, kind: str, weight: float | None, sign: int) -> Stroke:
        """An arrow's colour and width: both grow with its weight.

        >>> THEMES["light"].stroke("forward", None, 0).width
        1.1
        """
        if weight is None or isnan(weight):
            return Stroke(self.flow if kind == "data" else self.arrow, 1.1, dashed=kind == "backward" and not sign)
        weight = 0.0 if weight < 0 else 1.0 if weight > 1 else weight
        steps = len(self.scale)
        color = self.scale[int(weight * steps) if weight < 1 else steps - 1]
        width = round(0.8 + 2.8 * weight, 2)
        if kind != "backward" and not sign:
            color = self.arrow
        if sign:
            color = self.signs[0] if sign > 0 else self.signs[1]
        return Stroke(color, width, dashed=sign < 0)

    def legend(self, lines: Iterable[Line]) -> list[Line]:
        """A legend's lines, without what speaks of colour where the arrows have but one.

        >>> from graphlab.diagram import Span
        >>> THEMES["print"].legend([(Span("wide"), Span(" and red", "hue"))])
        [(Span(text='wide', role='plain'),)]
        """
        if len(self.scale) > 1:
            return list(lines)
        return [tuple([span for span in line if span.role != "hue"]) for line in lines]

    @property
    def flow(self) -> str:
        """The colour of an arrow with the data beside one with the gradient: that of values."""
        return self.inks["value"].color or self.arrow

    def label_ink(self, kind: str) -> str:
        """The ink of an arrow's label."""
        return self.grad_ink if kind == "backward" else self.arrow_ink


def get_theme(theme: str | Theme) -> Theme:
    """A theme by its name, or the theme itself.

    Raises: ExportError where there is none of that name.
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        hint = did_you_mean(theme, THEMES)
        known = ", ".join(THEMES)
        raise ExportError(
            tr("there is no theme '{theme}'{hint}; choose one of {known}", theme=theme, hint=hint, known=known)
        )
    return THEMES[theme]


def _families(table: Mapping[str, tuple[str, str, str]]) -> dict[str, Band]:
    bands = {name: Band(*colours) for name, colours in table.items()}
    return bands | {"convolution": bands["linear"], "reduction": bands["shape"]}


def _inks(value: str, grad: str, warning: str, quiet: str, *, print_: bool = False) -> dict[str, Ink]:
    return {
        "strong": Ink(bold=True),
        "quiet": Ink(quiet),
        "value": Ink(value, bold=True),
        "grad": Ink(grad, bold=True, italic=print_),
        "formula": Ink(italic=True),
        "warning": Ink(warning, bold=True, underline=print_),
    }


_LIGHT = Theme(
    name="light",
    paper="#FFFFFF",
    ink="#101828",
    quiet="#5B6579",
    families=_families(
        {
            "linear": ("#2E6CE6", "#FFFFFF", "#84ADFF"),
            "norm": ("#6941C6", "#FFFFFF", "#BDB4FE"),
            "activation": ("#087F4B", "#FFFFFF", "#75E0A7"),
            "loss": ("#D92D20", "#FFFFFF", "#FDA29B"),
            "recurrent": ("#0E7490", "#FFFFFF", "#7CD4E8"),
            "random": ("#C11574", "#FFFFFF", "#FAA7E0"),
            "arithmetic": ("#475467", "#FFFFFF", "#98A2B3"),
            "shape": ("#E4E7EC", "#344054", "#C3C9D3"),
        }
    ),
    roles={
        "input": Band("#EFF4FF", "#101828", "#B2CCFF"),
        "param": Band("#FFFAEB", "#101828", "#FEC84B", whole=True, rounded=True),
        "constant": Band("#FFFFFF", "#101828", "#C3C9D3"),
        "state": Band("#F2F4F7", "#101828", "#D0D5DD", whole=True, rounded=True),
        "fold": Band("#EEF0F4", "#101828", "#98A2B3", whole=True, dashed=True),
    },
    inks=_inks("#067647", "#B42318", "#B54708", "#5B6579"),
    rows={"local": "#FEF3F2", "note": "#F7F8FA", "warning": "#FFF4ED", "sum": "#FEF3F2", "scale": "#F7F8FA"},
    marks={
        "now": Badge("#F79009", "#B54708", 2.5, "◀"),
        "later": Badge("#D0D5DD", "#5B6579", 1.0, ""),
        "changed": Badge("#1570EF", "#175CD3", 2.0, "●"),
        "differs": Badge("#C11574", "#C11574", 2.5, "≠"),
        "finding": Badge("#B54708", "#B54708", 2.0, "!"),
        "warning": Badge("#EC4A0A", "#B54708", 2.5, "!"),
    },
    group_border="#C9D0DA",
    arrow="#8892A6",
    arrow_ink="#475467",
    grad_ink="#B42318",
    scale=("#EC695F", "#E8584D", "#E2483C", "#CC3327", "#A92217", "#7D130A"),
    signs=("#2E6CE6", "#D92D20"),
)

_DARK = Theme(
    name="dark",
    paper="#0F141C",
    ink="#E7EAF0",
    quiet="#9AA5B8",
    families=_families(
        {
            "linear": ("#2458BF", "#FFFFFF", "#3F6FC9"),
            "norm": ("#5B3BB0", "#FFFFFF", "#7659C4"),
            "activation": ("#0A6B42", "#FFFFFF", "#1C8B5A"),
            "loss": ("#B3261E", "#FFFFFF", "#D0483F"),
            "recurrent": ("#0B6178", "#FFFFFF", "#1B8099"),
            "random": ("#9D1561", "#FFFFFF", "#C03A83"),
            "arithmetic": ("#3F4A5E", "#FFFFFF", "#5C6980"),
            "shape": ("#2A3240", "#D5DAE3", "#4A5567"),
        }
    ),
    roles={
        "input": Band("#16263F", "#E7EAF0", "#33527F"),
        "param": Band("#2B2411", "#F3E9CF", "#8A6A1C", whole=True, rounded=True),
        "constant": Band("#161C26", "#E7EAF0", "#465063"),
        "state": Band("#1B222D", "#E7EAF0", "#465063", whole=True, rounded=True),
        "fold": Band("#1E2632", "#E7EAF0", "#66728A", whole=True, dashed=True),
    },
    inks=_inks("#56D39A", "#FF9288", "#FDB022", "#9AA5B8"),
    rows={"local": "#2A1B1E", "note": "#1A212C", "warning": "#33220F", "sum": "#2A1B1E", "scale": "#1A212C"},
    marks={
        "now": Badge("#F79009", "#FDB022", 2.5, "◀"),
        "later": Badge("#39424F", "#9AA5B8", 1.0, ""),
        "changed": Badge("#53B1FD", "#84CAFF", 2.0, "●"),
        "differs": Badge("#F670C7", "#FAA7E0", 2.5, "≠"),
        "finding": Badge("#FDB022", "#FDB022", 2.0, "!"),
        "warning": Badge("#FB6514", "#FDB022", 2.5, "!"),
    },
    group_border="#3A4556",
    arrow="#6B778C",
    arrow_ink="#B9C2D0",
    grad_ink="#FF9288",
    scale=("#9E4C46", "#B5534B", "#CC5A51", "#E3645A", "#F9766B", "#FFA198"),
    signs=("#6FA0FF", "#FF7A6E"),
    other=Band("#3F4A5E", "#FFFFFF", "#5C6980"),
)

_BLACK, _WHITE = "#000000", "#FFFFFF"
_PRINT_BAND = Band(_WHITE, _BLACK, _BLACK)

# Black on white; what colour says elsewhere is said by weight, underlining, dashes, round corners and line width.
_PRINT = Theme(
    name="print",
    paper=_WHITE,
    ink=_BLACK,
    quiet="#333333",
    families={"loss": Band(_BLACK, _WHITE, _BLACK)},
    roles={
        "input": _PRINT_BAND,
        "param": Band(_WHITE, _BLACK, _BLACK, rounded=True),
        "constant": Band(_WHITE, _BLACK, _BLACK, dashed=True),
        "state": Band(_WHITE, _BLACK, _BLACK, rounded=True, dashed=True),
        "fold": Band(_WHITE, _BLACK, _BLACK, dashed=True),
    },
    inks=_inks(_BLACK, _BLACK, _BLACK, "#333333", print_=True),
    rows={},
    marks={
        "now": Badge(_BLACK, _BLACK, 3.5, "◀"),
        "later": Badge("#999999", "#333333", 1.0, ""),
        "changed": Badge(_BLACK, _BLACK, 2.5, "●"),
        "differs": Badge(_BLACK, _BLACK, 3.0, "≠"),
        "finding": Badge(_BLACK, _BLACK, 2.5, "!"),
        "warning": Badge(_BLACK, _BLACK, 3.5, "!"),
    },
    group_border="#555555",
    arrow=_BLACK,
    arrow_ink=_BLACK,
    grad_ink=_BLACK,
    scale=(_BLACK,),
    signs=(_BLACK, _BLACK),
    other=Band("#E6E6E6", _BLACK, _BLACK),
)

# Okabe and Ito, "Color Universal Design" (2008): blue 0072B2, vermillion D55E00, green 009E73, purple CC79A7,
# orange E69F00, sky 56B4E9; black or white ink on them, and their darker shades as ink on paper.
_COLORBLIND = Theme(
    name="colorblind",
    paper="#FFFFFF",
    ink="#000000",
    quiet="#555555",
    families=_families(
        {
            "linear": ("#0072B2", "#FFFFFF", "#0072B2"),
            "norm": ("#CC79A7", "#000000", "#CC79A7"),
            "activation": ("#009E73", "#000000", "#009E73"),
            "loss": ("#D55E00", "#000000", "#D55E00"),
            "recurrent": ("#56B4E9", "#000000", "#56B4E9"),
            "random": ("#F0E442", "#000000", "#A39A10"),
            "arithmetic": ("#4D4D4D", "#FFFFFF", "#8C8C8C"),
            "shape": ("#DDDDDD", "#000000", "#AAAAAA"),
        }
    ),
    roles={
        "input": Band("#E6F3FB", "#000000", "#56B4E9"),
        "param": Band("#FDF3DC", "#000000", "#E69F00", whole=True, rounded=True),
        "constant": Band("#FFFFFF", "#000000", "#AAAAAA"),
        "state": Band("#F2F2F2", "#000000", "#AAAAAA", whole=True, rounded=True),
        "fold": Band("#EDEDED", "#000000", "#777777", whole=True, dashed=True),
    },
    inks=_inks("#005A8C", "#A84A00", "#000000", "#555555", print_=True),
    rows={"local": "#FDF1E8", "note": "#F5F5F5", "warning": "#FCF8CF", "sum": "#FDF1E8", "scale": "#F5F5F5"},
    marks={
        "now": Badge("#000000", "#000000", 3.0, "◀"),
        "later": Badge("#CCCCCC", "#555555", 1.0, ""),
        "changed": Badge("#0072B2", "#005A8C", 2.5, "●"),
        "differs": Badge("#CC79A7", "#8A3F69", 3.0, "≠"),
        "finding": Badge("#E69F00", "#000000", 2.5, "!"),
        "warning": Badge("#D55E00", "#A84A00", 3.0, "!"),
    },
    group_border="#C4C4C4",
    arrow="#8C8C8C",
    arrow_ink="#444444",
    grad_ink="#A84A00",
    scale=("#D67B35", "#D56C1C", "#D55E00", "#B54F00", "#944100", "#6F3100"),
    signs=("#0072B2", "#D55E00"),
    other=Band("#4D4D4D", "#FFFFFF", "#8C8C8C"),
)

THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (_LIGHT, _DARK, _PRINT, _COLORBLIND)}
