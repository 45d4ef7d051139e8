"""Every text is legible on what it stands on, in every theme; and print does without colour."""

from __future__ import annotations

import itertools

import pytest

from graphlab.diagram import Box
from graphlab.errors import ExportError
from graphlab.export.theme import THEMES, Theme, get_theme

AA = 4.5  # WCAG 2.2, success criterion 1.4.3
FAMILIES = [
    "linear", "convolution", "norm", "activation", "loss", "recurrent", "random", "arithmetic", "shape", "reduction",
    "leaf",
]  # fmt: skip
ROLES = ("input", "param", "constant", "state", "fold", "node")


def luminance(color: str) -> float:
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def pairs(look: Theme) -> list[tuple[str, str, str]]:
    """Every (what, ink, background) a picture can show."""
    spans = {"ink": look.ink, "quiet": look.quiet, **{r: ink.color for r, ink in look.inks.items() if ink.color}}
    bands = [look.band("node", family) for family in FAMILIES] + [look.band(role, "leaf") for role in ROLES]
    papers = {look.paper, *look.rows.values(), *(band.fill for band in bands if band.whole)}
    papers |= {band.fill for band in look.roles.values()}
    out = [(f"band {band.fill}", band.ink, band.fill) for band in bands]
    out += [(f"{name} on {paper}", ink, paper) for (name, ink), paper in itertools.product(spans.items(), papers)]
    labels = [look.arrow_ink, look.grad_ink, *(badge.ink for badge in look.marks.values())]
    return out + [(f"label {ink} on {p}", ink, p) for ink, p in itertools.product(labels, (look.paper,))]


def test_contrast_of_black_on_white_is_the_known_one() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=1e-3)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_is_legible(name: str) -> None:
    bad = {what: round(contrast(ink, on), 2) for what, ink, on in pairs(THEMES[name]) if contrast(ink, on) < AA}
    assert not bad


def test_print_has_no_colour_and_tells_by_shape() -> None:
    look = THEMES["print"]
    inks = {c for _, ink, on in pairs(look) for c in (ink, on)} | {look.arrow, *look.scale, *look.signs}
    assert all(c[1:3] == c[3:5] == c[5:7] for c in inks)
    value, grad, warning = look.inks["value"], look.inks["grad"], look.inks["warning"]
    assert len({(i.bold, i.italic, i.underline) for i in (value, grad, warning)}) == 3
    assert look.stroke("forward", 0.5, -1).dashed and not look.stroke("forward", 0.5, 1).dashed
    roles = [look.band(role, "leaf") for role in ("input", "param", "constant", "state")]
    assert len({(band.rounded, band.dashed) for band in roles}) == 4


@pytest.mark.parametrize("name", THEMES)
def test_the_arrow_scale_grows(name: str) -> None:
    look = THEMES[name]
    strokes = [look.stroke("backward", weight, 0) for weight in (0.0, 0.25, 0.5, 0.75, 1.0)]
    widths = [stroke.width for stroke in strokes]
    assert widths == sorted(set(widths))
    seen = [contrast(stroke.color, look.paper) for stroke in strokes]
    assert seen == sorted(seen)
    assert look.stroke("backward", float("nan"), 0) == look.stroke("backward", None, 0)
    assert look.stroke("backward", 7.0, 0) == look.stroke("backward", 1.0, 0)


def test_unknown_theme_says_which_there_are() -> None:
    with pytest.raises(
        ExportError, match=r"no theme 'drak' \(did you mean 'dark'\?\); choose one of light, dark, print"
    ):
        get_theme("drak")


def test_a_font_cannot_carry_markup() -> None:
    with pytest.raises(ExportError, match="font name"):
        Theme(**{**{f: getattr(THEMES["light"], f) for f in THEMES["light"].__dataclass_fields__}, "font": 'A" URL="x'})


def test_a_box_of_an_unknown_family_has_a_band() -> None:
    box = Box("n0", "x", (), "no such family", "node")
    assert all(look.band(box.role, box.family) == look.other for look in THEMES.values())


@pytest.mark.parametrize("name", THEMES)
def test_what_is_said_to_be_pale_is_paler_than_any_arrow(name: str) -> None:
    """A line of 0 in the neurons view, an arrow whose gradient is not there yet: nearer to the paper."""
    look = THEMES[name]
    others = {look.arrow, *look.signs, *look.scale}
    quiet = contrast(look.marks["later"].border, look.paper)
    assert all(quiet < contrast(color, look.paper) for color in others)
