"""Run unpool beside other programs, and write what was measured.

    python -m benchmarks.peers [--data FOLDER] [--only NAME …] [--quick] [--out FILE] [--against FILE] [--keep]

Writes benchmarks/results/peers.json and docs/peers.md; with --only or --quick it prints the results instead, unless
--out names a file. Each peer is installed from its package into an environment of its own, which is removed
afterwards unless --keep. The data folder may hold clothing/, camvid/ and mnist/; what is absent is drawn or taken
from scikit-learn. Quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.peers import limits, machine, page
from benchmarks.peers.catalogue import PROGRAMS, names_of
from benchmarks.peers.runner import Bench, install_all, run_task, say
from benchmarks.peers.summary import differences
from benchmarks.peers.tasks import QUICK, Size

FORMAT = 1
RESULTS = machine.ROOT / "benchmarks" / "results" / "peers.json"
MIN_FREE_GB = 6
NAMES = {"limits", *(name for program in PROGRAMS for name in names_of(program))}


def run(bench: Bench) -> dict[str, Any]:
    """Install, run, measure."""
    start = time.perf_counter()
    result: dict[str, Any] = {
        "format": FORMAT, "date": datetime.now(UTC).isoformat(timespec="seconds"), **machine.commit(),
        "machine": machine.describe(), "load": [machine.load()], "quick": bench.size == QUICK,
        "only": list(bench.only), "matrix_product_gflops": [],
    }  # fmt: skip
    installed = install_all(bench)
    result["environments"] = {package or "unpool": each.as_dict() for package, each in installed.items()}
    result["install_seconds"] = round(time.perf_counter() - start, 1)
    result["matrix_product_gflops"].append(machine.matrix_product())
    result["tasks"] = {task.name: run_task(bench, task, installed) for task in bench.tasks()}
    if not bench.only or "limits" in bench.only:
        result["limits"] = limits.measure_limits(bench, result)
    result["matrix_product_gflops"].append(machine.matrix_product())
    result["load"].append(machine.load())
    result["seconds"] = round(time.perf_counter() - start, 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with clothing/, camvid/ and mnist/")
    parser.add_argument(
        "--only", action="append", default=[], help="program, task, TASK:PROGRAM or limits; repeatable"
    )
    parser.add_argument("--quick", action="store_true", help="few images, one round: does everything run?")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--page", type=Path, help="page to write, its pictures beside it in images/")
    parser.add_argument("--against", type=Path, help="earlier JSON file; prints where the ranges do not meet")
    parser.add_argument(
        "--scratch", type=Path, help="folder for environments and data; removed unless --keep"
    )
    parser.add_argument("--keep", action="store_true", help="keep the environments and the data")
    args = parser.parse_args()
    if unknown := [name for name in args.only if name not in NAMES]:
        parser.error(f"--only {unknown[0]}: no such program or task; there are {', '.join(sorted(NAMES))}")
    scratch = args.scratch or Path(tempfile.mkdtemp(prefix="unpool-peers-"))
    scratch.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(scratch).free / 1e9) < MIN_FREE_GB:
        parser.error(f"{scratch}: {free:.1f} GB free, {MIN_FREE_GB} are needed; name another with --scratch")
    whole = not (args.only or args.quick)
    try:
        size = QUICK if args.quick else Size()
        result = run(Bench(scratch.resolve(), args.data and args.data.resolve(), size, args.only))
    finally:
        if not args.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    out, pages = args.out or (RESULTS if whole else None), args.page or (page.PAGE if whole else None)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    else:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    if pages:
        page.write(result, pages)
    if args.against:
        found = differences(json.loads(args.against.read_text()), result)
        say("\n".join(found) or "all ranges meet those of the earlier result")


if __name__ == "__main__":
    main()
