"""The search box finds images by words as one types, with a small model that was really trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from support.plain_words import PATHS, make_workspace
from support.two_towers import CAPTIONS, TwoTowers
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def work(two_towers: TwoTowers, tmp_path: Path) -> Path:
    from unpool.actions.grouping.group import map_images
    from unpool.actions.grouping.settings import MapSettings

    copied = two_towers.copy_workspace(tmp_path / "w.unpool")
    map_images(copied, MapSettings(method="pca"))
    return copied


@pytest.fixture
def url(work: Path) -> Iterator[str]:
    with served(work, work.parent) as url:
        yield url


def first_found(page: Any, title: str) -> int:
    """The row of the first result, once results of this title are shown."""
    page.get_by_role("heading", name=title, exact=True).wait_for()
    return int(
        page.get_by_test_id("results-grid").get_by_test_id("grid-cell").first.get_attribute("data-row")
    )


def paths_of(work: Path) -> list[str]:
    return sorted(ImageTable(work).frame(["path"])["path"])


def test_a_typed_caption_finds_its_image(browser: Any, work: Path, url: str) -> None:
    paths = paths_of(work)
    with opened(browser, url) as page:
        box = page.get_by_test_id("search-words")
        found = []
        for caption in CAPTIONS[::4]:
            box.fill(str(caption))
            found.append(paths[first_found(page, f"“{caption}”")] == caption.file)
        assert sum(found) >= 0.9 * len(found)
        check_accessible(page, "results of words")
        box.fill("")
        page.get_by_test_id("results").wait_for(state="detached")


def test_each_key_searches_and_the_last_answer_is_shown(browser: Any, work: Path, url: str) -> None:
    paths = paths_of(work)
    with opened(browser, url) as page:
        page.get_by_test_id("search-words").press_sequentially("a red cross on white", delay=15)
        assert paths[first_found(page, "“a red cross on white”")] == "red-cross-white.png"
        page.wait_for_timeout(300)  # a former answer that comes late changes nothing
        assert paths[first_found(page, "“a red cross on white”")] == "red-cross-white.png"
        page.keyboard.press("Escape")


def test_negatives_and_an_image_are_part_of_a_search(browser: Any, work: Path, url: str) -> None:
    paths = paths_of(work)
    with opened(browser, url) as page:
        box = page.get_by_test_id("search-words")
        box.fill("red -circle")
        assert paths[first_found(page, "“red”, not “circle”")].startswith("red-")
        assert "circle" not in paths[first_found(page, "“red”, not “circle”")]
        box.fill("a red circle on white")
        first_found(page, "“a red circle on white”")
        page.get_by_test_id("results-grid").get_by_test_id("grid-cell").first.click()
        page.get_by_test_id("find-similar").click()
        page.get_by_role("heading", name="Nearest to red-circle-white.png").wait_for()
        assert box.input_value() == ""
        page.get_by_test_id("results-add-words").click()
        box.fill("on black -white")
        found = paths[first_found(page, "red-circle-white.png + “on black”, not “white”")]
        assert found.endswith("-black.png")
        page.get_by_test_id("search-beside").click()
        first_found(page, "“on black”, not “white”")


def test_paths_can_still_be_searched(browser: Any, work: Path, url: str) -> None:
    with opened(browser, url) as page:
        page.get_by_test_id("search-by").select_option("paths")
        page.get_by_test_id("search-text").fill("red-circle")
        page.wait_for_function(
            "() => document.querySelector('[data-testid=shown-count]')?.textContent.startsWith('2 of')"
        )
        page.get_by_test_id("search-by").select_option("words")
        page.wait_for_function("() => document.querySelector('[data-testid=shown-count]') === null")


def test_on_a_phone(browser: Any, work: Path, url: str) -> None:
    paths = paths_of(work)
    with opened(browser, url, viewport={"width": 390, "height": 780}, has_touch=True) as page:
        page.get_by_test_id("search-words").fill("a blue cross on black")
        assert paths[first_found(page, "“a blue cross on black”")] == "blue-cross-black.png"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        check_accessible(page, "words on a phone")


def test_without_a_text_side_one_line_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    work = make_workspace(tmp_path / "w.unpool")
    table = ImageTable(work)
    paths = table.frame(["path"])["path"].tolist()
    table.update(paths, {"x": [0.1 * n for n in range(len(paths))], "y": [0.0] * len(paths)})
    with served(work, tmp_path) as url, opened(browser, url) as page:
        page.get_by_test_id("search-text").wait_for()  # paths, without anybody's doing
        page.get_by_test_id("search-by").select_option("words")
        line = page.get_by_test_id("search-note")
        line.wait_for()
        assert "no text side; embed with a model that has one: unpool embed FOLDER" in line.inner_text()
        page.get_by_test_id("search-words").fill("red")
        assert "no text side" in line.inner_text()
        check_accessible(page, "words without a text side")


def test_long_names_of_groups_are_shown_and_widen_nothing(browser: Any, tmp_path: Path) -> None:
    work = make_workspace(tmp_path / "w.unpool")
    names = ["a blue cross on a black ground beside others", "a red cross on a white ground beside others"]
    ImageTable(work).update(
        PATHS,
        {"x": [0.0, 0.1, 0.2, 0.3], "y": [0.0] * 4, "group": [0, 0, 1, 1], "probability": [1.0] * 4}
        | {"group_name": [names[0], names[0], names[1], names[1]]},
    )
    with served(work, tmp_path) as url, opened(browser, url) as page:
        page.get_by_test_id("group-item").first.wait_for()
        assert page.get_by_test_id("group-item").evaluate_all("all => all.map(each => each.title)") == names
        widths = page.locator(".sidebar").evaluate("side => [side.scrollWidth, side.clientWidth]")
        assert widths[0] <= widths[1]
