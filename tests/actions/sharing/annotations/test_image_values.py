"""What people said of images, as other tools hold it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.labelled_workspace import PATHS, make_labelled_workspace
from unpool.actions.sharing.annotations.image_values import AnnotatedImage, choose_file, read_image_values
from unpool.actions.sharing.formats import ExportRequest
from unpool.core.progress import Progress
from unpool.errors import UnpoolError


def test_values_are_plain_and_only_those_there_are(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    table.update([PATHS[3]], {"suggestion": ["cat"], "suggestion_confidence": [0.75]})
    fields, images = read_image_values(ExportRequest(table, tmp_path / "out", None, False, Progress()))
    assert [field.name for field in fields] == ["label", "colours", "image", "shot", "weight (kg)"]
    assert {image.path: image for image in images} == {
        "cat/a.png": AnnotatedImage("cat/a.png", 8, 6, {
            "label": "cat", "colours": ["red", "sea green"], "shot": "1970-01-02", "weight (kg)": 3,
        }),
        "dog/b b.png": AnnotatedImage("dog/b b.png", 8, 6, {
            "label": "dög & co", "colours": ["red"], "image": 'a "note", with <signs>',
        }),
        "café.png": AnnotatedImage("café.png", 8, 6, {"shot": "1970-01-01 01:01:01", "weight (kg)": 2.5}),
        "dog/c.png": AnnotatedImage("dog/c.png", 8, 6, {}, "cat", 0.75),
    }  # fmt: skip


def test_only_what_is_selected(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    request = ExportRequest(table, tmp_path / "out", frozenset([PATHS[1]]), False, Progress())
    assert [image.path for image in read_image_values(request)[1]] == [PATHS[1]]


def test_a_file_is_written_where_it_is_named_or_into_a_folder_of_its_own(tmp_path: Path) -> None:
    assert choose_file(tmp_path / "a.json", "tasks.json") == tmp_path / "a.json"
    assert choose_file(tmp_path / "new", "tasks.json") == tmp_path / "new" / "tasks.json"
    (tmp_path / "old").mkdir()
    for name in ("tasks.json", "interface.xml"):
        (tmp_path / "old" / name).write_text("")
    assert choose_file(tmp_path / "old", "tasks.json", "interface.xml") == tmp_path / "old" / "tasks.json"
    with pytest.raises(UnpoolError, match=r"old holds interface\.xml; name a new or empty folder"):
        choose_file(tmp_path / "old", "tasks.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(UnpoolError, match=r"file is a file of another kind; .* a file that ends in \.json"):
        choose_file(tmp_path / "file", "tasks.json")
