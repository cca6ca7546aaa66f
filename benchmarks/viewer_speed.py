"""How quick the viewer is on a large workspace, in a headless Chromium that draws WebGL by software.

    python benchmarks/viewer_workspace.py big.unpool --images 100000
    python benchmarks/viewer_speed.py big.unpool [--picture shot.png]

Milliseconds from the opened page to the first painted map; from the end of a lasso to the selection on the page;
from the end of a zoom to all thumbnails of the view; and the server's largest memory in MiB. Medians of --rounds.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

GL = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
      "--disable-background-networking", "--disable-sync", "--disable-component-update"]  # fmt: skip
MAP = "document.querySelector('[data-testid=map]')"


def first_paint(browser: Any, url: str) -> tuple[Any, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    began = time.perf_counter()
    page.goto(url)
    page.wait_for_function(f"() => {MAP}?.__map?.ready", polling=10, timeout=120_000)
    return page, 1000 * (time.perf_counter() - began)


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
    page.get_by_test_id("lasso-toggle").click()
    box = page.get_by_test_id("map").bounding_box()
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    right, bottom = box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(*corner, steps=15)
    page.evaluate("window.lassoed = performance.now()")
    page.mouse.up()
    page.wait_for_selector("[data-testid=selection-count]", timeout=20_000)
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
    words = [sys.executable, "-m", "unpool", "view", "--work", str(args.work), "--no-open", "--json"]
    began = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as driver:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        started = time.perf_counter() - began
        browser = driver.chromium.launch(executable_path=args.chromium, args=GL)
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
        told = {name: round(statistics.median(values)) for name, values in times.items()}
        print(
            json.dumps(told | {"server start, s": round(started, 1), "server MiB": round(memory(server.pid))})
        )
        browser.close()
        server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
