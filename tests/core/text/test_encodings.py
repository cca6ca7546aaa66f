"""Text in the encodings of other programs."""

from __future__ import annotations

import codecs

import pytest

from unpool.core.text.encodings import decode_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_known_by_its_mark_or_its_zeros(encoding: str) -> None:
    text = "path,label\nzoë.png,café\n"
    decoded = decode_text(text.encode(encoding))
    assert (decoded.text, decoded.is_guessed) == (text, False)


def test_big_endian_marks_are_known_too() -> None:
    assert decode_text(codecs.BOM_UTF16_BE + "é".encode("utf-16-be")).text == "é"


def test_other_bytes_are_read_as_windows_writes_them() -> None:
    decoded = decode_text("Größe €".encode("cp1252"))
    assert (decoded.text, decoded.encoding, decoded.is_guessed) == ("Größe €", "cp1252", True)
    with pytest.raises(UnicodeDecodeError):
        decode_text(b"\xff\x81")


def test_nothing_is_nothing() -> None:
    assert decode_text(b"").text == ""
