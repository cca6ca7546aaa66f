"""Copies are found by content and name, as pandas finds them."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from unpool.analysis.classification.copies import first_of_copies


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"))))
def test_what_is_left_is_what_pandas_leaves(rows: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["content", "name"])
    assert first_of_copies(frame["content"], frame["name"]) == frame.drop_duplicates().index.tolist()


def test_unknown_content_is_like_no_other() -> None:
    assert first_of_copies([None, None], ["x", "x"]) == [0, 1]
