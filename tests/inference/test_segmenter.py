"""Where a segmenter runs on a CPU, and its ONNX file as others may use it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from support.masks import make_undecided, scene
from support.messages import Messages
from support.training import segment_predict
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.images.pixel_cache import map_ordered
from unpool.inference import segmenter
from unpool.inference.segmenter import OnnxSegmenterRuntime
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model


def picture(file: Path, height: int, width: int) -> Path:
    Image.fromarray(scene(0, height, width)[0]).save(file)
    return file


def test_segnet_runs_on_torch_and_says_so(tmp_path: Path) -> None:
    network = Segmenter("segnet", backbone="conv", num_classes=2, size=32, seed=0)
    classes = classes_by_value(["a", "b"])
    save_model(tmp_path / "model", network, classes=classes.names, masks=classes.to_dict())
    messages = Messages()
    file = picture(tmp_path / "a.png", height=64, width=64)
    segment_predict(file, model=tmp_path / "model", out=tmp_path / "out", progress=messages)
    assert [text for text in messages.texts if "torch instead of ONNX Runtime: segnet" in text]
    assert not (tmp_path / "model" / "segmenter.onnx").exists()


@pytest.mark.slow
def test_the_onnx_file_is_used_as_the_page_on_system_e_says(tmp_path: Path) -> None:
    """The steps of docs/systems/e.md, without unpool, give the labels that it writes."""
    network = Segmenter("fcn4s", backbone="conv", num_classes=3, size=64, enlarge=1.5, seed=0)
    make_undecided(network)
    classes = classes_by_value(["a", "b", "c"])
    model = tmp_path / "model"
    save_model(model, network, classes=classes.names, masks=classes.to_dict())
    file = picture(tmp_path / "a.png", height=101, width=75)
    segment_predict(file, model=model, out=tmp_path / "out", device="cpu")

    described = json.loads((model / "model.json").read_text())
    enlarge, prepared = described["options"]["enlarge"], described["preprocessing"]
    pixels = np.asarray(Image.open(file))
    step = network.reduction
    seen = [-(-int(np.ceil(side * enlarge)) // step) * step for side in pixels.shape[:2]]
    padded = [max(side, int(np.ceil(e / enlarge))) for side, e in zip(pixels.shape[:2], seen, strict=True)]
    after = [(0, big - side) for side, big in zip(pixels.shape[:2], padded, strict=True)]
    x = (np.pad(pixels, [*after, (0, 0)], "edge") / 255 - prepared["mean"]) / prepared["std"]
    x_BCHW = torch.from_numpy(x.transpose(2, 0, 1)[None].astype(np.float32))
    enlarged = torch.nn.functional.interpolate(x_BCHW, size=seen, mode="bilinear", align_corners=False)
    session = onnxruntime.InferenceSession(str(model / "segmenter.onnx"), providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"images": enlarged.numpy()})
    assert scores.shape == (1, 3, seen[0] // 4, seen[1] // 4)
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(scores), size=padded, mode="bilinear", align_corners=False
    )
    labels = whole[0, :, : pixels.shape[0], : pixels.shape[1]].argmax(dim=0).numpy()
    assert len(np.unique(labels)) > 1
    graph = onnx.load(model / "segmenter.onnx").graph
    assert {"Resize"} <= {node.op_type for node in graph.node}
    assert "Shape" not in {node.op_type for node in graph.node}  # sizes that are computed make it slow
    runtime = OnnxSegmenterRuntime(network, model / "segmenter.onnx", threads=2)
    assert runtime.is_current
    windows = [pixels[None, :64, left : left + 64] for left in range(10)]
    with runtime.scoring(len(windows), 64) as (score, workers):
        assert workers == 2
        side_by_side = list(map_ordered(score, windows, workers))
    for window, found in zip(windows, side_by_side, strict=True):
        np.testing.assert_allclose(found, runtime(window).numpy(), atol=1e-4)
    assert (labels == np.asarray(Image.open(tmp_path / "out" / "a.png"))).mean() > 0.999


@pytest.mark.parametrize(
    ("cores", "num_windows", "workers", "threads"),
    [(2, 1, 1, []), (2, 9, 2, [1]), (8, 9, 8, [1]), (16, 2, 2, [8]), (64, 100, 8, [8])],
)
def test_windows_share_the_cores_and_only_so_many_take_memory(
    cores: int, num_windows: int, workers: int, threads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    monkeypatch.setattr(segmenter, "open_session", lambda path, threads, *_, **__: opened.append(threads))
    network = Segmenter("fcn4s", backbone="conv", num_classes=3, size=32, seed=0)
    runtime = OnnxSegmenterRuntime(network, Path("segmenter.onnx"), cores)
    for _ in range(2):
        with runtime.scoring(num_windows, 64) as (_score, found):
            assert found == workers
            assert torch.get_num_threads() == 1 or not threads
    assert opened == [cores, *threads], "opened once"
