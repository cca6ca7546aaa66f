"""`unpool watch`: a workspace that follows its folder."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unpool.actions.embedding.run import UNCHANGED, run
from unpool.actions.embedding.settings import RunSettings, WatchSettings
from unpool.core.markers import WORKSPACE_ENDING
from unpool.core.objects.address import resolve_file_address
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.images.source import FolderSource
from unpool.store.lock import WorkingError
from unpool.store.state import default_workspace
from unpool.store.table import has_table

TICK = 0.5  # seconds between two looks at whether to stop, and whether the folder is still there
MAX_SETTLE_FACTOR = 15  # a folder that never comes to rest is read after so many times the time to settle
FIRST_RETRY, LAST_RETRY = 10.0, 600.0  # seconds after a round that failed; doubled each time
LOCK_RETRY = 2.0  # seconds after a round that found another command at work
POLL_MILLISECONDS = 2_000  # where the system reports no changes


Events = Set[tuple[int, str]]  # kinds of changes, and paths


@dataclass
class Watched:
    """What came of watching so far.

    Rounds that did something, those that failed, and images.
    """

    work: Path
    rounds: int = 0
    failed: int = 0
    embedded: int = 0
    images: int | None = None
    drift: float | None = None


def watch(
    source: str,
    settings: WatchSettings = WatchSettings(),  # noqa: B008 - frozen
    *,
    work: Path | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Run again whenever images come, change or go.

    A round begins once the folder has been at rest for `settle` seconds. One that fails is reported and tried again;
    while another command works in the workspace, it waits. Ctrl-C, or `stop`, ends it.

    Args:
        source: a folder of images on this machine.
        settings: those of the rounds, and how long files settle.
        work: the workspace; ./NAME.unpool where None.
        progress: where stages and messages go.
        stop: ends the watching when it is set.

    Returns:
        The JSON object of `unpool watch`.

    Raises:
        UnpoolError: the first round fails, for a reason that does not pass by itself.
        UsageError: a value is out of range, or there is no such folder.
    """
    check_settings(settings)
    folder = Path(resolve_file_address(source))
    if not folder.is_dir():
        raise UsageError(f"{source!r} is no folder on this machine; unpool watch needs one")
    watcher = _Watcher(folder, settings, work or default_workspace(source), progress or Progress())
    try:
        watcher.follow(stop or threading.Event())
    except KeyboardInterrupt:  # the way to end it; a run that was under way is completed by the next one
        watcher.progress.message("stopped watching")
    done = watcher.done
    return {
        "work": str(done.work), "images": done.images, "rounds": done.rounds, "failed": done.failed,
        "embedded": done.embedded, "drift": done.drift,
    }  # fmt: skip


class _Watcher:
    """Rounds on one folder."""

    def __init__(self, folder: Path, settings: WatchSettings, work: Path, progress: Progress) -> None:
        self.folder, self.settings, self.progress = folder, settings, progress
        self.done = Watched(work)
        self._retry, self._last_reason, self._polls = 0.0, "", False

    def follow(self, stop: threading.Event) -> None:
        """Do the first round, then one after each change."""
        self.progress.message(f"watching {self.folder}; Ctrl-C stops it")
        while not stop.is_set():
            identity, due = _identity(self.folder), 0.0
            if identity is None:
                self._say_once(f"{self.folder} is away; unpool waits until it is back")
                stop.wait(TICK)
                continue
            began, settle = math.inf, self.settings.settle
            for events in self._events(stop):
                if _identity(self.folder) != identity:  # a drive was unplugged, or plugged in
                    break
                now = time.monotonic()
                if events:
                    began = min(began, now)
                    waits = _is_written(events, settle) and now - began < MAX_SETTLE_FACTOR * settle
                    due = now + settle if waits else now
                if now >= due:
                    due, began = self._try_round(), math.inf

    def _events(self, stop: threading.Event) -> Iterator[Events]:
        """What has changed, once the folder is at rest; nothing twice a second while it is."""
        import watchfiles

        settle = round(1000 * self.settings.settle)
        missed: Events = set()
        while not stop.is_set():
            try:
                for events in watchfiles.watch(
                    # Resolved: what changes is named by a path that begins with this one.
                    self.folder.resolve(), watch_filter=self._is_seen, step=settle, debounce=MAX_SETTLE_FACTOR * settle,
                    rust_timeout=round(1000 * TICK), yield_on_timeout=True, stop_event=stop, raise_interrupt=True,
                    force_polling=self._polls or None, poll_delay_ms=POLL_MILLISECONDS,
                    ignore_permission_denied=True,
                ):  # fmt: skip
                    yield events or missed
                    missed = set()
                return
            except (OSError, RuntimeError) as error:
                if _identity(self.folder) is None:
                    return
                missed = {(1, str(self.folder))}  # what came with it
                if "decode path" in str(error):  # a name that is no Unicode, which a run reads all the same
                    continue
                if self._polls:
                    raise UnpoolError(
                        f"{self.folder} cannot be watched: {error}; give `unpool run` again"
                    ) from error
                self._polls = True
                self.progress.message(
                    f"the system cannot watch {self.folder} ({error}): it is listed now and then"
                )

    def _is_seen(self, change: object, path: str) -> bool:
        """Whether a change may be one of images: not in the workspace, nor of hidden files."""
        place = Path(path)
        if place.is_relative_to(self.done.work.resolve()):
            return False
        inside = place.parts[len(self.folder.resolve().parts) :]
        return not any(part.startswith(".") or part.endswith(WORKSPACE_ENDING) for part in inside)

    def _try_round(self) -> float:
        """Run once; when to try again, without a change."""
        if not self._has_images():
            self._say_once(f"there is no image in {self.folder} yet")
            return math.inf
        try:
            result = run(
                str(self.folder), self._settings(), work=self.done.work, progress=_Quiet(self.progress)
            )
        except WorkingError as error:
            self._say_once(f"unpool waits: {error}")
            return time.monotonic() + LOCK_RETRY
        except (UnpoolError, OSError) as error:
            if isinstance(error, UsageError) or self.done.images is None:
                raise
            self.done.failed += 1
            self._retry = min(LAST_RETRY, max(FIRST_RETRY, 2 * self._retry))
            self._say_once(f"this round failed: {error}; it is tried again")
            return time.monotonic() + self._retry
        self._note(result)
        return math.inf

    def _has_images(self) -> bool:
        """Whether there is anything to run on: a workspace, or a first image."""
        if self.done.images is not None or has_table(self.done.work):
            return True
        scan = FolderSource(self.folder).scan()
        return bool(scan.files or scan.problems)

    def _say_once(self, reason: str) -> None:
        if reason != self._last_reason:
            self.progress.message(f"{_clock()}  {reason}")
        self._last_reason = reason

    def _settings(self) -> RunSettings:
        own = self.settings
        return RunSettings(
            network=own.network, groups=own.groups, seed=own.seed, device=own.device, forget=own.forget,
            range=own.range, nodata=own.nodata,
        )  # fmt: skip

    def _note(self, result: dict[str, Any]) -> None:
        """Count a round, and say what it found."""
        former, done = self.done.images, self.done
        self._retry, self._last_reason = 0.0, ""
        done.images, done.drift = result["images"], result["drift"]
        done.embedded += result["embedded"]
        if former is not None and not result["embedded"] and former == done.images:
            return
        done.rounds += 1
        skipped = f" ({result['skipped']} skipped)" if result["skipped"] else ""
        self.progress.message(
            f"{_clock()}  {result['embedded']} new or changed, {result['images']} images{skipped} in "
            f"{result['groups']} groups"
        )


class _Quiet(Progress):
    """Passes messages on, without the stages of each round."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def message(self, text: str) -> None:
        if text != UNCHANGED:
            self._progress.message(text)


def _is_written(events: Events, seconds: float) -> bool:
    """Whether a file that has changed did so within the last seconds, and may still be growing."""
    for _, path in events:
        with contextlib.suppress(OSError):
            if Path(path).is_file() and 0 <= time.time() - Path(path).stat().st_mtime < seconds:
                return True
    return False


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _identity(folder: Path) -> tuple[int, int] | None:
    """The folder's number, which is another one where a drive was unplugged or plugged in; None without a folder."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if folder.is_dir() else None
