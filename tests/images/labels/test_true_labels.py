"""True classes, and what people are told of lines that fit nothing or each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.true_labels import TrueLabels, clean_label, read_true_labels

PATHS = ["a/b/1.png", "c/2.png", "3.png"]
MORE = [*PATHS, "4.png"]


def read(folder: Path, text: str, paths: list[str] = PATHS) -> TrueLabels:
    (folder / "labels.csv").write_text(text, encoding="utf-8", newline="")
    return read_true_labels(paths, str(folder / "labels.csv"), [str(folder)])


def test_folders_are_the_immediate_parents_or_those_of_a_level() -> None:
    assert read_true_labels(PATHS, "folders").classes == ["b", "c", None]
    assert read_true_labels(PATHS, "folders:1").classes == ["a", "c", None]
    facts = read_true_labels(PATHS, "folders").facts
    assert (facts["labelled"], facts["unlabelled"], facts["classes"], facts["level"]) == (2, 1, 2, -1)


def test_folders_that_are_not_there_are_an_error() -> None:
    with pytest.raises(UnpoolError, match=r"no image lies in a folder of its own class; give --labels a CSV"):
        read_true_labels(["1.png"], "folders")
    with pytest.raises(UnpoolError, match=r"no image lies in a folder at the level of folders:3"):
        read_true_labels(PATHS, "folders:3")


def test_a_plain_file_needs_one_line(tmp_path: Path) -> None:
    labels = read(tmp_path, "path,label\na/b/1.png,x\nc/2.png,y\n3.png,x\n4.png,y\n", MORE)
    assert labels.classes == ["x", "y", "x", "y"]
    assert labels.lines == ["labels.csv: all 4 images have a label"]
    assert labels.is_plain


def test_a_part_is_counted_with_the_rules_by_which_lines_matched(tmp_path: Path) -> None:
    labels = read(tmp_path, "path,label\na\\b\\1.png,x\n./3.png,y\n")
    assert labels.classes == ["x", None, "y"]
    assert labels.lines[0] == (
        "labels.csv: 2 of 3 images have a label, 1 have none (lines matched: 1 by turning backslashes, 1 without ./)"
    )
    assert labels.facts["matched_by"] == {"by turning backslashes": 1, "without ./": 1}
    assert not labels.is_plain


def test_lines_that_label_nothing_are_counted_and_three_are_named(tmp_path: Path) -> None:
    text = "path,label\n3.png,x\n3.png,x\nc/2.png,\ng1.png,x\ng2.png,x\n,x\ng3.png,x\n"
    labels = read(tmp_path, text)
    assert labels.classes == [None, None, "x"]
    assert labels.facts["unmatched"] == [
        "g1.png (line 5)", "g2.png (line 6)", "an empty path (line 7)", "g3.png (line 8)"
    ]  # fmt: skip
    assert labels.facts["unlabelled_images"] == ["a/b/1.png", "c/2.png"]
    counts = [labels.facts[name] for name in ("unmatched_lines", "lines_without_label", "repeated_lines")]
    assert counts == [4, 1, 1]
    assert labels.lines[1:] == [
        "labels.csv: 4 lines matched no image: g1.png (line 5), g2.png (line 6), an empty path (line 7), …",
        "labels.csv: 1 line without a label",
        "labels.csv: 1 line repeated the label of an image",
        "labels.csv: there is one class alone, 'x'",
    ]


def test_a_name_that_several_images_have_is_said_to_have_them(tmp_path: Path) -> None:
    labels = read(tmp_path, "path,label\n1.png,x\nb/2.png,y\n", ["a/1.png", "b/1.png", "b/2.png"])
    assert labels.classes == [None, None, "y"]
    assert "1.png (line 2; 2 images have this name)" in labels.lines[1]


def test_classes_that_figures_say_little_about_are_named(tmp_path: Path) -> None:
    labels = read(tmp_path, "path,label\n3.png,x\n4.png,x\nc/2.png,y\na/b/1.png,z\n", MORE)
    assert labels.lines[1:] == ["labels.csv: 2 of 3 classes have one image: 'y', 'z'"]
    assert labels.is_plain


def test_two_labels_of_one_image_are_an_error_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(
        UnpoolError, match=r"labels\.csv labels c/2\.png twice: 'x' in line 2, 'y' in line 4; keep one"
    ):
        read(tmp_path, "path,label\nc/2.png,x\n3.png,x\n.\\c\\2.png,y\n")
    with pytest.raises(UnpoolError, match=r"\(1 more images likewise\)"):
        read(tmp_path, "path,label\nc/2.png,x\nc/2.png,y\n3.png,x\n3.png,y\n3.png,z\n")


@pytest.mark.parametrize(
    "label", ["007", "1e5", "NaN", "None", "null", "NA", "true", "0", "2024-05-01", "=A1", "a,b", "#"]
)
def test_labels_keep_their_letters(tmp_path: Path, label: str) -> None:
    assert read(tmp_path, f'path,label\n3.png,"{label}"\n').classes[2] == label


def test_blanks_around_labels_and_forms_of_letters_make_no_classes(tmp_path: Path) -> None:
    labels = read(
        tmp_path, "path,label\n3.png,café\nc/2.png, cafe\u0301 \na/b/1.png,Café\n4.png,Café\n", MORE
    )
    assert labels.classes == ["Café", "café", "café", "Café"]
    assert labels.lines[1:] == [
        "labels.csv: labels without the blanks around them, or in composed Unicode: 1",
        "labels.csv: 'Café' and 'café' are classes of their own",
    ]
    assert clean_label("\u200b x\u00a0") == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "path,label\nother.png,b\n",
            r"names no image of this collection: line 2 has 'other\.png', an image is 'a/b/1",
        ),
        ("path,label\n", "has no line with a path"),
        ("path,label\n3.png,\n", "has no label for any image, only empty ones"),
        ("path,x,y1\n3.png,b,c\n", "labels.csv cannot be used for labels: none of the columns path, x, y1"),
    ],
)
def test_a_file_that_fits_nothing_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        read(tmp_path, text)
