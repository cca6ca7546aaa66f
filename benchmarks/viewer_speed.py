"""Measure the speed of the viewer on a large workspace.

    python benchmarks/viewer_workspace.py big.unpool --images 100000
    python benchmarks/viewer_speed.py big.unpool [--picture shot.png]

Chromium is headless and draws WebGL by software. Milliseconds from the opened page to the first painted map; from
the end of a lasso to the selection on the page; from the end of a zoom to all thumbnails of the view; and the
server's largest memory in MiB. Medians of --rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from viewer_page import MAP, READY, draw_lasso, viewer


def first_paint(browser: Any, url: str) -> tuple[Any, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    start = time.perf_counter()
    page.goto(url)
    page.wait_for_function(READY, polling=10, timeout=120_000)
    return page, 1000 * (time.perf_counter() - start)


def zoom(page: Any) -> float:
    box = page.get_by_test_id("map").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.evaluate(f"{MAP}.addEventListener('unpool:pictures', () => (window.pictured = performance.now()))")
    for _ in range(4):
        page.mouse.wheel(0, -240)
        page.wait_for_timeout(30)
    zoomed = page.evaluate("performance.now()")
    page.wait_for_function("zoomed => window.pictured > zoomed", arg=zoomed, polling=10, timeout=20_000)
    page.wait_for_timeout(1500)  # the last of them counts
    return float(page.evaluate("window.pictured")) - zoomed


def lasso(page: Any) -> float:
    draw_lasso(page)
    page.evaluate("window.lassoed = performance.now()")
    page.mouse.up()
    page.wait_for_selector("[data-testid=selection] [data-testid=grid-cell]", timeout=20_000)
    return float(page.evaluate("performance.now() - window.lassoed"))


def memory(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    start = time.perf_counter()
    with viewer(args.work, args.chromium) as (browser, url, server):
        started = time.perf_counter() - start
        times: dict[str, list[float]] = {"first paint": [], "zoom": [], "lasso": []}
        for _ in range(args.rounds):
            page, painted = first_paint(browser, url)
            times["first paint"].append(painted)
            page.wait_for_timeout(2000)
            times["lasso"].append(lasso(page))
            page.get_by_test_id("lasso-toggle").click()
            times["zoom"].append(zoom(page))
            if args.picture:
                page.screenshot(path=args.picture)
            page.close()
        result = {name: round(statistics.median(values)) for name, values in times.items()}
        print(
            json.dumps(
                result
                | {"server and browser start, s": round(started, 1), "server MiB": round(memory(server))}
            )
        )


if __name__ == "__main__":
    main()
