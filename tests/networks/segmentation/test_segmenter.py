"""Segmenters: any size in and out, scores as published, backbones from anywhere, kept and loaded exactly."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from support.masks import make_undecided, scene
from unpool.errors import UnpoolError, UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.layers.bilinear import bilinear_transposed
from unpool.networks.segmentation.scales import learn_scales
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import load_model, save_model


def small() -> nn.Sequential:
    """Four levels, 1/2 to 1/16, few channels."""
    blocks: list[nn.Module] = []
    for inside, outside in ((3, 4), (4, 6), (6, 8), (8, 8)):
        blocks += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks)


def test_the_published_network_has_the_published_number_of_parameters() -> None:
    network = Segmenter("fcn32s", backbone="resnet18", num_classes=21, upsampling="dense")
    assert sum(parameter.numel() for parameter in network.parameters()) == 12_993_642


def test_the_cheap_heads_cost_a_twentieth_of_the_dense_one() -> None:
    height, width, classes, factor = 320, 480, 21, 32
    dense = bilinear_transposed(classes, factor, grouped=False)
    grouped = bilinear_transposed(classes, factor, grouped=True)
    places = (height // factor) * (width // factor)
    macs = {name: places * layer.weight.numel() for name, layer in (("dense", dense), ("grouped", grouped))}
    interpolation = 4 * height * width * classes
    assert round(macs["dense"] / 1e6) == 271
    assert 20 * macs["grouped"] <= macs["dense"]
    assert 20 * interpolation <= macs["dense"]


@pytest.mark.parametrize("network", ["fcn32s", "fcn8s", "fcn4s", "segnet"])
@pytest.mark.parametrize("enlarge", [1.0, 1.42])
def test_every_size_comes_back_as_it_went_in(network: str, enlarge: float) -> None:
    segmenter = Segmenter(network, backbone=small(), num_classes=2, width=4, enlarge=enlarge).eval()
    with torch.inference_mode():
        for height in (1, *range(33, 71)):
            for width in (1,) if height == 1 else range(33, 71, 1 if network == "fcn4s" else 7):
                assert segmenter(torch.zeros(1, 3, height, width)).shape == (1, 2, height, width)


@pytest.mark.parametrize("upsampling", ["interpolate", "grouped", "dense"])
def test_all_upsamplings_begin_as_the_same_map_in_the_interior(upsampling: str) -> None:
    encoder = small()
    result = {"backbone": encoder, "num_classes": 3, "width": 0, "seed": 1}
    plain, other = Segmenter("fcn8s", **result), Segmenter("fcn8s", upsampling=upsampling, **result)
    x = torch.rand(1, 3, 160, 160)
    with torch.no_grad():
        inside = (..., slice(48, -48), slice(48, -48))
        assert torch.allclose(plain.eval()(x)[inside], other.eval()(x)[inside], atol=1e-5)


def test_a_trained_encoder_is_gone_on_from_and_not_copied() -> None:
    autoencoder = build_network("conv", size=32, channels=3, seed=3)
    segmenter = Segmenter("fcn4s", backbone=autoencoder, num_classes=2)
    assert segmenter.encoder is autoencoder.encoder
    assert segmenter.preprocessing.mean == autoencoder.preprocessing.mean


@pytest.mark.parametrize("network", ["fcn4s", "segnet"])
@pytest.mark.parametrize("body", ["conv", "autoencoder", "resnet18"])
def test_a_segmenter_is_loaded_as_it_was_kept(network: str, body: str, tmp_path) -> None:
    if network == "segnet" and body == "resnet18":
        pytest.skip("cannot be mirrored")
    backbone = build_network("conv", size=32, channels=1, seed=3) if body == "autoencoder" else body
    segmenter = Segmenter(network, backbone=backbone, num_classes=3, enlarge=1.3, seed=2).eval()
    save_model(tmp_path, segmenter)
    loaded = load_model(tmp_path)
    x = torch.rand(2, segmenter.channels, 45, 51)
    with torch.no_grad():
        assert torch.equal(loaded(x), segmenter(x))
    assert loaded.preprocessing == segmenter.preprocessing


def test_errors_name_the_value() -> None:
    for result, words in (
        ({"network": "fcn4"}, "unknown network 'fcn4'; did you mean 'fcn4s'"),
        ({"upsampling": "bilinear"}, "unknown upsampling 'bilinear'"),
        ({"num_classes": 1}, "num_classes 1 leaves nothing to distinguish"),
        ({"enlarge": 0.0}, "enlarge is 0.0"),
        ({"width": -1}, "width is -1"),
    ):
        with pytest.raises(UsageError, match=words.replace("(", r"\(")):
            Segmenter(**({"num_classes": 2, "backbone": small()} | result))  # type: ignore[arg-type]
    with pytest.raises(UnpoolError, match="not a map"):
        Segmenter(num_classes=2, backbone=nn.Sequential(nn.Flatten(), nn.Linear(3 * 192 * 192, 4)))
    with pytest.raises(UnpoolError, match="VisionTransformer takes tokens"):
        Segmenter(num_classes=2, backbone="vit_tiny_patch16_224")
    with pytest.raises(UnpoolError, match="cannot mirror"):
        Segmenter("segnet", num_classes=2, backbone="resnet18")
    with pytest.raises(UnpoolError, match="takes images of 3 channels, got 1"):
        Segmenter(num_classes=2, backbone=small())(torch.zeros(1, 1, 40, 40))


def test_padding_does_not_move_the_scores() -> None:
    """What is computed for a part of an image that needs padding agrees with the whole, away from the border."""
    segmenter = Segmenter("fcn4s", backbone=Autoencoder(small()), num_classes=2, width=4, seed=0).eval()
    x = torch.rand(1, 3, 192, 192)
    with torch.no_grad():
        whole, part = segmenter(x), segmenter(x[:, :, :150, :170])
    assert torch.allclose(whole[:, :, :64, :64], part[:, :, :64, :64], atol=1e-4)


def test_an_image_unlike_those_learnt_is_named_and_resized_on_request() -> None:
    torch.manual_seed(4)  # of the backbone's weights
    network = Segmenter("fcn8s", backbone=small(), num_classes=3, seed=0)
    make_undecided(network)
    network.learnt = learn_scales([(48, 64)])
    scene_48 = scene(5)[0]
    large = np.asarray(Image.fromarray(scene_48).resize((256, 192), Image.Resampling.BICUBIC))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = network.predict(scene_48)
        resized = network.predict(large, scale="auto")
        plain = network.predict(large, scale=1)
    assert resized.shape == large.shape[:2]
    assert (resized[2::4, 2::4] == expected).mean() > 0.9 > (plain[2::4, 2::4] == expected).mean()
    with pytest.warns(UserWarning, match=r"256×192 pixels are 4 times the 64×48 .* scale='auto'") as caught:
        np.testing.assert_array_equal(network.predict(large), plain)
    assert caught[0].filename == __file__, "the line that called it"
    figures = network.evaluate([large], [resized], scale="auto")
    assert figures["pixel_accuracy"] == 1
    network.learnt = None
    with pytest.raises(UnpoolError, match="does not say on images of which size"):
        network.predict(large, scale="auto")


def test_the_sizes_learnt_are_kept_in_the_model_folder(tmp_path: Path) -> None:
    network = Segmenter("fcn8s", backbone="conv", num_classes=2)
    save_model(tmp_path / "untrained", network)
    assert load_model(tmp_path / "untrained").learnt is None
    network.learnt = learn_scales([(48, 64), (96, 128)], factors=(0.5, 2.0), crop=32)
    save_model(tmp_path / "trained", network)
    assert load_model(tmp_path / "trained").learnt == network.learnt


def test_predict_and_evaluate_take_what_people_have(tmp_path: Path) -> None:
    network = Segmenter("fcn8s", backbone=small(), num_classes=2, seed=0).eval()
    pixels_HWC = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels_HWC).save(tmp_path / "a.png")
    expected_HW = network.predict(pixels_HWC)
    tensor_CHW = torch.from_numpy(pixels_HWC).permute(2, 0, 1)
    for way in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.open(tmp_path / "a.png"), tensor_CHW):
        np.testing.assert_array_equal(network.predict(way), expected_HW)
    Image.fromarray(expected_HW).save(tmp_path / "mask.png")
    figures = network.evaluate([tmp_path / "a.png"], [tmp_path / "mask.png"])
    assert figures["pixel_accuracy"] == 1
    Image.fromarray(pixels_HWC).save(tmp_path / "colours.png")
    with pytest.raises(UnpoolError, match=r"colours\.png holds colours, but positions of classes are needed"):
        network.evaluate([pixels_HWC], [tmp_path / "colours.png"])
    with pytest.raises(UsageError, match=r"a tensor \(1, 3, 20, 30\) is no image; give \(C, H, W\)"):
        network.predict(tensor_CHW[None])


def test_a_grey_segmenter_takes_grey_values_as_they_are() -> None:
    network = Segmenter("fcn8s", backbone="resnet18", num_classes=2, channels=1, seed=0).eval()
    grey_HW = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
    expected_HW = network.predict(torch.from_numpy(grey_HW)[None])
    np.testing.assert_array_equal(network.predict(grey_HW), expected_HW)
    assert network.predict(np.stack([grey_HW] * 3, axis=-1)).shape == (20, 30)


def test_a_segmenter_says_what_it_expects() -> None:
    network = Segmenter("fcn8s", backbone=small(), num_classes=2, size=64)
    assert network.expects.startswith(
        "takes images of any size, trained on crops of 64 × 64 pixels, 3 channels;"
    )
    assert repr(network).splitlines()[1].strip() == f"fcn8s, 2 classes: {network.expects}"
    with pytest.raises(
        UsageError, match=r"Segmenter\(num_clases=2\): no option num_clases; did you mean num_classes"
    ):
        Segmenter(num_clases=2)  # type: ignore[call-arg]
