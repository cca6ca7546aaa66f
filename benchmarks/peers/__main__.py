"""Run unpool beside other programs, and write what was measured.

    python -m benchmarks.peers [--data FOLDER] [--only NAME …] [--quick] [--out FILE] [--page FILE] [--against FILE]

Writes benchmarks/results/peers.json after each task, and docs/peers.md at the end. With --only the tasks that ran
replace those in the file, so that a long benchmark can be run in parts; with --quick another file must be named. Each
peer is installed from its package into an environment of its own, which is removed afterwards unless --keep. The data
folder may hold clothing/, camvid/ and mnist/; what is absent is drawn or taken from scikit-learn. Quiet machine only.
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
from benchmarks.peers.page import RESULTS
from benchmarks.peers.runner import Bench, install_all, run_task, say
from benchmarks.peers.summary import differences
from benchmarks.peers.tasks import QUICK, Size

FORMAT = 1
MIN_FREE_GB = 6
NAMES = {"limits", *(name for program in PROGRAMS for name in names_of(program))}


def run(bench: Bench, out: Path) -> dict[str, Any]:
    """Install, run, measure; the file is written after each task."""
    start = time.perf_counter()
    result: dict[str, Any] = {
        "format": FORMAT, "date": datetime.now(UTC).isoformat(timespec="seconds"), **machine.commit(),
        "machine": machine.describe(), "load": [machine.load()], "quick": bench.size == QUICK,
        "matrix_product_gflops": [], "environments": {}, "tasks": {},
    }  # fmt: skip
    if bench.only and out.exists():
        earlier = json.loads(out.read_text("utf-8"))
        result |= {key: earlier[key] for key in ("environments", "tasks", "limits") if key in earlier}
    installed = install_all(bench)
    result["environments"] |= {package or "unpool": each.as_dict() for package, each in installed.items()}
    result["install_seconds"] = round(time.perf_counter() - start, 1)
    result["matrix_product_gflops"].append(machine.matrix_product())
    source = {key: result[key] for key in ("date", "commit", "changed")}
    for task in bench.tasks():
        result["tasks"][task.name] = {**run_task(bench, task, installed), **source}
        result["seconds"] = round(time.perf_counter() - start, 1)
        write(out, result)
    if not bench.only or "limits" in bench.only:
        result["limits"] = limits.measure_limits(bench, result)
    result["matrix_product_gflops"].append(machine.matrix_product())
    result["load"].append(machine.load())
    result["seconds"] = round(time.perf_counter() - start, 1)
    write(out, result)
    return result


def write(out: Path, result: dict[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with clothing/, camvid/ and mnist/")
    parser.add_argument(
        "--only", action="append", default=[], help="program, task, TASK:PROGRAM or limits; repeatable"
    )
    parser.add_argument("--quick", action="store_true", help="few images, one round: does everything run?")
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON file to write")
    parser.add_argument("--page", type=Path, help="page to write, its pictures beside it in images/")
    parser.add_argument("--against", type=Path, help="earlier JSON file; prints where the ranges do not meet")
    parser.add_argument(
        "--scratch", type=Path, help="where the folder of environments and data is made, 3 GB"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep environments, data and answers; environments are used again"
    )
    args = parser.parse_args()
    if unknown := [name for name in args.only if name not in NAMES]:
        parser.error(f"--only {unknown[0]}: no such program or task; there are {', '.join(sorted(NAMES))}")
    if args.quick and args.out == RESULTS:
        parser.error("--quick measures nothing of use: name another file with --out")
    if args.page is None and args.out == RESULTS:
        args.page = page.PAGE
    args.scratch = (args.scratch or Path(tempfile.gettempdir())).resolve()
    args.scratch.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(args.scratch).free / 1e9) < MIN_FREE_GB:
        parser.error(
            f"{args.scratch}: {free:.1f} GB free, {MIN_FREE_GB} are needed; name another with --scratch"
        )
    return args


def main() -> None:
    args = parse()
    against = json.loads(args.against.read_text("utf-8")) if args.against else None  # before it is replaced
    kept = args.scratch / "unpool-peers"
    scratch = kept if args.keep else Path(tempfile.mkdtemp(prefix="unpool-peers-", dir=args.scratch))
    try:
        size = QUICK if args.quick else Size()
        result = run(Bench(scratch, args.data and args.data.resolve(), size, args.only), args.out)
    finally:
        if not args.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    if args.page:
        page.write(result, args.page)
    if against:
        say("\n".join(differences(against, result)) or "all ranges meet those of the earlier result")


if __name__ == "__main__":
    main()
