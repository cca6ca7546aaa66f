"""Labels and fields: out, read by a tool that is not ours, and in again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from support.labelled_workspace import PATHS, make_labelled_workspace, values_of
from unpool.actions.fields.import_fields import import_fields
from unpool.actions.fields.settings import ImportSettings
from unpool.actions.sharing.annotations.image_folder import name_column
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.images.labels.image_fields import read_image_fields
from unpool.images.labels.true_labels import read_true_labels
from unpool.store.fields.values import read_field
from unpool.store.state import write_state
from unpool.store.table import ImageTable

SPLIT = ("train/test-1/a.png", "val/dog/train 2.png", "val/dog/b.png", "train/test.png")


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hugging Face's library, kept off the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets as library

    library.disable_progress_bars()
    return library


def draw(folder: Path, paths: tuple[str, ...]) -> dict[str, int]:
    """Give every image a colour of its own, by which it is known."""
    for number, path in enumerate(paths):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / "photos" / path)
    return {path: number for number, path in enumerate(paths)}


def expected_of(path: str, paths: tuple[str, ...]) -> dict[str, Any]:
    """What `datasets` holds of an image."""
    expected: dict[str, Any] = {}
    for name, (kind, values) in values_of(paths).items():
        value: Any = values.get(path)
        if kind == "date" and value is not None:
            value = pd.Timestamp(value, unit="s").to_pydatetime()
        expected[name_column(name)] = value
    return expected


@pytest.mark.parametrize("paths", [PATHS, SPLIT])
def test_datasets_loads_every_image_with_its_fields_in_its_split(
    tmp_path: Path, datasets: Any, paths: tuple[str, ...]
) -> None:
    table = make_labelled_workspace(tmp_path, paths)
    colours = draw(tmp_path, paths)
    export(table.work, ExportSettings("imagefolder", tmp_path / "out"))
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache")
    )
    found = {}
    for split in loaded:
        for row in loaded[split]:
            red = row.pop("image").getpixel((0, 0))[0]
            found[split, red] = row
    split_of = {path: "validation" if path.startswith("val/") else "train" for path in paths}
    assert found == {(split_of[path], colours[path]): expected_of(path, paths) for path in paths}


def test_labels_that_datasets_writes_are_read_by_name(tmp_path: Path, datasets: Any) -> None:
    for path in PATHS:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / path)
    features = datasets.Features({
        "image": datasets.Image(),
        "label": datasets.ClassLabel(names=["cat", "dog"]),
        "tags": datasets.List(datasets.ClassLabel(names=["x", "y"])),
    })  # fmt: skip
    rows = [
        {"image": str(tmp_path / path), "label": path.startswith("dog"), "tags": [0, 1]} for path in PATHS
    ]
    datasets.Dataset.from_list(rows, features=features).to_parquet(str(tmp_path / "a.parquet"))
    labels = read_true_labels(PATHS, str(tmp_path / "a.parquet"), [str(tmp_path)])
    assert labels.classes == ["cat", "dog", "cat", "dog"]
    assert (labels.facts["labelled"], labels.facts["unmatched_lines"]) == (4, 0)
    tags = read_image_fields(PATHS, tmp_path / "a.parquet", [str(tmp_path)]).values["tags"]
    assert tags == {path: ["x", "y"] for path in PATHS}


def test_torchvision_takes_labels_for_classes(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    draw(tmp_path, PATHS)
    export(table.work, ExportSettings("folders", tmp_path / "classes"))
    found = ImageFolder(str(tmp_path / "classes"))
    assert found.classes == ["cat", "dög & co", "ungrouped"]
    assert sorted(Path(file).name for file, _ in found.samples) == sorted(Path(path).name for path in PATHS)
    export(table.work, ExportSettings("imagefolder", tmp_path / "images", paths=[PATHS[0], PATHS[1]]))
    assert ImageFolder(str(tmp_path / "images/train")).classes == ["cat", "dog"]


@pytest.mark.parametrize("to", ["csv", "parquet", "imagefolder", "labelstudio", "cvat"])
def test_what_is_exported_is_the_same_in_another_workspace(tmp_path: Path, to: str) -> None:
    file = {
        "imagefolder": "out/train/metadata.jsonl", "labelstudio": "out/tasks.json", "cvat": "out/annotations.xml",
    }.get(to, "out")  # fmt: skip
    export(make_labelled_workspace(tmp_path).work, ExportSettings(to, tmp_path / "out"))
    other = ImageTable.create(tmp_path / "other.unpool")
    other.upsert([{"path": path, "status": "ok", "width": 8, "height": 6} for path in PATHS])
    write_state(other.work, place=str(tmp_path / "photos"))
    result = import_fields(other.work, ImportSettings(tmp_path / file))
    assert (result["matched"], result["unmatched"], result["extra"]) == (
        4,
        0,
        1 if to in ("csv", "parquet") else 0,
    )
    for name, (_, values) in values_of().items():
        taken = {"imagefolder": name_column(name), "labelstudio": name_column(name)}.get(to, name)
        kept = {path: value for path, value in values.items() if to != "cvat" or path != PATHS[2]}
        assert read_field(other.work, taken) == kept
