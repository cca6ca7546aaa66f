"""The page inside a notebook, in a frame."""

from __future__ import annotations

import html
import threading
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.viewer.server import create_app, listen, make_server

TIMEOUT = 30.0  # seconds until the server must answer


class NotebookPage:
    """The page of a workspace, in a frame.

    It is served by this process until it ends. A notebook shows it where it is the last value of a cell. It answers
    this machine alone: a notebook that runs on another one cannot reach it.

    Attributes:
        url: The address of the page.
    """

    def __init__(self, work: Path, *, height: int = 640) -> None:
        """Start the server of a workspace.

        Args:
            work: The workspace.
            height: Of the frame in pixels.

        Raises:
            UnpoolError: There is no workspace, or the server does not start.
        """
        self.height, self.url = height, ""
        self._app = create_app(work, framed=True)
        self._listening = listen("127.0.0.1", 0)
        started = threading.Event()

        def note(url: str) -> None:
            self.url = url
            started.set()

        self._server = make_server(self._app, self._listening, note)
        self._thread = threading.Thread(target=self._run, name="unpool page", daemon=True)
        self._thread.start()
        if not started.wait(TIMEOUT):
            self.close()
            raise UnpoolError(
                f"the page of {work} did not start within {TIMEOUT:g} seconds; see `unpool view`"
            )

    def __repr__(self) -> str:
        return f"the page at {self.url}" if self.url else "the page, closed"

    def _repr_html_(self) -> str:
        if not self.url:
            return "<p>The page was closed.</p>"
        url = html.escape(self.url)
        frame = f'<iframe src="{url}" width="100%" height="{self.height}" title="unpool"></iframe>'
        return f'{frame}<p><a href="{url}" target="_blank" rel="noopener">open in a tab of its own</a></p>'

    def close(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._app.release()  # pages that wait for events would keep it waiting for them
        self._thread.join(timeout=10)
        self.url = ""

    def _run(self) -> None:
        with self._listening:
            try:
                self._server.run(sockets=[self._listening])
            finally:
                self._app.close()
