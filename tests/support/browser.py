"""A headless Chromium on the viewer's page, and what its complaints are."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SOFTWARE_GL = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
    "--disable-background-networking", "--disable-sync", "--disable-component-update",
]  # fmt: skip
DRIVERS_TALK = ("GPU stall due to ReadPixels", "WebGL", "swiftshader", "SwiftShader")


@contextmanager
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE_GL)
        yield browser
        browser.close()


@contextmanager
def served(work: Path, root: Path) -> Iterator[str]:
    """The viewer of a workspace in a thread of this process; its address."""
    import uvicorn

    from unpool.viewer.server import create_app

    app = create_app(work, root=root)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            app.release()  # else a page that waits for events keeps the server waiting for it
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@contextmanager
def started(work: Path, root: Path) -> Iterator[str]:
    """`unpool view` as a user starts it; its address."""
    command = [sys.executable, "-m", "unpool", "view", "--work", str(work), "--no-open", "--json"]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            assert server.stderr is not None
            raise AssertionError(server.stderr.read())
        try:
            yield json.loads(line)["url"]
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(20) in (0, 1, -signal.SIGINT)


@contextmanager
def opened(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """A page that has painted its map; `complaints` and `strangers` must be empty when it is closed."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **options})
    page = context.new_page()
    page.complaints, page.strangers = [], []
    page.on("console", lambda result: _note(page, result))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda asked: _ours(asked.url, url) or page.strangers.append(asked.url))
    page.goto(url)
    page.wait_for_function("() => document.querySelector('[data-testid=map]')?.__map?.ready", timeout=20_000)
    yield page
    assert page.complaints == []
    assert page.strangers == []
    assert page.evaluate("window.hacked") is None
    context.close()


def _note(page: Any, result: Any) -> None:
    if result.type in ("error", "warning") and not any(words in result.text for words in DRIVERS_TALK):
        page.complaints.append(result.text)


ALL_SHOWN = """Promise.all(document.getAnimations({subtree: true})
    .filter(each => each.effect.getComputedTiming().iterations !== Infinity).map(each => each.finished))"""


def _ours(asked: str, url: str) -> bool:
    return asked.startswith((url, "data:", "blob:" + url.rstrip("/")))


def on_map(page: Any, rows: list[int]) -> list[list[float]]:
    """Where images are drawn, in pixels of the window."""
    places: list[list[float]] = page.evaluate(
        """rows => { const element = document.querySelector('[data-testid=map]');
                     const box = element.getBoundingClientRect();
                     return element.__map.places(rows).map(([x, y]) => [x + box.x, y + box.y]); }""",
        rows,
    )
    return places


def check_accessible(page: Any, where: str) -> None:
    """No serious finding of axe-core."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: make page")
    page.evaluate(ALL_SHOWN)  # text that is fading in has too little contrast
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    serious = [entry for entry in found if entry["impact"] in ("serious", "critical")]
    result = [(entry["id"], entry["nodes"][0]["html"][:200]) for entry in serious]
    assert not result, f"{where}: {result}"
