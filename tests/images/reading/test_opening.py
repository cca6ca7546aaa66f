"""Whatever is wrong with a file is one kind of error, with its reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from support.hostile_files import HEIC, picture
from unpool.errors import UnreadableImageError
from unpool.images.isolation import pool
from unpool.images.reading import decode
from unpool.images.reading.decode import read_picture


def test_a_folder_a_gap_and_a_broken_link_are_reported(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone")
    for name, problem in (("", "not-a-file"), ("gone.jpg", "missing"), ("link.jpg", "broken-link")):
        with pytest.raises(UnreadableImageError) as error:
            read_picture(tmp_path / name)
        assert error.value.problem == problem


@pytest.mark.parametrize(
    "error", [ValueError, SyntaxError, OverflowError, RecursionError, KeyError, MemoryError]
)
def test_whatever_a_reader_raises_is_one_kind_of_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("said\nso")

    file = tmp_path / "a.png"
    Image.fromarray(picture()).save(file)
    monkeypatch.setattr(decode, "averageable", fail)
    with pytest.raises(UnreadableImageError) as result:
        read_picture(file)
    assert result.value.problem == ("too-large" if error is MemoryError else "corrupt")
    assert "\n" not in str(result.value)


def test_heic_without_pi_heif_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "UNTRUSTED", frozenset())  # read here, where the module is missing
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    (tmp_path / "a.jpg").write_bytes(HEIC)  # phones do that
    with pytest.raises(
        UnreadableImageError, match=r'^needs-heic: HEIC images need: pip install "unpool\[heic\]"$'
    ):
        read_picture(tmp_path / "a.jpg")
