"""Time every verb on a workspace of any size, with the memory it takes.

    python benchmarks/million.py OUT.unpool [--images 1000000] [--dimension 128] [--only map,group,…] [--json FILE]

Makes OUT.unpool where it is missing: rows with vectors of unit length (100 groups of unequal size, each of some 16
directions of its own, and noise), a small picture each, and one near duplicate in 200; there are no files behind them.
Then each step runs in a process of its own: seconds and the largest resident memory are printed, and with --json added
to FILE. Steps: map, group, check, evaluate, report, open (what `unpool view` reads at its start), search (by path from
Python and by row on the page, with the recall against all vectors), add (100 more rows).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.actions.grouping.growth import grow
from unpool.actions.search_index import update_search_index
from unpool.actions.sharing.report import write_report
from unpool.core.progress import TerminalProgress
from unpool.store.search.open_table import open_table
from unpool.store.state import write_state
from unpool.store.table import ImageTable
from unpool.viewer.session import Session
from unpool.workspace import Workspace

CHUNK, NUM_GROUPS, NUM_DIRECTIONS, SIDE = 20_000, 100, 16, 64
NOISE, DUPLICATES = 0.03, 200  # deviation of each number; of so many images one is a near duplicate
NUM_QUERIES, NUM_NEAREST, NUM_ADDED = 200, 10, 100
VERBS = ("map", "group", "check", "evaluate")
STEPS = (*VERBS, "report", "open", "search", "add")


class Collection:
    """Draws rows: the same ones for a seed."""

    def __init__(self, dimension: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.centre_KD = self.rng.normal(size=(NUM_GROUPS, dimension)) / np.sqrt(dimension)
        strength = 0.6 / np.sqrt(np.arange(1, NUM_DIRECTIONS + 1))
        self.basis_KRD = self.rng.normal(size=(NUM_GROUPS, NUM_DIRECTIONS, dimension)) / np.sqrt(dimension)
        self.basis_KRD *= strength[:, None] * 0.7
        share_K = self.rng.uniform(0.2, 1, NUM_GROUPS)
        self.share_K = share_K / share_K.sum()
        self.colour_K3 = self.rng.uniform(40, 215, (NUM_GROUPS, 3))

    def vectors(self, group_M: np.ndarray) -> np.ndarray:
        """Vectors (M, D) of unit length."""
        score_MR = self.rng.normal(size=(len(group_M), NUM_DIRECTIONS))
        vector_MD = self.centre_KD[group_M] + NOISE * self.rng.normal(
            size=(len(group_M), self.centre_KD.shape[1])
        )
        for group in np.unique(group_M):
            rows = group_M == group
            vector_MD[rows] += score_MR[rows] @ self.basis_KRD[group]
        return (vector_MD / np.linalg.norm(vector_MD, axis=1, keepdims=True)).astype(np.float32)

    def picture(self, group: int) -> bytes:
        """A picture of its own (WebP), in the colour of its group."""
        coarse = self.rng.normal(self.colour_K3[group], 45, (5, 5, 3)).clip(0, 255).astype(np.uint8)
        fine = self.rng.integers(-25, 26, (20, 20, 1))
        image = (
            np.asarray(Image.fromarray(coarse).resize((20, 20), Image.Resampling.BICUBIC), np.int64) + fine
        )
        return encode(
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).resize(
                (SIDE, SIDE), Image.Resampling.BICUBIC
            )
        )

    def rows(self, first: int, count: int) -> list[dict[str, object]]:
        """Rows of the table, numbered from `first`."""
        group_M = self.rng.choice(NUM_GROUPS, count, p=self.share_K)
        vector_MD, rows = self.vectors(group_M), []
        for i, group in enumerate(group_M.tolist()):
            content = self.picture(group)
            if i and (first + i) % DUPLICATES == 0:
                vector_MD[i] = vector_MD[i - 1]
                with Image.open(io.BytesIO(rows[-1]["thumbnail"])) as original:
                    content = encode(original.convert("RGB"), quality=60)
            number = first + i
            rows.append({
                "path": f"{number // 1000:05}/{number:08}.jpg", "id": f"{number:032x}", "width": 1200, "height": 900,
                "mode": "RGB", "bytes": 400_000 + number % 1000, "modified": 1.7e9 + number, "status": "ok",
                "grey": False, "thumbnail": content, "sharpness": 0.5, "brightness": 0.5, "vector": vector_MD[i],
                "model": "synthetic",
            })  # fmt: skip
        return rows


def encode(picture: Image.Image, quality: int = 75) -> bytes:
    content = io.BytesIO()
    picture.save(content, "WEBP", quality=quality, method=0)
    return content.getvalue()


def make(out: Path, count: int, dimension: int, seed: int = 0) -> None:
    """Write the workspace."""
    table, drawn = ImageTable.create(out), Collection(dimension, seed)
    table.reset_vectors(dimension)
    for start in range(0, count, CHUNK):
        table.upsert(drawn.rows(start, min(CHUNK, count - start)))
        print(f"{min(count, start + CHUNK):,} of {count:,} rows", file=sys.stderr, flush=True)
    table.compact()
    place = str(out.resolve().with_suffix(""))
    write_state(out, images=place, place=place, data=None, embedded_by="synthetic")


def report(work: Path) -> dict[str, float]:
    write_report(work, of_model=False)
    return {}


def open_page(work: Path) -> dict[str, float]:
    session = Session(work)
    return {"points_bytes": len(session.snapshot(session.revision).points())}


def search(work: Path) -> dict[str, float]:
    """Seconds of a search by path and by row, and its recall against all vectors."""
    update_search_index(ImageTable(work), TerminalProgress())
    paths, vector_ND = ImageTable(work).vectors()
    rows = np.random.default_rng(1).choice(len(paths), NUM_QUERIES, replace=False)
    true_QK = exact(vector_ND[rows], vector_ND)
    del vector_ND
    workspace, page = Workspace(work), Session(work)
    by_path, by_row, found = [], [], 0
    for row, true_K in zip(rows.tolist(), true_QK, strict=True):
        start = time.perf_counter()
        near = workspace.search(paths[row], k=NUM_NEAREST)
        by_path.append(time.perf_counter() - start)
        found += len({paths[each] for each in true_K} & set(near["path"]))
        start = time.perf_counter()
        page.near_row(page.revision, row, NUM_NEAREST)
        by_row.append(time.perf_counter() - start)
    return {
        "recall_at_10": found / (NUM_QUERIES * NUM_NEAREST),
        "python_p50_ms": 1000 * float(np.median(by_path)), "python_p95_ms": 1000 * float(np.quantile(by_path, 0.95)),
        "page_p50_ms": 1000 * float(np.median(by_row)), "page_p95_ms": 1000 * float(np.quantile(by_row, 0.95)),
    }  # fmt: skip


def exact(query_QD: np.ndarray, vector_ND: np.ndarray) -> np.ndarray:
    parts = [
        np.argsort(-(part @ vector_ND.T), axis=1)[:, :NUM_NEAREST] for part in np.array_split(query_QD, 50)
    ]
    return np.concatenate(parts)


def add(work: Path) -> dict[str, float]:
    """Seconds until new rows have place, group and search, and the share of them that a search finds."""
    table = ImageTable(work)
    drawn = Collection(int(table.dimension or 0), 7)
    rows = drawn.rows(len(table), NUM_ADDED)
    start = time.perf_counter()
    table.upsert(rows)
    table.compact()
    grow(work, None)
    update_search_index(table, TerminalProgress())
    seconds = time.perf_counter() - start
    opened = open_table(work).table
    hits = [opened.nearest(row["vector"], 2)[0] for row in rows]
    found = [row["path"] in hit for row, hit in zip(rows, hits, strict=True)]
    return {"add_seconds": seconds, "found": float(np.mean(found))}


FUNCTIONS = {"report": report, "open": open_page, "search": search, "add": add}


def run(step: str, work: Path) -> dict[str, object]:
    """Run a step in a process of its own."""
    words = (
        ["-m", "unpool", step, "--work", str(work), "--json"]
        if step in VERBS
        else [__file__, str(work), "--step", step]
    )
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    answer = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        return {"step": step, "failed": os.waitstatus_to_exitcode(status)}
    found = {name: value for name, value in json.loads(answer).items() if isinstance(value, int | float)}
    return {
        "step": step, "seconds": round(time.perf_counter() - start, 1), "peak_gib": round(usage.ru_maxrss / 2**20, 2),
        **found,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--only", default=",".join(STEPS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--step", choices=list(FUNCTIONS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(FUNCTIONS[args.step](args.out)))
        return
    if not args.out.exists():
        start = time.perf_counter()
        make(args.out, args.images, args.dimension)
        print(f"made in {time.perf_counter() - start:.0f} s", flush=True)
    for step in [name for name in args.only.split(",") if name]:
        result = {"images": len(ImageTable(args.out)), **run(step, args.out)}
        print(json.dumps(result), flush=True)
        if args.json:
            with args.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
