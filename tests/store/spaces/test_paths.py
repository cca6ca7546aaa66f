"""Which path is a space, and of which workspace."""

from pathlib import Path

import pytest

from unpool.errors import UsageError
from unpool.store.spaces.paths import known_space, outer_workspace, space_folder, space_of, spaces_of


def test_a_space_is_a_folder_of_its_workspace(tmp_path: Path) -> None:
    work = tmp_path / "a.unpool"
    assert space_folder(work, None) == work
    folder = space_folder(work, "words")
    assert (space_of(folder), outer_workspace(folder)) == ("words", work)
    assert (space_of(work), outer_workspace(work)) == (None, work)


def test_another_process_sees_a_space_by_the_table_around_it(tmp_path: Path) -> None:
    folder = tmp_path / "a.unpool" / "spaces" / "other"
    folder.mkdir(parents=True)
    assert space_of(folder) is None
    (tmp_path / "a.unpool" / "images.lance").mkdir()
    assert space_of(folder) == "other"
    assert spaces_of(tmp_path / "a.unpool") == ["other"]
    (folder / "images.lance").mkdir()  # a workspace that happens to lie in such a folder
    assert space_of(folder) is None


@pytest.mark.parametrize("name", ["", "a b", "a@b", "../a", "é", "nearest_1", "x" * 41, "-a"])
def test_names_are_letters_and_digits(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="letters"):
        space_folder(tmp_path, name)


def test_an_unknown_space_names_those_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are none yet"):
        known_space(tmp_path, "words")
    (tmp_path / "spaces" / "look").mkdir(parents=True)
    with pytest.raises(UsageError, match="there are look"):
        known_space(tmp_path, "words")
    assert known_space(tmp_path, "look") == tmp_path / "spaces" / "look"
