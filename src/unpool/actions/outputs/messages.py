"""What is said of the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence

from unpool.core.progress import Progress
from unpool.images.reading.scan import Problem

MAX_REPORTED = 5  # problems that have a line each


def report(remarks: Sequence[str], progress: Progress) -> None:
    """Report sentences, a line each."""
    for remark in remarks:
        progress.message(remark)


def report_problems(problems: Sequence[Problem], progress: Progress) -> None:
    """Report the first problems, and count the others."""
    for problem in problems[:MAX_REPORTED]:
        progress.message(f"skipped {problem.path}: {problem.problem}, {problem.detail}")
    if len(problems) > MAX_REPORTED:
        progress.message(f"and {len(problems) - MAX_REPORTED} more were skipped")
