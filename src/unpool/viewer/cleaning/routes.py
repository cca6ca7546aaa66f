"""Routes that plan, carry out and undo a clean-up."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from fastapi import APIRouter

from unpool.actions.cleaning.clean import carry_out, restore
from unpool.actions.cleaning.manifest import CLEANED, find_manifests
from unpool.actions.cleaning.plan import Plan, make_plan
from unpool.actions.cleaning.settings import TRASH
from unpool.errors import UnpoolError
from unpool.viewer.cleaning.messages import (
    Cleaned,
    CleanPlan,
    CleanRequest,
    CleanStack,
    PlanRequest,
    Restored,
    RestoreRequest,
)
from unpool.viewer.jobs import JobRunningError, Jobs
from unpool.viewer.session import Session, StaleError

FILES = "files"  # the folder below CLEANED that files go to


def clean_routes(session: Session, jobs: Jobs) -> APIRouter:
    """Routes to plan, carry out and undo a clean-up.

    Args:
        session: The workspace that is shown.
        jobs: While one runs, nothing is moved.

    Returns:
        A router under `/api/clean`.
    """
    router = APIRouter(prefix="/api/clean")
    planned = _Planned()

    @router.post("/plan")
    def plan(request: PlanRequest) -> CleanPlan:
        session.snapshot(request.revision)
        return planned.make(session, request)

    @router.post("")
    def clean(request: CleanRequest) -> Cleaned:
        _check_idle(jobs)
        session.snapshot(request.revision)
        work, plan = session.work, planned.take(session.work, request.token)
        to = TRASH if request.to == TRASH else str(work / CLEANED / FILES)
        result = carry_out(work, plan, to)
        session.reload()
        return {
            "kept": result["kept"], "moved": result["moved"], "bytes": result["bytes"], "left": result["left"],
            "manifest": result["manifest"] or "",
        }  # fmt: skip

    @router.post("/undo")
    def undo(request: RestoreRequest) -> Restored:
        _check_idle(jobs)
        result = restore(session.work, _find_manifest(session.work, request.manifest))
        session.reload()
        return {"restored": result["restored"], "left": result["left"]}

    return router


class _Planned:
    """The last plan that was shown: nothing else is carried out, and that once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[str, Path, Plan] | None = None

    def make(self, session: Session, request: PlanRequest) -> CleanPlan:
        """Make a plan, and keep it."""
        plan, token = make_plan(session.work, request.problem, request.keep), secrets.token_urlsafe(12)
        with self._lock:
            self._last = token, session.work, plan
        stacks = [_stack_of(session, request.revision, each) for each in _paths_of(plan)]
        return {
            "stacks": stacks, "images": len(plan.files), "bytes": plan.bytes, "left": sum(plan.left.values()),
            "token": token,
        }  # fmt: skip

    def take(self, work: Path, token: str) -> Plan:
        """Return the plan of a token, once.

        Raises `StaleError` where another one was made since.
        """
        with self._lock:
            last, self._last = self._last, None
        if last is None or last[:2] != (token, work):
            raise StaleError("another plan was made meanwhile; look at it again before files are moved")
        return last[2]


def _paths_of(plan: Plan) -> list[tuple[list[str], int]]:
    return [
        (
            [file.path for file in ([stack.stays] if stack.stays else []) + stack.goes],
            int(stack.stays is not None),
        )
        for stack in plan.stacks
    ]


def _stack_of(session: Session, revision: int, stack: tuple[list[str], int]) -> CleanStack:
    import pyarrow as pa

    paths, stay = stack
    return {"rows": session.snapshot(revision).find(pa.array(paths, pa.string())).tolist(), "stay": stay}


def _check_idle(jobs: Jobs) -> None:
    if jobs.running:
        raise JobRunningError("a job is changing the table; wait for it or stop it")


def _find_manifest(work: Path, name: str) -> Path:
    """The manifest of a clean-up of this workspace; UnpoolError for any other file."""
    for manifest in find_manifests(work):
        if str(manifest.file) == name:
            return manifest.file
    raise UnpoolError(f"{name[:200]!r} is no manifest of this workspace; nothing was brought back")
