from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from support.archives import jpeg, write_zip
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives import zip_file
from unpool.images.archives.zip_file import ZipContainer
from unpool.images.source import open_source


def content(container: ZipContainer, name: str) -> bytes:
    (member,) = [each for each in container.index.members if each.name == name]
    return b"".join(container.parts(member))


def test_members_are_read_in_place(tmp_path: Path) -> None:
    contents = {"a.jpg": jpeg(1), "x/b.jpg": jpeg(2) * 9}
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        container = ZipContainer(write_zip(tmp_path / "a.zip", contents, packing))
        assert {name: content(container, name) for name in contents} == contents
    assert list(tmp_path.iterdir()) == [tmp_path / "a.zip"]


def test_names_that_lead_out_are_counted_and_kept_inside(tmp_path: Path) -> None:
    index = ZipContainer(
        write_zip(tmp_path / "a.zip", {"../../a.jpg": b"1", "/b.jpg": b"2", "c.jpg": b"3"})
    ).index
    assert [each.name for each in index.members] == ["a.jpg", "b.jpg", "c.jpg"]
    assert index.outside == 2


def test_a_checksum_says_whether_a_member_changed(tmp_path: Path) -> None:
    tags = [
        ZipContainer(write_zip(tmp_path / "a.zip", {"a.jpg": value})).index.members[0].tag
        for value in (b"one", b"one", b"two")
    ]
    assert tags[0] == tags[1] != tags[2]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_file, "SMALL_BYTES", 1000)
    container = ZipContainer(write_zip(tmp_path / "a.zip", {"a.bmp": bytes(1_000_000), "b.jpg": jpeg()}))
    with pytest.raises(UnreadableImageError, match="would become 1,000,000"):
        content(container, "a.bmp")
    assert content(container, "b.jpg") == jpeg()


def test_a_member_that_says_less_than_it_holds_gives_no_more(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.bmp": bytes(100_000)})
    raw = bytearray(file.read_bytes())
    at = raw.rindex(b"PK\1\2") + 24  # the size in the directory
    raw[at : at + 4] = (10).to_bytes(4, "little")
    file.write_bytes(raw)
    with pytest.raises(UnreadableImageError, match="damaged"):
        assert len(content(ZipContainer(file), "a.bmp")) <= 10


@pytest.mark.parametrize(
    ("at", "value", "reason"), [(8, 1, "password"), (10, 12, "packed by"), (42, 3, "no such file")]
)
def test_what_cannot_be_unpacked_is_told(tmp_path: Path, at: int, value: int, reason: str) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()})
    raw = bytearray(file.read_bytes())
    raw[raw.rindex(b"PK\1\2") + at] = value
    file.write_bytes(raw)
    with pytest.raises(UnreadableImageError, match=reason):
        content(ZipContainer(file), "a.jpg")


def test_damage_inside_is_seen(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()}, zipfile.ZIP_STORED)
    raw = bytearray(file.read_bytes())
    raw[60] ^= 255
    file.write_bytes(raw)
    with pytest.raises(UnreadableImageError, match="damaged"):
        content(ZipContainer(file), "a.jpg")


def test_a_file_without_its_end_is_no_zip_file(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()})
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(UnpoolError, match=r"a\.zip cannot be read .*; fetch or pack it again"):
        _ = ZipContainer(file).index


def test_names_in_utf_8_are_read_though_not_stated(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"caf\u00e9.jpg": b"1"})
    raw = bytearray(file.read_bytes())
    for mark, at in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        raw[raw.index(mark) + at] = 0
    file.write_bytes(raw)
    assert [each.name for each in ZipContainer(file).index.members] == ["caf\u00e9.jpg"]


def test_a_link_is_no_image(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()})
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "a.jpg")
    index = ZipContainer(file).index
    assert ([each.name for each in index.members], index.links) == (["a.jpg"], ["link.jpg"])
    assert ("link.jpg", "link") in [
        (each.path, each.note.kind) for each in open_source(str(file)).scan().left_out
    ]
