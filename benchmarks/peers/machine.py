"""The machine, the load and the source that figures belong to."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from unpool.core.cpu import usable_cores

ROOT = Path(__file__).parents[2]
SIDES, PRODUCTS = (1024, 2048), 11


def describe() -> dict[str, Any]:
    """What the machine is."""
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load() -> float | None:
    """Processes that wanted a core over the last minute, on average."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def commit() -> dict[str, Any]:
    """The commit of the source, and whether the source differs from it."""
    try:
        changed = _git("status", "--porcelain", "--", "src", "benchmarks")
        return {"commit": _git("rev-parse", "--short=10", "HEAD"), "changed": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "changed": None}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    fields = {key.strip(): value.strip() for key, value in pairs}
    name, flags = fields.get("model name", platform.machine()), fields.get("flags", "").split()
    vectors = [flag for flag in ("avx512f", "avx512_bf16", "amx_tile", "avx2") if flag in flags]
    return f"{name} ({', '.join(vectors)})" if vectors else name


def matrix_product() -> float:
    """GFLOP/s of products of square fp32 matrices: the median of several, at the better of two sizes."""
    code = f"from benchmarks.peers.machine import time_products; print(time_products({SIDES}, {PRODUCTS}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return round(float(done.stdout), 1)


def time_products(sides: tuple[int, ...], products: int) -> float:
    """Time products in this process; see `matrix_product`."""
    import torch

    torch.set_num_threads(usable_cores())
    best = 0.0
    for side in sides:
        a, b = torch.rand(side, side), torch.rand(side, side)
        seconds = []
        for _ in range(products):
            start = time.perf_counter()
            a @ b
            seconds.append(time.perf_counter() - start)
        best = max(best, 2 * side**3 / statistics.median(seconds) / 1e9)
    return best
