"""One long job in a process of its own.

Its progress and its result are lines of JSON on standard output.

    echo '{"kind": "check", "arguments": {"work": "photos.unpool"}}' | python -m unpool.viewer.worker

The server that started it stays quick, keeps its memory, and can stop the job as Ctrl-C would.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unpool.actions.verbs import VERBS
from unpool.core.progress import Progress, Stage
from unpool.core.settings import settings_from
from unpool.errors import UnpoolError

REPORT_INTERVAL = 0.2  # seconds


class LineProgress(Progress):
    """Progress as lines of JSON, at most five a second."""

    def message(self, text: str) -> None:
        _write_line(message=text)

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator[Stage]:
        _write_line(stage=name, done=0.0, total=total, unit=unit, note="")
        stage = _LineStage(total)
        yield stage
        stage.report()


class _LineStage(Stage):
    def __init__(self, total: float | None) -> None:
        self._done, self._total, self._note, self._last_report = 0.0, total, "", 0.0

    def advance(self, amount: float = 1.0) -> None:
        self.reach(self._done + amount)

    def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
        self._done, self._total = done, total or self._total
        self._note = self._note if note is None else note
        if time.perf_counter() - self._last_report > REPORT_INTERVAL:
            self._last_report = time.perf_counter()
            self.report()

    def report(self) -> None:
        """Write how much is done."""
        _write_line(done=self._done, total=self._total, note=self._note)


def call_verb(kind: str, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Call a verb with the arguments of a job.

    Args:
        kind: the verb's name in `VERBS`.
        arguments: `work`, for verbs that start from a folder also `folder` and `data`, and fields of its settings.
        progress: where stages and messages go.

    Raises:
        UsageError: an argument is unknown or out of range.
    """
    verb = VERBS[kind]
    values = dict(arguments)
    work = Path(values.pop("work"))
    folder, data = values.pop("folder", None), values.pop("data", None)
    settings: object = settings_from(verb.load_settings(), values)
    if verb.takes_folder:
        data = None if data is None else Path(data)
        return verb.load()(folder, settings, work=work, data=data, progress=progress)
    return verb.load()(work, settings, progress=progress)


def _write_line(**values: object) -> None:
    print(json.dumps(values), flush=True)


def main() -> None:
    """Do the job that standard input describes."""
    from unpool.core.cpu import limit_openmp_spinning

    limit_openmp_spinning()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background has it ignored
    job = json.loads(sys.stdin.readline())
    try:
        _write_line(result=call_verb(job["kind"], job["arguments"], LineProgress()))
    except KeyboardInterrupt:
        _write_line(stopped=True)
    except UnpoolError as error:
        _write_line(error=str(error))
    except Exception as error:
        _write_line(error=f"{type(error).__name__}: {error} (this is a fault of unpool)")


if __name__ == "__main__":
    main()
