"""Draw an image beside its enlargement by an untrained transposed convolution.

python benchmarks/bilinear_picture.py IMAGE OUT.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from unpool.images.reading.decode import read_picture
from unpool.networks.layers.bilinear import bilinear_transposed


def main(image: Path, out: Path) -> None:
    pixels_HW3 = read_picture(image).pixels
    x_1CHW = torch.tensor(pixels_HW3).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        twice_1CHW = bilinear_transposed(3, 2)(x_1CHW)
    twice_HW3 = twice_1CHW[0].clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
    height, width = pixels_HW3.shape[:2]
    both_HW3 = np.full((2 * height, 3 * width + 8, 3), 255, np.uint8)
    both_HW3[:height, :width] = pixels_HW3
    both_HW3[:, width + 8 :] = twice_HW3
    Image.fromarray(both_HW3).save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    main(args.image, args.out)
