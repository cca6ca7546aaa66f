"""Crops of images and label maps together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from unpool.errors import UsageError
from unpool.images.masks.crop_presets import CROPS, parse_crops, parse_scales, scale_range


def pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A mask that is the image's red channel, of no ignored value."""
    x = torch.randint(
        0, 200, (3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    x[0] //= 100
    return x, x[0].clone()


@pytest.mark.parametrize("name", CROPS)
@pytest.mark.parametrize("size", [(20, 90), (64, 64), (200, 100)])
def test_every_preset_ends_in_a_crop_of_both(name: str, size: tuple[int, int]) -> None:
    x, mask = pair(*size)
    crop, cropped = parse_crops(name, 32).train_view(x, seed=1, epoch=2, index=3, mask_HW=mask)
    assert crop.shape == (3, 32, 32)
    assert cropped.shape == (32, 32)
    assert set(cropped.unique().tolist()) <= {0, 1, 255}


def test_none_moves_image_and_mask_together_without_scaling() -> None:
    x, mask = pair(64, 64)
    crop, cropped = parse_crops("none", 32).train_view(x, seed=0, epoch=0, index=0, mask_HW=mask)
    assert (crop[0] == cropped).all()
    rows = x.unfold(1, 32, 1).unfold(2, 32, 1)  # (3, 33, 33, 32, 32)
    assert (rows == crop[:, None, None]).all(dim=(0, 3, 4)).any(), "a crop of the image as it is"


def test_what_lies_outside_is_ignored() -> None:
    x, mask = pair(10, 10)
    _, cropped = parse_crops("none", 32, ignored=7).train_view(x, seed=0, epoch=0, index=0, mask_HW=mask)
    assert int((cropped == 7).sum()) == 32 * 32 - 100


def test_a_file_ends_in_a_crop_too_and_an_unknown_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("train:\n- horizontal-flip: {p: 1}\n", "utf-8")
    x, mask = pair(32, 32)
    crop, cropped = parse_crops(str(tmp_path / "a.yaml"), 32).train_view(
        x, seed=0, epoch=0, index=0, mask_HW=mask
    )
    assert (crop == x.flip(2)).all()
    assert (cropped == mask.flip(1)).all()
    with pytest.raises(UsageError, match="unknown --augment 'scene'; did you mean 'scenes'"):
        parse_crops("scene", 32)


def test_crops_are_resized_by_the_range_that_is_given() -> None:
    x = torch.arange(200, dtype=torch.uint8).expand(3, 200, 200)  # a pixel's value is its column
    crops = parse_crops("crop", 32, scales=(0.25, 4.0))
    views = [crops.train_view(x, seed=0, epoch=0, index=index, mask_HW=x[0]) for index in range(200)]
    spread = torch.tensor([float(view[0, 16, 28]) - float(view[0, 16, 3]) for view, _ in views])
    factor = 25 / spread
    assert 0.24 < float(factor.min()) < 0.3
    assert 3.2 < float(factor.max()) < 4.5
    assert 0.4 < float((factor < 1).float().mean()) < 0.6, "evenly by the logarithm"


def test_a_range_is_two_factors_and_belongs_to_crops_that_are_resized() -> None:
    assert parse_scales(None) is None
    assert parse_scales("0.5,2") == (0.5, 2.0)
    for text in ("2,0.5", "2", "a,b", "0,1", "1,2,3", "0.5,nan", "1,100"):
        with pytest.raises(UsageError, match=r"--scales is .* but must be two factors"):
            parse_scales(text)
    with pytest.raises(UsageError, match="--scales and --augment none exclude each other"):
        parse_crops("none", 32, scales=(0.5, 2.0))
    with pytest.raises(UsageError, match=r"--scales and --augment a\.yaml .*random-scale-crop"):
        parse_crops("a.yaml", 32, scales=(0.5, 2.0))
    assert scale_range("crop", (0.5, 2.0)) == (0.5, 2.0)
    assert scale_range("a.yaml") is None
