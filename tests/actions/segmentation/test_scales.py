"""Factors of images, and what is said of sizes."""

from __future__ import annotations

from unpool.actions.segmentation.scales import REMEDY, ScaleCount, describe_validation
from unpool.networks.segmentation.scales import learn_scales

SCENES = learn_scales([(360, 480)], factors=(0.6, 1.8))


def test_without_a_scale_images_unlike_those_learnt_are_counted_and_both_ways_named() -> None:
    count = ScaleCount(None, SCENES)
    assert [count.choose(*size) for size in ((360, 480), (1080, 1440), (90, 120))] == [1, 1, 1]
    assert count.figures == {"scale": None, "resized": 0, "outside": 2}
    (line,) = count.remarks
    assert line.startswith(
        "2 of 3 images are not of a size learnt and may be labelled wrongly: 1440×1080 pixels"
    )
    assert line.endswith(REMEDY)


def test_a_scale_of_1_ends_the_line_and_another_is_named_where_it_leads_outside() -> None:
    count = ScaleCount(1, SCENES)
    assert count.choose(1080, 1440) == 1
    assert (count.remarks, count.figures["outside"]) == ([], 1)
    count = ScaleCount(0.25, SCENES)
    assert count.choose(1440, 1920) == 0.25
    assert (count.remarks, count.figures) == ([], {"scale": 0.25, "resized": 1, "outside": 0})
    assert count.choose(360, 480) == 0.25
    assert "480×360 pixels at scale 0.25 are 0.25 times" in count.remarks[0]
    assert REMEDY not in count.remarks[0]


def test_auto_brings_images_to_the_sizes_learnt_and_says_so() -> None:
    count = ScaleCount("auto", SCENES)
    assert [count.choose(*size) for size in ((360, 480), (720, 960), (90, 120))] == [1, 0.5, 4]
    assert count.figures == {"scale": "auto", "resized": 2, "outside": 0}
    assert count.remarks == ["2 of 3 images were brought to the sizes learnt, 960×720 by 0.5 to 120×90 by 4"]


def test_nothing_is_said_of_sizes_learnt_or_not_known() -> None:
    count = ScaleCount(None, SCENES)
    count.choose(400, 500)
    assert count.remarks == []
    old = ScaleCount(None, None)
    assert old.choose(4000, 4000) == 1
    assert (old.remarks, old.figures["outside"]) == ([], None)


def test_validation_images_of_other_sizes_are_named() -> None:
    assert describe_validation(SCENES, [(360, 480), (400, 500)]) == []
    (line,) = describe_validation(SCENES, [(360, 480), (960, 1280)])
    assert line.startswith("1 of 2 validation images are not of a size learnt")
    assert "1280×960 pixels are 2.7 times" in line
