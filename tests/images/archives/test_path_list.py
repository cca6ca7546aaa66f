from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import jpeg
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.path_list import ListSource, is_path_list, read_lines


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    for name in ("lists/a.jpg", "other/b.jpg", "lists/with space.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg(30))
    return tmp_path / "lists" / "list.txt"


def test_paths_are_beside_the_list_or_whole(listed: Path) -> None:
    other = listed.parent.parent / "other" / "b.jpg"
    listed.write_text(
        f"\ufeffa.jpg\r\n\n{other}\r\n../other/b.jpg\n'with space.jpg'\nmissing.jpg\n.\n", "utf-8"
    )
    source = ListSource(listed)
    scan = source.scan()
    far = other.as_posix().lstrip("/")
    assert [file.path for file in scan.files] == sorted(["a.jpg", far, "with space.jpg"])
    assert [(each.path, each.problem) for each in scan.problems] == [
        (".", "not-a-file"),
        ("missing.jpg", "missing"),
    ]
    assert [each.note.detail for each in scan.left_out] == ["1 lines"]
    assert source.read(source.locate(far), 8).width == 32
    assert source.size(scan.files[0]) == (32, 24)


def test_keys_do_not_depend_on_other_lines(listed: Path) -> None:
    listed.write_text("a.jpg\n")
    (alone,) = ListSource(listed).scan().files
    listed.write_text(f"{listed.parent.parent / 'other' / 'b.jpg'}\na.jpg\n")
    assert alone.path in {file.path for file in ListSource(listed).scan().files}


def test_the_current_folder_is_the_second_choice(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(listed.parent.parent)
    listed.write_text("other/b.jpg\n")
    (file,) = ListSource(listed).scan().files
    assert file.file.samefile(listed.parent.parent / "other" / "b.jpg")


def test_a_list_of_nothing_says_what_to_write(listed: Path) -> None:
    listed.write_text("gone.jpg\n")
    with pytest.raises(UnpoolError, match="lists 1 paths, and none is there; write one path a line"):
        ListSource(listed).scan()


def test_an_image_that_is_gone_is_missing(listed: Path) -> None:
    listed.write_text("a.jpg\n")
    source = ListSource(listed)
    (file,) = source.scan().files
    file.file.unlink()
    with pytest.raises(UnreadableImageError):
        source.read(file, 8)
    assert source.size(file) is None


def test_only_text_that_lists_files_is_a_list(listed: Path) -> None:
    for content, expected in (
        (b"note\na.jpg\n", True),
        (b"a note\n", False),
        (b"a.jpg\n\0", False),
        (b"", False),
        (b"Rar!\x1a" + b"0" * 500, False),
        ("a.jpg\r\n".encode("utf-16"), True),
        ("a note\r\n".encode("utf-16"), False),
    ):
        listed.write_bytes(content)
        assert is_path_list(listed) is expected


def test_a_list_of_windows_is_read(listed: Path) -> None:
    (listed.parent / "größe.jpg").write_bytes(jpeg(1))
    listed.write_text("größe.jpg\r\na.jpg\r\n", "utf-16")
    assert [file.path for file in ListSource(listed).scan().files] == ["a.jpg", "größe.jpg"]


def test_comments_are_no_paths(listed: Path) -> None:
    (listed.parent / "#1.jpg").write_bytes(jpeg(1))
    listed.write_text("# those of May\n#1.jpg\na.jpg\n#b.jpg\n")
    scan = ListSource(listed).scan()
    assert ([file.path for file in scan.files], scan.problems) == (["#1.jpg", "a.jpg"], [])


def test_names_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg\n")
    assert list(read_lines(tmp_path / "list.txt")) == ["caf\udce9.jpg"]
