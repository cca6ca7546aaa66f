"""Labels of a workspace: relative to its images, and kept where people look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.messages import Messages
from unpool.actions.grouping.labels import describe_labels, forget_labels, read_labels_of
from unpool.errors import UnpoolError
from unpool.store.reading import read_reading
from unpool.store.state import write_state

PATHS = ["cat/1.png", "dog/2.png"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write_state(tmp_path / "w.unpool", images=str(tmp_path / "photos"), place="photos")
    return tmp_path / "w.unpool"


def test_paths_may_lead_through_the_folder_of_the_images(work: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"path,label\n{tmp_path}/photos/cat/1.png,x\nphotos/dog/2.png,y\nz.png,y\n")
    progress = Messages()
    labels = read_labels_of(work, PATHS, str(file), progress)
    assert labels.classes == ["x", "y"]
    assert progress.texts == labels.lines
    result = describe_labels(labels)
    assert (result["labelled"], result["unlabelled"], result["unmatched_lines"]) == (2, 0, 1)
    assert result["labels"]["matched_by"] == {"by full paths": 1, "relative to the label file": 1}
    json.dumps(result)
    section = read_reading(work)["collection"]["labels"]
    assert "1 line matched no image: z.png (line 4)" in section["sentence"]
    assert section["labelled"] == 2
    forget_labels(work)
    assert "labels" not in read_reading(work)["collection"]


def test_plain_folders_are_no_assumption(work: Path) -> None:
    progress = Messages()
    paths = [*PATHS, "cat/3.png", "dog/4.png"]
    assert read_labels_of(work, paths, "folders", progress).classes == ["cat", "dog"] * 2
    assert progress.texts == []
    assert "labels" not in read_reading(work)["collection"]
    with pytest.raises(UnpoolError, match="no image lies in a folder at the level of folders:4"):
        read_labels_of(work, PATHS, "folders:4", progress)
