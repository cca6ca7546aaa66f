"""Compare the code of the 1-D autoencoder with PCA of the same length.

    python benchmarks/sequence_against_pca.py TRAIN_FOLDER TEST_FOLDER MODEL

PCA is fitted on the images of TRAIN_FOLDER; MODEL is what `unpool train TRAIN_FOLDER --network sequence` wrote.
Errors are means over the pixels, 0..1, of TEST_FOLDER, outputs clipped to 0..1. With pooling indices the decoder
has more than the code, so that figure is listed separately.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from unpool.images.pixel_cache import load_pixels
from unpool.images.reading.scan import scan_folder
from unpool.inference.reconstruction import reconstruct
from unpool.training.model_file import load_model


def pixels(folder: Path, size: int) -> np.ndarray:
    """(N, S, S, 1) uint8."""
    files = scan_folder(folder).files
    return load_pixels(files, size=size, channels=1, crop="centre", workers=1, cache=None)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("train", "test", "model"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    network = load_model(args.model)
    known, unseen = (pixels(folder, network.size) for folder in (args.train, args.test))
    flat = [images.reshape(len(images), -1).astype(np.float32) / 255 for images in (known, unseen)]
    components = PCA(network.dimension(), svd_solver="randomized", random_state=0).fit(flat[0])
    decoded = components.inverse_transform(components.transform(flat[1])).clip(0, 1)
    result = {"code": network.dimension(), "pca": float(((decoded - flat[1]) ** 2).mean())}
    batches = [unseen[start : start + 256] for start in range(0, len(unseen), 256)]
    for name, use_indices in (("without_indices", False), ("with_indices", True)):
        network.use_indices = use_indices
        errors = np.concatenate([batch.mse_B for batch in reconstruct(network, batches)])
        result[name] = float(errors.mean())
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
