"""Routes of the page's view that teaches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from unpool.viewer.session import Session
from unpool.viewer.teaching.answers import Teaching
from unpool.viewer.teaching.classroom import Classroom


def teach_routes(session: Session) -> APIRouter:
    """Routes to what is to be labelled next.

    Labels themselves go to `/api/edit`.
    """
    router = APIRouter(prefix="/api")
    classroom = Classroom(session)

    @router.get("/teach")
    def teach(revision: int, k: Annotated[int, Query(ge=1, le=1000)] = 16) -> Teaching:
        return classroom.advise(revision, k)

    return router
