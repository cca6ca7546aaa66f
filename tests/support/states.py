"""States that a workspace can be in, from none at all to one whose files somebody has damaged.

Each starts from a folder that holds `images` and, for most, the workspace `w.unpool` of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.actions.curation import edit
from unpool.actions.curation.check import check
from unpool.actions.curation.suggest import spread
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.grouping.group import evaluate, group, map_images
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.actions.sharing.report import write_report
from unpool.networks.catalogue import build_network
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model

State = Callable[[Path], None]
WORK, IMAGES, MODEL = "w.unpool", "images", "model"


def make_base(root: Path) -> None:
    """Eight images in two folders of classes, and a broken one; a model that has learnt nothing."""
    for number in range(8):
        folder = root / IMAGES / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (root / IMAGES / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    options = {"size": 8, "channels": 1, "width": 4}
    save_model(root / MODEL, build_network("conv", decoder="unpool", seed=0, **options), options=options)


def embedded(root: Path) -> None:
    embed(str(root / IMAGES), EmbedSettings(model=str(root / MODEL)), work=root / WORK)


def grouped(root: Path) -> None:
    group(root / WORK, GroupSettings(method="kmeans", groups=2))


def mapped(root: Path) -> None:
    map_images(root / WORK, MapSettings(method="pca"))


def finished(root: Path) -> None:
    """Everything that commands write, labels, suggestions, marks and edits too."""
    work = root / WORK
    grouped(root)
    mapped(root)
    check(work)
    edit.label(work, ["a/0.png", "a/2.png"], "first")
    edit.label(work, ["b/1.png"], "second")
    spread(work)
    edit.mark(work, ["b/3.png"])
    edit.move(work, ["a/4.png"], 1)
    evaluate(work)
    write_report(work)


def _some(name: str) -> State:
    return lambda root: shutil.rmtree(root / WORK / name)


def _cut(name: str) -> State:
    """Half of a file, as a full disk leaves it."""

    def damage(root: Path) -> None:
        file = root / WORK / name
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])

    return damage


def _fill(name: str, content: bytes) -> State:
    return lambda root: (root / WORK / name).write_bytes(content) and None


def _no_workspace(root: Path) -> None:
    shutil.rmtree(root / WORK)


def _empty_folder(root: Path) -> None:
    _no_workspace(root)
    (root / WORK).mkdir()


def _folder_of_somebody(root: Path) -> None:
    _empty_folder(root)
    (root / WORK / "letter.txt").write_text("mine")


def _file(root: Path) -> None:
    _no_workspace(root)
    (root / WORK).write_text("mine")


def _new(root: Path) -> None:
    _no_workspace(root)
    ImageTable.create(root / WORK)


def _only_skipped(root: Path) -> None:
    _new(root)
    ImageTable(root / WORK).upsert([{"path": "broken.png", "status": "skipped", "problem": "truncated"}])


def _remove_images(root: Path) -> None:
    for file in (root / IMAGES).rglob("*.png"):
        file.unlink()


def _emptied(root: Path) -> None:
    table = ImageTable(root / WORK)
    table.delete(table.arrow(["path"])["path"].to_pylist())


def _undo_everything(root: Path) -> None:
    from unpool.errors import UnpoolError

    try:
        while True:
            edit.undo(root / WORK)
    except UnpoolError:
        pass


def _hand_edited(root: Path) -> None:
    """Values that no command writes."""
    table = ImageTable(root / WORK)
    paths = [f"{'ab'[number % 2]}/{number}.png" for number in range(8)]
    table.update(paths, {
        "group": [-1, 700, 700, 2, 2, 2, 9, None], "probability": [float("nan")] * 8, "x": [float("inf")] * 8,
        "label": ["", " ", "é\u2028", "=1+1", "a" * 500, None, None, "x"], "duplicate_of": ["gone.png"] * 8,
    })  # fmt: skip


def _table_without_data(root: Path) -> None:
    shutil.rmtree(root / WORK / "images.lance" / "data")


def _cut_manifest(root: Path) -> None:
    for file in (root / WORK / "images.lance" / "_versions").iterdir():
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _partial_files(root: Path) -> None:
    (root / WORK / ".partial-1-groups.csv").write_text("half")
    (root / WORK / "report" / ".partial-1-map.png").write_text("half")


def _state_of_elsewhere(root: Path) -> None:
    file = root / WORK / "unpool.yaml"
    file.write_text(file.read_text("utf-8").replace(str(root), "/nowhere"), "utf-8")
    assert read_state(root / WORK)["images"].startswith("/nowhere")


# By name: which stage it starts from, and what happens to it.
STATES: dict[str, tuple[str, State]] = {
    "no workspace": ("embedded", _no_workspace),
    "empty folder": ("embedded", _empty_folder),
    "a folder of somebody": ("embedded", _folder_of_somebody),
    "a file": ("embedded", _file),
    "new": ("embedded", _new),
    "only skipped files": ("embedded", _only_skipped),
    "embedded": ("embedded", lambda root: None),
    "grouped": ("grouped", lambda root: None),
    "finished": ("finished", lambda root: None),
    "emptied": ("finished", _emptied),
    "edits taken back": ("finished", _undo_everything),
    "edited by hand": ("finished", _hand_edited),
    "images gone": ("finished", _remove_images),
    "folder gone": ("finished", lambda root: shutil.rmtree(root / IMAGES)),
    "images elsewhere": ("finished", _state_of_elsewhere),
    "no report": ("finished", _some("report")),
    "no model": ("finished", _some("model")),
    "no edits": ("finished", _some("edits")),
    "half a model": ("finished", _cut("model/model.safetensors")),
    "half a description": ("finished", _cut("model/model.json")),
    "half an encoder": ("finished", _cut("model/encoder.onnx")),
    "half a state": ("finished", _cut("unpool.yaml")),
    "a state of nothing": ("finished", _fill("unpool.yaml", b"")),
    "a state of bytes": ("finished", _fill("unpool.yaml", b"\xff\xfe\0: [")),
    "a state of a list": ("finished", _fill("unpool.yaml", b"- 1\n- 2\n")),
    "half a quality": ("finished", _cut("report/quality.json")),
    "half of the groups": ("finished", _fill("report/groups.json", b"[")),
    "half of the findings": ("finished", _cut("report/check.json")),
    "half of what was read": ("finished", _fill("report/reading.json", b"{")),
    "half a manifest": ("finished", _cut_manifest),
    "a table without data": ("finished", _table_without_data),
    "files of a killed run": ("finished", _partial_files),
}
