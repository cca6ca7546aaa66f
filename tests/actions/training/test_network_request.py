"""A network as requested: its key, the shape of its images, what is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from support.messages import Messages
from unpool.actions.training.network_request import (
    BuiltNetwork,
    InputShape,
    build_requested_network,
    fill_from_imagenet,
    input_shape_for,
    parse_network_request,
)
from unpool.actions.training.settings import TrainSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.networks import weights
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import NoDecoder
from unpool.training.model_file import load_model, save_model


def build(
    objective: str = "reconstruct",
    num_classes: int | None = None,
    freeze: bool = False,
    size: int = 8,
    progress: Progress | None = None,
    **options: Any,
) -> BuiltNetwork:
    return build_requested_network(
        parse_network_request(TrainSettings(**options)), InputShape(size, 1), objective,
        num_classes=num_classes, freeze=freeze, progress=progress or Progress(),
    )  # fmt: skip


LAYERS = "size: 10\nchannels: 1\nencoder:\n  - Conv2d: [1, 4, 3]\n  - ReLU\n  - MaxPool2d: 2\n"


def test_the_side_is_the_typed_one_the_networks_or_that_of_the_images() -> None:
    def shape(**options: Any) -> InputShape:
        return input_shape_for(parse_network_request(TrainSettings(**options)), lambda: 77)

    assert shape() == (77, None)
    assert shape(size=16) == (16, None)
    assert shape(network="conv-small").size == 28


def test_a_model_folder_fixes_network_shape_and_key(tmp_path: Path) -> None:
    save_model(tmp_path, build_network("conv", size=8, channels=1))
    request = parse_network_request(TrainSettings(from_=tmp_path))
    assert input_shape_for(request, lambda: 77) == (8, 1)
    assert request.run_key()["from"] is not None
    with pytest.raises(UsageError, match=r"--size 9 and --from exclude each other"):
        parse_network_request(TrainSettings(from_=tmp_path, size=9))


def test_what_is_built_suits_the_objective() -> None:
    assert isinstance(build("classify", num_classes=3).network, Classifier)
    compared = build("contrast")
    assert compared.network.use_indices is False
    assert not compared.adapts  # its weights are random
    frozen = build("reconstruct", freeze=True).network
    assert not any(each.requires_grad for each in frozen.encoder.parameters())
    with pytest.raises(UnpoolError, match="has no decoder, which --objective reconstruct trains"):
        build(network="resnet18", decoder="none", weights="none", size=32)


def test_equal_requests_have_equal_keys() -> None:
    key = parse_network_request(TrainSettings(network="conv", width=4)).run_key()
    assert key == parse_network_request(TrainSettings(width=4)).run_key()
    assert key != parse_network_request(TrainSettings(width=5)).run_key()


def test_a_description_names_shape_and_network(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("name: mine\n" + LAYERS)
    request = parse_network_request(TrainSettings(network=str(file), init="xavier"))
    assert (request.name, request.init, request.is_backbone) == ("mine", "xavier", False)
    assert input_shape_for(request, lambda: 77) == (10, 1)
    assert build(network=str(file), size=10).network.architecture == "mine"
    key = request.run_key()
    file.write_text("name: mine\n" + LAYERS.replace("4", "5"))
    assert parse_network_request(TrainSettings(network=str(file), init="xavier")).run_key() != key
    file.write_text(LAYERS)
    assert parse_network_request(TrainSettings(network=str(file))).name == "described"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no such file"),
        ("encoder: [", "cannot be read as YAML"),
        ("- Conv2d", "must hold `encoder:` with a list of layers"),
        ("encoder: [{Conv2d: [3, 4, 3]}, {Conv2d: [8, 2, 3]}]", r"encoder layer 2, Conv2d, cannot take"),
        ("channels: 2\nencoder: [{Conv2d: [2, 4, 3]}]", r"channels is 2, but must be 1 \(grey\) or 3"),
    ],
)
def test_a_description_that_is_none_is_an_error_with_its_file(
    text: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "net.yml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=rf"--network .*net\.yml.*{message}"):
        parse_network_request(TrainSettings(network=str(file)))


def test_a_description_fixes_the_shape_of_its_network(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LAYERS)
    with pytest.raises(UsageError, match=r"--width 4 and --network .*net\.yaml exclude each other: the file"):
        parse_network_request(TrainSettings(network=str(tmp_path / "net.yaml"), width=4))


def test_an_unknown_initialisation_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown initialisation 'xavie'; did you mean 'xavier'"):
        parse_network_request(TrainSettings(init="xavie"))


def test_indices_are_left_out_where_typed_or_codes_are_compared() -> None:
    assert build(decoder="unpool").network.use_indices
    assert not build(decoder="unpool", no_indices=True).network.use_indices
    assert not build("contrast", decoder="unpool").network.use_indices


def test_a_head_alone_needs_no_decoder_of_its_backbone() -> None:
    head = build("contrast", freeze=True, network="resnet18", weights="none", size=32)
    assert isinstance(head.network.decoder, NoDecoder)
    assert not head.adapts
    whole = build("contrast", network="resnet18", weights="none", size=32)
    assert not isinstance(whole.network.decoder, NoDecoder)


def test_lenet_reconstructs_by_unpooling_and_classifies_by_its_layers() -> None:
    assert build(network="lenet", size=28).network.has_decoder
    assert isinstance(build("classify", num_classes=4, network="lenet", size=28).network, Classifier)


def test_a_head_of_the_same_classes_is_kept_and_another_is_drawn(tmp_path: Path) -> None:
    save_model(
        tmp_path, build_network("conv", size=8, channels=1, width=4, num_classes=3), classes=list("abc")
    )
    kept, other = (build("classify", num_classes=count, from_=tmp_path).network for count in (3, 2))
    assert torch.equal(kept.head.weight, load_model(tmp_path).head.weight)
    assert other.head.out_features == 2
    again = build("classify", num_classes=2, from_=tmp_path).network
    assert torch.equal(other.head.weight, again.head.weight), "drawn by the seed"


def test_the_seed_fixes_fresh_weights() -> None:
    one, same, other = (build(seed=seed).network.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_an_encoder_with_weights_from_elsewhere_is_adapted_where_codes_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = build_network("resnet18", size=32, seed=1).encoder.body.state_dict()
    monkeypatch.setattr(weights, "pretrained_state", lambda _: body)
    progress = Messages()
    compared = build("contrast", network="resnet18", size=32, progress=progress)
    assert compared.adapts
    assert progress.texts == ["training starts from the ImageNet weights"]
    compared.network.train()
    assert not any(
        layer.training
        for layer in compared.network.encoder.modules()
        if isinstance(layer, torch.nn.BatchNorm2d)
    )
    assert not build("contrast", network="resnet18", size=32, weights="none").adapts
    assert not build("reconstruct", network="resnet18", size=32).adapts
    drawn = build("contrast", network="resnet18", size=32, init="xavier", progress=progress)
    assert not drawn.adapts
    assert "--init xavier draws all weights" in progress.texts[-1]


def test_weights_that_cannot_be_fetched_leave_random_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: object) -> weights.State:
        raise UnpoolError("no route to the weights; give a file")

    network = build_network("resnet18", size=32, seed=1)
    before = network.encoder.body.conv1.weight.clone()
    monkeypatch.setattr(weights, "pretrained_state", unreachable)
    progress = Messages()
    assert not fill_from_imagenet(network, progress)
    assert progress.texts == [
        "training starts from random weights, since no route to the weights; --weights FILE gives others"
    ]
    assert torch.equal(network.encoder.body.conv1.weight, before)
    assert not fill_from_imagenet(build_network("conv", size=8), progress)
    assert len(progress.texts) == 1
