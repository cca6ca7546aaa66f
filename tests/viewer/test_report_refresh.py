"""Several edits in a row cost one report, which is written after them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store.lock import working
from unpool.viewer import report_refresh
from unpool.viewer.report_refresh import ReportRefresher


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    works: list[Path] = []
    monkeypatch.setattr(report_refresh, "rewrite_group_files", works.append)
    return works


def test_edits_in_a_row_cost_one_report(rewritten: list[Path]) -> None:
    refresher = ReportRefresher(delay=60)
    for _ in range(3):
        refresher.schedule(Path("a"))
    assert rewritten == []
    refresher.flush()
    refresher.flush()
    assert rewritten == [Path("a")]


def test_the_pause_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(report_refresh, "rewrite_group_files", lambda work: done.set())
    ReportRefresher(delay=0.01).schedule(Path("a"))
    assert done.wait(5)


def test_every_workspace_that_was_edited_is_rewritten(rewritten: list[Path]) -> None:
    refresher = ReportRefresher(delay=60)
    refresher.schedule(Path("a"))
    refresher.schedule(Path("b"))
    refresher.flush()
    assert set(rewritten) == {Path("a"), Path("b")}


def test_an_edit_waits_for_a_report_under_way_and_keeps_the_next_one_waiting(monkeypatch: pytest.MonkeyPatch):
    begun, end, order = threading.Event(), threading.Event(), []

    def write(work: Path) -> None:
        begun.set()
        assert end.wait(5)
        order.append("report")

    monkeypatch.setattr(report_refresh, "rewrite_group_files", write)
    refresher = ReportRefresher(delay=60)
    refresher.schedule(Path("a"))
    writing = threading.Thread(target=refresher.flush)
    writing.start()
    assert begun.wait(5)
    threading.Timer(0.05, end.set).start()
    with refresher.paused():
        order.append("edit")
        refresher.schedule(Path("a"))
        next_one = threading.Thread(target=refresher.flush)
        next_one.start()
        next_one.join(0.05)
        assert next_one.is_alive()
        order.append("edit ends")
    next_one.join(5)
    writing.join(5)
    assert order == ["report", "edit", "edit ends", "report"]


def test_a_workspace_that_has_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(work: Path) -> None:
        raise UnpoolError("there is no workspace")

    monkeypatch.setattr(report_refresh, "rewrite_group_files", fail)
    refresher = ReportRefresher(delay=60)
    refresher.schedule(Path("a"))
    refresher.flush()


def test_while_another_command_works_the_report_waits(
    rewritten: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_refresh, "PATIENCE", 0.01)
    refresher = ReportRefresher(delay=60)
    refresher.schedule(tmp_path)
    flushing = threading.Thread(target=refresher.flush)
    with working(tmp_path, "unpool group", "results"):
        flushing.start()
        flushing.join()
        assert rewritten == []
    refresher.flush()
    assert rewritten == [tmp_path]
