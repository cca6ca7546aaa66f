"""`unpool run`, `unpool demo`: from images to groups and report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unpool.actions.checks.inspected import choose_inspector, inspect_workspace
from unpool.actions.embedding.embed import report_lists, sync_embeddings
from unpool.actions.embedding.passes.embedding_pass import Embedding
from unpool.actions.embedding.settings import DemoSettings, NumGroups, RunSettings
from unpool.actions.embedding.value_rules import ValueRequest
from unpool.actions.encoders.model_request import ModelRequest, check_request
from unpool.actions.grouping.drift import read_drift, reason_to_rebuild
from unpool.actions.grouping.group import evaluate, group, map_images
from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.actions.grouping.growth import Grown, grow, refresh_group_files
from unpool.actions.grouping.join import Source, groups_to_keep, join_groups, source_of_groups
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.actions.history.recording import recording
from unpool.actions.sharing.report import refresh_report, write_report
from unpool.analysis.joining import Drift
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UsageError
from unpool.options import METHODS
from unpool.store.columns import OK
from unpool.store.inspection.inspector import found_not_good, read_inspector
from unpool.store.journal import done_steps, read_step
from unpool.store.lock import working
from unpool.store.spaces.paths import making_space
from unpool.store.state import REPORT, default_workspace, read_state, write_state
from unpool.store.sync import check_folder_is_free
from unpool.store.table import ImageTable, has_table
from unpool.store.versions import has_version

DEMO_SET, DEMO_GROUPS = "digits", 10
UNCHANGED = "no image is new or changed: groups, map and report are kept"
ANALYSING = "analysing"  # entry of unpool.yaml while groups and map are made anew


def run(
    source: str,
    settings: RunSettings = RunSettings(),  # noqa: B008 - frozen
    *,
    work: Path | None = None,
    data: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed, map and group images, and write the report.

    A second run embeds only what is new or changed; these images join the map and the groups that there are, and
    no other moves.

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
    with (
        working(work, "unpool run", create=True),
        making_space(work),
        recording(work, columns=None) as note,
    ):
        return _run(source, settings, work, data, progress or Progress(), note)


def _run(
    source: str,
    settings: RunSettings,
    work: Path,
    data: Path | None,
    progress: Progress,
    note: Callable[[str | None], None],
) -> dict[str, Any]:
    version = _version_before(work)
    is_resumed = version is not None and version != ImageTable(work).version
    done = sync_embeddings(
        source, _model_request(settings), work=work, data=data, device=settings.device, progress=progress,
        relocate=settings.relocate, forget=settings.forget, values=ValueRequest(settings.range, settings.nodata),
    )  # fmt: skip
    report_lists(done, progress)
    is_inspected = _inspect(settings, done, progress)
    start = time.perf_counter()
    grown = grow(work, version) if _is_continued(work, settings) else None
    if grown is None:
        finished = _analyse(done, settings, version, progress)
        note(f"run: {done.embedded} images embedded, {finished['groups']} groups")
    elif (
        is_resumed
        or grown.count
        or done.embedded
        or done.removed
        or done.moved
        or not _is_finished(work, done)
    ):
        finished = _update(done, grown, progress) | {"seconds": {"group": time.perf_counter() - start}}
        note(f"run: {done.embedded} images embedded, {grown.joined} joined, {done.removed} gone")
    else:
        progress.message(UNCHANGED)
        if is_inspected:
            refresh_report(work, progress)
            note(f"run: {len(found_not_good(work))} images found not good")
        finished = read_state(work)["finished"] | _current_sizes(work)  # edits by hand may have changed them
    return _result(done, finished, _report_drift(work, progress))


def _inspect(settings: RunSettings, done: Embedding, progress: Progress) -> bool:
    """Score new images, and say whether any score has changed."""
    model = choose_inspector(done.work, settings.inspector, None, progress)
    is_changed = done.embedded or done.removed or done.moved
    if model is None or not (is_changed or settings.inspector):
        return False
    version = ImageTable(done.work).version
    inspect_workspace(done.work, model, progress)
    return ImageTable(done.work).version != version


def _version_before(work: Path) -> int | None:
    """The table before images come and go: before a run that was stopped, where that is what was done last."""
    if not has_table(work):
        return None
    steps = [step for file in done_steps(work)[-1:] if (step := read_step(file)) is not None]
    is_stopped = bool(steps) and not steps[0].is_finished and has_version(work, steps[0].version_before)
    return steps[0].version_before if is_stopped else ImageTable(work).version


def _is_continued(work: Path, settings: RunSettings) -> bool:
    """Whether groups and map stay, and new images join them.

    They do unless this command asks for others than there are, or one that made them anew was stopped.
    """
    state, source = read_state(work), source_of_groups(work)
    if settings.rebuild or ANALYSING in state:
        return False
    if settings.groups is None and source != "found":
        return True
    requested = (state.get("finished") or {}).get("asked") or {}
    is_same_number = settings.groups is None or (
        requested.get("groups") == settings.groups and source != "hand"
    )
    return is_same_number and requested.get("seed") == settings.seed


def _is_finished(work: Path, done: Embedding) -> bool:
    """Whether figures and report are of the images that there are."""
    finished = read_state(work).get("finished") or {}
    is_whole = finished.get("is_whole", True) and (work / REPORT / "index.html").is_file()
    return is_whole and (finished.get("asked") or {}).get("images") == done.images


def _model_request(settings: RunSettings) -> ModelRequest:
    groups = "auto" if settings.groups is None else settings.groups
    return ModelRequest(
        settings.network,
        settings.minutes,
        settings.steps,
        settings.seed,
        groups=groups,
        weights=settings.weights,
    )


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
    done: Embedding, settings: RunSettings, version: int | None, progress: Progress
) -> dict[str, Any]:
    """Map, group and report; `finished` is noted in the workspace once all of it is there."""
    work = done.work
    # A run that was stopped after it had found groups did not come to record whose they are.
    source: Source = (read_state(work).get(ANALYSING) or {}).get("source") or source_of_groups(work)
    keeps = settings.groups is None and source != "found" and (source == "hand" or not settings.rebuild)
    kept = groups_to_keep(work, version) if keeps else None
    group_settings = _group_settings(work, settings, source)
    requested: dict[str, object] = {"groups": group_settings.groups, "seed": settings.seed}
    write_state(work, **{"finished": None, ANALYSING: {"source": source}})
    start = time.perf_counter()
    mapped = map_images(work, MapSettings(seed=settings.seed), refresh=False, progress=progress)
    map_end = time.perf_counter()
    found = None if kept is None else join_groups(work, kept, progress)
    if found is None:
        if source == "hand":
            progress.message(
                "the groups that were made by hand are made anew; `unpool undo` brings them back"
            )
        found = group(work, group_settings, refresh=False, use_tree=False, progress=progress)
        if group_settings.groups == "auto" and (source != "requested" or settings.groups == "auto"):
            write_state(work, group=read_state(work)["group"] | {"source": "found"})
    else:
        requested["groups"] = None
    group_end = time.perf_counter()
    finished: dict[str, Any] = {
        "asked": requested | {"images": done.images, "dimension": done.dimension},
        "groups": found["groups"], "method": found["method"], "sizes": found["sizes"],
        "noise": found["noise"], "silhouette": found["silhouette"],
        "trustworthiness": mapped["trustworthiness"], "measured_on": done.images,
    }  # fmt: skip
    evaluate(work, trusted=mapped["trustworthiness"], refresh=False, progress=progress)
    with progress.stage("writing the report"):
        write_report(work)
    ImageTable(work).compact()
    write_state(work, **{"finished": finished, ANALYSING: None})
    return finished | {"seconds": {"group": group_end - map_end, "map": map_end - start}}


def _group_settings(work: Path, settings: RunSettings, source: Source) -> GroupSettings:
    """How groups are found: as this command asks, or else as the one that the present groups come from."""
    if settings.groups is not None or source != "requested":
        return GroupSettings(groups=settings.groups or "auto", seed=settings.seed)
    state = read_state(work)
    group = state.get("group") or {}
    method = str(group.get("method")) if group.get("method") in METHODS else "auto"
    if (groups := ((state.get("finished") or {}).get("asked") or {}).get("groups")) is not None:  # of a run
        return GroupSettings(method=method, groups=groups, seed=settings.seed)
    is_auto = method == "hdbscan" or group.get("auto")
    number: NumGroups = "auto" if is_auto else int(group.get("groups") or 0) or "auto"
    return GroupSettings(method=method, groups=number, seed=settings.seed)


def _update(done: Embedding, grown: Grown, progress: Progress) -> dict[str, Any]:
    """Bring files, report and `finished` up to date; figures that take all images stay as they were measured."""
    work, finished = done.work, read_state(done.work).get("finished")
    is_lost = not (work / REPORT / "index.html").is_file()
    if finished is not None and finished.get("is_whole", True):
        write_state(work, finished=finished | {"is_whole": False})
    if grown.count:
        progress.message(
            f"{grown.count} images joined the map and the groups that there are, and no other has moved; "
            "--rebuild makes both anew"
        )
    sizes = refresh_group_files(work)
    is_measured = finished is not None  # else a command changed groups since the last run
    if finished is None:
        figures = evaluate(work, refresh=False, progress=progress)
        measured = {name: figures[name] for name in ("silhouette", "trustworthiness")}
        requested = {"groups": None, "seed": (read_state(work).get("map") or {}).get("seed")}
        finished = {"asked": requested, "measured_on": done.images, **measured}
    with progress.stage("writing the report"):
        write_report(work, of_model=is_lost or not is_measured)
    if is_lost:  # with what else was in its folder
        rewrite_group_files(work, progress)
        evaluate(work, progress=progress)
    finished |= {
        "asked": finished["asked"] | {"images": done.images, "dimension": done.dimension},
        "groups": len(sizes), "sizes": sizes, "is_whole": True,
    }  # fmt: skip
    write_state(work, finished=finished)
    return finished


def _report_drift(work: Path, progress: Progress) -> Drift:
    """Measure how much new images have changed the collection; says so where it is much."""
    drift = read_drift(work)
    if sentence := reason_to_rebuild(drift):
        progress.message(f"{sentence}: unpool run --rebuild")
    return drift


def _current_sizes(work: Path) -> dict[str, Any]:
    group_N = ImageTable(work).frame(["group"], where=f"status = '{OK}'")["group"].dropna()
    sizes = group_N[group_N >= 0].value_counts().sort_index()
    return {"groups": len(sizes), "sizes": sizes.tolist()}


def _result(done: Embedding, finished: dict[str, Any], drift: Drift) -> dict[str, Any]:
    seconds = done.seconds | {"group": 0.0, "map": 0.0} | finished.get("seconds", {})
    return {
        "work": str(done.work), "images": done.images, "skipped": done.skipped, "embedded": done.embedded,
        "network": done.network, "reason": done.reason, "dimension": done.dimension,
        "compared": done.compared or None,
        "groups": finished["groups"], "sizes": finished["sizes"], "silhouette": finished["silhouette"],
        "trustworthiness": finished["trustworthiness"], "measured_on": finished.get("measured_on"),
        "joined": drift.joined, "drift": drift.drift, "rebuild": drift.is_large,
        "not_good": len(found_not_good(done.work)) if read_inspector(done.work) else None,
        "report": str(done.work / REPORT / "index.html"),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }  # fmt: skip
