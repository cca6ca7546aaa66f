"""Whether the model of a workspace serves another request; older workspaces included."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from unpool.actions.embedding.compare_networks import CandidateResult
from unpool.actions.embedding.prepare_model import Preparation
from unpool.actions.encoders import model_request
from unpool.actions.encoders.model_request import ModelRequest, check_num_groups, check_request
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.reading.scan import ImageFile
from unpool.networks.catalogue import build_network
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


def test_possible_models_and_numbers_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_request, "keep_pretrained", Mock())
    for name in ("auto", "efficientnet-lite0", "conv", "resnet18"):
        check_request(ModelRequest(name))
    check_num_groups("auto", 1)
    check_num_groups(20, 20)
    with pytest.raises(
        UnpoolError, match="--groups is 21, but there are only 20 images; give a smaller number"
    ):
        check_num_groups(21, 20)


def preparation(tmp_path: Path, num_files: int, minutes_compared: float) -> Preparation:
    """One after a comparison of 400 images, whose features and head took 40 seconds."""
    files = [ImageFile(f"{number}.png", tmp_path, 1, 1.0) for number in range(num_files)]
    prepared = Preparation(tmp_path, Mock(), Mock(), Mock(files=files), Progress())
    prepared.compared = [CandidateResult("adapted", 0.5, (0.1,), 0.01, seconds=40.0, images=400).row()]
    prepared._comparison_minutes = minutes_compared
    return prepared


def test_a_head_is_trained_on_as_many_images_as_the_time_left_allows(tmp_path: Path) -> None:
    many = preparation(tmp_path, 3_000, minutes_compared=1.0)
    assert many._num_adapted(None) == 3_000
    assert many._num_adapted(3.0) == 960, "eight tenths of two minutes, ten images a second"
    assert many._num_adapted(1.0) == 400, "as many as were compared, whose head is lost"


def test_the_head_of_the_comparison_is_kept_where_another_would_see_hardly_more(tmp_path: Path) -> None:
    few = preparation(tmp_path, 500, minutes_compared=1.0)
    assert few._num_adapted(6.0) == 500
    save_model(tmp_path / ".partial-adapted", build_network("conv", size=8, decoder="none"))
    few._adapted = tmp_path / ".partial-adapted"
    assert few._num_adapted(6.0) is None
    many = preparation(tmp_path, 3_000, minutes_compared=1.0)
    many._adapted = few._adapted
    assert many._num_adapted(6.0) == 2_400


def test_training_gets_what_a_comparison_left(tmp_path: Path) -> None:
    prepared = preparation(tmp_path, 9, minutes_compared=1.5)
    assert prepared._remaining(None) is None
    assert prepared._remaining(6.0) == 4.5
    assert prepared._remaining(1.6) == pytest.approx(0.16), "a tenth at least"
