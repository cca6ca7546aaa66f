"""Cleaning up in the page: a plan, the move, and everything back."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]
WRONG = ("disc/001.png", "disc/002.png")


def test_wrong_images_go_to_a_folder_and_come_back(viewed: Path) -> None:
    ImageTable(viewed / "w.unpool").update(list(WRONG), {"wrong": [True, True]})
    files = [viewed / "images" / path for path in WRONG]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    with chromium() as browser, served(viewed / "w.unpool", viewed) as url, opened(browser, url) as page:
        page.get_by_test_id("view-problems").click()
        page.get_by_test_id("problem-wrong").click()
        page.get_by_test_id("clean-open").click()
        dialog = page.get_by_test_id("clean")
        page.get_by_test_id("clean-plan").wait_for()
        assert page.get_by_test_id("clean-plan").text_content().startswith("2 images would go")
        assert dialog.get_by_test_id("stack").count() == 2
        page.wait_for_timeout(500)  # the dialog fades in
        check_accessible(page, "plan")
        page.get_by_test_id("to-folder").check()
        page.get_by_test_id("clean-apply").click()
        page.get_by_test_id("cleaned").wait_for()
        assert "2 files moved" in page.get_by_test_id("cleaned").text_content()
        assert not any(file.exists() for file in files)
        page.get_by_test_id("clean-undo").click()
        page.wait_for_selector("[data-testid=toast] >> text=2 files brought back")
        assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
        page.wait_for_function(
            "() => document.querySelector('[data-testid=problem-wrong]')?.textContent.endsWith('2')"
        )
