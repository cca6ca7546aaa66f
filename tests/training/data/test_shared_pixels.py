"""Images that several processes decode are those that one decodes, each file read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.together import run_together
from unpool.images import pixel_cache
from unpool.images.pixel_cache import DecodeTask, load_pixels
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.scan import ImageFile, scan_folder
from unpool.training.data.shared_folder import SharedFolder
from unpool.training.data.shared_pixels import load_shared_pixels

NUM_IMAGES = 11
Answer = tuple[np.ndarray, list[int], list[str]]


@pytest.fixture
def files(tmp_path: Path) -> list[ImageFile]:
    """Images of noise, of which two cannot be read."""
    folder, rng = tmp_path / "images", np.random.default_rng(0)
    folder.mkdir()
    for number in range(NUM_IMAGES):
        Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8)).save(folder / f"{number:02}.png")
    for number in (0, 6):
        (folder / f"{number:02}.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing")
    return scan_folder(folder).files


def load(
    files: list[ImageFile], folders: list[Path], leaders: tuple[int, ...]
) -> tuple[list[Answer], list[str]]:
    """What each process gets, and which files were read."""
    opened: list[str] = []

    def read(file: ImageFile, side: int) -> Picture:
        opened.append(file.path)
        return read_picture(file.file, min_side=side)

    def work(shared: SharedFolder) -> Answer:
        task = DecodeTask(files, 8, 3, "centre", 1, read, None)
        pixels = np.array(load_shared_pixels(task, shared.folder / "pixels", shared))
        return pixels, task.usable, [problem.path for problem in task.problems]

    return run_together(folders, leaders, work), opened


@pytest.mark.parametrize("leaders", [(0, 0, 0), (0, 1, 1)])
@pytest.mark.parametrize("memory_limit", [pixel_cache.MEMORY_LIMIT, 0])
def test_each_file_is_read_once_and_all_get_what_one_process_gets(
    leaders: tuple[int, ...], memory_limit: int, files: list[ImageFile], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(pixel_cache.decode_all, "__defaults__", (memory_limit,))
    folders = [tmp_path / str(leader) for leader in leaders]
    problems: list[str] = []
    whole, usable = load_pixels(
        files, size=8, channels=3, crop="centre", workers=1, cache=None,
        on_problem=lambda problem: problems.append(problem.path),
    )  # fmt: skip
    answers, opened = load(files, folders, leaders)
    assert sorted(opened) == [file.path for file in files]
    for pixels, own_usable, own_problems in answers:
        np.testing.assert_array_equal(pixels, whole)
        assert (own_usable, own_problems) == (usable, problems)
    for folder in set(folders):  # one array and its notes, and no share beside them
        assert sorted(path.suffix for path in (folder / "pixels").iterdir()) == [".json", ".u8"]


def test_a_run_that_is_resumed_reads_nothing_again(files: list[ImageFile], tmp_path: Path) -> None:
    good = [file for file in files if file.path not in ("00.png", "06.png")]
    first, _ = load(good, [tmp_path, tmp_path], (0, 0))
    again, opened = load(good, [tmp_path, tmp_path], (0, 0))
    assert opened == []
    for before, after in zip(first, again, strict=True):
        np.testing.assert_array_equal(before[0], after[0])


def test_a_machine_whose_folder_is_new_gets_all(files: list[ImageFile], tmp_path: Path) -> None:
    load(files, [tmp_path / "a", tmp_path / "a"], (0, 0))
    answers, _ = load(files, [tmp_path / "a", tmp_path / "b"], (0, 1))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    assert len(answers[1][0]) == NUM_IMAGES - 2
