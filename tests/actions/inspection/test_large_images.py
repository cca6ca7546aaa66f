"""The memory that large images take, measured of a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.inspector import write_inspector
from unpool.actions.outputs.record import OutputRecord

HEIGHT, WIDTH = 8_000, 6_000  # a third of 12,000 × 12,000, which may take 2 GiB
PROGRAM = 150  # MiB, without images
MAX_PEAK = PROGRAM + (2048 - PROGRAM) * HEIGHT * WIDTH / 12_000**2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not say it"),
]


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    small = np.random.default_rng(0).integers(150, 250, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    large = np.array(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
    large[3000:3040, 4000:4300] = 0
    return large


# Its own word for it: what the system says of a child counts the memory of what started it, too.
MEASURED = """
import sys
from pathlib import Path
from unpool.cli.main import main
try:
    main(sys.argv[2:])
finally:
    Path(sys.argv[1]).write_text(Path("/proc/self/status").read_text())
"""


def measure(file: Path, model: Path, out: Path) -> float:
    """The peak of resident memory of `inspect predict`, MiB."""
    status = out.with_name("status")
    words = ["inspect", "predict", str(file), "--model", str(model), "--out", str(out)]
    subprocess.run([sys.executable, "-c", MEASURED, str(status), *words], check=True, env=os.environ)
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("tile", [None, 512], ids=["shrunk", "windows"])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "transparent.png"])
def test_a_large_image_takes_no_more_memory_than_it_may(
    name: str, tile: int | None, pixels: np.ndarray, tmp_path: Path
) -> None:
    file, out = tmp_path / name, tmp_path / "out"
    if name == "transparent.png":
        alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
        alpha[:100, :100] = 0
        Image.fromarray(np.concatenate([pixels, alpha], axis=2)).save(file, compress_level=1)
    elif name == "a.tif":
        tifffile.imwrite(file, pixels, photometric="rgb", tile=(512, 512), compression="zlib")
    else:
        Image.fromarray(pixels).save(file, **({"compress_level": 1} if name == "a.png" else {"quality": 90}))
    peak = measure(file, write_inspector(tmp_path / "model", size=256, tile=tile), out)
    assert peak < MAX_PEAK
    if name == "a.tif" and tile is not None:
        assert peak < 300, "a few rows at a time"
    with Image.open(out / f"{file.stem}.overlay.png") as overlay:
        assert overlay.size == (WIDTH // 4, HEIGHT // 4)
    done = OutputRecord(out, "unpool inspect predict").find(
        {"path": name, "bytes": file.stat().st_size, "modified": None}, file
    )
    assert done is not None
    if tile is not None:
        box = [done[name] for name in ("x", "y", "width", "height")]
        assert np.abs(np.array(box) - [4000, 3000, 300, 40]).max() <= 16
