"""What all tests rely on."""

from __future__ import annotations

import os
import signal

# One thread each, before torch and its kin are loaded: two test processes on two cores do not wait for each other, and
# sums come out in the same order on every machine.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Where the tests run in the background of a shell, ctrl-C is ignored in them and in all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
