"""The tests read English, whatever the locale of the machine; they run in parallel, so each computes on one core."""

import os

os.environ["GRAPHLAB_LANG"] = "en"
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
