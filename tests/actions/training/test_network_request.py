"""A network as requested: its key, the shape of its images, what is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unpool.actions.training.network_request import (
    InputShape,
    build_requested_network,
    input_shape_for,
    parse_network_request,
)
from unpool.actions.training.settings import TrainSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier
from unpool.training.model_file import save_model


def build(
    objective: str = "reconstruct", num_classes: int | None = None, freeze: bool = False, **options: Any
) -> Any:
    return build_requested_network(
        parse_network_request(TrainSettings(**options)), InputShape(8, 1), objective,
        num_classes=num_classes, freeze=freeze, progress=Progress(),
    )  # fmt: skip


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
