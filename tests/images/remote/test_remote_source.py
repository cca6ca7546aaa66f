from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.object_store import in_memory, use_memory
from unpool.core.objects.address import parse_address
from unpool.core.objects.client import ObjectDeniedError, Objects, StoreError
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.isolation.trail import FILE, Trail, is_suspect, leaving_trail, mark, read_trail
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import ImageFile
from unpool.images.remote import copied_source, remote_source
from unpool.images.remote.remote_source import MAX_AHEAD, RemoteSource
from unpool.images.source import open_source
from unpool.images.value_survey import survey_values
from unpool.images.values.rules import NO_RULES


def jpeg(value: int = 0, side: int = 32) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((side, side + 8, 3), value, np.uint8)).save(content, "JPEG")
    return content.getvalue()


def source_with(**contents: bytes) -> RemoteSource:
    objects = in_memory()
    for name, content in contents.items():
        objects.write(name.replace("_", "."), content)
    return RemoteSource(objects.address, objects)


def test_a_picture_is_the_same_as_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(90))
    source = source_with(a_jpg=jpeg(90))
    (file,) = source.scan().files
    here, there = read_picture(tmp_path / "a.jpg", min_side=16), source.read(file, 16)
    assert (there.id, there.width, there.notes) == (here.id, here.width, here.notes)
    np.testing.assert_array_equal(there.pixels, here.pixels)
    assert source.size(file) == (40, 32)


def test_a_copy_is_removed_again() -> None:
    source = source_with(a_jpg=jpeg())
    with source.fetch(ImageFile("a.jpg", Path("a.jpg"), 0, 0.0)) as copy:
        assert copy.read_bytes() == jpeg()
    assert not copy.exists()


def test_a_large_file_is_copied_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (remote_source, copied_source):
        monkeypatch.setattr(module, "MAX_BYTES_IN_MEMORY", 10)
    monkeypatch.setattr(Objects, "read", lambda *_: pytest.fail("all of it in memory"))
    source = source_with(a_jpg=jpeg(30))
    (file,) = source.scan().files
    source.expect([file])
    assert source.read(file, 16).width == 40


def test_first_bytes_say_the_size_and_a_png_s_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_with(a_png=jpeg(side=200), b_tif=jpeg())
    png, tif = source.scan().files
    with source.fetch_head(tif) as copy:
        assert copy.read_bytes() == jpeg()
    monkeypatch.setattr(Objects, "read", lambda *_: pytest.fail("all of it"))
    assert source.size(png) == (208, 200)
    monkeypatch.setattr(copied_source, "HEAD_BYTES", 30)
    with source.fetch_head(png) as copy:
        assert copy.read_bytes() == jpeg(side=200)[:30]


def test_the_size_of_a_picture_with_a_long_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied_source, "HEAD_BYTES", 30)  # which hold no size yet
    source = source_with(a_jpg=jpeg(), b_jpg=b"no picture")
    assert [source.size(file) for file in source.scan().files] == [(40, 32), None]


@pytest.mark.parametrize("first", [0, 70])  # in turn, and out of turn, which holds nothing up
def test_what_is_expected_is_fetched_ahead_once(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_with(**{f"{number:03}_jpg": jpeg(number) for number in range(90)})
    files = source.scan().files
    read: list[str] = []
    true_read = Objects.read
    monkeypatch.setattr(Objects, "read", lambda self, name: read.append(name) or true_read(self, name))
    source.expect(files)
    source.read(files[first], 16)
    assert len(source._ahead._futures) >= MAX_AHEAD - 1
    for file in (*files[first + 1 :], *files[:first]):
        source.read(file, 16)
    assert sorted(read) == [file.path for file in files]
    assert source._ahead._futures == {}


def test_an_object_that_is_gone_or_closed_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_with(a_jpg=jpeg())
    (file,) = source.scan().files
    source._objects.delete("a.jpg")
    with pytest.raises(UnreadableImageError, match="missing"):
        source.read(file, 16)

    def refuse(*_: object) -> bytes:
        raise ObjectDeniedError("no")

    monkeypatch.setattr(Objects, "read", refuse)
    with pytest.raises(UnreadableImageError, match="no-permission"):
        source.read(file, 16)


def test_a_store_without_an_answer_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_with(a_jpg=jpeg(), b_jpg=jpeg())
    files = source.scan().files

    def fail(*_: object) -> bytes:
        raise StoreError("s3://bucket/photos/a.jpg cannot be reached")

    monkeypatch.setattr(Objects, "read", fail)
    source.expect(files)
    with pytest.raises(StoreError, match="cannot be reached"):
        source.read(files[0], 16)


def test_a_key_leads_to_its_object() -> None:
    objects = in_memory()
    objects.write("b/cafe\u0301.jpg", jpeg(40))
    source, key = RemoteSource(objects.address, objects), "b/caf\u00e9.jpg"
    assert source.read(ImageFile(key, Path(key), 0, 0.0), 16).width == 40


def test_it_is_opened_by_its_address_and_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    use_memory(monkeypatch)
    Objects(parse_address("s3://bucket/photos")).write("a.jpg", jpeg())
    source = open_source("s3://bucket/photos/")
    assert source.location == "s3://bucket/photos"
    (file,) = source.scan().files
    assert pickle.loads(pickle.dumps(source)).read(file, 16).id == source.read(file, 16).id


def test_a_file_address_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    source = open_source(tmp_path.as_uri())
    assert source.location == str(tmp_path.resolve())
    assert [file.path for file in source.scan().files] == ["a.jpg"]


def test_deep_values_are_found_on_a_store_too(tmp_path: Path) -> None:
    pixels = np.linspace(0, 3000, 64 * 64).reshape(64, 64).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    Image.fromarray(pixels).save(tmp_path / "b.png")
    source = source_with(a_tif=(tmp_path / "a.tif").read_bytes(), b_png=(tmp_path / "b.png").read_bytes())
    local = open_source(str(tmp_path)).scan().files
    expected = survey_values(local, NO_RULES, 1, Progress())
    assert len(expected.rules.assumed) == 2
    assert survey_values(source.scan().files, NO_RULES, 1, Progress(), source) == expected


def test_a_file_that_ended_a_process_is_known_by_its_address(tmp_path: Path) -> None:
    source, place = source_with(a_jpg=jpeg()), "s3://bucket/photos/a.jpg"
    (file,) = source.scan().files
    killed = Trail(tmp_path / FILE)
    with killed.mark(place), leaving_trail(tmp_path) as num_suspects, source.fetch(file) as copy:
        assert num_suspects == 1
        assert is_suspect(str(copy))
        with mark(str(copy)):
            assert read_trail(tmp_path / FILE) == {place}
