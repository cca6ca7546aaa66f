"""Options of `unpool inspect judge`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from unpool.errors import UsageError
from unpool.options import JUDGE_NONE, OPTIONS


@dataclass(frozen=True)
class JudgeSettings:
    """Options of `unpool inspect judge`.

    Args:
        as_: what the images are: "good", "not-good", or "none" to take a former word back.
        by: what follows from it: nothing but the word ("word"), another threshold of the workspace ("threshold"), or
            a larger memory of good images ("memory").
    """

    as_: Annotated[str, OPTIONS["judge-as"]] = "good"
    by: Annotated[str, OPTIONS["judge-by"]] = "word"


def check_judging(settings: JudgeSettings) -> None:
    """Check that what is said can have what follows.

    Raises:
        UsageError: it cannot.
    """
    if settings.by == "memory" and settings.as_ != "good":
        raise UsageError(
            f"--by memory adds good images, but --as is {settings.as_}; say --as good, or --by threshold"
        )
    if settings.by == "threshold" and settings.as_ == JUDGE_NONE:
        raise UsageError("--as none takes a word back and moves no threshold; leave --by threshold out")
