"""Images are found by the text in them; what has not been read is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.messages import Messages
from unpool.actions.text import search_text as module
from unpool.actions.text.search_text import search_text
from unpool.actions.text.text_index import TextIndex
from unpool.errors import UnpoolError
from unpool.store.columns import Row
from unpool.store.search.open_table import open_table
from unpool.store.table import ImageTable

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_workspace(**texts: str | None) -> Path:
        table = ImageTable.create(tmp_path / "w.unpool")
        rows: list[Row] = [{"path": path, "status": "ok", "id": path} for path in texts]
        read = [row | {"text": texts[row["path"]], "text_id": row["id"]} for row in rows]
        table.upsert(
            [known if known["text"] is not None else row for row, known in zip(rows, read, strict=True)]
        )
        return table.work

    return make_workspace


def test_found_images_come_with_their_text(make: Make) -> None:
    opened = open_table(make(a="EXIT", b="", c="Fire\nexit"))
    found = search_text(opened, "exit", 5)
    assert [(each.path, each.distance, each.text) for each in found] == [
        ("a", 0, "EXIT"),
        ("c", 0, "Fire\nexit"),
    ]
    assert len(search_text(opened, "exit", 1)) == 1


def test_new_text_is_found_at_once(make: Make) -> None:
    work = make(a="EXIT", b="")
    assert not search_text(open_table(work), "bread", 5)
    ImageTable(work).update(["b"], {"text": ["Bread"], "text_id": ["b"]})
    assert [each.path for each in search_text(open_table(work), "bread", 5)] == ["b"]


def test_edits_of_other_columns_leave_the_texts_as_they_are(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make(a="EXIT", b="Bread", c=None)
    made: list[int] = []

    def make_index(texts: list[str]) -> TextIndex:
        made.append(len(texts))
        return TextIndex(texts)

    monkeypatch.setattr(module, "TextIndex", make_index)
    assert len(search_text(open_table(work), "exit", 5)) == 1
    ImageTable(work).update(["a"], {"label": ["door"]})
    assert len(search_text(open_table(work), "exit", 5)) == 1
    assert made == [2]
    ImageTable(work).update(["c"], {"text": ["exit"], "text_id": ["c"]})
    assert len(search_text(open_table(work), "exit", 5)) == 2
    ImageTable(work).delete(["a"])
    assert len(search_text(open_table(work), "exit", 5)) == 1
    assert made == [2, 3, 2]


def test_text_of_an_older_content_is_not_found(make: Make) -> None:
    work = make(a="EXIT", b="exit")
    ImageTable(work).update(["a"], {"id": ["other"]})
    assert [each.path for each in search_text(open_table(work), "exit", 5)] == ["b"]


def test_images_that_were_not_read_are_counted(make: Make) -> None:
    messages = Messages()
    search_text(open_table(make(a="EXIT", b=None, c=None)), "taxi", 5, progress=messages)
    assert "the text of 2 images has not been read" in messages.texts[0]
    assert messages.texts[1] == "no image has all words of 'taxi'"


def test_a_workspace_without_text_says_what_to_do(make: Make) -> None:
    work = make(a=None)
    with pytest.raises(UnpoolError, match=re.escape(f"run `unpool read-text --work {work}` first")):
        search_text(open_table(work), "exit", 5)
