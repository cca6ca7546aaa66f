"""The catalogue: numbers from the literature, defaults, weights from every source, errors as they are told."""

from __future__ import annotations

import socket

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from unpool.errors import UnpoolError, UsageError
from unpool.networks import weights
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import CATALOGUE, build_network, describe, layer_table, names
from unpool.networks.encoders import small as encoders
from unpool.networks.encoders.backbones import Backbone

LETTERS = {11: "A", 13: "B", 16: "D", 19: "E"}


def numbers(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_vgg_is_laid_out_as_torchvisions(depth) -> None:
    torchvisions = torchvision.models.vgg
    layers = torchvisions.make_layers(torchvisions.cfgs[LETTERS[depth]], batch_norm=True)
    ours = encoders.vgg(depth)
    assert [repr(layer) for layer in ours] == [repr(layer) for layer in layers]
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: v.shape for k, v in layers.state_dict().items()
    }


def test_the_layer_table_of_conv_small_is_the_published_one() -> None:
    table = layer_table(build_network("conv-small"))
    assert [layer["parameters"] for layer in table["layers"] if layer["parameters"]] == [
        320,
        18_496,
        18_464,
        12_816,
        65,
    ]
    shapes = [layer["output"] for layer in table["layers"] if layer["type"] not in ("ReLU", "Tanh")]
    assert shapes == [
        [32, 10, 10],
        [32, 5, 5],
        [64, 3, 3],
        [64, 2, 2],
        [32, 5, 5],
        [16, 15, 15],
        [1, 28, 28],
    ]
    assert table["input"] == table["output"] == [1, 28, 28]
    assert (table["network"], table["parameters"], table["trainable"]) == ("conv-small", 50_161, 50_161)
    assert table["parameters_mb"] == pytest.approx(50_161 * 4 / 1e6)
    assert table["input_mb"] == pytest.approx(784 * 4 / 1e6, abs=1e-6)
    ran = 2 * 3200 + 800 + 2 * 576 + 256 + 2 * 800 + 2 * 3600 + 2 * 784
    assert table["activations_mb"] == pytest.approx(ran * 4 / 1e6, abs=1e-6)


def test_the_layer_table_counts_what_is_frozen_and_leaves_no_hooks() -> None:
    network = build_network("lenet")
    for parameter in network.encoder.parameters():
        parameter.requires_grad_(False)
    table = layer_table(network, size=32)
    assert (table["parameters"], table["trainable"]) == (62_006, 62_006 - 456 - 2_416)
    assert table["output"] == [10]
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(
    ("name", "size", "channels", "mean", "dimension"),
    [
        ("conv", 64, 3, 0.5, 256),
        ("conv-small", 28, 1, 0.5, 256),
        ("dense", 28, 1, 0.5, 12),
        ("lenet", 32, 3, 0.5, 400),
        ("unpooling", 28, 1, 0.0, 169),
        ("denoiser", 32, 3, 0.0, 4096),
        ("sequence", 28, 1, 0.0, 30),
        ("vgg16-bn", 96, 3, 0.485, 512),
        ("efficientnet-lite0", 224, 3, 0.5, 1280),
        ("resnet18", 224, 3, 0.485, 512),
    ],
)
def test_defaults(name, size, channels, mean, dimension) -> None:
    network = build_network(name, decoder="none")
    assert (network.size, network.channels, network.mean[0]) == (size, channels, mean)
    assert network.dimension() == dimension


@pytest.mark.parametrize(
    ("size", "side"), [(8, 2), (16, 2), (28, 3), (32, 2), (64, 2), (96, 3), (5, 2), (2, 1)]
)
def test_the_depth_of_conv_follows_the_size(size, side) -> None:
    network = build_network("conv", size=size, channels=1, width=8, decoder="none")
    assert network.encode(torch.rand(1, 1, size, size)).shape == (1, 16, side, side)


def test_width_scales_the_small_ones() -> None:
    assert build_network("conv", size=16, width=16).dimension() == 128
    half = build_network("conv-small", width=16)
    assert half(torch.rand(1, 1, 28, 28)).shape == (1, 1, 28, 28)
    assert numbers(half) < 50_161 / 3


def test_one_channel_averages_the_pixel_range() -> None:
    network = build_network("vgg11-bn", channels=1, decoder="none")
    assert network.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,))
    assert network.encode(torch.rand(1, 1, 32, 32)).shape == (1, 512, 1, 1)


def test_a_timm_network_is_used_at_the_size_it_was_trained_at() -> None:
    assert build_network("mobilenetv3_small_050", decoder="none").size == 224
    assert build_network("swinv2_cr_tiny_ns_224", decoder="none").size == 224
    assert build_network("mobilevit_xxs", decoder="none").size == 256


@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mnasnet0_5", "shufflenet_v2_x0_5"]
)
def test_backbones_of_timm_and_torchvision(name) -> None:
    network = build_network(name, size=64 if "swin" not in name else 224, seed=0).eval()
    x_BCHW = torch.rand(1, 3, network.size, network.size)
    with torch.no_grad():
        code = network.encode(x_BCHW)
        assert code.shape[2] == code.shape[3] == network.size // network.encoder.reduction
        assert network(x_BCHW).shape == x_BCHW.shape
    assert network.dimension() == network.encoder.out_channels


def test_image_tokens_keep_their_places() -> None:
    """A vision transformer's tokens, in a grid: row by row, without the class token."""

    class Tokens(torch.nn.Module):
        def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
            patches_BND = x_BCHW.flatten(2).transpose(1, 2)
            return torch.cat([torch.full_like(patches_BND[:, :1], -1), patches_BND], 1)

    x_BCHW = torch.arange(2.0 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    assert torch.equal(Backbone(Tokens(), 3, 1, 1)(x_BCHW), x_BCHW)


def test_lite0_comes_with_its_weights() -> None:
    """The same entries in the same order: names end alike, and the whole classifier tells its classes apart."""
    import timm

    network = build_network("efficientnet-lite0", weights="imagenet", decoder="none").eval()
    stored = weights.lite0_state()
    body = network.encoder.body.state_dict()
    for (theirs, value), (ours, loaded) in zip(stored.items(), body.items(), strict=False):
        assert theirs.rsplit(".", 1)[1] == ours.rsplit(".", 1)[1]
        assert torch.equal(value, loaded)
    assert len(stored) == len(body) + 2
    whole = timm.create_model("tf_efficientnet_lite0").eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), stored.values(), strict=True)))
    x_BCHW = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        pooled_BD = whole.forward_head(whole.forward_features(x_BCHW), pre_logits=True)
        torch.testing.assert_close(network.embed(x_BCHW), pooled_BD, rtol=1e-4, atol=1e-5)


def test_pretrained_grey_network_sums_over_colours() -> None:
    grey = build_network("efficientnet-lite0", weights="imagenet", channels=1, decoder="none").eval()
    colour = build_network("efficientnet-lite0", weights="imagenet", decoder="none").eval()
    x_BCHW = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        both = grey.embed(x_BCHW), colour.embed(x_BCHW.expand(-1, 3, -1, -1))
    torch.testing.assert_close(*both, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_from_a_file(tmp_path, suffix) -> None:
    """A whole network, an encoder alone, or torchvision's whole classifier."""
    source = build_network("vgg11-bn", seed=1)
    head = {"classifier.0.weight": torch.zeros(4, 4)}
    whole = source.state_dict()
    features = {f"features.{key}": value for key, value in source.encoder.state_dict().items()} | head
    for state, has_decoder in ((whole, True), (dict(source.encoder.state_dict()), False), (features, False)):
        path = tmp_path / f"weights{suffix}"
        state = {key: value.clone() for key, value in state.items()}
        save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
        network = build_network("vgg11-bn", weights=path, seed=2)
        assert torch.equal(network.encoder[0].weight, source.encoder[0].weight)
        last = [list(n.decoder.parameters())[-2] for n in (network, source)]
        assert torch.equal(*last) == has_decoder


def test_backbone_weights_from_a_file(tmp_path) -> None:
    whole = torchvision.models.resnet18()
    torch.save(whole.state_dict(), tmp_path / "resnet18.pth")
    network = build_network("resnet18", weights=tmp_path / "resnet18.pth", size=64).eval()
    x_BCHW = torch.rand(1, 3, 64, 64)
    whole.fc = torch.nn.Identity()
    with torch.no_grad():
        torch.testing.assert_close(network.embed(x_BCHW), whole.eval()(x_BCHW), rtol=1e-4, atol=1e-5)


def test_another_networks_file_is_refused_with_the_first_difference(tmp_path) -> None:
    torch.save(build_network("vgg13-bn").encoder.state_dict(), tmp_path / "thirteen.pth")
    told = (
        r"thirteen\.pth is not for vgg11-bn: '4\.weight' is 64 in the file, 128×64×3×3 in the network; give"
    )
    with pytest.raises(UnpoolError, match=told):
        build_network("vgg11-bn", weights=tmp_path / "thirteen.pth")
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "deeper.pth")
    with pytest.raises(
        UnpoolError, match=r"not for resnet18: 'layer1\.2.* in the file, absent in the network"
    ):
        build_network("resnet18", weights=tmp_path / "deeper.pth", size=64)


class Exploit:
    def __reduce__(self):
        return (print, ("this code ran",))


def test_files_that_hold_no_weights_are_refused_and_run_no_code(tmp_path, capsys) -> None:
    torch.save({"a": Exploit()}, tmp_path / "evil.pth")
    (tmp_path / "noise.safetensors").write_bytes(b"not at all")
    (tmp_path / "noise.pth").write_bytes(b"not at all")
    torch.save([1, 2], tmp_path / "list.pth")
    for name in ("evil.pth", "noise.safetensors", "noise.pth", "list.pth", "absent.pth"):
        with pytest.raises(UnpoolError, match=name):
            build_network("conv", weights=tmp_path / name)
    assert "this code ran" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["vgg16-bn", "resnet18", "mnasnet0_5"])
def test_unreachable_weights_are_told_with_the_way_round(name, monkeypatch, tmp_path, capsys) -> None:
    def unreachable(*_args, **_options):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    told = f"the ImageNet weights of {name} could not be fetched .*; give a file with --weights FILE or start"
    with pytest.raises(UnpoolError, match=told):
        build_network(name, weights="imagenet", size=64)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"name": "conv-smal"}, UsageError, "unknown network 'conv-smal'; did you mean 'conv-small'"),
        ({"name": "resnet19"}, UsageError, "unknown network 'resnet19'; did you mean 'resnet1"),
        ({"name": "vgg16-bn", "size": 16}, UnpoolError, "size 16 is too small for vgg16-bn; .* is 32×32"),
        ({"name": "lenet", "size": 15}, UnpoolError, "size 15 is too small for lenet; .* 16×16"),
        ({"name": "conv", "size": 0}, UsageError, "size 0 is not a positive number"),
        (
            {"name": "vit_tiny_patch16_224", "size": 8},
            UnpoolError,
            "vit_tiny_patch16_224 does not run at 8×8",
        ),
        ({"name": "conv", "decoder": "upsampel"}, UsageError, "unknown decoder 'upsampel'; did you mean"),
        ({"name": "dense", "decoder": "upsample"}, UsageError, "dense has nothing to upsample"),
        ({"name": "resnet18", "decoder": "unpool"}, UsageError, "resnet18 cannot be mirrored"),
        ({"name": "resnet18", "decoder": "foo"}, UsageError, "unknown decoder 'foo'"),
        ({"name": "dense", "width": 8}, UsageError, "dense has no width to choose"),
        (
            {"name": "dense", "weights": "imagenet"},
            UnpoolError,
            "there are no ImageNet weights for dense; give",
        ),
    ],
)
def test_errors_say_what_to_do(options, kind, told) -> None:
    with pytest.raises(UnpoolError, match=told) as caught:
        build_network(**options)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_every_name_has_a_line() -> None:
    assert names() == list(CATALOGUE)
    for name in names():
        assert 10 < len(describe(name)) < 70
    assert describe("resnet50") == "resnet50 from timm"


def test_a_layer_that_runs_twice_is_counted_once() -> None:
    conv = torch.nn.Conv2d(3, 3, 3, padding=1)
    network = Autoencoder(torch.nn.Sequential(conv, torch.nn.ReLU(), conv), torch.nn.Identity())
    table = layer_table(network, size=8)
    assert [layer["parameters"] for layer in table["layers"]] == [84, 0, 0, 0]
    assert table["parameters"] == 84
