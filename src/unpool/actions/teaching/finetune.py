"""Tune the network of a workspace to its labels.

Shapes: N labelled images, D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unpool.actions.teaching.taught_images import TaughtImages
from unpool.actions.training.settings import TrainSettings
from unpool.actions.training.train import train
from unpool.analysis.classification.heads import split_folds
from unpool.analysis.neighbours import Floats
from unpool.core.progress import Progress
from unpool.engines.embedding import EmbeddingJob, LocalEngine
from unpool.errors import UnpoolError
from unpool.inference.model import load_encoder
from unpool.store.csv_files import write_csv
from unpool.store.origin import known_location, source_of
from unpool.store.state import MODEL, read_state

NUM_PARTS = 5  # of which one is held out
MIN_IMAGES = 50  # below, a fifth of them says nothing
LABELS, NETWORK = "labels.csv", "network"  # in the scratch folder
BATCH, LEARNING_RATE, AUGMENTATION = 32, 3e-4, "flip"


@dataclass(frozen=True)
class TunedNetwork:
    """A network tuned to four fifths of the labelled images.

    Attributes:
        folder: its model folder.
        vector_ND: the vectors of all labelled images by it.
        is_held_N: the fifth that it has not seen.
        steps: how long it was trained.
    """

    folder: Path
    vector_ND: Floats
    is_held_N: npt.NDArray[np.bool_]
    steps: int


def tune_network(
    work: Path,
    taught: TaughtImages,
    scratch: Path,
    *,
    minutes: float,
    seed: int,
    progress: Progress,
    device: str = "auto",
) -> TunedNetwork:
    """Train the network of a workspace to name its images.

    One fifth of them is held out of it, so that its figures hold for new images.

    Args:
        work: The workspace, whose images must be there.
        taught: The labelled images.
        scratch: A folder for the network; a run that was stopped goes on there.
        minutes: Time for the training.
        seed: Of the parts and of the training.
        progress: Receives stages and messages.
        device: Where it is trained, and embeds.

    Returns:
        The network, with its vectors of all labelled images.

    Raises:
        UnpoolError: There are too few labelled images, or one of them cannot be read any more.
    """
    if len(taught.paths) < MIN_IMAGES:
        raise UnpoolError(
            f"--finetune needs {MIN_IMAGES} labelled images or more, and {work} has {len(taught.paths)}; label more, "
            "or leave it out"
        )
    is_held_N = split_folds(taught.class_N, NUM_PARTS, seed) == 0
    kept = [row for row in range(len(taught.paths)) if not is_held_N[row]]
    write_csv(
        scratch / LABELS,
        ("path", "label"),
        ((taught.paths[row], taught.names[taught.class_N[row]]) for row in kept),
    )
    state = read_state(work)
    settings = TrainSettings(
        from_=work / MODEL, objective="classify", labels=str(scratch / LABELS), minutes=minutes, batch=BATCH,
        lr=LEARNING_RATE, augment=AUGMENTATION, seed=seed, resume=True, device=device,
        data=Path(state["data"]) if state.get("data") else None,
    )  # fmt: skip
    result = train(str(known_location(work)), settings, out=scratch / NETWORK, progress=progress)
    vector_ND = _embed(work, taught.paths, scratch / NETWORK, device, progress)
    return TunedNetwork(scratch / NETWORK, vector_ND, is_held_N, int(result["steps"]))


def _embed(work: Path, paths: Sequence[str], folder: Path, device: str, progress: Progress) -> Floats:
    """Vectors of some images by a network."""
    source = source_of(work)
    model = load_encoder(folder, device, progress)
    job = EmbeddingJob(source, [source.locate(path) for path in paths], folder, model)
    vectors = []
    with (
        LocalEngine().embedding(job) as chunks,
        progress.stage("embedding labelled images", len(paths), "images") as stage,
    ):
        for rows in chunks:
            if lost := [row for row in rows if "vector" not in row]:
                raise UnpoolError(
                    f"{lost[0]['path']} has a label but cannot be read now ({lost[0]['problem']}); give "
                    f"`unpool embed FOLDER --work {work}` first"
                )
            vectors += [row["vector"] for row in rows]
            stage.advance(len(rows))
    return np.stack(vectors).astype(np.float32)
