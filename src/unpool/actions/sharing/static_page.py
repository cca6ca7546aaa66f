"""The page in one file: its script, its style and what it shows, to be opened from disk or mailed; no server.

Shapes: N images as in `Snapshot`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unpool.actions.sharing.quality import quality
from unpool.actions.sharing.snapshot import Snapshot
from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError
from unpool.options import ANNOTATION_FILTERS, PROBLEMS
from unpool.report.page import as_json
from unpool.store.state import REPORT
from unpool.store.table import Thumbnails

MAX_BYTES = 24_000_000  # of the file, so that it can be mailed and opened on a phone
MAX_IMAGES = 120_000
AT_ONCE = 500  # thumbnails
FACTS = ("probability", "width", "height", "outlier_score")


def write_share(
    work: Path, out: Path, *, paths: Sequence[str] | None = None, max_bytes: int = MAX_BYTES
) -> int:
    """Write the page with the images of a workspace, or `paths` of them, to one HTML file; returns how many.

    Thumbnails are put in until the file has `max_bytes`, those that stand for their group first; the other images
    are dots. Nothing is told of images that are not in it. Raises `UnpoolError` where there is no image to show, or
    this copy of unpool has no page.
    """
    seen = _seen(work, paths)
    if not len(seen):
        raise UnpoolError(f"there is no image to show in {work}; run `unpool run` on a folder first")
    shared = {
        "collection": _collection(seen, whole=paths is None),
        "points": base64.b64encode(seen.points()).decode(),
        "facts": _facts(seen),
        "quality": _quality(work) if paths is None else {"figures": [], "pictures": [], "tables": []},
    }
    page = _Page(seen.name)
    room = max_bytes - page.size - len(as_json(shared))
    write_text(out, page.filled(as_json(shared | {"thumbnails": _thumbnails(seen, room)})))
    return len(seen)


def _seen(work: Path, paths: Sequence[str] | None) -> Snapshot:
    """The images to show; of too many those that come first."""
    seen = Snapshot(work, paths)
    if len(seen) <= MAX_IMAGES:
        return seen
    return Snapshot(work, seen.some_paths(np.argsort(seen.priority_N)[:MAX_IMAGES]))


def _collection(seen: Snapshot, *, whole: bool) -> dict[str, Any]:
    """The `Collection` of web/src/data/types.ts, without places on this machine and what needs a server."""
    return seen.collection() | {
        "revision": 0, "work": "", "folder": None, "skipped": seen.skipped if whole else 0,
        "problems": dict.fromkeys((*PROBLEMS, *ANNOTATION_FILTERS, "unreadable"), 0), "checked": False,
        "dates": {"first": None, "last": None},
        "has": {"map": seen.is_mapped, "model": False, "mirror": False, "segmenter": False}, "undo": None,
    }  # fmt: skip


def _facts(seen: Snapshot) -> dict[str, list[Any]]:
    names, code_N = seen.words["label"]
    facts: dict[str, list[Any]] = {
        name: [_short(value) for value in seen.numbers[name].tolist()] for name in FACTS
    }
    return facts | {
        "path": seen.some_paths(np.arange(len(seen))),
        "label": [names[code] if code >= 0 else None for code in code_N.tolist()],
    }


def _short(value: float) -> float | int | None:
    if value != value:
        return None
    return int(value) if value.is_integer() else float(f"{value:.4g}")


def _quality(work: Path) -> dict[str, Any]:
    def url(name: str) -> str:
        return "data:image/png;base64," + base64.b64encode((work / REPORT / name).read_bytes()).decode()

    return quality(work, url)


def _thumbnails(seen: Snapshot, room: int) -> dict[str, str]:
    """Base64 of as many thumbnails as there is room for, by row."""
    thumbnails = Thumbnails(seen.work, seen.paths)
    found: dict[str, str] = {}
    first_N: NDArray[np.intp] = np.argsort(seen.priority_N)
    for start in range(0, len(seen), AT_ONCE):
        part = first_N[start : start + AT_ONCE].tolist()
        for row, content in zip(part, thumbnails.take(part), strict=True):
            if content is None:
                continue
            room -= 4 * math.ceil(len(content) / 3) + 16
            if room < 0:
                return found
            found[str(row)] = base64.b64encode(content).decode()
    return found


class _Page:
    """The built page around what it is to show."""

    def __init__(self, title: str) -> None:
        self._title = html.escape(title.encode("utf-8", "replace").decode())
        static = files("unpool") / "viewer" / "static"
        # Inside an element only its own end tag could end it, and "<!--" change how scripts are read.
        script = re.sub(r"</(?=script)", r"<\\/", _text(static / "assets" / "page.js"), flags=re.IGNORECASE)
        self._script = script.replace("<!--", "<\\!--")
        self._style = re.sub(
            r"</(?=style)", r"<\\/", _text(static / "assets" / "page.css"), flags=re.IGNORECASE
        )
        self.size = len((self._title + self._script + self._style).encode()) + 2_000

    def filled(self, data: str) -> str:
        """The whole file. Its policy lets nothing run but the page's own script, and nothing be fetched."""
        # The map writes code of its own; what carries this number may run, and no label can know it.
        nonce = base64.b64encode(hashlib.sha256((data + self._script).encode()).digest()).decode()
        policy = (
            f"default-src 'none'; img-src data: blob:; script-src 'nonce-{nonce}'; worker-src blob:; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="referrer" content="no-referrer">\n<meta property="csp-nonce" nonce="{nonce}">\n'
            f'<title>{self._title}</title>\n<link rel="icon" href="data:,">\n<style>{self._style}</style>\n'
            '</head>\n<body>\n<div id="app"></div>\n'
            f'<script type="application/json" id="unpool-static">{data}</script>\n'
            f'<script type="module" nonce="{nonce}">{self._script}</script>\n</body>\n</html>\n'
        )


def _text(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnpoolError(
            f"this copy of unpool has no page ({file}); install a release, or build web/ with npm run build"
        ) from error
