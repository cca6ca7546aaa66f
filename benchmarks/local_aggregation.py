"""Measure the cost of a Local Aggregation step, and of a large bank.

    python benchmarks/local_aggregation.py            the step: N 10,000, D 128, B 128, k 1,024, H 3
    python benchmarks/local_aggregation.py --large    a bank of 1,000,000 × 128 is filled, clustered and used

A step is the loss, its gradient at the embedding and the update of the bank. It is compared with a matrix
product and top-k, sorted (the default of torch) and unsorted, alternating in one process, by medians.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from unpool import LocalAggregation

ROUNDS = 100


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def compare() -> dict[str, object]:
    la = LocalAggregation(10_000, 128, num_neighbours=1_024, num_clusterings=3)
    la.recluster()
    generator = torch.Generator().manual_seed(0)
    z_BD = torch.randn(128, 128, generator=generator, requires_grad=True)
    index_B = torch.randperm(10_000, generator=generator)[:128]
    unit_BD = F.normalize(z_BD.detach(), dim=1)

    def step() -> None:
        z_BD.grad = None
        la(z_BD, index_B).backward()
        la.update(z_BD, index_B)

    sides: dict[str, Callable[[], object]] = {
        "step": step,
        "bare": lambda: (unit_BD @ la.bank.T).topk(1_024, dim=1),
        "bare_unordered": lambda: (unit_BD @ la.bank.T).topk(1_024, dim=1, sorted=False),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, work in sides.items():
            times[name].append(milliseconds(work))
    median = {name: statistics.median(values[10:]) for name, values in times.items()}
    return {
        "milliseconds": {name: round(value, 3) for name, value in median.items()},
        "times_bare": round(median["step"] / median["bare"], 2),
        "times_bare_unordered": round(median["step"] / median["bare_unordered"], 2),
    }


def measure_large() -> dict[str, object]:
    la = LocalAggregation(1_000_000, 128, num_clusterings=1)
    start = time.perf_counter()
    la.recluster()
    clustered = time.perf_counter() - start
    start = time.perf_counter()
    la.recluster()
    again = time.perf_counter() - start
    z_BD, index_B = torch.randn(128, 128, requires_grad=True), torch.randperm(1_000_000)[:128]
    start = time.perf_counter()
    la(z_BD, index_B).backward()
    la.update(z_BD, index_B)
    step = time.perf_counter() - start
    return {
        "clusters": la.num_clusters, "neighbours": la.num_neighbours,
        "seconds": {"first": round(clustered, 1), "later": round(again, 1), "step": round(step, 3)},
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20), 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="a bank of a million rows (minutes)")
    result = measure_large() if parser.parse_args().large else compare()
    machine = {"machine": platform.processor() or platform.machine(), "threads": torch.get_num_threads()}
    print(json.dumps(machine | {"torch": torch.__version__} | result))


if __name__ == "__main__":
    main()
