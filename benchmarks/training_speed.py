"""Compare the training speed of unpool's loop with a textbook loop, on system B.

    python benchmarks/training_speed.py [--data FOLDER] [--images 10000] [--epochs 10] [--rounds 3]

Both train the same network from the same weights on the same images in the same order with the same optimiser.
The textbook's side is a Dataset that makes a PIL image of each sample, ToTensor, Normalize, a DataLoader in the
process, and an eager step on contiguous tensors with `loss.item()`. Each side runs in a process of its own, since
unpool's settings of the C library would affect the other too. Without --data the images are random: the time is the
same, the losses are not. Compare on a quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.transforms as transforms
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from unpool.core.cpu import limit_openmp_spinning, usable_cores
from unpool.images.datasets import load_named_set
from unpool.networks.catalogue import build_network
from unpool.objectives.reconstruction import Reconstruction
from unpool.training.data.datasets import PixelSet, epoch_batches
from unpool.training.loop import train
from unpool.training.plan import Plan

BATCH, RATE, DECAY = 256, 1e-3, 1e-5


class Samples(Dataset[torch.Tensor]):
    def __init__(self, pixels_NHW: np.ndarray) -> None:
        self.pixels_NHW = pixels_NHW
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])

    def __len__(self) -> int:
        return len(self.pixels_NHW)

    def __getitem__(self, index: int) -> torch.Tensor:
        image: torch.Tensor = self.transform(Image.fromarray(self.pixels_NHW[index], mode="L"))
        return image


def textbook(pixels_NHWC: np.ndarray, epochs: int) -> tuple[float, float]:
    """Train by the textbook loop: seconds, and the mean loss of the last epoch."""
    network = build_network("conv-small", seed=0)
    samples = Samples(pixels_NHWC[..., 0])
    start = time.perf_counter()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    criterion = nn.MSELoss()
    for epoch in range(epochs):
        order = list(epoch_batches(np.arange(len(samples)), BATCH, 0, epoch))
        running = 0.0
        for x_BCHW in DataLoader(samples, batch_sampler=[index_B.tolist() for index_B in order]):
            loss = criterion(network(x_BCHW), x_BCHW)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item() * len(x_BCHW)
    return time.perf_counter() - start, running / len(samples)


def train_unpool(pixels_NHWC: np.ndarray, epochs: int) -> tuple[float, float]:
    """Train by unpool's loop: seconds, and the mean loss of the last epoch."""
    limit_openmp_spinning()  # as the command does before torch starts its threads
    network = build_network("conv-small", seed=0)
    start = time.perf_counter()
    data = PixelSet(pixels_NHWC, network.mean, network.std, torch.device("cpu"))
    plan = Plan(epochs=epochs, batch=BATCH, lr=RATE, weight_decay=DECAY, schedule="constant", val=0.0)
    history = train(network, data, Reconstruction(), plan)
    return time.perf_counter() - start, float(history.epochs[-1]["train_loss"] or 0.0)


def images(data: Path | None, count: int) -> np.ndarray:
    """(N, 28, 28, 1) uint8."""
    if data is None:
        return np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1), np.uint8)
    return load_named_set("mnist:train", data).pixels[:count]


def run_side(side: str, arguments: list[str]) -> tuple[float, float]:
    """Run one side in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments, "--side", side], stdout=subprocess.PIPE, check=True, text=True
    )
    seconds, loss = json.loads(done.stdout)
    return seconds, loss


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with MNIST in torchvision's layout")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps(SIDES[args.side](images(args.data, args.images), args.epochs)))
        return
    rounds: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for _ in range(args.rounds):
        for side in SIDES:
            rounds[side].append(run_side(side, sys.argv[1:]))
    seconds = {side: statistics.median(run[0] for run in done) for side, done in rounds.items()}
    result: dict[str, Any] = {
        "images": args.images, "epochs": args.epochs, "rounds": rounds, "seconds": seconds,
        "ratio": seconds["textbook"] / seconds["unpool"],
        "loss": {side: done[-1][1] for side, done in rounds.items()},
        "cores": usable_cores(), "torch": torch.__version__, "machine": platform.machine(),
    }  # fmt: skip
    print(json.dumps(result, indent=1))


SIDES = {"textbook": textbook, "unpool": train_unpool}

if __name__ == "__main__":
    main()
