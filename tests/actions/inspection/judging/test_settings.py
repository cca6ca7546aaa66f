"""What can be names, and what can follow."""

from __future__ import annotations

import itertools

import pytest

from unpool.actions.inspection.judging.settings import JudgeSettings, check_judging
from unpool.errors import UsageError
from unpool.options import JUDGE_BY, JUDGEMENTS

WRONG = {("not-good", "memory"), ("none", "memory"), ("none", "threshold")}


@pytest.mark.parametrize(("as_", "by"), itertools.product(JUDGEMENTS, JUDGE_BY))
def test_only_some_can_be_together(as_: str, by: str) -> None:
    if (as_, by) in WRONG:
        with pytest.raises(UsageError, match=f"--{'by' if by == 'memory' else 'as'} "):
            check_judging(JudgeSettings(as_, by))
    else:
        check_judging(JudgeSettings(as_, by))
