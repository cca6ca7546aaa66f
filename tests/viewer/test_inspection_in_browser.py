"""What an inspector finds not good is looked at and judged in the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from support.judged import BAD, PATHS, judged_run, work
from unpool.store.inspection.inspector import found_not_good, read_inspector
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]


__all__ = ["judged_run", "work"]  # fixtures


@pytest.fixture
def page(work: Path) -> Iterator[Any]:
    with chromium() as browser, served(work, work.parent) as url, opened(browser, url) as page:
        page.get_by_test_id("view-problems").click()
        page.get_by_test_id("problem-not_good").click()
        page.get_by_test_id("not-good").first.wait_for()
        yield page


def line(page: Any, path: str) -> Any:
    return page.locator(f"[data-testid=not-good][data-row='{PATHS.index(path)}']")


def verdict(work: Path, path: str) -> Any:
    return ImageTable(work).some([path], ["verdict"])["verdict"][0].as_py()


def score(work: Path) -> dict[str, float]:
    rows = ImageTable(work).some(PATHS, ["path", "inspection_score"]).to_pylist()
    return {row["path"]: row["inspection_score"] for row in rows}


def test_not_good_ones_are_shown_beside_their_heat_and_judged(page: Any, work: Path) -> None:
    assert page.get_by_test_id("not-good").count() == len(BAD)
    first = page.get_by_test_id("not-good").first
    first.get_by_test_id("heat").wait_for()
    assert "Probability of being good 4.8 %" in " ".join(first.inner_text().split())
    check_accessible(page, "not good")
    page.get_by_test_id("good-way").select_option("word")
    path = found_not_good(work)[0]["path"]
    page.keyboard.press("g")
    line(page, path).wait_for(state="detached")
    assert verdict(work, path) == "good"
    page.get_by_test_id("undo").click()
    line(page, path).wait_for()
    assert verdict(work, path) is None


def test_an_open_image_is_judged_by_keys_and_moves_the_threshold(page: Any, work: Path) -> None:
    own = page.get_by_test_id("threshold").text_content()
    page.get_by_test_id("view-grid").click()
    page.get_by_test_id("sort").select_option("inspection_score")
    page.get_by_test_id("grid-cell").first.dblclick()
    side = page.get_by_test_id("image-verdict")
    side.wait_for()
    page.keyboard.press("h")
    page.locator(".frame [data-testid=heat]").wait_for()
    side.get_by_text("more not good").wait_for()
    check_accessible(page, "open image")
    row = int(page.locator(".image-body").get_attribute("data-row"))
    page.keyboard.press("b")
    page.wait_for_function(f"() => document.querySelector('.image-body').dataset.row !== '{row}'")
    assert verdict(work, PATHS[row]) == "not good"
    assert len(found_not_good(work)) > len(BAD)
    page.keyboard.press("Escape")
    page.get_by_test_id("view-problems").click()
    page.get_by_test_id("own-threshold").click()
    page.wait_for_function(f"() => document.querySelector('[data-testid=threshold]').textContent === '{own}'")
    assert len(found_not_good(work)) == len(BAD) + 1


def test_good_ones_go_into_the_memory_and_the_rest_is_inspected_again(page: Any, work: Path) -> None:
    page.get_by_test_id("good-way").select_option("memory")
    path, before = found_not_good(work)[0]["path"], score(work)
    page.keyboard.press("g")
    line(page, path).wait_for(state="detached")
    added = page.get_by_text("Added 1 good image to the memory: the threshold stays at")
    said = added.text_content(timeout=120_000)  # at once: it goes after some seconds
    page.locator("[data-testid=job][data-state=done]").wait_for()
    left = len(found_not_good(work))
    assert f"{left} images not good, {len(BAD) - 1} before." in said
    assert "none of them scores above it" in said
    after = score(work)
    assert after[path] < before[path], "an image like one of the memory is nearer to it"
    page.wait_for_function(f"() => document.querySelectorAll('[data-testid=not-good]').length === {left}")
    assert page.get_by_test_id("problem-not_good").text_content() == f"Not good {left}"
    assert "you called 1 good and 0 not good" in page.get_by_test_id("inspector").text_content()
    assert page.get_by_test_id("inspector-pending").count() == 0
    assert read_inspector(work).added == {ImageTable(work).some([path], ["id"])["id"][0].as_py()}


def test_a_model_that_is_gone_is_said(work: Path) -> None:
    shutil.rmtree(work.parent / "model")
    with chromium() as browser, served(work, work.parent) as url, opened(browser, url) as page:
        page.get_by_test_id("view-problems").click()
        page.get_by_test_id("problem-not_good").click()
        assert "is gone; name where it is" in page.get_by_test_id("inspector-gone").text_content()
        page.locator(".heat-none").first.wait_for()
        page.wait_for_timeout(500)
        assert all("422" in complaint for complaint in page.complaints)
        page.complaints.clear()
