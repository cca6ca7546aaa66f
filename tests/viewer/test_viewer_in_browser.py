"""The page as its user meets it: looked at, lassoed, labelled, searched, exported; light, dark, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.browser import CHROMIUM, check_accessible, chromium, on_map, opened, served, started
from support.viewer_constants import DATED
from unpool.store.table import ImageTable

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def url(viewed: Path) -> Iterator[str]:
    with served(viewed / "w.unpool", viewed) as url:
        yield url


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    with opened(browser, url) as page:
        yield page


def by_path(root: Path, *columns: str) -> Any:
    return ImageTable(root / "w.unpool").frame(["path", *columns], where="status = 'ok'").set_index("path")


def test(page: Any, name: str) -> Any:
    return page.get_by_test_id(name)


test.__test__ = False  # type: ignore[attr-defined]


def lasso(page: Any, rows: list[int], margin: float = 14) -> None:
    """Draw a loop round the box that the images of `rows` span."""
    place_N2 = np.array(on_map(page, rows))
    (left, top), (right, bottom) = place_N2.min(0) - margin, place_N2.max(0) + margin
    test(page, "lasso-toggle").click()
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 1)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=12)
    page.mouse.up()


def inside(page: Any, rows: list[int], count: int, margin: float = 14) -> set[int]:
    """The rows that lie in the same box, by their places on the screen."""
    place_N2 = np.array(on_map(page, list(range(count))))
    low, high = np.array(on_map(page, rows)).min(0) - margin, np.array(on_map(page, rows)).max(0) + margin
    return set(np.flatnonzero(((place_N2 > low) & (place_N2 < high)).all(1)).tolist())


def selected(page: Any) -> set[int]:
    cells = test(page, "selection").get_by_test_id("grid-cell")
    return {int(cell.get_attribute("data-row")) for cell in cells.all()}


def choose_some(page: Any, rows: list[int]) -> None:
    """Select images in the grid, one by one."""
    test(page, "view-grid").click()
    grid = test(page, "grid")
    for row in rows:
        cell = grid.locator(f"[data-testid=grid-cell][data-row='{row}']")
        cell.click(modifiers=["ControlOrMeta"])


def label(page: Any, name: str) -> None:
    test(page, "label-input").fill(name)
    with page.expect_response(lambda answer: answer.url.endswith("/api/edit")):
        test(page, "label-apply").click()


def test_a_line_says_that_it_is_time_to_make_groups_anew(browser: Any, viewed: Path) -> None:
    table = ImageTable(viewed / "w.unpool")
    paths = table.frame(["path"], where="status = 'ok'")["path"].tolist()
    with served(viewed / "w.unpool", viewed) as url, opened(browser, url) as page:
        assert test(page, "rebuild").count() == 0
        table.update(paths[:20], {"joined_distance": [0.5] * 20})
        page.reload()
        line = test(page, "rebuild")
        line.wait_for()
        assert f"20 of {len(paths)} images came after the groups were made" in line.inner_text()
        with page.expect_response(lambda answer: answer.url.endswith("/api/jobs")) as sent:
            line.get_by_role("button").click()
        assert sent.value.request.post_data_json == {"kind": "run", "options": {"rebuild": True}}
        test(page, "job-stop").click()


def test_the_command_shows_the_map(browser: Any, viewed: Path) -> None:
    """The other tests serve the page themselves, which is quicker."""
    with started(viewed / "w.unpool", viewed) as url, opened(browser, url) as page:
        assert test(page, "group-item").count() == 3


def test_hover_shows_the_image_that_is_there(page: Any, viewed: Path) -> None:
    page.wait_for_function("() => document.querySelector('[data-testid=map]').__map.pictures().length > 3")
    pictures = page.evaluate("document.querySelector('[data-testid=map]').__map.pictures()")
    box = test(page, "map").bounding_box()
    picture = pictures[0]
    page.mouse.move(box["x"] + picture["x"], box["y"] + picture["y"])
    card = test(page, "hover")
    assert card.get_attribute("data-row") == str(picture["row"])
    path = by_path(viewed).index[picture["row"]]
    card.get_by_text(path).wait_for()


def test_a_lasso_selects_what_lies_in_it(page: Any, viewed: Path) -> None:
    table = by_path(viewed, "group")
    rows = [row for row, group in enumerate(table["group"]) if group == 0][:6]
    wanted = inside(page, rows, len(table))
    lasso(page, rows)
    page.wait_for_selector("[data-testid=selection] [data-testid=grid-cell]")
    assert selected(page) == wanted
    assert str(len(wanted)) in test(page, "selection-count").text_content()


def test_a_label_is_undone_redone_and_survives_a_reload(page: Any, viewed: Path) -> None:
    choose_some(page, [0, 3])
    label(page, "cup")
    assert by_path(viewed, "label")["label"].iloc[[0, 3]].tolist() == ["cup", "cup"]
    test(page, "undo").click()
    page.wait_for_function("() => !document.querySelector('[data-testid=undo]:not([disabled])')")
    assert by_path(viewed, "label")["label"].isna().all()
    label(page, "<b>cup</b>")
    page.reload()
    page.wait_for_function("() => document.querySelector('[data-testid=map]')?.__map?.ready")
    test(page, "view-grid").click()
    page.get_by_text("<b>cup</b>").first.wait_for()
    assert by_path(viewed, "label")["label"].iloc[[0, 3]].tolist() == ["<b>cup</b>"] * 2


def test_groups_are_merged_and_parted_again(page: Any, viewed: Path) -> None:
    before = by_path(viewed, "group")["group"].tolist()
    items = test(page, "group-item")
    items.nth(0).click(modifiers=["ControlOrMeta"])
    items.nth(1).click(modifiers=["ControlOrMeta"])
    test(page, "merge").click()
    page.wait_for_selector("[data-testid=toast]")
    merged = by_path(viewed, "group")["group"].tolist()
    assert len(set(merged)) == len(set(before)) - 1
    assert page.get_by_test_id("group-item").count() == len(set(merged))
    test(page, "undo").click()
    page.wait_for_function("count => document.querySelectorAll('[data-testid=group-item]').length === count",
                           arg=len(set(before)))  # fmt: skip
    assert by_path(viewed, "group")["group"].tolist() == before


def test_a_group_is_split(page: Any, viewed: Path) -> None:
    before = by_path(viewed, "group")["group"].tolist()
    test(page, "group-item").nth(0).click(modifiers=["ControlOrMeta"])
    test(page, "split").click()
    page.wait_for_selector("[data-testid=toast]")
    split = by_path(viewed, "group")["group"].tolist()
    assert len(set(split)) == len(set(before)) + 1
    moved = [(old, new) for old, new in zip(before, split, strict=True) if old != new]
    assert set(moved) == {(0, max(before) + 1)}
    assert test(page, "group-item").count() == len(set(split))


def test_the_slider_moves_groups_along_their_tree(page: Any, viewed: Path) -> None:
    before = by_path(viewed, "group")["group"].tolist()
    slider, words = test(page, "level"), test(page, "level-words")
    assert words.text_content().endswith("(found)")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert test(page, "group-item").count() == 5, "shown before the server answers"
    assert words.text_content().startswith("5 groups, stability ")
    page.wait_for_selector("[data-testid=toast] >> text=from 3 to 5")
    assert len(set(by_path(viewed, "group")["group"])) == 5
    slider.fill("2")
    page.wait_for_selector("[data-testid=toast] >> text=from 5 to 2")
    assert test(page, "group-item").count() == len(set(by_path(viewed, "group")["group"])) == 2
    for count in (5, 3):
        page.keyboard.press("ControlOrMeta+z")
        page.wait_for_function("count => document.querySelectorAll('[data-testid=group-item]').length === count",
                               arg=count)  # fmt: skip
    assert by_path(viewed, "group")["group"].tolist() == before


def test_a_dropped_file_finds_itself_first(page: Any, viewed: Path) -> None:
    path = by_path(viewed).index[20]
    test(page, "search-file").set_input_files(viewed / "images" / path)
    cell = test(page, "results").get_by_test_id("grid-cell").first
    cell.wait_for()
    assert cell.get_attribute("data-row") == "20"


def test_an_image_opens_with_its_facts_and_its_mirror(page: Any, viewed: Path) -> None:
    test(page, "view-grid").click()
    test(page, "grid").locator("[data-row='2']").first.dblclick()
    dialog = test(page, "dialog")
    dialog.wait_for()
    dialog.get_by_text(by_path(viewed).index[2]).first.wait_for()
    page.wait_for_function("() => [...document.querySelectorAll('[data-testid=dialog] img')]"
                           ".filter(image => image.complete && image.naturalWidth > 0).length >= 4")  # fmt: skip
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_selection_is_exported_to_folders(page: Any, viewed: Path) -> None:
    choose_some(page, [1, 4])
    test(page, "export-open").first.click()
    page.get_by_role("radio", name="Class folders").check()
    page.get_by_role("radio", name="selection", exact=False).check()
    test(page, "export-apply").click()
    page.wait_for_selector("[data-testid=toast]")
    files = [file for file in (viewed / "w.unpool" / "exports").rglob("*") if file.is_file()]
    wanted = by_path(viewed).index[[1, 4]]
    assert {file.read_bytes() for file in files} == {
        (viewed / "images" / path).read_bytes() for path in wanted
    }


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_view_is_accessible_and_silent(browser: Any, url: str, scheme: str) -> None:
    with opened(browser, url, color_scheme=scheme) as page:
        for view in ("map", "grid", "table", "problems", "quality"):
            test(page, f"view-{view}").click()
            page.wait_for_timeout(300)
            check_accessible(page, f"{view}, {scheme}")
        test(page, "view-grid").click()
        test(page, "grid").locator("[data-row='2']").first.dblclick()
        test(page, "dialog").wait_for()
        page.wait_for_timeout(500)
        check_accessible(page, f"image, {scheme}")


def test_on_a_phone_everything_is_reached(browser: Any, url: str) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with opened(browser, url, **options) as page:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
        for view in ("grid", "table", "problems", "quality", "map"):
            test(page, f"view-{view}").click()
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_check_runs_with_live_progress_and_its_finds_are_shown(page: Any) -> None:
    test(page, "view-problems").click()
    test(page, "check").first.click()
    page.wait_for_selector("[data-testid=job][data-state=done]", timeout=90_000)
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=check]')?.textContent.includes('not been')"
    )
    assert page.get_by_test_id("problem-unreadable").text_content().endswith("1")


@pytest.mark.slow
def test_a_run_is_started_on_a_folder_and_opened(page: Any) -> None:
    test(page, "jobs-open").click()
    page.get_by_role("button", name="New run").first.click()
    dialog = test(page, "run")
    dialog.get_by_role("button", name="images").first.click()
    dialog.get_by_role("button", name="disc").first.click()
    dialog.get_by_label("minutes", exact=False).first.fill("0.1")
    test(page, "run-start").click()
    page.wait_for_selector("[data-testid=job][data-state=done]", timeout=120_000)
    test(page, "job-open").click()
    page.get_by_text("12 images").first.wait_for()


def test_fingers_select_open_move_zoom_and_draw_on_the_map(browser: Any, url: str, viewed: Path) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    rows = list(range(len(by_path(viewed))))
    with opened(browser, url, **options) as page:
        some = "() => document.querySelector('[data-testid=map]').__map.pictures().length > 3"
        page.wait_for_function(some)
        session = page.context.new_cdp_session(page)
        box = test(page, "map").bounding_box()
        middle_2 = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])

        def touch(kind: str, *fingers: Any) -> None:
            points = [{"x": float(x), "y": float(y), "id": finger} for finger, (x, y) in enumerate(fingers)]
            session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

        def tap(place: Any) -> None:
            touch("Start", place)
            touch("End")

        def close(dialog: Any) -> None:
            dialog.get_by_text(path).first.wait_for()
            page.keyboard.press("Escape")
            dialog.wait_for(state="detached")

        pictures = page.evaluate("document.querySelector('[data-testid=map]').__map.pictures()")
        picture = next(one for one in pictures if 20 < one["x"] < 370 and 60 < one["y"] < 550)
        place = box["x"] + picture["x"], box["y"] + picture["y"]
        path = by_path(viewed).index[picture["row"]]
        dialog, count = test(page, "dialog"), test(page, "selection-count")
        tap(place)
        page.wait_for_timeout(200)
        assert count.text_content() == "1"
        assert dialog.count() == 0
        page.wait_for_timeout(400)
        tap(place)
        tap(place)
        dialog.wait_for()
        close(dialog)
        page.wait_for_timeout(400)
        touch("Start", place)
        dialog.wait_for()
        touch("End")
        page.wait_for_timeout(200)
        close(dialog)

        before_N2 = np.array(on_map(page, rows))
        touch("Start", middle_2)
        for step in range(1, 6):
            touch("Move", middle_2 + np.array([8, -6]) * step)
        touch("End")
        moved_N2 = np.array(on_map(page, rows))
        assert np.allclose(moved_N2 - before_N2, [40, -30], atol=0.1)
        side_2 = np.array([8, 0])
        touch("Start", middle_2 - 5 * side_2, middle_2 + 5 * side_2)
        for step in range(6, 11):
            touch("Move", middle_2 - step * side_2, middle_2 + step * side_2)
        touch("End")
        zoomed_N2 = np.array(on_map(page, rows))
        assert np.allclose(zoomed_N2 - middle_2, 2 * (moved_N2 - middle_2), atol=0.5)
        assert page.evaluate("[visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]
        assert dialog.count() == 0

        test(page, "map-reset").tap()
        page.wait_for_timeout(600)
        test(page, "lasso-toggle").tap()
        home_N2 = np.array(on_map(page, rows))
        low_2, high_2 = np.array([0, box["y"] + 70]), np.array([390, home_N2[:, 1].mean()])
        corners = [low_2, (high_2[0], low_2[1]), high_2, (low_2[0], high_2[1]), low_2]
        touch("Start", corners[0])
        for corner in corners[1:]:
            touch("Move", corner)
        touch("End")
        wanted = ((home_N2 > low_2) & (home_N2 < high_2)).all(1).sum()
        assert 0 < wanted < len(rows)
        page.wait_for_timeout(200)
        assert count.text_content() == str(wanted)
        assert np.allclose(on_map(page, rows), home_N2)


def test_a_day_narrows_the_grid_to_its_images(page: Any, viewed: Path) -> None:
    discs = by_path(viewed).index.str.startswith("disc/")
    test(page, "view-grid").click()
    day = datetime.fromtimestamp(DATED).strftime("%Y-%m-%d")
    page.get_by_role("textbox", name="Until").fill(day)
    page.get_by_text(f"{discs.sum()} of {len(discs)}").wait_for()
    page.get_by_role("textbox", name="From").fill(day)
    page.get_by_text(f"{discs.sum()} of {len(discs)}").wait_for()
