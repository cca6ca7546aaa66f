"""An output folder is one of its own, and the images are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from support.messages import Messages
from unpool.actions.outputs.folder import check_any_usable, check_output, find_images
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import Problem


def picture(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3)).save(file)
    return file


def test_the_folder_of_the_images_and_a_file_are_refused(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"is the folder of the images itself; name another, such as .*heat"):
        check_output(tmp_path, tmp_path, "heat")
    with pytest.raises(UsageError, match="is a file, but must be a folder"):
        check_output(tmp_path, file, "heat")
    check_output(file, tmp_path, "heat")
    check_output(tmp_path, tmp_path / "new", "heat")


@pytest.mark.parametrize("held", ["images.lance", "model.json model.safetensors"])
def test_a_workspace_and_a_model_are_refused(held: str, tmp_path: Path) -> None:
    for name in held.split():
        (tmp_path / "out" / name).mkdir(parents=True)
    with pytest.raises(UsageError, match="is a workspace or a model"):
        check_output(tmp_path / "in", tmp_path / "out", "heat")


def test_images_of_a_folder_without_those_of_the_output(tmp_path: Path) -> None:
    for name in ("b.png", "deep/a.png", "out/c.png"):
        picture(tmp_path / name)
    (tmp_path / "empty.jpg").touch()
    files, problems = find_images(tmp_path, tmp_path / "out", Messages())
    assert [file.path for file in files] == ["b.png", "deep/a.png"]
    assert [problem.path for problem in problems] == ["empty.jpg"]
    (file,), none = find_images(tmp_path / "b.png", tmp_path / "out", Messages())
    assert (file.path, none) == ("b.png", [])


def test_nothing_that_can_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="there is no image or folder"):
        find_images(tmp_path / "none", tmp_path / "out", Messages())
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(
        UnpoolError, match=r"holds no image that can be used \(empty\.jpg: the file is empty\)"
    ):
        find_images(tmp_path, tmp_path / "out", Messages())
    files, _ = find_images(picture(tmp_path / "a.png"), tmp_path / "out", Messages())
    failed = [Problem("a.png", "corrupt", "it is damaged")]
    with pytest.raises(UnpoolError, match=r"no image of .* can be used; the first, a\.png: it is damaged"):
        check_any_usable(tmp_path, files, failed)
    check_any_usable(tmp_path, files, [])
