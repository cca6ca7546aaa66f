"""What a mirror makes of images, and how far that is from them.

N images, S side, C channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def reconstruct(
    network: Any, pixels_NSSC: np.ndarray, batch: int = 64
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each batch the outputs (n, S, S, C) uint8, and each image's mean squared error (n,) in 0..1 pixels.

    The decoder is given no pooling indices: they would carry the image past the code, and the error would
    no longer tell how well the code describes the image.
    """
    mean = torch.tensor(network.preprocessing.mean).view(1, -1, 1, 1)
    std = torch.tensor(network.preprocessing.std).view(1, -1, 1, 1)
    network.eval()
    for start in range(0, len(pixels_NSSC), batch):
        wanted = torch.from_numpy(pixels_NSSC[start : start + batch]).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            x_BCSS = ((wanted - mean) / std).contiguous(memory_format=torch.channels_last)
            made = (network.decode(network.encode(x_BCSS), size=x_BCSS.shape[2:]) * std + mean).clamp(0, 1)
        error_B = (made - wanted).square().mean(dim=(1, 2, 3)).numpy()
        yield (made * 255).round().byte().permute(0, 2, 3, 1).numpy(), error_B
