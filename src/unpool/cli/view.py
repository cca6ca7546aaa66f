"""`unpool view`: serve the page of a workspace."""

from __future__ import annotations

import json
import sys
import webbrowser

from unpool.cli.parameters import Common, NoOpen, SpaceWork
from unpool.errors import UsageError
from unpool.viewer.settings import ViewSettings

COMMON = Common()
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def view(
    *,
    work: SpaceWork,
    settings: ViewSettings,
    no_open: NoOpen = False,
    common: Common = COMMON,
) -> None:
    """Explore a workspace in the browser.

    The page has a map, groups, labels, search, problems and export.

    The server answers this machine alone unless --host says otherwise. Runs can be started from the page on
    folders inside the current one. Ctrl-C stops it.
    """
    from unpool.viewer.server import serve

    host = settings.host
    if host in ("0.0.0.0", "::", ""):
        raise UsageError(
            f"--host {host!r} is no single address; give the one that others reach this machine by"
        )
    if host not in LOCAL_HOSTS:
        print(f"unpool: everyone who reaches {host} can see and change this workspace", file=sys.stderr)

    def announce(url: str) -> None:
        print(json.dumps({"url": url}) if common.json else f"{url}\nCtrl-C stops it", flush=True)
        if not no_open and not common.json and sys.stdout.isatty():
            webbrowser.open(url)

    serve(work, host=host, port=settings.port, segmenter=settings.segmenter, ready=announce)
