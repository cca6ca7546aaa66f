"""Reconstructions of images, and their errors.

B images in a batch, S side, C channels; H and W are S.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unpool.networks.autoencoder import Autoencoder

# x (B, C, H, W) as the network takes it, the images' numbers (B,), seed, epoch → x, corrupted.
Corrupt = Callable[[Tensor, np.ndarray, int, int], Tensor]


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """One batch of pictures, and their errors.

    Args:
        input_BSSC: The clean images, uint8.
        corrupted_BSSC: What the network saw of them; None where it saw them clean.
        output_BSSC: The reconstructions, uint8.
        mse_B: Mean squared error of the output against the clean image, float64, pixels in 0..1.
        mse_corrupted_B: Likewise of the corrupted image.
    """

    input_BSSC: np.ndarray
    corrupted_BSSC: np.ndarray | None
    output_BSSC: np.ndarray
    mse_B: np.ndarray
    mse_corrupted_B: np.ndarray | None


def reconstruct(
    network: Autoencoder,
    batches: Iterable[np.ndarray],
    *,
    corrupt: Corrupt | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Reconstruction]:
    """Reconstruct batches of pixels, in order.

    Pooling indices are those of what the network saw, so nothing of a clean image passes by the corruption. Outputs
    are cut to 0..1 before they are compared, as in an image file.

    Args:
        network: With a decoder; moved to the device and set to evaluation.
        batches: (B, S, S, C) uint8.
        corrupt: Corrupts the input; it is passed each image's position in the whole stream.
        seed: Random seed of the corruption.
        device: Where the network runs.

    Yields:
        Pictures and errors of each batch.

    >>> from unpool.networks.catalogue import build_network
    >>> network = build_network("conv", size=8, channels=1)
    >>> batch = next(reconstruct(network, [np.zeros((3, 8, 8, 1), np.uint8)]))
    >>> batch.output_BSSC.shape, batch.mse_B.shape
    ((3, 8, 8, 1), (3,))
    """
    network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    mean, std = (torch.tensor(values, device=device).view(1, -1, 1, 1) for values in _scale(network))

    def restored(x_BCHW: Tensor) -> Tensor:
        return (x_BCHW * std + mean).clamp(0, 1).cpu()

    first = 0
    for input_BSSC in batches:
        with torch.inference_mode():
            raw_BCHW = torch.from_numpy(input_BSSC).to(device).permute(0, 3, 1, 2)
            x_BCHW = (raw_BCHW.float() / 255 - mean) / std
            index_B = np.arange(first, first + len(input_BSSC))
            seen_BCHW = x_BCHW if corrupt is None else corrupt(x_BCHW, index_B, seed, 0)
            output_BCHW = restored(network(seen_BCHW.contiguous(memory_format=torch.channels_last)))
            # By the same rounding as the others: an output equal to the image has no error at all.
            clean_BCHW, seen_BCHW = restored(x_BCHW), restored(seen_BCHW)
        corrupted_BCHW = None if corrupt is None else seen_BCHW
        yield _compare(input_BSSC, clean_BCHW, corrupted_BCHW, output_BCHW)
        first += len(input_BSSC)


def _compare(
    input_BSSC: np.ndarray, clean_BCHW: Tensor, corrupted_BCHW: Tensor | None, output_BCHW: Tensor
) -> Reconstruction:
    return Reconstruction(
        input_BSSC,
        None if corrupted_BCHW is None else _pixels(corrupted_BCHW),
        _pixels(output_BCHW),
        _mse(output_BCHW, clean_BCHW),
        None if corrupted_BCHW is None else _mse(corrupted_BCHW, clean_BCHW),
    )


def as_pictures(network: Autoencoder, x_BCHW: Tensor) -> np.ndarray:
    """Turn normalised images into pictures (B, S, S, C) uint8.

    Values are cut to what a picture can hold.

    >>> from unpool.networks.catalogue import build_network
    >>> as_pictures(build_network("conv-small"), torch.tensor([-1.0, 0.0, 2.0]).view(1, 1, 1, 3)).tolist()
    [[[[0], [128], [255]]]]
    """
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in _scale(network))
    return _pixels((x_BCHW.detach().cpu() * std + mean).clamp(0, 1))


def psnr(mse: float) -> float | None:
    """Compute the peak signal-to-noise ratio of pixels in 0..1, dB.

    None, for infinite, where there is no error. To four decimals: the order of sums in a batch moves the
    later ones.

    >>> psnr(0.01), psnr(0.0)
    (20.0, None)
    """
    return round(-10 * math.log10(mse), 4) if mse else None


def _scale(network: Autoencoder) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return network.preprocessing.mean, network.preprocessing.std


def _mse(one_BCHW: Tensor, other_BCHW: Tensor) -> np.ndarray:
    error_B: np.ndarray = (one_BCHW.double() - other_BCHW).square().mean(dim=(1, 2, 3)).numpy()
    return error_B


def _pixels(image_BCHW: Tensor) -> np.ndarray:
    pixels_BHWC: np.ndarray = (image_BCHW * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return pixels_BHWC
