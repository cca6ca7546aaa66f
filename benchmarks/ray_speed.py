"""Compare `unpool embed --engine ray` with one worker, with several, and with the local engine.

    python benchmarks/ray_speed.py FOLDER [--workers 1 2] [--rounds 2]

A Ray of so many cores runs already and is joined, so that its start counts nowhere. The rate is that of the command
itself: images over the seconds from the first file opened to the last row written. The tables are compared: paths,
ids, status, problems, thumbnails to the bit, vectors by their smallest cosine.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from unpool.networks.encoders.agreement import cosine
from unpool.store.table import ImageTable

FACTS = [
    "path",
    "id",
    "status",
    "problem",
    "detail",
    "thumbnail",
    "sharpness",
    "brightness",
    "notes",
    "model",
]


def run_embed(folder: Path, work: Path, *more: str) -> dict[str, Any]:
    words = ["embed", str(folder), "--model", "efficientnet-lite0", "--work", str(work), "--json", *more]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "unpool", *words],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr.decode())
    return json.loads(done.stdout)


def run_on_ray(folder: Path, work: Path, num_workers: int) -> dict[str, Any]:
    import ray

    ray.init(
        address="local", num_cpus=num_workers, include_dashboard=False, log_to_driver=False,
        logging_level=logging.ERROR, object_store_memory=256 << 20,
    )  # fmt: skip
    address = ray.get_runtime_context().gcs_address
    try:
        return run_embed(folder, work, "--engine", "ray", "--ray-address", address)
    finally:
        ray.shutdown()


def compare(work: Path, other: Path) -> tuple[bool, float]:
    first, second = (ImageTable(each).arrow([*FACTS, "vector"]) for each in (work, other))
    vectors = [np.array([v for v in each["vector"].to_pylist() if v is not None]) for each in (first, second)]
    return first.select(FACTS).equals(second.select(FACTS)), cosine(vectors[0], vectors[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory() as scratch:
        local = Path(scratch) / "local.unpool"
        rates: dict[str, list[float]] = {}
        for number in range(options.rounds):
            work = local if not number else Path(scratch) / f"local{number}.unpool"
            rates.setdefault("local", []).append(run_embed(options.folder, work)["images_per_second"])
            for num_workers in options.workers:
                work = Path(scratch) / f"ray{num_workers}-{number}.unpool"
                result = run_on_ray(options.folder, work, num_workers)
                rates.setdefault(f"ray, {result['actors']} workers", []).append(result["images_per_second"])
                is_same, smallest = compare(work, local)
                print(
                    f"{num_workers} workers: same facts {is_same}, smallest cosine {smallest:.8f}", flush=True
                )
    for name, values in rates.items():
        print(f"{name}: {statistics.median(values):.1f} images a second ({', '.join(map(str, values))})")


if __name__ == "__main__":
    main()
