"""Routes of the page to what an inspector says of images.

What people say of them goes to `/api/edit`, and good images go into its memory by a job.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from unpool.actions.inspection.judging.verdicts import (
    ImageVerdict,
    Move,
    describe_image,
    describe_move,
    expect_inspector,
    threshold_beyond,
)
from unpool.store.inspection.inspector import SCORE, VERDICT
from unpool.viewer.inspection.heat import HeatPictures
from unpool.viewer.inspection.messages import PreviewMove
from unpool.viewer.session import Session

Row = Annotated[int, InPath(ge=0, lt=2**31)]
Part = Annotated[str, InPath(pattern="^(overlay|heat)$")]


def inspection_routes(session: Session) -> APIRouter:
    """Routes to scores, heat maps, and what another threshold would do."""
    router = APIRouter(prefix="/api")
    pictures = HeatPictures()

    @router.get("/images/{row}/inspection")
    def image(row: Row, revision: int) -> ImageVerdict:
        (facts,), (path,) = session.facts(revision, [row]), session.paths(revision, [row])
        score, verdict = facts[SCORE], facts[VERDICT]
        return describe_image(
            expect_inspector(session.work), score if isinstance(score, float) else None,
            verdict if isinstance(verdict, str) else None, session.file_facts(path)["id"],
        )  # fmt: skip

    @router.get("/images/{row}/inspection/{part}", responses={200: {"content": {"image/png": {}}}})
    def picture(row: Row, part: Part, revision: int) -> Response:
        (path,) = session.paths(revision, [row])
        digest = session.file_facts(path)["id"]
        view = pictures.view(session.work, session.pictures.source, path, digest)
        return Response(view.overlay if part == "overlay" else view.heat, media_type="image/png")

    @router.post("/inspection/preview")
    def preview(request: PreviewMove) -> Move:
        seen = expect_inspector(session.work)
        row_K = session.rows(request.revision, request.rows)
        judged = session.judged()
        threshold = threshold_beyond(judged.score_N[row_K].tolist(), request.verdict, seen.threshold)
        return describe_move(seen, judged, threshold)

    return router
