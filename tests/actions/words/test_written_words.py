"""Words are found where they are written, and not where they must not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.messages import Messages
from unpool.actions.curation.search import search
from unpool.actions.curation.settings import SearchSettings
from unpool.actions.words.terms import Terms
from unpool.actions.words.word_query import describe_words
from unpool.actions.words.written_words import SEARCHES_TEXT, find_written, open_written
from unpool.store.table import ImageTable

TEXTS = {"a": "Fire exit", "b": "EXIT", "c": "EXlT", "d": "bread"}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert(
        [
            {"path": path, "status": "ok", "id": path, "text": text, "text_id": path}
            for path, text in TEXTS.items()
        ]
    )
    return table.work


def test_what_must_not_be_there_is_left_out(work: Path) -> None:
    opened = open_written(work)
    assert opened is not None
    paths = {
        (exactly, without): "".join(
            each.path for each in find_written(opened, Terms(["exit"], [*without]), 9, exactly=exactly)
        )
        for exactly in (True, False)
        for without in ("", ("fire",))
    }
    assert paths == {(True, ""): "ab", (True, ("fire",)): "b", (False, ""): "abc", (False, ("fire",)): "bc"}
    assert find_written(opened, Terms([], ["exit"]), 9, exactly=False) == []


def test_words_search_the_text_where_no_model_reads_them(work: Path) -> None:
    messages = Messages()
    result = search(None, SearchSettings(words="exit", without="fire"), work=work, progress=messages)
    assert [row["path"] for row in result["results"]] == ["b", "c"]
    assert result["query"] == "exit + not fire"
    assert messages.texts == [SEARCHES_TEXT]
    assert describe_words(work) == {"ready": True, "message": SEARCHES_TEXT}


def test_nothing_is_written_where_nothing_was_read(tmp_path: Path) -> None:
    assert open_written(ImageTable.create(tmp_path / "w.unpool").work) is None
    assert open_written(tmp_path / "none") is None
