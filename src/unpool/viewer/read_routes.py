"""Routes that only read: collection, images, searches, pictures."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi import Path as InPath

from unpool.actions.sharing.quality import PICTURES, Quality, quality
from unpool.errors import UnpoolError
from unpool.store.reading import Reading, summarise_reading
from unpool.store.state import REPORT
from unpool.viewer.filters import filter_rows
from unpool.viewer.messages import answers, requests
from unpool.viewer.session import Session, Value

BINARY = "application/octet-stream"
MAX_UPLOAD_BYTES = 100 * 2**20
NUM_NEAREST = 12  # beside an image
RowPath = Annotated[int, InPath(ge=0, lt=2**31)]
Part = Annotated[str, InPath(pattern="^(input|output|error)$")]
BINARY_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {BINARY: {}}}}
ANY_BYTES = {"requestBody": {"content": {BINARY: {"schema": {"type": "string", "format": "binary"}}}}}


def read_routes(session: Session) -> APIRouter:
    """Routes to collection, points, facts, pictures and searches."""
    router = APIRouter(prefix="/api")
    row_facts, image_facts = answers.row_facts_model(), answers.image_facts_model()

    @router.get("/collection")
    def collection() -> answers.Collection:
        session.reload()
        return session.collection()

    @router.get("/points", responses=BINARY_ANSWER)
    def points(revision: int) -> Response:
        return Response(session.snapshot(revision).points(), media_type=BINARY)

    @router.post("/thumbnails", responses=BINARY_ANSWER)
    def thumbnails(request: requests.Thumbnails) -> Response:
        return Response(_pack(session.thumbnails(request.revision, request.rows)), media_type=BINARY)

    @router.post("/select", responses=BINARY_ANSWER)
    def select(request: requests.Select) -> Response:
        seen, problems = session.snapshot(request.revision), session.problems()
        rows = filter_rows(seen, problems, request, lambda: session.fields(request.revision))
        return Response(rows.astype("<u4").tobytes(), media_type=BINARY)

    @router.post("/rows", response_model=list[row_facts])  # type: ignore[valid-type]
    def rows(request: requests.Rows) -> list[dict[str, Value]]:
        return session.facts(request.revision, request.rows)

    @router.get("/images/{row}", response_model=image_facts)
    def image(row: RowPath, revision: int) -> dict[str, Any]:
        (facts,), (path,) = session.facts(revision, [row]), session.paths(revision, [row])
        return {
            **facts,
            **session.file_facts(path),
            "scale_note": session.pictures.scale_note(_number(facts["width"]), _number(facts["height"])),
            "metadata": session.pictures.metadata(path),
            "fields": session.fields(revision).describe_row(row),
            "nearest": session.near_row(revision, row, NUM_NEAREST),
        }

    _picture_routes(router, session)
    _search_routes(router, session)
    _report_routes(router, session)
    return router


def _report_routes(router: APIRouter, session: Session) -> None:
    @router.get("/quality")
    def figures() -> Quality:
        # With its time: a browser that has the picture of before is to ask for the new one.
        def address(name: str) -> str | None:
            file = session.work / REPORT / name
            return f"api/pictures/{name}?{file.stat().st_mtime_ns}" if file.is_file() else None

        return quality(session.work, address)

    @router.get("/pictures/{name}", responses={200: {"content": {"image/png": {}}}})
    def picture(name: str) -> Response:
        if name not in PICTURES or not (file := session.work / REPORT / name).is_file():
            raise HTTPException(404, f"there is no picture {name[:100]}")
        return Response(file.read_bytes(), media_type="image/png")

    @router.get("/fields")
    def fields(revision: int) -> answers.Fields:
        shown = session.fields(revision)
        return {"fields": shown.facets(), "saved": shown.saved()}

    @router.get("/fields/codes", responses=BINARY_ANSWER)
    def codes(revision: int, name: Annotated[str, Query(max_length=1000)]) -> Response:
        """By row as int32 the place of its value, or of its range, among those of the field; -1 for none."""
        values = session.fields(revision).values.get(name)
        if values is None:
            raise HTTPException(404, f"there is no field {name[:100]}")
        return Response(values.places().astype("<i4").tobytes(), media_type=BINARY)

    @router.get("/duplicates")
    def duplicates(revision: int) -> answers.Sets:
        return session.duplicates(revision)

    @router.get("/mislabelled")
    def mislabelled(revision: int) -> answers.Mislabelled:
        return {"images": session.doubts(revision)}

    @router.get("/unreadable")
    def unreadable() -> list[answers.Unreadable]:
        return session.unreadable()

    @router.get("/reading")
    def reading() -> Reading:
        return summarise_reading(session.work)


def _number(value: Value) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _picture_routes(router: APIRouter, session: Session) -> None:
    def path_of(row: int, revision: int) -> str:
        return session.paths(revision, [row])[0]

    @router.get("/images/{row}/original", responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}})
    def original(row: RowPath, revision: int) -> Response:
        content, media_type = session.pictures.encode_original(path_of(row, revision))
        return Response(content, media_type=media_type)

    @router.get("/images/{row}/overlay", responses={200: {"content": {"image/png": {}}}})
    def overlay(row: RowPath, revision: int, scaled: bool = False) -> Response:
        content = session.pictures.segment(path_of(row, revision), scaled=scaled)
        return Response(content, media_type="image/png")

    @router.get("/images/{row}/reconstruction")
    def reconstruction(row: RowPath, revision: int) -> answers.Reconstruction:
        view = session.pictures.reconstruct(path_of(row, revision))
        return {"mse": view.mse, "psnr": view.psnr}

    @router.get("/images/{row}/reconstruction/{part}", responses={200: {"content": {"image/png": {}}}})
    def part_of_reconstruction(row: RowPath, part: Part, revision: int) -> Response:
        view = session.pictures.reconstruct(path_of(row, revision))
        return Response(getattr(view, part), media_type="image/png")


def _search_routes(router: APIRouter, session: Session) -> None:
    @router.post("/search/row")
    def by_row(request: requests.SearchRow) -> list[answers.Near]:
        return session.near_row(request.revision, request.row, request.k)

    @router.post("/search/region")
    def by_region(request: requests.SearchRegion) -> list[answers.Near]:
        (path,) = session.paths(request.revision, [request.row])
        return session.nearest(session.pictures.embed_region(path, request.box), request.k)

    @router.post("/search/file", openapi_extra=ANY_BYTES)
    async def by_file(
        request: Request, revision: int, k: Annotated[int, Query(ge=1, le=1000)] = 12
    ) -> list[answers.Near]:
        session.snapshot(revision)
        content = await _body(request)
        from fastapi.concurrency import run_in_threadpool

        return await run_in_threadpool(_search_content, session, content, k)


async def _body(request: Request) -> bytes:
    """The whole body; 413 as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_UPLOAD_BYTES:
            raise HTTPException(
                413, f"the file is larger than {MAX_UPLOAD_BYTES >> 20} MiB; search for a smaller copy"
            )
        parts.append(part)
    return b"".join(parts)


def _search_content(session: Session, content: bytes, k: int) -> list[answers.Near]:
    if not content:
        raise UnpoolError("the file is empty; drop an image")
    with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
        file = Path(folder) / "dropped"
        file.write_bytes(content)
        vector_D = session.pictures.embed_file(file)
    return session.nearest(vector_D, k)


def _pack(contents: list[bytes | None]) -> bytes:
    """Join byte strings behind their number and their lengths as uint32; None has length 0."""
    sizes = np.array([len(content or b"") for content in contents], "<u4")
    return (
        struct.pack("<I", len(contents)) + sizes.tobytes() + b"".join(content or b"" for content in contents)
    )
