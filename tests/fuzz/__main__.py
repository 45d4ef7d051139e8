"""python -m tests.fuzz --seconds 120 --seed 1: how many inputs of each kind, and what was found; status 1 for that."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.kinds import KINDS
from tests.fuzz.running import many


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--count", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of each kind's first input")
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], action="append")
    given = parser.parse_args()
    if given.seconds == given.count == float("inf"):
        given.seconds = 120
    kinds = [kind for kind in KINDS if not given.kind or kind.name in given.kind]
    with tempfile.TemporaryDirectory() as folder:
        done, found = many(kinds, given.seed, Path(folder), given.seconds, given.count, given.start)
    print(
        f"{sum(done.values()):,} inputs with the seed {given.seed}: " + ", ".join(f"{n:,} {k}" for k, n in done.items())
    )
    for finding in found.values():
        told = f"{repr(finding.given)[:800]}\n{finding.told[-700:]}"
        print(f"\n{finding.kind} {finding.number}: {finding.what}\n{told}".rstrip())
    return 1 if found or not all(done.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
