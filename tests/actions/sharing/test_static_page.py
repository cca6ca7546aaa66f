"""One file holds the page and what it shows, tells nothing else, and no name in it can become code."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.actions.sharing import static_page as share
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.sharing.snapshot import Snapshot
from unpool.actions.sharing.static_page import write_share
from unpool.errors import UnpoolError, UsageError
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
    assert write_share(work, tmp_path / "a.html") == 30
    told, seen = shared(tmp_path / "a.html"), Snapshot(work)
    assert base64.b64decode(told["points"]) == seen.points()
    assert told["collection"]["images"] == 30
    assert told["collection"]["skipped"] == 1
    assert told["collection"]["groups"] == seen.groups()
    assert told["collection"]["labels"] == [{"name": HOSTILE, "count": 10}]
    assert (told["collection"]["work"], told["collection"]["folder"]) == ("", None)
    assert told["facts"]["path"] == PATHS
    assert told["facts"]["probability"] == pytest.approx(np.arange(30) / 29, abs=1e-4)
    assert told["facts"]["label"][:4] == [HOSTILE, None, None, HOSTILE]
    assert {int(row): base64.b64decode(text) for row, text in told["thumbnails"].items()} == {
        row: b"%03d" % row * 100 for row in range(30)
    }
    assert told["quality"]["figures"][0]["value"] == 0.25
    assert [picture["url"] for picture in told["quality"]["pictures"]] == [
        "data:image/png;base64," + base64.b64encode(b"all images").decode()
    ]


def test_names_stay_text_and_only_the_page_runs(work: Path, tmp_path: Path) -> None:
    write_share(work, tmp_path / "a.html")
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
        write_share(work, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_only_what_was_chosen_is_told(work: Path, tmp_path: Path) -> None:
    assert write_share(work, tmp_path / "a.html", paths=PATHS[10:13]) == 3
    told = shared(tmp_path / "a.html")
    assert told["facts"]["path"] == PATHS[10:13]
    assert (told["collection"]["images"], told["collection"]["skipped"]) == (3, 0)
    assert [group["count"] for group in told["collection"]["groups"]] == [2, 1]
    assert told["collection"]["labels"] == [{"name": HOSTILE, "count": 1}]
    assert told["quality"] == {"figures": [], "pictures": [], "tables": []}
    assert base64.b64decode(told["thumbnails"]["0"]) == b"010" * 100
    assert PATHS[20] not in (tmp_path / "a.html").read_text("utf-8")


def test_thumbnails_end_where_the_room_does(work: Path, tmp_path: Path) -> None:
    write_share(work, tmp_path / "none.html", max_bytes=0)
    assert shared(tmp_path / "none.html")["thumbnails"] == {}
    size = (tmp_path / "none.html").stat().st_size
    write_share(work, tmp_path / "some.html", max_bytes=size + 5_000)
    assert size < (tmp_path / "some.html").stat().st_size <= size + 5_000
    shown = {int(row) for row in shared(tmp_path / "some.html")["thumbnails"]}
    first = np.argsort(Snapshot(work).priority_N)[: len(shown)]
    assert 5 <= len(shown) < 30
    assert shown == set(first.tolist())


def test_of_too_many_those_that_come_first(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share, "MAX_IMAGES", 7)
    assert write_share(work, tmp_path / "a.html") == 7
    seen = Snapshot(work)
    wanted = sorted(seen.some_paths(np.argsort(seen.priority_N)[:7]))
    assert shared(tmp_path / "a.html")["facts"]["path"] == wanted


def test_nothing_to_show(tmp_path: Path, work: Path) -> None:
    empty = ImageTable.create(tmp_path / "empty.unpool").work
    with pytest.raises(UnpoolError, match="there is no image to show in"):
        write_share(empty, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_export_writes_it(work: Path, tmp_path: Path) -> None:
    assert export(work, ExportSettings("html", tmp_path / "a.html", paths=PATHS[:4]))["images"] == 4
    assert shared(tmp_path / "a.html")["collection"]["images"] == 4
    with pytest.raises(
        UsageError, match=r"is a folder, but some images only go into one file; name FILE.html"
    ):
        export(work, ExportSettings("html", tmp_path / "folder", paths=PATHS[:4]))
