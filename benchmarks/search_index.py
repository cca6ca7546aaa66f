"""Compare search indexes of the vectors of a workspace.

    python benchmarks/search_index.py WORK.unpool [--queries 200]

For each: seconds to build, megabytes on disk, milliseconds of a search for the ten nearest (median), and the share of
the true ten that it finds. The vectors are copied into a table of their own in a temporary folder; the workspace stays
as it is. Lance's kinds search as many lists as unpool's index would, those of codes compare four times ten again.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import lance
import numpy as np
import pyarrow as pa

from unpool.analysis.inverted_lists import largest_products, train_centres
from unpool.analysis.neighbours import normalise
from unpool.store.table import ImageTable

K = 10
KINDS = {
    "IVF_FLAT": {}, "IVF_SQ": {"refine_factor": 4}, "IVF_PQ": {"refine_factor": 4, "num_sub_vectors": 16},
    "IVF_HNSW_SQ": {"refine_factor": 4},
}  # fmt: skip


def measure(search: Callable[[np.ndarray], list[int]], query_QD: np.ndarray, true_QK: np.ndarray) -> str:
    """Median milliseconds and recall."""
    seconds, found = [], 0
    for query_D, true_K in zip(query_QD, true_QK.tolist(), strict=True):
        start = time.perf_counter()
        rows = search(query_D)
        seconds.append(time.perf_counter() - start)
        found += len(set(rows) & set(true_K))
    return f"{1000 * np.median(seconds):8.1f} ms {found / true_QK.size:8.3f}"


def size_of(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def try_lance(folder: Path, unit_ND: np.ndarray, query_QD: np.ndarray, true_QK: np.ndarray) -> None:
    num_lists = 2 * math.isqrt(len(unit_ND))
    centre_LD = train_centres(unit_ND, num_lists, 0)
    for kind, options in KINDS.items():
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(unit_ND.ravel()), unit_ND.shape[1])
        table = pa.table({"row": np.arange(len(unit_ND)), "vector": vectors})
        data = lance.write_dataset(table, folder / f"{kind}.lance")
        start = time.perf_counter()
        building = {name: value for name, value in options.items() if name != "refine_factor"}
        data.create_index(
            "vector", kind, metric="cosine", num_partitions=num_lists, ivf_centroids=centre_LD, **building
        )
        seconds = time.perf_counter() - start
        data = lance.dataset(folder / f"{kind}.lance")

        def search(
            query_D: np.ndarray, data: lance.LanceDataset = data, options: dict[str, int] = options
        ) -> list[int]:
            nearest = {"column": "vector", "q": query_D, "k": K, "metric": "cosine", "minimum_nprobes": 16}
            if "refine_factor" in options:
                nearest["refine_factor"] = options["refine_factor"]
            return data.to_table(columns=["row", "_distance"], nearest=nearest)["row"].to_pylist()

        found = measure(search, query_QD, true_QK)
        print(
            f"Lance {kind:12} {seconds:6.1f} s {size_of(folder / f'{kind}.lance' / '_indices'):8.0f} MB {found}",
            flush=True,
        )


def try_faiss(folder: Path, unit_ND: np.ndarray, query_QD: np.ndarray, true_QK: np.ndarray) -> None:
    start = time.perf_counter()
    num_lists = 2 * math.isqrt(len(unit_ND))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(unit_ND.shape[1]), unit_ND.shape[1], num_lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.spherical = 5, 64, True
    index.train(unit_ND)
    index.add(unit_ND)
    faiss.write_index(index, str(folder / "faiss"))
    seconds = time.perf_counter() - start
    opened = faiss.read_index(str(folder / "faiss"), faiss.IO_FLAG_MMAP)
    opened.nprobe = 16
    found = measure(lambda query_D: opened.search(query_D[None], K)[1][0].tolist(), query_QD, true_QK)
    print(
        f"faiss IVF, mapped  {seconds:6.1f} s {(folder / 'faiss').stat().st_size / 1e6:8.0f} MB {found}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    args = parser.parse_args()
    paths, vector_ND = ImageTable(args.work).vectors()
    unit_ND = normalise(vector_ND)
    query_QD = unit_ND[np.random.default_rng(0).choice(len(unit_ND), args.queries, replace=False)]
    true_QK = largest_products(query_QD, unit_ND, K)[1]
    print(
        f"{len(paths):,} vectors of {unit_ND.shape[1]}\n{'':16} {'build':>10} {'disk':>11} {'search':>11} {'recall':>8}"
    )
    with tempfile.TemporaryDirectory() as name:
        try_faiss(Path(name), unit_ND, query_QD, true_QK)
        try_lance(Path(name), unit_ND, query_QD, true_QK)
        exact = ImageTable(args.work)
        place_of = {path: place for place, path in enumerate(paths)}
        rows = measure(
            lambda query_D: [place_of[path] for path in exact.nearest(query_D, K)[0]], query_QD, true_QK
        )
        print(f"unpool as it is {'':22} {rows}")


if __name__ == "__main__":
    main()
