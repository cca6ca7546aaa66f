"""Paths from other systems and folders name the image that they mean, or none."""

from __future__ import annotations

import unicodedata

import pytest

from unpool.images.labels.path_matching import Base, PathMatcher

IMAGES = ["sub/s1.png", "sub/s2.png", "café.png", "B.JPG", "x/dup.png", "y/dup.png", "z/only.webp", "photos\\w.png",
          "bad\\xe9.png", "a b#c.png"]  # fmt: skip
BASES = [Base("/data", "the label file"), Base("/home/me", "the current folder")]


def match(path: str, *others: str) -> tuple[str | None, str | None]:
    matches = PathMatcher(IMAGES, ["/data/photos"], BASES).match([path, *others])
    return matches.image_of.get(path), matches.rule_of.get(path)


@pytest.mark.parametrize(
    ("path", "image", "rule"),
    [
        ("sub/s1.png", "sub/s1.png", "as written"),
        ("photos\\w.png", "photos\\w.png", "as written"),  # a backslash in the name itself
        (" sub/s1.png ", "sub/s1.png", "without blanks around"),
        ("./sub/s1.png", "sub/s1.png", "without ./"),
        ("sub//x/../s1.png", "sub/s1.png", "without ./"),
        ("sub\\s1.png", "sub/s1.png", "by turning backslashes"),
        (".\\sub\\s1.png", "sub/s1.png", "by turning backslashes"),
        ("/data/photos/sub/s1.png", "sub/s1.png", "by full paths"),
        ("photos/sub/s1.png", "sub/s1.png", "relative to the label file"),
        ("../../data/photos/sub/s1.png", "sub/s1.png", "relative to the label file"),
        ("C:\\Users\\me\\photos\\sub\\s1.png", "sub/s1.png", "without the folder before"),
        ("\\\\server\\share\\sub\\s1.png", "sub/s1.png", "without the folder before"),
        ("/elsewhere/sub/s1.png", "sub/s1.png", "without the folder before"),
        ("file:///data/photos/a%20b%23c.png", "a b#c.png", "by full paths"),
        ("file:///D:/old/sub/s1.png", "sub/s1.png", "without the folder before"),
        ("https://host/bucket/sub/s1.png?size=3", "sub/s1.png", "without the folder before"),
        ("s3://bucket/sub/s1.png", "sub/s1.png", "without the folder before"),
        ("/data/local-files/?d=photos/sub/s1.png", "sub/s1.png", "relative to the label file"),
        ("http://host/data/local-files/?d=a%20b%23c.png", "a b#c.png", "by the path of a served file"),
        ("/data/upload/12/0123abcd-B.JPG", "B.JPG", "by the name of an upload"),
        ("/data/upload/12/0123abcd-s1.png", "sub/s1.png", "by the end of the path"),
        ("/data/upload/0123abcd-a_bc.png", "a b#c.png", "by the name of an upload"),  # as Django names files
        ("0123abcd-B.JPG", None, None),  # no upload
        ("s1.png", "sub/s1.png", "by the end of the path"),
        (unicodedata.normalize("NFD", "café.png"), "café.png", "in another Unicode form"),
        ("b.jpg", "B.JPG", "with other capitals"),
        ("SUB\\S1.PNG", "sub/s1.png", "with other capitals"),
        ("sub%2Fs1.png", "sub/s1.png", "in another encoding"),
        (
            "badé.png",
            "bad\\xe9.png",
            "in another encoding",
        ),  # a name that is no UTF-8, in a file of Windows-1252
        ("sub/s1", "sub/s1.png", "by adding the ending"),
        ("s1", "sub/s1.png", "by adding the ending"),
        ("only.jpg", "z/only.webp", "with another ending"),
        ("C:\\x\\S1.PNG", None, None),  # another folder than sub
        ("dup.png", None, None),  # two images
        ("gone.png", None, None),
        ("sub", None, None),
        ("", None, None),
    ],
)
def test_one_path_alone(path: str, image: str | None, rule: str | None) -> None:
    assert match(path) == (image, rule)


def test_what_is_found_surely_is_not_found_again_by_guess() -> None:
    assert match("sub/s1.tif", "sub/s1.png") == (None, None)
    assert match("old/B.JPG", "sub/s1.png") == (
        None,
        None,
    )  # one alone beside others may be a file that is gone


def test_the_folder_before_is_the_one_that_most_paths_share() -> None:
    images = ["a.png", "b.png", "c.png"]
    found = PathMatcher(images).match(["train/a.png", "train/b.png", "test/c.png"])
    assert found.image_of == {"train/a.png": "a.png", "train/b.png": "b.png"}
    flat = PathMatcher(images).match(["1/a.png", "2/b.png", "3/b.png", "4/c.png"])
    assert flat.image_of == {"1/a.png": "a.png", "4/c.png": "c.png"}  # b is in two folders


def test_a_folder_before_that_is_known_needs_no_second_path_in_another_form() -> None:
    images = ["a.png", "b.png", "caf\u00e9.png", "D.png"]
    lines = [f"C:\\me\\old\\{name}" for name in ("a.png", "b.png", "cafe\u0301.png", "d.png", "gone.png")]
    found = PathMatcher(images).match(lines)
    assert [found.image_of.get(line) for line in lines] == [*images, None]


def test_a_file_in_the_folder_of_a_split_means_the_images_of_that_split() -> None:
    images = ["train/a.png", "val/a.png", "val/b.png"]
    bases = [Base("/elsewhere/val", "the label file", is_split=True), Base("/train", "the current folder")]
    found = PathMatcher(images, ["/photos"], bases).match(["a.png", "train/a.png"])
    assert found.image_of == {"a.png": "val/a.png", "train/a.png": "train/a.png"}
    assert found.rule_of["a.png"] == "in the folder named as that of the label file"


def test_capitals_count_where_images_differ_by_them() -> None:
    matcher = PathMatcher(["A.png", "a.png"])
    assert matcher.match(["a.PNG"]).image_of == {}
    assert matcher.match(["a.png"]).image_of == {"a.png": "a.png"}
    assert matcher.count_names("x\\a.PNG") == 2


@pytest.mark.parametrize(
    "text",
    [
        "/data/upload/1/0123abcd-s1.png",
        "/data/local-files/?d=x%2FB.JPG",
        "x/S1",
        "b.jpg ",
        "C:\\q\\café.png",
        "only.tif",
    ],
)
def test_names_are_known_in_their_loosest_forms(text: str) -> None:
    assert PathMatcher(IMAGES).knows(text)


@pytest.mark.parametrize("text", ["", " ", "path", "label", "cat", "sub"])
def test_words_are_no_names(text: str) -> None:
    assert not PathMatcher(IMAGES).knows(text)


def match_all(images: list[str], lines: list[str], places: list[str]) -> dict[str, str]:
    return PathMatcher(images, places, []).match(lines).image_of


def test_lines_of_a_sibling_folder_are_not_for_these_images() -> None:
    images = [f"{n}.png" for n in range(1, 5)]
    lines = [f"{folder}/{image}" for folder in ("test", "train") for image in images]
    found = match_all(images, lines, ["/data/train"])
    assert found == {f"train/{image}": image for image in images}
    more = [f"cam1/{n}.png" for n in range(1, 9)] + [f"cam2/{image}" for image in images]
    assert match_all(images, more, ["/data/cam2"]) == {f"cam2/{image}": image for image in images}


def test_where_two_folders_lead_to_the_same_images_and_none_is_theirs_neither_does() -> None:
    images = ["1.png", "2.png"]
    lines = ["one/1.png", "one/2.png", "two/1.png", "two/2.png"]
    assert match_all(images, lines, []) == {}


def test_the_end_of_a_path_takes_no_image_that_has_a_line_of_its_own() -> None:
    images = ["d/1.png", "2.png", "3.png"]
    found = match_all(images, ["1.png", "d/1.png", "2.png", "3.png"], ["/data"])
    assert found == {"d/1.png": "d/1.png", "2.png": "2.png", "3.png": "3.png"}


def test_more_lines_of_a_sibling_folder_than_of_their_own_take_no_image() -> None:
    images = [f"{n}.png" for n in range(1, 8)]
    lines = [f"train/{image}" for image in images[:4]] + [f"test/{image}" for image in images]
    assert match_all(images, lines, ["/data/train"]) == {f"train/{image}": image for image in images[:4]}


@pytest.mark.parametrize("num_stray", [1, 2])
def test_a_few_stray_lines_of_the_folders_name_lose_no_others(num_stray: int) -> None:
    images = [f"cat/{n}.png" for n in range(100)]
    stray = [f"images/{image}" for image in images[:num_stray]]
    found = match_all(images, [*stray, *(f"imgs/{image}" for image in images)], ["/data/images"])
    assert len(found) == 100 - num_stray  # those that two lines name are nobody's
