"""The commands of docs/good-tiles.md, one after the other, on the tiles that its own script draws."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "good-tiles.md").read_text("utf-8")
NUM_GOOD = 6  # of the new tiles, which are drawn first


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def verdicts(folder: Path) -> list[str]:
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        return [row["verdict"] for row in csv.DictReader(file)]


def test_the_page_goes_from_good_tiles_to_the_line() -> None:
    assert [command.split()[:3] for command in commands()] == [
        ["python", "draw.py"], ["unpool", "inspect", "train"], ["unpool", "inspect", "predict"],
        ["unpool", "inspect", "evaluate"], ["unpool", "inspect", "predict"], ["unpool", "inspect", "train"],
        ["unpool", "inspect", "predict"], ["unpool", "inspect", "evaluate"], ["python", "line.py", "new/00.png"],
    ]  # fmt: skip


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(blocks("python")[0], "utf-8")
    section = (DOCS / "inspect.md").read_text("utf-8").split("## On the line's computer")[1]
    (tmp_path / "line.py").write_text(blocks("python", section)[0], "utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed: list[str] = []
    for command in commands():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True,
            timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed.append(done.stdout + done.stderr)

    learnt, measured, added, line = printed[1], printed[3], printed[5], printed[8]
    assert "as 80 good images say" in learnt
    found = verdicts(tmp_path / "inspected")
    assert found[NUM_GOOD:] == ["not good"] * 4
    assert found[:NUM_GOOD].count("not good") <= 1
    assert "\n100 % of the others are found" in measured
    assert (tmp_path / "measured" / "misses.png").is_file()
    before, after = (verdicts(tmp_path / name).count("not good") for name in ("late-before", "late-after"))
    assert before > after
    assert "8 good images added" in added
    assert "\n100 % of the others are found" in printed[7]
    assert [row.rsplit(",", 1)[1] for row in line.splitlines() if "," in row] == ["good", "not good"]
