"""Edits, exports and jobs by the page's requests; what they did is read back from the table and the disk."""

from __future__ import annotations

import io
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.edits import write_doubts
from unpool import Workspace
from unpool.store.journal import VerbUnderWay, note_under_way
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.store.versions import keep_version
from unpool.viewer import jobs

# A job that makes a workspace at once, and tells what it was asked.
COPYING = """
import json, shutil
from pathlib import Path
job = json.loads(input())
work = Path(job["arguments"]["work"])
shutil.copytree(work.parent / "w.unpool", work)
print(json.dumps({"result": job}))
"""


def column(root: Path, name: str) -> list[Any]:
    frame = ImageTable(root / "w.unpool").frame(["path", name], where="status = 'ok'")
    return [None if pd.isna(value) else value for value in frame[name].tolist()]


def test_a_label_is_kept_shown_and_taken_back(client: Any, post: Any, viewed: Path) -> None:
    result = post("edit", action="label", rows=[0, 2], label="cup")
    assert result["changed"] == 2
    assert [(label["name"], label["count"]) for label in result["collection"]["labels"]] == [("cup", 2)]
    assert [row for row, label in enumerate(column(viewed, "label")) if label == "cup"] == [0, 2]
    assert result["collection"]["undo"]
    result = post("edit", action="undo")
    assert result["collection"]["labels"] == []
    assert set(column(viewed, "label")) == {None}
    assert post("edit", action="undo", expect=422)["detail"]


def test_a_doubted_label_is_corrected_or_kept(client: Any, post: Any, viewed: Path) -> None:
    work = viewed / "w.unpool"
    paths = sorted(ImageTable(work).frame(["path"], where="status = 'ok'")["path"])
    write_doubts(work, (paths[3], "disc", False), (paths[1], "disc", False))

    def doubted() -> list[dict[str, Any]]:
        revision = client.get("/api/collection").json()["revision"]
        found: list[dict[str, Any]] = client.get("/api/mislabelled", params={"revision": revision}).json()[
            "images"
        ]
        return found

    assert doubted() == [
        {"row": row, "label": "disc", "predicted": "coat", "probability": 0.9} for row in (3, 1)
    ]
    result = post("edit", action="keep", rows=[3])
    assert (result["message"], result["collection"]["problems"]["mislabelled"]) == (
        "kept the label of 1 image",
        1,
    )
    assert [one["row"] for one in doubted()] == [1]
    post("edit", action="label", rows=[1], label="coat")
    assert doubted() == []
    post("edit", action="undo")
    post("edit", action="undo")
    assert [one["row"] for one in doubted()] == [3, 1]


def test_undo_of_something_else_than_the_page_shows_is_refused(client: Any, post: Any, viewed: Path) -> None:
    post("edit", action="label", rows=[0], label="shoe")
    shown = client.get("/api/collection").json()["undo"]
    Workspace(viewed / "w.unpool").label("disc/001.png", "hat")
    answer = post("edit", 409, action="undo", message=shown)
    assert answer["detail"] == (
        "meanwhile something else was done elsewhere; undo would now be of: labelled 1 image ‘hat’"
    )
    assert column(viewed, "label").count("shoe") == column(viewed, "label").count("hat") == 1
    assert (
        post("edit", action="undo", message="labelled 1 image ‘hat’")["message"]
        == "undone: labelled 1 image ‘hat’"
    )
    assert post("edit", 409, action="redo", message=shown)["detail"].endswith(
        "redo would now be of: labelled 1 image ‘hat’"
    )
    assert post("edit", action="redo", message="labelled 1 image ‘hat’")["collection"]["redo"] is None


def test_undo_after_a_run_that_was_killed_is_of_nothing_else_than_shown(
    client: Any, post: Any, viewed: Path
) -> None:
    shown = post("edit", action="label", rows=[0], label="shoe")["collection"]["undo"]
    work = viewed / "w.unpool"
    table = ImageTable(work)
    note_under_way(work, VerbUnderWay(table.version, None, read_state(work)))
    keep_version(work, table.version)
    table.update(["disc/001.png"], {"x": [7.0]})
    answer = post("edit", 409, action="undo", message=shown)
    assert answer["detail"].endswith("undo would now be of: a run that was stopped before its end")


def test_groups_are_merged_split_and_moved_between(client: Any, post: Any, viewed: Path) -> None:
    before = column(viewed, "group")
    post("edit", action="merge", groups=[0, 1])
    assert column(viewed, "group") == [0 if group in (0, 1) else group for group in before]
    result = post("edit", action="split", group=0)
    assert len(result["collection"]["groups"]) == 3
    post("edit", action="undo")
    post("edit", action="undo")
    assert column(viewed, "group") == before
    post("edit", action="move", rows=[4], group=2)
    assert column(viewed, "group")[4] == 2


def test_groups_move_along_their_tree(client: Any, post: Any, viewed: Path) -> None:
    before = column(viewed, "group")
    result = post("edit", action="move_along", groups=2)
    assert [result["collection"]["tree"][name] for name in ("level", "found")] == [2, 3]
    assert len(result["collection"]["groups"]) == len(set(column(viewed, "group"))) == 2
    assert result["collection"]["undo"] == result["message"]
    post("edit", action="move_along", groups=5)
    assert len(set(column(viewed, "group"))) == 5
    post("edit", action="undo")
    post("edit", action="undo")
    assert column(viewed, "group") == before


def test_marks_are_a_filter(client: Any, post: Any) -> None:
    result = post("edit", action="mark", rows=[6, 7], wrong=True)
    assert result["collection"]["problems"]["wrong"] == 2
    assert post("select", problem="wrong") == bytes([6, 0, 0, 0, 7, 0, 0, 0])


@pytest.mark.parametrize(
    "wish",
    [
        {"action": "label", "rows": [999], "label": "x"},
        {"action": "label", "rows": [0], "label": "a\0b"},
        {"action": "move", "rows": [0], "group": 77},
        {"action": "merge", "groups": [0]},
        {"action": "split", "group": 50},
        {"action": "move_along", "groups": 1},
        {"action": "move_along", "groups": 99},
        {"action": "burn", "rows": [0]},
        {"action": "label", "rows": [0], "label": "x", "path": "../../etc"},
    ],
)
def test_what_cannot_be_done_is_reported_and_changes_nothing(post: Any, viewed: Path, wish: Any) -> None:
    before = column(viewed, "group"), column(viewed, "label")
    assert post("edit", expect=422, **wish)["detail"]
    assert (column(viewed, "group"), column(viewed, "label")) == before


def test_exports_hold_the_selection(client: Any, post: Any, viewed: Path) -> None:
    post("edit", action="label", rows=[1, 5], label="../up")
    frame = pd.read_csv(io.BytesIO(post("export", to="csv", rows=[1, 5])))
    paths = ImageTable(viewed / "w.unpool").frame(["path"], where="status = 'ok'")["path"]
    assert frame["path"].tolist() == [paths[1], paths[5]]
    whole = pd.read_parquet(io.BytesIO(post("export", to="parquet", rows=None)))
    assert len(whole) == 38
    result = post("export/folders", name="../../picked", rows=[1, 5])
    out = Path(result["path"])
    assert out.is_relative_to(viewed / "w.unpool" / "exports")
    files = [file for file in out.rglob("*") if file.is_file()]
    wanted = {(viewed / "images" / paths[row]).read_bytes() for row in (1, 5)}
    assert {file.read_bytes() for file in files} == wanted


def wait(client: Any, seconds: float = 120) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = client.get("/api/job").json()
        if job["state"] != "running":
            return dict(job)
        time.sleep(0.1)
    raise AssertionError(job)


def test_a_job_runs_tells_and_changes_the_table(client: Any, viewed: Path) -> None:
    started = client.post("/api/jobs", json={"kind": "group", "options": {"groups": 5}})
    assert started.json()["state"] == "running"
    assert client.post("/api/jobs", json={"kind": "map"}).status_code == 423
    job = wait(client)
    assert (job["state"], job["error"]) == ("done", None)
    assert len(client.get("/api/collection").json()["groups"]) == 5
    assert len(set(column(viewed, "group"))) == 5
    first = client.get("/api/events", params={"once": True}).text
    assert first.startswith("data: {")
    assert '"done"' in first


class Instead(subprocess.Popen[str]):
    """A process that does other things than it was to."""

    does = "import sys; sys.exit('out of luck')"

    def __init__(self, words: list[str], **options: Any) -> None:
        assert words[1] == "-P"  # no file of the current folder is taken for a library
        super().__init__([words[0], "-c", self.does], **options)


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_on_a_folder_can_be_opened(
    client: Any, viewed: Path, real: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = client.get("/api/places").json()
    assert {"images", "w.unpool"} <= set(place["folders"])
    images, count = ("images/disc", 12) if real else ("images", 37)
    if not real:
        monkeypatch.setattr(Instead, "does", COPYING)
        monkeypatch.setattr(jobs.subprocess, "Popen", Instead)
    wish = {"kind": "run", "options": {"folder": images, "groups": 2, "steps": 2}}
    client.post("/api/jobs", json=wish)
    job = wait(client)
    work = f"{Path(images).name}.unpool"
    assert (job["state"], job["error"], job["work"]) == ("done", None, work)
    if not real:
        assert job["result"] == {
            "kind": "run",
            "arguments": {
                "folder": str(viewed / images),
                "work": str(viewed / work),
                "groups": 2,
                "steps": 2,
            },
        }
    result = client.post("/api/open", json={"work": work}).json()
    assert result["images"] == count
    assert result["revision"] == 2


def test_groups_and_map_are_made_anew_where_the_page_says_so(
    client: Any, viewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = viewed / "w.unpool"
    assert client.get("/api/collection").json()["rebuild"] is None
    table = ImageTable(work)
    paths = table.frame(["path"], where="status = 'ok'")["path"].tolist()
    table.update(paths, {"joined_distance": [0.5] * len(paths)})
    reason = client.get("/api/collection").json()["rebuild"]
    assert reason.startswith(f"{len(paths)} of {len(paths)} images came after the groups were made")
    monkeypatch.setattr(Instead, "does", "import json; print(json.dumps({'result': json.loads(input())}))")
    monkeypatch.setattr(jobs.subprocess, "Popen", Instead)
    client.post("/api/jobs", json={"kind": "run", "options": {"rebuild": True}})
    job = wait(client)
    assert (job["state"], job["work"]) == ("done", None), "the workspace that is shown, which is read again"
    arguments = job["result"]["arguments"]
    assert arguments["rebuild"] is True
    assert (arguments["folder"], arguments["work"]) == (str(viewed / "images"), str(work))


def test_a_job_can_be_stopped(client: Any) -> None:
    client.post("/api/jobs", json={"kind": "run", "options": {"folder": "images", "minutes": 5}})
    while not (job := client.get("/api/job").json())["stage"]:
        assert job["state"] == "running", job
        time.sleep(0.1)
    assert client.post("/api/job/stop").json()["state"] == "stopped"


def test_a_job_that_crashes_has_failed_and_the_next_can_start(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.subprocess, "Popen", Instead)
    client.post("/api/jobs", json={"kind": "map"})
    job = wait(client)
    assert job["state"] == "failed"
    assert job["error"] == "the job ended with code 1: out of luck"
    monkeypatch.setattr(Instead, "does", "print('{\"result\": {}}')")
    assert client.post("/api/jobs", json={"kind": "evaluate"}).status_code == 200
    assert wait(client)["state"] == "done"


@pytest.mark.parametrize("folder", ["..", "/etc", "../..", "images/../..", "c:\\x", "out", "\0"])
def test_no_folder_outside_the_root_can_be_named(client: Any, viewed: Path, folder: str) -> None:
    if folder == "out":
        (viewed / "out").symlink_to("/etc")
    assert client.get("/api/places", params={"folder": folder}).status_code == 422
    wish = {"kind": "run", "options": {"folder": folder}}
    assert client.post("/api/jobs", json=wish).status_code == 422
    assert client.post("/api/open", json={"work": folder}).status_code == 422


def test_a_table_with_a_path_that_leads_out_shows_nothing(client: Any, viewed: Path) -> None:
    (viewed / "secret.png").write_bytes((viewed / "images" / "disc" / "000.png").read_bytes())
    table = ImageTable(viewed / "w.unpool")
    table.upsert([{"path": "../secret.png", "status": "ok", "width": 12, "height": 12}])
    revision = client.get("/api/collection").json()["revision"]
    assert revision == 2
    answer = client.get("/api/images/0/original", params={"revision": revision})
    assert answer.status_code == 422
    assert "does not lie in" in answer.json()["detail"]


def test_a_field_and_a_selection_are_set_and_taken_back(client: Any, post: Any) -> None:
    def shown() -> dict[str, Any]:
        revision = client.get("/api/collection").json()["revision"]
        found: dict[str, Any] = client.get("/api/fields", params={"revision": revision}).json()
        return found

    assert post("edit", action="set_field", rows=[0, 2], name="marks", value=["x", "y"])["changed"] == 2
    assert [facet["name"] for facet in shown()["fields"]] == ["marks"]
    result = post("edit", action="save_selection", rows=[2, 5], name="best")
    assert (result["changed"], result["collection"]["undo"]) == (2, "saved 2 images as ‘best’")
    assert shown()["saved"] == [{"name": "best", "count": 2}]
    assert post("edit", action="forget_selection", name="best")["changed"] == 2
    assert shown()["saved"] == []
    post("edit", action="undo", message="forgot the selection ‘best’")
    assert shown()["saved"] == [{"name": "best", "count": 2}]
    post("edit", action="undo")
    post("edit", action="undo")
    assert shown() == {"fields": [], "saved": []}
    assert "has no selection" in post("edit", action="forget_selection", name="best", expect=422)["detail"]
    assert (
        "name of a column"
        in post("edit", action="set_field", rows=[0], name="width", value="1", expect=422)["detail"]
    )
