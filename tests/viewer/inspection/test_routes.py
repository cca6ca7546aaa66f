"""Scores, heat maps and words by the page's requests; what they did is read back from table and disk."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from support.judged import BAD, PATHS
from unpool.inference.inspection.inspector import load_inspector
from unpool.store.inspection.inspector import read_inspector
from unpool.store.table import ImageTable
from unpool.viewer.jobs import Jobs
from unpool.viewer.messages.answers import Collection


def rows(*paths: str) -> list[int]:
    return [PATHS.index(path) for path in paths]


def wait(client: Any) -> dict[str, Any]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        job: dict[str, Any] = client.get("/api/job").json()
        if job["state"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def test_the_collection_says_what_the_inspector_found(client: Any, work: Path) -> None:
    found = client.get("/api/collection").json()
    inspection = found["inspection"]
    assert (inspection["name"], inspection["state"], inspection["scored"]) == ("model", "ready", 13)
    assert inspection["threshold"] == inspection["own_threshold"]
    assert inspection["alarms"]["images"] == 20
    assert found["problems"]["not_good"] == len(BAD)
    assert "inspection_score" in found["columns"]
    TypeAdapter(Collection).validate_python(found)
    shutil.rmtree(work.parent / "model")
    inspection = client.get("/api/collection").json()["inspection"]
    assert (inspection["state"], inspection["can_learn"]) == ("gone", False)


def test_all_images_are_sorted_by_their_score(client: Any) -> None:
    body = {"revision": 1, "sort": "inspection_score", "descending": True}
    order = np.frombuffer(client.post("/api/select", json=body).content, "<u4").tolist()
    assert len(order) == len(PATHS)
    assert sorted(PATHS[row] for row in order[: len(BAD)]) == BAD
    body = {"revision": 1, "problem": "not_good"}
    assert np.frombuffer(client.post("/api/select", json=body).content, "<u4").tolist() == order[: len(BAD)]


def test_images_have_score_probability_and_verdict(post: Any) -> None:
    bad, good = post("inspection/images", rows=rows("stained0.png", "good0.png"))
    assert (bad["called"], bad["verdict"], bad["is_added"]) == ("not good", None, False)
    assert bad["probability"] == pytest.approx(1 / 21)
    assert good["called"] == "good"
    assert good["probability"] > 1 / 21
    post("edit", action="judge", rows=rows("good0.png"), verdict="not good")
    assert post("inspection/images", rows=rows("good0.png"))[0]["verdict"] == "not good"


@pytest.mark.parametrize("part", ["overlay", "heat"])
def test_heat_maps_are_pictures_or_a_reason(client: Any, work: Path, part: str) -> None:
    (row, other) = rows("stained0.png", "stained1.png")
    answer = client.get(f"/api/images/{row}/inspection/{part}", params={"revision": 1})
    assert answer.content.startswith(b"\x89PNG")
    (work.parent / "parts" / "stained1.png").unlink()
    answer = client.get(f"/api/images/{other}/inspection/{part}", params={"revision": 1})
    assert answer.status_code == 422
    assert "stained1.png cannot be inspected" in answer.json()["detail"]
    shutil.rmtree(work.parent / "model")
    answer = client.get(f"/api/images/{row}/inspection/{part}", params={"revision": 1})
    assert (answer.status_code, "model" in answer.json()["detail"]) == (422, True)


def test_a_word_is_kept_shown_and_taken_back(client: Any, post: Any, work: Path) -> None:
    result = post("edit", action="judge", rows=rows("striped0.png"), verdict="good")
    assert result["collection"]["problems"]["not_good"] == len(BAD) - 1
    assert (
        result["collection"]["inspection"]["called_good"],
        result["collection"]["inspection"]["pending"],
    ) == (1, 1)
    assert ImageTable(work).some(["striped0.png"], ["verdict"])["verdict"].to_pylist() == ["good"]
    assert post("edit", action="undo")["collection"]["problems"]["not_good"] == len(BAD)


def test_a_threshold_is_previewed_moved_and_taken_back(client: Any, post: Any, work: Path) -> None:
    before = client.get("/api/collection").json()["inspection"]["threshold"]
    preview = post("inspection/preview", rows=rows("good3.png"), verdict="not good")
    result = post("edit", action="judge", rows=rows("good3.png"), verdict="not good", by="threshold")
    inspection = result["collection"]["inspection"]
    assert inspection["threshold"] == preview["threshold"] < before
    assert inspection["alarms"] == preview["alarms"]
    assert inspection["is_moved"]
    more = result["collection"]["problems"]["not_good"] - len(BAD)
    assert more == preview["more"] > 0
    result = post("edit", action="threshold", value=None)
    assert result["collection"]["inspection"]["threshold"] == before
    assert result["collection"]["problems"]["not_good"] == len(BAD) + 1  # what a person called so stays
    post("edit", action="undo")
    inspection = post("edit", action="undo")["collection"]["inspection"]
    assert (inspection["threshold"], inspection["is_moved"]) == (before, False)


def test_good_ones_go_into_the_memory_by_a_job(client: Any, post: Any, work: Path) -> None:
    post("edit", action="judge", rows=rows("striped0.png", "striped1.png"), verdict="good")
    job = client.post("/api/jobs", json={"kind": "judge", "options": {"by": "memory"}}).json()
    assert job["kind"] == "judge"
    job = wait(client)
    assert (job["state"], job["error"]) == ("done", None)
    assert job["result"]["added"] == 2
    assert job["result"]["threshold"] == load_inspector(work.parent / "model").record.threshold
    found = client.get("/api/collection").json()
    assert found["inspection"]["pending"] == 0
    assert found["inspection"]["state"] == "ready"
    assert found["problems"]["not_good"] == job["result"]["not_good"] < len(BAD)


def test_words_are_taken_while_the_memory_grows_and_nothing_else(
    client: Any, post: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "running", property(lambda _: True))
    for kind, expected in (("judge", 200), ("check", 200), ("run", 423)):
        monkeypatch.setattr(Jobs, "status", lambda _, kind=kind: {"kind": kind})
        post("edit", expected, action="judge", rows=rows("striped0.png"), verdict="good")
        post("edit", 423, action="judge", rows=rows("good0.png"), verdict="not good", by="threshold")
        post("edit", 423, action="label", rows=[0], label="a")
    monkeypatch.undo()
    seen = read_inspector(work)
    assert seen is not None
    assert seen.moved_threshold is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": []},
        {"rows": [99]},
        {"verdict": "bad"},
        {"by": "memory"},
        {"action": "threshold", "value": 1e99},
    ],
)
def test_wrong_words(post: Any, wrong: dict[str, Any]) -> None:
    post("edit", 422, **{"action": "judge", "rows": [0], "verdict": "good", **wrong})
