from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import jpeg, write_tar
from unpool.errors import UnpoolError
from unpool.images.archives import packed_tar
from unpool.images.archives.packed_tar import PackedTarContainer, packing_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_packed_tar_file_is_unpacked_once(tmp_path: Path, cache: Path, packing: str) -> None:
    file = write_tar(tmp_path / f"a.tar.{packing}", {"a.jpg": jpeg(7)}, f"w:{packing}")
    for _ in range(2):
        container = PackedTarContainer(file)
        assert [b"".join(container.parts(each)) for each in container.index.members] == [jpeg(7)]
    assert len(list(cache.glob("index-tar-*"))) == 1


def test_a_damaged_one_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    file = write_tar(tmp_path / "a.tar.gz", {"a.jpg": jpeg(7)}, "w:gz")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UnpoolError, match="cannot be read"):
        _ = PackedTarContainer(file).index
    assert list(cache.iterdir()) == []


def test_it_never_fills_the_disk(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_tar, "FREE_BYTES", 1 << 60)
    file = write_tar(tmp_path / "a.tar.gz", {"a.jpg": jpeg(7)}, "w:gz")
    with pytest.raises(UnpoolError, match="does not fit"):
        _ = PackedTarContainer(file).index
    assert list(cache.iterdir()) == []


def test_a_few_bytes_become_no_gigabytes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_tar, "SMALL_BYTES", 1 << 20)
    file = write_tar(tmp_path / "a.tar.gz", {"a.jpg": bytes(4 << 20)}, "w:gz")
    with pytest.raises(UnpoolError, match=r"would become more than .*; unpack it"):
        _ = PackedTarContainer(file).index
    assert list(cache.iterdir()) == []


def test_packings_are_known_by_their_first_bytes() -> None:
    assert [packing_of(head) for head in (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"ustar")] == ["gzip", "xz", ""]
