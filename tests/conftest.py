"""What all tests rely on."""

from __future__ import annotations

import signal

# Where the tests run in the background of a shell, ctrl-C is ignored in them and in all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
