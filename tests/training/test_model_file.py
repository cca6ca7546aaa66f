"""A model folder gives back the model that was saved, or says in one line why it cannot."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from support.inspector import write_inspector
from unpool.errors import UnpoolError, UsageError
from unpool.images.values.rules import ValueRules
from unpool.networks.autoencoder import Autoencoder, Preprocessing
from unpool.networks.catalogue import CATALOGUE, build_network
from unpool.networks.classifier import Classifier, with_classes
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.description import network_from_description
from unpool.training.model_file import (
    describe_model,
    expect_kind,
    has_model,
    load_model,
    model_id,
    rules_of_model,
    save_model,
)

DESCRIPTION = {
    "name": "mine",
    "size": 12,
    "channels": 1,
    "mean": (0.25,),
    "merge": "mean",
    "encoder": [{"Conv2d": [1, 4, 3]}, {"BatchNorm2d": 4}, "ReLU", {"MaxPool2d": 2}],
}
OPTIONS = {
    "conv": {"name": "conv", "size": 20, "channels": 1, "width": 8, "decoder": "upsample"},
    "vgg11-bn": {"name": "vgg11-bn", "size": 32},
    "vgg13-bn": {"name": "vgg13-bn", "size": 33, "decoder": "transpose"},
    "vgg16-bn": {"name": "vgg16-bn", "size": 32, "channels": 1},
    "vgg19-bn": {"name": "vgg19-bn", "size": 40, "decoder": "none"},
    "conv-small": {"name": "conv-small", "width": 16},
    "dense": {"name": "dense", "size": 12},
    "lenet": {"name": "lenet"},
    "lenet mirrored": {"name": "lenet", "decoder": "unpool"},
    "lenet of 3": {"name": "lenet", "num_classes": 3},
    "unpooling": {"name": "unpooling"},
    "strided": {"name": "strided"},
    "denoiser": {"name": "denoiser"},
    "sequence": {"name": "sequence", "size": 12},
    "efficientnet-lite0": {"name": "efficientnet-lite0", "size": 64},
    "resnet18": {"name": "resnet18", "size": 64, "num_classes": 4},
    "timm": {"name": "mobilenetv3_small_050", "size": 64, "decoder": "none"},
    "torchvision": {"name": "mnasnet0_5", "size": 64, "decoder": "transpose"},
}


def unlike_fresh(network: Autoencoder) -> Autoencoder:
    """Running statistics as training leaves them: they have to come back as well."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


def comes_back(folder, network: Autoencoder) -> Autoencoder:
    again = load_model(folder)
    assert type(again) is type(network)
    assert not again.training
    assert list(again.state_dict()) == list(network.state_dict())
    x_BCHW = torch.rand(2, network.channels, network.size, network.size)
    with torch.no_grad():
        assert torch.equal(again.embed(x_BCHW), network.embed(x_BCHW))
        if isinstance(network, Classifier) or not isinstance(network.decoder, NoDecoder):
            assert torch.equal(again(x_BCHW), network(x_BCHW))
    for name in ("architecture", "preprocessing", "merge", "use_indices"):
        assert getattr(again, name) == getattr(network, name)
    return again


@pytest.mark.parametrize("name", OPTIONS)
def test_every_network_comes_back_as_it_was_saved(tmp_path, name) -> None:
    network = unlike_fresh(build_network(**OPTIONS[name], seed=1))
    save_model(tmp_path, network)
    again = comes_back(tmp_path, network)
    save_model(tmp_path / "copy", again)
    assert (tmp_path / "copy" / "model.json").read_bytes() == (tmp_path / "model.json").read_bytes()


def test_every_network_of_the_catalogue_is_among_them() -> None:
    assert set(CATALOGUE) <= {options["name"] for options in OPTIONS.values()}


def test_described_networks_come_back(tmp_path) -> None:
    network = unlike_fresh(network_from_description(DESCRIPTION))
    save_model(str(tmp_path / "mine"), network)
    comes_back(str(tmp_path / "mine"), network)
    assert describe_model(tmp_path / "mine")["network"] == "mine"
    head = network_from_description({**DESCRIPTION, "head": [{"Linear": [4, 3]}]}).eval()
    save_model(tmp_path / "head", head)
    comes_back(tmp_path / "head", head)
    classifier = with_classes(network, 5).eval()
    save_model(tmp_path / "classes", classifier)
    comes_back(tmp_path / "classes", classifier)


@pytest.mark.parametrize("name", ["conv", "lenet mirrored", "sequence"])
def test_a_fresh_head_comes_back(tmp_path, name) -> None:
    classifier = with_classes(build_network(**OPTIONS[name]), 6).eval()
    save_model(tmp_path, classifier)
    assert isinstance(comes_back(tmp_path, classifier), Classifier)


def test_what_was_changed_after_building_comes_back(tmp_path) -> None:
    network = build_network("conv", size=8, channels=1).eval()
    network.use_indices = False
    network.preprocessing = Preprocessing(8, 1, (0.1307,), (0.3081,))
    save_model(tmp_path, network.double())
    again = load_model(tmp_path)
    assert again.use_indices is False
    assert (again.mean, again.std) == ((0.1307,), (0.3081,))
    x_BCHW = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    assert torch.equal(again(x_BCHW), network(x_BCHW))
    assert {p.dtype for p in again.parameters()} == {torch.float64}


def test_classes_and_training_are_reported(tmp_path) -> None:
    network = build_network("lenet", num_classes=2)
    save_model(tmp_path, network, classes=["bee", "Ameise"], training={"epochs": 3})
    described = describe_model(tmp_path)
    assert (described["classes"], described["training"]) == (["bee", "Ameise"], {"epochs": 3})
    save_model(tmp_path, network)
    assert describe_model(tmp_path)["classes"] is None


def test_old_folders_still_load(tmp_path) -> None:
    network = build_network("conv", size=8, channels=1).eval()
    save_model(tmp_path, network, options={"size": 8, "channels": 1})
    rewrite(tmp_path, **dict.fromkeys(("classes", "use_indices", "merge")))
    comes_back(tmp_path, network)
    assert describe_model(tmp_path)["classes"] is None


def rewrite(folder, **changes) -> None:
    """Change model.json; None takes a key out."""
    path = folder / "model.json"
    changed = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in changed.items() if value is not None}))


def test_the_last_weights_lie_beside_the_best(tmp_path) -> None:
    best, last = (build_network("conv", size=8, channels=1, seed=seed) for seed in (0, 1))
    save_model(tmp_path, best, last=last.state_dict())
    first = next(iter(last.state_dict()))
    assert torch.equal(load_file(tmp_path / "last.safetensors")[first], last.state_dict()[first])
    assert torch.equal(load_model(tmp_path).state_dict()[first], best.state_dict()[first])
    again = build_network("conv", size=8, channels=1, weights=tmp_path / "last.safetensors")
    assert torch.equal(again.state_dict()[first], last.state_dict()[first])
    save_model(tmp_path, best)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_equal_weights_give_equal_bytes(tmp_path) -> None:
    for name in ("a", "b"):
        save_model(tmp_path / name, build_network("conv", size=16, seed=5))
    save_model(tmp_path / "c", build_network("conv", size=16, seed=6))
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b != c
    assert model_id(tmp_path / "a") == model_id(tmp_path / "b") != model_id(tmp_path / "c")
    again = tmp_path / "again"
    save_model(again, load_model(tmp_path / "a"))
    assert (again / "model.safetensors").read_bytes() == a


def test_new_weights_leave_no_exported_encoder_of_the_old(tmp_path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"of older weights")
    save_model(tmp_path, build_network("unpooling"))
    assert not (tmp_path / "encoder.onnx").exists()


def test_a_network_of_the_users_own_is_refused_before_anything_is_written(tmp_path) -> None:
    network = Autoencoder(nn.Sequential(nn.Conv2d(3, 4, 3)))
    result = (
        "Autoencoder 'custom' cannot be rebuilt from a model folder, .*; build it with build_network or a"
    )
    for mine in (network, with_classes(network, 3)):
        with pytest.raises(UnpoolError, match=result.replace("Autoencoder", type(mine).__name__)):
            save_model(tmp_path / "m", mine)
    assert not (tmp_path / "m").exists()


def test_a_description_that_is_no_text_is_refused_before_anything_is_written(tmp_path) -> None:
    layer = {"Conv2d": {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "dtype": torch.float64}}
    with pytest.raises(
        UnpoolError, match=r"options or the training of described cannot be written to model\.json"
    ):
        save_model(tmp_path / "m", network_from_description({"encoder": [layer]}))
    assert not has_model(tmp_path / "m")


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path, build_network("conv", size=16, channels=1))
    return tmp_path


def refused(folder, result: str) -> None:
    with pytest.raises(UnpoolError, match=result) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


def test_another_networks_weights_are_named_by_their_first_difference(folder) -> None:
    wider = build_network("conv", size=16, channels=1, width=48).state_dict()
    save_file(wider, folder / "model.safetensors")
    result = r"safetensors does not hold the weights of conv: 'encoder\.0\.weight' is 48×1×3×3 in the file, 32×1×3×3"
    refused(folder, result + " in the network; train")
    whole = build_network("conv", size=16, channels=1).state_dict()
    save_file({**whole, "head.weight": torch.zeros(2, 3)}, folder / "model.safetensors")
    refused(folder, r"'head\.weight' is 2×3 in the file, absent in the network; train the model again, or")
    del whole["encoder.4.bias"]
    save_file(whole, folder / "model.safetensors")
    refused(folder, r"'encoder\.4\.bias' is absent in the file, 64 in the network")


def test_weights_that_are_absent_or_damaged_are_reported(folder) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for broken in (b"", whole[:-5], b"\x80\x04" + whole):
        path.write_bytes(broken)
        refused(folder, r"model\.safetensors is damaged \(.*\); train the model again, or copy")
    flipped = bytearray(whole)
    flipped[-1] ^= 0x40
    path.write_bytes(flipped)
    refused(folder, r"model\.safetensors is damaged: it is not the file that model\.json was written for")
    path.unlink()
    refused(folder, r"is no complete model: it has no model\.safetensors")
    path.write_bytes(whole)
    assert load_model(folder)


class Exploit:
    def __reduce__(self):
        return (print, ("this code ran",))


def test_nothing_is_unpickled(folder, capsys) -> None:
    torch.save({"a": Exploit()}, folder / "model.safetensors")
    refused(folder, r"model\.safetensors is damaged")
    assert "this code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        (
            {"options": {"size": 16, "weights": "evil.pth"}},
            "describes no network that can be built .*weights",
        ),
        ({"options": {"sise": 16}}, "describes no network that can be built .*sise"),
        ({"options": [1]}, r"model\.json describes no network that can be built"),
        ({"options": {"description": {"encoder": ["os.system"]}}}, "unknown layer 'os.system'"),
        ({"options": {"description": 3}}, "describes no network that can be built"),
        ({"network": "convv"}, "describes no network that can be built .*did you mean 'conv'"),
        ({"preprocessing": {"size": 16}}, "describes no network that can be built .*mean"),
        ({"preprocessing": None}, r"model\.json is damaged \('preprocessing'\)"),
    ],
)
def test_a_description_that_builds_nothing_is_reported(folder, changes, result) -> None:
    rewrite(folder, **changes)
    refused(folder, result)


def test_rules_for_deep_values_are_read_from_the_record_of_the_training(folder) -> None:
    assert rules_of_model(folder) == ValueRules()
    rules = ValueRules(assumed={"PNG uint16 grey": [(0.0, 4095.0)]})
    rewrite(folder, training={"values": rules.to_dict()})
    assert rules_of_model(folder) == rules


def test_the_network_of_a_folder_reads_deep_images_by_its_rules(folder) -> None:
    rules = ValueRules(assumed={"PNG uint16 grey": [(0.0, 4095.0)]})
    rewrite(folder, training={"values": rules.to_dict()})
    assert load_model(folder).rules == rules


def test_what_is_no_model_folder_says_what_it_is(tmp_path) -> None:
    refused(tmp_path / "none", r"there is no model folder .*none; check the path")
    (tmp_path / "a.pt").write_text("")
    refused(tmp_path / "a.pt", r"a\.pt is a file, but a model is a folder: it holds model\.json and")
    (tmp_path / "w" / "images.lance").mkdir(parents=True)
    refused(tmp_path / "w", "is a workspace, not a model folder; it has no model yet: run `unpool run` first")
    save_model(tmp_path / "w" / "model", build_network("conv", size=8, channels=1))
    refused(tmp_path / "w", "is a workspace, not a model folder; its model is .*/w/model$")


def test_saving_what_is_no_network_says_so(tmp_path) -> None:
    with pytest.raises(UsageError, match="3 is no network; give an Autoencoder"):
        save_model(tmp_path / "m", 3)
    with pytest.raises(UnpoolError, match="Linear 'of your own' cannot be rebuilt"):
        save_model(tmp_path / "m", nn.Linear(2, 2))
    assert not (tmp_path / "m").exists()


def test_a_folder_that_is_no_model_is_reported(tmp_path) -> None:
    refused(tmp_path, r"is no model folder: it has no model\.json; name one with --model")
    (tmp_path / "model.json").write_text("{")
    refused(tmp_path, r"model\.json is damaged")


def test_each_kind_of_model_says_which_command_is_for_it(tmp_path) -> None:
    inspector = write_inspector(tmp_path / "inspector")
    save_model(tmp_path / "encoder", build_network("conv", size=8, channels=1))
    assert expect_kind(inspector, "inspector")["kind"] == "inspector"
    for folder, kind, words in (
        (
            inspector,
            "encoder",
            "holds inspector-memory, which is no encoder; unpool inspect predict takes it",
        ),
        (inspector, "segmenter", "which is no segmenter; make one with unpool segment train"),
        (
            tmp_path / "encoder",
            "inspector",
            "holds conv, which is no inspector; make one with unpool inspect train",
        ),
    ):
        with pytest.raises(UnpoolError, match=words):
            expect_kind(folder, kind)
    with pytest.raises(
        UnpoolError, match="holds an inspector, which is no network; unpool inspect predict takes it"
    ):
        load_model(inspector)
