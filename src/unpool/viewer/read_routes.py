"""What the page asks to see: nothing here changes anything."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi import Path as InPath

from unpool.actions.sharing.quality import PICTURES, quality
from unpool.errors import UnpoolError
from unpool.store.state import REPORT
from unpool.viewer import schemas as forms
from unpool.viewer.filters import filter_rows
from unpool.viewer.session import Session

BINARY = "application/octet-stream"
UPLOAD_BYTES = 100 * 2**20
AnyRow = Annotated[int, InPath(ge=0, lt=2**31)]
Part = Annotated[str, InPath(pattern="^(input|output|error)$")]
Answer: dict[int | str, dict[str, Any]] = {200: {"content": {BINARY: {}}}}
ANY_BYTES = {"requestBody": {"content": {BINARY: {"schema": {"type": "string", "format": "binary"}}}}}


def reading_routes(desk: Session) -> APIRouter:
    """Collection, points, pictures, facts and searches of the workspace on the desk."""
    router = APIRouter(prefix="/api")

    @router.get("/collection")
    def collection() -> dict[str, Any]:
        desk.reload()
        return desk.collection()

    @router.get("/points", responses=Answer)
    def points(revision: int) -> Response:
        return Response(desk.seen(revision).points(), media_type=BINARY)

    @router.post("/thumbnails", responses=Answer)
    def thumbnails(wish: forms.Thumbnails) -> Response:
        return Response(_packed(desk.thumbnails(wish.revision, wish.rows)), media_type=BINARY)

    @router.post("/select", responses=Answer)
    def select(wish: forms.Select) -> Response:
        rows = filter_rows(desk.seen(wish.revision), desk.problems(), wish)
        return Response(rows.astype("<u4").tobytes(), media_type=BINARY)

    @router.post("/rows")
    def rows(wish: forms.Rows) -> list[dict[str, Any]]:
        return desk.facts(wish.revision, wish.rows)

    @router.get("/images/{row}")
    def image(row: AnyRow, revision: int) -> dict[str, Any]:
        (facts,) = desk.facts(revision, [row])
        return facts | {
            **desk.file_facts(facts["path"]),
            "metadata": desk.pictures.metadata(facts["path"]),
            "nearest": desk.near_row(revision, row, 12),
        }

    _picture_routes(router, desk)
    _search_routes(router, desk)

    @router.get("/quality")
    def figures() -> dict[str, Any]:
        # With its time: a browser that has the picture of before is to ask for the new one.
        def address(name: str) -> str:
            return f"api/pictures/{name}?{(desk.work / REPORT / name).stat().st_mtime_ns}"

        return quality(desk.work, address)

    @router.get("/pictures/{name}", responses={200: {"content": {"image/png": {}}}})
    def picture(name: str) -> Response:
        if name not in PICTURES or not (file := desk.work / REPORT / name).is_file():
            raise HTTPException(404, f"there is no picture {name[:100]}")
        return Response(file.read_bytes(), media_type="image/png")

    @router.get("/duplicates")
    def duplicates(revision: int) -> dict[str, list[list[int]]]:
        return desk.duplicates(revision)

    @router.get("/unreadable")
    def unreadable() -> list[dict[str, str]]:
        return desk.unreadable()

    return router


def _picture_routes(router: APIRouter, desk: Session) -> None:
    def path_of(row: int, revision: int) -> str:
        return desk.paths(revision, [row])[0]

    @router.get("/images/{row}/original", responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}})
    def original(row: AnyRow, revision: int) -> Response:
        content, media_type = desk.pictures.shown(path_of(row, revision))
        return Response(content, media_type=media_type)

    @router.get("/images/{row}/overlay", responses={200: {"content": {"image/png": {}}}})
    def overlay(row: AnyRow, revision: int) -> Response:
        return Response(desk.pictures.labels(path_of(row, revision)), media_type="image/png")

    @router.get("/images/{row}/reconstruction")
    def reconstruction(row: AnyRow, revision: int) -> dict[str, float | None]:
        made = desk.pictures.mirrored(path_of(row, revision))
        return {"mse": made.mse, "psnr": made.psnr}

    @router.get("/images/{row}/reconstruction/{part}", responses={200: {"content": {"image/png": {}}}})
    def part_of_reconstruction(row: AnyRow, part: Part, revision: int) -> Response:
        made = desk.pictures.mirrored(path_of(row, revision))
        return Response(getattr(made, part), media_type="image/png")


def _search_routes(router: APIRouter, desk: Session) -> None:
    @router.post("/search/row")
    def by_row(wish: forms.SearchRow) -> list[dict[str, Any]]:
        return desk.near_row(wish.revision, wish.row, wish.k)

    @router.post("/search/region")
    def by_region(wish: forms.SearchRegion) -> list[dict[str, Any]]:
        (path,) = desk.paths(wish.revision, [wish.row])
        return desk.nearest(desk.pictures.vector_of_region(path, wish.box), wish.k)

    @router.post("/search/file", openapi_extra=ANY_BYTES)
    async def by_file(
        request: Request, revision: int, k: Annotated[int, Query(ge=1, le=1000)] = 12
    ) -> list[dict[str, Any]]:
        desk.seen(revision)
        content = await _body(request)
        from fastapi.concurrency import run_in_threadpool

        return await run_in_threadpool(_search_content, desk, content, k)


async def _body(request: Request) -> bytes:
    """The whole body; 413 as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > UPLOAD_BYTES:
            raise HTTPException(
                413, f"the file is larger than {UPLOAD_BYTES >> 20} MiB; search for a smaller copy"
            )
        parts.append(part)
    return b"".join(parts)


def _search_content(desk: Session, content: bytes, k: int) -> list[dict[str, Any]]:
    if not content:
        raise UnpoolError("the file is empty; drop an image")
    with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
        file = Path(folder) / "dropped"
        file.write_bytes(content)
        vector_D = desk.pictures.vector_of_file(file)
    return desk.nearest(vector_D, k)


def _packed(contents: list[bytes | None]) -> bytes:
    """How many, the length of each as uint32, and then all of them; nothing has length 0."""
    sizes = np.array([len(content or b"") for content in contents], "<u4")
    return (
        struct.pack("<I", len(contents)) + sizes.tobytes() + b"".join(content or b"" for content in contents)
    )
