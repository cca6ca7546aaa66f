"""The folder of an inspector: complete, the same scores, what it says of itself."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file

from support import export_cache
from support.tiny_levels import build_levels, good_pictures, with_spot
from unpool.core.markers import is_unpool_folder
from unpool.errors import UnpoolError
from unpool.inference.inspection import learning, model_folder
from unpool.inference.inspection.graph import InspectionGraph
from unpool.inference.inspection.inspector import InspectorRecord, load_inspector
from unpool.inference.inspection.learning import learn
from unpool.inference.inspection.model_folder import METADATA, save_inspector
from unpool.training.model_file import expect_kind

SIZE = 64
RECORD = InspectorRecord(
    "memory", 1.5, 2.5, 0.05, (0.1, 0.2, 0.7), 3, SIZE, None, True, 0.75, {"margin": 0.1}
)
STATE = {"memory": np.arange(6, dtype=np.float32).reshape(2, 3).T}


@pytest.fixture(scope="module")
def graph() -> InspectionGraph:
    """One whose layers and memories have the shapes of others that tests convert; see support.export_cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "MEMORY", {4096: 200})
        learnt = learn(build_levels(SIZE), good_pictures(20, size=SIZE), is_aligned=lambda maps: False)
    return learnt.build(np.ones(len(learnt.names), bool))


@pytest.fixture(scope="module")
def folder(graph: InspectionGraph, session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    export_cache.install(session_folder)
    place = tmp_path_factory.mktemp("saved") / "model"
    save_inspector(place, graph, RECORD, network="tiny", options={"seed": 3}, state=STATE)
    return place


def test_the_file_gives_the_scores_of_the_graph(folder: Path, graph: InspectionGraph) -> None:
    inspector = load_inspector(folder)
    pictures = [*good_pictures(2, seed=1, size=SIZE), with_spot(good_pictures(1, size=SIZE)[0], 20, 20)]
    with torch.inference_mode():
        score, heat = graph(torch.from_numpy(np.stack(pictures)))
    for number, picture in enumerate(pictures):  # one by one, where three were exported with two
        found = inspector.inspect(picture)
        assert found.score == pytest.approx(float(score[number]), rel=2e-3, abs=5e-3)
        np.testing.assert_allclose(found.heat_hw, heat[number], atol=1e-2)
    np.testing.assert_allclose(inspector.run(np.stack(pictures))[0], score, rtol=2e-3, atol=5e-3)


def test_the_record_is_in_the_folder_and_in_the_file(folder: Path) -> None:
    assert load_inspector(folder).record == RECORD
    stored = {each.key: each.value for each in onnx.load(folder / "inspector.onnx").metadata_props}
    assert InspectorRecord.from_dict(json.loads(stored[METADATA])) == RECORD
    described = expect_kind(folder, "inspector")
    assert (described["network"], described["options"]) == ("tiny", {"seed": 3})
    np.testing.assert_array_equal(load_file(folder / "model.safetensors")["memory"], STATE["memory"])


def test_the_folder_is_one_of_unpool(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"inspector.onnx", "model.json", "model.safetensors"}
    assert is_unpool_folder(folder, names)


def test_another_model_has_another_id(folder: Path, graph: InspectionGraph, tmp_path: Path) -> None:
    changed = dataclasses.replace(RECORD, threshold=9.0)
    save_inspector(tmp_path, graph, changed, network="tiny", options={}, state=STATE)
    assert load_inspector(tmp_path).id != load_inspector(folder).id
    assert load_inspector(folder).id == load_inspector(folder).id


def test_other_scores_of_the_export_are_an_error(
    graph: InspectionGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.full(len(inputs["pixels"]), np.nan, np.float32)]

    (tmp_path / "model.json").write_text("{}")
    monkeypatch.setattr("unpool.inference.encoder.open_session", lambda *_: Wrong())
    with pytest.raises(UnpoolError, match="the ONNX export gives"):
        save_inspector(tmp_path, graph, RECORD, network="tiny", options={}, state=STATE)
    assert [path.name for path in tmp_path.iterdir()] == []  # nothing that looks complete


def test_a_network_that_cannot_be_exported_is_told(
    graph: InspectionGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nsecond line")

    monkeypatch.setattr(model_folder.torch.onnx, "export", fail)
    with pytest.raises(UnpoolError) as caught:
        save_inspector(tmp_path, graph, RECORD, network="tiny", options={}, state=STATE)
    assert "no such operator" in str(caught.value)
    assert "name another with --network" in str(caught.value)
    assert "\n" not in str(caught.value)
