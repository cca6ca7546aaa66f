"""Killed with no chance to tidy, at any moment: the same command again ends with a whole workspace."""

from __future__ import annotations

import csv
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.pictures import make_shapes
from unpool.core.atomic_files import PARTIAL
from unpool.store.table import ImageTable


def start(root: Path, steps: int = 20) -> subprocess.Popen[str]:
    options = ["--work", "w.unpool", "--steps", str(steps), "--groups", "3", "--no-open", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "unpool", "run", "images", *options],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return json.loads(out)


def check_whole(root: Path, paths: list[str]) -> None:
    work = root / "w.unpool"
    frame = ImageTable(work).frame()
    assert frame["path"].tolist() == paths
    assert (frame["status"] == "ok").all()
    assert frame["vector"].map(lambda vector: np.isfinite(vector).all()).all()
    assert frame[["group", "x", "y", "thumbnail", "id"]].notna().all(axis=None)
    assert [row["path"] for row in csv.DictReader((work / "groups.csv").open())] == paths
    assert (work / "report/index.html").read_text().rstrip().endswith("</html>")
    assert not [path for path in work.rglob("*") if path.name.startswith(PARTIAL)]


@pytest.mark.slow
def test_ten_kills_at_random_moments(tmp_path: Path) -> None:
    paths = make_shapes(tmp_path / "images", each=100)
    started = time.perf_counter()
    whole = tmp_path / "undisturbed"
    make_shapes(whole / "images", each=100)
    finish(start(whole, 60))
    length = time.perf_counter() - started
    chance = random.Random(0)
    killed = 0
    while killed < 10:
        process = start(tmp_path, 60)
        time.sleep(chance.uniform(0.3, length))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        else:  # a run that came to its end starts anew, so that the next kill meets work under way
            check_whole(tmp_path, paths)
            shutil.rmtree(tmp_path / "w.unpool")
        process.communicate()
    finish(start(tmp_path, 60))
    check_whole(tmp_path, paths)
    first, second = (ImageTable(root / "w.unpool").frame().set_index("path") for root in (whole, tmp_path))
    assert first["group"].equals(second["group"])


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if file.exists() or process.poll() is not None:
            return
        time.sleep(0.05)


@pytest.mark.slow
def test_interrupted_killed_while_embedding_and_finished(tmp_path: Path) -> None:
    paths = make_shapes(tmp_path / "images", each=12)
    work = tmp_path / "w.unpool"
    process = start(tmp_path)
    wait_for(work / "unpool.yaml", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.strip().splitlines()[-1] == "unpool: stopped; give the same command again to resume it"
    assert "Traceback" not in err

    process = start(tmp_path)
    wait_for(work / "model" / "model.json", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (work / "report" / "index.html").exists()

    assert finish(start(tmp_path))["images"] == len(paths) == 36
    check_whole(tmp_path, paths)
