"""Killed with no chance to tidy, again and again: the same words then lead to what an undisturbed command leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from support.pictures import make_shapes
from unpool.actions.health.doctor import doctor
from unpool.core.atomic_files import PARTIAL
from unpool.networks.catalogue import build_network
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model

pytestmark = pytest.mark.slow

STORED = Path(__file__).parents[1] / "fixtures" / "v0.1.0"
# Of each command: 210 kills in all. `UNPOOL_KILLS=2` makes it a quick look.
NUM_CHAINS, NUM_KILLS = 3, int(os.environ.get("UNPOOL_KILLS", "10"))
OPTIONS = {"size": 16, "channels": 1, "width": 4}
WORK, MODEL, OUT = "w.unpool", "made", "labels"
EMBED = f"embed images --model base --work {WORK}"
GROUP = f"group --work {WORK} --groups 4 --method kmeans"
MAP = f"map --work {WORK}"


@dataclass(frozen=True)
class Case:
    """A command that is killed, and what was done before it."""

    command: str
    before: tuple[str, ...] = ()


CASES = {
    "run": Case(f"run images --work {WORK} --steps 40 --groups 3 --no-open"),
    "train": Case(f"train images --out {MODEL} --network conv --size 16 --epochs 30 --val 0.2 --resume"),
    "embed": Case(EMBED),
    "group": Case(GROUP, (EMBED,)),
    "map": Case(MAP, (EMBED,)),
    "check": Case(f"check --work {WORK}", (EMBED, MAP, GROUP)),
    "segment predict": Case(f"segment predict images --model segmenter --out {OUT}"),
}  # fmt: skip
# Facts of files, places and times, which differ from copy to copy.
OF_A_COPY = {"modified", "stamp"}
TIMES = {"location", "seconds", "images_per_second", "time", "versions", "started", "minutes"}


def start(words: str, root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "unpool", *words.split(), "--json"],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(words: str, root: Path) -> Any:
    process = start(words, root)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return json.loads(out)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, a model that has learnt nothing, and a segmenter."""
    root = tmp_path_factory.mktemp("kills")
    make_shapes(root / "images", each=40)
    save_model(root / "base", build_network("conv", seed=0, **OPTIONS), options=OPTIONS)
    shutil.copytree(STORED / "segmenter", root / "segmenter")
    finish(EMBED.replace(WORK, "export.unpool"), root)  # which writes networks down once, for all
    shutil.rmtree(root / "export.unpool")
    return root


@pytest.fixture(scope="module")
def undisturbed(base: Path) -> dict[str, tuple[Path, dict[str, Any], float]]:
    """By command: its folder, what it left, and its seconds; filled as needed."""
    return {}


def prepare(case: Case, base: Path, root: Path) -> Path:
    shutil.copytree(base, root, copy_function=shutil.copy2)
    for words in case.before:
        finish(words, root)
    return root


def describe(root: Path) -> dict[str, Any]:
    """Everything that a command left, as far as it must be the same each time."""
    left: dict[str, Any] = {}
    if (root / WORK).is_dir():
        frame = ImageTable(root / WORK).frame()
        left["table"] = frame.drop(columns=[name for name in OF_A_COPY if name in frame])
        left["groups.csv"] = _text(root / WORK / "groups.csv")
        left["problems.csv"] = _text(root / WORK / "problems.csv")
    for folder in (root / MODEL, root / WORK / "model"):
        if (folder / "model.json").is_file():
            left[f"{folder.name} weights"] = (folder / "model.safetensors").read_bytes()
            left |= _flat(json.loads((folder / "model.json").read_text()), f"{folder.name} json")
    for file in sorted((root / OUT).glob("*.png")):
        left[file.name] = file.read_bytes()
    return left


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def _flat(value: Any, name: str) -> dict[str, Any]:
    """Every number and text of a JSON value under its own name, without times."""
    if isinstance(value, dict):
        parts = [_flat(each, f"{name} {key}") for key, each in value.items() if key not in TIMES]
    elif isinstance(value, list):
        parts = [_flat(each, f"{name} {at}") for at, each in enumerate(value)]
    else:
        return {name: value}
    return {key: each for part in parts for key, each in part.items()}


def check_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            check_same_table(found[name], value)
        else:
            assert found[name] == value, name


def check_same_table(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert found.columns.tolist() == expected.columns.tolist()
    for name in expected:
        if name == "vector":
            pairs = [np.stack(frame[name].to_list()) for frame in (found, expected)]
            np.testing.assert_array_equal(*pairs)
        else:
            pd.testing.assert_series_equal(found[name], expected[name])


def kill(words: str, root: Path, after: float) -> float | None:
    """Start a command and kill it; the seconds that it took where it came to its end before."""
    began, process = time.perf_counter(), start(words, root)
    while (took := time.perf_counter() - began) < after and process.poll() is None:
        time.sleep(0.01)
    has_ended = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return took if has_ended else None


def check_tidy(root: Path) -> None:
    for folder in (root / WORK, root / MODEL, root / OUT):
        assert not [path for path in folder.rglob(f"{PARTIAL}*") if folder.is_dir()]
    if (root / WORK).is_dir():
        assert doctor(root / WORK)["problems"] == []


@pytest.mark.parametrize("seed", range(NUM_CHAINS))
@pytest.mark.parametrize("name", CASES)
def test_the_same_words_again_lead_to_the_same(
    name: str, seed: int, base: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    case, rng = CASES[name], random.Random(f"{name} {seed}")
    if name not in undisturbed:
        whole = prepare(case, base, tmp_path / "whole")
        began = time.perf_counter()
        finish(case.command, whole)
        undisturbed[name] = describe(whole), time.perf_counter() - began
    expected, seconds = undisturbed[name]
    prepared = prepare(case, base, tmp_path / "prepared")
    root, killed = Path(shutil.copytree(prepared, tmp_path / "place")), 0
    for _ in range(4 * NUM_KILLS):
        took = kill(case.command, root, rng.uniform(0.3, max(0.4, seconds)))
        if took is None:
            killed += 1
        else:  # it came to its end; the next kill must meet work under way, on a machine that may have become quicker
            seconds = min(seconds, took)
            check_same(describe(root), expected)
            shutil.rmtree(root)
            shutil.copytree(prepared, root)
        if killed == NUM_KILLS:
            break
    assert killed == NUM_KILLS
    finish(case.command, root)
    check_same(describe(root), expected)
    check_tidy(root)
