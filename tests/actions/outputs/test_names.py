"""No two images share a file, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.messages import Messages
from unpool.actions.outputs.names import names_for, place_of, report_names
from unpool.core.file_names import folded

ENDINGS = (".png", ".tif", ".overlay.png", ".probabilities.tif")


def test_names_keep_the_ending_only_where_two_would_be_the_same() -> None:
    assert names_for(["x/a.jpg", "a.jpg", "a.png"], ENDINGS) == {
        "x/a.jpg": "x/a",
        "a.jpg": "a.jpg",
        "a.png": "a.png",
    }


@pytest.mark.parametrize(
    "paths",
    [
        ["a.jpg", "a.jpg.png", "a.png"],
        ["a.overlay.png", "a.png", "a.probabilities.tif"],
        ["A.png", "a.jpg", "a.png"],
        ["m" * 240 + ".png", "m" * 251 + ".png", "n/" + "ü" * 120 + ".jpeg"],
        ["caf\u00e9.jpg", "cafe\u0301.jpg"],
    ],
)
def test_no_two_images_share_a_file_and_no_name_is_too_long(paths: list[str]) -> None:
    names = names_for(paths, ENDINGS)
    files = [
        file for name in names.values() for file in (place_of(Path(), name, ending) for ending in ENDINGS)
    ]
    assert len({folded(file.as_posix()) for file in files}) == 4 * len(paths)
    assert all(len(part.encode()) <= 255 for file in files for part in file.parts)
    assert list(names) == paths


def test_names_that_were_changed_are_said() -> None:
    messages = Messages()
    paths = ["a.jpg", "a.png", "b.png"]
    report_names(names_for(paths, ENDINGS), messages)
    (text,) = messages.texts
    assert text.startswith(
        "2 names are shared by several images, or too long, and were changed: a.jpg → a.jpg, a.png"
    )
    report_names(names_for(["a.jpg", "deep/b.c.png"], ENDINGS), messages)
    assert len(messages.texts) == 1
