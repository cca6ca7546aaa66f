"""`/api/teach` answers as its schema says; labels go by `/api/edit`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.kinds import make_kinds, make_workspace
from support.viewer_constants import ORIGIN, TOKEN


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    unit_ND, _ = make_kinds((25, 15), spread=0.2)
    make_workspace(tmp_path / "w.unpool", unit_ND, [None] * 40)
    app = create_app(tmp_path / "w.unpool", root=tmp_path, token=TOKEN)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


def test_a_page_teaches_two_names(client: Any) -> None:
    kind_N = make_kinds((25, 15), spread=0.2)[1]
    answer = client.get("/api/teach", params={"revision": 1, "k": 4}).json()
    assert (len(answer["images"]), answer["labelled"], answer["left"]) == (4, 0, 40)
    assert answer["images"][0]["label"] is None
    for step in range(8):
        row = answer["images"][0]["row"]
        label = ("hat", "shoe")[kind_N[row]]
        edit = {"revision": 1, "action": "label", "rows": [row], "label": label}
        assert client.post("/api/edit", json=edit).status_code == 200
        answer = client.get("/api/teach", params={"revision": 1}).json()
        assert (answer["labelled"], answer["left"]) == (step + 1, 39 - step)
    assert len(answer["images"]) == 16
    assert {name["name"] for name in answer["names"]} == {"hat", "shoe"}


@pytest.mark.parametrize(
    ("params", "status"), [({"revision": 7}, 409), ({}, 422), ({"revision": 1, "k": 0}, 422)]
)
def test_wrong_requests(client: Any, params: dict[str, int], status: int) -> None:
    assert client.get("/api/teach", params=params).status_code == status
