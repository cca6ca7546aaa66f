"""What EXIF data say of a photograph is read, and what cannot be true is not."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from unpool.images.isolation.process import answer
from unpool.images.reading.capture import EPOCH, NOTHING, Capture, describe_tags, read_capture
from unpool.images.reading.decode import read_picture
from unpool.images.reading.exif import read_file_capture

SHOT = Capture(
    (datetime(2021, 5, 6, 7, 8, 9) - EPOCH).total_seconds() + 0.25, "Apple iPhone 12", -10.5, 20.01
)


@pytest.fixture
def photograph() -> Image.Image:
    """A picture with EXIF data of all three kinds, turned by a quarter."""
    image = Image.new("RGB", (64, 48), "teal")
    exif = image.getexif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Apple\0", "iPhone 12"
    exif[ExifTags.Base.Orientation] = 6
    photo, place = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    photo[ExifTags.Base.DateTimeOriginal], photo[ExifTags.Base.SubsecTimeOriginal] = (
        "2021:05:06 07:08:09",
        "25",
    )
    place[1], place[2], place[3], place[4] = "S", (10.0, 30.0, 0.0), "E", (20.0, 0.0, 36.0)
    return image


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_it_is_read_with_the_picture_and_from_the_head_alone(
    photograph: Image.Image, tmp_path: Path, image_format: str
) -> None:
    file = tmp_path / f"a.{image_format.lower()}"
    photograph.save(file, image_format, exif=photograph.getexif().tobytes())
    assert read_picture(file).capture == SHOT
    assert read_file_capture(file) == SHOT


def test_another_process_says_it_too(photograph: Image.Image, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    photograph.save(file, exif=photograph.getexif().tobytes())
    request: dict[str, Any] = {
        "verb": "picture",
        "file": str(file),
        "min_side": None,
        "max_pixels": 10**6,
        "rules": {},
    }
    head, _ = answer(request)
    assert Capture(**head["capture"]) == SHOT


def test_files_without_it_say_nothing(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").capture == NOTHING == read_file_capture(tmp_path / "a.png")
    assert read_file_capture(tmp_path / "missing.png") == NOTHING


@pytest.mark.parametrize("length", range(8, 60, 3))
def test_damaged_data_say_nothing_wrong(photograph: Image.Image, length: int) -> None:
    content = io.BytesIO()
    photograph.save(content, "JPEG", exif=photograph.getexif().tobytes()[:length])
    found = read_capture(Image.open(content))
    assert found in (NOTHING, SHOT, Capture(camera="Apple iPhone 12"), Capture(camera="Apple"))


@pytest.mark.parametrize(
    ("main", "photo", "place", "expected"),
    [
        ({271: "NIKON CORPORATION", 272: "NIKON D90"}, {}, {}, Capture(camera="NIKON D90")),
        ({271: "Canon", 272: ""}, {}, {}, Capture(camera="Canon")),
        ({272: "Scanner\x00\x07 9"}, {}, {}, Capture(camera="Scanner 9")),
        ({}, {36867: "0000:00:00 00:00:00", 36868: "1970:01:01 00:00:01"}, {}, Capture(taken=1.0)),
        ({}, {36867: "    :  :     :  :  "}, {}, NOTHING),
        ({}, {36867: b"1970:01:01 00:00:02\0", 37521: "5 "}, {}, Capture(taken=2.5)),
        ({306: "1999:01:01 00:00:00"}, {}, {}, NOTHING),  # when somebody saved it
        ({}, {}, {1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)}, NOTHING),
        ({}, {}, {1: "N", 2: (91, 0, 0), 3: "E", 4: (5, 0, 0)}, NOTHING),
        ({}, {}, {1: "N", 2: (45, 30), 3: "E", 4: (5, 0, 0)}, NOTHING),
        (
            {},
            {},
            {1: b"N\0", 2: (45, 1, 30, 1, 0, 1), 3: "W", 4: (5, 0, 36)},
            Capture(None, None, 45.5, -5.01),
        ),
        ({}, {}, {1: "N", 2: (float("nan"), 0, 0), 3: "E", 4: (5, 0, 0)}, NOTHING),
    ],
)
def test_what_cannot_be_true_is_nothing(
    main: dict[int, object], photo: dict[int, object], place: dict[int, object], expected: Capture
) -> None:
    assert describe_tags(main, photo, place) == expected
