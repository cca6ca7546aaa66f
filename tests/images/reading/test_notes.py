"""Notes come back from the table as they were."""

from __future__ import annotations

from unpool.images.reading.notes import NOTE_KINDS, Note, from_text, to_text


def test_notes_come_back() -> None:
    notes = [Note("frame", "page 2 of 8: the first is reduced"), Note("other", "")]
    assert from_text(to_text(notes)) == notes


def test_a_detail_stays_on_its_line() -> None:
    assert from_text(to_text([Note("frame", "a\nb\rc")])) == [Note("frame", "a b c")]


def test_without_notes_there_is_nothing() -> None:
    assert to_text([]) is None
    assert from_text(None) == []


def test_kinds_are_described() -> None:
    for name, kind in NOTE_KINDS.items():
        assert kind.name == name
        assert kind.title
        assert kind.meaning.endswith(".")
