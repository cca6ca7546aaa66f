"""Which model folders can be opened for prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.messages import Messages
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference import segmenter_model
from unpool.inference.segmenter import OnnxSegmenterRuntime
from unpool.inference.segmenter_model import load_segmenter
from unpool.networks.catalogue import build_network
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model


def test_an_encoder_is_no_segmenter(tmp_path: Path) -> None:
    save_model(tmp_path / "m", build_network("conv", size=8, channels=1, width=4, decoder="none"))
    with pytest.raises(UnpoolError, match="is no segmenter"):
        load_segmenter(tmp_path / "m", "cpu", Progress())


def test_classes_must_be_known(tmp_path: Path) -> None:
    save_model(tmp_path / "m", Segmenter("fcn16s", backbone="resnet18", num_classes=2, seed=0))
    with pytest.raises(UnpoolError, match="does not say how its classes are written"):
        load_segmenter(tmp_path / "m", "cpu", Progress())


def test_a_failed_export_leaves_the_scores_to_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = Messages()

    def fail(*_: object) -> None:
        raise UnpoolError("cannot be exported")

    network = Segmenter("fcn16s", backbone="resnet18", num_classes=2, seed=0)
    monkeypatch.setattr(segmenter_model, "load_model", lambda _: network)
    monkeypatch.setattr(segmenter_model, "export_segmenter", fail)
    runtime = segmenter_model._open(tmp_path, "cpu", messages)
    assert not isinstance(runtime, OnnxSegmenterRuntime)
    assert messages.texts == ["running on torch instead of ONNX Runtime: cannot be exported"]


@pytest.mark.parametrize("fault", [None, PermissionError(), UnpoolError("cannot be exported")])
def test_an_export_of_an_earlier_version_is_replaced_where_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    class Exported:
        def __init__(self, _: Segmenter, file: Path, threads: int) -> None:
            self.version = file.read_text()
            self.is_current = self.version == "new"

    def export(_: object, path: Path) -> None:
        assert path.read_text() == "old", "another process may be about to open it"
        if fault is not None:
            raise fault
        path.write_text("new")

    file = tmp_path / "segmenter.onnx"
    file.write_text("old")
    monkeypatch.setattr(segmenter_model, "load_model", lambda _: None)
    monkeypatch.setattr(segmenter_model, "OnnxSegmenterRuntime", Exported)
    monkeypatch.setattr(segmenter_model, "export_segmenter", export)
    runtime = segmenter_model._open(tmp_path, "cpu", Progress())
    assert isinstance(runtime, Exported)
    assert runtime.version == file.read_text() == ("old" if fault else "new")
