"""unpool's side: its commands as a user types them, and what they leave in a workspace."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.peers.scoring import pairs_of_sets

Request = dict[str, Any]
Command = list[str]
UNPOOL = [sys.executable, "-m", "unpool"]
WORK = "own.unpool"
FLAGGED = ("dark", "bright", "blurred")


def commands(request: Request) -> list[Command]:
    """The commands of a task, run one after the other."""
    work = str(Path(request["out"]) / WORK)
    seed = ["--seed", str(request["seed"])]
    embed = [
        *UNPOOL,
        "embed",
        request.get("folder", ""),
        "--model",
        "efficientnet-lite0",
        "--work",
        work,
        "--json",
    ]
    run = ["--groups", str(request.get("num_groups")), "--no-open", "--work", work, "--json", *seed]
    by_task: dict[str, list[Command]] = {
        "embed": [embed],
        "group": [[*UNPOOL, "run", request.get("folder", ""), *run]],
        "check": [embed, [*UNPOOL, "check", "--work", work, "--json", *seed]],
        "map": [[*UNPOOL, "map", "--work", work, "--json", *seed]],
        "digits": [[*UNPOOL, "run", "digits", "--minutes", str(request.get("minutes")), *run]],
        "segment": _segment(request),
    }
    return by_task[request["task"]]


def _segment(request: Request) -> list[Command]:
    if request["task"] != "segment":
        return []
    model, out = str(Path(request["out"]) / "model"), str(Path(request["out"]) / "predicted")
    train = [*UNPOOL, "segment", "train", request["images"], request["masks"], "--out", model, "--json"]
    train += ["--val-images", request["val_images"], "--val-masks", request["val_masks"]]
    train += ["--ignore", str(request["ignore"]), "--minutes", str(request["minutes"])]
    return [
        [*train, "--seed", str(request["seed"])],
        [*UNPOOL, "segment", "predict", request["val_images"], "--model", model, "--out", out, "--json"],
    ]


def prepare(request: Request) -> None:
    """Before the clock starts: a workspace with vectors for a map, which has no images to embed."""
    from unpool.store.state import write_state
    from unpool.store.table import ImageTable

    if request["task"] != "map":
        return
    vectors_ND = np.load(request["vectors"])
    work = Path(request["out"]) / WORK
    shutil.rmtree(work, ignore_errors=True)
    table = ImageTable.create(work)
    table.reset_vectors(vectors_ND.shape[1])
    rows = [
        {"path": f"{row:06}.png", "id": f"{row:06}", "status": "ok", "vector": vector_D, "model": "given"}
        for row, vector_D in enumerate(vectors_ND.astype(np.float32))
    ]
    table.upsert(rows)
    write_state(work, images=str(work), place=str(work), data=None)


def read(request: Request) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what the commands left: fields and arrays as those of other programs."""
    out, task = Path(request["out"]), request["task"]
    results = [json.loads(file.read_text()) for file in sorted(out.glob("printed-*.txt"))]
    fields: dict[str, Any] = {"seconds": _stages(task, results)}
    arrays: dict[str, np.ndarray] = {}
    if task == "segment":
        fields["steps"] = results[0]["steps"]
        return fields, arrays
    from unpool.store.table import ImageTable

    table = ImageTable(out / WORK)
    if task in ("embed", "group", "digits"):
        fields["paths"], arrays["vectors"] = table.vectors()
    if task in ("group", "digits"):
        frame = table.frame(["path", "group"]).set_index("path")
        arrays["groups"] = frame.loc[fields["paths"], "group"].to_numpy(np.int64)
    if task == "map":
        frame = table.frame(["path", "x", "y"]).sort_values("path")
        arrays["places"] = frame[["x", "y"]].to_numpy(np.float32)
    if task == "check":
        fields.update(_problems(out / WORK))
    return fields, arrays


def _stages(task: str, results: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of stages, as the commands print them, without the start of the process."""
    first = results[0].get("seconds")
    if isinstance(first, dict):
        return {name: seconds for name, seconds in first.items() if seconds}
    names = {"embed": ["embed"], "check": ["embed"], "segment": ["train", "predict"]}.get(task, [])
    return {name: found["seconds"] for name, found in zip(names, results, strict=False)}


def _problems(work: Path) -> dict[str, Sequence[object]]:
    from unpool.store.findings import found_problems, found_sets

    found = found_problems(work) or {}
    sets = [names for kind in ("duplicates", "near_duplicates") for names in found_sets(work, kind)]
    flagged = {kind: found.get(kind, []) for kind in FLAGGED}
    return {"duplicates": pairs_of_sets(sets), **flagged}
