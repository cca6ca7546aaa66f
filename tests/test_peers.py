"""The benchmark beside other programs: its scores, its measurements and its page; no program is run."""

from __future__ import annotations

import json
import os
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
# benchmarks/ is no installed package, and the root of the repository stays off the path of the tests
_package = types.ModuleType("benchmarks")
_package.__path__ = [str(ROOT / "benchmarks")]
sys.modules.setdefault("benchmarks", _package)

from benchmarks.peers import __main__, catalogue, data, limits, own, page, scoring, summary, tasks  # noqa: E402
from benchmarks.peers.measuring import Run, measure  # noqa: E402
from benchmarks.peers.runner import SCRIPTS, Bench  # noqa: E402


def test_groups_are_scored_by_the_best_matching() -> None:
    label_N = np.array(["a"] * 4 + ["b"] * 4)
    assert scoring.score_groups(np.array([1] * 4 + [0] * 4), label_N) == {
        "nmi": pytest.approx(1), "accuracy": 1, "groups": 2,
    }  # fmt: skip
    assert scoring.score_groups(np.array([1, 1, 1, 0, 0, 0, 0, 2]), label_N)["accuracy"] == 6 / 8


def test_vectors_are_scored_by_their_neighbours_without_themselves() -> None:
    rng = np.random.default_rng(0)
    label_N = np.repeat([0, 1], 15)
    apart_ND = rng.normal(size=(30, 3)) * 0.1 + np.eye(3)[label_N]
    assert scoring.score_vectors(apart_ND, label_N)["knn"] == 1
    noise = scoring.score_vectors(rng.normal(size=(300, 3)), np.repeat([0, 1], 150))["knn"]
    assert 0.35 < noise < 0.65  # a point that votes for itself would be right more often


def test_planted_problems_are_counted() -> None:
    planted = {
        "exact": [("a", "b")],
        "near": [("c", "d"), ("e", "f")],
        "dark": [("g", "g")],
        "bright": [],
        "blurred": [],
    }
    found = {"duplicates": [("b", "a"), ["d", "c"], ("x", "y")], "dark": ["g", "h", "i"]}
    assert scoring.score_problems(found, planted) == {
        "exact": 1, "near": 0.5, "other pairs": 1, "dark": 1, "other dark": 2,
    }  # fmt: skip
    assert scoring.pairs_of_sets([["b", "a", "c"]]) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_masks_are_scored_over_all_pixels(tmp_path: Path) -> None:
    for folder, values in (("true", [[0, 0, 1, 1, 9]]), ("found", [[0, 1, 1, 1, 0]])):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.array(values, np.uint8)).save(tmp_path / folder / "a.png")
    quality = scoring.score_masks(tmp_path / "found", tmp_path / "true", num_classes=3, ignore=9)
    assert quality == {"miou": pytest.approx((1 / 2 + 2 / 3) / 2), "pixel accuracy": 3 / 4}


def test_what_is_planted_is_in_the_folder(tmp_path: Path) -> None:
    whole = data.photographs(None, tmp_path / "whole", 20)
    folder = data.plant_problems(whole, tmp_path / "planted", 20)
    assert len(set(whole.label_by_path.values())) == 10
    assert {kind: len(pairs) for kind, pairs in folder.planted.items()} == dict.fromkeys(data.KINDS, 4)
    assert len(list(folder.path.rglob("*.jpg"))) == 28
    original, copy = (folder.path / name for name in folder.planted["exact"][0])
    assert original.read_bytes() == copy.read_bytes()
    dark = [np.asarray(Image.open(folder.path / copy)).max() for _, copy in folder.planted["dark"]]
    assert max(dark) < 40


def test_a_kept_folder_is_filled_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lite0.safetensors").touch()
    for count in (20, 10):
        prepared = tasks.prepare("embed", None, tmp_path, tasks.Size(embedded=count))
        assert prepared.images == len(list(Path(prepared.request["folder"]).rglob("*.jpg"))) == count


def test_growth_is_measured_in_new_workspaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where those of an earlier benchmark were kept."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").touch()
    np.save(tmp_path / "vectors.npy", np.zeros((40, 2)))
    request = {"folder": str(tmp_path / "images"), "vectors": str(tmp_path / "vectors.npy")}
    seen = []

    def prepared(task: str, *_: object) -> tasks.Prepared:
        given = {"task": task, "folder": request["folder"]} if task == "group" else {"task": task, **request}
        return tasks.Prepared(given, "", 40, lambda *_: {})

    def measured(_: object, out: Path, *__: object) -> Run:
        seen.append((out / "own.unpool" / "kept").exists())
        (out / "own.unpool").mkdir(exist_ok=True)
        (out / "own.unpool" / "kept").touch()
        return Run(21.0 if len(seen) == 1 else 1.0, 1.0, 1.0)

    monkeypatch.setattr(limits, "prepare", prepared)
    monkeypatch.setattr(limits, "measure", measured)
    monkeypatch.setattr(own, "prepare", lambda _: None)
    found = limits._growth(Bench(tmp_path, None, tasks.QUICK))
    assert found["run"] == {"images": 40, "tenth": 1.0, "whole": 1.0}, "not what comes once, at the first run"
    limits._growth(Bench(tmp_path, None, tasks.QUICK))
    assert seen == [False] * 14


def test_drawn_scenes_have_masks(tmp_path: Path) -> None:
    folders, num_classes, _ = data.scenes(None, tmp_path, part=0.0)
    mask = np.array(Image.open(next(Path(folders["masks"]).iterdir())))
    image = Image.open(next(Path(folders["images"]).iterdir()))
    assert mask.shape == image.size[::-1]
    assert set(np.unique(mask)) <= set(range(num_classes))


def test_a_command_is_measured(tmp_path: Path) -> None:
    code = "import time; x = b'1' * (120 << 20); time.sleep(0.7)"
    run = measure([[sys.executable, "-c", code]], tmp_path, {}, limit=20)
    assert run.problem == ""
    assert run.seconds > 0.7
    assert run.cpu_seconds < 0.7
    assert run.memory_mib > 120


def test_a_command_that_fails_says_why_and_ends_what_follows(tmp_path: Path) -> None:
    fails = [sys.executable, "-c", "import sys; print('x'); sys.exit('no such thing')"]
    run = measure([fails, [sys.executable, "-c", "open('later', 'w')"]], tmp_path, {}, limit=20)
    assert run.problem == "no such thing"
    assert (tmp_path / "printed-0.txt").read_text() == "x\n"
    assert not (tmp_path / "later").exists()


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    run = measure([[sys.executable, "-c", "import time; time.sleep(60)"]], tmp_path, {}, limit=0.3)
    assert run.problem == "ended after 0 s"
    assert run.seconds < 30


def test_a_stopped_benchmark_leaves_no_program_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = []

    def interrupt(pid: int, _: int) -> None:
        pids.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "wait4", interrupt)
    with pytest.raises(KeyboardInterrupt):
        measure([[sys.executable, "-c", "import time; time.sleep(60)"]], tmp_path, {}, limit=60)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_every_program_has_its_script_and_its_tasks() -> None:
    names = {task.name for task in catalogue.TASKS}
    assert names == set(tasks.PREPARE)
    for program in catalogue.PROGRAMS:
        assert set(program.tasks) <= names
        assert not program.script or (SCRIPTS / f"{program.script}.py").is_file()
    bench = Bench(Path(), None, tasks.QUICK, only=["check:fastdup", "umap"])
    assert [(task.name, [p.name for p in bench.programs(task)]) for task in bench.tasks()] == [
        ("check", ["fastdup"]),
        ("map", ["umap"]),
    ]


def run_of(seconds: float, nmi: float) -> dict[str, object]:
    return {
        "seconds": seconds, "cpu_seconds": 2 * seconds, "memory_mib": 100.0, "stages": {"embed": 1.0},
        "quality": {"nmi": nmi, "groups": 10},
    }  # fmt: skip


def result_of(own: list[tuple[float, float]], plain: list[tuple[float, float]]) -> dict[str, object]:
    programs = {
        "unpool": summary.summarise({"runs": [run_of(*figures) for figures in own]}),
        "plain": summary.summarise({"runs": [run_of(*figures) for figures in plain]}),
        "imagededup-cnn": summary.summarise({"problem": "out of memory", "runs": [run_of(13, 0.5)]}),
        "clustimage": summary.summarise({"problem": "not installed: no wheel", "runs": []}),
    }
    task = {
        "title": "",
        "images": 1500,
        "source": "drawn",
        "minutes": None,
        "load": [0.0],
        "programs": programs,
        "commit": "abc",
    }
    machine = {"processor": "X", "cores": 2, "memory_gib": 23.5, "python": "3.11.7"}
    own_environment = {"problem": "", "version": "1", "versions": {}, "megabytes": 0, "seconds": 0.0}
    return {
        "date": "2026-11-28T00:00:00", "commit": "abc", "changed": False, "machine": machine, "load": [0.1, 0.2],
        "matrix_product_gflops": [100.0, 101.0], "seconds": 600.0, "install_seconds": 60.0,
        "tasks": {"group": task}, "environments": {"unpool": own_environment},
    }  # fmt: skip


def test_runs_become_medians_with_their_spread() -> None:
    figures = summary.summarise({"runs": [run_of(3, 0.5), run_of(1, 0.7), run_of(9, 0.6)]})["figures"]
    assert figures["seconds"] == {"median": 3, "low": 1, "high": 9}
    assert figures["nmi"] == {"median": 0.6, "low": 0.5, "high": 0.7}
    assert figures["embed seconds"]["median"] == 1


def test_losses_are_those_beyond_the_spread_of_both() -> None:
    better = result_of(own=[(10, 0.60), (12, 0.62)], plain=[(5, 0.61), (6, 0.66)])
    found = {(task, figure, name) for task, figure, name, _, _ in summary.losses(better)}
    assert found == {("group", "seconds", "plain"), ("group", "cpu_seconds", "plain")}
    better = result_of(own=[(1, 0.60), (2, 0.62)], plain=[(5, 0.63), (6, 0.66)])
    assert [row[1:] for row in summary.losses(better)] == [("nmi", "plain", 0.61, 0.645)]


def test_what_the_makefile_suggests_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r'make bench BENCH="([^"]+)"', (ROOT / "Makefile").read_text())
    assert found is not None
    monkeypatch.setattr(__main__, "MIN_FREE_GB", 0)
    monkeypatch.setattr(sys, "argv", ["peers", *found[1].split(), "--scratch", str(tmp_path)])
    assert __main__.parse().quick


def test_a_second_result_agrees_where_ranges_meet() -> None:
    first, second = result_of([(10, 0.6), (12, 0.6)], [(5, 0.6)]), result_of([(11, 0.6)], [(5.5, 0.6)])
    assert summary.differences(first, first) == []
    assert [line.split(":")[0] for line in summary.differences(first, second)] == [
        "group, plain, seconds",
        "group, plain, cpu_seconds",
    ]


def test_the_page_shows_what_is_better_and_what_was_not_run(tmp_path: Path) -> None:
    result = json.loads(json.dumps(result_of(own=[(10, 0.60), (12, 0.62)], plain=[(5, 0.55), (6, 0.56)])))
    page.write(result, tmp_path / "peers.md")
    text = (tmp_path / "peers.md").read_text()
    assert "| Group photographs | seconds | torchvision and scikit-learn | 5.5 | 11 |" in text
    assert "| unpool | 2 | 11 (10 to 12) | 100 | **0.610** (0.600 to 0.620) | 10 |" in text.replace(
        "**100**", "100"
    )
    assert "- imagededup, network: a further round failed, out of memory" in text
    assert "- clustimage: not run, not installed: no wheel" in text
    assert (tmp_path / "images" / "peers-group.png").stat().st_size > 5_000
