from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.archives import jpeg
from unpool.errors import UnreadableImageError
from unpool.images.isolation import trail as trail_module
from unpool.images.isolation.trail import FILE, Trail, read_trail
from unpool.images.reading import decode
from unpool.images.reading.scan import ImageFile
from unpool.images.remote import copied_source
from unpool.images.remote.copied_source import CopiedSource
from unpool.images.remote.fetching import Fetcher


class OneImage(CopiedSource):
    """A source of one image, which counts what is copied."""

    def __init__(self, content: bytes) -> None:
        super().__init__("place")
        self.content, self.copied = content, 0

    def locate(self, path: str) -> ImageFile:
        return ImageFile(path, Path(path), len(self.content), 0.0)

    def read_all(self, file: ImageFile) -> bytes:
        self.copied += 1
        return self.content

    def write_copy(self, file: ImageFile, copy: Path) -> None:
        copy.write_bytes(self.read_all(file))

    def read_start(self, file: ImageFile, num_bytes: int) -> bytes:
        return self.content[:num_bytes]


def test_a_copy_lives_as_long_as_it_is_read() -> None:
    source = OneImage(jpeg(70))
    assert isinstance(source, Fetcher)
    with source.fetch(source.locate("x/a.jpg")) as copy:
        assert (copy.suffix, copy.read_bytes()) == (".jpg", jpeg(70))
    assert not copy.exists()
    assert source.read(source.locate("a.jpg"), 8).pixels[0, 0, 0] == 70


def test_a_file_apart_and_a_large_one_are_read_from_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    source = OneImage(jpeg(70))
    here = source.read(source.locate("a.jpg"), 8)
    monkeypatch.setattr(copied_source, "read_content", lambda *_: None)
    apart = source.read(source.locate("a.jpg"), 8)
    monkeypatch.setattr(copied_source, "MAX_BYTES_IN_MEMORY", 10)
    large = source.read(source.locate("a.jpg"), 8)
    assert here.id == apart.id == large.id
    assert source.copied == 3


def test_what_is_decoded_in_memory_leaves_a_trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = OneImage(jpeg(70))
    (tmp_path / FILE).write_bytes(b"")
    trail, seen = Trail(tmp_path / FILE), list[frozenset[str]]()
    monkeypatch.setattr(trail_module, "_open", [trail])
    monkeypatch.setattr(decode, "_decode", lambda *_: seen.append(read_trail(tmp_path / FILE)))
    source.read(source.locate("a.jpg"), 8)
    assert seen[0] == {"place/a.jpg"}
    trail.close()


def test_a_size_is_read_from_the_first_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    source = OneImage(jpeg(70))
    assert source.size(source.locate("a.jpg")) == (32, 24)
    assert source.copied == 0
    monkeypatch.setattr(copied_source, "HEAD_BYTES", 20)
    assert source.size(source.locate("a.jpg")) == (32, 24)
    assert source.copied == 1
    assert OneImage(b"nothing").size(source.locate("a.jpg")) is None


def test_a_copy_is_removed_though_its_reader_fails() -> None:
    source, seen = OneImage(b"nothing"), list[Path]()

    def fail() -> None:
        with source.fetch(source.locate("a.jpg")) as copy:
            seen.append(copy)
            raise UnreadableImageError("corrupt", "it is")

    with pytest.raises(UnreadableImageError):
        fail()
    assert not seen[0].exists()


def test_a_file_has_one_name_in_every_process() -> None:
    name: Callable[[Path], str] = OneImage(b"").trail_name
    assert name(Path("x/a.jpg")) == "place/x/a.jpg"
