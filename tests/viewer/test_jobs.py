"""One job at a time, watched, stopped, and its end reported to whoever shows results."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from unpool.core.objects.address import parse_address
from unpool.store.remote import mirror
from unpool.store.remote.mirror import Remote
from unpool.viewer.jobs import Job, JobRunningError, Jobs


def wait_for_end(jobs: Jobs) -> dict[str, Any]:
    end = time.monotonic() + 60
    while jobs.running and time.monotonic() < end:
        time.sleep(0.02)
    return jobs.status() or {}


def test_there_is_no_job_at_first() -> None:
    jobs = Jobs(lambda job: None)
    assert jobs.status() is None
    assert not jobs.running
    assert jobs.wait(0, 0) == (0, None)


def test_a_job_that_fails_shows_its_error(tmp_path: Path) -> None:
    ended: list[Job] = []
    jobs = Jobs(ended.append)
    jobs.start("group", {"work": str(tmp_path / "none.unpool")})
    with pytest.raises(JobRunningError):
        jobs.start("group", {"work": "w"})
    status = wait_for_end(jobs)
    assert status["state"] == ended[0].state == "failed"
    assert "none.unpool" in status["error"]
    assert jobs.wait(0, 5)[0] >= 2


def test_errors_name_a_workspace_on_a_store_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, jobs = tmp_path / "none.unpool", Jobs(lambda job: None)
    monkeypatch.setattr(mirror, "_opened", {work: Remote(work, parse_address("s3://bucket/none.unpool"))})
    jobs.start("group", {"work": str(work)})
    assert "no workspace at s3://bucket/none.unpool: create" in wait_for_end(jobs)["error"]


def test_results_that_cannot_be_shown_fail_the_job(tmp_path: Path) -> None:
    def fail(job: Job) -> None:
        raise ValueError("no table")

    jobs = Jobs(fail)
    jobs.start("group", {"work": str(tmp_path)})
    assert wait_for_end(jobs)["error"] == "the results of the job cannot be read: no table"


def test_a_stopped_job_is_no_failure(tmp_path: Path) -> None:
    jobs = Jobs(lambda job: None)
    jobs.start("group", {"work": str(tmp_path)})
    status = jobs.stop() or {}
    assert status["state"] in ("stopped", "failed")  # it may have ended by itself before
    jobs.close()
    assert jobs.closed
