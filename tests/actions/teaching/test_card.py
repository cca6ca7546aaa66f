"""The card says what the figures say."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.teaching.card import describe_abstention, describe_forecast, describe_quality, write_card

RESULT = {
    "images": 1200, "classes": 2, "field": "label", "head": "linear", "accuracy": 0.9, "accuracy_low": 0.88,
    "accuracy_high": 0.92, "ece": 0.021, "error": 0.05, "abstain_below": 0.71, "answered": 0.8,
    "answered_error": 0.031, "temperature": 0.9, "fitted_to": 1200, "measured_on": 1200,
    "per_class": {"a|b": {"precision": 0.5, "recall": None, "images": 3}},
    "learning_curve": [{"labels": 960, "accuracy": 0.9}], "forecast": None,
    "heads": [{"head": "linear", "accuracy": 0.9, "log_loss": 0.3}],
    "left_out": {"without_vector": 2, "wrong": 0, "repeated": 0}, "finetuned": None,
}  # fmt: skip
ENCODER = {"network": "conv", "dimension": 16}


def card(tmp_path: Path, **changes: object) -> str:
    confused = [{"label": "a|b", "answer": "c", "images": 2}]
    write_card(tmp_path / "README.md", RESULT | changes, ENCODER, confused)
    return (tmp_path / "README.md").read_text("utf-8")


def test_card_names_what_it_rests_on(tmp_path: Path) -> None:
    text = card(tmp_path)
    assert "1,200 labelled images (field `label`)" in text
    assert "2 images were left out: they have no vector." in text
    assert "95 % interval 0.880 to 0.920 (Wilson)" in text
    assert "a\\|b as c (2)" in text
    assert "Log loss" not in text  # nothing was compared
    assert "| 960 | 0.900 |" in text


def test_names_do_not_break_the_table(tmp_path: Path) -> None:
    assert "| a\\|b | 3 | 0.500 | – |" in card(tmp_path)


def test_sentences() -> None:
    assert describe_quality(RESULT).startswith(
        "accuracy 90.0 % on images held out (95 % interval 88.0 to 92.0)"
    )
    assert describe_abstention(RESULT).startswith("answers 80 % of the images")
    assert "3.1 % of these are expected to be wrong" in describe_abstention(RESULT)
    assert describe_abstention(RESULT | {"abstain_below": 1.0}).startswith("no answers: too few labels")


@pytest.mark.parametrize(
    ("gain", "text"),
    [(0.034, "with 50 more labels about +3 points"), (0.001, "50 more labels would hardly help")],
)
def test_forecast(gain: float, text: str) -> None:
    forecast = {"labels": 1250, "accuracy": 0.9 + gain, "gain": gain}
    assert describe_forecast(RESULT | {"forecast": forecast}) == text
    assert describe_forecast(RESULT) == ""


def test_tuned_network_is_named(tmp_path: Path) -> None:
    finetuned = {"minutes": 3, "steps": 40, "accuracy_before": 0.8, "accuracy_after": 0.9, "kept": True}
    text = card(tmp_path, finetuned=finetuned, measured_on=240, learning_curve=[])
    assert "of 240 of them, which neither network nor head have seen" in text
    assert "from 0.800 to 0.900" in text
    assert "not measured for a network that was tuned" in text
    assert "five folds" not in text
    assert "five folds:" in card(tmp_path, finetuned=finetuned | {"kept": False})
