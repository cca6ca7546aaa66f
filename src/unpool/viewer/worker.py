"""One long job in a process of its own: its progress and its result, a line of JSON each, on standard output.

    echo '{"kind": "check", "arguments": {"work": "photos.unpool"}}' | python -m unpool.viewer.worker

The server that started it stays quick, keeps its memory, and can stop the job like Ctrl-C would.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from unpool.core.progress import Progress, Stage
from unpool.errors import UnpoolError

TOLD_EVERY = 0.2  # seconds


class LineProgress(Progress):
    """Messages, stages and counts as lines of JSON, a few a second at most."""

    def message(self, text: str) -> None:
        _tell(message=text)

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator[Stage]:
        _tell(stage=name, done=0.0, total=total, unit=unit, note="")
        stage = _LineStage(total)
        yield stage
        stage.tell()


class _LineStage(Stage):
    def __init__(self, total: float | None) -> None:
        self._done, self._total, self._note, self._told = 0.0, total, "", 0.0

    def advance(self, amount: float = 1.0) -> None:
        self.reach(self._done + amount)

    def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
        self._done, self._total = done, total or self._total
        self._note = self._note if note is None else note
        if time.perf_counter() - self._told > TOLD_EVERY:
            self._told = time.perf_counter()
            self.tell()

    def tell(self) -> None:
        _tell(done=self._done, total=self._total, note=self._note)


def _tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _call(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    for name in ("work", "data"):
        if arguments.get(name) is not None:
            arguments[name] = Path(arguments[name])
    return _verb(kind)(**arguments, progress=LineProgress())


def _verb(kind: str) -> Callable[..., dict[str, Any]]:
    """The action of that name; imported only now, since each brings much along."""
    from unpool.actions.grouping import group as groups

    if kind == "run":
        from unpool.actions.embedding.run import run

        return lambda folder, **more: run(folder, **more)
    if kind == "check":
        from unpool.actions.curation.check import check

        return check
    if kind == "spread":
        from unpool.actions.curation.suggest import spread

        return spread
    known: dict[str, Callable[..., dict[str, Any]]] = {
        "group": groups.group, "map": groups.map_images, "evaluate": groups.evaluate,
    }  # fmt: skip
    return known[kind]


def main() -> None:
    """Read what to do from standard input, do it, and tell how it went."""
    from unpool.core.cpu import limit_openmp_spinning

    limit_openmp_spinning()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background has it ignored
    wanted = json.loads(sys.stdin.readline())
    try:
        _tell(result=_call(wanted["kind"], wanted["arguments"]))
    except KeyboardInterrupt:
        _tell(stopped=True)
    except UnpoolError as error:
        _tell(error=str(error))
    except Exception as error:
        _tell(error=f"{type(error).__name__}: {error} (this is a fault of unpool)")


if __name__ == "__main__":
    main()
