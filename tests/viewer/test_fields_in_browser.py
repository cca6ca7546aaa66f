"""Fields in the page: counted, filtered, coloured; selections kept by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from unpool.store.fields.values import read_field, write_field
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]
MARCH = 1_709_596_800.0  # 5 March 2024


@pytest.fixture
def page(viewed: Path) -> Iterator[Any]:
    paths = sorted(ImageTable(viewed / "w.unpool").frame(["path"], where="status = 'ok'")["path"])
    write_field(
        viewed / "w.unpool",
        "site",
        {path: "north" if place % 3 else "south" for place, path in enumerate(paths)},
    )
    write_field(viewed / "w.unpool", "weight", {path: float(place) for place, path in enumerate(paths[:20])})
    write_field(
        viewed / "w.unpool",
        "seen",
        {path: MARCH + 86_400 * place for place, path in enumerate(paths[:5])},
        "date",
    )
    with chromium() as browser, served(viewed / "w.unpool", viewed) as url, opened(browser, url) as page:
        page.get_by_test_id("facet").first.wait_for()
        yield page


def shown(page: Any, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelector('[data-testid=shown-count]')?.textContent.startsWith(`${count} of`)",
        arg=count,
    )


def facet(page: Any, name: str) -> Any:
    return page.locator(f"[data-testid=facet][data-name='{name}']")


def test_fields_are_counted_filtered_coloured_and_a_selection_is_kept(page: Any, viewed: Path) -> None:
    south = facet(page, "site").locator("[data-name=south]")
    assert south.text_content() == "south13"
    south.click()
    shown(page, 13)
    bars = facet(page, "weight").get_by_test_id("bar")
    assert bars.count() == 20
    bars.nth(3).click()
    shown(page, 1)
    bars.nth(9).click(modifiers=["Shift"])
    shown(page, 3)  # 3, 6, 9
    south.click()
    shown(page, 7)
    page.get_by_role("button", name="Remove: weight").click()
    facet(page, "seen").get_by_label("Until").fill("2024-03-06")
    facet(page, "seen").get_by_label("Until").blur()
    shown(page, 2)
    page.get_by_test_id("filter-clear").click()
    facet(page, "weight").get_by_label("From").fill("17.5")
    facet(page, "weight").get_by_label("From").blur()
    shown(page, 2)
    page.get_by_test_id("view-grid").click()
    page.get_by_test_id("grid").get_by_test_id("grid-cell").first.click()
    page.keyboard.press("ControlOrMeta+a")
    page.get_by_test_id("save-name").fill("heavy ones")
    page.get_by_test_id("save-selection").click()
    page.get_by_test_id("saved-item").wait_for()
    page.get_by_test_id("filter-clear").click()
    page.get_by_test_id("saved-item").click()
    shown(page, 2)
    check_accessible(page, "fields")
    page.get_by_test_id("field-name").select_option("site")
    page.get_by_test_id("field-value").fill("east")
    page.get_by_test_id("field-apply").click()
    facet(page, "site").locator("[data-name=east]").wait_for()
    assert list(read_field(viewed / "w.unpool", "site").values()).count("east") == 2
    page.get_by_test_id("view-map").click()
    with page.expect_response(lambda answer: "/api/fields/codes" in answer.url):
        page.get_by_test_id("colour-by").select_option("field:site")
