"""Try an encoder before anything of a workspace is made."""

from __future__ import annotations

import os
from pathlib import Path

from unpool.actions.encoders.model_request import ModelRequest
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.isolation.trail import FILE as TRAIL
from unpool.images.isolation.trail import leaving_trail
from unpool.images.reading.scan import Scan
from unpool.images.remote.copied_source import CopiedSource
from unpool.images.source import Source
from unpool.inference.vectors.first_vectors import find_dimension
from unpool.networks.encoders.door import EncoderKind, find_encoder, function_of, prepare_function
from unpool.store.state import MODEL
from unpool.store.table import ImageTable, has_table
from unpool.training.model_file import describe_model, has_model

DEADLY = ("crash", "crashed", "too-slow")  # problems of files that have ended a process


def try_encoder(work: Path, request: ModelRequest, source: Source, scan: Scan, progress: Progress) -> None:
    """Try the encoder that a request names.

    It is written into the user's cache; a function embeds a few images instead. So one that does not work leaves no
    workspace. One that the workspace has already is left alone.

    Args:
        work: The workspace, whose folder is there.
        request: Which encoder.
        source: Where the images are read from.
        scan: The images.
        progress: Receives a stage.

    Raises:
        UnpoolError: the encoder cannot be written, or gives no vector for any image.
    """
    kind = find_encoder(request.network)
    if (
        kind is None
        or request.weights is not None
        or not scan.files
        or _has_encoder(work, kind, request.network)
    ):
        return
    if kind.keep is not None:
        with progress.stage("reading the encoder, once per user"):
            kind.keep(request.network)
        return
    with progress.stage("trying the encoder"), leaving_trail(work, list_blamed(work, source, scan)):
        try:
            encoder, preprocessing = prepare_function(function_of(request.network) or request.network)
            find_dimension(encoder, preprocessing, source, scan.files)
        except UnpoolError:
            if not has_model(work / MODEL):  # else its folder would stay, for the trail alone
                (work / TRAIL).unlink(missing_ok=True)
            raise


def list_blamed(work: Path, source: Source, scan: Scan) -> list[str]:
    """List the files of which a process has died.

    They are decoded apart, whatever their format.

    Args:
        work: The workspace; where it has no table there are none.
        source: Where the images are read from.
        scan: The images.

    Returns:
        Their names, as the trail has them.
    """
    if not has_table(work):
        return []
    rows = ImageTable(work).arrow(["path"], where=f"problem IN ({', '.join(map(repr, DEADLY))})")
    paths = set(rows["path"].to_pylist())
    files = [file.file for file in scan.files if file.path in paths]
    if isinstance(source, CopiedSource):
        return [source.trail_name(file) for file in files]
    return [os.path.abspath(file) for file in files]  # noqa: PTH100 - as the trail names them


def _has_encoder(work: Path, kind: EncoderKind, name: str) -> bool:
    """Whether the workspace embeds by this very encoder already."""
    if kind.digest is None or not has_model(work / MODEL):
        return False
    encoder = describe_model(work / MODEL).get("encoder") or {}
    return bool(encoder.get("source") == kind.digest(name))
