"""Measure the floating-point rate of training the mirrored VGG-16-BN.

    python benchmarks/vgg_flops.py [FOLDER] [--size 96] [--batch 32] [--steps 8] [--rounds 3]

The rate is compared with that of a product of two square fp32 matrices: the median of several, at the best of
several sizes. The operations of a training step are those that torch's own FlopCounterMode counts (products of
convolutions and their gradients, two for each multiply-add). The steps are those of `unpool train`, the optimiser
included, timed from the third on; images come from FOLDER, or are random. Both are measured alternately; medians
are compared. Quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from unpool.core.cpu import limit_openmp_spinning, usable_cores
from unpool.images.pixel_cache import load_pixels
from unpool.images.reading.scan import scan_folder
from unpool.networks.catalogue import build_network
from unpool.objectives.reconstruction import Reconstruction
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.plan import Plan


def matrix_product() -> float:
    """GFLOP/s of square fp32 products: the median of eleven, at the best size."""
    best = 0.0
    for side in (1024, 2048, 4096):
        a, b = torch.rand(side, side), torch.rand(side, side)
        seconds = []
        for _ in range(11):
            start = time.perf_counter()
            a @ b
            seconds.append(time.perf_counter() - start)
        best = max(best, 2 * side**3 / statistics.median(seconds) / 1e9)
    return best


def pixels(folder: Path | None, size: int, count: int) -> np.ndarray:
    """(N, S, S, 3) uint8."""
    if folder is None:
        return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    files = scan_folder(folder).files[:count]
    return load_pixels(files, size=size, channels=3, crop="centre", workers=usable_cores(), cache=None)[0]


def training(pixels_NSSC: np.ndarray, batch: int, steps: int) -> tuple[float, float]:
    """GFLOP/s of training steps, and GFLOP of one image."""
    size = pixels_NSSC.shape[1]
    network = build_network("vgg16-bn", size=size, seed=0)
    x_BCHW = torch.rand(2, 3, size, size)
    with FlopCounterMode(display=False) as counter:
        Reconstruction()(network, x_BCHW, np.arange(2), 0).backward()
    per_image = counter.get_total_flops() / 2
    network.zero_grad(set_to_none=True)
    data = PixelSet(pixels_NSSC, network.mean, network.std, torch.device("cpu"))
    times: list[float] = []

    class Timed(Reconstruction):
        def forward(self, *arguments: Any) -> torch.Tensor:
            times.append(time.perf_counter())
            return super().forward(*arguments)

    plan = Plan(steps=steps + 2, batch=batch, lr=1e-3, val=0.0, drop_last=True)
    train(network, data, Timed(), plan)
    return per_image * batch * steps / (times[-1] - times[-1 - steps]) / 1e9, per_image / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    limit_openmp_spinning()
    pixels_NSSC = pixels(args.folder, args.size, args.batch * (args.steps + 2))
    peak, rate, per_image = [], [], 0.0
    for _ in range(args.rounds):
        peak.append(matrix_product())
        one, per_image = training(pixels_NSSC, args.batch, args.steps)
        rate.append(one)
    peak.append(matrix_product())
    result = {
        "matrix_product_gflops": peak, "training_gflops": rate, "gflop_per_image": per_image,
        "share": statistics.median(rate) / statistics.median(peak),
        "images_per_second": statistics.median(rate) / per_image,
        "size": args.size, "batch": args.batch, "cores": usable_cores(), "torch": torch.__version__,
    }  # fmt: skip
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
