"""JSON inside a page: whatever strings hold, no tag can begin and every reader agrees on the value."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.report_tables import HOSTILE
from unpool.actions.sharing.json_text import as_json


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), st.lists, max_leaves=6))
def test_values_survive_and_nothing_can_be_markup(value: object) -> None:
    text = as_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set(text) & set("<>&")


def test_hostile_names_survive() -> None:
    assert json.loads(as_json(HOSTILE)) == HOSTILE


def test_what_json_does_not_know_becomes_null() -> None:
    value = {1: (float("nan"), float("inf"), np.float32(0.5), np.int64(3))}
    assert json.loads(as_json(value)) == {"1": [None, None, 0.5, 3]}
