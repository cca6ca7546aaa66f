"""Progress goes to standard error, a line at a time where that is no terminal."""

from __future__ import annotations

import threading
import time

import pytest

from unpool.core import progress as progresses
from unpool.core.progress import Progress, TerminalProgress


def test_python_callers_see_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.message("hello")
    with progress.stage("reading", 3, "files") as stage:
        stage.advance()
        stage.reach(2, note="half")
    assert capsys.readouterr() == ("", "")


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TerminalProgress()
    progress.message("[not markup]")
    with progress.stage("reading", 4, "files") as stage:
        stage.advance(1)
        stage.reach(3, note="three")
    out, err = capsys.readouterr()
    assert out == ""
    first, last = err.splitlines()
    assert first == "[not markup]"
    assert last.split()[:4] == ["reading", "75", "%", "three"]
    assert last.endswith("s")


def test_a_count_where_the_total_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress().stage("scanning", None, "files") as stage:
        stage.reach(7)
    assert capsys.readouterr().err.split()[:3] == ["scanning", "7", "files"]


def test_seconds_alone_where_nothing_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress().stage("exporting"):
        pass
    name, *rest = capsys.readouterr().err.split()
    assert name == "exporting"
    assert (len(rest), rest[1]) == (2, "s")


def test_a_long_stage_that_counts_nothing_tells_that_it_lives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progresses, "LINE_INTERVAL", 0.01)
    err, end = "", time.monotonic() + 20
    with TerminalProgress().stage("converting"):
        while "…" not in err and time.monotonic() < end:
            time.sleep(0.01)
            err += capsys.readouterr().err
    assert err.splitlines()[0].split() == ["converting", "…"]
    assert capsys.readouterr().err.splitlines()[-1].endswith(" s")


def test_nothing_more_is_said_of_a_stage_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="no"), TerminalProgress().stage("converting"):
        raise ValueError("no")
    assert (capsys.readouterr().err, threading.active_count()) == ("", before)
