"""The worker calls verbs with what the page sends, and writes how they went as lines of JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from unpool.actions.verbs import Verb
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.viewer import worker

GROUPING = "unpool.actions.grouping.settings:GroupSettings"
RUNNING = "unpool.actions.embedding.settings:RunSettings"


class FakeVerb(Verb):
    """A verb that returns what it was called with."""

    def load(self) -> Any:
        def act(*args: Any, progress: Progress, **more: Any) -> dict[str, Any]:
            if args[0] == Path("bad"):
                raise UnpoolError("there is no workspace bad")
            progress.message("halfway")
            with progress.stage("grouping", 2, "images") as stage:
                stage.reach(2)
            return {"args": [repr(arg) for arg in args], "more": {name: str(more[name]) for name in more}}

        return act


@pytest.fixture(autouse=True)
def verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"group": FakeVerb("", GROUPING), "run": FakeVerb("", RUNNING, takes_folder=True)}
    monkeypatch.setattr(worker, "VERBS", table)


def test_a_verb_of_a_workspace_gets_its_settings() -> None:
    result = worker.call_verb("group", {"work": "w.unpool", "groups": 3}, Progress())
    assert result["args"][0] == repr(Path("w.unpool"))
    assert "groups=3" in result["args"][1]


def test_a_verb_of_a_folder_gets_folder_workspace_and_data() -> None:
    result = worker.call_verb("run", {"folder": "photos", "work": "w.unpool", "minutes": 2}, Progress())
    assert result["args"][0] == "'photos'"
    assert "minutes=2" in result["args"][1]
    assert result["more"] == {"work": "w.unpool", "data": "None"}


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'groups'"):
        worker.call_verb("group", {"work": "w", "group": 3}, Progress())
    with pytest.raises(UsageError, match="--groups is 1"):
        worker.call_verb("group", {"work": "w", "groups": 1}, Progress())


def lines_of(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(job) + "\n"))
    worker.main()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_progress_and_result_are_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of({"kind": "group", "arguments": {"work": "w"}}, monkeypatch, capsys)
    assert lines[0] == {"message": "halfway"}
    assert lines[1] == {"stage": "grouping", "done": 0.0, "total": 2, "unit": "images", "note": ""}
    assert lines[-2] == {"done": 2, "total": 2, "note": ""}
    assert set(lines[-1]) == {"result"}


def test_an_error_is_the_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of({"kind": "group", "arguments": {"work": "bad"}}, monkeypatch, capsys)
    assert lines == [{"error": "there is no workspace bad"}]
    lines = lines_of({"kind": "nothing", "arguments": {"work": "w"}}, monkeypatch, capsys)
    assert "fault of unpool" in lines[0]["error"]
