"""Tables to make a report of, with pictures made here and names that strangers might choose."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

HOSTILE = [
    "</script ><!-- <script>window.hacked = 1</script>.jpg",
    "<img src=x onerror='window.hacked = 1'>.jpg",
    '"><svg onload="window.hacked = 1">.jpg',
    "line\nbreak \u2028 & 'quotes' {{data}}.jpg",
    "Überraschung/写真 🎈.jpg",
    "no-unicode-\udcff.jpg",
    "#hash?query%41.jpg",
]


def thumbnail(width: int = 32, height: int = 24, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP")
    return buffer.getvalue()


def make_table(num_images: int = 40, num_groups: int = 4, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = {
        "path": [f"folder/{index}.jpg" for index in range(num_images)],
        "id": [f"{index:08x}" for index in range(num_images)],
        "width": [640] * num_images,
        "height": [480] * num_images,
        "thumbnail": [thumbnail(seed=index % 5) for index in range(num_images)],
        "x": rng.normal(size=num_images).astype(np.float32),
        "y": rng.normal(size=num_images).astype(np.float32),
        "group": np.arange(num_images) % num_groups,
        "probability": rng.random(num_images),
        "label": [None] * num_images,
    }
    table |= columns
    # As objects: pandas' own strings refuse what is no Unicode, and file names may be that.
    words = {
        name: pd.Series(table[name], dtype=object)
        for name in ("path", "label")
        if isinstance(table[name], list)
    }
    return pd.DataFrame(table | words)
