"""Progress of long jobs: stages, counts, messages.

Results never go through here.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LINE_INTERVAL = 10.0  # seconds between the lines of a long stage, where there is no terminal


class Progress:
    """Shows nothing: the default for Python callers."""

    def message(self, text: str) -> None:
        """One line for people."""

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator[Stage]:
        """Show one piece of work while it is done.

        Args:
            name: what is done, one or two words.
            total: how much there is to do; None where that is not known.
            unit: what is counted.

        Yields:
            The stage, whose `advance` or `reach` is called as the work goes on.
        """
        yield Stage()


class Stage:
    """One piece of work being done."""

    def advance(self, amount: float = 1.0) -> None:
        """Add `amount` to what is done."""

    def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Set how much is done in all.

        Args:
            done: how much is done.
            total: how much there is to do, where that has changed.
            note: a text beside the bar, where that has changed.
        """


class TerminalProgress(Progress):
    """Bars, rates and time left on standard error.

    Plain lines are printed where that is no terminal.
    """

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    def message(self, text: str) -> None:
        self._console.print(text, markup=False)

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator[Stage]:
        if not self._console.is_terminal:
            with _PlainStage(name, total, unit) as stage:
                yield stage
            return
        with self._bars(unit) as bars:
            yield _BarStage(bars, bars.add_task(name, total=total, note="", rate=""))

    def _bars(self, unit: str) -> Bars:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        return Bars(
            TextColumn("{task.description:>10}"), BarColumn(bar_width=30), TaskProgressColumn(),
            TextColumn("{task.fields[rate]} " + unit), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
            console=self._console,
        )  # fmt: skip


class _BarStage(Stage):
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task
        self._began = time.perf_counter()

    def advance(self, amount: float = 1.0) -> None:
        self._bars.advance(self._task, amount)
        self._rate()

    def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
        fields: dict[str, Any] = {} if note is None else {"note": note}
        self._bars.update(self._task, completed=done, total=total, **fields)
        if note is None:
            self._rate()

    def _rate(self) -> None:
        done = self._bars.tasks[self._task].completed
        self._bars.update(self._task, rate=f"{done / max(1e-9, time.perf_counter() - self._began):.0f}/s")


class _PlainStage(Stage):
    """A line at the end, and one every ten seconds for logs of long jobs.

    They come from a thread: a stage that counts nothing, such as one that waits for another process, is seen to live.
    """

    def __init__(self, name: str, total: float | None, unit: str) -> None:
        self._name, self._total, self._unit = name, total, unit
        self._done, self._note = 0.0, ""
        self._start = time.perf_counter()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._print_lines, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()  # else a line could follow the last one
        if kind is None:
            self._line(f"{time.perf_counter() - self._start:.1f} s")

    def advance(self, amount: float = 1.0) -> None:
        self.reach(self._done + amount)

    def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
        self._done, self._total, self._note = done, total or self._total, note or self._note

    def _print_lines(self) -> None:
        while not self._ended.wait(LINE_INTERVAL):
            self._line("…")

    def _line(self, tail: str) -> None:
        share = f"{self._done:.0f} {self._unit}" if self._done or self._unit else ""
        if self._total:
            share = f"{100 * self._done / self._total:.0f} %"
        print(f"{self._name:>10}  {share}  {self._note}  {tail}".rstrip(), file=sys.stderr, flush=True)
