"""When, with what and where a photograph was taken.

Its EXIF data say so.

Source: CIPA DC-008, Exchangeable image file format for digital still cameras: Exif Version 2.32.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from PIL import ExifTags, Image

if TYPE_CHECKING:
    import tifffile

MAX_NAME_LENGTH = 100
EPOCH = datetime(1970, 1, 1)
# When the shutter was opened, then when the picture was stored; each with the tag of its fraction of a second.
TIMES = ((36867, 37521), (36868, 37522))
MAKE, MODEL = 271, 272
NORTH_SOUTH, LATITUDE, EAST_WEST, LONGITUDE = 1, 2, 3, 4

# As tifffile names them.
EXIF_IFD, GPS_IFD = 34665, 34853
PHOTO_NAMES = {
    "DateTimeOriginal": 36867, "SubsecTimeOriginal": 37521, "DateTimeDigitized": 36868, "SubsecTimeDigitized": 37522,
}  # fmt: skip
PLACE_NAMES = {
    "GPSLatitudeRef": NORTH_SOUTH, "GPSLatitude": LATITUDE, "GPSLongitudeRef": EAST_WEST, "GPSLongitude": LONGITUDE,
}  # fmt: skip

Tags: TypeAlias = Mapping[int, object]


@dataclass(frozen=True, slots=True)
class Capture:
    """When, with what and where a photograph was taken.

    None where its file does not say.

    Args:
        taken: What the camera's clock showed, in seconds since 1970.
        camera: Maker and model.
        latitude: In degrees, north is positive.
        longitude: In degrees, east is positive.
    """

    taken: float | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


NOTHING = Capture()


def read_capture(image: Image.Image) -> Capture:
    """Read when, with what and where an image was taken.

    Damaged EXIF data, and what cannot be true, count as nothing.
    """
    try:
        exif = image.getexif()
        if not len(exif):
            return NOTHING
        return describe_tags(exif, exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # it fails in many ways, and the picture is fine without
        return NOTHING


def read_tiff_capture(page: tifffile.TiffPage) -> Capture:
    """Read the same of a page of a TIFF."""
    try:
        main, photo, place = (
            {tag.code: tag.value for tag in page.tags if tag.code in (MAKE, MODEL)},
            _number(page.tags.valueof(EXIF_IFD), PHOTO_NAMES),
            _number(page.tags.valueof(GPS_IFD), PLACE_NAMES),
        )
        return describe_tags(main, photo, place)
    except Exception:  # as damaged tags are
        return NOTHING


def _number(named: object, numbers: Mapping[str, int]) -> Tags:
    """Tags by number from tags by name."""
    if not isinstance(named, dict):
        return {}
    return {number: named[name] for name, number in numbers.items() if name in named}


def describe_tags(main: Tags, photo: Tags, place: Tags) -> Capture:
    """Read the facts from EXIF's tags by number.

    Args:
        main: Of the image.
        photo: Of the photograph.
        place: Of the GPS receiver.

    Returns:
        What they say, as far as it can be true.

    >>> describe_tags({271: "NIKON CORPORATION", 272: "NIKON D90"}, {36867: "1970:01:02 00:00:00"}, {})
    Capture(taken=86400.0, camera='NIKON D90', latitude=None, longitude=None)
    """
    latitude = _read_angle(place.get(LATITUDE), place.get(NORTH_SOUTH), "S", 90)
    longitude = _read_angle(place.get(LONGITUDE), place.get(EAST_WEST), "W", 180)
    if latitude is None or longitude is None or (latitude, longitude) == (0, 0):  # a receiver without a fix
        latitude = longitude = None
    times = (_read_time(photo.get(time), photo.get(fraction)) for time, fraction in TIMES)
    taken = next((time for time in times if time is not None), None)
    return Capture(
        taken, _name_camera(_to_text(main.get(MAKE)), _to_text(main.get(MODEL))), latitude, longitude
    )


def _read_time(value: object, fraction: object) -> float | None:
    try:
        moment = datetime.strptime(_to_text(value)[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = _to_text(fraction)
    part = float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0
    return (moment - EPOCH).total_seconds() + part


def _name_camera(make: str, model: str) -> str | None:
    """Maker and model, the maker once: `Apple iPhone 12`, but `Canon EOS 5D`."""
    first = make.split(" ")[0]
    name = model if model.lower().startswith(first.lower()) else f"{make} {model}"
    return (name or make).strip()[:MAX_NAME_LENGTH] or None


def _read_angle(value: object, reference: object, negative: str, most: int) -> float | None:
    """Degrees from three rational numbers."""
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        parts = [float(part) for part in value]  # type: ignore[attr-defined]
        if len(parts) == 6:  # each a fraction
            parts = [above / below for above, below in zip(parts[::2], parts[1::2], strict=True)]
        degrees, minutes, seconds = parts
        angle = degrees + minutes / 60 + seconds / 3600
        if math.isfinite(angle) and 0 <= angle <= most:
            return -angle if _to_text(reference).upper()[:1] == negative else angle
    return None


def _to_text(value: object) -> str:
    """A value in one line; bytes that are no text are nothing."""
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("ascii", "ignore")
    text = "".join(sign for sign in str(value or "") if sign.isprintable())
    return " ".join(text.split())
