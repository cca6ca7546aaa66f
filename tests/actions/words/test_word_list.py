"""Lists of names: files in any shape, and the nouns that come with unpool."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.words.word_list import read_nouns, read_word_list
from unpool.errors import UnpoolError, UsageError


def test_a_name_a_line_in_any_language(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes("﻿shoe, red\n 鞋 \r\nSchürze\n".encode())
    assert read_word_list(str(file)).names == ("shoe, red", "鞋", "Schürze")
    file.write_bytes("Schürze\n".encode("utf-16"))
    assert read_word_list(str(file)).texts == ("Schürze",)


def test_the_first_column_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text('name,code\n"shoe, red",1\nhat,2\n')
    assert read_word_list(str(file)).names == ("shoe, red", "hat")


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("hat\nHat\n\n" + "x" * 300 + "\n")
    words = read_word_list(str(file))
    assert words.names == ("hat",)
    assert [message.split(": ")[1] for message in words.messages] == [
        "1 lines left out, empty or unprintable", "1 lines left out, there twice",
        "1 lines left out, longer than 200 characters",
    ]  # fmt: skip


def test_a_list_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--names is none\.txt, but there is no such file"):
        read_word_list("none.txt")
    (tmp_path / "names.txt").write_text("\n")
    with pytest.raises(UnpoolError, match="holds no names; give a file of a name a line"):
        read_word_list(str(tmp_path / "names.txt"))


def test_nouns_are_pairs_and_none_is_there_twice() -> None:
    pairs = read_nouns()
    assert len(pairs) > 2000
    for column in zip(*pairs, strict=True):
        assert len(set(column)) == len(pairs)
        assert all(word == word.strip() and word.isprintable() for word in column)
    assert all(english.isascii() and english == english.lower() for english, _ in pairs)
    assert all(any("一" <= letter <= "鿿" for letter in chinese) for _, chinese in pairs)


def test_nouns_are_shown_in_either_language_and_read_in_english() -> None:
    english, chinese = read_word_list("auto"), read_word_list("auto:zh")
    assert english.names == english.texts == chinese.texts
    assert chinese.names[english.names.index("shoe")] == "鞋"
    assert english.digest == chinese.digest != ""
