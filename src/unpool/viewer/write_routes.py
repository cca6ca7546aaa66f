"""Routes that change something: edits, exports, jobs. Each is a command and a Python call too."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import StreamingResponse

from unpool.actions.curation import decisions
from unpool.actions.curation import edit as edits
from unpool.actions.curation.undo import EditResult, last_edit, last_undone
from unpool.actions.fields import edit_fields
from unpool.actions.history.recording import recover
from unpool.actions.inspection.judging import judge as judging
from unpool.actions.sharing.export import Exported, export
from unpool.actions.sharing.formats import EXPORT_FORMATS
from unpool.actions.sharing.settings import ExportSettings
from unpool.errors import UnpoolError
from unpool.store.origin import known_location
from unpool.store.spaces.paths import known_space, outer_workspace
from unpool.store.state import EXPORTS, read_state
from unpool.viewer.folders import RunFolders
from unpool.viewer.jobs import Job, JobRunningError, Jobs
from unpool.viewer.messages import answers, job_requests, requests
from unpool.viewer.report_refresh import ReportRefresher
from unpool.viewer.session import Session, StaleError

# Edits that may change groups: the report is rewritten after them.
GROUP_EDITS = (requests.Merge, requests.Split, requests.Move, requests.MoveAlong, requests.Undo)
HEARTBEAT, POLL_INTERVAL = 15.0, 0.2  # seconds


def write_routes(session: Session, jobs: Jobs, folders: RunFolders, refresher: ReportRefresher) -> APIRouter:
    """Routes to edit, export and run jobs.

    Args:
        session: The workspace that is shown.
        jobs: Runs one job at a time.
        folders: The folders that runs may be started on.
        refresher: Rewrites the report after edits of groups.

    Returns:
        A router under `/api`.
    """
    router = APIRouter(prefix="/api")
    one_at_a_time = threading.Lock()

    @router.post("/edit")
    def edit(request: Annotated[requests.Edit, Body()]) -> answers.Edited:
        if jobs.running and not _is_allowed_meanwhile(request, jobs):
            raise JobRunningError("a job is changing the table; wait for it or stop it")
        with one_at_a_time:
            if isinstance(request, GROUP_EDITS):
                with refresher.paused():
                    result = _edit(session, request)
                refresher.schedule(session.work)
            else:
                result = _edit(session, request)
            session.reload()
        return {
            "changed": result["changed"], "message": result["message"], "collection": session.collection(),
        }  # fmt: skip

    _export_routes(router, session)
    _job_routes(router, session, jobs, folders)
    return router


def _is_allowed_meanwhile(request: requests.Edit, jobs: Jobs) -> bool:
    """Whether an edit changes nothing that the running job reads or writes."""
    kind = (jobs.status() or {}).get("kind")
    return isinstance(request, requests.Judge) and request.by == "word" and kind in ("judge", "check")


def _export_routes(router: APIRouter, session: Session) -> None:
    file_types: dict[str, dict[str, Any]] = {
        one.media_type: {} for one in EXPORT_FORMATS.values() if one.is_file
    }

    @router.post("/export", responses={200: {"content": file_types}})
    def export_file(request: requests.Export) -> Response:
        paths = None if request.rows is None else session.paths(request.revision, request.rows)
        session.snapshot(request.revision)
        name = f"{_safe(session.collection()['name'])}.{request.to}"
        with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
            out = Path(folder) / name
            export(session.work, ExportSettings(request.to, out, paths=paths))
            content = out.read_bytes()
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=EXPORT_FORMATS[request.to].media_type, headers=headers)

    @router.post("/export/folders")
    def export_folders(request: requests.ExportFolders) -> Exported:
        paths = None if request.rows is None else session.paths(request.revision, request.rows)
        session.snapshot(request.revision)
        out = session.work / EXPORTS / _safe(request.name)
        return export(session.work, ExportSettings(request.to, out, request.link, paths))


def _edit(session: Session, request: requests.Edit) -> EditResult | dict[str, Any]:
    work = session.work
    session.snapshot(request.revision)
    if isinstance(request, requests.Undo):
        return _step(work, request)
    if isinstance(request, requests.Merge):
        return edits.merge(work, request.groups, refresh=False)
    if isinstance(request, requests.Split):
        return edits.split(work, request.group, refresh=False)
    if isinstance(request, requests.MoveAlong):
        return edits.move_along(work, request.groups, refresh=False)
    if isinstance(request, requests.ForgetSelection):
        return edit_fields.forget_selection(work, request.name)
    if isinstance(request, requests.SetThreshold):
        return judging.set_threshold(work, request.value)
    paths = session.paths(request.revision, list(dict.fromkeys(request.rows)))
    if isinstance(request, requests.Judge):
        if request.by == "threshold" and request.verdict is not None:
            return judging.move_threshold(work, paths, request.verdict)
        return judging.call(work, paths, request.verdict)
    if isinstance(request, requests.SetField):
        return edit_fields.set_field(work, paths, request.name, request.value)
    if isinstance(request, requests.SaveSelection):
        return edit_fields.save_selection(work, request.name, paths)
    if isinstance(request, requests.Label):
        return edits.label(work, paths, request.label)
    if isinstance(request, requests.Move):
        return edits.move(work, paths, request.group, refresh=False)
    if isinstance(request, requests.Keep):
        return decisions.keep(work, paths)
    if isinstance(request, requests.Mark):
        return edits.mark(work, paths, request.wrong)
    return (decisions.accept if request.action == "accept" else decisions.reject)(work, paths)


def _step(work: Path, request: requests.Undo) -> EditResult:
    is_undo = request.action == "undo"
    recover(work)
    found = last_edit(work) if is_undo else last_undone(work)
    if request.message not in (None, found):
        raise StaleError(
            f"meanwhile something else was done elsewhere; {request.action} would now be of: {found or 'nothing'}"
        )
    return (edits.undo if is_undo else edits.redo)(work, refresh=False)


def _job_routes(router: APIRouter, session: Session, jobs: Jobs, folders: RunFolders) -> None:
    def start(request: job_requests.JobRequest) -> dict[str, Any]:
        arguments, work = _arguments(request, session, folders)
        return jobs.start(request.kind, arguments, work)

    # The types of its options come from the settings of all verbs, which FastAPI reads from the annotation.
    start.__annotations__["request"] = job_requests.job_request_model()
    router.post("/jobs", response_model=answers.Job)(start)

    @router.get("/job", response_model=answers.Job | None)
    def job() -> dict[str, Any] | None:
        return jobs.status()

    @router.post("/job/stop", response_model=answers.Job | None)
    def stop() -> dict[str, Any] | None:
        return jobs.stop()

    @router.get("/events", responses={200: {"content": {"text/event-stream": {}}}})
    def events(once: bool = False) -> StreamingResponse:
        return StreamingResponse(_events(jobs, once), media_type="text/event-stream")

    @router.get("/places")
    def list_places(folder: Annotated[str, Query(max_length=4000)] = "") -> answers.Place:
        return folders.list(folder)

    @router.post("/open")
    def open_workspace(request: requests.OpenRequest) -> answers.Collection:
        if jobs.running:
            raise JobRunningError("a job is running; wait for it or stop it")
        session.open(folders.resolve(request.work))
        return session.collection()

    @router.post("/space")
    def open_space(request: requests.SpaceRequest) -> answers.Collection:
        if jobs.running:
            raise JobRunningError("a job is running; wait for it or stop it")
        session.open(known_space(outer_workspace(session.work), request.space))
        return session.collection()


def _arguments(
    request: job_requests.JobRequest, session: Session, folders: RunFolders
) -> tuple[dict[str, Any], str | None]:
    """The arguments of the job's verb, and the workspace that can be opened when it is done."""
    options = request.options.model_dump(exclude_none=True)
    job_requests.check_job_options(request.kind, options)
    if request.kind != "run":
        return options | {"work": str(session.work)}, None
    if options.get("rebuild") and "folder" not in options:
        return options | _shown_images(session.work), None
    folder = folders.resolve(options.pop("folder", ""))
    if not folder.is_dir():
        raise UnpoolError(f"there is no folder {folder.name!r} under {folders.root}")
    work = folders.workspace_of(folder)
    return options | {"folder": str(folder), "work": str(work)}, work.name


def _shown_images(work: Path) -> dict[str, Any]:
    """The arguments of a run on the images of a workspace."""
    location = known_location(work)
    if location is None:
        raise UnpoolError(
            f"{work} does not know where its images are; give `unpool run FOLDER --work {work}`"
        )
    state = read_state(work)
    arguments = {"folder": location, "work": str(work), "data": state.get("data")}
    seed = ((state.get("finished") or {}).get("asked") or {}).get("seed")
    return arguments if seed is None else arguments | {"seed": seed}


async def _events(jobs: Jobs, once: bool) -> AsyncIterator[str]:
    """The job at every change, as server-sent events; a line now and then shows a dead connection.

    It polls rather than waiting on a thread: pages that stay open would occupy all threads.
    """
    known, silent = -1, 0.0
    while True:
        changes, job = jobs.wait(known, 0)
        if changes != known:
            yield f"data: {json.dumps(job)}\n\n"
            known, silent = changes, 0.0
        elif silent >= HEARTBEAT:
            yield ": still here\n\n"
            silent = 0.0
        if once or jobs.closed:
            return
        await asyncio.sleep(POLL_INTERVAL)
        silent += POLL_INTERVAL


def reload_after(session: Session) -> Callable[[Job], None]:
    """Return what to call when a job has ended.

    The session then shows what it changed.
    """

    def finished(job: Job) -> None:
        if job.work is None:  # else a run on another folder
            session.reload()

    return finished


def _safe(name: str) -> str:
    """Turn a name into a plain file name on any system."""
    return re.sub(r"[^\w. -]", "_", name, flags=re.ASCII).strip(". ")[:100] or "images"
