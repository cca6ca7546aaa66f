"""Losses by name against NumPy, and the words for what they cannot take."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax

from unpool.errors import UsageError
from unpool.objectives.losses.registry import CLASSES, ELEMENTWISE, class_loss, elementwise_loss, pixel_range
from unpool.objectives.losses.ssim import ssim

GENERATOR = np.random.default_rng(0)
OUT, TARGET = GENERATOR.uniform(0.05, 0.95, (2, 3, 4, 16, 12))
SCORES, LABELS = GENERATOR.normal(0, 2, (6, 4)), np.array([0, 3, 1, 1, 2, 0])


def mean_huber(delta: float) -> float:
    off = np.abs(OUT - TARGET)
    return float(np.where(off < delta, off**2 / 2, delta * (off - delta / 2)).mean())


def cross_entropy(smoothing: float = 0.0) -> float:
    aim = np.eye(4)[LABELS] * (1 - smoothing) + smoothing / 4
    return float(-(aim * log_softmax(SCORES, axis=1)).sum(1).mean())


def multi_margin(p: int, margin: float) -> float:
    right = SCORES[np.arange(6), LABELS][:, None]
    short = np.maximum(0, margin - right + SCORES) ** p
    short[np.arange(6), LABELS] = 0
    return float((short.sum(1) / 4).mean())


ELEMENTWISE_CASES = {
    "mse": np.mean((OUT - TARGET) ** 2),
    "l1": np.mean(np.abs(OUT - TARGET)),
    "huber": mean_huber(1.0),
    "huber:delta=0.2": mean_huber(0.2),
    "smooth-l1:beta=0.2": mean_huber(0.2) / 0.2,
    "bce": -np.mean(TARGET * np.log(OUT) + (1 - TARGET) * np.log(1 - OUT)),
    "bce-with-logits": -np.mean(TARGET * np.log(expit(OUT)) + (1 - TARGET) * np.log(1 - expit(OUT))),
    "poisson-nll": np.mean(np.exp(OUT) - TARGET * OUT),
    "poisson-nll:log_input=false,eps=0": np.mean(OUT - TARGET * np.log(OUT)),
    "MSELoss": np.mean((OUT - TARGET) ** 2),
    "smoothl1loss:beta=0.2": mean_huber(0.2) / 0.2,
    "BCEWithLogitsLoss": -np.mean(TARGET * np.log(expit(OUT)) + (1 - TARGET) * np.log(1 - expit(OUT))),
}
CLASS_CASES = {
    "cross-entropy": cross_entropy(),
    "cross-entropy:label_smoothing=0.1": cross_entropy(0.1),
    "CrossEntropyLoss": cross_entropy(),
    "cross_entropy": cross_entropy(),
    "nll": cross_entropy(),
    "NLLLoss": cross_entropy(),
    "multi-margin": multi_margin(1, 1.0),
    "multi-margin:p=2,margin=0.5": multi_margin(2, 0.5),
}


@pytest.mark.parametrize("text", ELEMENTWISE_CASES)
def test_elementwise_losses_agree_with_numpy(text: str) -> None:
    got = elementwise_loss(text, low=0, high=1)(torch.from_numpy(OUT), torch.from_numpy(TARGET))
    assert got.shape == ()
    assert got.item() == pytest.approx(ELEMENTWISE_CASES[text], rel=1e-9)


@pytest.mark.parametrize("text", CLASS_CASES)
def test_class_losses_agree_with_numpy(text: str) -> None:
    got = class_loss(text)(torch.from_numpy(SCORES), torch.from_numpy(LABELS))
    assert got.shape == ()
    assert got.item() == pytest.approx(CLASS_CASES[text], rel=1e-9)


def test_every_name_is_tried() -> None:
    assert {text.partition(":")[0] for text in ELEMENTWISE_CASES} >= set(ELEMENTWISE) - {"smooth-l1", "ssim"}
    assert {text.partition(":")[0] for text in CLASS_CASES} >= set(CLASSES)


def test_ssim_takes_the_width_of_the_pixel_range() -> None:
    out, target = torch.from_numpy(OUT), torch.from_numpy(TARGET)
    for given, width in (
        ({}, 1.0),
        ({"low": -1, "high": 1}, 2.0),
        ({"low": [-2.0] * 4, "high": [0.0, 1.0, 2.0, 3.0]}, [2.0, 3.0, 4.0, 5.0]),
        ({"low": -1, "high": 1, "value_range": 7.0}, 7.0),
    ):
        expected = 1 - ssim(out, target, width).mean()
        torch.testing.assert_close(elementwise_loss("SSIM", **given)(out, target), expected)


def test_pixel_range_is_where_black_and_white_go() -> None:
    low, high = pixel_range((0.485, 0.5), (0.229, 0.5))
    assert low == pytest.approx([-0.485 / 0.229, -1])
    assert high == pytest.approx([0.515 / 0.229, 1])


@pytest.mark.parametrize("name", ["bce", "bce-with-logits", "poisson-nll"])
def test_a_pixel_range_that_does_not_fit_is_refused_before_training(name: str) -> None:
    with pytest.raises(
        UsageError, match=rf"--loss {name} needs pixels in .*but lenet works in -2\.118\.\.1; use mse"
    ):
        elementwise_loss(name, low=[-2.1179, 0], high=[1.0, 1.0], architecture="lenet")
    loss = elementwise_loss(name)
    with pytest.raises(UsageError, match=r"this batch for the network has -1\.\.1"):
        loss(torch.full((1, 2), 0.5), torch.tensor([[-1.0, 1.0]]))


def test_bce_refuses_outputs_that_are_no_shares_at_any_call() -> None:
    good, bad = torch.full((1, 2), 0.5), torch.tensor([[-0.25, 0.5]])
    loss = elementwise_loss("bce", low=0, high=1, architecture="mlp")
    words = (
        r"--loss bce needs outputs in 0\.\.1, but mlp gives -0\.25\.\.0\.5; end it with Sigmoid, or use mse"
    )
    with pytest.raises(UsageError, match=words):
        loss(bad, good)
    assert loss(good, good).item() == pytest.approx(np.log(2))
    with pytest.raises(UsageError, match=words):
        loss(bad, good)
    with pytest.raises(UsageError, match="gives nan"):
        loss(good * float("nan"), good)


def test_only_the_first_call_looks_at_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    loss, half = elementwise_loss("bce", low=0, high=1), torch.full((1, 2), 0.5)
    loss(half, half)
    monkeypatch.setattr(torch.Tensor, "aminmax", None)
    loss(half, half)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("msee", "unknown --loss 'msee'; did you mean 'mse'"),
        ("triplet-margin", "unknown --loss 'triplet-margin'"),
        ("huber:dleta=1", "unknown key of --loss huber 'dleta'; did you mean 'delta'"),
        ("mse:reduction=sum", "unknown key of --loss mse 'reduction'"),
        ("bce:weight=2", "unknown key of --loss bce 'weight'"),
        ("ssim:value_range=2", "unknown key of --loss ssim 'value_range'"),
        ("huber:delta=wide", "delta is 'wide', but must be a number"),
        ("huber:delta=true", "delta is True, but must be a number"),
        ("poisson-nll:full=1", "full is 1, but must be true or false"),
        ("huber:delta=-1", "'huber:delta=-1' is not accepted by HuberLoss"),
        ("smooth-l1:beta=-1", "not accepted by SmoothL1Loss"),
    ],
)
def test_elementwise_words_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        elementwise_loss(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crossentropi", "did you mean 'cross-entropy'"),
        ("focal", "unknown --loss 'focal'"),
        ("cross-entropy:label_smoothing=2", "not accepted by CrossEntropyLoss"),
        ("multi-margin:p=3", "not accepted by MultiMarginLoss"),
        ("cross-entropy:weight=1", "unknown key"),
    ],
)
def test_class_words_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        class_loss(text)
