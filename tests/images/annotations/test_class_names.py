"""Classes of annotations by their names, whatever their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.class_names import learn_names, plan_folder
from unpool.images.annotations.drawings import Annotations
from unpool.images.masks.class_file import read_classes
from unpool.images.masks.mask_values import MaskFacts, Values
from unpool.images.masks.pairs import Pairs
from unpool.images.masks.pixel_classes import IGNORE, classes_by_value

CAR_TREE = Annotations(Path("c.json"), "COCO", {1: "Car", 2: "tall tree", 3: "void"}, [])


def facts(*numbers: int, num_twice: int = 0) -> Values:
    return Values([MaskFacts("c.json", dict.fromkeys(numbers, 5), num_twice=num_twice)])


def drawn(annotations: Annotations = CAR_TREE) -> Pairs:
    return Pairs([], [], [], drawn=annotations)


def test_the_ground_is_a_class_where_something_is_left_free() -> None:
    classes, meaning = learn_names([(CAR_TREE, facts(0, 1, 2, 3))], None)
    assert classes.names == ("background", "Car", "tall tree")
    assert "what no area covers is 'background'" in meaning
    for values, ignore in ((facts(1, 2), None), (facts(0, 1, 2), 0)):
        assert learn_names([(CAR_TREE, values)], ignore)[0].names == ("Car", "tall tree")
    with pytest.raises(UsageError, match="--ignore 7"):
        learn_names([(CAR_TREE, facts(0))], 7)


def test_names_count_not_numbers() -> None:
    other = Annotations(Path("d.json"), "COCO", {1: "tall_tree", 2: "CAR", 3: "void"}, [])
    classes, _ = learn_names([(CAR_TREE, facts(0, 1, 2))], None)
    reading = plan_folder(drawn(other), classes, facts(0, 1, 2, 3))
    assert dict(reading.classes.value_to_class) == {0: 0, 1: 2, 2: 1, 3: IGNORE}
    assert reading.remarks == []
    assert reading.classes.names == classes.names


def test_without_a_ground_what_is_free_is_ignored() -> None:
    reading = plan_folder(drawn(), classes_by_value(["car", "tall tree"]), facts(0, 1, 2))
    assert dict(reading.classes.value_to_class)[0] == IGNORE


def test_an_unknown_name_is_an_error_or_ignored() -> None:
    classes = classes_by_value(["background", "car"])
    with pytest.raises(
        UnpoolError, match=r"c\.json has 'tall tree' \(5 pixels\), but the classes are background, car"
    ):
        plan_folder(drawn(), classes, facts(0, 1, 2))
    reading = plan_folder(drawn(), classes, facts(0, 1, 2), unknown="ignore")
    assert dict(reading.classes.value_to_class)[2] == IGNORE
    assert reading.remarks == ["'tall tree' (5 pixels) are no class of these and are ignored"]
    assert plan_folder(drawn(), classes, facts(0, 1)).remarks == []  # a name that draws nothing


def test_two_classes_keep_their_numbers() -> None:
    only = Annotations(Path("c.json"), "COCO", {1: "car"}, [])
    classes, _ = learn_names([(only, facts(0, 1))], None)
    assert dict(plan_folder(drawn(only), classes, facts(0, 1)).classes.value_to_class) == {0: 0, 1: 1}


def test_pixels_in_areas_of_two_classes_are_reported() -> None:
    classes, _ = learn_names([(CAR_TREE, facts(0, 1, 2))], None)
    reading = plan_folder(drawn(), classes, facts(0, 1, 2, num_twice=1234))
    assert reading.remarks == [
        "1,234 pixels lie in areas of several classes: the area that is painted last counts"
    ]


def test_the_class_file_of_masks_says_which_colour_is_which_name(tmp_path: Path) -> None:
    file = tmp_path / "labelmap.txt"
    file.write_text("tree:1,2,3::\nbackground:0,0,0::\nhat:9,9,9::\n")
    found = Pairs([], [], [], class_file=file)
    classes = classes_by_value(["background", "tree"])
    painted = Values([MaskFacts("a.png", {0x010203: 7, 0: 3}, is_coloured=True)])
    reading = plan_folder(found, classes, painted)
    assert reading.classes.by_colour
    assert dict(reading.classes.value_to_class) == {0: 0, 0x010203: 1, 0x090909: IGNORE}
    assert reading.remarks == [f"masks are read by the names and colours of {file}"]
    with_hat = Values([MaskFacts("a.png", {0x010203: 7, 0x090909: 3}, is_coloured=True)])
    with pytest.raises(UnpoolError, match=r"labelmap\.txt has 'hat' \(3 pixels\)"):
        plan_folder(found, classes, with_hat)
    assert len(plan_folder(found, classes, with_hat, unknown="ignore").remarks) == 2
    same = read_classes(file)
    assert plan_folder(found, same, with_hat).classes == same


def test_masks_of_files_are_read_as_before() -> None:
    classes = classes_by_value(["a", "b"])
    assert plan_folder(Pairs([], [], []), classes, facts(0, 1)).classes == classes
