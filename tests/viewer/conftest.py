"""A small workspace that was really run, and a client of its viewer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.pictures import make_shapes
from support.viewer_constants import DATED, HOSTILE_NAME, HOSTILE_TEXT, ORIGIN, TOKEN
from unpool.cli.main import main


@pytest.fixture(scope="session")
def viewed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of three kinds, one with hostile name and EXIF, one broken; embedded, mapped and grouped once."""
    root = tmp_path_factory.mktemp("viewed")
    make_shapes(root / "images", each=12, size=12)
    for disc in (root / "images" / "disc").iterdir():
        os.utime(disc, (DATED, DATED))
    picture = Image.open(root / "images" / "disc" / "000.png").resize((40, 30)).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = HOSTILE_TEXT
    picture.save(root / "images" / HOSTILE_NAME, exif=exif)
    (root / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    words = ["--work", str(root / "w.unpool"), "--steps", "40", "--groups", "3", "--no-open"]
    with pytest.raises(SystemExit):
        main(["run", str(root / "images"), *words])
    return root


@pytest.fixture
def viewed(viewed_run: Path, tmp_path: Path) -> Path:
    """A copy of it at a place of its own, which a test may change."""
    root = tmp_path / "copy"
    shutil.copytree(viewed_run, root)
    state = root / "w.unpool" / "unpool.yaml"
    state.write_text(state.read_text().replace(str(viewed_run), str(root)))
    return root


@pytest.fixture
def client(viewed: Path) -> Iterator[Any]:
    """A client with the token, at the server's own address."""
    yield from _client(viewed)


def _client(root: Path, **options: Any) -> Iterator[Any]:
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    app = create_app(root / "w.unpool", root=root, token=TOKEN, **options)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


@pytest.fixture
def post(client: Any) -> Callable[..., Any]:
    """Post JSON that names the revision of now; the answer's JSON or bytes."""

    def ask(place: str, expect: int = 200, **body: Any) -> Any:
        revision = client.get("/api/collection").json()["revision"]
        answer = client.post(f"/api/{place}", json={"revision": revision, **body})
        assert answer.status_code == expect, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    return ask
