"""What embeds in a model folder without weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference.model import load_encoder
from unpool.inference.vectors.foreign_encoder import NoEncoder
from unpool.networks.encoders import functions
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.networks.preprocessing import Preprocessing
from unpool.training.foreign_model import write_foreign_model

PIXELS = np.zeros((1, 4, 4, 3), np.uint8)


def write(folder: Path, **encoder: object) -> Path:
    write_foreign_model(folder, "own", Preprocessing(4), 3, digest="0" * 20, encoder=encoder)
    return folder


def test_vectors_of_a_file_have_no_encoder(tmp_path: Path) -> None:
    model = load_encoder(write(tmp_path, kind="vectors", file="own.npy"), "cpu", Progress())
    assert isinstance(model.encoder, NoEncoder)
    assert (model.dimension, model.id) == (3, "own-0000000000")
    with pytest.raises(UnpoolError, match=r"has no encoder, as its vectors were made elsewhere \(own\.npy\)"):
        model.encoder(PIXELS)


def test_a_function_is_called_where_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "user_config_path", lambda _: tmp_path / "configuration")
    name = functions.give_function(lambda images: [[1.0, 2.0, 3.0] for _ in images])
    folder = write(tmp_path, kind="function", function=name)
    with pytest.raises(UnpoolError, match="was given in Python and is known there alone"):
        load_encoder(folder, "cpu", Progress())
    functions.allow_function(folder, name)
    model = load_encoder(folder, "cpu", Progress())
    assert isinstance(model.encoder, FunctionEncoder)
    assert model.encoder(PIXELS).tolist() == [[1, 2, 3]]


def test_an_onnx_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, kind="onnx", file="own.onnx")
    (folder / "encoder.onnx").write_bytes(b"no graph")
    with pytest.raises(UnpoolError, match=r"encoder\.onnx cannot be read as an ONNX encoder"):
        load_encoder(folder, "cpu", Progress())
