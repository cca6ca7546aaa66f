"""The model of a workspace, and whether it is whole."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from unpool.actions.embedding.choose_network import PRETRAINED, find_model
from unpool.actions.health.findings import Findings
from unpool.core.atomic_files import PARTIAL, whole_folder
from unpool.core.file_identity import digest_files
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.remote.fetching import InPlace
from unpool.inference.embedding import THUMBNAIL
from unpool.inference.encoder import open_session
from unpool.inference.model import copy_model, copy_pretrained, load_encoder
from unpool.networks.encoders.agreement import cosine
from unpool.store.columns import OK
from unpool.store.journal import MODELS, edits_folder
from unpool.store.origin import source_of
from unpool.store.rescue.put_aside import DAMAGED, put_aside
from unpool.store.state import MODEL, NewerVersionError, read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import (
    FOREIGN,
    JSON,
    ONNX,
    WEIGHTS,
    describe_model,
    has_model,
    kind_of_encoder,
    model_id,
)

NUM_COMPARED = 3  # images that are embedded again
MIN_COSINE = 0.99  # between a stored vector and one that is computed now


def check_model(found: Findings, progress: Progress) -> None:
    """Replace a damaged model by a copy of it.

    An encoder.onnx that is not of the model goes.
    """
    work = found.work
    name = str(read_state(work).get("embedded_by") or "")
    if not name:
        return
    if reason := find_reason(work / MODEL, name):
        if not _bring_back(work, name):
            found.left(
                "model", work / MODEL, reason,
                f"copy the model {name} to {MODEL}, or give the same `unpool run` again: it makes a model anew where "
                "there is none",
            )  # fmt: skip
            return
        found.repaired(
            "model", work / MODEL, reason, f"a whole copy took its place; the old one is in {DAMAGED}"
        )
    _check_export(found, progress)


def find_reason(folder: Path, name: str) -> str | None:
    """Say what is wrong with a model folder.

    Args:
        folder: Of the model.
        name: The model that it should be.

    Returns:
        A sentence; None where nothing is.

    Raises:
        NewerVersionError: A newer version wrote it.
    """
    if not folder.is_dir() or not has_model(folder):
        return f"{JSON} or {WEIGHTS} is missing"
    try:
        described, kind = describe_model(folder), kind_of_encoder(folder)
        file = ONNX if kind == "onnx" else WEIGHTS
        has_file = kind == "onnx" or kind not in FOREIGN  # functions and vectors from elsewhere have none
        if has_file and described.get("weights") not in (None, digest_files(folder / file)):
            return f"{file} is damaged"
        return (
            None if model_id(folder) == name else f"it is {model_id(folder)}, but the vectors are of {name}"
        )
    except NewerVersionError:
        raise
    except UnpoolError:
        return f"{JSON} is damaged"
    except (OSError, KeyError, TypeError) as error:
        return f"it cannot be read: {error}"


def _bring_back(work: Path, name: str) -> bool:
    """Copy the model from where one of that name is."""
    network = str(read_state(work).get("network") or "")
    for folder in (edits_folder(work) / MODELS / name, _named_folder(network)):
        if (
            folder is not None
            and folder.resolve() != (work / MODEL).resolve()
            and not find_reason(folder, name)
        ):
            return _replace(work, partial(copy_model, folder))
    if network == PRETRAINED and name.startswith(f"{PRETRAINED}-"):
        return _replace(work, partial(copy_pretrained, PRETRAINED), name)
    return False


def _named_folder(network: str) -> Path | None:
    """The model folder that was typed; None for a name, or where it is gone."""
    try:
        return find_model(network) if network else None
    except UnpoolError:
        return None


def _replace(work: Path, copy: partial[None], name: str = "") -> bool:
    """Fill a new model folder, and keep the old one aside; False where the copy is another model."""
    new = work / f"{PARTIAL}{MODEL}"
    shutil.rmtree(new, ignore_errors=True)
    try:
        with whole_folder(new) as part:
            copy(part)
        if name and find_reason(new, name) is not None:
            return False
        if (work / MODEL).exists():
            put_aside(work, work / MODEL)
        new.replace(work / MODEL)
    except UnpoolError:
        return False
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return True


def _check_export(found: Findings, progress: Progress) -> None:
    """Remove encoder.onnx where it cannot be opened, or where images get other vectors by it than they have."""
    file = found.work / MODEL / ONNX
    if not file.is_file():
        return
    try:
        open_session(file, 1, "encoder")
        is_readable = True
    except UnpoolError:
        is_readable = False
    if is_readable and _has_same_vectors(found.work, progress):
        return
    aside = put_aside(found.work, file)
    if is_readable and not _has_same_vectors(found.work, progress):  # by a new export
        found.left(
            "vectors", "images.lance", "the model gives other vectors than the table has",
            f"embed the images anew by the model they are to have: `unpool embed FOLDER --work {found.work} "
            "--model MODEL`",
        )  # fmt: skip
        return
    what = f"{ONNX} gives other vectors than the model" if is_readable else f"{ONNX} cannot be read"
    done = f"it is {aside.relative_to(found.work)} now; the next command exports it again"
    found.repaired("model", file, what, done)


def _has_same_vectors(work: Path, progress: Progress) -> bool:
    """Whether some originals that are still the same get the vectors that they have; True where none can be read."""
    try:
        source, model = source_of(work), load_encoder(work / MODEL, "cpu", progress)
    except UnpoolError:
        return True
    table = ImageTable(work)
    if not isinstance(source, InPlace | ArchiveSource) or table.dimension != model.dimension:
        return True
    paths = table.arrow(["path"], where=f"status = '{OK}' AND model = '{model.id}'")["path"].to_pylist()
    places = np.linspace(0, len(paths) - 1, min(NUM_COMPARED, len(paths))).astype(int)
    for row in table.some([paths[place] for place in places], ["id", "vector"]).to_pylist():
        if row["vector"] is None:
            continue
        try:
            picture = source.read(
                source.locate(row["path"]), max(model.preprocessing.needed_side, THUMBNAIL // 2)
            )
        except UnreadableImageError:
            continue
        if picture.id == row["id"]:
            vector_1D = model.encoder(model.preprocessing.fit(picture)[None])
            if cosine(vector_1D, np.array([row["vector"]], np.float32)) < MIN_COSINE:
                return False
    return True
