"""`suggest` names images without a label, the most useful first, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.kinds import make_kinds, make_workspace
from unpool import Workspace
from unpool.actions.curation import edit
from unpool.actions.teaching.next_images import read_labels, suggest
from unpool.actions.teaching.settings import SuggestSettings
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable

NAMES = ("hat", "shoe", "belt")


@pytest.fixture
def taught(tmp_path: Path) -> tuple[Path, list[str], np.ndarray]:
    """Sixty images of three kinds, none with a label, and one that was skipped."""
    unit_ND, kind_N = make_kinds((30, 20, 10), spread=0.3)
    paths = make_workspace(tmp_path / "w.unpool", unit_ND, [None] * 60)
    ImageTable(tmp_path / "w.unpool").upsert([{"path": "x.png", "status": "skipped", "label": "lost"}])
    return tmp_path / "w.unpool", paths, kind_N


def test_without_labels_typical_images_of_each_kind_come(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work, paths, kind_N = taught
    version = ImageTable(work).version
    result = suggest(work, SuggestSettings(k=3))
    assert [kind_N[paths.index(image["path"])] for image in result["images"]] == [0, 1, 2]
    assert result["images"][0] | {"path": ""} == {
        "path": "", "reason": "typical of 30 images without a label", "label": None, "probability": None,
    }  # fmt: skip
    assert (result["labelled"], result["names"], result["left"], result["accuracy"]) == (0, 0, 60, None)
    assert ImageTable(work).version == version


def test_labels_lead_to_names_and_an_estimate(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work, paths, kind_N = taught
    for row in range(20):
        edit.label(work, paths[row], NAMES[kind_N[row]])
    edit.mark(work, paths[30:35])
    result = suggest(work, SuggestSettings(k=12))
    assert (result["labelled"], result["names"], result["left"]) == (20, 3, 35)
    chosen = [paths.index(image["path"]) for image in result["images"]]
    assert len(set(chosen)) == 12
    assert not set(chosen) & {*range(20), *range(30, 35)}
    assert [image["label"] for image in result["images"]] == [NAMES[kind_N[row]] for row in chosen]
    assert all(1 / 3 < image["probability"] <= 1 for image in result["images"])
    assert result["accuracy_low"] <= result["accuracy"] <= result["accuracy_high"]


def test_all_that_is_left_is_listed(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work, paths, _ = taught
    edit.label(work, paths[:57], "hat")
    assert len(suggest(work)["images"]) == 3
    edit.label(work, paths, "hat")
    with pytest.raises(UnpoolError, match=r"all 60 images of .* have a label; none is left to suggest"):
        suggest(work)


def test_a_field_can_be_taught(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work, paths, kind_N = taught
    write_field(work, "colour", {path: NAMES[kind] for path, kind in zip(paths[:12], kind_N, strict=False)})
    write_field(work, "weight", dict.fromkeys(paths, 2.0))
    result = suggest(work, SuggestSettings(k=2, field="colour"))
    assert (result["labelled"], result["left"]) == (12, 48)
    assert {image["label"] for image in result["images"]} <= set(NAMES)
    with pytest.raises(UsageError, match=r"field 'weight' is a number, but must be a choice to be taught"):
        suggest(work, SuggestSettings(field="weight"))
    with pytest.raises(UsageError, match=r"has no field 'shape'"):
        suggest(work, SuggestSettings(field="shape"))


def test_python_has_the_same_as_a_table(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work = taught[0]
    found = Workspace(work).suggest(k=4)
    assert found.columns.tolist() == ["path", "reason", "label", "probability"]
    assert found["path"].tolist() == [
        image["path"] for image in suggest(work, SuggestSettings(k=4))["images"]
    ]


def test_labels_are_read_in_the_order_of_the_images(taught: tuple[Path, list[str], np.ndarray]) -> None:
    work, paths, _ = taught
    edit.label(work, paths[1], "b")
    edit.label(work, paths[2], "a")
    edit.mark(work, paths[3])
    labels, num_groups = read_labels(ImageTable(work), paths[:5])
    assert list(labels.names) == ["a", "b"]
    assert labels.code_N.tolist() == [-1, 1, 0, -1, -1]
    assert labels.is_open_N.tolist() == [True, True, True, False, True]
    assert (labels.num_labelled, labels.count(), num_groups) == (2, [1, 1], 1)


def test_nothing_embedded(tmp_path: Path) -> None:
    ImageTable.create(tmp_path / "w.unpool")
    with pytest.raises(UnpoolError, match=r"nothing in .* is embedded yet; run `unpool embed"):
        suggest(tmp_path / "w.unpool")
