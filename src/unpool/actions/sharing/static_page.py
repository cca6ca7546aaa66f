"""The page in one file: no server, no network.

Shapes: N images as in `Snapshot`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import math
import os
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unpool.actions.fields.shared_fields import describe_shared_fields
from unpool.actions.fields.shown_fields import ShownFields
from unpool.actions.sharing.json_text import as_json
from unpool.actions.sharing.quality import PICTURES, empty_quality, quality
from unpool.actions.sharing.snapshot import Snapshot
from unpool.core.atomic_files import write_text
from unpool.core.cpu import usable_cores
from unpool.errors import UnpoolError
from unpool.images.pixel_cache import map_ordered
from unpool.store.findings import found_sets
from unpool.store.reading import Reading, count_reading, summarise_reading
from unpool.store.state import REPORT
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable
from unpool.store.thumbnails import Thumbnails

PAGE_MARK = 'id="unpool-static"'  # by which a page of unpool is known
MAX_BYTES = 24_000_000  # of the file, so that it can be mailed and opened on a phone
MAX_IMAGES = 120_000
MAX_UNREADABLE = 1_000  # files listed; all of them are in problems.csv
MAX_PNG_BYTES = 200_000  # of a picture that goes into the page unchanged; a larger one becomes WebP
CHUNK = 500  # thumbnails read at once


def write_static_page(
    work: Path,
    out: Path,
    *,
    paths: Sequence[str] | None = None,
    pictures: Sequence[Path] = (),
    originals: Path | None = None,
    max_bytes: int | None = None,
) -> int:
    """Write a workspace's page to one HTML file.

    Thumbnails go in until the file has `max_bytes`, those that stand for their group first; other images are
    dots. The page says what was left out, and says nothing of images that are not in it.

    Args:
        work: the workspace.
        out: the file.
        paths: some images only; None for all. Quality and unreadable files are of all images, so they are left out.
        pictures: folders to look for the pictures of *Quality* in, one after the other; WORK/report if empty.
        originals: the folder of the images, for a page that stays where it is: it shows originals from there.
        max_bytes: most bytes of the file; `MAX_BYTES` where None.

    Returns:
        The number of images in the page.

    Raises:
        UnpoolError: there is no image to show, or this copy of unpool has no page.
    """
    everything = Snapshot(work, paths)
    if not len(everything):
        raise UnpoolError(f"there is no image to show in {work}; run `unpool run` on a folder first")
    seen = _first_images(everything)
    shared = _describe(seen, pictures, whole=paths is None) | {
        "originals": relative_url(originals, out.parent)
    }
    page = _Page(seen.name, shows_originals=originals is not None)
    room = (MAX_BYTES if max_bytes is None else max_bytes) - page.size - len(as_json(shared))
    thumbnails = _thumbnails(seen, room)
    note = _note(len(everything), len(seen), len(thumbnails), shared["fields"] is not None)
    shared |= {"thumbnails": thumbnails, "note": note}
    write_text(out, page.fill(as_json(shared)))
    return len(seen)


def _describe(seen: Snapshot, pictures: Sequence[Path], *, whole: bool) -> dict[str, object]:
    """All that the page carries, without thumbnails; `whole` says that all images are in it."""
    problems, is_checked = seen.find_problems()
    counts = {kind: len(rows) for kind, rows in problems.items()}
    return {
        "collection": _collection(seen, counts, is_checked=is_checked, whole=whole),
        "points": base64.b64encode(seen.points()).decode(),
        "facts": seen.shared_values(),
        "problems": {kind: rows.tolist() for kind, rows in problems.items()},
        "figures": seen.find_figures(),
        "sets": _sets_by_kind(seen),
        **(_of_all_images(seen.work, pictures) if whole else _of_some_images()),
        "fields": describe_shared_fields(ShownFields(seen.work, seen.paths)),
    }


def _of_all_images(work: Path, pictures: Sequence[Path]) -> dict[str, object]:
    return {
        "unreadable": _unreadable(work), "reading": summarise_reading(work), "quality": _quality(work, pictures),
    }  # fmt: skip


def _of_some_images() -> dict[str, object]:
    return {
        "unreadable": [], "reading": Reading(assumed=[], notes=[], left_out=[]), "quality": empty_quality(),
    }  # fmt: skip


def relative_url(folder: Path | None, page_folder: Path) -> str | None:
    """Return the URL of a folder relative to the page.

    Args:
        folder: the folder to reach; None gives None.
        page_folder: where the page lies.

    Returns:
        A relative URL, or an absolute one where no relative path leads there (another drive).
    """
    if folder is None:
        return None
    try:
        relative = os.path.relpath(folder.resolve(), page_folder.resolve())
    except ValueError:
        return folder.resolve().as_uri()
    return "/".join(quote(os.fsencode(part), safe="") for part in Path(relative).parts)


def _first_images(seen: Snapshot) -> Snapshot:
    """Of too many images those that come first."""
    if len(seen) <= MAX_IMAGES:
        return seen
    return Snapshot(seen.work, seen.some_paths(np.argsort(seen.priority_N)[:MAX_IMAGES]))


def _note(num_images: int, num_shown: int, num_pictures: int, has_fields: bool) -> str | None:
    """What the page leaves out, as a sentence; None where it has everything."""
    if num_pictures == num_images and has_fields:
        return None
    shown = f"This file holds {num_shown:,} of {num_images:,} images" if num_shown < num_images else ""
    dots = f"{num_pictures:,} of {num_shown:,} images have a picture here, the others are dots"
    fields = "" if has_fields else "Fields are too many for this file"
    parts = [part for part in (shown, dots if num_pictures < num_shown else "", fields) if part]
    return ". ".join(parts) + ". Run `unpool view` to see all of them."


def _collection(
    seen: Snapshot, problems: dict[str, int], *, is_checked: bool, whole: bool
) -> dict[str, object]:
    """The `Collection` of web/src/data/types.ts, without places on this machine and what needs a server."""
    skipped = seen.skipped if whole else 0
    num_assumed = count_reading(summarise_reading(seen.work)) if whole else 0
    return {
        **seen.collection(), "revision": 0, "work": "", "folder": None, "skipped": skipped,
        "problems": problems | {"unreadable": skipped, "reading": num_assumed}, "checked": is_checked,
        "undo": None, "redo": None, "rebuild": None, "inspection": None,
        "dates": {"first": None, "last": None},
        "has": {"map": seen.is_mapped, "model": False, "mirror": False, "segmenter": False},
    }  # fmt: skip


def _sets_by_kind(seen: Snapshot) -> dict[str, list[list[int]]]:
    kind_of = {"exact": "duplicates", "near": "near_duplicates", "turned": "turned", "bursts": "bursts"}
    return {name: _sets(seen, kind) for name, kind in kind_of.items()}


def _sets(seen: Snapshot, kind: str) -> list[list[int]]:
    """Sets of duplicates as rows, the image to keep first."""
    sets = (seen.rows_of(paths).tolist() for paths in found_sets(seen.work, kind))
    return [rows for rows in sets if len(rows) > 1]


def _unreadable(work: Path) -> list[dict[str, str]]:
    rows = problem_rows(ImageTable(work))[:MAX_UNREADABLE]
    return [dict(zip(("path", "problem", "detail"), row, strict=True)) for row in rows]


def _quality(work: Path, folders: Sequence[Path]) -> object:
    def address_of(name: str) -> str | None:
        places = (folder / name for folder in folders or [work / REPORT])
        file = next((place for place in places if place.is_file()), None)
        return None if file is None else _data_url(file.read_bytes())

    addresses = dict(zip(PICTURES, map_ordered(address_of, list(PICTURES), usable_cores()), strict=True))
    return quality(work, addresses.get)


def _data_url(png: bytes) -> str:
    """A picture as a data URL; a large one as WebP, which is a quarter of its size."""
    if len(png) <= MAX_PNG_BYTES:
        return "data:image/png;base64," + base64.b64encode(png).decode()
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(buffer, "WEBP", quality=80, method=0)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _thumbnails(seen: Snapshot, room: int) -> dict[str, str]:
    """Base64 of as many thumbnails as `room` bytes can hold, by row."""
    thumbnails = Thumbnails(seen.work, seen.paths)
    inlined: dict[str, str] = {}
    first_N: NDArray[np.intp] = np.argsort(seen.priority_N)
    for start in range(0, len(seen), CHUNK):
        rows = first_N[start : start + CHUNK].tolist()
        for row, content in zip(rows, thumbnails.take(rows), strict=True):
            if content is None:
                continue
            room -= 4 * math.ceil(len(content) / 3) + 16
            if room < 0:
                return inlined
            inlined[str(row)] = base64.b64encode(content).decode()
    return inlined


class _Page:
    """The built page around the data that it shows."""

    def __init__(self, title: str, *, shows_originals: bool) -> None:
        self._title = html.escape(title.encode("utf-8", "replace").decode())
        self._images = "data: blob: file:" if shows_originals else "data: blob:"
        static = files("unpool") / "viewer" / "static"
        # Inside an element only its own end tag could end it, and "<!--" change how scripts are read.
        script = re.sub(r"</(?=script)", r"<\\/", _read(static / "assets" / "page.js"), flags=re.IGNORECASE)
        self._script = script.replace("<!--", "<\\!--")
        self._style = re.sub(
            r"</(?=style)", r"<\\/", _read(static / "assets" / "page.css"), flags=re.IGNORECASE
        )
        self.size = len((self._title + self._script + self._style).encode()) + 2_500

    def fill(self, data: str) -> str:
        """Return the whole file.

        Its policy lets nothing run but the page's own script, and nothing be fetched.
        """
        # The map writes code of its own; what carries this number may run, and no label can know it.
        nonce = base64.b64encode(hashlib.sha256((data + self._script).encode()).digest()).decode()
        policy = (
            f"default-src 'none'; img-src {self._images}; script-src 'nonce-{nonce}'; worker-src blob:; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="referrer" content="no-referrer">\n<meta property="csp-nonce" nonce="{nonce}">\n'
            f'<title>{self._title}</title>\n<link rel="icon" href="data:,">\n<style>{self._style}</style>\n'
            "</head>\n<body>\n<noscript>This page needs JavaScript. map.png and groups.png in the report folder "
            'show the same images.</noscript>\n<div id="app"></div>\n'
            f'<script type="application/json" {PAGE_MARK}>{data}</script>\n'
            f'<script type="module" nonce="{nonce}">{self._script}</script>\n</body>\n</html>\n'
        )


def _read(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnpoolError(
            f"this copy of unpool has no page ({file}); install a release, or build web/ with npm run build"
        ) from error
