"""Two commands on one workspace at the same time: one works, the other waits or says who works; never a mixture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.pictures import make_shapes
from unpool.store.table import ImageTable

pytestmark = pytest.mark.slow
RUN = ["run", "images", "--work", "w.unpool", "--steps", "10", "--no-open", "--groups"]
GROUP = ["group", "--work", "w.unpool", "--method", "kmeans", "--groups"]
PAIRS = [
    ([*RUN, "2"], [*RUN, "3"]),
    ([*GROUP, "2"], [*GROUP, "3"]),
    ([*RUN, "2"], [*GROUP, "3"]),
    ([*RUN, "2"], ["label", "disc/000.png", "--as", "a", "--work", "w.unpool"]),
    (["check", "--work", "w.unpool"], ["label", "disc/000.png", "--as", "a", "--work", "w.unpool"]),
    (["map", "--work", "w.unpool"], [*GROUP, "2"]),
    (["check", "--work", "w.unpool"], ["check", "--work", "w.unpool"]),
    (["undo", "--work", "w.unpool"], [*GROUP, "3"]),
    (["evaluate", "--work", "w.unpool"], ["map", "--work", "w.unpool", "--method", "pca"]),
    ([*RUN, "3"], ["search", "images/disc/000.png", "--work", "w.unpool"]),
]


def start(root: Path, words: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "unpool", *words, "--json"]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("together")
    make_shapes(root / "images", each=10)
    done = start(root, [*RUN, "2"])
    assert done.wait(timeout=300) == 0
    return root


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_one_works_and_the_other_waits_or_says_who_works(
    root: Path, first: list[str], second: list[str]
) -> None:
    both = [start(root, first), start(root, second)]
    ends = [process.communicate(timeout=300) for process in both]
    for process, (_, errors) in zip(both, ends, strict=True):
        assert process.returncode in (0, 1)
        assert "Traceback" not in errors
        assert "fault of unpool" not in errors
        if process.returncode:
            last = errors.strip().splitlines()[-1]
            assert "works in" in last or "left to undo" in last
    assert 0 in [process.returncode for process in both]
    frame = ImageTable(root / "w.unpool").frame()
    assert len(frame) == 30
    assert frame[["group", "x", "y"]].notna().all(axis=None)
    assert frame["vector"].map(lambda vector: np.isfinite(vector).all()).all()
    assert not list((root / "w.unpool").glob("lock-*"))


def test_two_runs_on_a_new_workspace(tmp_path: Path) -> None:
    make_shapes(tmp_path / "images", each=10)
    both = [start(tmp_path, [*RUN, "2"]), start(tmp_path, [*RUN, "2"])]
    ends = [process.communicate(timeout=300) for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    (refused,) = [errors for process, (_, errors) in zip(both, ends, strict=True) if process.returncode]
    assert "`unpool run` works in w.unpool (process" in refused.strip().splitlines()[-1]
