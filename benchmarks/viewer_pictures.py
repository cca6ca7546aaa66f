"""Take the pictures of the viewer in docs/images.

unpool demo --no-open --work demo.unpool && unpool check --work demo.unpool
python benchmarks/viewer_pictures.py demo.unpool [--out docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from viewer_page import READY, draw_lasso, viewer

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


if __name__ == "__main__":
    main()
