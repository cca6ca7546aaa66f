"""What an inspector and people say of images.

N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from typing_extensions import TypedDict

from unpool.analysis.anomaly.probability import find_probability
from unpool.analysis.metrics.detection import binomial_interval
from unpool.errors import UnpoolError
from unpool.store.inspection.inspector import (
    GOOD,
    NOT_GOOD,
    SCORE,
    VERDICT,
    WorkspaceInspector,
    read_inspector,
)
from unpool.store.table import ImageTable
from unpool.training.model_file import has_model, model_id

Bools = npt.NDArray[np.bool_]


class Alarms(TypedDict):
    """False alarms among the model's good images.

    Nothing was learnt from these.
    """

    above: int  # images whose score is above the threshold
    images: int
    rate: float
    low: float  # of the 95 % interval
    high: float


class ThresholdMove(TypedDict):
    """What another threshold would do."""

    threshold: float
    old_threshold: float
    more: int  # images that would be not good, and are good now
    fewer: int  # images that would be good, and are not now
    alarms: Alarms | None  # of that threshold


class Inspection(TypedDict):
    """The inspector of a workspace, and what it found."""

    model: str  # its folder
    name: str
    state: str  # ready; changed: it is another model since; gone
    note: str | None  # what to do where it is not ready
    can_learn: bool  # whether good images can be added to its memory
    threshold: float
    own_threshold: float  # the model's
    is_moved: bool
    requested: float  # the share of false alarms that the model was made for
    alarms: Alarms | None
    scored: int
    unscored: int  # images that it has not seen
    called_good: int
    called_not_good: int
    pending: int  # good images that were called not good, and are not in the memory


class ImageVerdict(TypedDict):
    """What is known of one image."""

    score: float | None
    probability: float | None  # of a score as large among good images
    called: str | None  # by its score
    verdict: str | None  # by a person
    is_added: bool  # to the memory


@dataclass(frozen=True)
class Judged:
    """Scores and words of images.

    Args:
        score_N: NaN where there is none.
        is_called_good_N: whether a person called it good.
        is_called_bad_N: whether a person called it not good.
    """

    score_N: npt.NDArray[np.float64]
    is_called_good_N: Bools
    is_called_bad_N: Bools

    @classmethod
    def read(cls, work: Path) -> Judged:
        """Read those of all images of a workspace."""
        rows = ImageTable(work).arrow([SCORE, VERDICT], where="status = 'ok'")
        score_N = np.array(
            [np.nan if score is None else score for score in rows[SCORE].to_pylist()], np.float64
        )
        verdicts = rows[VERDICT].to_pylist()
        called_good, called_bad = ([verdict == word for verdict in verdicts] for word in (GOOD, NOT_GOOD))
        return cls(score_N, np.array(called_good, bool), np.array(called_bad, bool))

    def score_of(self, row: int) -> float | None:
        """The score of an image; None where it has none."""
        score = float(self.score_N[row])
        return None if score != score else score

    def verdict_of(self, row: int) -> str | None:
        """What a person said of an image."""
        return GOOD if self.is_called_good_N[row] else NOT_GOOD if self.is_called_bad_N[row] else None

    def is_not_good(self, threshold: float) -> Bools:
        """Say which images are not good, (N,).

        By a threshold, and by what people say.
        """
        with np.errstate(invalid="ignore"):
            above_N = self.score_N > threshold
        is_bad_N: Bools = self.is_called_bad_N | (above_N & ~self.is_called_good_N)
        return is_bad_N


def expect_inspector(work: Path) -> WorkspaceInspector:
    """Read which inspector has seen the images.

    Raises:
        UnpoolError: none has.
    """
    seen = read_inspector(work)
    if seen is None:
        raise UnpoolError(
            f"no inspector has seen the images of {work}; run `unpool check --work {work} --model MODEL` first"
        )
    return seen


def count_alarms(seen: WorkspaceInspector, threshold: float) -> Alarms | None:
    """Count the model's good images above a threshold.

    None where the model has no scores of good images.
    """
    images = len(seen.good_scores)
    if not images:
        return None
    above = sum(score > threshold for score in seen.good_scores)
    low, high = binomial_interval(above, images)
    return {"above": above, "images": images, "rate": above / images, "low": low, "high": high}


def describe_move(seen: WorkspaceInspector, judged: Judged, threshold: float) -> ThresholdMove:
    """Say what another threshold would do.

    Args:
        seen: the inspector.
        judged: all images.
        threshold: a score above it is not good.

    Returns:
        Thresholds, images that change sides, and false alarms.
    """
    before_N, after_N = judged.is_not_good(seen.threshold), judged.is_not_good(threshold)
    return {
        "threshold": threshold, "old_threshold": seen.threshold, "more": int((after_N & ~before_N).sum()),
        "fewer": int((before_N & ~after_N).sum()), "alarms": count_alarms(seen, threshold),
    }  # fmt: skip


def threshold_beyond(scores: Sequence[float | None], verdict: str, threshold: float) -> float:
    """Find the threshold that agrees with a person.

    It moves as little as it can.

    Args:
        scores: of the images.
        verdict: `good` or `not good`.
        threshold: as it is.

    Returns:
        The highest of the scores for `good`, just below the lowest for `not good`; the present one where it does.

    Raises:
        UnpoolError: none of the images has a score.

    >>> threshold_beyond([0.5, 0.7], "good", 0.6), threshold_beyond([0.5], "good", 0.6)
    (0.7, 0.6)
    """
    known = [score for score in scores if score is not None and score == score]
    if not known:
        raise UnpoolError(
            "none of these images has a score, so no threshold can follow; run `unpool check` first"
        )
    if verdict == GOOD:
        return max(threshold, *known)
    lowest = min(known)
    return threshold if lowest > threshold else float(np.nextafter(lowest, -np.inf))


def describe_inspection(seen: WorkspaceInspector, judged: Judged, num_pending: int) -> Inspection:
    """Describe the inspector of a workspace, and what it found.

    Args:
        seen: the inspector.
        judged: all images.
        num_pending: images that are good, were called not good, and are not in the memory.

    Returns:
        What the page shows.
    """
    state, note = _find_state(seen)
    num_scored = int(np.isfinite(judged.score_N).sum())
    return {
        "model": str(seen.folder), "name": seen.folder.name, "state": state, "note": note,
        "can_learn": seen.method == "memory" and state != "gone",
        "threshold": seen.threshold, "own_threshold": seen.own_threshold,
        "is_moved": seen.moved_threshold is not None, "requested": seen.false_alarms,
        "alarms": count_alarms(seen, seen.threshold), "scored": num_scored,
        "unscored": len(judged.score_N) - num_scored, "called_good": int(judged.is_called_good_N.sum()),
        "called_not_good": int(judged.is_called_bad_N.sum()), "pending": num_pending,
    }  # fmt: skip


def find_pending(work: Path, seen: WorkspaceInspector) -> list[str]:
    """List good images that the memory lacks.

    A person called them good, and their score does not.

    Args:
        work: the workspace.
        seen: the inspector.

    Returns:
        Their paths.
    """
    if seen.method != "memory":
        return []
    rows = ImageTable(work).arrow(["path", "id", SCORE], where=f"status = 'ok' AND {VERDICT} = '{GOOD}'")
    return [
        row["path"]
        for row in rows.to_pylist()
        if seen.is_above(row[SCORE]) and row["id"] is not None and row["id"] not in seen.added
    ]


def describe_image(
    seen: WorkspaceInspector, score: float | None, verdict: str | None, digest: str | None
) -> ImageVerdict:
    """Say what is known of one image.

    Args:
        seen: the inspector.
        score: its score.
        verdict: what a person said.
        digest: its id.

    Returns:
        Score, probability, and what the score and people call it.
    """
    called = None if score is None else NOT_GOOD if seen.is_above(score) else GOOD
    probability = None if score is None else float(find_probability([score], seen.good_scores)[0])
    return {
        "score": score, "probability": probability, "called": called, "verdict": verdict,
        "is_added": digest is not None and digest in seen.added,
    }  # fmt: skip


def _find_state(seen: WorkspaceInspector) -> tuple[str, str | None]:
    """Whether the model is what it was, and what to do where it is not."""
    try:
        if not has_model(seen.folder):
            return "gone", f"{seen.folder} is gone; name where it is: unpool check --model MODEL"
        is_same = model_id(seen.folder) == seen.model
    except UnpoolError as error:
        return "gone", str(error)
    return ("ready", None) if is_same else ("changed", "the model has changed since it saw these images")
