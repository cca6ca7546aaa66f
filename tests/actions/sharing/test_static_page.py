"""One file holds the page and its data, says nothing else, and no name in it can become code."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unpool.actions.sharing import static_page
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.sharing.snapshot import Snapshot
from unpool.actions.sharing.static_page import relative_url, write_static_page
from unpool.core.atomic_files import write_json
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.values import write_field
from unpool.store.state import REPORT, write_state
from unpool.store.table import ImageTable

HOSTILE = "</script><script>window.hacked=1</script><!-- .png"
PATHS = sorted([HOSTILE, *(f"in/{i:02}.png" for i in range(29))])


class Parts(HTMLParser):
    """The scripts of a page with their attributes, and its meta elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, Any], str]] = []
        self.metas: list[dict[str, Any]] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag == "meta":
            self.metas.append(dict(attrs))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attributes, before = self.scripts.pop()
            self.scripts.append((attributes, before + data))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Thirty images on a map in two groups, thumbnails of 300 bytes, some labelled, one with a hostile name."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {"path": path, "status": "ok", "width": 40, "height": 30, "thumbnail": b"%03d" % row * 100, "x": row % 6,
         "y": row // 6, "group": row % 2, "probability": row / 29, "label": HOSTILE if row % 3 == 0 else None}
        for row, path in enumerate(PATHS)
    ])  # fmt: skip
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    (table.work / REPORT).mkdir()
    (table.work / REPORT / "map.png").write_bytes(b"all images")
    (table.work / REPORT / "quality.json").write_text('{"silhouette": 0.25}')
    write_state(table.work, images=f"/somewhere/secret/{HOSTILE}")
    return table.work


def shared(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dict(_by_id(out))["unpool-static"])
    return found


def _by_id(out: Path) -> list[tuple[str, str]]:
    return [(attributes.get("id", ""), text) for attributes, text in Parts(out.read_text("utf-8")).scripts]


def test_it_carries_what_a_snapshot_has(work: Path, tmp_path: Path) -> None:
    assert write_static_page(work, tmp_path / "a.html") == 30
    data, seen = shared(tmp_path / "a.html"), Snapshot(work)
    assert base64.b64decode(data["points"]) == seen.points()
    assert data["collection"]["images"] == 30
    assert data["collection"]["skipped"] == 1
    assert data["collection"]["groups"] == seen.groups()
    assert data["collection"]["labels"] == seen.labels()
    assert [(label["name"], label["count"]) for label in data["collection"]["labels"]] == [(HOSTILE, 10)]
    assert (data["collection"]["work"], data["collection"]["folder"]) == ("", None)
    assert data["facts"]["path"] == PATHS
    assert data["facts"]["probability"] == pytest.approx(np.arange(30) / 29, abs=1e-4)
    assert data["facts"]["label"][:4] == [HOSTILE, None, None, HOSTILE]
    assert {int(row): base64.b64decode(text) for row, text in data["thumbnails"].items()} == {
        row: b"%03d" % row * 100 for row in range(30)
    }
    assert data["quality"]["figures"][0]["value"] == 0.25
    assert data["unreadable"] == [{"path": "broken.png", "problem": "", "detail": ""}]
    assert data["collection"]["problems"]["unreadable"] == 1
    assert (data["note"], data["originals"]) == (None, None)
    assert [picture["url"] for picture in data["quality"]["pictures"]] == [
        "data:image/png;base64," + base64.b64encode(b"all images").decode()
    ]


def test_names_stay_text_and_only_the_page_runs(work: Path, tmp_path: Path) -> None:
    write_static_page(work, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    found = Parts(text)
    assert len(found.scripts) == 2
    (data, _), (page, script) = found.scripts
    assert (data["type"], page["type"]) == ("application/json", "module")
    assert len(script) > 100_000
    assert "hacked" not in script
    assert "<script>window.hacked" not in text
    assert text.count("</script") == 2
    policy = next(
        meta["content"] for meta in found.metas if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)[1]  # type: ignore[index]
    assert page["nonce"] == nonce
    assert next(meta["nonce"] for meta in found.metas if meta.get("property") == "csp-nonce") == nonce
    assert "unsafe-eval" not in policy
    assert "secret" not in text
    assert str(work) not in text
    assert not re.search(
        r'(src|href)="(?!data:)', text[: text.index("<style>")] + text[text.index("</style>") :][:300]
    )


def test_the_same_workspace_gives_the_same_file(work: Path, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_static_page(work, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_only_selected_images_are_in_the_file(work: Path, tmp_path: Path) -> None:
    assert write_static_page(work, tmp_path / "a.html", paths=PATHS[10:13]) == 3
    data = shared(tmp_path / "a.html")
    assert data["facts"]["path"] == PATHS[10:13]
    assert (data["collection"]["images"], data["collection"]["skipped"]) == (3, 0)
    assert [group["count"] for group in data["collection"]["groups"]] == [2, 1]
    assert [(label["name"], label["count"]) for label in data["collection"]["labels"]] == [(HOSTILE, 1)]
    assert data["quality"] == {"facts": [], "figures": [], "pictures": [], "tables": []}
    assert (data["unreadable"], data["originals"]) == ([], None)
    assert base64.b64decode(data["thumbnails"]["0"]) == b"010" * 100
    assert PATHS[20] not in (tmp_path / "a.html").read_text("utf-8")


def test_thumbnails_end_where_the_room_does(work: Path, tmp_path: Path) -> None:
    write_static_page(work, tmp_path / "none.html", max_bytes=0)
    assert shared(tmp_path / "none.html")["thumbnails"] == {}
    size = (tmp_path / "none.html").stat().st_size
    write_static_page(work, tmp_path / "some.html", max_bytes=size + 5_000)
    assert size < (tmp_path / "some.html").stat().st_size <= size + 5_000
    shown = {int(row) for row in shared(tmp_path / "some.html")["thumbnails"]}
    first = np.argsort(Snapshot(work).priority_N)[: len(shown)]
    assert 5 <= len(shown) < 30
    assert shown == set(first.tolist())


def test_of_too_many_those_that_come_first(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_page, "MAX_IMAGES", 7)
    assert write_static_page(work, tmp_path / "a.html") == 7
    seen = Snapshot(work)
    first = sorted(seen.some_paths(np.argsort(seen.priority_N)[:7]))
    assert shared(tmp_path / "a.html")["facts"]["path"] == first


def test_nothing_to_show(tmp_path: Path, work: Path) -> None:
    empty = ImageTable.create(tmp_path / "empty.unpool").work
    with pytest.raises(UnpoolError, match="there is no image to show in"):
        write_static_page(empty, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_export_writes_it(work: Path, tmp_path: Path) -> None:
    assert export(work, ExportSettings("html", tmp_path / "a.html", paths=PATHS[:4]))["images"] == 4
    assert shared(tmp_path / "a.html")["collection"]["images"] == 4
    with pytest.raises(
        UsageError, match=r"is a folder, but some images only go into one file; name FILE.html"
    ):
        export(work, ExportSettings("html", tmp_path / "folder", paths=PATHS[:4]))


def test_it_carries_problems_and_sets_as_rows(work: Path, tmp_path: Path) -> None:
    table = ImageTable(work)
    ids = [f"{row:032x}" for row in range(30)]
    table.update(PATHS, {"id": ids, "wrong": [row == 4 for row in range(30)]})
    kept = {"of": PATHS[2], "of_id": ids[2]}
    entries = [{"path": PATHS[7], "id": ids[7], **kept}, {"path": PATHS[9], "id": ids[9], **kept}]
    found = {"duplicates": entries, "dark": [{"path": PATHS[8], "id": ids[8], "detail": "", "figure": 0.07}]}
    write_json(work / REPORT / "check.json", {"format": 1, "images": 30, "problems": found})
    write_static_page(work, tmp_path / "a.html")
    data = shared(tmp_path / "a.html")
    assert data["collection"]["checked"] is True
    assert [data["problems"][kind] for kind in ("duplicates", "dark", "wrong")] == [[7, 9], [8], [4]]
    assert data["collection"]["problems"]["duplicates"] == 2
    assert data["figures"]["dark"] == {"8": 0.07}
    assert data["sets"]["exact"] == [[2, 7, 9]]
    write_static_page(work, tmp_path / "b.html", paths=PATHS[7:10])
    some = shared(tmp_path / "b.html")
    assert [some["problems"][kind] for kind in ("duplicates", "dark", "wrong")] == [[0, 2], [1], []]
    assert some["figures"]["dark"] == {"1": 0.07}
    assert some["sets"]["exact"] == [[0, 2]], "the first that is here stands for the one that is not"


def test_the_page_says_what_was_left_out(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_static_page(work, tmp_path / "a.html", max_bytes=0)
    assert shared(tmp_path / "a.html")["note"] == (
        "0 of 30 images have a picture here, the others are dots. Run `unpool view` to see all of them."
    )
    monkeypatch.setattr(static_page, "MAX_IMAGES", 7)
    write_static_page(work, tmp_path / "a.html")
    assert shared(tmp_path / "a.html")["note"] == (
        "This file holds 7 of 30 images. Run `unpool view` to see all of them."
    )


def test_fields_are_carried_where_there_is_room(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_field(work, "weight", {PATHS[1]: 1.5})
    write_static_page(work, tmp_path / "a.html")
    data = shared(tmp_path / "a.html")
    assert [facet["name"] for facet in data["fields"]["fields"]] == ["weight"]
    assert data["fields"]["values"]["weight"][:3] == [None, 1.5, None]
    monkeypatch.setattr("unpool.actions.fields.shared_fields.MAX_VALUES", 29)
    write_static_page(work, tmp_path / "a.html")
    data = shared(tmp_path / "a.html")
    assert (data["fields"], data["note"].split(".")[0]) == (None, "Fields are too many for this file")


def test_originals_are_named_and_allowed_only_where_they_are_given(work: Path, tmp_path: Path) -> None:
    write_static_page(work, work / REPORT / "index.html", originals=tmp_path / "my photos #1")
    text = (work / REPORT / "index.html").read_text("utf-8")
    assert shared(work / REPORT / "index.html")["originals"] == "../../my%20photos%20%231"
    assert "img-src data: blob: file:;" in text
    write_static_page(work, tmp_path / "a.html")
    assert "img-src data: blob:;" in (tmp_path / "a.html").read_text("utf-8")


def test_a_large_picture_becomes_webp(work: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    Image.fromarray(noise).save(work / REPORT / "map.png")
    assert (work / REPORT / "map.png").stat().st_size > static_page.MAX_PNG_BYTES
    write_static_page(work, tmp_path / "a.html")
    (picture,) = shared(tmp_path / "a.html")["quality"]["pictures"]
    head, _, content = picture["url"].partition(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert image.size == (400, 400)


def test_pictures_come_from_the_first_folder_that_has_them(work: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "map.png").write_bytes(b"newer")
    write_static_page(work, tmp_path / "a.html", pictures=[tmp_path / "out", work / REPORT])
    (picture,) = shared(tmp_path / "a.html")["quality"]["pictures"]
    assert picture["url"] == "data:image/png;base64," + base64.b64encode(b"newer").decode()


def test_relative_url(tmp_path: Path) -> None:
    assert relative_url(None, tmp_path) is None
    assert relative_url(tmp_path / "a b", tmp_path / "w" / "report") == "../../a%20b"


def test_a_failed_write_leaves_the_old_page(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_static_page(work, tmp_path / "a.html")
    before = (tmp_path / "a.html").read_bytes()

    def fail(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_static_page(work, tmp_path / "a.html", paths=PATHS[:3])
    assert (tmp_path / "a.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "w.unpool"]
