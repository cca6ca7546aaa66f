"""What does not count when texts are compared, and what is a word."""

from __future__ import annotations

import pytest

from unpool.actions.text.folding import Parts, fold, is_run, split_parts


@pytest.mark.parametrize(
    ("text", "folded"),
    [("EXIT", "exit"), ("ＥＸＩＴ２４", "exit24"), ("Crème Brûlée", "creme brulee"), ("Straße", "strasse"),
     ("ﾊﾟﾝ", "ハン"), ("한국", "한국"), ("№5", "no5")],
)  # fmt: skip
def test_case_width_and_accents_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_words_and_runs_are_told_apart() -> None:
    assert split_parts("Gate 12: 出口, 新鲜\n面包") == Parts(("gate", "12"), ("出口", "新鲜面包"))
    assert split_parts("iPhone手机 x") == Parts(("iphone", "x"), ("手机",))
    assert split_parts(" -!? ") == Parts((), ())
    assert is_run("出口")
    assert not is_run("exit")
