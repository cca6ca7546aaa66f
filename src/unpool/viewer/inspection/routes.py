"""Routes to what an inspector says of images.

What people say of them goes to `/api/edit`, and good images go into its memory by a job.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from unpool.actions.inspection.judging.verdicts import (
    ImageVerdict,
    ThresholdMove,
    describe_image,
    describe_move,
    expect_inspector,
    threshold_beyond,
)
from unpool.store.table import ImageTable
from unpool.viewer.inspection.heat import HeatPictures
from unpool.viewer.inspection.messages import PreviewMove
from unpool.viewer.messages.requests import Rows
from unpool.viewer.session import Session

RowPath = Annotated[int, InPath(ge=0, lt=2**31)]
Part = Annotated[str, InPath(pattern="^(overlay|heat)$")]


def inspection_routes(session: Session) -> APIRouter:
    """Routes to scores, heat maps and previews of thresholds."""
    router = APIRouter(prefix="/api")
    pictures = HeatPictures()

    @router.post("/inspection/images")
    def images(request: Rows) -> list[ImageVerdict]:
        seen, judged = expect_inspector(session.work), session.read_judged()
        paths = session.paths(request.revision, request.rows)
        found = ImageTable(session.work).some(list(dict.fromkeys(paths)), ["id"]).to_pylist()
        id_of = {row["path"]: row["id"] for row in found}
        return [
            describe_image(seen, judged.score_of(row), judged.verdict_of(row), id_of.get(path))
            for row, path in zip(request.rows, paths, strict=True)
        ]

    @router.get("/images/{row}/inspection/{part}", responses={200: {"content": {"image/png": {}}}})
    def picture(row: RowPath, part: Part, revision: int) -> Response:
        (path,) = session.paths(revision, [row])
        digest = session.file_facts(path)["id"]
        view = pictures.view(session.work, session.pictures.source, path, digest)
        return Response(view.overlay if part == "overlay" else view.heat, media_type="image/png")

    @router.post("/inspection/preview")
    def preview(request: PreviewMove) -> ThresholdMove:
        seen = expect_inspector(session.work)
        row_K = session.rows(request.revision, request.rows)
        judged = session.read_judged()
        threshold = threshold_beyond(judged.score_N[row_K].tolist(), request.verdict, seen.threshold)
        return describe_move(seen, judged, threshold)

    return router
