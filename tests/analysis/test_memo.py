"""What is kept, what is forgotten, and what counts as the same."""

from __future__ import annotations

import numpy as np

from unpool.analysis.memo import Memo, clear_memos, digest


def test_the_oldest_unused_result_goes_first():
    memo = Memo[int](2)
    memo["a"] = 1
    memo["b"] = 2
    assert memo.get("a") == 1
    memo["c"] = 3
    assert [memo.get(key) for key in "abc"] == [1, None, 3]
    clear_memos()
    assert memo.get("a") is None


def test_content_shape_and_type_make_the_key():
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert digest(table) == digest(table.copy(order="F"))
    others = [table + 1, table.reshape(3, 2), table.astype(np.float64), table[:1], table.T]
    assert len({digest(each) for each in (table, *others)}) == 6
