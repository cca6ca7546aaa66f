"""Compare the speed of `unpool embed` with a textbook loop.

    python benchmarks/embed_speed.py FOLDER

The textbook loop has the same weights: a torch Dataset that opens each file with Pillow, resizes and crops it,
ToTensor and Normalize, a DataLoader at batch 32, and the eager network (NCHW, no gradients) on every core. Of
its two settings of workers, the faster one counts. Both sides run three times, alternating, on every image;
medians are compared, and the vectors of the table with those of torch.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from unpool.core.cpu import usable_cores
from unpool.networks.encoders.agreement import cosine
from unpool.store.table import ImageTable
from unpool.training.model_file import load_model

ROUNDS = 3


class Files(Dataset):
    def __init__(self, files: list[Path], preprocessing: object) -> None:
        self.files = files
        size, mean, std = preprocessing.size, preprocessing.mean, preprocessing.std
        self.transform = v2.Compose(
            [
                v2.Resize(size, v2.InterpolationMode.BICUBIC),
                v2.CenterCrop(size),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(mean, std),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(ImageOps.exif_transpose(Image.open(self.files[index])).convert("RGB"))


def run_embed(folder: Path, work: Path) -> float:
    arguments = ["embed", str(folder), "--model", "efficientnet-lite0", "--work", str(work), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from unpool.cli.main import main; main()", *arguments],
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)["images_per_second"]


def textbook(network: torch.nn.Module, data: Files, workers: int) -> tuple[float, np.ndarray]:
    torch.set_num_threads(usable_cores() - workers)
    start = time.perf_counter()
    with torch.no_grad():
        found = [network.embed(x_BCHW) for x_BCHW in DataLoader(data, batch_size=32, num_workers=workers)]
    return len(data) / (time.perf_counter() - start), torch.cat(found).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    speeds: dict[str, list[float]] = {"unpool": [], "textbook": []}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            work = Path(scratch) / f"{number}.unpool"
            speeds["unpool"].append(run_embed(options.folder, work))
            paths, vectors_ND = ImageTable(work).vectors()
            network = load_model(work / "model")
            data = Files([options.folder / path for path in paths], network.preprocessing)
            runs = [textbook(network, data, workers) for workers in range(min(2, usable_cores()))]
            speeds["textbook"].append(max(rate for rate, _ in runs))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    print(json.dumps({
        "images": len(paths), "images_per_second": speeds, "median": medians,
        "ratio": medians["unpool"] / medians["textbook"],
        "smallest_cosine": cosine(vectors_ND, runs[0][1]),
        "cores": usable_cores(), "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
