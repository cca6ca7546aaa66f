"""Good images are read, cut and counted; what cannot be used is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.messages import Messages
from support.tiny_levels import good_pictures
from unpool.actions.inspection import good_images
from unpool.actions.inspection.good_images import cut_pictures, digest_images, in_colour, read_good_images
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference.inspection.inspector import fit_square

SIZE = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "good"
    place.mkdir()
    for number, picture in enumerate(good_pictures(12)):
        Image.fromarray(picture).save(place / f"{number:02}.png")
    return place


def read(
    folder: Path | list[Path], tile: int | None = None, size: int = SIZE, **more: int
) -> good_images.GoodImages:
    return read_good_images(folder, size, tile, Progress(), **more)


def test_every_image_is_seen_at_the_size_of_the_network(folder: Path) -> None:
    found = read(folder)
    assert (found.num_images, found.owners, found.problems) == (12, list(range(12)), [])
    for picture, original in zip(found.pictures, good_pictures(12), strict=True):
        np.testing.assert_array_equal(picture, fit_square(original, SIZE))


def test_one_image_or_a_list_is_read_too(folder: Path, tmp_path: Path) -> None:
    one = read(folder / "03.png", least=1)
    assert one.num_images == 1
    np.testing.assert_array_equal(one.pictures[0], fit_square(good_pictures(12)[3], SIZE))
    (tmp_path / "broken.png").write_bytes(b"no image")
    some = read([folder / "03.png", tmp_path / "broken.png", folder], least=1)  # what repeats counts once
    assert (some.num_images, some.num_repeated) == (12, 1)
    assert [problem.path for problem in some.problems] == ["broken.png"]
    with pytest.raises(UnpoolError, match=r"an empty list holds no image"):
        read([], least=1)
    with pytest.raises(UnpoolError, match=r"no image or folder .*gone\.png"):
        read([folder / "gone.png"], least=1)


def test_broken_files_are_told_and_counted(folder: Path) -> None:
    data = (folder / "03.png").read_bytes()
    (folder / "03.png").write_bytes(data[: len(data) // 3])
    (folder / "04.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    found = read(folder)
    assert found.num_images == len(found.pictures) == 10
    assert sorted(problem.path for problem in found.problems) == ["03.png", "04.png"]
    assert all(problem.detail for problem in found.problems)
    np.testing.assert_array_equal(found.pictures[3], fit_square(good_pictures(12)[5], SIZE))
    assert found.owners == list(range(10))


def test_repeats_are_left_out_and_counted(folder: Path) -> None:
    (folder / "sub").mkdir()
    for name in ("00.png", "05.png"):
        (folder / "sub" / name).write_bytes((folder / name).read_bytes())
    found = read(folder)
    assert (found.num_images, found.num_repeated, len(found.pictures)) == (12, 2, 12)


@pytest.mark.parametrize("tile", [None, 64])
def test_an_image_is_known_again_by_its_pictures(folder: Path, tile: int | None) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (100, 160, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "wide.png")
    before = digest_images(read(folder, tile))
    assert len(set(before)) == len(before) == 13
    pixels[-1, -1] ^= 255
    Image.fromarray(pixels).save(folder / "wide.png")
    (folder / "00.png").rename(folder / "x.png")
    after = digest_images(read(folder, tile))
    assert after[-1] == before[0]
    assert set(before) - set(after) == {before[-1]}


def test_images_that_differ_a_little_are_no_repeats(folder: Path) -> None:
    picture = good_pictures(1)[0].copy()
    picture[:SIZE, :SIZE] = fit_square(picture, SIZE)
    for number in range(3):
        one = fit_square(picture, SIZE).copy()
        one[20, 20 + number, 0] ^= 64
        Image.fromarray(one).save(folder / f"like{number}.png")
    assert (read(folder).num_images, read(folder).num_repeated) == (15, 0)


def test_fewer_than_ten_are_refused_in_one_line_with_the_reasons(folder: Path) -> None:
    (folder / "00.png").write_bytes(b"broken")
    (folder / "01.png").write_bytes((folder / "02.png").read_bytes())
    (folder / "03.png").unlink()
    with pytest.raises(UnpoolError) as caught:
        read(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert str(folder) in text
    for part in (
        "holds 9 good images",
        "1 cannot be read, the first 00.png",
        "1 repeat another",
        "at least 10 are needed; 1 more will do",
    ):
        assert part in text
    assert read(folder, least=9).num_images == 9


def test_a_folder_without_images_says_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(
        UnpoolError,
        match=r"holds no image that can be used; check the folder, which needs at least 10 good images$",
    ):
        read(tmp_path)
    with pytest.raises(UnpoolError, match=r"holds no image that can be used; check the folder$"):
        read(tmp_path, least=1)
    Image.fromarray(good_pictures(1)[0]).save(tmp_path / "one.png")
    with pytest.raises(UnpoolError, match=r"holds 1 good image that can be used, .* 9 more will do$"):
        read(tmp_path)


def test_the_range_of_deep_values_is_said_without_an_option_that_there_is_not(folder: Path) -> None:
    for number, picture in enumerate(good_pictures(10, 5)):
        grey = Image.fromarray(picture).convert("L")
        Image.fromarray(np.asarray(grey).astype(np.uint16) * 16).save(folder / f"deep{number}.png")
    messages = Messages()
    found = read_good_images(folder, SIZE, None, messages)
    assert (found.num_images, found.problems) == (22, [])
    (text,) = messages.texts
    assert "read as 0 to 4095" in text
    assert "--range" not in text


def test_large_images_are_cut_into_windows_that_know_their_image(folder: Path) -> None:
    for number in range(10):
        rng = np.random.default_rng(number)
        pixels = rng.integers(0, 256, (100, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"large{number}.png")
    found = read(folder, tile=96)
    windows = [found.owners.count(owner) for owner in range(22)]
    assert windows == [1] * 12 + [4] * 10  # 100 × 160 pixels take two rows of two
    assert {picture.shape for picture in found.pictures} == {(SIZE, SIZE, 3)}
    pixels = np.random.default_rng(0).integers(0, 256, (100, 160, 3), dtype=np.uint8)
    np.testing.assert_array_equal(found.pictures[12], fit_square(pixels[:96, :96], SIZE))
    np.testing.assert_array_equal(found.pictures[15], fit_square(pixels[4:, 64:], SIZE))


def test_no_more_are_learnt_from_than_fit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(good_images, "MAX_PICTURES", 11)
    found = read(folder)
    assert (found.num_images, len(found.pictures), found.num_left_out) == (11, 11, 1)
    first, again = (read(folder, seed=3).pictures for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_grey_and_transparent_pictures_have_three_colours() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for pixels in (grey, grey[..., None]):
        assert (in_colour(pixels) == grey[..., None]).all()
        assert in_colour(pixels).shape == (3, 4, 3)
    four = np.zeros((3, 4, 4), np.uint8)
    assert in_colour(four).shape == (3, 4, 3)


def test_pictures_are_cut_whole_or_into_windows() -> None:
    pixels = np.zeros((64, 300, 3), np.uint8)
    assert len(cut_pictures(pixels, 64, None)) == 1
    assert len(cut_pictures(pixels, 64, 128)) == 3
    assert len(cut_pictures(pixels, 64, 512)) == 1


def test_windows_beyond_the_bound_leave_whole_images_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest score of some windows alone would make the threshold too low."""
    rng = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (128, 64, 3), np.uint8)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(good_images, "MAX_PICTURES", 34)
    found = read_good_images(tmp_path, 64, 64, Progress())
    counts = np.unique(found.owners, return_counts=True)[1]
    assert len(set(counts)) == 1
    assert counts[0] > 1
    assert found.num_images == len(counts) == max(10, 34 // counts[0]) < 12
    assert found.num_left_out == (12 - len(counts)) * counts[0]
