"""A model folder travels as bytes, and what is written of it goes again."""

from __future__ import annotations

from pathlib import Path

from unpool.engines.model_parts import pack_model, unpacked_model
from unpool.networks.catalogue import build_network
from unpool.training.model_file import describe_model, load_model, model_id, save_model


def test_a_model_is_the_same_elsewhere(tmp_path: Path) -> None:
    save_model(tmp_path / "model", build_network("conv", size=8, channels=1, width=4, decoder="none", seed=0))
    (tmp_path / "model" / "notes.txt").write_text("not of the model")
    parts = pack_model(tmp_path / "model")
    assert "notes.txt" not in parts
    with unpacked_model(parts) as folder:
        assert describe_model(folder) == describe_model(tmp_path / "model")
        assert model_id(folder) == model_id(tmp_path / "model")
        load_model(folder)
    assert not folder.exists()
