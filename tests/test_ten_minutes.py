"""The commands of docs/ten-minutes.md, one after the other, on drawings of three kinds."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.pictures import make_shapes
from unpool.store.table import ImageTable

PAGE = (Path(__file__).parents[1] / "docs" / "ten-minutes.md").read_text("utf-8")
NUM_NAMED = 10  # of each kind


def commands() -> list[str]:
    """The lines of its shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_the_page_goes_from_a_folder_to_names_of_new_files() -> None:
    assert [command.split()[1] for command in commands()] == [
        "run", "suggest", "label", "label", "spread", "accept", "check", "classify", "classify",
    ]  # fmt: skip


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path) -> None:
    for name, each in (("photos", 24), ("new-photos", 4)):
        make_shapes(tmp_path / name, each=each, size=64)
    photos = sorted(file.relative_to(tmp_path / "photos") for file in (tmp_path / "photos").rglob("*.png"))
    kinds = {photo.parent.name for photo in photos}
    with (tmp_path / "names.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label"])
        for kind in sorted(kinds):
            named = [photo for photo in photos if photo.parent.name == kind][:NUM_NAMED]
            writer.writerows([photo.as_posix(), kind] for photo in named)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True,
            timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert ImageTable(tmp_path / "photos.unpool").frame()["label"].notna().sum() >= NUM_NAMED * len(kinds)
    with (tmp_path / "answers.csv").open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert len(answers) == 4 * len(kinds)
    right = [row for row in answers if row["label"] == Path(row["path"]).parent.name]
    assert len(right) >= 0.8 * len(answers)
