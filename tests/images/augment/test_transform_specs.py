"""Lists of transforms as people write them, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from unpool.errors import UsageError
from unpool.images.augment.transform_specs import TransformContext, build_transforms

CONTEXT = TransformContext((8, 10))
IMAGE = tv_tensors.Image(torch.arange(3 * 8 * 10, dtype=torch.uint8).reshape(3, 8, 10))


def run(
    steps: list[Any], image: tv_tensors.Image = IMAGE, context: TransformContext = CONTEXT
) -> torch.Tensor:
    out: Any = image
    for transform in build_transforms(steps, context):
        out = transform(out)
    return torch.as_tensor(out)


def test_a_name_its_first_argument_or_all_arguments() -> None:
    flipped = v2.functional.horizontal_flip(IMAGE)
    assert (run([{"horizontal-flip": 1.0}]) == flipped).all()
    assert (run([{"horizontal-flip": {"p": 1.0}}]) == flipped).all()
    assert run([{"pad": {"padding": 2, "padding_mode": "edge"}}]).shape == (3, 12, 14)


def test_crops_without_a_size_keep_the_images_own() -> None:
    large = tv_tensors.Image(torch.zeros(3, 30, 40, dtype=torch.uint8))
    assert run(["center-crop"], large).shape == (3, 8, 10)
    assert run([{"center-crop": 4}], large).shape == (3, 4, 4)


def test_callables_and_torchvisions_own_are_taken_as_they_are() -> None:
    assert (run([lambda x: x + 1]) == IMAGE + 1).all()
    assert (run([v2.RandomHorizontalFlip(1.0)]) == v2.functional.horizontal_flip(IMAGE)).all()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("horizontal-flip", "must be a list of names"),
        (["horizontal-flop"], "unknown transform 'horizontal-flop'; did you mean 'horizontal-flip'"),
        ([{"pad": {"paddin": 1}}], "unknown argument of transform pad 'paddin'; did you mean 'padding'"),
        ([{"a": 1, "b": 2}], "must be one name or one"),
        (["lambda"], "a config runs no code"),
        ([{"center-crop": 0}], "size is 0, but must be 1 pixel or more"),
        ([{"horizontal-flip": 2.0}], "transform horizontal-flip: .*the arguments are 2.0"),
        ([{"five-crop": 4}, "horizontal-flip"], "gives several images: only as the last step of `evaluate`"),
        ([{"normalise": {"mean": [0.5], "std": [0.5]}}, "horizontal-flip"], "put it last"),
        ([{"random-apply": {"transforms": ["nope"]}}], "unknown transform 'nope'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(steps: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_transforms(steps, CONTEXT)


def test_an_error_while_running_names_the_transform() -> None:
    with pytest.raises(UsageError, match=r"transform random-crop: on an image of shape \(3, 8, 10\)"):
        run([{"random-crop": 50}])
