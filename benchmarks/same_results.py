"""Compare the results of two checkouts to the bit.

    python benchmarks/same_results.py run CHECKOUT OUT --data DIR     once for each checkout
    python benchmarks/same_results.py compare OUT OTHER

`DIR` holds `clothing/` (class folders of photographs), `mnist/` (idx files) and `camvid/train/{images,masks}`.
Runs have a number of steps, not of minutes, so that the load of the machine has no effect.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

WEIGHTS, GROUPS = "model.safetensors", "groups.csv"


def commands(data: Path) -> dict[str, list[str]]:
    """Name → arguments of unpool; results are written to a folder of that name."""
    photographs, digits = str(data / "clothing"), ["mnist:train", "--data", str(data / "mnist")]
    camvid = data / "camvid" / "train"
    short = ["--steps", "30"]
    trained: dict[str, list[str]] = {
        "vgg16-bn": [photographs, "--size", "96", "--batch", "8", "--weights", "none"],
        "lenet": [photographs],
        "denoiser": [photographs],
        **dict.fromkeys(("conv-small", "dense", "unpooling", "strided", "sequence"), digits),
    }
    compared = {
        "contrast": [*digits, "--network", "conv-small"],
        "aggregate": [photographs, "--network", "conv", "--size", "32"],
    }
    pairs = [str(camvid / "images"), str(camvid / "masks")]
    return {
        "demo": ["demo", "--no-open", "--work", "demo"],
        "run": ["run", photographs, "--no-open", "--work", "run"],
        **{
            name: ["train", *more, "--network", name, *short, "--out", name] for name, more in trained.items()
        },
        **{
            name: ["train", *more, "--objective", name, *short, "--out", name]
            for name, more in compared.items()
        },
        "segment": ["segment", "train", *pairs, "--steps", "20", "--out", "segment"],
    }


def run(checkout: Path, out: Path, data: Path, only: list[str]) -> None:
    """Run all commands with the source of `checkout`, and leave the results in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve() / "src")}
    for name, arguments in commands(data.resolve()).items():
        if only and name not in only:
            continue
        print(name, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "unpool", *arguments],
            cwd=out,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            print(f"{name} failed:\n{done.stderr[-2000:]}")


def digests(out: Path) -> dict[str, str]:
    """Compute the digest of every result in `out`."""
    files = [*out.rglob(WEIGHTS), *out.rglob(GROUPS)]
    return {str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def compare(out: Path, other: Path) -> int:
    """Print a line for every result, and return how many differ."""
    one, two = digests(out), digests(other)
    different = 0
    for name in sorted(one | two):
        same = one.get(name) == two.get(name)
        different += not same
        print(f"{'same' if same else 'DIFFERENT' if name in one and name in two else 'MISSING':<10}{name}")
    return different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    running = kinds.add_parser("run")
    running.add_argument("checkout", type=Path)
    running.add_argument("out", type=Path)
    running.add_argument("--data", type=Path, required=True)
    running.add_argument("--only", nargs="*", default=[])
    comparing = kinds.add_parser("compare")
    comparing.add_argument("out", type=Path)
    comparing.add_argument("other", type=Path)
    args = parser.parse_args()
    if args.kind == "run":
        run(args.checkout, args.out, args.data, args.only)
    else:
        sys.exit(compare(args.out, args.other) > 0)


if __name__ == "__main__":
    main()
