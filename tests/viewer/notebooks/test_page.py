"""A notebook of this machine frames the page; nobody else does."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from unpool import Workspace
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable
from unpool.viewer.notebooks.page import NotebookPage

FRAMED = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookPage]:
    table = ImageTable.create(tmp_path_factory.mktemp("notebook") / "w.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    page = Workspace(table.work).view(height=300)
    yield page
    page.close()


def fetch(url: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), {}


def test_the_frame_shows_the_page_of_this_process(page: NotebookPage) -> None:
    assert page.url.startswith("http://127.0.0.1:")
    assert f'<iframe src="{page.url}" width="100%" height="300"' in page._repr_html_()
    status, text, headers = fetch(page.url, **FRAMED)
    assert status == 200
    assert 'name="unpool-token"' in text
    assert "frame-ancestors http://localhost:* http://127.0.0.1:*" in headers["content-security-policy"]
    assert "x-frame-options" not in headers
    assert fetch(f"{page.url}api/collection")[0] == 200


def test_a_page_elsewhere_gets_nothing_but_the_frame(page: NotebookPage) -> None:
    assert fetch(f"{page.url}api/collection", **FRAMED)[0] == 403
    assert fetch(page.url, **FRAMED | {"sec-fetch-dest": "empty"})[0] == 403
    assert fetch(page.url, **FRAMED | {"origin": "http://localhost:8888"})[0] == 403


def test_a_closed_page_answers_no_more(tmp_path: Path) -> None:
    page = NotebookPage(ImageTable.create(tmp_path / "w.unpool").work)
    url = page.url
    page.close()
    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(url, timeout=5)
    assert "closed" in repr(page)
    assert "<iframe" not in page._repr_html_()


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace"):
        Workspace(tmp_path / "none.unpool").view()
