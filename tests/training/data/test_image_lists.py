"""Lists, generators and folders of images are data sets; what is none says what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset

from unpool import Segmenter, UnpoolError, build_network, fit
from unpool.errors import UsageError
from unpool.images.values.rules import NO_RULES
from unpool.networks.preprocessing import Preprocessing
from unpool.training.data.datasets import DatasetImages
from unpool.training.data.image_lists import ImageList, as_dataset

PREP = Preprocessing(8, 1, (0.5,), (0.5,))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(6):
        shape = (16 + 2 * number, 24, 3)
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


def listed(data: object, **options: bool) -> Any:
    return as_dataset(data, PREP, NO_RULES, **({"has_masks": False} | options))


def test_paths_in_any_container_are_one_data_set(files: list[Path]) -> None:
    expected = list(listed(files))
    assert expected[0].shape == (1, 8, 8)
    assert expected[0].dtype == torch.uint8
    ways = (
        [str(file) for file in files],
        tuple(files),
        (file for file in files),
        files[0].parent,
        np.array(list(map(str, files))),
    )
    for way in ways:
        assert all(torch.equal(*pair) for pair in zip(listed(way), expected, strict=True))


def test_labels_and_masks_stay_beside_their_images(files: list[Path], tmp_path: Path) -> None:
    pairs = listed([(file, number % 2) for number, file in enumerate(files)])
    assert [pairs[index][1] for index in range(len(pairs))] == pairs.targets == [0, 1] * 3
    Image.fromarray(np.eye(16, 24, dtype=np.uint8)).save(tmp_path / "mask.png")
    image, mask = listed([(files[0], tmp_path / "mask.png")], has_masks=True)[0]
    assert image.shape == (1, 16, 24)
    assert mask.shape == (16, 24)


def test_classes_are_known_without_reading_images(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [listed([(file, number) for file in files[:3]]) for number in range(2)]
    monkeypatch.setattr(ImageList, "__getitem__", lambda *_: pytest.fail("an image was read"))
    both = DatasetImages(ConcatDataset(parts), PREP.mean, PREP.std, torch.device("cpu"))
    assert both.labels().tolist() == [0, 0, 0, 1, 1, 1]


def test_grey_images_keep_their_values(tmp_path: Path) -> None:
    grey_HW = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(grey_HW).save(tmp_path / "grey.png")
    (image,) = listed([tmp_path / "grey.png"], has_masks=True)
    assert torch.equal(image[0], torch.from_numpy(grey_HW))


def test_an_image_without_a_class_is_named(files: list[Path]) -> None:
    network = build_network("conv", size=8, channels=1, num_classes=2)
    ways: list[list[Any]] = [files, [(file,) for file in files], [(file, "cat") for file in files]]
    for items in ways:
        with pytest.raises(UsageError, match=r"has no class; give pairs \(image, class\)"):
            fit(network, items, steps=1, objective="classify")
    with pytest.raises(UnpoolError, match="there is no image in an empty data set"):
        fit(network, [], steps=1, objective="classify")


def test_what_is_a_data_set_already_stays(files: list[Path]) -> None:
    tensors = [torch.zeros(1, 8, 8)] * 3
    assert listed(tensors) is tensors
    dataset = ImageList(files, PREP, NO_RULES, has_masks=False)
    assert listed(dataset) is dataset


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (5, "^5 is no data set; give a torch Dataset, a list of images"),
        ({"a.png": 1}, "^{'a.png': 1} is no data set; give a torch Dataset"),
        ("nowhere", "^there is no folder nowhere; give a torch Dataset"),
        (__file__, r"test_image_lists\.py is a file; give"),
        (["nowhere.png"], r"there is no file nowhere\.png; check the path"),
        ([("nowhere.png", 1)], r"there is no file nowhere\.png"),
    ],
)
def test_what_is_none_says_what_was_expected(data: object, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        listed(data)


def test_a_network_is_fitted_to_paths(files: list[Path]) -> None:
    def trained(data: Any, **options: Any) -> dict[str, torch.Tensor]:
        network = build_network("conv", size=8, channels=1, seed=0)
        fit(network, data, steps=1, batch=4, **options)
        return network.state_dict()

    weights = trained(files)
    assert all(torch.equal(value, weights[name]) for name, value in trained(iter(files)).items())
    assert not torch.equal(
        build_network("conv", size=8, channels=1, seed=0).encoder[0].weight, weights["encoder.0.weight"]
    )
    trained(files[:4], val=files[4:])
    scorer = build_network("conv", size=8, channels=1, num_classes=2)
    history = fit(
        scorer, [(file, number % 2) for number, file in enumerate(files)], steps=1, objective="classify"
    )
    assert history.images > 0


def test_a_segmenter_is_fitted_to_pairs_of_paths(files: list[Path], tmp_path: Path) -> None:
    for file in files:
        width, height = Image.open(file).size
        Image.fromarray(np.tri(height, width, dtype=np.uint8)).save(tmp_path / file.name)
    segmenter = Segmenter("fcn8s", backbone="resnet18", num_classes=2, size=16)
    history = fit(segmenter, [(file, tmp_path / file.name) for file in files], steps=1, batch=2)
    assert history.images == 2


def test_impossible_networks_and_sizes_are_said_in_one_line(files: list[Path]) -> None:
    with pytest.raises(
        UsageError, match=r"network is 'conv', but must be an Autoencoder.*build_network makes"
    ):
        fit("conv", files)  # type: ignore[call-overload]
    network = build_network("conv", size=8, channels=1)
    with pytest.raises(
        UnpoolError, match=r"images of \(1, 8, 9\) and \(1, 8, 8\) are in one data set; give images of"
    ):
        fit(
            network,
            [torch.rand(1, 8, 9 - number % 2) for number in range(4)],
            steps=1,
            val=0,
            seed=0,
            batch=4,
        )
