"""Workers of a real Ray: the same table, whoever dies; what is missing is said, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.masks import make_undecided
from support.pictures import make_photograph
from unpool.core.progress import Progress
from unpool.engines import ray_cluster as module
from unpool.engines.ray_cluster import (
    PREFIX,
    RayCluster,
    RayRequest,
    check_answers,
    check_engine,
    check_joinable,
)
from unpool.engines.ray_worker import Place, Work
from unpool.engines.scheduling import WorkerLostError
from unpool.errors import UnpoolError, UsageError
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model

NUM_IMAGES = 40
FACTS = ["path", "id", "width", "height", "mode", "bytes", "modified", "status", "problem", "detail", "thumbnail",
         "grey", "notes", "sharpness", "brightness", "model"]  # fmt: skip
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")


def test_an_address_without_ray_is_an_error() -> None:
    check_engine("local", None)
    with pytest.raises(
        UsageError, match=r"--ray-address auto has no effect with --engine local; give --engine ray"
    ):
        check_engine("local", "auto")


def test_ray_that_is_not_installed_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnpoolError, match=r"Ray, which is not installed: pip install 'unpool\[ray\]'"):
        check_engine("ray", None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UnpoolError, match=r"pip install 'unpool\[ray\]'"):
        module.import_ray()


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "10.0.0.1", "localhost:", "http://a:1"])
def test_what_is_no_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError, match=r"--ray-address is .*, but must be HOST:PORT"):
        check_answers(address)


def test_nobody_at_an_address_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(UnpoolError, match=rf"no Ray cluster answers at {address} \(Connection refused\)"):
        check_answers(address)
    assert time.monotonic() - began < 5


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of somebody who takes calls and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_whoever_does_not_answer_is_waited_for_a_while(mute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOIN_SECONDS", 0.5)
    check_answers(mute)
    with pytest.raises(UnpoolError, match=rf"no Ray cluster answers at {mute} within 0 seconds"):
        check_joinable(mute)


def test_folders_of_killed_processes_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 1000)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / f"{PREFIX}999999999-a").mkdir()
    (tmp_path / f"{PREFIX}{os.getpid()}-b").mkdir()
    (tmp_path / "ray").mkdir()
    made = module._make_folder()
    assert {path.name for path in tmp_path.iterdir()} == {f"{PREFIX}{os.getpid()}-b", "ray", made.name}


def test_a_folder_with_a_long_path_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("a" * 30)))
    made = module._make_folder()
    made.rmdir()
    assert len(str(made)) <= module.MAX_FOLDER_BYTES


# With Ray itself


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ray") / "images"
    folder.mkdir()
    for number in range(NUM_IMAGES):
        make_photograph(number, 900, 700).save(folder / f"{number:03}.jpg", quality=90)
    (folder / "broken.jpg").write_bytes((folder / "003.jpg").read_bytes()[:3000])
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def command(images: Path, work: Path, *more: str) -> list[str]:
    words = ["embed", str(images), "--model", "efficientnet-lite0", "--work", str(work), "--json", *more]
    return [sys.executable, "-P", "-m", "unpool", *words]


def run(images: Path, work: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(command(images, work, *more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def assert_same_tables(work: Path, other: Path) -> None:
    first, second = (ImageTable(each).arrow([*FACTS, "vector"]).to_pylist() for each in (work, other))
    assert [row["path"] for row in first] == [row["path"] for row in second]
    for row, same in zip(first, second, strict=True):
        assert {name: row[name] for name in FACTS} == {name: same[name] for name in FACTS}
        if row["vector"] is not None:
            vectors = np.array([row["vector"], same["vector"]], np.float64)
            assert vectors[0] @ vectors[1] / np.linalg.norm(vectors, axis=1).prod() >= 0.9999


@pytest.fixture(scope="module")
def local(images: Path) -> Path:
    work = images.parent / "local.unpool"
    assert run(images, work)["actors"] == 0
    return work


def left_behind() -> list[Path]:
    return [path for path in Path("/tmp").glob(f"{PREFIX}*") if path.name.split("-")[2] != str(os.getpid())]


@needs_ray
@pytest.mark.slow
def test_the_table_is_that_of_the_local_engine(images: Path, local: Path, tmp_path: Path) -> None:
    before = left_behind()
    result = run(images, tmp_path / "w.unpool", "--engine", "ray")
    assert result["actors"] == len(os.sched_getaffinity(0))
    assert (result["embedded"], result["skipped"]) == (NUM_IMAGES, 2)
    assert_same_tables(tmp_path / "w.unpool", local)
    assert left_behind() == before
    again = run(images, tmp_path / "w.unpool", "--engine", "ray")
    assert (again["embedded"], again["images"]) == (0, NUM_IMAGES)


def find_worker(driver: int) -> int | None:
    """The process of an actor below `driver`."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(folder.name)] = (folder / "cmdline").read_text()
        except (OSError, ValueError):
            continue
    for pid, name in names.items():
        above = pid
        while above in parents and above != driver:
            above = parents[above]
        if above == driver and name.startswith("ray::RayWorker.work"):
            return pid
    return None


@needs_ray
@pytest.mark.slow
def test_a_killed_worker_changes_nothing(images: Path, local: Path, tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    driver = subprocess.Popen(
        command(images, work, "--engine", "ray"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline, worker = time.monotonic() + 120, None
    while worker is None and driver.poll() is None and time.monotonic() < deadline:
        worker = find_worker(driver.pid)
        time.sleep(0.1)
    assert worker is not None, "no worker was seen at its work"
    os.kill(worker, signal.SIGKILL)
    stdout, stderr = driver.communicate(timeout=200)
    assert driver.returncode == 0, stderr
    assert "1 workers of Ray died" in stderr
    assert json.loads(stdout)["embedded"] == NUM_IMAGES
    assert_same_tables(work, local)


@needs_ray
@pytest.mark.slow
def test_the_whole_killed_goes_on_and_leaves_nothing(images: Path, local: Path, tmp_path: Path) -> None:
    work, many = tmp_path / "w.unpool", tmp_path / "images"
    many.mkdir()
    for copy in range(8):
        for file in sorted(images.glob("0*.jpg")):
            (many / f"{copy}-{file.name}").write_bytes(file.read_bytes())
    driver = subprocess.Popen(
        command(many, work, "--engine", "ray"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline, known = time.monotonic() + 120, 0
    while not known and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
        if (work / "images.lance" / "_versions").is_dir():
            table = ImageTable(work)
            known = len(table.arrow(["path"], where="model IS NOT NULL"))
    driver.kill()
    driver.wait()
    assert 0 < known < 8 * NUM_IMAGES
    result = run(many, work, "--engine", "ray")
    assert 0 < result["embedded"] <= 8 * NUM_IMAGES - known
    assert result["images"] == 8 * NUM_IMAGES
    assert not left_behind()


@needs_ray
@pytest.mark.slow
def test_one_core_is_enough(images: Path, local: Path, tmp_path: Path) -> None:
    core = str(min(os.sched_getaffinity(0)))
    words = ["taskset", "-c", core, *command(images, tmp_path / "w.unpool", "--engine", "ray")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["actors"] == 1
    assert_same_tables(tmp_path / "w.unpool", local)


@pytest.fixture
def cluster() -> Iterator[str]:
    """A Ray of one core that runs already, started by this test."""
    import ray

    context = ray.init(
        address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=40
    )
    yield context.address_info["gcs_address"]
    ray.shutdown()


@needs_ray
@pytest.mark.slow
def test_a_cluster_is_joined_and_left_as_it_is(
    cluster: str, images: Path, local: Path, tmp_path: Path
) -> None:
    import ray

    result = run(images, tmp_path / "w.unpool", "--engine", "ray", "--ray-address", cluster)
    assert result["actors"] == 1
    assert_same_tables(tmp_path / "w.unpool", local)
    assert ray.cluster_resources()["CPU"] == 1


@needs_ray
@pytest.mark.slow
def test_a_cluster_without_a_free_core_says_so(cluster: str, images: Path, tmp_path: Path) -> None:
    import ray

    @ray.remote(num_cpus=1)
    class Holder:
        def hold(self) -> None: ...

    holder = Holder.remote()
    ray.get(holder.hold.remote())
    began = time.monotonic()
    words = command(images, tmp_path / "w.unpool", "--engine", "ray", "--ray-address", cluster)
    done = subprocess.run(words, capture_output=True, text=True, timeout=200)
    assert time.monotonic() - began < 75
    assert done.returncode == 1
    assert "0 of 1 CPUs are free, and each worker needs one" in done.stderr
    assert "Traceback" not in done.stderr


@needs_ray
@pytest.mark.slow
def test_errors_of_the_work_and_deaths_are_told_apart(cluster: str) -> None:
    def build(place: Place) -> Work:
        def work(items: Any) -> list[Any]:
            if items == ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            if items == ["refuse"]:
                raise UnpoolError("it is not possible; do something else")
            return [item * 2 for item in items]

        return work

    with RayCluster(build, RayRequest(None, "cpu", Progress())) as actors:
        worker, ready = actors.start_worker()
        assert actors.wait([ready], 60) == [ready]
        actors.fetch(ready)
        assert actors.fetch(actors.submit(worker, [1, 2])) == [2, 4]
        with pytest.raises(UnpoolError, match=r"^it is not possible; do something else$"):
            actors.fetch(actors.submit(worker, ["refuse"]))
        with pytest.raises(WorkerLostError):
            actors.fetch(actors.submit(worker, ["die"]))
        actors.stop_worker(worker)
    assert threading.main_thread().is_alive()


@needs_ray
@pytest.mark.slow
def test_predictions_are_those_of_the_local_engine(tmp_path: Path) -> None:
    network = Segmenter("fcn4s", backbone="conv", num_classes=3, size=32, seed=0)
    make_undecided(network)
    classes = classes_by_value(["a", "b", "c"])
    save_model(tmp_path / "model", network, classes=classes.names, masks=classes.to_dict())
    (tmp_path / "in").mkdir()
    for number in range(6):
        make_photograph(number).save(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "cut.png").write_bytes((tmp_path / "in" / "0.png").read_bytes()[:9000])
    words = ["segment", "predict", "in", "--model", "model", "--json", "--out"]
    results = []
    for more in (["local"], ["ray", "--engine", "ray"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "unpool", *words, *more], cwd=tmp_path, capture_output=True, text=True,
            timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout))
    assert [each["actors"] for each in results] == [0, len(os.sched_getaffinity(0))]
    assert [(each["images"], each["skipped"]) for each in results] == [(6, 1), (6, 1)]
    written = [
        {file.name: file.read_bytes() for file in (tmp_path / name).glob("*.png")}
        for name in ("local", "ray")
    ]
    assert written[0] == written[1]
    assert len(written[0]) == 12
