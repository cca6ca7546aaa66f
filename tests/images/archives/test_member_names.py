from __future__ import annotations

import pytest

from unpool.images.archives.member_names import as_folder, claim, clean_name, leads_out, split_in, with_class


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.png", "a/b.png"),
        ("../../etc/passwd.png", "etc/passwd.png"),
        ("/abs.png", "abs.png"),
        ("C:\\photos\\a.png", "photos/a.png"),
        ("a/./b//c.png", "a/b/c.png"),
        ("..", ""),
    ],
)
def test_no_name_leads_out(name: str, path: str) -> None:
    assert clean_name(name) == path
    assert not leads_out(clean_name(name))


@pytest.mark.parametrize(
    ("stem", "split"),
    [
        ("train-00000-of-00002", "train"),
        ("imagenet_val_0001", "val"),
        ("TEST", "test"),
        ("contest", ""),
        ("retrain", ""),
    ],
)
def test_a_part_is_named_by_a_whole_word(stem: str, split: str) -> None:
    assert split_in(stem) == split


def test_a_class_is_one_folder() -> None:
    assert with_class("x/1.jpg", "a/b") == "a_b/x-1.jpg"
    assert as_folder(" .. ") == "_"


def test_names_differ() -> None:
    used: set[str] = set()
    assert [claim("a/b.png", used) for _ in range(2)] == ["a/b.png", "a/b~2.png"]
