"""`unpool search`: find the images most like a query.

Shapes: N embedded images, D numbers a vector, K results.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.curation.settings import SearchSettings
from unpool.core.file_names import find_typed
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, nearest_name
from unpool.images.reading.in_memory import ImageLike, find_image, read_any
from unpool.inference.model import load_encoder
from unpool.store.origin import keys_of_typed, rules_of
from unpool.store.state import MODEL
from unpool.store.table import ImageTable

SAME = 1e-6  # difference up to which vectors are those of equal images


def search(
    image: ImageLike,
    settings: SearchSettings = SearchSettings(),  # noqa: B008 - frozen
    *,
    work: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Find the images nearest to a query by cosine distance.

    Args:
        image: any image file, picture, array or tensor, as `read_any` takes it; a path of the workspace that is no
            file here is looked up in its table.
        settings: how many images to find, and the device.
        work: the workspace to search.
        progress: where stages go.

    Returns:
        The JSON object of `unpool search`, nearest first.

    Raises:
        UnpoolError: nothing is embedded yet, or the query is missing, a folder or unreadable.
    """
    check_settings(settings)
    from unpool.analysis.neighbours import nearest

    table = ImageTable(work)
    paths, vectors_ND = table.vectors()
    if not paths:
        raise UnpoolError(f"nothing in {work} is embedded yet; run `unpool embed FOLDER --work {work}` first")
    progress = progress or Progress()
    if settings.k > len(paths):
        progress.message(f"-k is {settings.k}, but {len(paths)} images are embedded: all of them are listed")
    query_D = _query_vector(image, table, paths, vectors_ND, settings.device, progress)
    distance_K, index_K = (row[0] for row in nearest(query_D[None], vectors_ND, settings.k))
    own = keys_of_typed(work, [str(image)])[0] if isinstance(image, str | os.PathLike) else None
    if own in paths and paths[index_K[0]] != own:
        index_K = _put_first(paths.index(own), vectors_ND, index_K)
    rows = table.some([paths[i] for i in index_K], ["group"])
    group = dict(zip(rows["path"].to_pylist(), rows["group"].to_pylist(), strict=True))
    results = [
        {"path": paths[i], "distance": round(float(distance), 6), "group": group.get(paths[i])}
        for distance, i in zip(distance_K, index_K, strict=True)
    ]
    query = str(image) if isinstance(image, str | os.PathLike) else type(image).__name__
    return {"query": query, "results": results}


def _query_vector(
    image: ImageLike,
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    device: str,
    progress: Progress,
) -> np.ndarray:
    if isinstance(image, str | os.PathLike) and not find_typed(Path(image)).is_file():
        if (path := keys_of_typed(table.work, [str(image)])[0]) in paths:
            return np.asarray(vectors_ND[paths.index(path)])
        if not Path(image).is_dir():
            hint = nearest_name(str(image), paths)
            raise UnpoolError(f"there is no file {image}, and {table.work} has no image of that path{hint}")
        find_image(Path(image))
    model = load_encoder(table.work / MODEL, device, progress)
    picture = read_any(image, min_side=model.preprocessing.size, rules=rules_of(table.work))
    vector_D: np.ndarray = model.encoder(model.preprocessing.fit(picture)[None])[0]
    return vector_D


def _put_first(own: int, vectors_ND: np.ndarray, index_K: np.ndarray) -> np.ndarray:
    """Put the image that is searched for before those that are exactly like it."""
    own_D, first_D = vectors_ND[own], vectors_ND[index_K[0]]
    if not np.allclose(own_D, first_D, atol=SAME):
        return index_K
    return np.array([own, *(i for i in index_K if i != own)][: len(index_K)])
