"""Masks as people have them: numbers, palettes, 0 and 255, colours; matched by name; wrong ones reported in a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.masks import positions, read_labels, write_scenes
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.masks.class_file import read_classes
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.infer_classes import infer_classes
from unpool.images.masks.label_maps import read_pair
from unpool.images.masks.mask_values import count_values
from unpool.images.masks.pair_store import load_pairs
from unpool.images.masks.pairs import Pair, find_pairs, voc_split
from unpool.images.masks.pixel_classes import PixelClasses, classes_by_value
from unpool.images.reading.scan import ImageFile

LABEL = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


def pair_of(folder: Path, mask: Image.Image, name: str = "a.png") -> Pair:
    image, file = folder / "image.png", folder / name
    Image.new("RGB", mask.size).save(image)
    mask.save(file)
    return Pair(ImageFile("image.png", image, 1, 0.0), ImageFile(name, file, 1, 0.0))


def understood(pair: Pair, ignore: int | None = None) -> tuple[PixelClasses, np.ndarray]:
    values, problems = count_values([pair], 1)
    assert not problems
    classes, _ = infer_classes(values, ignore=ignore)
    return classes, read_labels(pair, classes)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "I;16", "LA"])
def test_numbers_are_the_classes_in_whatever_mode_they_are_kept(mode: str, tmp_path: Path) -> None:
    mask = Image.fromarray(LABEL)
    if mode == "I;16":
        mask = Image.fromarray(LABEL.astype(np.uint16))
    elif mode == "P":
        mask = Image.fromarray(LABEL, "P")
        mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    elif mode != "L":
        mask = mask.convert("RGB").convert(mode) if mode == "RGBA" else mask.convert(mode)
    classes, found = understood(pair_of(tmp_path, mask))
    assert len(classes) == 3
    assert (found == LABEL).all()


def test_0_and_255_are_two_classes_unless_255_is_ignored(tmp_path: Path) -> None:
    mask = Image.fromarray(np.array([[0, 255]], np.uint8))
    classes, found = understood(pair_of(tmp_path, mask))
    assert found.tolist() == [[0, 1]]
    assert classes.output_values == (0, 1)
    with pytest.raises(UnpoolError, match="one class only, the number 0"):
        understood(pair_of(tmp_path, mask), ignore=255)
    _, found = understood(pair_of(tmp_path, Image.fromarray(np.array([[0, 1, 255]], np.uint8))))
    assert found.tolist() == [[0, 1, 255]]  # with a third value 255 is what is ignored


def test_a_number_that_is_ignored_is_no_class(tmp_path: Path) -> None:
    mask = Image.fromarray(np.array([[0, 1, 2, 3]], np.uint8))
    classes, found = understood(pair_of(tmp_path, mask), ignore=3)
    assert (len(classes), found.tolist()) == (3, [[0, 1, 2, 255]])


def test_few_colours_are_classes_and_many_are_refused(tmp_path: Path) -> None:
    colours = np.zeros((1, 3, 3), np.uint8)
    colours[0, 1], colours[0, 2] = (255, 0, 0), (0, 255, 9)
    classes, found = understood(pair_of(tmp_path, Image.fromarray(colours)))
    assert classes.names == ("#000000", "#00ff09", "#ff0000")
    assert found.tolist() == [[0, 2, 1]]
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    with pytest.raises(UnpoolError, match=r"400 different colours.*--classes"):
        understood(pair_of(tmp_path, Image.fromarray(noise)))
    with pytest.raises(UnpoolError, match=r"JPEGs, which do not keep colours exactly"):
        understood(pair_of(tmp_path, Image.fromarray(noise), "a.jpg"))


def test_published_colours_are_known(tmp_path: Path) -> None:
    camvid = [
        (128, 128, 128),
        (128, 0, 0),
        (128, 64, 128),
        (0, 0, 192),
        (64, 0, 128),
        (128, 64, 64),
        (0, 0, 0),
    ]
    classes, found = understood(pair_of(tmp_path, Image.fromarray(np.array([camvid], np.uint8))))
    assert [classes.names[place] for place in found[0, :6]] == [
        "sky",
        "building",
        "road",
        "pavement",
        "car",
        "car",
    ]
    assert found[0, 6] == 255


def test_strange_numbers_are_refused_with_the_file(tmp_path: Path) -> None:
    mask = Image.fromarray(np.array([[0, 7, 200]], np.uint8))
    with pytest.raises(
        UnpoolError, match=r"mask a.png holds the value 7 \(1 pixel\) \(one of 2 such.*--classes"
    ):
        understood(pair_of(tmp_path, mask))


def test_what_is_no_class_is_refused_with_file_value_and_count_or_ignored(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, Image.fromarray(np.array([[0, 1, 9, 9]], np.uint8)))
    classes = classes_by_value(["a", "b"])
    with pytest.raises(
        UnpoolError, match=r"mask a.png holds the value 9 \(2 pixels\), which is no class.*--unknown"
    ):
        read_labels(pair, classes)
    assert read_labels(pair, classes, unknown="ignore").tolist() == [[0, 1, 255, 255]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "ground\ndisc\nbar\n"),
        ("a.txt", "ground 0\ndisc 1\nbar 2\n"),
        ("a.csv", "name,index\nground,0\ndisc,1\nbar,2\n"),
        ("a.csv", "index;name\n0;ground\n1;disc\n2;bar\n"),
        ("a.yaml", "[ground, disc, bar]"),
        ("a.yaml", "{ground: 0, disc: 1, bar: 2}"),
        ("a.json", '[{"name": "ground", "id": 0}, {"name": "disc", "id": 1}, {"name": "bar", "id": 2}]'),
        ("a.txt", "# mine\n0 ground 1 2 3\n1 disc 4 5 6\n2 bar 7 8 9\n"),
    ],
)
def test_class_files_of_numbers(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    classes = read_classes(tmp_path / name)
    assert classes.names == ("ground", "disc", "bar")
    assert not classes.by_colour
    assert positions(classes, 2, 0, 255) == [2, 0, 255]
    assert PixelClasses.from_dict(classes.to_dict()) == classes


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "1 2 3 ground\n4 5 6\tdisc\n7 8 9 Void\n"),
        ("a.csv", "name,r,g,b\nground,1,2,3\ndisc,4,5,6\nvoid,7,8,9\n"),
        ("a.txt", "ground #010203\ndisc #040506\nignore #070809\n"),
        ("a.yaml", "{ground: [1, 2, 3], disc: [4, 5, 6], void: [7, 8, 9]}"),
    ],
)
def test_class_files_of_colours(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    classes = read_classes(tmp_path / name)
    assert (classes.names, classes.by_colour) == (("ground", "disc"), True)
    colours = np.array([[(1, 2, 3), (4, 5, 6), (7, 8, 9)]], np.uint8)
    pair = pair_of(tmp_path, Image.fromarray(colours))
    assert read_labels(pair, classes).tolist() == [[0, 1, 255]]


def test_a_class_file_may_have_gaps_and_predictions_use_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("car 26\nroad 7\nvoid 0\n")
    classes = read_classes(tmp_path / "a.txt")
    assert classes.output_values == (26, 7)
    assert positions(classes, 7, 26, 0) == [1, 0, 255]


def test_wrong_class_files_are_reported_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for text, words in (
        ("a 1\nb 1\n", "the number 1 stands for two classes"),
        ("a 1\nb\n", "'b' has no number, but others have"),
        ("a 1 2 300\n", "line 1: the colour"),
        ("", "names no class"),
        ("7\n", "line 1: '7' is no `name`"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_classes(file)
    with pytest.raises(UsageError, match="there is no such file"):
        read_classes(tmp_path / "b.txt")


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.jpg", "a.png"), ("sub/a.jpg", "sub/a.png"), ("a.jpg", "a_mask.png"), ("a.png", "a_L.png"),
        ("c/a_leftImg8bit.png", "c/a_gtFine_labelIds.png"), ("sub/a.jpg", "a.png"),
    ],
)  # fmt: skip
def test_masks_are_found_by_name(image: str, mask: str, tmp_path: Path) -> None:
    for folder, name in (("images", image), ("masks", mask)):
        (tmp_path / folder / name).parent.mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / folder / name)
    Image.new("L", (4, 4)).save(tmp_path / "images" / "other.png")
    found = find_pairs(tmp_path / "images", tmp_path / "masks")
    assert [(pair.image.path, pair.mask.path) for pair in found.pairs] == [(image, mask)]
    assert found.without == ["other.png"]


def test_images_and_masks_may_lie_in_one_folder(tmp_path: Path) -> None:
    for name in ("a.jpg", "a_mask.png", "b.jpg", "b_mask.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    found = find_pairs(tmp_path, tmp_path)
    assert [(pair.image.path, pair.mask.path) for pair in found.pairs] == [
        ("a.jpg", "a_mask.png"), ("b.jpg", "b_mask.png"),
    ]  # fmt: skip
    assert not found.without


def test_no_mask_at_all_is_reported_with_both_names(tmp_path: Path) -> None:
    for name in ("images/a.png", "masks/z.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("L", (4, 4)).save(tmp_path / name)
    with pytest.raises(UnpoolError, match=r"no image of .*images has a mask in .*masks.*a.png and z.png"):
        find_pairs(tmp_path / "images", tmp_path / "masks")


def test_the_lists_of_pascal_voc_are_followed(tmp_path: Path) -> None:
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\n")
    assert voc_split(tmp_path / "JPEGImages", "train") == {"a", "b"}
    assert voc_split(tmp_path / "JPEGImages", "val") is None
    assert voc_split(tmp_path / "images", "train") is None


def test_a_mask_of_another_size_is_reported_with_both_sizes(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, Image.new("L", (4, 3)))
    Image.new("RGB", (8, 6)).save(pair.image.file)
    with pytest.raises(UnreadableImageError, match=r"image is 8×6 pixels, its mask a.png is 4×3"):
        read_pair(pair, FolderReading(classes_by_value(["a", "b"])))


def test_a_store_on_the_disk_is_the_same_as_one_in_memory(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 6)
    Image.new("L", (5, 5)).save(masks / "002.png")  # of another size
    (masks / "004.png").write_bytes(b"broken")
    pairs = find_pairs(images, masks)
    classes = classes_by_value(["ground", "disc", "bar"])
    result = {"workers": 2, "file": tmp_path / "scratch" / "pairs.u8"}
    memory = load_pairs(pairs.pairs, FolderReading(classes), **result)
    disk = load_pairs(pairs.pairs, FolderReading(classes), memory_limit=20_000, **result)
    assert (tmp_path / "scratch" / "pairs.u8").is_file()
    assert memory.paths == disk.paths
    assert {problem.problem for problem in memory.problems} == {"wrong-size", "not-an-image"}
    for n in range(len(memory)):
        assert (memory.pixels(n) == disk.pixels(n)).all()
        assert (memory.labels(n) == disk.labels(n)).all()
        assert (memory.labels(n) == np.asarray(Image.open(masks / memory.paths[n]))).all()
    assert memory.fingerprint() == disk.fingerprint()
    assert memory.count_NK.sum() == sum(height * width for height, width in memory.sizes)
