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


def start(root: Path) -> subprocess.Popen[str]:
    words = ["run", "images", "--work", "w.unpool", "--steps", "60", "--groups", "3", "--no-open", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "unpool", *words],
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
    finish(start(whole))
    length = time.perf_counter() - started
    chance = random.Random(0)
    killed = 0
    while killed < 10:
        process = start(tmp_path)
        time.sleep(chance.uniform(0.3, length))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        else:  # a run that came to its end starts anew, so that the next kill meets work under way
            check_whole(tmp_path, paths)
            shutil.rmtree(tmp_path / "w.unpool")
        process.communicate()
    finish(start(tmp_path))
    check_whole(tmp_path, paths)
    first, second = (ImageTable(root / "w.unpool").frame().set_index("path") for root in (whole, tmp_path))
    assert first["group"].equals(second["group"])


def test_a_kill_while_embedding(tmp_path: Path) -> None:
    paths = make_shapes(tmp_path / "images", each=40)
    process = start(tmp_path)
    model = tmp_path / "w.unpool/model/model.json"
    for _ in range(6000):
        if model.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "w.unpool/report/index.html").exists()
    told = finish(start(tmp_path))
    assert told["images"] == 120
    check_whole(tmp_path, paths)


def test_ctrl_c_is_one_line_and_goes_on(tmp_path: Path) -> None:
    make_shapes(tmp_path / "images", each=40)
    process = start(tmp_path)
    for _ in range(6000):
        if (tmp_path / "w.unpool/unpool.yaml").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.strip().splitlines()[-1] == "unpool: stopped; give the same command again to go on"
    assert "Traceback" not in err
    assert finish(start(tmp_path))["images"] == 120
