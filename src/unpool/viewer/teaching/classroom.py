"""The teacher of the workspace that the page shows.

Shapes: S rows of the snapshot; N of them with a vector in memory, D numbers each.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unpool.actions.sharing.snapshot import Snapshot
from unpool.actions.teaching.advice import Labels, describe_choice
from unpool.actions.teaching.teacher import PATIENCE, Advice, Teacher
from unpool.analysis.neighbours import Indices, normalise
from unpool.errors import UnpoolError
from unpool.store.rows.column_reader import vector_files
from unpool.store.table import ImageTable
from unpool.viewer.session import Session
from unpool.viewer.teaching.answers import TeachBatch, TeachImage, Teaching

if TYPE_CHECKING:
    import pyarrow as pa

MAX_NUMBERS = 32_000_000  # of vectors in memory, 128 MB: of larger collections a sample is taught
MIN_LEFT = 0.2  # of a sample without a label, below which another one is drawn


@dataclass(frozen=True)
class _Prepared:
    """A teacher, and the images that it knows."""

    key: tuple[object, ...]
    paths: pa.Array  # of the snapshot that it was used with last
    teacher: Teacher
    row_N: Indices
    content_N: npt.NDArray[np.object_]  # of each, by which copies are known


class Classroom:
    """Teaches the workspace of a session.

    It begins again where the images change.

    Args:
        session: The workspace that is shown.
        max_numbers: Of vectors that are held in memory.
    """

    def __init__(self, session: Session, *, max_numbers: int = MAX_NUMBERS) -> None:
        self._session, self._max_numbers = session, max_numbers
        self._lock = threading.Lock()
        self._prepared: _Prepared | None = None

    def advise(self, revision: int, k: int, *, patience: float | None = PATIENCE) -> Teaching:
        """Say what to label next.

        Args:
            revision: Of the collection that the page shows.
            k: How many images at most.
            patience: Seconds to wait for what the newest labels teach; None waits until all is learnt.

        Returns:
            The answer, in rows of that revision.

        Raises:
            StaleError: The rows are others now.
            UnpoolError: Nothing is embedded.
        """
        seen = self._session.snapshot(revision)
        prepared = self._prepare(seen, revision)
        names, code_S = seen.names["label"]
        is_free_S = (code_S < 0) & ~seen.wrong_N
        row_N = prepared.row_N
        labels = Labels(names, code_S[row_N].astype(np.int64), ~seen.wrong_N[row_N], prepared.content_N)
        advice = prepared.teacher.advise(labels, k, patience=patience)
        estimate = advice.estimate
        return {
            "images": _images(advice, prepared.row_N, is_free_S)[:k],
            "names": [one for one in seen.count_names("label") if one["count"]],
            "accuracy": None if estimate is None else {
                "value": estimate.value, "low": estimate.low, "high": estimate.high, "labels": estimate.labels,
            },
            "batches": _batches(advice, prepared.row_N, is_free_S),
            "labelled": int((code_S >= 0).sum()), "left": int(is_free_S.sum()), "compared": len(prepared.row_N),
            "learnt": advice.labels.num_labelled,
        }  # fmt: skip

    def _prepare(self, seen: Snapshot, revision: int) -> _Prepared:
        with self._lock:
            known = self._prepared
            # There were only edits since, by which no vector changes.
            is_used_up = known is not None and self._is_used_up(known, seen)
            if known is not None and known.paths is seen.paths and not is_used_up:
                return known
            key = (seen.work, revision, vector_files(seen.work))
            if known is not None and known.key == key and not is_used_up:
                self._prepared = replace(known, paths=seen.paths)
            else:
                self._prepared = known = None  # frees the vectors before others are read
                row_N, vectors_ND = self._read(seen)
                num_groups = int((np.unique(seen.group_N) >= 0).sum())
                teacher = Teacher(normalise(vectors_ND), num_groups=num_groups)
                self._prepared = _Prepared(key, seen.paths, teacher, row_N, _read_contents(seen, row_N))
            return self._prepared

    def _is_used_up(self, known: _Prepared, seen: Snapshot) -> bool:
        """Whether a sample has hardly an image left without a label, and the collection has."""
        if len(known.row_N) == len(seen) or len(known.row_N) < self._most(seen):
            return False
        is_free_S = (seen.names["label"][1] < 0) & ~seen.wrong_N
        left = int(is_free_S[known.row_N].sum())
        return left < MIN_LEFT * len(known.row_N) and left < int(is_free_S.sum())

    def _most(self, seen: Snapshot) -> int:
        return self._max_numbers // max(seen.dimension or 1, 1)

    def _read(self, seen: Snapshot) -> tuple[Indices, np.ndarray]:
        """The rows that have a vector, all or a sample, and the vectors.

        Half of a sample at most are images that have a label.
        """
        import pyarrow as pa

        table, most = ImageTable(seen.work), self._most(seen)
        if len(seen) <= most:
            paths, vectors_ND = table.vectors()
        else:
            order_S = np.random.default_rng(int((seen.names["label"][1] >= 0).sum())).permutation(len(seen))
            is_labelled_S = seen.names["label"][1][order_S] >= 0
            labelled_L = order_S[is_labelled_S][: most // 2]
            others_M = order_S[~is_labelled_S][: most - len(labelled_L)]
            paths, vectors_ND = table.vectors_of(seen.some_paths(np.sort(np.append(labelled_L, others_M))))
        row_N = seen.find(pa.array(paths, pa.string()))
        if not (row_N >= 0).any():
            raise UnpoolError(
                f"nothing in {seen.work} is embedded yet; run `unpool embed FOLDER --work {seen.work}` first"
            )
        return row_N[row_N >= 0], vectors_ND[row_N >= 0] if (row_N < 0).any() else vectors_ND


def _read_contents(seen: Snapshot, row_N: Indices) -> npt.NDArray[np.object_]:
    """The digest of each image's content, None for one that has gone."""
    paths = seen.some_paths(row_N)
    rows = ImageTable(seen.work).some(paths, ["id"])
    content_of = dict(zip(rows["path"].to_pylist(), rows["id"].to_pylist(), strict=True))
    return np.array([content_of.get(path) for path in paths], object)


def _images(advice: Advice, row_N: Indices, is_free_S: np.ndarray) -> list[TeachImage]:
    """The images that still have no label: the advice may be of earlier labels."""
    counts = advice.labels.count()
    images: list[TeachImage] = []
    for choice, likeliest in zip(advice.choices, advice.likeliest, strict=True):
        row = int(row_N[choice.row])
        if is_free_S[row]:
            name, probability = (
                (None, None) if likeliest is None else (advice.labels.names[likeliest[0]], likeliest[1])
            )
            reason = describe_choice(choice, advice.labels, counts)
            images.append({"row": row, "reason": reason, "label": name, "probability": probability})
    return images


def _batches(advice: Advice, row_N: Indices, is_free_S: np.ndarray) -> list[TeachBatch]:
    batches: list[TeachBatch] = []
    for batch in advice.batches:
        rows = [int(row_N[row]) for row in batch.rows if is_free_S[row_N[row]]]
        if rows:
            label = advice.labels.names[batch.class_]
            batches.append({"label": label, "rows": rows, "probability": batch.probability})
    return batches
