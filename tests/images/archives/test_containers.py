from __future__ import annotations

from pathlib import Path

from support.archives import jpeg, write_parquet, write_tar, write_zip
from unpool.images.archives.containers import find_containers, open_container
from unpool.images.archives.packed_tar import PackedTarContainer
from unpool.images.archives.parquet_file import ParquetContainer
from unpool.images.archives.tar_file import TarContainer
from unpool.images.archives.zip_file import ZipContainer


def test_content_says_what_a_file_is(tmp_path: Path) -> None:
    found = [
        open_container(write_zip(tmp_path / "1.bin", {"a.jpg": b"1"})),
        open_container(write_tar(tmp_path / "2.bin", {"a.jpg": b"1"})),
        open_container(write_parquet(tmp_path / "3.bin", [jpeg()])),
        open_container(write_tar(tmp_path / "4.tgz", {"a.jpg": b"1"}, "w:gz")),
        open_container(write_zip(tmp_path / "5.zip", {})),
    ]
    kinds = [ZipContainer, TarContainer, ParquetContainer, PackedTarContainer, ZipContainer]
    assert [type(each) for each in found] == kinds


def test_names_alone_say_nothing(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.parquet", "a.tgz", "a.jpg"):
        (tmp_path / name).write_bytes(b"something else")
        assert open_container(tmp_path / name) is None
    assert open_container(tmp_path / "missing.zip") is None


def test_a_folder_of_shards_is_one_of_containers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("a data set")
    shards = [write_tar(tmp_path / "data" / f"{number}.tar", {"a.jpg": jpeg()}) for number in range(2)]
    assert find_containers(tmp_path) == shards
    for own in ("w.unpool", "model"):
        (tmp_path / own).mkdir()
        write_parquet(tmp_path / own / "rows.parquet", [jpeg()])
    for name in ("model.json", "model.safetensors"):
        (tmp_path / "model" / name).touch()
    assert find_containers(tmp_path) == shards
    (tmp_path / "data" / "photo.jpg").write_bytes(jpeg())
    assert find_containers(tmp_path) == []
