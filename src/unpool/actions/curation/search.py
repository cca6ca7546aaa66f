"""`unpool search`: the images of a workspace most like a given one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.decode import read_picture
from unpool.inference.model import load_encoder
from unpool.options import check
from unpool.store.state import MODEL, read_state
from unpool.store.table import ImageTable


def search(
    image: Path, *, work: Path, k: int = 12, device: str = "auto", progress: Progress | None = None
) -> dict[str, Any]:
    """The `k` images nearest to `image` by cosine distance, nearest first.

    `image` is any file; a path of the collection that is no file here is looked up in the table.
    Returns the JSON object of `unpool search`. Raises `UnpoolError` where it cannot be read.
    """
    check(k=k, device=device)
    from unpool.analysis.neighbours import nearest

    table = ImageTable(work)
    paths, vectors_ND = table.vectors()
    if not paths:
        raise UnpoolError(f"nothing in {work} is embedded yet; run `unpool embed FOLDER --work {work}` first")
    query_D = _query(image, table, paths, vectors_ND, device, progress or Progress())
    distance_K, index_K = (row[0] for row in nearest(query_D[None], vectors_ND, k))
    group = table.frame(["path", "group"]).set_index("path")["group"]
    found = [
        {"path": paths[i], "distance": round(float(d), 6), "group": _whole(group.get(paths[i]))}
        for d, i in zip(distance_K, index_K, strict=True)
    ]
    return {"query": str(image), "results": found}


def _query(
    image: Path, table: ImageTable, paths: list[str], vectors_ND: np.ndarray, device: str, progress: Progress
) -> np.ndarray:
    if image.is_file():
        model = load_encoder(table.work / MODEL, device, progress)
        try:
            picture = read_picture(image, min_side=model.form.size)
        except UnreadableImageError as error:
            raise UnpoolError(f"{image} cannot be searched for: {error.detail}") from error
        vector_D: np.ndarray = model.encoder(model.form.fit(picture)[None])[0]
        return vector_D
    if (key := _key(image, table)) in paths:
        return np.asarray(vectors_ND[paths.index(key)])
    raise UnpoolError(f"there is no file {image}, and {table.work} has no image of that path")


def _key(image: Path, table: ImageTable) -> str:
    base = Path(read_state(table.work).get("images", ""))
    return (
        image.relative_to(base) if image.is_absolute() and image.is_relative_to(base) else image
    ).as_posix()


def _whole(value: Any) -> int | None:
    return None if value is None or value != value or str(value) == "<NA>" else int(value)
