"""Model folders without weights of their own are models."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.networks.preprocessing import Preprocessing
from unpool.training.foreign_model import change_description, write_foreign_model
from unpool.training.model_file import FOREIGN, describe_model, has_model, kind_of_encoder, model_id


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_folder_without_weights_is_a_model(tmp_path: Path, kind: str) -> None:
    assert not has_model(tmp_path)
    prep = Preprocessing(9, crop="squash")
    write_foreign_model(
        tmp_path, "own", prep, None, digest="0123456789abc", encoder={"kind": kind, "notes": []}
    )
    assert has_model(tmp_path)
    assert kind_of_encoder(tmp_path) == kind
    assert model_id(tmp_path) == "own-0123456789"
    described = describe_model(tmp_path)
    assert Preprocessing.from_dict(described["preprocessing"]) == prep
    assert described["dimension"] is None
    change_description(tmp_path, dimension=7)
    assert describe_model(tmp_path) == described | {"dimension": 7}


def test_another_kind_without_weights_is_none(tmp_path: Path) -> None:
    write_foreign_model(tmp_path, "own", Preprocessing(), 3, digest="0", encoder={"kind": "timm"})
    assert not has_model(tmp_path)
