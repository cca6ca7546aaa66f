"""A shared file opens from disk, draws its map, asks nobody for anything, and runs nothing but its own script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, DRIVERS_TALK, chromium
from unpool.actions.curation import edit
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.store.table import ImageTable

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def shared(viewed: Path, tmp_path: Path) -> Path:
    """The file alone, far from its workspace."""
    edit.label(
        viewed / "w.unpool", ImageTable(viewed / "w.unpool").frame(["path"])["path"][:5].tolist(), HOSTILE
    )
    export(viewed / "w.unpool", ExportSettings("html", tmp_path / "out.html"))
    (tmp_path / "it's a #folder").mkdir()
    return Path(shutil.move(tmp_path / "out.html", tmp_path / "it's a #folder" / "shared.html"))


@pytest.fixture
def page(browser: Any, shared: Path) -> Iterator[Any]:
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.complaints, page.strangers = [], []
    page.on("console", lambda told: told.type in ("error", "warning") and page.complaints.append(told.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda asked: page.strangers.append(asked.url))
    page.goto(shared.as_uri())
    page.wait_for_function("() => document.querySelector('[data-testid=map]')?.__map?.ready", timeout=20_000)
    yield page
    assert [told for told in page.complaints if not any(words in told for words in DRIVERS_TALK)] == []
    assert [url for url in page.strangers if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("window.hacked") is None
    page.context.close()


def test_it_draws_and_shows_pictures(page: Any, viewed: Path) -> None:
    count = ImageTable(viewed / "w.unpool").count("ok")
    page.locator("[data-testid=view-grid]").click()
    page.wait_for_function("() => document.querySelector('.cell img')?.naturalWidth > 0")
    assert page.locator(".cell").first.get_attribute("aria-setsize") == str(count)
    assert HOSTILE in page.locator("body").text_content()
    assert str(viewed) not in page.content()


def test_code_from_elsewhere_does_not_run(page: Any) -> None:
    """The policy of the file stops what no escaping could."""
    page.evaluate(
        """() => { const script = document.createElement('script');
                   script.textContent = 'window.hacked = 1';
                   document.head.append(script);
                   document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hacked=1">'); }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("fetch('data:text/plain,a').then(() => 'fetched', () => 'refused')") == "refused"
    assert page.complaints
    page.complaints.clear()
