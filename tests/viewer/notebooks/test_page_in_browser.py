"""A browser of this machine shows the page in the frame of a notebook."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.browser import CHROMIUM, chromium
from unpool import Workspace


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_shows_the_frame_on_a_page_of_this_machine(viewed: Path) -> None:
    page = Workspace(viewed / "w.unpool").view(height=500)
    notebook = f"<html><body>{page._repr_html_()}</body></html>".encode()

    class Notebook(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(notebook)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Notebook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with chromium() as browser:
            shown = browser.new_page()
            shown.goto(f"http://localhost:{server.server_port}/")
            frame = shown.frame_locator("iframe")
            frame.get_by_test_id("view-problems").wait_for()
            frame.get_by_test_id("view-grid").click()
            frame.get_by_test_id("view-problems").click()
            shown.close()
        server.shutdown()
    page.close()
