"""Scripted walks through the samples: what is said, and what was answered when it was last looked at.

Write them anew after a change that is meant: `python -m tests.cli.walks`, and read the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "walks"
SCRIPT = """\
next
step
where
list 2
goto loss
next
next
where
finish
break *
rc
rc
continue
clear
back
goto end
print loss
rnext
info *loss*
why
element
step element
update lr=0.01
finish
changes
iteration
iteration 0
goto start
"""
NOISE = re.compile(r"-?\d(\.\d+)?e-(1[5-9]|[2-9]\d)")


def names() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "samples").glob("*/*.yaml"))


def walk(name: str) -> str:
    """What `graphlab step` answers; what is 0 but for rounding depends on the processor and is left out."""
    program = [sys.executable, "-c", "from graphlab_cli import main; main()"]
    done = subprocess.run(
        [*program, "step", f"samples/{name}/{name}.yaml"], input=SCRIPT, capture_output=True, text=True, cwd=ROOT,
        check=True, encoding="utf-8", env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.stderr == ""
    return NOISE.sub("~0", done.stdout)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for sample in names():
        (FOLDER / f"{sample}.txt").write_text(walk(sample), encoding="utf-8")
