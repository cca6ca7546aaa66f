"""What the page asks to have done: edits, exports, long jobs. Each is a command or a Python call too."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import StreamingResponse

from unpool.actions.curation import edit as edits
from unpool.actions.sharing.export import export
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import EXPORTS
from unpool.viewer import schemas as forms
from unpool.viewer.folders import Places
from unpool.viewer.jobs import Job, JobRunningError, Jobs
from unpool.viewer.session import Session

MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "html": "text/html"}
TAKES = {
    "run": {"folder", "groups", "minutes"}, "check": set(), "group": {"groups", "method"}, "map": {"method"},
    "evaluate": {"labels"}, "spread": set(),
}  # fmt: skip
HEARTBEAT, LOOKS_AGAIN = 15.0, 0.2  # seconds


def changing_routes(desk: Session, jobs: Jobs, places: Places) -> APIRouter:
    """Edits, exports, jobs and folders for the workspace on the desk."""
    router = APIRouter(prefix="/api")
    one_at_a_time = threading.Lock()

    @router.post("/edit")
    def edit(wish: Annotated[forms.Edit, Body()]) -> dict[str, Any]:
        if jobs.running:
            raise JobRunningError("a job is changing the table; wait for it or stop it")
        with one_at_a_time:
            done = _edit(desk, wish)
            desk.reload()
        return {"changed": done["changed"], "told": done["told"], "collection": desk.collection()}

    @router.post("/export", responses={200: {"content": {kind: {} for kind in MEDIA.values()}}})
    def export_file(wish: forms.Export) -> Response:
        paths = None if wish.rows is None else desk.paths(wish.revision, wish.rows)
        desk.seen(wish.revision)
        name = f"{_safe(desk.collection()['name'])}.{wish.to}"
        with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
            out = Path(folder) / name
            export(desk.work, to=wish.to, out=out, paths=paths)
            content = out.read_bytes()
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=MEDIA[wish.to], headers=headers)

    @router.post("/export/folders")
    def export_folders(wish: forms.ExportFolders) -> dict[str, Any]:
        paths = None if wish.rows is None else desk.paths(wish.revision, wish.rows)
        desk.seen(wish.revision)
        out = desk.work / EXPORTS / _safe(wish.name)
        return export(desk.work, to="folders", out=out, paths=paths, link=wish.link)

    _job_routes(router, desk, jobs, places)
    return router


def _edit(desk: Session, wish: Any) -> dict[str, Any]:
    work = desk.work
    desk.seen(wish.revision)
    if isinstance(wish, forms.Undo):
        return edits.undo(work)
    if isinstance(wish, forms.Merge):
        return edits.merge(work, wish.groups)
    if isinstance(wish, forms.Split):
        return edits.split(work, wish.group)
    paths = desk.paths(wish.revision, list(dict.fromkeys(wish.rows)))
    if isinstance(wish, forms.Label):
        return edits.label(work, paths, wish.label)
    if isinstance(wish, forms.Move):
        return edits.move(work, paths, wish.group)
    if isinstance(wish, forms.Mark):
        return edits.mark(work, paths, wish.wrong)
    return (edits.accept if wish.action == "accept" else edits.refuse)(work, paths)


def _job_routes(router: APIRouter, desk: Session, jobs: Jobs, places: Places) -> None:
    @router.post("/jobs")
    def start(wish: forms.JobForm) -> dict[str, Any]:
        arguments, work = _arguments(wish, desk, places)
        return jobs.start(wish.kind, arguments, work)

    @router.get("/job")
    def job() -> dict[str, Any] | None:
        return jobs.told()

    @router.post("/job/stop")
    def stop() -> dict[str, Any] | None:
        return jobs.stop()

    @router.get("/events", responses={200: {"content": {"text/event-stream": {}}}})
    def events(once: bool = False) -> StreamingResponse:
        return StreamingResponse(_events(jobs, once), media_type="text/event-stream")

    @router.get("/places")
    def list_places(folder: Annotated[str, Query(max_length=4000)] = "") -> dict[str, Any]:
        return places.list(folder)

    @router.post("/open")
    def open_workspace(wish: forms.Open) -> dict[str, Any]:
        if jobs.running:
            raise JobRunningError("a job is running; wait for it or stop it")
        desk.open(places.inside(wish.work))
        return desk.collection()


def _arguments(wish: forms.JobForm, desk: Session, places: Places) -> tuple[dict[str, Any], str | None]:
    """What the job's action is called with, and the workspace that can be opened when it is done."""
    given = wish.options.model_dump(exclude_none=True)
    if unknown := given.keys() - TAKES[wish.kind]:
        raise UsageError(
            f"{wish.kind} takes no {sorted(unknown)[0]}; it takes {sorted(TAKES[wish.kind]) or 'nothing'}"
        )
    if wish.kind != "run":
        return given | {"work": str(desk.work)}, None
    folder = places.inside(given.pop("folder", ""))
    if not folder.is_dir():
        raise UnpoolError(f"there is no folder {folder.name!r} under {places.root}")
    work = places.workspace_of(folder)
    return given | {"folder": str(folder), "work": str(work)}, work.name


async def _events(jobs: Jobs, once: bool) -> AsyncIterator[str]:
    """The job at every change, as server-sent events; a line now and then shows a dead connection.

    It looks now and then rather than waiting on a thread: pages that stay open would keep all of them.
    """
    seen, silent = -1, 0.0
    while True:
        changes, job = jobs.wait(seen, 0)
        if changes != seen:
            yield f"data: {json.dumps(job)}\n\n"
            seen, silent = changes, 0.0
        elif silent >= HEARTBEAT:
            yield ": still here\n\n"
            silent = 0.0
        if once or jobs.closed:
            return
        await asyncio.sleep(LOOKS_AGAIN)
        silent += LOOKS_AGAIN


def reload_after(desk: Session) -> Any:
    """What to do when a job has ended: show what it has changed."""

    def finished(job: Job) -> None:
        if job.kind != "run":
            desk.reload()

    return finished


def _safe(name: str) -> str:
    """A name that is a file's on any system, and no way anywhere."""
    return re.sub(r"[^\w. -]", "_", name, flags=re.ASCII).strip(". ")[:100] or "images"
