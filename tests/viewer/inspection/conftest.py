"""A workspace that an inspector has seen, and a client of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.judged import judged_run, work
from support.viewer_constants import ORIGIN, TOKEN

__all__ = ["judged_run", "work"]


@pytest.fixture
def client(work: Path) -> Iterator[Any]:
    """A client with the token, at the server's own address."""
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    app = create_app(work, root=work.parent, token=TOKEN)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


@pytest.fixture
def post(client: Any) -> Callable[..., Any]:
    """Post JSON that names the revision of now; the answer's JSON."""

    def ask(place: str, expect: int = 200, **body: Any) -> Any:
        revision = client.get("/api/collection").json()["revision"]
        answer = client.post(f"/api/{place}", json={"revision": revision, **body})
        assert answer.status_code == expect, answer.text
        return answer.json()

    return ask
