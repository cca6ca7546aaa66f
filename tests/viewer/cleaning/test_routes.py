"""The page moves what its plan showed, once, and brings it back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.checked_photos import PHOTOS, make_checked_photos, read_files
from support.viewer_constants import ORIGIN, TOKEN


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    """A client of photographs that were checked."""
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    app = create_app(make_checked_photos(tmp_path), root=tmp_path, token=TOKEN)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


@pytest.fixture
def post(client: Any) -> Any:
    def ask(place: str, expect: int = 200, **body: Any) -> Any:
        revision = client.get("/api/collection").json()["revision"]
        answer = client.post(f"/api/clean{place}", json={"revision": revision, **body})
        assert answer.status_code == expect, answer.text
        return answer.json()

    return ask


def test_what_the_plan_shows_goes_and_comes_back(client: Any, post: Any, tmp_path: Path) -> None:
    before, paths = read_files(tmp_path), sorted(PHOTOS)
    plan = post("/plan", problem="duplicates", keep="oldest")
    stacks = [([paths[row] for row in stack["rows"]], stack["stay"]) for stack in plan["stacks"]]
    assert stacks == [(["b/copy.jpg", "a.jpg", "b/a.jpg"], 1), (["d.jpg", "c.jpg"], 1)]
    assert (plan["images"], plan["left"]) == (3, 0)
    assert read_files(tmp_path) == before
    done = post("", token=plan["token"], to="folder")
    assert (done["kept"], done["moved"], done["bytes"]) == (2, 3, plan["bytes"])
    assert set(before) - set(read_files(tmp_path)) == {"a.jpg", "b/a.jpg", "c.jpg"}
    assert client.get("/api/collection").json()["images"] == len(PHOTOS) - 3
    assert post("/undo", manifest=done["manifest"]) == {"restored": 3, "left": 0}
    assert read_files(tmp_path) == before
    assert client.get("/api/collection").json()["images"] == len(PHOTOS)


def test_a_plan_is_carried_out_once_and_only_the_last(post: Any, tmp_path: Path) -> None:
    before = read_files(tmp_path)
    first = post("/plan", problem="duplicates", keep="best")["token"]
    second = post("/plan", problem="dark", keep="best")
    assert second["stacks"] == [{"rows": [sorted(PHOTOS).index("dark.jpg")], "stay": 0}]
    assert "another plan" in post("", 409, token=first, to="folder")["detail"]
    assert "another plan" in post("", 409, token=second["token"], to="folder")["detail"]
    assert read_files(tmp_path) == before


def test_only_manifests_of_the_workspace_are_undone(post: Any, tmp_path: Path) -> None:
    token = post("/plan", problem="dark", keep="best")["token"]
    manifest = Path(post("", token=token, to="folder")["manifest"])
    shutil.copy2(manifest, tmp_path / "other.json")
    assert (
        "no manifest of this workspace" in post("/undo", 422, manifest=str(tmp_path / "other.json"))["detail"]
    )
    assert not (tmp_path / "photos" / "dark.jpg").exists()
