"""The page that is the picture, among copies, masks and companions."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile

from support.tiff_files import Page, page, tiff, written
from unpool.errors import UnreadableImageError
from unpool.images.tiff.pages import Pages, list_pages

LARGE, SMALL = (6, 8), (3, 4)


def grey(shape: tuple[int, int], **tags: tuple[str, Any]) -> Page:
    numbers = {"kind": 254, "old": 255, "text": 270}
    return page(
        shape, [bytes(shape[0] * shape[1])], 1, more={numbers[name]: tag for name, tag in tags.items()}
    )


def listed(stream: io.BytesIO) -> Pages:
    stream.seek(0)
    with tifffile.TiffFile(stream) as opened:
        return list_pages(opened)


@pytest.mark.parametrize(
    ("pages", "index", "text"),
    [
        ([grey(LARGE)], 0, None),
        ([grey(SMALL, kind=("I", 1)), grey(LARGE, kind=("I", 0))], 1, "the first page is a reduced copy"),
        ([grey(SMALL, old=("H", 2)), grey(LARGE, old=("H", 1))], 1, "the first page is a reduced copy"),
        ([grey(SMALL, text=("s", "Label Image")), grey(LARGE)], 1, "or a companion"),
        ([grey(LARGE), grey(LARGE, kind=("I", 4)), grey(SMALL, kind=("I", 1))], 0, None),
        ([grey(LARGE, kind=("I", 2)), grey(SMALL, kind=("I", 2))], 0, "page 1 of 2"),
        ([grey(LARGE, kind=("I", 1))], 0, None),
        ([grey(LARGE, text=("s", "Macro photograph of a bee"))], 0, None),
    ],
    ids=[
        "one",
        "reduced first",
        "old tag",
        "label",
        "masks and overviews",
        "document",
        "all reduced",
        "text",
    ],
)
def test_the_first_page_that_is_a_picture_counts(pages: list[Page], index: int, text: str | None) -> None:
    found = listed(tiff(*pages))
    assert found.full[0].index == index
    told = found.describe(found.full[0])
    assert (told is None) if text is None else (told is not None and text in told)


def test_the_picture_inside_its_thumbnails_page_is_found() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(np.zeros(SMALL, np.uint8), subfiletype=1, subifds=1)
        file.write(np.zeros(LARGE, np.uint8), subfiletype=0)
    assert listed(buffer).full[0].shape == LARGE


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ome": True, "metadata": {"axes": "ZCYX"}}, "page 1 of 6 (2 slices, 3 channels)"),
        ({"imagej": True, "metadata": {"axes": "ZCYX"}}, "page 1 of 6 (6 images, 3 channels, 2 slices)"),
        ({"metadata": None}, "page 1 of 6"),
    ],
)
def test_planes_are_counted_and_named(options: dict[str, Any], text: str) -> None:
    found = listed(written(np.zeros((2, 3, *LARGE), np.uint8), photometric="minisblack", **options))
    assert found.describe(found.full[0]) == text


def test_a_file_without_pages_is_cut() -> None:
    content = tiff(grey(LARGE)).getvalue()
    with pytest.raises(UnreadableImageError, match=r"^truncated: "):
        listed(io.BytesIO(content[:4] + bytes(4) + content[8:]))
