"""Networks take images as programs hold them, and say what they expect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unpool.errors import UsageError
from unpool.images.reading.decode import read_picture
from unpool.images.values.rules import NO_RULES
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.head import with_head
from unpool.networks.image_batch import BATCH, Images, describe_input, image_batches, whole_image
from unpool.networks.preprocessing import Preprocessing

PIXELS_HWC = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> Autoencoder:
    return build_network("conv", size=16, channels=3, seed=0).eval()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS_HWC).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_embed_and_reconstruct_take_what_people_have(network: Autoencoder, file: Path) -> None:
    prepared = network.preprocessing.fit(read_picture(file))
    mean, std = (np.array(each) for each in (network.mean, network.std))
    x_BCSS = torch.from_numpy((prepared / 255 - mean) / std).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        vector_1D, image_1CSS = network.embed(x_BCSS), network.reconstruct(x_BCSS)
    tensor_CHW = torch.from_numpy(PIXELS_HWC).permute(2, 0, 1)
    ways: list[Images] = [
        str(file),
        file,
        Image.open(file),
        PIXELS_HWC,
        PIXELS_HWC / 255,
        tensor_CHW,
        tensor_CHW[None],
        [file],
    ]
    for way in ways:
        assert torch.allclose(network.embed(way), vector_1D, atol=1e-5), type(way)
    assert torch.allclose(network.reconstruct(file), image_1CSS, atol=1e-5)
    assert network.embed([file, PIXELS_HWC]).shape == (2, 256)
    assert network.embed(iter([file] * (BATCH + 1))).shape == (BATCH + 1, 256)


def test_a_network_in_training_computes_images_in_evaluation_mode(file: Path) -> None:
    network = build_network("conv", size=16, channels=3, seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    vector_1D = network.embed(file)
    assert network.training
    assert not vector_1D.requires_grad
    assert torch.equal(vector_1D, network.eval().embed(file))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_head_is_applied_once(network: Autoencoder, file: Path) -> None:
    headed = with_head(build_network("conv", size=16, channels=3, seed=0), 2).eval()
    (x_BCSS,) = image_batches(file, headed.preprocessing, NO_RULES)
    assert torch.allclose(headed.embed(file), headed.embed(x_BCSS), atol=1e-6)


def test_a_grey_network_takes_colour() -> None:
    network = build_network("conv", size=16, channels=1, seed=0).eval()
    assert network.embed(PIXELS_HWC).shape == (1, 256)
    assert whole_image(PIXELS_HWC, network.preprocessing, NO_RULES).shape == (1, 1, 20, 30)


def test_a_whole_image_keeps_its_size_and_is_normalised() -> None:
    prep = Preprocessing(8, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    x_1CHW = whole_image(PIXELS_HWC, prep, NO_RULES)
    expected = torch.from_numpy((PIXELS_HWC / 255 - 0.5) / 0.25).permute(2, 0, 1)[None].float()
    assert torch.allclose(x_1CHW, expected, atol=1e-6)


def test_floats_that_may_be_normalised_or_not_are_refused(network: Autoencoder) -> None:
    with pytest.raises(
        UsageError, match=r"a tensor of floats \(3, 16, 16\) .* may be normalised or not; give uint8"
    ):
        network.embed([torch.rand(3, 16, 16)])
    with pytest.raises(
        UsageError, match=r"conv takes a tensor \(B, 3, H, W\) here, got a tensor \(3, 16, 16\)"
    ):
        network.embed(torch.rand(3, 16, 16))


def test_the_network_called_with_images_says_what_takes_them(network: Autoencoder) -> None:
    with pytest.raises(
        UsageError, match=r"got array.*`embed` and `reconstruct` take paths, pictures and arrays"
    ):
        network(PIXELS_HWC)


def test_a_network_says_what_it_expects(network: Autoencoder) -> None:
    expects = "takes images of any size, by default 16 × 16 pixels, 3 channels; as tensors (pixels / 255 - 0.5) / 0.5"
    assert network.expects == expects
    assert repr(network).splitlines()[1].strip() == f"conv: {expects}"
    assert build_network("dense").expects.startswith("takes images of 28 × 28 pixels, 1 channel;")
    prep = Preprocessing(8, 3, (0.4, 0.5, 0.5), (0.2, 0.2, 0.2))
    assert describe_input(prep, "any size").endswith("(pixels / 255 - (0.4, 0.5, 0.5)) / 0.2")
