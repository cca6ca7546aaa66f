"""Compare how two checkouts read images: time and bits.

    python benchmarks/reading_speed.py OLD NEW FOLDER… [--every N] [--rounds N] [--side PIXELS]

Each checkout has a process of its own that stays alive; both read the same file in turn, so that the load of the
machine falls on both. Of the rounds of a file the fastest counts, in processor time. Reads every N-th JPEG and
PNG of the folders, whole and reduced for a network of `side` pixels, and compares the digests of the pixels.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

CHILD = """
import hashlib, sys, time
from pathlib import Path
from unpool.images.reading.decode import read_picture
for line in sys.stdin:
    side, name = line.rstrip("\\n").split(" ", 1)
    began = time.process_time()
    try:
        pixels = read_picture(Path(name), min_side=int(side) or None).pixels
    except Exception as error:
        pixels = None
    took = time.process_time() - began
    digest = hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).hexdigest() if pixels is not None else "-"
    print(took, digest, flush=True)
"""


def start(checkout: Path) -> subprocess.Popen[str]:
    """Start a reader with the source of a checkout."""
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve() / "src"), "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", CHILD], env=environment, stdin=pipe, stdout=pipe, text=True
    )


def read(child: subprocess.Popen[str], file: Path, side: int) -> tuple[float, str]:
    """Let a reader read a file: seconds and the digest of its pixels, `-` for an error."""
    assert child.stdin
    assert child.stdout
    child.stdin.write(f"{side} {file.resolve()}\n")
    child.stdin.flush()
    took, digest = child.stdout.readline().split()
    return float(took), digest


def main() -> None:
    """Print a line for each format and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=224)
    arguments = parser.parse_args()
    readers = [start(arguments.old), start(arguments.new)]
    for ending in (".jpg", ".png"):
        files = sorted(each for folder in arguments.folders for each in folder.rglob(f"*{ending}"))[
            :: arguments.every
        ]
        for side in (0, arguments.side):
            total, different = [0.0, 0.0], 0
            for file in files:
                rounds = [[read(reader, file, side) for reader in readers] for _ in range(arguments.rounds)]
                for which in (0, 1):
                    total[which] += min(each[which][0] for each in rounds)
                different += rounds[0][0][1] != rounds[0][1][1]
            if files:
                milliseconds = [1000 * each / len(files) for each in total]
                print(
                    f"{ending} {'whole' if not side else f'for {side} pixels'}: {len(files)} files, "
                    f"{milliseconds[0]:.3f} → {milliseconds[1]:.3f} ms, ratio {total[1] / total[0]:.3f}, "
                    f"{different} with other pixels",
                    flush=True,
                )


if __name__ == "__main__":
    main()
