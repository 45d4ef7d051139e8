"""Draw the samples again: golden DOT and SVG.

Run it from the project's root: `python -m tests.samples.regenerate [NAME ...]`; without names, all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import graphlab as gl

FOLDER = Path(__file__).resolve().parents[2] / "samples"
VIEWS = ("forward", "backward", "both")
PICTURES = ("forward", "backward")


def folders() -> list[Path]:
    """Every folder with a model file."""
    return sorted({path.parent for path in FOLDER.glob("*/*.yaml")})


def model(folder: Path) -> Path:
    return folder / f"{folder.name}.yaml"


def run(folder: Path) -> gl.Trace:
    """The sample, forward and backward."""
    return gl.backward(gl.forward(gl.load(model(folder))))


def golden(trace: gl.Trace) -> dict[str, str]:
    """The sample's pictures as DOT, by view."""
    return {view: gl.draw(trace, view=view).dot for view in VIEWS}


def main(names: list[str]) -> None:
    for folder in folders():
        if names and folder.name not in names:
            continue
        trace = run(folder)
        for view, text in golden(trace).items():
            (folder / f"{view}.dot").write_text(text, encoding="utf-8")
        for view in PICTURES:
            gl.draw(trace, view=view).save(folder / f"{view}.svg")
        print(folder.name)


if __name__ == "__main__":
    main(sys.argv[1:])
