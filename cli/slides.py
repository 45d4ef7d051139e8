"""graphlab render --step: a position of the run, or all of them, as numbered pictures with a contact sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphlab.messages import tr

from .terminal.screen import note, progress

if TYPE_CHECKING:
    from graphlab.trace import Trace

MOST = 2000  # pictures at once
_SIZE = re.compile(rb'viewBox="\S+ \S+ (\S+) (\S+)"')


def draw_steps(
    trace: Trace, step: str, target: Path | None, name: str, view: str, theme: str, engine: str | None, **options: Any
) -> list[Path]:  # fmt: skip
    """Write the pictures and give their paths, the contact sheet's last."""
    from graphlab.base.files import write_file
    from graphlab.drawing.annotate import Options
    from graphlab.drawing.frames import Frames
    from graphlab.explain.timeline import Timeline
    from graphlab.export.contact_sheet import contact_sheet
    from graphlab.export.picture import to_picture

    timeline = Timeline(trace)
    positions = _positions(step, len(timeline))
    frames = Frames(timeline, Options(view=view, **options))
    for text in frames.whole.warnings:
        note(text)
    written: list[Path] = []
    sheet: list[tuple[str, str]] = []
    size, said = (1.0, 1.0), set()
    with progress(tr("drawing"), len(positions)) as advance:
        for p in positions:
            advance(frames.caption(p))
            picture, notes = to_picture(frames.at(p), "svg", theme, engine)
            said |= set(notes)
            path = _path(target, name, p, len(timeline))
            write_file(path, picture)
            written.append(path)
            sheet.append((path.name, frames.caption(p)))
            if found := _SIZE.search(picture):
                size = (max(size[0], float(found[1])), max(size[1], float(found[2])))
    for text in sorted(said):
        note(text)
    if step == "all":
        path = (target or Path()) / f"{name}-contact-sheet.svg"
        write_file(path, contact_sheet(sheet, size, frames.whole.title, theme).encode())
        written.append(path)
    return written


def _positions(step: str, last: int) -> list[int]:
    context = click.get_current_context()
    if step == "all":
        if last >= MOST:
            text = "{n} positions are too many pictures (at most {most}); choose one with --step K"
            raise click.UsageError(tr(text, n=last + 1, most=MOST), context)
        return list(range(last + 1))
    if not step.isdecimal() or len(step) > 9 or int(step) > last:
        text = "--step is 'all' or a position from 0 to {last}, not '{step}'"
        raise click.UsageError(tr(text, last=last, step=step), context)
    return [int(step)]


def _path(target: Path | None, name: str, p: int, last: int) -> Path:
    if target is not None and not target.is_dir():
        return target
    digits = max(len(str(last)), 3)
    return (target or Path()) / f"{name}-step-{p:0{digits}}.svg"


def check_steps(step: str, target: Path | None, views: tuple[str, ...]) -> str:
    """The one view that steps are drawn in. Raises click.UsageError for what cannot be drawn so."""
    context = click.get_current_context()
    if len(views) > 1 or "all" in views:
        raise click.UsageError(tr("--step draws one view, not several"), context)
    if target is not None and not target.is_dir() and (step == "all" or target.suffix.lower() != ".svg"):
        raise click.UsageError(tr("--step writes .svg files; give a folder such as -o frames/"), context)
    return views[0] if views else "both"
