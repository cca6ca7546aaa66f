"""Whether the model of a workspace serves another request; older workspaces included."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.embedding.prepare_model import ModelRequest, check_num_groups, check_request
from unpool.errors import UnpoolError
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model

REQUEST = ModelRequest("conv", None, 20, 3)


@pytest.mark.parametrize("key", ["model_request", "wish"])
def test_the_same_request_keeps_the_model_in_both_forms(key: str) -> None:
    state = {key: {"network": "conv", "minutes": None, "steps": 20, "seed": 3}}
    assert REQUEST.matches(state, {"seed": 3})
    assert not ModelRequest("conv", None, 21, 3).matches(state, {"seed": 3})
    assert not ModelRequest("conv", None, 20, 4).matches(state, {"seed": 3})


def test_the_new_form_counts_where_both_are_there() -> None:
    state = {"model_request": REQUEST.run_key(), "wish": ModelRequest("dense").run_key()}
    assert REQUEST.matches(state, None)
    assert not ModelRequest("dense").matches(state, None)


def test_no_request_in_particular_takes_any_model_of_its_seed() -> None:
    assert ModelRequest().matches({}, None)
    assert ModelRequest(seed=3).matches({}, {"seed": 3})
    assert not ModelRequest(seed=3).matches({}, {"seed": 0})
    assert not ModelRequest(minutes=2.0).matches({}, None)


def test_another_number_of_groups_is_no_reason_to_train_again() -> None:
    assert ModelRequest(groups=5).run_key() == ModelRequest(groups=7).run_key()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (ModelRequest("convv"), "unknown network 'convv'; did you mean 'conv'"),
        (
            ModelRequest("conv", may_train=False),
            "conv has no weights of its own; train it with `unpool train FOLDER",
        ),
        (ModelRequest("no/where"), "there is no model folder no/where; check the path"),
    ],
)
def test_an_impossible_model_is_refused_before_any_work(request_: ModelRequest, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        check_request(request_)


def test_a_segmenter_is_no_encoder(tmp_path: Path) -> None:
    save_model(tmp_path, Segmenter("fcn8s", backbone="resnet18", num_classes=2))
    with pytest.raises(
        UnpoolError, match="holds fcn8s, which is no encoder; unpool segment predict takes it"
    ):
        check_request(ModelRequest(str(tmp_path)))


def test_possible_models_and_numbers_pass() -> None:
    for name in ("auto", "efficientnet-lite0", "conv", "resnet18"):
        check_request(ModelRequest(name))
    check_num_groups("auto", 1)
    check_num_groups(20, 20)
    with pytest.raises(
        UnpoolError, match="--groups is 21, but there are only 20 images; give a smaller number"
    ):
        check_num_groups(21, 20)
