"""Pictures of a workspace without a network: originals, their limits, and files that are not its own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.archives import jpeg, write_zip
from support.object_store import upload, use_memory
from unpool.core.objects.address import parse_address
from unpool.core.objects.client import Objects
from unpool.errors import UnpoolError
from unpool.store.state import write_state
from unpool.store.table import ImageTable
from unpool.viewer import images as module
from unpool.viewer.images import Pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    (tmp_path / "images").mkdir()
    ramp = np.linspace(0, 255, 300 * 40).reshape(40, 300).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "images" / "wide.png")
    Image.fromarray(ramp[:20, :30]).save(tmp_path / "images" / "small.png")
    (tmp_path / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    table = ImageTable.create(tmp_path / "w.unpool")
    write_state(table.work, images=str(tmp_path / "images"))
    return Pictures(table.work)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_small_picture_is_sent_without_loss(pictures: Pictures) -> None:
    content, media_type = pictures.encode_original("small.png")
    assert media_type == "image/png"
    with Image.open(pictures.work.parent / "images" / "small.png") as original:
        assert np.array_equal(np.asarray(opened(content).convert("L")), np.asarray(original))


def test_a_large_picture_is_reduced(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    content, media_type = pictures.encode_original("wide.png")
    assert (media_type, opened(content).size) == ("image/jpeg", (300, 40))
    monkeypatch.setattr(module, "MAX_SIDE", 150)
    assert opened(pictures.encode_original("wide.png")[0]).size == (150, 20)


def test_what_cannot_be_shown_says_why(pictures: Pictures) -> None:
    with pytest.raises(UnpoolError, match=r"broken\.png cannot be shown"):
        pictures.read("broken.png")
    for path in ("../w.unpool/unpool.yaml", "/etc/passwd", ""):
        with pytest.raises(UnpoolError, match="does not lie in the folder of the images"):
            pictures.read(path)
    with pytest.raises(UnpoolError, match="there is no segmenter for these images"):
        pictures.segment("small.png")


def test_a_region_needs_some_pixels(pictures: Pictures) -> None:
    with pytest.raises(UnpoolError, match="the region is 0 by 20 pixels; draw a larger one"):
        pictures.embed_region("small.png", (0.5, 0, 0.5, 1))


def test_pictures_are_outdated_once_another_model_embedded_the_images(pictures: Pictures) -> None:
    assert not pictures.is_outdated()
    write_state(pictures.work, embedded_by="another")
    assert pictures.is_outdated()
    assert (pictures.has_mirror, pictures.has_segmenter) == (False, False)


def test_images_on_a_store_are_fetched_for_their_full_size(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_memory(monkeypatch)
    objects = Objects(parse_address("s3://bucket/photos"))
    upload(objects, pictures.work.parent / "images")
    with_exif = Image.Exif()
    with_exif[0x010E] = "a shoe"
    content = io.BytesIO()
    Image.new("RGB", (30, 20)).save(content, "JPEG", exif=with_exif)
    objects.write("shoe.jpg", content.getvalue())
    write_state(pictures.work, images="s3://bucket/photos")
    there = Pictures(pictures.work)
    assert there.encode_original("small.png") == pictures.encode_original("small.png")
    assert "a shoe" in [value for _, value in there.metadata("shoe.jpg")]
    assert there.folder is None
    assert there.metadata("gone.jpg") == []
    with pytest.raises(UnpoolError, match=r"broken\.png cannot be shown"):
        there.read("broken.png")
    with pytest.raises(UnpoolError, match=r"gone\.jpg cannot be shown: it is gone from the store"):
        there.read("gone.jpg")
    with pytest.raises(UnpoolError, match="does not lie in the folder of the images"):
        there.read("../other/secret.jpg")


def test_originals_are_shown_from_inside_an_archive(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    write_state(table.work, images=str(write_zip(tmp_path / "a.zip", {"x/a.jpg": jpeg(80)})), inside=True)
    pictures = Pictures(table.work)
    assert pictures.folder is None
    assert opened(pictures.encode_original("x/a.jpg")[0]).size == (32, 24)
    assert isinstance(pictures.metadata("x/a.jpg"), list)
    for path, words in (("x/b.jpg", "is not in"), ("../a.jpg", "does not lie in the folder")):
        with pytest.raises(UnpoolError, match=words):
            pictures.read(path)
