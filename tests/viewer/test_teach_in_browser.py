"""Teaching as somebody does it who has a keyboard, and as somebody who has a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from support.kinds import separate_kinds
from unpool.store.table import ImageTable

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def url(viewed: Path) -> Iterator[str]:
    """Few labels name all: images of one kind have nearly one vector."""
    separate_kinds(viewed / "w.unpool")
    with served(viewed / "w.unpool", viewed) as url:
        yield url


def labels_of(root: Path) -> dict[str, str | None]:
    rows = ImageTable(root / "w.unpool").arrow(["path", "label"], where="status = 'ok'").sort_by("path")
    return dict(zip(rows["path"].to_pylist(), rows["label"].to_pylist(), strict=True))


def kind_of(path: str) -> str:
    """The true name of an image: its folder, or `other`."""
    return path.rpartition("/")[0] or "other"


def row_of(page: Any) -> int:
    return int(page.get_by_test_id("teach").get_attribute("data-row"))


def after(page: Any, act: Any) -> None:
    """Do something, and wait until the next image is there and its label is written."""
    before = row_of(page)
    with page.expect_response(lambda answer: answer.url.endswith("/api/edit")):
        act()
    page.wait_for_function(
        "row => document.querySelector('[data-testid=teach]')?.dataset.row !== String(row)", arg=before
    )


def name_by_keys(page: Any, name: str) -> None:
    """The key of the name; a new one is typed."""
    buttons = page.get_by_test_id("teach-name")
    known = [buttons.nth(place).get_attribute("data-name") for place in range(buttons.count())]
    if name in known:
        page.keyboard.press(str(known.index(name) + 1))
    else:
        page.keyboard.press("n")
        page.keyboard.type(name)
        page.keyboard.press("Enter")


def test_names_are_taught_by_keyboard_alone(browser: Any, url: str, viewed: Path) -> None:
    paths = list(labels_of(viewed))
    expected = {}
    with opened(browser, url) as page:
        page.keyboard.press("t")
        page.get_by_test_id("teach").wait_for()
        for _ in range(8):
            path = paths[row_of(page)]
            expected[path] = kind_of(path)
            after(page, lambda path=path: name_by_keys(page, kind_of(path)))
        assert {path: label for path, label in labels_of(viewed).items() if label} == expected

        page.wait_for_selector("[data-testid=teach-estimate]:not([data-labels='0'])")
        page.get_by_test_id("teach-accept").wait_for()
        # A button that was clicked does not keep the focus: Enter accepts the next suggestion.
        page.get_by_test_id("teach-skip").click()
        path, suggested = (
            paths[row_of(page)],
            page.get_by_test_id("teach-accept").locator(".cut").text_content(),
        )
        after(page, lambda: page.keyboard.press("Enter"))
        assert labels_of(viewed)[path] == suggested

        with page.expect_response(lambda answer: answer.url.endswith("/api/edit")):
            page.keyboard.press("Backspace")
        assert paths[row_of(page)] == path
        assert labels_of(viewed)[path] is None

        page.keyboard.press("s")
        assert paths[row_of(page)] != path
        check_accessible(page, "teach")
        page.keyboard.press("Escape")
        page.get_by_test_id("teach").wait_for(state="detached")


@pytest.mark.slow
def test_a_batch_is_named_by_one_key(browser: Any, url: str, viewed: Path) -> None:
    kinds = {path: kind_of(path) for path in labels_of(viewed)}
    known = [path for path in kinds if path.endswith(("0.png", "1.png", "2.png"))]
    ImageTable(viewed / "w.unpool").update(known, {"label": [kinds[path] for path in known]})
    with opened(browser, url) as page:
        page.keyboard.press("t")
        batch = page.get_by_test_id("batch")
        batch.wait_for()
        page.wait_for_timeout(500)
        images = batch.get_by_test_id("batch-image")
        rows = [int(images.nth(place).get_attribute("data-row")) for place in range(images.count())]
        images.first.click()
        assert images.first.get_attribute("aria-pressed") == "false"
        name = batch.get_attribute("data-label")
        paths = list(kinds)
        assert len(rows) >= 5
        assert {kinds[paths[row]] for row in rows} == {name}
        with page.expect_response(lambda answer: answer.url.endswith("/api/edit")):
            page.keyboard.press("a")
        labels = list(labels_of(viewed).values())
        assert [labels[row] for row in rows] == [None] + [name] * (len(rows) - 1)


@pytest.mark.slow
def test_names_are_taught_on_a_phone(browser: Any, url: str, viewed: Path) -> None:
    with opened(browser, url, **PHONE) as page:
        page.get_by_test_id("view-teach").tap()
        teach = page.get_by_test_id("teach")
        teach.wait_for()
        picture = page.get_by_test_id("teach-picture").bounding_box()
        assert picture["height"] > 200
        for name in ("cup", "hat"):
            page.get_by_test_id("teach-new").fill(name)
            after(page, lambda: page.get_by_test_id("teach-new-apply").tap())
        after(page, lambda: page.get_by_test_id("teach-name").first.tap())
        assert sorted(filter(None, labels_of(viewed).values())) == ["cup", "cup", "hat"]
        check_accessible(page, "teach on a phone")
        page.get_by_test_id("teach-back").tap()
        page.wait_for_timeout(300)
        assert sorted(filter(None, labels_of(viewed).values())) == ["cup", "hat"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
