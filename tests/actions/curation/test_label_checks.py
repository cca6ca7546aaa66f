"""Which labels are compared with images, what looks wrong among them, and what leaks from train to test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.messages import Messages
from unpool import Workspace
from unpool.actions.curation.label_checks import choose_labels, compare_labels, find_leaks, find_splits
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.resizing import thumbnail
from unpool.store.fields.values import write_field
from unpool.store.findings import found_doubts, found_problems, found_rows
from unpool.store.table import ImageTable

CLASSES = ("coat", "dress", "shoe")
WRONG = 4  # the row whose label is exchanged


def make_workspace(work: Path, folder_of: dict[int, str] | None = None) -> Path:
    """Sixty images of three classes, in folders of their names or others, with vectors like those of their class."""
    rng, table = np.random.default_rng(0), ImageTable.create(work)
    names = [CLASSES[row % 3] for row in range(60)]
    paths = [f"{(folder_of or {}).get(row, names[row])}/{row:02}.png" for row in range(60)]
    picture = thumbnail(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    table.upsert([
        {"path": path, "id": f"id-{path}", "status": "ok", "width": 40, "height": 40, "thumbnail": picture}
        for path in paths
    ])  # fmt: skip
    table.reset_vectors(8)
    centre_KD = np.eye(8)[:3] * 4
    vector_ND = centre_KD[np.arange(60) % 3] + rng.normal(size=(60, 8))
    table.update(paths, {"vector": vector_ND.astype(np.float32)})
    return work


def choose(
    given: list[str | None], paths: list[str], asked: str | None = None
) -> tuple[list[str | None], str, bool]:
    found = choose_labels(Path("none"), paths, given, asked, Progress())
    return list(found.names), found.source, found.is_guessed


PATHS = ["a/1.png", "a/2.png", "b/3.png", "b/4.png"]


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    [
        ([None] * 4, None, (["a", "a", "b", "b"], "folders", True)),
        (["b", None, None, None], None, (["b", "a", "b", "b"], "folders", True)),  # a correction
        (["b", "a", "b", None], None, (["b", "a", "b", None], "label", False)),  # as many as folders say
        (
            ["x", None, None, None],
            None,
            (["x", None, None, None], "label", False),
        ),  # another thing than folders
        (["x", None, None, None], "folders", (["x", "a", "b", "b"], "folders", False)),
        (["a", None, None, None], "label", (["a", None, None, None], "label", False)),
        (["a", "a", "b", "b"], "none", ([None] * 4, "none", False)),
    ],
)
def test_labels_in_use(given: list[str | None], asked: str | None, expected: tuple[Any, ...]) -> None:
    assert choose(given, PATHS, asked) == expected


def test_images_in_one_folder_have_no_class() -> None:
    assert choose([None] * 2, ["a/1.png", "a/2.png"]) == ([None] * 2, "label", False)


def test_a_check_says_what_a_wrong_label_looks_like(tmp_path: Path) -> None:
    w = Workspace(make_workspace(tmp_path / "w.unpool", {WRONG: "shoe"}))  # a dress among shoes
    result = w.check()
    path = f"shoe/{WRONG:02}.png"
    assert (result["mislabelled"], result["labelled"], result["labels"]) == (1, 60, "folders")
    (doubt,) = found_doubts(w.work)
    assert (doubt["path"], doubt["label"], doubt["predicted"]) == (path, "shoe", "dress")
    (line,) = (row for row in found_rows(w.work) if row[1] == "mislabelled")
    assert line[0] == path
    assert f"labelled ‘shoe’, looks like ‘dress’ ({doubt['probability']:.0%})" in line[2]
    assert w.keep(path) == 1
    assert w.check()["mislabelled"] == 0
    w.label(path, "coat")  # still wrong, and no longer what was kept
    assert w.check()["mislabelled"] == 1
    assert w.check(labels="none")["labels"] is None
    w.mark(path)  # an image that does not belong here has no label to compare
    assert w.check()["labelled"] == 59


def test_labels_given_are_compared(tmp_path: Path) -> None:
    w = Workspace(make_workspace(tmp_path / "w.unpool", dict.fromkeys(range(60), "all")))
    assert w.check()["labels"] is None
    for number, name in enumerate(CLASSES):
        w.label([f"all/{row:02}.png" for row in range(60) if row % 3 == number], name)
    w.label(f"all/{WRONG:02}.png", "shoe")
    result = w.check()
    assert (result["mislabelled"], result["labels"]) == (1, "label")
    w.label(f"all/{WRONG:02}.png", "dress")
    assert (found_problems(w.work) or {})["mislabelled"] == []
    assert w.check()["mislabelled"] == 0


def test_labels_of_a_file_are_compared_and_named(tmp_path: Path) -> None:
    w = Workspace(make_workspace(tmp_path / "w.unpool", dict.fromkeys(range(60), "all")))
    names = [CLASSES[row % 3] for row in range(60)]
    names[WRONG] = "coat"
    file = tmp_path / "labels.csv"
    file.write_text("path,label\n" + "".join(f"all/{row:02}.png,{name}\n" for row, name in enumerate(names)))
    result = w.check(labels=str(file))
    assert (result["mislabelled"], result["labels"]) == (1, str(file))
    assert found_doubts(w.work)[0]["predicted"] == "dress"
    with pytest.raises(UnpoolError, match="nowhere"):
        w.check(labels=str(tmp_path / "nowhere.csv"))


def compare(names: list[str | None], vector_ND: np.ndarray, *, is_guessed: bool) -> tuple[Any, list[str]]:
    from unpool.actions.curation.label_checks import LabelsInUse

    messages = Messages()
    labels = LabelsInUse(names, "folders" if is_guessed else "label", is_guessed)
    found = compare_labels(labels, np.arange(len(names)), vector_ND, seed=0, progress=messages)
    return found, messages.texts


def test_folders_that_are_no_classes_are_left_alone_and_it_is_reported() -> None:
    rng = np.random.default_rng(0)
    vector_ND = rng.normal(size=(80, 8)).astype(np.float32)
    names: list[str | None] = [str(number) for number in rng.integers(0, 4, 80)]
    found, lines = compare(names, vector_ND, is_guessed=True)
    assert found.source is None
    assert "folders were not compared" in lines[0]
    assert compare(names, vector_ND, is_guessed=False)[0].source == "label"


def test_small_classes_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(0)
    vector_ND = (np.eye(8)[np.arange(44) % 2] * 4 + rng.normal(size=(44, 8))).astype(np.float32)
    names: list[str | None] = ["hat"] * 4 + [CLASSES[row % 2] for row in range(4, 44)]
    found, lines = compare(names, vector_ND, is_guessed=False)
    assert found.labelled == 40
    assert lines[0].startswith("labels: 4 images were left out, whose 1 labels have fewer than 5 images")
    found, lines = compare(names[:10], vector_ND[:10], is_guessed=False)
    assert found.labelled == 0
    assert lines[0].startswith("labels: not compared; that takes 20 images")
    assert compare([None] * 44, vector_ND, is_guessed=False)[1] == []


def test_images_of_test_that_are_in_train_leak() -> None:
    splits = ["train", "test", "test", "validation", None, "train", "test"]
    pairs = [
        (0, 1, "the same file"),
        (0, 3, "nearly the same"),
        (3, 2, "turned or mirrored"),
        (4, 6, "the same file"),
    ]
    leaks = [(leak.row, leak.of, leak.relation, leak.splits) for leak in find_leaks(splits, pairs)]
    assert leaks == [
        (1, 0, "the same file", ("test", "train")),
        (2, 0, "nearly the same", ("test", "train")),  # through the third
        (3, 0, "nearly the same", ("validation", "train")),
    ]
    assert find_leaks(["train", "train"], [(0, 1, "the same file")]) == []
    assert find_leaks(["validation", "test"], [(0, 1, "the same file")])[0].splits == ("test", "validation")


def test_a_split_that_was_given_comes_before_the_folder(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    paths = ["train/1.png", "val/2.png", "val/3.png", "4.png"]
    table.upsert([{"path": path, "status": "ok"} for path in paths])
    assert find_splits(table, paths) == ["train", "validation", "validation", None]
    write_field(
        table.work, "split", {"val/2.png": "Testing", "val/3.png": "fold 3", "4.png": "train"}, "choice"
    )
    assert find_splits(ImageTable(table.work), paths) == ["train", "test", "validation", "train"]


def test_a_check_lists_leaks_and_forgets_them_with_either_image(tmp_path: Path) -> None:
    rng, table = np.random.default_rng(0), ImageTable.create(tmp_path / "w.unpool")
    paths = [f"{split}/{row:02}.png" for split in ("train", "test") for row in range(12)]
    rows = []
    for row, path in enumerate(paths):
        picture = thumbnail(rng.integers(0, 256, (80, 80, 3), dtype=np.uint8))
        digest = "same" if row in (3, 15) else f"id-{path}"
        rows.append(
            {"path": path, "id": digest, "status": "ok", "width": 80, "height": 80, "thumbnail": picture}
        )
    table.upsert(rows)
    table.reset_vectors(4)
    table.update(paths, {"vector": rng.normal(size=(24, 4)).astype(np.float32)})
    w = Workspace(table.work)
    assert w.check()["leaked"] == 1
    assert (found_problems(w.work) or {})["leaked"] == ["test/03.png"]
    detail = ("test/03.png", "leaked", "in test and in train: the same file, train/03.png")
    assert detail in found_rows(w.work)
    entries = json.loads((w.work / "report" / "check.json").read_text())["problems"]["leaked"]
    assert entries[0]["of"] == "train/03.png"
    table.delete(["train/03.png"])
    assert (found_problems(w.work) or {})["leaked"] == []
