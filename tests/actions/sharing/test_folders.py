"""Class folders: names that every system takes, each used once."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import jpeg, write_zip
from unpool.actions.sharing.folders import MAX_NAME_BYTES, UniqueNames, safe_name, write_folders
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.state import write_state
from unpool.store.table import ImageTable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", "a_b"),
        ("NUL.png", "NUL_.png"),
        ("com1", "com1_"),
        ("a\x00b\x1f", "a_b_"),
        (" .x. ", "x"),
        ("…", "…"),
    ],
)
def test_safe_names(text: str, expected: str) -> None:
    assert safe_name(text) == expected


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_name("ü" * 300 + ".jpeg")
    assert name.endswith(".jpeg")
    assert name.startswith("üü")
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert safe_name("ü" * 301 + ".jpeg") != name, "what is cut off stands in a digest"


def test_names_that_differ_only_in_capitals_get_numbers() -> None:
    names = UniqueNames()
    claimed = [
        names.claim("A.png"),
        names.claim("a.png"),
        names.claim("a.PNG", "other.png"),
        names.claim("A.png"),
    ]
    assert claimed == ["A.png", "a-2.png", "other.png", "A-3.png"]
    assert len({name.casefold() for name in claimed}) == 4


def test_images_of_an_archive_are_copied_whole(tmp_path: Path) -> None:
    contents = {"x/a.jpg": jpeg(1), "b.jpg": jpeg(2)}
    table = ImageTable.create(tmp_path / "w.unpool")
    write_state(table.work, images=str(write_zip(tmp_path / "a.zip", contents)), inside=True)
    rows = [{"path": path, "status": "ok", "label": "cat"} for path in (*contents, "gone.jpg")]
    table.upsert(rows)
    written = write_folders(table, tmp_path / "out", None, link=False, progress=Progress())
    assert written == 2
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").rglob("*.jpg")}
    assert files == {"a.jpg": jpeg(1), "b.jpg": jpeg(2)}
    with pytest.raises(UnpoolError, match="no files that could be linked"):
        write_folders(table, tmp_path / "links", None, link=True, progress=Progress())
