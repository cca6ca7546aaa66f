"""Ctrl-C between two steps, never within one."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType


def stop_when_terminated() -> None:
    """Treat SIGTERM as Ctrl-C.

    It leaves whole files and a line too.

    Processes that this one forks end at once as before.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:
        raise KeyboardInterrupt  # where Ctrl-C is ignored, as in background jobs of a shell


class Interrupt:
    """Defers the first Ctrl-C; a second stops immediately.

    The loop checks `is_requested` where its state is whole, so that what is saved is whole.
    Handlers that others set, and threads, are left alone.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._taken = False

    def __enter__(self) -> Interrupt:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._taken = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.is_requested and (error is None or isinstance(error, Exception)):
            # At the very end of the loop; or helper processes took the same Ctrl-C and are gone.
            raise KeyboardInterrupt from error

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested:
            raise KeyboardInterrupt
        self.is_requested = True
