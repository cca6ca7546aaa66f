"""Images that a space lacks are counted and told."""

from pathlib import Path

from unpool.store.columns import OK
from unpool.store.spaces.coverage import count_missing, describe_missing
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable


def fill(work: Path, space: str | None, *paths: str) -> None:
    table = ImageTable.create(space_folder(work, space))
    if table.dimension is None:
        table.reset_vectors(2)
    table.upsert([{"path": path, "status": OK, "id": path, "vector": [1.0, 0.0]} for path in paths])


def test_what_another_space_lacks_is_told(tmp_path: Path) -> None:
    work = tmp_path / "a.unpool"
    fill(work, None, "a.png")
    assert count_missing(work) == {}
    fill(work, "words", "a.png", "b.png", "c.png")
    assert count_missing(space_folder(work, "words")) == {None: 2}
    ImageTable(work).upsert([{"path": "d.png", "status": "skipped", "problem": "unreadable"}])
    fill(work, None, "b.png", "c.png", "e.png")
    assert count_missing(work) == {"words": 1}
    (line,) = describe_missing(work)
    assert (
        line == f"1 image has no vector in the space words: unpool embed FOLDER --work {work} --space words"
    )
    assert describe_missing(space_folder(work, "words")) == []


def test_a_workspace_with_vectors_in_a_space_alone_lacks_none(tmp_path: Path) -> None:
    fill(tmp_path / "a.unpool", "words", "a.png")
    assert count_missing(tmp_path / "a.unpool") == {}
