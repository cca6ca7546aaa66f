"""`unpool run`, `unpool demo`: from images to groups and report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unpool.actions.embedding.embed import Embedding, sync_embeddings
from unpool.actions.embedding.prepare_model import ModelRequest, check_request
from unpool.actions.embedding.settings import DemoSettings, RunSettings
from unpool.actions.embedding.value_rules import ValueRequest
from unpool.actions.grouping.group import evaluate, group, map_images
from unpool.actions.grouping.join import KeptGroups, groups_to_keep, join_groups, source_of_groups
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.actions.history.recording import recording
from unpool.actions.sharing.report import write_report
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UsageError
from unpool.store.columns import OK
from unpool.store.lock import working
from unpool.store.state import REPORT, default_workspace, read_state, write_state
from unpool.store.sync import check_folder_is_free
from unpool.store.table import ImageTable

DEMO_SET, DEMO_GROUPS = "digits", 10


def run(
    source: str,
    settings: RunSettings = RunSettings(),  # noqa: B008 - frozen
    *,
    work: Path | None = None,
    data: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed, map and group images, and write the report.

    A second run embeds only what is new or changed.

    Args:
        source: a folder of images, or a named data set.
        settings: network, number of groups, training time.
        work: the workspace; ./NAME.unpool where None.
        data: folder with named data sets in torchvision's layout.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool run`.

    Raises:
        UnpoolError: no image is usable.
        UsageError: a value is out of range, or both `minutes` and `steps` are set.
    """
    check_settings(settings)
    if settings.minutes is not None and settings.steps is not None:
        raise UsageError("--minutes and --steps both say how long to train; give one of them")
    work = work or default_workspace(source)
    check_request(_model_request(settings))
    check_folder_is_free(work, str(Path(source).resolve()))
    with working(work, "unpool run", create=True), recording(work, columns=None) as note:
        return _run(source, settings, work, data, progress or Progress(), note)


def _run(
    source: str,
    settings: RunSettings,
    work: Path,
    data: Path | None,
    progress: Progress,
    note: Callable[[str | None], None],
) -> dict[str, Any]:
    kept = groups_to_keep(work) if settings.groups is None else None
    groups = "auto" if settings.groups is None else settings.groups
    request = _model_request(settings)
    done = sync_embeddings(
        source, request, work=work, data=data, device=settings.device, progress=progress,
        relocate=settings.relocate, forget=settings.forget, values=ValueRequest(settings.range, settings.nodata),
    )  # fmt: skip
    key = {"groups": groups, "seed": settings.seed, "images": done.images, "dimension": done.dimension}
    finished = None if done.embedded or done.removed else read_state(done.work).get("finished")
    is_same = finished is not None and (
        kept is not None or (finished["asked"] == key and (settings.groups is None or not _is_by_hand(work)))
    )
    if finished is None or not is_same or not (done.work / REPORT / "index.html").is_file():
        finished = _analyse(done, key, kept, progress)
        note(f"run: {done.embedded} images embedded, {finished['groups']} groups")
    else:
        progress.message("no image is new or changed: groups, map and report are kept")
        finished = finished | _current_sizes(done.work)  # edits by hand may have changed them
    return _result(done, finished)


def _model_request(settings: RunSettings) -> ModelRequest:
    groups = "auto" if settings.groups is None else settings.groups
    return ModelRequest(settings.network, settings.minutes, settings.steps, settings.seed, groups=groups)


def demo(
    settings: DemoSettings = DemoSettings(),  # noqa: B008 - frozen
    *,
    work: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run with ten groups on the digits that scikit-learn carries.

    Args:
        settings: seed and device.
        work: the workspace; ./demo.unpool where None.
        progress: where stages and messages go.
    """
    chosen = RunSettings(groups=DEMO_GROUPS, seed=settings.seed, device=settings.device)
    return run(DEMO_SET, chosen, work=work or Path("demo.unpool"), progress=progress)


def _analyse(
    done: Embedding, key: dict[str, Any], kept: KeptGroups | None, progress: Progress
) -> dict[str, Any]:
    """Map, group and report; `finished` is noted in the workspace once all of it is there."""
    write_state(done.work, finished=None)
    start = time.perf_counter()
    mapped = map_images(done.work, MapSettings(seed=key["seed"]), refresh=False, progress=progress)
    map_end = time.perf_counter()
    found = None if kept is None else join_groups(done.work, kept, progress)
    is_regrouped = found is None
    if found is None:
        if _is_by_hand(done.work):
            progress.message(
                "the groups that were made by hand are made anew; `unpool undo` brings them back"
            )
        settings = GroupSettings(groups=key["groups"], seed=key["seed"])
        found = group(done.work, settings, refresh=False, use_tree=False, progress=progress)
        if key["groups"] == "auto":
            write_state(done.work, group=read_state(done.work)["group"] | {"source": "found"})
    group_end = time.perf_counter()
    finished: dict[str, Any] = {
        "asked": key if is_regrouped else key | {"groups": None},
        "groups": found["groups"], "method": found["method"], "sizes": found["sizes"],
        "noise": found["noise"], "silhouette": found["silhouette"],
        "trustworthiness": mapped["trustworthiness"],
    }  # fmt: skip
    evaluate(done.work, trusted=mapped["trustworthiness"], refresh=False, progress=progress)
    with progress.stage("writing the report"):
        write_report(done.work)
    ImageTable(done.work).compact()
    write_state(done.work, finished=finished)
    return finished | {"seconds": {"group": group_end - map_end, "map": map_end - start}}


def _is_by_hand(work: Path) -> bool:
    return source_of_groups(work) == "hand"


def _current_sizes(work: Path) -> dict[str, Any]:
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
