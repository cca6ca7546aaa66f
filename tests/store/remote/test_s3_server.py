"""Whole runs against a server of S3 on this machine, in comparison with the same on the disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from support.object_store import serve_s3, upload
from support.pictures import make_photograph
from unpool import Workspace
from unpool.core.objects.address import parse_address
from unpool.core.objects.client import Objects
from unpool.core.objects.credentials import lance_settings
from unpool.store.remote import mirror

pytestmark = pytest.mark.slow

PHOTOS, WORK = "s3://pictures/2026/may", "s3://results/may.unpool"
FACTS = [
    "path", "id", "status", "problem", "detail", "width", "height", "mode", "bytes", "notes", "grey", "sharpness",
    "brightness", "thumbnail", "group", "x", "y",
]  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A server with two empty buckets, and this machine's cache empty."""
    shared = Path(os.environ["UNPOOL_CACHE"])
    with serve_s3(monkeypatch, "pictures", "results"):
        go_to_machine(monkeypatch, tmp_path / "machine")
        yield
    for kept in (tmp_path / "machine").glob("pretrained-*"):  # which took half a minute
        if not (shared / kept.name).exists():
            shutil.copytree(kept, shared / kept.name)


def go_to_machine(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    cache.mkdir()
    for kept in Path(os.environ["UNPOOL_CACHE"]).glob("pretrained-*"):
        (cache / kept.name).symlink_to(kept.resolve())
    monkeypatch.setenv("UNPOOL_CACHE", str(cache))
    monkeypatch.setattr(mirror, "_opened", {})


def draw(folder: Path, number: int = 10) -> Path:
    for index in range(number):
        (folder / f"class {index % 2}").mkdir(parents=True, exist_ok=True)
        make_photograph(index).save(folder / f"class {index % 2}" / f"ü{index}.jpg", quality=90)
    shutil.copy(folder / "class 0" / "ü0.jpg", folder / "copy.jpg")
    Image.fromarray(np.linspace(0, 4000, 160 * 160).reshape(160, 160).astype(np.uint16)).save(
        folder / "deep.png"
    )
    (folder / "cut.jpg").write_bytes((folder / "copy.jpg").read_bytes()[:3000])
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("no image")
    return folder


def assert_same(there: pd.DataFrame, here: pd.DataFrame) -> None:
    columns = [name for name in FACTS if name in here]
    pd.testing.assert_frame_equal(there[columns], here[columns])
    usable = here["vector"].notna()
    assert (there["vector"].notna() == usable).all()
    np.testing.assert_allclose(np.stack(there["vector"][usable]), np.stack(here["vector"][usable]), atol=1e-6)


def unpool(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "unpool", *words, "--json"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.usefixtures("server")
def test_a_store_gives_what_the_disk_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = draw(tmp_path / "photos")
    pictures, results = Objects(parse_address(PHOTOS)), Objects(parse_address(WORK))
    upload(pictures, photos)
    here = Workspace(tmp_path / "may.unpool", photos)
    there = Workspace(WORK, PHOTOS)
    assert_same(there.run(groups=2), here.run(groups=2))
    assert repr(there) == f"Workspace('{WORK}')"
    names = {each.name for each in results.list_all()}
    assert {"unpool.yaml", "groups.csv", "problems.csv", "report/index.html", "model/model.json"} <= names
    assert not [name for name in names if name.startswith(("lock-", ".partial"))]

    there.label(["copy.jpg"], "mine")
    assert there.search("copy.jpg", k=3)["path"].tolist() == here.search("copy.jpg", k=3)["path"].tolist()
    assert there.check() | {"seconds": 0} == here.check() | {"seconds": 0}

    go_to_machine(monkeypatch, tmp_path / "other machine")
    other = Workspace(WORK)
    assert other.table().set_index("path").loc["copy.jpg", "label"] == "mine"
    pictures.delete("class 0/ü2.jpg")
    pictures.write("class 1/moved.jpg", (photos / "class 0" / "ü2.jpg").read_bytes())
    pictures.write("class 1/new.jpg", (photos / "copy.jpg").read_bytes() + b"another")
    result = unpool("run", PHOTOS, "--work", WORK)
    assert (result["embedded"], result["work"]) == (1, WORK)
    assert result["report"] == f"{WORK}/report/index.html"
    assert "run: 1 images embedded" in other.undo()
    result = unpool("export", "--work", WORK, "--to", "folders", "--out", str(tmp_path / "out"))
    assert (tmp_path / "out" / "mine" / "copy.jpg").read_bytes() == (photos / "copy.jpg").read_bytes()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("is_there", [True, False])
def test_one_of_both_may_be_here(tmp_path: Path, is_there: bool) -> None:
    photos = draw(tmp_path / "photos", 4)
    upload(Objects(parse_address(PHOTOS)), photos)
    local = Workspace(tmp_path / "local.unpool", photos).embed()
    mixed = Workspace(tmp_path / "mixed.unpool", PHOTOS) if is_there else Workspace(WORK, photos)
    assert_same(mixed.embed(), local)


def count_embedded() -> int:
    import lance

    try:
        table = lance.dataset(f"{WORK}/images.lance", storage_options=lance_settings(parse_address(WORK)))
        return int(table.count_rows("vector IS NOT NULL"))
    except (ValueError, OSError):  # nothing is there yet, or there are no vectors
        return 0


@pytest.mark.usefixtures("server")
def test_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = draw(tmp_path / "photos", 400)
    upload(Objects(parse_address(PHOTOS)), photos)
    words = [sys.executable, "-m", "unpool", "embed", PHOTOS, "--model", "efficientnet-lite0", "--work", WORK]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    results = Objects(parse_address(WORK))
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and running.poll() is None:
        if count_embedded() > 0:
            break
        time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert results.find("lock-results.json") is not None
    # On another machine its lock would count for another minute and a half.
    result = unpool("embed", PHOTOS, "--model", "efficientnet-lite0", "--work", WORK)
    assert 0 < result["embedded"] < 402
    assert result["images"] == 402
    local = Workspace(tmp_path / "local.unpool", photos).embed()
    assert_same(Workspace(WORK).table(), local)


@pytest.mark.usefixtures("server")
def test_workers_of_ray_read_a_store(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    photos = draw(tmp_path / "photos", 24)
    upload(Objects(parse_address(PHOTOS)), photos)
    words = ["embed", PHOTOS, "--model", "efficientnet-lite0", "--work", WORK, "--engine", "ray"]
    result = unpool(*words)
    assert (result["images"], result["embedded"]) == (26, 26)
    assert result["actors"] >= 1
    local = Workspace(tmp_path / "local.unpool", photos).embed()
    assert_same(Workspace(WORK).table(), local)
    assert unpool(*words)["embedded"] == 0


@pytest.mark.usefixtures("server")
def test_what_is_missing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: str) -> str:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "unpool", *words], capture_output=True, text=True, timeout=100
        )
        assert time.monotonic() - start < 60
        assert done.returncode in (1, 2)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    assert "there is no bucket 'absent'" in fail("run", "s3://absent/a", "--work", str(tmp_path / "w"))
    assert f"no workspace at {WORK}" in fail("group", "--work", WORK)
    assert "there is no folder" in fail("run", f"{PHOTOS}/none", "--work", str(tmp_path / "w"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "cannot be reached" in fail("run", PHOTOS, "--work", str(tmp_path / "w"))


def mean_colour(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)


def mean_and_spread(images: list[np.ndarray]) -> np.ndarray:
    return np.column_stack([mean_colour(images), [image.std() for image in images]]).astype(np.float32)


@pytest.mark.usefixtures("server")
def test_a_space_is_on_the_store_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = draw(tmp_path / "images", 4)
    Workspace(WORK, images).embed(model=mean_colour)
    look = Workspace(WORK, images, space="look")
    look.embed(model=mean_and_spread)
    look.group(groups=2, method="kmeans")
    vectors, groups = look.table(["path", "vector", "group"]), look.table(["group"])
    assert len(vectors["vector"].dropna().iloc[0]) == 4

    go_to_machine(monkeypatch, tmp_path / "another machine")
    there = Workspace(WORK, images, space="look")
    pd.testing.assert_frame_equal(there.table(["path", "vector", "group"]), vectors)
    assert there.move("copy.jpg", 2) == 1
    assert Workspace(WORK).table(["group"])["group"].isna().all()

    go_to_machine(monkeypatch, tmp_path / "a third machine")
    assert "moved" in Workspace(WORK).undo()
    pd.testing.assert_frame_equal(Workspace(WORK, space="look").table(["group"]), groups)
    assert (Workspace(WORK, space="look").work / "groups.csv").is_file()
    assert Workspace(WORK).doctor().empty


@pytest.mark.usefixtures("server")
def test_a_space_is_removed_there_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mean_colour(images: list[np.ndarray]) -> np.ndarray:
        return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)

    photos = draw(tmp_path / "photos", 4)
    Workspace(WORK, photos).embed(model=mean_colour)
    Workspace(WORK, photos, space="look").embed(model=mean_colour)
    objects = Objects(parse_address(WORK))
    assert list(objects.list_all("spaces/look"))
    listed = Workspace(WORK).spaces()
    assert listed["name"].tolist() == [None, "look"]
    assert Workspace(WORK).remove_space("look") == listed["bytes"][1]
    assert not list(objects.list_all("spaces"))
    go_to_machine(monkeypatch, tmp_path / "other")
    assert Workspace(WORK).spaces()["name"].tolist() == [None]
    assert Workspace(WORK).table(["vector"])["vector"].notna().sum() >= 5
