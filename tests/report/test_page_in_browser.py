"""The page as a browser runs it; skipped where there is no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.report_tables import HOSTILE, make_table
from unpool.report import write_report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
NUM_IMAGES = 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("it's a #folder")
    paths = [*HOSTILE, *(f"folder/{i} ü#.jpg" for i in range(len(HOSTILE), NUM_IMAGES))]
    (root / "photos" / "folder").mkdir(parents=True)
    for path in paths[len(HOSTILE) :]:
        Image.fromarray(np.full((300, 500, 3), 90, dtype=np.uint8)).save(root / "photos" / path)
    return write_report(
        root / "photos.unpool" / "report",
        make_table(NUM_IMAGES, 3, path=paths, label=HOSTILE[1]),
        title=HOSTILE[0],
        facts={HOSTILE[1]: HOSTILE[0]},
        tables=[("Tried", ["way", HOSTILE[1]], [["scratch", HOSTILE[0]], ["adapted", "0.5"]])],
        originals=root / "photos",
        problems=[(HOSTILE[0], HOSTILE[1], HOSTILE[2])],
    )


@pytest.fixture
def page(browser: Any, index: Path) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(index.as_uri())
    page.wait_for_selector("#legend li")
    yield page
    page.close()


def test_runs_without_complaint_and_without_network(page: Any) -> None:
    page.locator("#problems").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("window.hacked") is None
    assert page.locator("#title").text_content() == HOSTILE[0]
    assert page.locator("#problems td").first.text_content() == HOSTILE[0]
    cells = page.locator("#figures").locator("th, td").all_text_contents()
    assert cells == ["way", HOSTILE[1], "scratch", HOSTILE[0], "adapted", "0.5"]


def test_draws_the_map(page: Any) -> None:
    count = """() => { const c = document.querySelector('#map');
        const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0; return n; }"""
    page.wait_for_timeout(300)
    assert page.evaluate(count) > 10_000


def test_opens_the_original_and_escape_closes(page: Any) -> None:
    page.locator(f'.tile[title="folder/{NUM_IMAGES - 1} ü#.jpg"]').click()
    page.wait_for_function("document.querySelector('.large img').naturalWidth === 500")
    assert page.locator("#dialog-title").text_content() == f"folder/{NUM_IMAGES - 1} ü#.jpg"
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")


def test_a_moved_page_shows_the_thumbnail(browser: Any, index: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(Path(shutil.copy(index, tmp_path / "moved.html")).as_uri())
    page.locator(".tile").first.click()
    page.wait_for_function("document.querySelector('.large img').naturalWidth === 32")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('.large img').naturalWidth") == 32
    page.close()


def test_keyboard_moves_and_opens(page: Any) -> None:
    page.locator("#map").focus()
    for key in ("+", "+", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator("#spoken").text_content() != ""
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('dialog').open")


def test_choosing_a_group_is_told(page: Any) -> None:
    choose = page.locator(".choose").nth(1)
    choose.click()
    assert choose.get_attribute("aria-pressed") == "true"
    choose.click()
    assert choose.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("width", [1280, 390])
def test_fits_the_screen(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
