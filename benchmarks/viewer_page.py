"""Server and headless Chromium that the viewer's benchmarks share."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

GL = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
      "--disable-background-networking", "--disable-sync", "--disable-component-update"]  # fmt: skip
MAP = "document.querySelector('[data-testid=map]')"
READY = f"() => {MAP}?.__map?.ready"


@contextmanager
def viewer(work: Path, chromium: str) -> Iterator[tuple[Any, str, int]]:
    """Yield a browser, the address of the page, and the server's process id."""
    command = [sys.executable, "-m", "unpool", "view", "--work", str(work), "--no-open", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as driver:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        browser = driver.chromium.launch(executable_path=chromium, args=GL)
        yield browser, url, server.pid
        browser.close()
        server.send_signal(signal.SIGINT)


def draw_lasso(page: Any) -> None:
    """Draw a loop around the middle of the map, without releasing the mouse."""
    page.get_by_test_id("lasso-toggle").click()
    box = page.get_by_test_id("map").bounding_box()
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    right, bottom = box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(*corner, steps=15)
