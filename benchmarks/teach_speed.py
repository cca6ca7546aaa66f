"""Measure how long the page waits after each label, on a large workspace.

    python benchmarks/viewer_workspace.py big.unpool --images 100000 --dimension 1280
    python benchmarks/teach_speed.py big.unpool [--labels 60]

The server runs in this process, without a browser. After each label: `POST /api/edit`, then `GET /api/teach`; the
label is the folder of the image. Milliseconds, medians and the longest; then what the thread of the teacher takes for
the last labels. Writes labels into the workspace.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from fastapi.testclient import TestClient

from unpool.store.table import ImageTable
from unpool.viewer.server import create_app


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=int, default=60)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that a person looks at an image")
    args = parser.parse_args()
    table = ImageTable(args.work)
    paths = table.arrow(["path"], where="status = 'ok'")["path"].to_pylist()
    times: dict[str, list[float]] = {"edit": [], "teach": [], "both": []}
    app = create_app(args.work, token="benchmark")
    with TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "benchmark"}) as client:
        start = time.perf_counter()
        answer = client.get("/api/teach", params={"revision": 1}).json()
        print(f"first answer {time.perf_counter() - start:.2f} s, {answer['compared']:,} images")
        lags = []
        for _ in range(args.labels):
            row = answer["images"][0]["row"]
            label = Path(paths[row]).parent.name
            request = {"revision": 1, "action": "label", "rows": [row], "label": label}
            time.sleep(args.pause)
            start = time.perf_counter()
            client.post("/api/edit", json=request).raise_for_status()
            edited = time.perf_counter()
            answer = client.get("/api/teach", params={"revision": 1}).json()
            end = time.perf_counter()
            lags.append(answer["labelled"] - answer["learnt"])
            for name, seconds in (("edit", edited - start), ("teach", end - edited), ("both", end - start)):
                times[name].append(1000 * seconds)
    for name, values in times.items():
        print(f"{name:6} median {statistics.median(values):6.0f} ms, longest {max(values):6.0f} ms")
    print(f"answers that had not learnt the newest label yet: {sum(lag > 0 for lag in lags)} of {len(lags)}")
    print(f"accuracy at the end: {answer['accuracy']}")


if __name__ == "__main__":
    main()
