from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.archives import jpeg, write_parquet
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives import parquet_file
from unpool.images.archives.parquet_file import ParquetContainer

IMAGES = [jpeg(value) for value in range(8)]


def contents(container: ParquetContainer) -> dict[str, bytes]:
    return {each.name: b"".join(container.parts(each)) for each in container.index.members}


def test_classes_by_the_metadata_are_folders(tmp_path: Path) -> None:
    file = write_parquet(
        tmp_path / "a.parquet", IMAGES[:4], class_names=("cat", "dog"), label=[0, 1, 1, None]
    )
    expected = dict(zip(("cat/0.jpg", "dog/1.jpg", "dog/2.jpg", "3.jpg"), IMAGES, strict=False))
    assert contents(ParquetContainer(file)) == expected


def test_rows_are_read_in_any_order_with_little_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "BATCH_BYTES", 2 * len(IMAGES[0]))
    container = ParquetContainer(write_parquet(tmp_path / "a.parquet", IMAGES, group=5))
    members = container.index.members
    for row in (7, 0, 3, 1, 4, 2, 6, 5, 0):
        assert b"".join(container.parts(members[row])) == IMAGES[row]
        assert len(container._rows._kept) <= parquet_file.NUM_BATCHES
    again = pickle.loads(pickle.dumps(container))
    assert contents(again) == contents(container)


def test_a_plain_column_of_bytes_is_found_by_its_content(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"digest": [b"12", b"34"], "jpg": IMAGES[:2], "class": ["a", "a"]}), tmp_path / "a.parquet"
    )
    assert contents(ParquetContainer(tmp_path / "a.parquet")) == {
        "a/000000.jpg": IMAGES[0],
        "a/000001.jpg": IMAGES[1],
    }


def test_rows_without_bytes_hide_no_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"jpg": [None] * 40 + IMAGES[:2]}), tmp_path / "a.parquet")
    container = ParquetContainer(tmp_path / "a.parquet")
    assert (len(container.index.members), len(container.index.problems)) == (2, 40)


def test_names_that_are_there_twice_differ(tmp_path: Path) -> None:
    cells = [{"bytes": content, "path": "../x/a.jpg"} for content in IMAGES[:2]]
    pq.write_table(pa.table({"image": cells}), tmp_path / "a.parquet")
    container = ParquetContainer(tmp_path / "a.parquet")
    assert [each.name for each in container.index.members] == ["x/a.jpg", "x/a~2.jpg"]
    assert container.index.outside == 2


def test_rows_without_bytes_and_further_columns_are_told(tmp_path: Path) -> None:
    masks = [{"bytes": content, "path": None} for content in IMAGES[:2]]
    container = ParquetContainer(write_parquet(tmp_path / "a.parquet", [IMAGES[0], None], mask=masks))
    (problem,) = container.index.problems
    assert (problem.path, problem.problem) == ("1.jpg", "missing")
    assert container.columns.others == ("mask",)


def test_a_table_without_images_says_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "blob": [b"no image"]}), tmp_path / "a.parquet")
    with pytest.raises(UnpoolError, match="no column of images among x, blob"):
        _ = ParquetContainer(tmp_path / "a.parquet").index


def test_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(UnpoolError, match=r"a\.parquet cannot be read"):
        _ = ParquetContainer(tmp_path / "a.parquet").index
    container = ParquetContainer(write_parquet(tmp_path / "b.parquet", IMAGES))
    member = container.index.members[0]
    container.file.write_bytes(b"PAR1 no more")
    with pytest.raises(UnreadableImageError):
        list(container.parts(member))
