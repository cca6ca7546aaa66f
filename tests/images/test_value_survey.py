"""The ranges of a collection are found before its pictures are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from support.deep_files import GREY, spread, write_png16
from unpool.core.progress import Progress
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import ImageFile
from unpool.images.value_survey import describe_ranges, survey_values
from unpool.images.values.rules import NO_RULES, ValueRules

KIND = "PNG uint16 grey"


def frame(folder: Path, name: str, top: int) -> ImageFile:
    values = np.full((24, 32), 300, np.uint16)
    values[4:8, 4:8] = top
    return ImageFile(name, write_png16(folder / name, values), 1, 0.0)


def test_all_frames_decide_together(tmp_path: Path) -> None:
    files = [frame(tmp_path, f"{top}.png", top) for top in (1000, 1100, 4200)]
    survey = survey_values(files, NO_RULES, 1, Progress())
    assert survey.rules.assumed == survey.new == {KIND: [(0, 16383)]}
    assert (survey.looked_at, survey.deep, survey.dim) == (3, 3, 2)
    assert describe_ranges(survey) == (
        "values of more than 8 bits: PNG uint16 grey read as 0 to 16383 (found in 3 of 3 images, 2 of them use less "
        "than an eighth); --range sets another"
    )


def test_heights_are_shown_each_by_its_own(tmp_path: Path) -> None:
    files = []
    for step in range(4):
        heights = (500 * step + GREY / 64).astype(np.float32)
        tifffile.imwrite(tmp_path / f"{step}.tif", heights)
        files.append(ImageFile(f"{step}.tif", tmp_path / f"{step}.tif", 1, 0.0))
    survey = survey_values(files, NO_RULES, 1, Progress())
    assert survey.new == {"TIFF float32 grey": []}
    assert "TIFF float32 grey read each by its own values, as one range would show" in describe_ranges(survey)
    for file in files:
        shown = read_picture(file.file, rules=survey.rules)
        assert np.corrcoef(shown.pixels[..., 0].ravel(), GREY.ravel())[0, 1] > 0.99
        assert shown.pixels.std() > 50
        assert [note.kind for note in shown.notes] == ["own-range"]


def test_ranges_that_are_known_stay(tmp_path: Path) -> None:
    rules = ValueRules(assumed={KIND: [(0.0, 1023.0)]})
    survey = survey_values([frame(tmp_path, "a.png", 60_000)], rules, 1, Progress())
    assert (survey.rules, survey.new) == (rules, {})


def test_nothing_is_read_where_the_user_has_set_the_range(tmp_path: Path) -> None:
    file = ImageFile("a.png", tmp_path / "missing.png", 1, 0.0)
    rules = ValueRules(range=(0.0, 9.0))
    assert survey_values([file], rules, 1, Progress()).rules is rules


def test_files_that_cannot_be_read_say_nothing(tmp_path: Path) -> None:
    good = frame(tmp_path, "a.png", 900)
    bad = ImageFile("b.png", tmp_path / "b.png", 1, 0.0)
    bad.file.write_bytes(good.file.read_bytes()[:60])
    assert survey_values([good, bad], NO_RULES, 1, Progress()).new == {KIND: [(0, 1023)]}


def test_pictures_that_say_their_scale_need_none(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5\n32 24\n4095\n" + spread(GREY, 12).astype(">u2").tobytes())
    file = ImageFile("a.pgm", tmp_path / "a.pgm", 1, 0.0)
    assert survey_values([file], NO_RULES, 1, Progress()).rules == NO_RULES
