"""Measure what a head on pretrained features gains, and what can be seen of it without labels.

    python benchmarks/comparing.py FOLDER --groups K [--images 750] [--seeds 3] [--out results.json]

The folder of an image is its class. For each seed so many images are drawn; printed are the share of views that are
nearest to their own image, the lead of the head in silhouette (on all of them, where `run --minutes` compares three
parts), and NMI of `auto` on the features as they are and with the head.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from segmenting import finish
from unpool.actions.embedding.adapt_features import compute_features, embed_codes, train_head
from unpool.actions.embedding.choose_network import PRETRAINED
from unpool.actions.embedding.compare_networks import recognised_share, separation
from unpool.analysis.clustering.grouping import group
from unpool.core.progress import Progress
from unpool.images.source import FolderSource
from unpool.inference.model import copy_pretrained, load_encoder
from unpool.networks.head import Head
from unpool.training.model_file import load_model


def read_features(folder: Path, model: Path, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features of four views of some images (N, V, D), and the images' classes (N,)."""
    source, encoder = FolderSource(folder), load_encoder(model, "cpu", Progress())
    files = source.scan().files
    some = [files[row] for row in np.random.default_rng(seed).permutation(len(files))[:count]]
    pictures = [source.read(file, encoder.preprocessing.size) for file in some]
    pixels_NSSC = np.stack([encoder.preprocessing.fit(picture) for picture in pictures])
    grey = all(picture.grey for picture in pictures)
    feature_NVD = compute_features(encoder.encoder, pixels_NSSC, grey=grey, seed=seed, progress=Progress())
    return feature_NVD, np.array([Path(file.path).parent.name for file in some])


def measure(folder: Path, model: Path, args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Return the row of one seed."""
    feature_NVD, class_N = read_features(folder, model, args.images, seed)
    network, _ = train_head(load_model(model), feature_NVD, seed=seed, progress=Progress())
    plain_ND, head_ND = feature_NVD[:, 0], embed_codes(Head(network), feature_NVD[:, 0])
    numbers = (args.groups,)
    row: dict[str, Any] = {"seed": seed, "images": len(class_N), "recognised": recognised_share(feature_NVD)}
    row["lead"] = separation(head_ND, numbers, seed=seed) - separation(plain_ND, numbers, seed=seed)
    for name, vectors_ND in (("plain", plain_ND), ("head", head_ND)):
        found = group(vectors_ND, groups=args.groups, seed=seed)
        row[name] = normalized_mutual_info_score(class_N, found.labels)
    return {key: round(value, 4) for key, value in row.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("--images", type=int, default=750)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        copy_pretrained(PRETRAINED, Path(place))
        for seed in range(args.seeds):
            rows.append(measure(args.folder, Path(place), args, seed))
            print(json.dumps(rows[-1]), flush=True)
    gains = {f"seed {row['seed']}": round(row["head"] - row["plain"], 4) for row in rows}
    finish(rows, gains, args.out)


if __name__ == "__main__":
    main()
