"""The application answers with the page, one line for each error, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.viewer_constants import ORIGIN, TOKEN
from unpool.core.objects.address import parse_address
from unpool.errors import UnpoolError
from unpool.store.remote import mirror
from unpool.store.remote.mirror import Remote
from unpool.store.table import ImageTable
from unpool.viewer.server import create_app, serve

testclient = pytest.importorskip("fastapi.testclient")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    app = create_app(ImageTable.create(tmp_path / "w.unpool").work, root=tmp_path, token=TOKEN)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


def test_the_page_carries_the_token_and_a_nonce_of_its_own(client: Any) -> None:
    first, second = client.get("/"), client.get("/")
    assert f'name="unpool-token" content="{TOKEN}"' in first.text
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]
    assert first.headers["cache-control"] == "no-store"


def test_assets_and_nothing_beside_them(client: Any) -> None:
    assert client.get("/assets/page.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/assets/page.css").status_code == 200
    assert client.get("/assets/index.html").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/api/points?revision=9", None, 409),
        ("post", "/api/rows", {"revision": 1, "rows": [5]}, 422),
        ("post", "/api/rows", {"revision": 1, "rows": "x"}, 422),
        ("get", "/api/places?folder=..", None, 422),
    ],
)
def test_errors_are_one_line(client: Any, method: str, path: str, body: Any, status: int) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert "\n" not in answer.json()["detail"]


def test_errors_name_a_workspace_on_a_store_by_its_address(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "w.unpool"
    monkeypatch.setattr(mirror, "_opened", {work: Remote(work, parse_address("s3://bucket/w.unpool"))})
    answer = client.post("/api/jobs", json={"kind": "run", "options": {"rebuild": True}})
    assert answer.json()["detail"].startswith("s3://bucket/w.unpool does not know where its images are")


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    work = ImageTable.create(tmp_path / "w.unpool").work
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnpoolError, match=f"127.0.0.1:{port} cannot be listened on"):
            serve(work, port=port, ready=lambda address: None)


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace at"):
        create_app(tmp_path / "none")
