"""Make a workspace of any size without embedding.

    python benchmarks/viewer_workspace.py OUT.unpool [--images 100000] [--dimension 64] [--groups 40]

Writes images.lance with positions on a map, groups, vectors and thumbnails, as a run would leave it; there are no
files behind the images. Then: unpool view --work OUT.unpool
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unpool.report.palette import distinct_colours
from unpool.store.state import write_state
from unpool.store.table import ImageTable

CHUNK = 50_000
KINDS = 64  # different pictures of a group


def pictures(groups: int, rng: np.random.Generator) -> list[list[bytes]]:
    """Small WebP pictures of each group, in its colour and with its number, no two equal."""
    colours = distinct_colours(min(groups, 64))
    rows = []
    for group in range(groups):
        row = []
        for _ in range(KINDS):
            noise = rng.integers(0, 60, (8, 8, 3), dtype=np.uint8)
            image = Image.fromarray(noise).resize((120, 90), Image.Resampling.BICUBIC)
            draw = ImageDraw.Draw(image)
            x, y = rng.integers(10, 60), rng.integers(10, 40)
            draw.ellipse((x, y, x + 50, y + 40), fill=colours[group % 64])
            draw.text((4, 2), str(group), fill="white", font_size=24)
            content = io.BytesIO()
            image.save(content, "WEBP", quality=70)
            row.append(content.getvalue())
        rows.append(row)
    return rows


def make(out: Path, count: int, dimension: int, groups: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    centre_K2 = rng.uniform(-40, 40, (groups, 2))
    centre_KD = rng.normal(size=(groups, dimension))
    content = pictures(groups, rng)
    table = ImageTable.create(out)
    table.reset_vectors(dimension)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        group_M = rng.integers(0, groups, size)
        xy_M2 = centre_K2[group_M] + rng.normal(scale=3, size=(size, 2))
        vector_MD = (centre_KD[group_M] + rng.normal(scale=0.7, size=(size, dimension))).astype(np.float32)
        confidence_M = rng.uniform(0.3, 1, size)
        table.upsert([
            {
                "path": f"{group:03}/{start + i:07}.jpg", "id": f"{start + i:032x}", "width": 1200, "height": 900,
                "mode": "RGB", "bytes": 400_000, "modified": 1.7e9 + start + i, "status": "ok", "grey": False,
                "thumbnail": content[group][(start + i) % KINDS], "group": group,
                "probability": float(confidence_M[i]),
                "x": float(xy_M2[i, 0]), "y": float(xy_M2[i, 1]), "outlier_score": float(1 - confidence_M[i]),
                "sharpness": 0.5, "brightness": 0.5, "vector": vector_MD[i], "model": "synthetic",
            }
            for i, group in enumerate(group_M.tolist())
        ])  # fmt: skip
        print(f"{start + size:,} of {count:,}", flush=True)
    table.compact()
    write_state(
        out, images=str(out.resolve().with_suffix("")), place=str(out.resolve().with_suffix("")), data=None
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--groups", type=int, default=40)
    args = parser.parse_args()
    make(args.out, args.images, args.dimension, args.groups)


if __name__ == "__main__":
    main()
