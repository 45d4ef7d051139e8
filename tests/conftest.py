"""The tests read English, whatever the locale of the machine; they run in parallel, so each computes on one core."""

import os

from hypothesis import settings

os.environ["GRAPHLAB_LANG"] = "en"
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# how long an example takes depends on what else the machine does; the same examples each time, so that red is a change
settings.register_profile("busy", deadline=None, derandomize=True)
settings.load_profile("busy")
