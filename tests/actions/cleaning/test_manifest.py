from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.checked_photos import make_checked_photos
from unpool.actions.cleaning.manifest import DONE, find_manifests, read_manifest, write_manifest
from unpool.actions.cleaning.plan import make_plan
from unpool.errors import UnpoolError


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_checked_photos(tmp_path)


def test_a_manifest_comes_back_whole(work: Path, tmp_path: Path) -> None:
    plan = make_plan(work, "duplicates", "best")
    manifest = write_manifest(work, plan, str(tmp_path / "out"), {"embedded_by": "m", "grouped": ""})
    assert read_manifest(manifest.file) == read_manifest(manifest.folder) == manifest
    assert [move.what for move in manifest.moves] == plan.files
    assert [Path(str(move.target)).relative_to(tmp_path / "out").as_posix() for move in manifest.moves] == [
        "b/a.jpg", "b/copy.jpg", "d.jpg"
    ]  # fmt: skip
    assert find_manifests(work) == [manifest]
    manifest.note(DONE)
    assert find_manifests(work)[0].is_noted(DONE)


def test_targets_are_free(work: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "d.jpg").write_bytes(b"of the user")
    manifest = write_manifest(work, make_plan(work, "duplicates", "best"), str(tmp_path / "out"), {})
    assert Path(str(manifest.moves[-1].target)).name == "d~2.jpg"


def test_names_that_are_no_text_survive(work: Path) -> None:
    plan = make_plan(work, "dark", "best")
    manifest = write_manifest(work, plan, "trash", {})
    content = json.loads(manifest.file.read_text("utf-8"))
    content["moves"][0]["what"]["file"] = "/photos/caf\udce9.jpg"
    manifest.file.write_text(json.dumps(content), "utf-8")
    assert read_manifest(manifest.file).moves[0].what.file == "/photos/caf\udce9.jpg"
    assert manifest.moves[0].target is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "moves": [{}]}'])
def test_another_file_is_no_manifest(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UnpoolError, match="is no manifest of a clean-up"):
        read_manifest(tmp_path / "a.json")
    with pytest.raises(UnpoolError, match="cannot be read"):
        read_manifest(tmp_path / "b.json")


def test_a_newer_manifest_names_its_version(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"format": 9, "unpool": "9.0"}')
    with pytest.raises(UnpoolError, match=r"written by unpool 9\.0"):
        read_manifest(tmp_path / "a.json")
