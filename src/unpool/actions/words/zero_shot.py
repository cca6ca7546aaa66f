"""`unpool label --zero-shot`: suggest labels by words alone.

Shapes: N images, K names, R reference texts, D numbers in a vector.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.curation.edit import check_label
from unpool.actions.curation.stale_suggestions import note_seeds
from unpool.actions.curation.suggest import HIGH_CONFIDENCE
from unpool.actions.history.recording import recorded
from unpool.actions.words.kept_vectors import embed_word_list
from unpool.actions.words.text_side import text_side_of
from unpool.actions.words.word_list import WordList, read_nouns
from unpool.actions.words.word_query import find_searched
from unpool.analysis.words.zero_shot import ZeroShot, name_images
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.store.lock import exclusive
from unpool.store.table import ImageTable, embedded_vectors

if TYPE_CHECKING:
    from unpool.inference.words.text import TextEncoder

EVERY = 8  # of so many plain nouns one is compared with images, to see whether they fit none of the names
COMMAS = re.compile("[,，、\n]")


@exclusive("unpool label")
@recorded(
    lambda result: f"suggested labels for {result['suggested']} images by words",
    "suggestion",
    "suggestion_confidence",
)
def label_zero_shot(
    work: Path, names: str | Sequence[str], *, all_fit: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Suggest for each image the name that fits it.

    Images with a label, and those marked as wrong, get none. Former suggestions are replaced. Labels that are among the
    names calibrate the confidence, where there are ten or more.

    Args:
        work: The workspace; suggestion and suggestion_confidence (0 to 1) of its images are written.
        names: Two or more; or one text with commas between them.
        all_fit: Whether each image has one of the names: it is not compared with other nouns.
        progress: Where stages and messages go.

    Returns:
        The JSON object of `unpool label --zero-shot`: images, labelled, suggested (and how many of each name), sure
        (of confidence 0.8 or more), unsure (several names fit), unlike (none fits), temperature, calibrated (labelled
        images that it comes from), uncalibrated (whether these are too few, and confidence is the model's own scale
        alone), accuracy (share of the labelled images whose name is right; None without any).

    Raises:
        UsageError: There are fewer than two names.
        UnpoolError: Nothing is embedded, or no vectors have a text side.
    """
    progress = progress or Progress()
    words = _read_names(names)
    for message in words.messages:
        progress.message(message)
    folder = find_searched(work, progress)
    table = ImageTable(work)
    named = table if folder == work else ImageTable(folder)
    paths, vectors_ND = embedded_vectors(named)
    encoder = text_side_of(named).encoder
    names_KD = _embed_names(encoder, words, progress)
    reference_RD = () if all_fit else _embed_nouns(encoder, words, progress)
    is_open_N, label_N = _read_labels(table, paths, words.names)
    with progress.stage("naming images"):
        found = name_images(vectors_ND, names_KD, reference_RD, encoder.scale, label_N)
        note_seeds(work, {}, is_calibrated=found.num_calibrated > 0)
        _write(table, paths, found, is_open_N, words.names)
    if num_unlike := int((is_open_N & found.is_unlike_N).sum()):
        progress.message(
            f"{num_unlike} images fit other nouns better than any of the names, and get none; where each image has "
            "one of them, give --all-fit"
        )
    return _describe(found, is_open_N, label_N, words.names)


def _read_names(names: str | Sequence[str]) -> WordList:
    given = COMMAS.split(names) if isinstance(names, str) else list(names)
    kept: dict[str, str] = {}
    for name in given:
        if not isinstance(name, str):
            raise UsageError(f"--zero-shot has the name {name!r}, but names must be text")
        if name.strip():
            kept.setdefault(name.strip().casefold(), check_label(name))
    if len(kept) < 2:
        raise UsageError(
            "--zero-shot needs two names or more, with commas between them, such as shoe,hat,dress"
        )
    left_out = len(given) - len(kept)
    messages = (f"{left_out} names are empty or there twice, and left out",) if left_out else ()
    return WordList("--zero-shot", tuple(kept.values()), tuple(kept.values()), messages)


def _embed_names(encoder: TextEncoder, words: WordList, progress: Progress) -> np.ndarray:
    if cut := encoder.find_cut(words.texts):
        progress.message(
            f"the model reads only the first words of: {', '.join(words.names[at] for at in cut)}"
        )
    return embed_word_list(encoder, words, progress)


def _embed_nouns(encoder: TextEncoder, words: WordList, progress: Progress) -> np.ndarray:
    """Vectors of nouns of all kinds that are none of the names."""
    named = {name.casefold() for name in words.names}
    nouns = tuple(english for english, _ in read_nouns()[::EVERY] if english not in named)
    return embed_word_list(encoder, WordList("nouns", nouns, nouns), progress)


def _read_labels(
    table: ImageTable, paths: Sequence[str], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Which images may get a suggestion, and the positions of the names that others have, -1 for none."""
    rows = table.arrow(["path", "label", "wrong"])
    label_of = dict(zip(rows["path"].to_pylist(), rows["label"].to_pylist(), strict=True))
    wrong = {
        path for path, mark in zip(rows["path"].to_pylist(), rows["wrong"].to_pylist(), strict=True) if mark
    }
    position = {name.casefold(): place for place, name in enumerate(names)}
    is_open_N = np.array([label_of.get(path) is None and path not in wrong for path in paths])
    labels = ["" if path in wrong else (label_of.get(path) or "").casefold() for path in paths]
    return is_open_N, np.array([position.get(label, -1) for label in labels])


def _write(
    table: ImageTable, paths: Sequence[str], found: ZeroShot, is_open_N: np.ndarray, names: Sequence[str]
) -> None:
    """Write suggestions, and clear those of all other images."""
    class_N = np.where(is_open_N, found.class_N, -1).tolist()
    rows = zip(paths, class_N, found.confidence_N.tolist(), strict=True)
    given = {path: (names[number], confidence) for path, number, confidence in rows if number >= 0}
    every = table.arrow(["path"])["path"].to_pylist()
    columns = [given.get(path, (None, None)) for path in every]
    table.update(every, {
        "suggestion": [name for name, _ in columns], "suggestion_confidence": [value for _, value in columns],
    })  # fmt: skip


def _describe(
    found: ZeroShot, is_open_N: np.ndarray, label_N: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    is_named_N = is_open_N & (found.class_N >= 0)
    counts = np.bincount(found.class_N[is_named_N], minlength=len(names)).tolist()
    num_unlike = int((is_open_N & found.is_unlike_N).sum())
    return {
        "images": len(is_open_N), "labelled": int((label_N >= 0).sum()), "suggested": int(is_named_N.sum()),
        "sure": int((is_named_N & (found.confidence_N >= HIGH_CONFIDENCE)).sum()),
        "unsure": int(is_open_N.sum() - is_named_N.sum()) - num_unlike, "unlike": num_unlike,
        "names": dict(zip(names, counts, strict=True)), "temperature": round(found.temperature, 4),
        "calibrated": found.num_calibrated, "uncalibrated": found.num_calibrated == 0,
        "accuracy": None if found.accuracy is None else round(found.accuracy, 4),
    }  # fmt: skip
