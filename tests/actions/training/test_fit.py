"""`unpool.fit`: any torch Dataset, the words of `unpool train`, and a model folder where one is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import Dataset, TensorDataset

from unpool import Autoencoder, Segmenter, UnpoolError, build_network, fit, load_model


def network(**options: Any) -> Autoencoder:
    return build_network("conv", size=8, channels=1, width=4, seed=0, **options)


class Pictures(Dataset[tuple[Image.Image, int]]):
    """Bright or dark images with their class."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        rng = np.random.default_rng(index)
        pixels = rng.integers(0, 60, (8, 8)) + 150 * (index % 2)
        return Image.fromarray(pixels.astype(np.uint8)), index % 2


def floats() -> TensorDataset:
    return TensorDataset(
        torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(40)
    )


@pytest.mark.parametrize("objective", ["reconstruct", "denoise", "contrast"])
def test_trains_on_tensors_with_an_index(objective: str) -> None:
    history = fit(network(), floats(), objective=objective, epochs=3, batch=10, lr=1e-2)
    losses = [entry["train_loss"] for entry in history.epochs]
    assert losses[-1] < losses[0]
    assert history.steps == 3 * 4


def test_classifies_pictures(tmp_path: Path) -> None:
    net = network(num_classes=2)
    history = fit(
        net, Pictures(), objective="classify", out=tmp_path / "m", epochs=8, batch=8, lr=1e-2, val=0.2
    )
    assert history.best["val_accuracy"] == 1.0
    again = load_model(tmp_path / "m")
    x = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(again(x), net.eval()(x))
    assert (tmp_path / "m" / "confusion.png").is_file()


def test_pictures_are_normalised_and_floats_are_not() -> None:
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.detach())
            return x

    for dataset in (Pictures(), floats()):
        net = network()
        net.encoder.insert(0, Watching())
        fit(net, dataset, steps=1, batch=40, val=0.0)
    assert seen[0].min() < -0.9  # a dark pixel, where the network's own range begins at -1
    assert 0 <= seen[1].min() < 0.1


def test_workers_and_validation_sets_change_nothing_of_the_order() -> None:
    nets = [network(), network()]
    histories = [
        fit(net, floats(), epochs=2, batch=10, val=Pictures(), workers=workers)
        for net, workers in zip(nets, (0, 1), strict=True)
    ]
    assert histories[0].epochs == histories[1].epochs
    assert histories[0].steps == 8


def test_the_users_random_numbers_are_left_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(network(), floats(), steps=2, batch=10)
    assert (torch.rand(3) == expected).all()


def test_what_cannot_be_is_said() -> None:
    own = Autoencoder(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    assert fit(own, floats(), steps=1, batch=10).steps == 1
    with pytest.raises(UnpoolError, match="of your own cannot be rebuilt from a model folder"):
        fit(own, floats(), steps=1, out="model")
    with pytest.raises(UnpoolError, match="no option epoch; did you mean epochs"):
        fit(network(), floats(), epoch=1)
    with pytest.raises(UnpoolError, match="no batch of 100"):
        fit(network(), floats(), batch=100, drop_last=True)


class Scenes(torch.utils.data.Dataset):
    """Pairs (image, mask) of two sizes; what is bright is class 1, and one row does not count."""

    def __init__(self, count: int = 12) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng(index)
        mask = (rng.random((4, 4 + index % 2)).repeat(8, 0).repeat(8, 1) > 0.5).astype(np.uint8)
        image = torch.from_numpy(np.stack([mask * 200 + 20] * 3))
        label = torch.from_numpy(mask.astype(np.int64))
        label[0] = 255
        return image, label


def segmenter() -> Segmenter:
    return Segmenter("fcn4s", num_classes=2, backbone="conv", seed=0)


def test_a_segmenter_learns_from_pairs_and_comes_back_from_its_folder(tmp_path: Path) -> None:
    scenes, net = Scenes(), segmenter()
    images, masks = zip(*(scenes[index] for index in range(len(scenes))), strict=True)
    before = net.evaluate(images, masks)["mean_iou"]
    history = fit(net, scenes, steps=40, batch=4, drop_last=True, lr=0.01, val=0.25, out=tmp_path / "m")
    after = net.evaluate(images, masks)
    assert before < 0.6 < 0.9 < after["mean_iou"]
    assert history.best["val_miou"] > 0.9
    loaded = load_model(tmp_path / "m")
    label_HW = loaded.predict(images[0])
    assert label_HW.shape == masks[0].shape
    assert (label_HW == net.predict(images[0])).all()
    picture = images[0].permute(1, 2, 0).numpy()
    assert (loaded.predict(picture) == label_HW).all()


def test_a_segmenter_refuses_what_is_no_pair(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"a mask is \(2, 2\), but its image \(32, 32\)"):
        fit(segmenter(), [(torch.zeros(3, 32, 32), torch.zeros(2, 2))] * 4, steps=1, batch=2)
    with pytest.raises(UnpoolError, match="objective is for networks that make codes or images"):
        fit(segmenter(), Scenes(), objective="contrast", steps=1)
