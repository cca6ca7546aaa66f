"""Class files as texts: encodings, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.class_files import entries
from unpool.errors import UsageError


def test_texts_in_encodings_of_other_programs(tmp_path: Path) -> None:
    wanted = [("Stra\xdfe", 0, None), ("sky", 1, None)]
    text = "Stra\xdfe 0\nsky 1\n"
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp1252"):
        assert entries(tmp_path, text.encode(encoding)) == wanted, encoding
        structured = text.replace(" ", ": ").encode(encoding)
        assert entries(tmp_path, structured, "a.yaml") == wanted, encoding


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ground\nk\x81fer\n", r"a.txt line 2: byte 0x81 is no text; save the file as UTF-8"),
        ("<annotation>\n", "line 1: '<annotation>' begins XML"),
        ("ground 0\n\n# more\ncat 0.5\n", "line 4: 'cat 0.5' is no `name`"),
        ("ground,0,0,0\ncat,256,0,0\n", "line 2: the colour"),
        ("ground 0\n7\n", "line 2: '7' is no `name`"),
        ("ground,1,2\n", "line 1: 'ground 1 2' is no"),
        ('{"imagePath": "a.jpg", "shapes": []}', "labelme's file of one image"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        entries(tmp_path, text)
