"""Rewrite the report soon after edits on the page."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.errors import UnpoolError
from unpool.store.lock import PATIENCE, WorkingError, working

DELAY = 2.0  # seconds after the last edit: several edits in a row cost one report


class ReportRefresher:
    """Rewrites group files and report once edits have paused."""

    def __init__(self, delay: float = DELAY) -> None:
        """Set the pause in seconds after which reports are rewritten."""
        self._delay = delay
        self._state = threading.Lock()
        self._writing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._pending: set[Path] = set()

    def schedule(self, work: Path) -> None:
        """Rewrite the report after the pause; each call restarts it."""
        with self._state:
            if self._timer is not None:
                self._timer.cancel()
            self._pending.add(work)
            self._timer = threading.Timer(self._delay, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Rewrite the pending reports now."""
        with self._state:
            if self._timer is not None:
                self._timer.cancel()
            works, self._pending = self._pending, set()
        with self._writing:
            for work in works:
                self._rewrite(work)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Rewrite nothing meanwhile; a report under way is completed first.

        Of 100,000 images that can take longer than an edit waits for other commands.
        """
        with self._writing:
            yield

    def _rewrite(self, work: Path) -> None:
        try:
            with working(work, "the page's report", "results", patience=PATIENCE):
                rewrite_group_files(work)
        except WorkingError:  # another command changes groups or map, perhaps: afterwards
            self.schedule(work)
        except (UnpoolError, OSError):  # the workspace has gone, or nothing is embedded any more
            pass
