"""Take the pictures of the viewer in docs/images.

unpool demo --no-open --work demo.unpool && unpool check --work demo.unpool
python benchmarks/viewer_pictures.py demo.unpool [--out docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from unpool.store.table import ImageTable
from viewer_page import READY, draw_lasso, viewer

TAUGHT = 40  # images
VIEWS = ("grid", "table", "problems", "quality")


def open_page(browser: Any, url: str, **options: Any) -> Any:
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 720}, **options})
    page.goto(url)
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(2000)
    return page


def close_up(page: Any) -> None:
    box = page.get_by_test_id("map").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.42, box["y"] + box["height"] * 0.45)
    for _ in range(8):
        page.mouse.wheel(0, -240)
        page.wait_for_timeout(100)
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5)
    page.wait_for_timeout(2500)


def name_by_key(page: Any, name: str) -> None:
    """Give the image of the Teach view its name, by its key or typed."""
    buttons = page.get_by_test_id("teach-name")
    known = [buttons.nth(place).get_attribute("data-name") for place in range(min(9, buttons.count()))]
    with page.expect_response(lambda answer: "/api/teach" in answer.url):
        if name in known:
            page.keyboard.press(str(known.index(name) + 1))
        else:
            page.keyboard.press("n")
            page.keyboard.type(name)
            page.keyboard.press("Enter")


def teach(browser: Any, url: str, out: Path, folders: list[str]) -> None:
    """Name some images by the folders of all, sorted by path: the workspace keeps these labels."""
    page = open_page(browser, url)
    page.keyboard.press("t")
    for _ in range(TAUGHT):
        page.get_by_test_id("teach").wait_for()
        name_by_key(page, folders[int(page.get_by_test_id("teach").get_attribute("data-row"))])
        page.wait_for_timeout(300)
    page.wait_for_timeout(4000)
    page.screenshot(path=out / "viewer-teach.png")
    page.close()


def take(browser: Any, url: str, out: Path) -> None:
    page = open_page(browser, url)
    page.screenshot(path=out / "viewer-map.png")
    draw_lasso(page)
    page.mouse.up()
    page.wait_for_timeout(1500)
    page.screenshot(path=out / "viewer-lasso.png")
    page.get_by_test_id("lasso-toggle").click()
    close_up(page)
    page.screenshot(path=out / "viewer-close.png")
    for view in VIEWS:
        page.get_by_test_id(f"view-{view}").click()
        page.wait_for_timeout(1500)
        page.screenshot(path=out / f"viewer-{view}.png")
    page.get_by_test_id("view-grid").click()
    page.get_by_test_id("grid").get_by_test_id("grid-cell").nth(3).dblclick()
    page.wait_for_timeout(4000)
    page.screenshot(path=out / "viewer-image.png")
    page.close()
    page = open_page(browser, url, color_scheme="dark")
    page.screenshot(path=out / "viewer-dark.png")
    page.close()
    page = open_page(browser, url, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.screenshot(path=out / "viewer-phone.png")
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    with viewer(args.work, args.chromium) as (browser, url, _):
        take(browser, url, args.out)
        rows = ImageTable(args.work).arrow(["path"], where="status = 'ok'").sort_by("path")
        teach(browser, url, args.out, [path.rpartition("/")[0] for path in rows["path"].to_pylist()])


if __name__ == "__main__":
    main()
