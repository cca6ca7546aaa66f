"""Words, negatives and an image become one vector in the space of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.plain_words import embed_words, give_text_side, make_workspace
from unpool.actions.words.terms import Terms
from unpool.actions.words.word_query import CollectedMessages, describe_words, embed_terms, find_searched
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.store.search.open_table import open_table


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w.unpool")


def test_one_text_is_its_own_vector(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_text_side(monkeypatch, work)
    query = embed_terms(open_table(work), Terms(["red"], []))
    assert np.allclose(query, embed_words("red"))


def test_terms_and_an_image_are_mixed(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_text_side(monkeypatch, work)
    opened = open_table(work)
    paths, _ = opened.table.nearest(embed_terms(opened, Terms(["red"], ["circle"])), 1)
    assert paths == ["red square.png"]
    image = opened.vector_of("blue circle.png")
    paths, _ = opened.table.nearest(embed_terms(opened, Terms(["red"], ["blue"]), image), 1)
    assert paths == ["red circle.png"]
    paths, _ = opened.table.nearest(embed_terms(opened, Terms([], ["blue", "circle"])), 1)
    assert paths == ["red square.png"]


def test_what_is_left_out_of_a_long_text_is_said(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_text_side(monkeypatch, work)
    messages: list[str] = []
    long = "one two three four five red"
    embed_terms(open_table(work), Terms([long, "red"], []), progress=CollectedMessages(messages))
    assert messages == [f"the model reads the first words of this text, its end is left out: {long}"]
    embed_terms(open_table(work), Terms([], [long + " red" * 500]), progress=CollectedMessages(messages))
    assert messages[1].startswith(f"{messages[0]} red red")
    assert len(messages[1]) < 160


def test_a_text_side_of_another_model_is_refused(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_text_side(monkeypatch, work)
    opened = open_table(work)
    opened.table.reset_vectors(7)
    opened.refresh()
    with pytest.raises(UnpoolError, match="gives texts 4 numbers, its images have 7; embed them again"):
        embed_terms(opened, Terms(["red"], []))


def test_the_space_that_is_searched_is_said(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_text_side(monkeypatch, work)
    assert describe_words(work) == {"ready": True, "message": ""}
    give_text_side(monkeypatch, work / "spaces" / "words")
    said = "words search the vectors of the space words"
    assert describe_words(work) == {"ready": True, "message": said}


def test_where_there_is_no_text_side_one_line_says_what_to_embed_with(work: Path) -> None:
    with pytest.raises(UnpoolError, match="no text side") as raised:
        find_searched(work, Progress())
    message = str(raised.value)
    assert "\n" not in message
    assert f"--work {work} --space words --model open_clip:" in message
    assert describe_words(work) == {"ready": False, "message": message}


def test_a_missing_workspace_is_not_called_one_without_text_side(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace at"):
        find_searched(tmp_path / "none.unpool", Progress())


def test_words_do_not_search_another_space_than_the_one_named(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_text_side(monkeypatch, work / "spaces" / "words")
    with pytest.raises(UsageError, match="has no space 'wrods'"):
        find_searched(work / "spaces" / "wrods", Progress())
