"""Corruptions against counts, NumPy and the normal distribution.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom, kstest

from unpool.errors import UsageError
from unpool.images.augment.noise import Corruption, read_corruption

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WORDS = ("salt-pepper", "gaussian", "mask", "salt-pepper:p=0.5", "gaussian:p=0.5", "mask:p=0.5")


def grey(batch: int = 64, channels: int = 1, height: int = 28, width: int = 28) -> torch.Tensor:
    return torch.full((batch, channels, height, width), 0.5)


def corruption(word: str, channels: int = 1) -> Corruption:
    return read_corruption(word, (0.0,) * channels, (1.0,) * channels)


def likely(count: int, total: int, share: float) -> bool:
    """Within what a binomial variable does in all but one of a million cases."""
    low, high = binom.ppf([5e-7, 1 - 5e-7], total, share)
    return bool(low <= count <= high)


@pytest.mark.parametrize("snr", [0.9, 0.5, 0.0])
def test_salt_and_pepper_hit_half_each(snr: float) -> None:
    made = corruption(f"salt-pepper:snr={snr}")(grey(), np.arange(64), 0, 1)
    black, white = int((made == 0).sum()), int((made == 1).sum())
    assert likely(black, made.numel(), (1 - snr) / 2)
    assert likely(white, made.numel(), (1 - snr) / 2)
    assert not torch.signbit(made).any(), "black is 0, not -0"
    assert black + white + int((made == 0.5).sum()) == made.numel()


def test_salt_and_pepper_hit_all_channels_together_at_the_normalised_range() -> None:
    mean, std = IMAGENET
    made = read_corruption("salt-pepper:snr=0.5", mean, std)(torch.zeros(8, 3, 16, 16), np.arange(8), 3, 1)
    mean_C, std_C = np.float32(mean), np.float32(std)
    expected = {tuple((np.float32(level) - mean_C) / std_C) for level in (0, 1)} | {(0.0, 0.0, 0.0)}
    assert {tuple(pixel) for pixel in made.permute(0, 2, 3, 1).reshape(-1, 3).numpy()} == expected


def test_where_salt_falls_is_not_a_pattern() -> None:
    made = corruption("salt-pepper:snr=0.8")(grey(400), np.arange(400), 0, 1)
    hit = (made != 0.5).double()
    assert hit.mean((0, 1)).std().item() == pytest.approx((0.2 * 0.8 / 400) ** 0.5, rel=0.1)
    neighbours = np.corrcoef(hit[..., :-1].flatten(), hit[..., 1:].flatten())[0, 1]
    assert abs(neighbours) < 0.01


@pytest.mark.parametrize("kind", ["salt-pepper:snr=0.5", "gaussian:sigma=0.3", "mask:share=0.5"])
def test_p_is_the_share_of_images_hit(kind: str) -> None:
    x = grey(1000, height=8, width=8)
    made = corruption(f"{kind},p=0.3")(x, np.arange(1000), 0, 1)
    assert likely(int((made != x).flatten(1).any(1).sum()), 1000, 0.3)
    assert torch.equal(corruption(f"{kind},p=0")(x, np.arange(1000), 0, 1), x)


def test_no_noise_is_no_change() -> None:
    x = torch.rand(4, 1, 9, 9)
    for word in ("salt-pepper:snr=1", "gaussian:sigma=0", "mask:share=0"):
        assert torch.equal(corruption(word)(x, np.arange(4), 0, 1), x)


def test_gaussian_noise_is_normal_with_sigma_in_pixel_units() -> None:
    mean, std = IMAGENET
    x = ((grey(32, 3) - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)).contiguous()
    made = read_corruption("gaussian:sigma=0.1", mean, std)(x, np.arange(32), 0, 1)
    noise = ((made - x) * torch.tensor(std).view(3, 1, 1)).double()
    for channel in range(3):
        assert kstest(noise[:, channel].flatten().numpy() / 0.1, "norm").pvalue > 1e-4
    across = np.corrcoef(noise[:, 0].flatten(), noise[:, 1].flatten())[0, 1]
    assert abs(across) < 0.03


def test_gaussian_noise_stays_between_black_and_white() -> None:
    mean, std = IMAGENET
    made = read_corruption("gaussian:sigma=1", mean, std)(torch.zeros(4, 3, 16, 16), np.arange(4), 0, 1)
    for channel in range(3):
        black, white = (
            (np.float32(v) - np.float32(mean[channel])) / np.float32(std[channel]) for v in (0, 1)
        )
        assert made[:, channel].min().item() == pytest.approx(black, rel=1e-6)
        assert made[:, channel].max().item() == pytest.approx(white, rel=1e-6)


@pytest.mark.parametrize(("height", "width", "patch"), [(28, 28, 4), (10, 7, 4), (9, 9, 8), (9, 9, 1)])
def test_mask_blackens_whole_squares(height: int, width: int, patch: int) -> None:
    made = corruption(f"mask:share=0.5,patch={patch}", 2)(grey(20, 2, height, width), np.arange(20), 0, 1)
    hidden = (made == 0).numpy()
    squares = [(r, c) for r in range(0, height, patch) for c in range(0, width, patch)]
    for image in hidden:
        cells = [image[:, r : r + patch, c : c + patch] for r, c in squares]
        assert all(cell.all() or not cell.any() for cell in cells)
        assert sum(bool(cell.all()) for cell in cells) == round(0.5 * len(cells))
    assert len({image.tobytes() for image in hidden}) > 1


@pytest.mark.parametrize("word", WORDS)
def test_an_image_is_the_same_in_any_batch(word: str) -> None:
    x, index = torch.rand(33, 3, 13, 11), np.arange(100, 133)
    whole = corruption(word, 3)(x, index, 5, 2)
    alone = torch.cat([corruption(word, 3)(x[i : i + 1], index[i : i + 1], 5, 2) for i in range(33)])
    order = np.random.default_rng(0).permutation(33)
    assert torch.equal(whole, alone)
    assert torch.equal(whole[order], corruption(word, 3)(x[order], index[order], 5, 2))
    for seed, epoch, shift in ((6, 2, 0), (5, 3, 0), (5, 2, 1000)):
        assert not torch.equal(whole, corruption(word, 3)(x, index + shift, seed, epoch))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_dtype_and_memory_format_are_kept(word: str, dtype: torch.dtype) -> None:
    for memory_format in (torch.contiguous_format, torch.channels_last):
        x = torch.rand(2, 3, 8, 8).to(dtype).contiguous(memory_format=memory_format)
        before = x.clone()
        made = corruption(word, 3)(x, np.arange(2), 0, 1)
        assert made.dtype == dtype
        assert made.stride() == x.stride()
        assert torch.equal(x, before), "the input is not written to"


def test_an_empty_batch_is_one() -> None:
    for word in WORDS:
        assert corruption(word)(grey(0), np.arange(0), 0, 1).shape == (0, 1, 28, 28)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("salt-peper", "did you mean 'salt-pepper'"),
        ("salt-pepper:snr=1.5", r"--corruption salt-pepper: snr is 1\.5, but must be a number from 0 to 1"),
        ("gaussian:snr=1", "unknown key of --corruption gaussian 'snr'"),
        ("gaussian:sigma=much", "sigma is 'much'"),
        ("gaussian:p=nan", "p is nan"),
        ("mask:patch=2.5", "patch is 2.5, but must be a whole number of pixels"),
        ("mask:patch=0", "patch is 0, but must be a number from 1"),
    ],
)
def test_wrong_words_are_reported(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        corruption(word)


def test_channels_that_do_not_fit_are_reported() -> None:
    with pytest.raises(UsageError, match="images have 3 channels but mean and std 2 and 2 numbers"):
        corruption("mask", 2)(grey(1, 3), np.arange(1), 0, 1)
