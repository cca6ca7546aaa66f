"""What of a table can be read, and which versions are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store.lance_rows import open_dataset
from unpool.store.rescue import manifests
from unpool.store.rescue.manifests import (
    FileChecks,
    find_whole_version,
    is_whole,
    newest_manifest,
    open_newest,
)
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Three versions: no rows, two rows, a label."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{name}.png", "status": "ok"} for name in "ab"])
    table.update(["a.png"], {"label": ["hat"]})
    return table.work


def newest_file(work: Path) -> Path:
    return max((work / "images.lance" / "data").iterdir(), key=lambda file: file.stat().st_mtime_ns)


def test_a_whole_table_has_no_damage(work: Path) -> None:
    dataset, aside = open_newest(work)
    assert (dataset.version, aside) == (3, [])
    assert FileChecks().find_damage(dataset) == {}
    assert all(is_whole(work, version, FileChecks()) for version in (1, 2, 3))
    assert newest_manifest(work).stem == str(2**64 - 1 - 3)


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_file_that_cannot_be_read_is_found(work: Path, damage: str) -> None:
    lost = newest_file(work)
    content = lost.read_bytes()
    if damage == "cut":
        lost.write_bytes(content[: len(content) // 2])
    else:
        lost.unlink()
    checks = FileChecks()
    assert list(checks.find_damage(open_dataset(work))) == [0]
    assert find_whole_version(work, open_dataset(work), checks) == 2, "the label is in a file of its own"
    assert not is_whole(work, 9, checks), "there is no such version"


def test_manifests_that_cannot_be_read_are_put_aside(work: Path) -> None:
    newest_manifest(work).write_bytes(b"half")
    dataset, aside = open_newest(work)
    assert dataset.version == 2
    assert [file.parent.name for file in aside] == ["damaged"]
    assert len(ImageTable(work)) == 2
    for file in (work / "images.lance" / "_versions").glob("*.manifest"):
        file.write_bytes(b"")
    assert open_newest(work)[0] is None


def test_a_table_of_a_newer_version_is_not_touched(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("Please upgrade Lance to read this dataset. Flags: 64")

    monkeypatch.setattr(manifests, "open_whole", fail)
    with pytest.raises(UnpoolError, match="newer version of Lance"):
        open_newest(work)
    assert not (work / "damaged").exists()


@pytest.mark.parametrize("error", [ImportError("no lance"), MemoryError()])
def test_what_is_no_fault_of_a_manifest_puts_none_aside(
    work: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("unpool.store.rescue.manifests.open_whole", fail)
    with pytest.raises(type(error)):
        open_newest(work)
    assert not (work / "damaged").exists()
