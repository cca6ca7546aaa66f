"""`unpool run` and `unpool demo`: from a folder of images to groups a person can see."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from unpool.actions.embedding.embed import Embedding, sync_embeddings
from unpool.actions.embedding.prepare_model import ModelRequest
from unpool.actions.grouping.group import Groups, evaluate, group, map_images
from unpool.actions.grouping.report import make_report
from unpool.core.progress import Progress
from unpool.options import check
from unpool.store.columns import OK
from unpool.store.state import REPORT, read_state, write_state
from unpool.store.table import ImageTable

DEMO = "digits"


def run(
    place: str,
    *,
    work: Path | None = None,
    network: str = "auto",
    groups: Groups = "auto",
    minutes: float | None = None,
    steps: int | None = None,
    data: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed, map and group the images of `place` and write the report; returns the JSON object of `unpool run`.

    A second run embeds only what is new or changed. Raises `UnpoolError` where no image is usable.
    """
    check(groups=groups, minutes=minutes, steps=steps, seed=seed, device=device)
    progress = progress or Progress()
    wish = ModelRequest(network, minutes, steps, seed, groups=groups)
    done = sync_embeddings(place, wish, work=work, data=data, device=device, progress=progress)
    asked = {"groups": groups, "seed": seed, "images": done.images, "dimension": done.dimension}
    finished = None if done.embedded or done.removed else read_state(done.work).get("finished")
    if finished is None or finished["asked"] != asked or not (done.work / REPORT / "index.html").is_file():
        finished = _analyse(done, asked, progress)
    else:
        progress.message("nothing is new: groups, map and report are as they were")
        finished = finished | _sizes(done.work)  # edits by hand may have changed them
    return _result(done, finished)


def demo(
    *, work: Path | None = None, seed: int = 0, device: str = "auto", progress: Progress | None = None
) -> dict[str, Any]:
    """`run` with ten groups on the 1,797 digits that scikit-learn carries."""
    work = work or Path("demo.unpool")
    return run(DEMO, work=work, groups=10, seed=seed, device=device, progress=progress)


def _analyse(done: Embedding, asked: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The second half of a run: map, groups, report; noted in the workspace once all of it is there."""
    write_state(done.work, finished=None)
    start = time.perf_counter()
    laid = map_images(done.work, seed=asked["seed"], refresh=False, progress=progress)
    mapped = time.perf_counter()
    found = group(done.work, groups=asked["groups"], seed=asked["seed"], refresh=False, progress=progress)
    grouped = time.perf_counter()
    finished: dict[str, Any] = {
        "asked": asked, "groups": found["groups"], "method": found["method"], "sizes": found["sizes"],
        "noise": found["noise"], "silhouette": found["silhouette"],
        "trustworthiness": laid["trustworthiness"],
    }  # fmt: skip
    evaluate(done.work, trusted=laid["trustworthiness"], refresh=False, progress=progress)
    with progress.stage("report"):
        make_report(done.work)
    ImageTable(done.work).compact()
    write_state(done.work, finished=finished)
    return finished | {"seconds": {"group": grouped - mapped, "map": mapped - start}}


def _sizes(work: Path) -> dict[str, Any]:
    group_N = ImageTable(work).frame(["group"], where=f"status = '{OK}'")["group"].dropna()
    sizes = group_N[group_N >= 0].value_counts().sort_index()
    return {"groups": len(sizes), "sizes": sizes.tolist()}


def _result(done: Embedding, finished: dict[str, Any]) -> dict[str, Any]:
    seconds = done.seconds | {"group": 0.0, "map": 0.0} | finished.get("seconds", {})
    return {
        "work": str(done.work), "images": done.images, "skipped": done.skipped, "embedded": done.embedded,
        "network": done.network, "reason": done.reason, "dimension": done.dimension,
        "compared": done.compared or None,
        "groups": finished["groups"], "sizes": finished["sizes"], "silhouette": finished["silhouette"],
        "trustworthiness": finished["trustworthiness"], "report": str(done.work / REPORT / "index.html"),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }  # fmt: skip
