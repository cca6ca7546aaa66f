"""Weights are matched to the network they are of, and nothing of a file is run."""

from __future__ import annotations

import logging
import socket
import warnings

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from unpool.errors import UnpoolError
from unpool.networks import weights
from unpool.networks.catalogue import build_network


class Exploit:
    def __reduce__(self):
        return (print, ("this code ran",))


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
    result = (
        r"thirteen\.pth is not for vgg11-bn: '4\.weight' is 64 in the file, 128×64×3×3 in the network; give"
    )
    with pytest.raises(UnpoolError, match=result):
        build_network("vgg11-bn", weights=tmp_path / "thirteen.pth")
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "deeper.pth")
    with pytest.raises(
        UnpoolError, match=r"not for resnet18: 'layer1\.2.* in the file, absent in the network"
    ):
        build_network("resnet18", weights=tmp_path / "deeper.pth", size=64)


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
def test_unreachable_weights_are_reported_with_the_way_round(name, monkeypatch, tmp_path, capsys) -> None:
    def unreachable(*_args, **_options):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    place = rf"put https://\S+\.pth into {tmp_path}/hub/checkpoints .*; "
    if name == "resnet18":
        place = (
            r"fetch model\.safetensors of https://huggingface\.co/timm/resnet18\S+, or name .* HF_ENDPOINT; "
        )
    result = f"the ImageNet weights of {name} could not be fetched .*; {place}give a file with --weights FILE or start"
    with pytest.raises(UnpoolError, match=result):
        build_network(name, weights="imagenet", size=64)
    assert capsys.readouterr().out == ""


def test_a_server_or_its_proxy_is_asked_whether_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_port = server.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as other:
            closed_port = other.getsockname()[1]
        assert weights.is_reachable(f"http://127.0.0.1:{open_port}")
        assert not weights.is_reachable(f"http://127.0.0.1:{closed_port}/path")
        assert not weights.is_reachable("http://127.0.0.1:notaport")
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{closed_port}")
        assert not weights.is_reachable("http://127.0.0.2:80")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{open_port}")
        assert weights.is_reachable("http://127.0.0.2:80")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert weights.is_reachable(f"http://127.0.0.1:{open_port}")


def test_libraries_are_silent_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(record=True) as seen, weights.without_messages():
        logging.getLogger("timm").error("loading")
        warnings.warn("old", stacklevel=1)
    assert (seen, caplog.records) == ([], [])
    logging.getLogger("timm").error("again")
    assert [each.message for each in caplog.records] == ["again"]
