from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from support.archives import WRITTEN, jpeg, write_tar
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.tar_file import TarContainer, sample_name
from unpool.images.source import open_source


def contents(container: TarContainer) -> dict[str, bytes]:
    return {each.name: b"".join(container.parts(each)) for each in container.index.members}


def test_members_are_read_in_place(tmp_path: Path) -> None:
    written = {"a.jpg": jpeg(1), f"{'long' * 40}/b.jpg": jpeg(2), "notes.txt": b"x"}
    container = TarContainer(write_tar(tmp_path / "a.tar", written))
    assert contents(container) == written
    assert {each.modified for each in container.index.members} == {WRITTEN}
    assert [each.tag is None for each in container.index.members] == [False, False, True]


def test_names_stay_inside_and_the_last_of_one_name_counts(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    with tarfile.open(file, "w") as archive:
        for name, content in (("../a.jpg", b"1"), ("a.jpg", b"22"), ("/b.jpg", b"3")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    container = TarContainer(file)
    assert contents(container) == {"a.jpg": b"22", "b.jpg": b"3"}
    assert container.index.outside == 2


def test_links_lead_nowhere_but_to_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("a.jpg")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
        for name, kind, target in (
            ("same.jpg", tarfile.LNKTYPE, "a.jpg"),
            ("gone.jpg", tarfile.LNKTYPE, "/etc/hostname"),
            ("link.jpg", tarfile.SYMTYPE, "/etc/hostname"),
            ("pipe.jpg", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    container = TarContainer(tmp_path / "a.tar")
    assert contents(container) == {"a.jpg": b"abc", "same.jpg": b"abc"}
    assert container.index.links == ["gone.jpg", "link.jpg"]


@pytest.mark.parametrize("cut", [700, 1700])
def test_a_tar_file_that_is_cut_off_says_so(tmp_path: Path, cut: int) -> None:
    file = write_tar(tmp_path / "a.tar", {"a.jpg": b"1" * 100, "b.jpg": b"2" * 900})
    file.write_bytes(file.read_bytes()[:cut])
    container = TarContainer(file)
    *inside, problem = container.index.problems
    assert (problem.path, problem.problem) == ("a.tar", "truncated")
    assert "fetch it again" in problem.detail
    assert [(each.path, each.problem) for each in inside] == ([("b.jpg", "truncated")] if cut == 1700 else [])


def test_damage_between_members_is_no_regular_end(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a.tar", {"a.jpg": b"1", "b.jpg": b"2"})
    raw = bytearray(file.read_bytes())
    raw[1024:1536] = b"?" * 512
    file.write_bytes(raw)
    (problem,) = TarContainer(file).index.problems
    assert "behind 1 files" in problem.detail


def test_a_member_that_was_cut_off_since_is_truncated(tmp_path: Path) -> None:
    container = TarContainer(write_tar(tmp_path / "a.tar", {"a.jpg": b"1" * 900}))
    (member,) = container.index.members
    container.file.write_bytes(container.file.read_bytes()[:800])
    with pytest.raises(UnreadableImageError) as caught:
        list(container.parts(member))
    assert caught.value.problem == "truncated"


def test_another_file_is_no_tar_file(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar file" * 100)
    with pytest.raises(UnpoolError, match=r"a\.tar cannot be read"):
        _ = TarContainer(tmp_path / "a.tar").index


def test_samples_of_webdataset_lie_in_folders_of_their_classes(tmp_path: Path) -> None:
    written = {
        "d/0.jpg": jpeg(1),
        "d/0.cls": b"cat",
        "d/0.json": b"{}",
        "d/1.jpg": jpeg(2),
        "d/1.cls": b"../x\n",
        "2.jpg": jpeg(),
    }
    names = [each.name for each in TarContainer(write_tar(tmp_path / "a.tar", written)).index.members]
    assert names == ["cat/d-0.jpg", "cat/d-0.json", "__x/d-1.jpg", "2.jpg"]
    assert [file.path for file in open_source(str(tmp_path / "a.tar")).scan().files] == sorted(
        name for name in names if name.endswith("jpg")
    )
    assert sample_name("d/0.left.jpg") == "d/0"
