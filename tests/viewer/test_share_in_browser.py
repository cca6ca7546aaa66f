"""A shared file or report opens from disk, draws its map, fetches nothing, and runs nothing but its own script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.browser import CHROMIUM, DRIVERS_TALK, chromium
from unpool.actions.curation import edit
from unpool.actions.sharing.export import export
from unpool.actions.sharing.report import write_report
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


def opened(browser: Any, file: Path) -> Iterator[Any]:
    """The page that has drawn its map; it must fetch nothing and complain about nothing."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda line: line.type in ("error", "warning") and page.complaints.append(line.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_function("() => document.querySelector('[data-testid=map]')?.__map?.ready", timeout=20_000)
    yield page
    assert [text for text in page.complaints if not any(words in text for words in DRIVERS_TALK)] == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("window.hacked") is None
    page.context.close()


@pytest.fixture
def page(browser: Any, shared: Path) -> Iterator[Any]:
    yield from opened(browser, shared)


@pytest.fixture
def report(browser: Any, viewed: Path) -> Iterator[Any]:
    """The report of the workspace, where it was written."""
    yield from opened(browser, write_report(viewed / "w.unpool"))


def first_original_width(page: Any) -> int:
    """Open the first image of the grid and wait for the picture that the dialog ends up with."""
    page.locator("[data-testid=view-grid]").click()
    page.locator("[data-testid=grid-cell]").first.dblclick()
    page.wait_for_selector("[data-testid=dialog] .stage img")
    page.wait_for_timeout(400)
    width = "[...document.querySelectorAll('[data-testid=dialog] .stage img')].at(-1).naturalWidth"
    return int(page.evaluate(width))


def test_a_report_opens_the_originals_beside_it(report: Any, viewed: Path) -> None:
    path = (
        ImageTable(viewed / "w.unpool").frame(["path"], where="status = 'ok'")["path"].sort_values().iloc[0]
    )
    assert first_original_width(report) == Image.open(viewed / "images" / path).width
    assert any("/images/" in url and url.startswith("file:") for url in report.requests)


def test_a_report_shows_problems_and_explains_every_figure(report: Any) -> None:
    report.locator("[data-testid=view-problems]").click()
    report.locator("[data-testid=problem-unreadable]").click()
    assert "broken.png" in report.locator("[data-testid=unreadable]").text_content()
    report.locator("[data-testid=view-quality]").click()
    card = report.locator("[data-testid=figure-purity]")
    card.wait_for()
    assert "nearest neighbours" in card.text_content()
    assert report.locator("[data-testid^=figure-] .scale").count() > 3
    assert "No classes are known" in report.locator("[data-testid=quality]").text_content()
    for picture in report.locator(".quality-pictures img").all():
        picture.scroll_into_view_if_needed()
    pictures = "[...document.querySelectorAll('.quality-pictures img')]"
    report.wait_for_function(f"{pictures}.every(picture => picture.naturalWidth > 0)")


@pytest.mark.parametrize("view", ["map", "quality", "problems"])
def test_a_report_fits_a_phone(report: Any, view: str) -> None:
    report.set_viewport_size({"width": 390, "height": 720})
    report.locator(f"[data-testid=view-{view}]").click()
    report.wait_for_timeout(100)
    assert report.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_moved_file_shows_the_thumbnail(page: Any) -> None:
    assert first_original_width(page) > 0
    assert not any("/images/" in url for url in page.requests)


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
