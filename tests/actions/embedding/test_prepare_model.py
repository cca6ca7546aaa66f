"""Whether the model of a workspace serves another request; older workspaces included."""

from __future__ import annotations

import pytest

from unpool.actions.embedding.prepare_model import ModelRequest

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
