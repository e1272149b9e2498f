"""Benchmarks: every budget of docs/architecture.md, measured by one command.

Knows nothing of how the parts work inside; it calls what users call. All data are synthetic except
in benchmarks/olist.py, which says so.
"""

import os

# Two spinning threads on a busy two-core machine took 27 to 45 s for a fit of 1 s; asleep, 1.5 s.
# Here, because the libraries read it when they are loaded, and this module comes before them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
