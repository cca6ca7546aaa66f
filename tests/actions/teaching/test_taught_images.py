"""Labelled images are read with their vectors, and what is left out is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.edits import make_grouped_workspace, relabel
from unpool.actions.teaching.taught_images import read_taught_images
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    ImageTable(work).update(["00.png", "01.png", "07.png"], {"label": ["b", "b", "a"]})
    return work


def test_labelled_images_with_their_vectors(work: Path) -> None:
    taught = read_taught_images(work)
    assert taught.paths == ["00.png", "01.png", "07.png"]
    assert taught.names == ["a", "b"]
    assert taught.class_N.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(taught.vector_ND, ImageTable(work).vectors_of(taught.paths)[1])
    assert (taught.without_vector, taught.wrong, taught.repeated) == (0, 0, 0)


def test_what_is_left_out_is_counted(work: Path) -> None:
    ImageTable(work).update(["broken.png", "02.png", "03.png", "04.png"], {"label": ["a", "b", "b", "a"]})
    ImageTable(work).update(["02.png"], {"wrong": [True]})
    ImageTable(work).update(["03.png", "04.png"], {"id": ["id-00.png", "id-00.png"]})
    taught = read_taught_images(work)
    # 03 is 00 again; 04 has the content of 00 and another label, which is a contradiction and no copy.
    assert taught.paths == ["00.png", "01.png", "04.png", "07.png"]
    assert (taught.without_vector, taught.wrong, taught.repeated) == (1, 1, 1)


def test_another_field_teaches_too(work: Path) -> None:
    write_field(work, "season", {"05.png": "winter", "06.png": "summer"}, "choice")
    taught = read_taught_images(work, "season")
    assert (taught.paths, taught.names) == (["05.png", "06.png"], ["summer", "winter"])
    write_field(work, "weight", {"05.png": 3.0}, "number")
    with pytest.raises(UsageError, match="--field weight holds values of the kind number"):
        read_taught_images(work, "weight")
    with pytest.raises(UsageError, match="seeson"):
        read_taught_images(work, "seeson")


def test_too_few_names_are_an_error(work: Path) -> None:
    relabel(work, "a")
    with pytest.raises(UnpoolError, match=r"every label of .* is ‘a’; label images of another kind too"):
        read_taught_images(work)
    ImageTable(work).update(ImageTable(work).arrow(["path"])["path"].to_pylist(), {"label": [None] * 13})
    with pytest.raises(UnpoolError, match=r"no image of .* has a label yet; give some first"):
        read_taught_images(work)
    ImageTable(work).update(["broken.png"], {"label": ["a"]})
    with pytest.raises(UnpoolError, match=r"no labelled image of .* has a vector"):
        read_taught_images(work)
